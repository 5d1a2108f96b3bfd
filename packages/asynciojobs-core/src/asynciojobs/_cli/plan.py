"""``plan``: which jobs a run with a journal would restore, which it would run, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
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
        summary="show which jobs a run would restore from a journal, and which would run",
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
    why_all = _why_all_run(options.journal)
    steps, removed = _steps(scheduler, None if why_all else options.journal)
    for job, action, reason in steps:
        line = f"{job.repr_id()} {action:<7} {path_text(paths[id(job)])}"
        yield line if why_all else f"{line}: {reason}"
    for key in removed:
        yield f"{' > '.join(key)} is in the journal, and not in the scheduler"
    restored = sum(action == "restore" for _, action, _ in steps)
    total = f"{counted(restored, 'job')} would be restored, {len(steps) - restored} would run"
    yield f"{total}: {why_all}" if why_all else total


def _why_all_run(path: Path | None) -> str:
    """Return why all jobs would run; "" if a journal has a reason for each job."""
    if path is None:
        return "there is no journal"
    return "" if path.exists() else f"{str(path)!r} is not there yet"


def _steps(
    scheduler: PureScheduler, path: Path | None
) -> tuple[list[tuple[Any, str, str]], Iterable[tuple[str, ...]]]:
    """Return what a run does with each job, and which jobs are gone."""
    if path is None:
        return [*scheduler.plan()], ()
    with open_journal(path) as journal, refusals():
        steps = journal.plan(scheduler)
        return [*steps], steps.removed
