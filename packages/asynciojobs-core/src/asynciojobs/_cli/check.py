"""``check``: can the scheduler run? All problems are named, and nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice

from .._dag.jobset import Level, nesting
from .._feedback import say
from .._lazy import OnDemand
from .._run.admission import check_all
from .._text import counted
from ..job import requirements_of
from ..purescheduler import PureScheduler
from .parser import Commands, Options, add_command, add_target, loaded
from .status import Status

__all__ = ["add_to"]

claims = OnDemand("_run.claims")
keys = OnDemand("_journal.keys")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "check",
        check,
        summary="tell whether the scheduler can run, without running anything",
        examples=["asynciojobs check lab.py && asynciojobs run lab.py"],
    )
    add_target(parser)


def check(options: Options) -> Status:
    """Print what keeps a scheduler from running, and what may surprise."""
    with loaded(options) as scenario:
        scheduler = scenario.scheduler()
        errors = list(problems(scheduler))
        say(f"error: {error}" for error in errors)
        if errors:
            return Status.CANNOT_RUN
        say(f"warning: {surprise}" for surprise in surprises(scheduler))
        say(f"note: {obstacle}" for obstacle in obstacles_to_journals(scheduler))
        count = sum(1 for _ in scheduler.iterate_jobs())
        say([f"fine: {scheduler.repr_main()} can run, with {counted(count, 'job')} in all"])
    return Status.FINE


def problems(scheduler: PureScheduler) -> Iterator[str]:
    """Yield why a scheduler can't run; nothing if it can. One problem for each level."""
    levels: list[Level] = []
    yield from _refusal(lambda: levels.extend(nesting(scheduler)))
    for level in levels:
        yield from _refusal(partial(check_all, [level]))
    yield from _refusal(lambda: claims.claims_of(levels))


def _refusal(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except (ValueError, TypeError) as error:
        yield str(error)


def surprises(scheduler: PureScheduler) -> Iterator[str]:
    """Yield what may not run as it was meant to."""
    for job_set, jobs, _ in nesting(scheduler):
        where = "" if job_set is scheduler else f" in {job_set.repr_main()}"
        for job in jobs:
            endless = [each for each in requirements_of(job) if each.forever]
            for requirement in endless if not job.forever else ():
                yield (
                    f"{job.repr_main()}{where} requires {requirement.repr_main()}, which is a "
                    "forever job: it starts only once that one has ended by itself"
                )


def obstacles_to_journals(scheduler: PureScheduler) -> Iterator[str]:
    """Yield the first reason why a scheduler can't have a journal, if any."""
    reasons = chain.from_iterable(
        _refusal(partial(_walk, keys.with_keys(jobs, {}))) for _, jobs, _ in nesting(scheduler)
    )
    yield from (f"no journal can be kept of it: {reason}" for reason in islice(reasons, 1))


def _walk(things: Iterable[object]) -> None:
    for _ in things:
        pass
