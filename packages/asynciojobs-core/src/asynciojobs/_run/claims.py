"""Which limits the jobs inside of nested schedulers need, and what can never start."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from .._errors import LimitError
from ..job import AnyJob, needs_of, terms_of
from ..limit import Desk, Limit, desk_of

__all__ = ["check_limits", "check_loop", "claims_of", "most_needed"]

Level: TypeAlias = tuple[Any, list[AnyJob], Any]
"""A job set, and its jobs; see `_dag.jobset.nesting()`."""


def check_limits(levels: Iterable[Level], loop: asyncio.AbstractEventLoop) -> None:
    """Check that each job can get its limits, while the schedulers around it hold theirs.

    Args:
        levels: job sets, each before those that are nested in it.
        loop: the event loop in which they will run.

    Raises:
        LimitError: a job could never start (a ValueError).
        RuntimeError: a limit is in use in another event loop.
    """
    for limit in _most(levels):
        check_loop(limit, loop)


def claims_of(levels: Iterable[Level]) -> Mapping[Desk, int]:
    """Return the most slots of each limit that a job inside of a job set needs; O(V).

    Args:
        levels: the job set, and those that are nested in it.
    """
    return {desk_of(limit): count for limit, (count, _) in _most(levels).items()}


def check_loop(limit: Limit, loop: asyncio.AbstractEventLoop) -> None:
    """Check that a limit is in use in this event loop, or in none.

    Raises:
        RuntimeError: it is in use in another one.
    """
    other = desk_of(limit).loop
    if other is not None and other is not loop and not other.is_closed():
        raise RuntimeError(
            f"{limit!r} is in use in another event loop, and the jobs of two loops can't share "
            "a limit: make another Limit"
        )


def most_needed(jobs: list[AnyJob], inside: Iterable[Level]) -> dict[Limit, tuple[int, AnyJob]]:
    """Return the most slots of each limit that one of these jobs needs, and that job; O(V).

    Args:
        jobs: the jobs.
        inside: the job sets among them, and those nested there. They need what jobs inside of
            them need, too.

    Raises:
        LimitError: a limit has fewer slots.
    """
    return _most([(None, jobs, ()), *inside])


def _most(levels: Iterable[Level]) -> dict[Limit, tuple[int, AnyJob]]:
    """Return the most slots of each limit that a job of the first set needs, and that job.

    A nested scheduler needs its own slots, and those of a job inside of it at the same time.
    """
    inside: dict[int, dict[Limit, tuple[int, AnyJob]]] = {}  # by the id() of a job set
    most: dict[Limit, tuple[int, AnyJob]] = {}
    for job_set, jobs, _ in reversed(list(levels)):
        most = {}
        for job in jobs:
            if terms_of(job) is not None or (inside and id(job) in inside):
                for limit, need in _with_inside(job, inside.get(id(job), {})).items():
                    if need[0] > most.get(limit, (0, job))[0]:
                        most[limit] = need
        if most:
            inside[id(job_set)] = most
    return most


def _with_inside(
    job: AnyJob, inside: dict[Limit, tuple[int, AnyJob]]
) -> dict[Limit, tuple[int, AnyJob]]:
    """Return what a job needs together with the jobs inside of it.

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
