"""Which limits the jobs inside nested schedulers need, and which jobs can never start."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from .._errors import LimitError
from ..job import AnyJob, needs_of, terms_among
from ..limit import Desk, Limit, Terms, desk_of

__all__ = [
    "MostNeeded",
    "check_limits",
    "check_loop",
    "claims_of",
    "most_needed",
    "most_needed_by",
    "most_of",
]

Level: TypeAlias = tuple[Any, list[AnyJob], Any]
"""A job set, and its jobs; see `_dag.jobset.nesting()`."""

MostNeeded: TypeAlias = dict[Limit, tuple[int, AnyJob]]
"""The most slots of each limit that a job needs, and which job that is."""


def check_limits(levels: Iterable[Level], loop: asyncio.AbstractEventLoop) -> MostNeeded:
    """Check that each job can get its limits while the schedulers around it hold theirs.

    Args:
        levels: job sets, each before those nested in it.
        loop: the event loop in which they will run.

    Returns:
        the most slots of each limit that a job needs, including the schedulers around it.

    Raises:
        LimitError: a job could never start (a ValueError).
        RuntimeError: a limit is in use in another event loop.
    """
    most = _most(levels)
    for limit in most:
        check_loop(limit, loop)
    return most


def claims_of(levels: Iterable[Level]) -> Mapping[Desk, int]:
    """Return the most slots of each limit that a job inside a job set needs, in O(V).

    Args:
        levels: the job set, and those nested in it.
    """
    return {desk_of(limit): count for limit, (count, _) in _most(levels).items()}


def check_loop(limit: Limit, loop: asyncio.AbstractEventLoop) -> None:
    """Check that a limit is not in use in another event loop.

    Raises:
        RuntimeError: it is.
    """
    other = desk_of(limit).loop
    if other is not None and other is not loop and not other.is_closed():
        raise RuntimeError(
            f"{limit!r} is in use in another event loop, and the jobs of two loops can't share "
            "a limit: make another Limit"
        )


def most_needed(asking: Mapping[Terms, AnyJob]) -> MostNeeded:
    """Return the most slots of each limit that a job needs itself, and that job.

    Args:
        asking: the terms of some jobs, each with a job that has them.

    Raises:
        LimitError: a limit has fewer slots.
    """
    most: MostNeeded = {}
    for terms, job in asking.items():
        for limit, count in terms.needs.items():
            if count > limit.slots:
                raise LimitError(job, job, limit, count, 0)
            if count > most.get(limit, (0, job))[0]:
                most[limit] = count, job
    return most


def most_needed_by(job_set: AnyJob, levels: Iterable[Level]) -> MostNeeded:
    """Return what a nested scheduler needs together with a job inside it, in O(V).

    Args:
        job_set: the scheduler.
        levels: the scheduler and those nested in it.

    Raises:
        LimitError: a limit has fewer slots.
    """
    return _most([(None, [job_set], [job_set]), *levels])


def most_of(every: Iterable[MostNeeded]) -> MostNeeded:
    """Return the largest of several needs, for each limit."""
    most: MostNeeded = {}
    for needs in every:
        for limit, need in needs.items():
            if limit not in most or need[0] > most[limit][0]:
                most[limit] = need
    return most


def _most(levels: Iterable[Level]) -> MostNeeded:
    """Return the most slots of each limit that a job of the first set needs, and that job.

    A nested scheduler needs its own slots and those of a job inside it at the same time.
    """
    inside: dict[int, MostNeeded] = {}  # by the id() of a job set
    most: MostNeeded = {}
    for job_set, jobs, below in reversed(list(levels)):
        found = dict.fromkeys([*terms_among(jobs).values(), *below])
        most = most_of(_with_inside(job, inside.get(id(job), {})) for job in found)
        if most:
            inside[id(job_set)] = most
    return most


def _with_inside(job: AnyJob, inside: MostNeeded) -> MostNeeded:
    """Return what a job needs together with the jobs inside it.

    Raises:
        LimitError: a limit has fewer slots.
    """
    needs = dict(inside)
    for limit, own in needs_of(job).items():
        count, inner = inside.get(limit, (0, job))
        if own + count > limit.slots:
            raise LimitError(job, inner, limit, own, count)
        needs[limit] = own + count, inner
    return needs
