"""Which job waits for which in a run. This module owns the slots that a run uses on its jobs.

A job waits for *one* of its requirements at a time. When that one ends, it waits for the next
that is not done. SAT solvers watch the literals of a clause in the same way (Moskewicz et al.,
"Chaff", DAC 2001). So a job is on one waitlist only, and nothing is counted.

These are the slots, which a job has from the moment it is enrolled:

- `_run_mark`: the mark of its run. Each run has its own mark object. It stays after the run, so
  the job is in that run only if `_waiters` is set, too.
- `_waiters`: the jobs that wait for its end: `NOBODY`, one job, or a list. ``None`` means that
  the job is in no run, or that its end was handled. So this also says whether it is done.
- `_unfinished`: if it has several requirements, those that may not be done yet. At first, this
  is a tuple of all; later, an iterator over the rest of that tuple, from last to first.
- `_rank`: its place in the run. Jobs that become ready together start in this order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from .._lazy import OnDemand
from ..job import AbstractJob, AnyJob, requirements_of

if TYPE_CHECKING:
    from .. import _errors
else:
    _errors = OnDemand("_errors")

__all__ = [
    "NOBODY",
    "by_rank",
    "check_free",
    "dismiss",
    "enroll",
    "enroll_in_order",
    "mark_in_order",
    "next_unfinished",
    "order_by_requirements",
    "strike",
    "strike_done",
    "take_part_together",
    "take_waiters",
    "unfinished_requirements",
    "wait_for",
    "wait_for_all",
    "waits",
    "waits_in_run",
]

NOBODY: tuple[()] = ()

by_rank = attrgetter("_rank")

# -- into a run, and out of it


def check_free(jobs: Iterable[AnyJob]) -> None:
    """Check that no job takes part in a run.

    Raises:
        AlreadyRunningError: one of them does.
    """
    for job in jobs:
        if waits_in_run(job):
            raise _errors.AlreadyRunningError(job)


def enroll(jobs: Collection[AnyJob], mark: object) -> None:
    """Enroll jobs in a run. Nobody waits for them yet.

    Raises:
        AlreadyRunningError: one of them takes part in a run already; nothing was enrolled.
    """
    check_free(jobs)
    for job in jobs:
        job._waiters = NOBODY
        job._run_mark = mark


def enroll_in_order(ranked: Iterable[tuple[int, AnyJob]], mark: object) -> list[AnyJob] | None:
    """Enroll jobs, as long as each comes after the jobs that it requires.

    Such an order proves that there is no cycle.

    Args:
        ranked: the jobs, each with its rank in the run.
        mark: the mark of the run.

    Returns:
        the jobs that require nothing; ``None`` if a job does not come after its requirements.
        Then there may be a cycle, or a requirement that is not among the jobs.

    Raises:
        AlreadyRunningError: a job takes part in a run.
    """
    entries: list[AnyJob] = []
    for rank, job in ranked:
        if job._waiters is not None:
            raise _errors.AlreadyRunningError(job)
        job._rank = rank
        required = job._required
        if required is None:
            entries.append(job)
        elif isinstance(required, AbstractJob):
            if required._run_mark is not mark:
                return None
            job._unfinished = ()
            wait_for(required, job)
        else:  # a copy: users may edit the set during the run
            job._unfinished = required = tuple(required)
            for requirement in required:
                if requirement._run_mark is not mark:
                    return None
            if required:
                wait_for(required[-1], job)
            else:
                entries.append(job)
        job._waiters = NOBODY
        job._run_mark = mark
    return entries


def dismiss(jobs: Iterable[AnyJob], mark: object) -> list[AnyJob]:
    """Remove jobs from a run; return those that had not ended in it.

    A job that had ended may be in another run by now.
    """
    left: list[AnyJob] = []
    for job in jobs:
        if waits_in_run(job) and job._run_mark is mark:
            strike(job)
            job._unfinished = ()
            left.append(job)
    return left


# -- waiting


def wait_for(requirement: AnyJob, follower: AnyJob) -> None:
    """Put a job on the waitlist of another one."""
    waiters = requirement._waiters
    if isinstance(waiters, list):
        waiters.append(follower)
    else:
        requirement._waiters = (
            [waiters, follower] if isinstance(waiters, AbstractJob) else follower
        )


def wait_for_all(job: AnyJob, requirements: Collection[AnyJob]) -> None:
    """Make an enrolled job wait for some requirements, one at a time."""
    job._unfinished = unfinished = tuple(requirements)
    if unfinished:
        wait_for(unfinished[-1], job)


def next_unfinished(job: AnyJob) -> AnyJob | None:
    """Return a requirement that a job must still wait for, if any; amortized O(1).

    The last ones come first. If jobs end in the order in which they were created, all others
    are done when the last one is.
    """
    unfinished = job._unfinished
    if isinstance(unfinished, tuple):
        unfinished = job._unfinished = reversed(unfinished)
    mark = job._run_mark
    for requirement in unfinished:  # an iterator, which continues where it stopped
        if requirement._waiters is not None and requirement._run_mark is mark:
            return requirement
    job._unfinished = ()
    return None


def take_part_together(requirement: AnyJob, job: AnyJob) -> bool:
    """Return whether a requirement is in the same run as the job, and is not done."""
    return waits_in_run(requirement) and requirement._run_mark is job._run_mark


def waits_in_run(job: AnyJob) -> bool:
    """Return whether a job is in a run, and its end was not handled yet."""
    return job._waiters is not None


def take_waiters(job: AnyJob) -> list[AnyJob]:
    """Remove a job from its run, and return the jobs that waited for it."""
    waiters = job._waiters
    job._waiters = None
    return [waiters] if isinstance(waiters, AbstractJob) else list(waiters or ())


def strike(job: AnyJob) -> None:
    """Remove a job that will not start from its run. Waitlists may still hold it."""
    job._waiters = None


def strike_done(jobs: Iterable[AnyJob]) -> list[AnyJob]:
    """Remove jobs from a run before it starts, since they are done already.

    Returns:
        the jobs that waited for one of these, and are ready now.
    """
    moved: list[AnyJob] = []
    for job in jobs:
        moved += take_waiters(job)
    ready: list[AnyJob] = []
    for follower in filter(waits_in_run, moved):
        requirement = next_unfinished(follower)
        if requirement is None:
            ready.append(follower)
        else:
            wait_for(requirement, follower)
    return ready


def unfinished_requirements(job: AnyJob) -> list[AnyJob]:
    """Return the requirements of a job that are in a run and not done."""
    return [other for other in requirements_of(job) if waits_in_run(other)]


def waits(jobs: Iterable[AnyJob]) -> dict[AnyJob, list[AnyJob]]:
    """Return a graph of all jobs that wait for one of these, each with the one it waits for."""
    waiting: dict[AnyJob, list[AnyJob]] = {}
    for job in jobs:
        waiters = job._waiters
        followers = (waiters,) if isinstance(waiters, AbstractJob) else waiters or ()
        waiting.update((it, [job]) for it in followers if waits_in_run(it))
    return waiting


# -- an order in which jobs can be enrolled


def mark_in_order(jobs: Iterable[AnyJob], mark: object) -> bool:
    """Mark jobs while each comes after those that it requires; return whether all do.

    Raises:
        AlreadyRunningError: a job takes part in a run.
    """
    for job in jobs:
        if job._waiters is not None:
            raise _errors.AlreadyRunningError(job)
        required = job._required
        if required is not None:
            for requirement in (required,) if isinstance(required, AbstractJob) else required:
                if requirement._run_mark is not mark:
                    return False
        job._run_mark = mark
    return True


def order_by_requirements(jobs: Iterable[AnyJob], mark: object) -> list[AnyJob] | None:
    """Return jobs in an order in which each comes after those that it requires, in O(V+E).

    This is a depth-first search. It keeps its state in the slots of each job: the mark says how
    far it is with the job, and `_unfinished` how far with the job's requirements.

    Args:
        jobs: jobs that are in no run. Their places become their ranks.
        mark: the mark that the jobs have at the end.

    Returns:
        the jobs; ``None`` if there is a cycle, or a requirement that is not among the jobs.
        In that case, the jobs are left unchanged.
    """
    unseen = object()
    for rank, job in enumerate(jobs):
        job._run_mark, job._rank, job._unfinished = unseen, rank, ()
    order: list[AnyJob] = []
    for start in jobs:
        path = [start] if start._run_mark is unseen else []
        while path:
            job = path[-1]
            job._run_mark = None  # if the search returns to it now, there is a cycle
            requirement = _next_without(mark, job)
            if requirement is None:
                job._run_mark = mark
                order.append(path.pop())
            elif requirement._run_mark is unseen:
                path.append(requirement)
            else:
                _forget_search(jobs)
                return None
    return order


def _next_without(mark: object, job: AnyJob) -> AnyJob | None:
    """Return the next requirement of a job that does not have the mark; amortized O(1)."""
    required = job._required
    if required is None or isinstance(required, AbstractJob):
        return None if required is None or required._run_mark is mark else required
    if not job._unfinished:
        job._unfinished = iter(required)
    for requirement in job._unfinished:  # an iterator, which continues where it stopped
        if requirement._run_mark is not mark:
            return requirement
    job._unfinished = ()
    return None


def _forget_search(jobs: Iterable[AnyJob]) -> None:
    for job in jobs:
        job._run_mark, job._unfinished = None, ()
