"""``plan``: what a run with a journal would restore, and what it would run, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._feedback import say
from .._names import path_text
from .._text import counted
from ..purescheduler import PureScheduler
from .journals import add_journal, open_journal, refusals
from .parser import Commands, Options, add_command, add_target, loaded
from .paths import numbered_paths
from .status import CommandError, Status

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "plan",
        plan,
        summary="tell which jobs a run would restore from a journal, and which would run",
        examples=["asynciojobs plan lab.py --journal night.journal"],
    )
    add_target(parser)
    add_journal(parser, "the journal; without one, or if it is not there yet, all jobs run")


def plan(options: Options) -> Status:
    """Print a line for each job: what a run would do with it, and why."""
    with loaded(options) as scenario:
        scheduler = scenario.scheduler()
        try:
            say(_lines(scheduler, options))
        except ValueError as error:  # it can't run
            raise CommandError(str(error), Status.CANNOT_RUN) from None
    return Status.FINE


def _lines(scheduler: PureScheduler, options: Options) -> Iterator[str]:
    paths = {id(path[-1]): path for path in numbered_paths(scheduler)}
    steps, removed = _steps(scheduler, options)
    for job, action, reason in steps:
        path = path_text(paths[id(job)])
        yield f"{job.repr_id()} {action:<7} {path}: {reason}"
    for key in removed:
        yield f"{' > '.join(key)} is in the journal, and not in the scheduler"
    restored = sum(action == "restore" for _, action, _ in steps)
    yield f"{counted(restored, 'job')} would be restored, {len(steps) - restored} would run"


def _steps(
    scheduler: PureScheduler, options: Options
) -> tuple[list[tuple[Any, str, str]], Iterable[tuple[str, ...]]]:
    """Return what a run does with each job, and which jobs are gone."""
    path = options.journal
    if path is None or not path.exists():
        reason = "there is no journal" if path is None else f"{str(path)!r} is not there yet"
        return [(job, "run", reason) for job, _, _ in scheduler.plan()], ()
    with open_journal(path) as journal, refusals():
        steps = journal.plan(scheduler)
        return [*steps], steps.removed
