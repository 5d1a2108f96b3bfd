"""The chain of jobs that held a run back, found by walking from its end to its start."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from .._dag.jobset import record_of
from .._names import Placed
from .._outcomes import CriticalFailure
from ..job import requirements_of
from .links import Cause, Link
from .spans import LinkKind, Outcome, Span
from .table import Level, Table

__all__ = ["chain"]

BRIEF = 0.001
"""What a run does after its last job is a link of its own if it takes longer (seconds)."""

STARTED = Cause(LinkKind.START)
REQUIRED = Cause(LinkKind.REQUIREMENT)
ENDED = Cause(LinkKind.END)

RUNNING = Outcome.RUNNING

CauseOf: TypeAlias = Callable[[int], Cause | None]
"""Takes the place of a job; returns what the job waited for, or ``None`` if it did not wait."""


def chain(table: Table, spans: Sequence[Span], cause: CauseOf) -> list[Link]:
    """Return the links of a run, in chronological order; O(V+E).

    Args:
        table: what is known about the jobs. Their requirements are read as they are now.
        spans: what became of each job.
        cause: returns what a job waited for, by its place.
    """
    return Walk(table, spans, cause).links()


class Walk:
    """A walk back through a run, from its end to its start.

    The walk always ends, since each step leads back in time or to a requirement. Even a step
    from a job to the one that gave it a slot leads back in time: the giver had the slot for
    some time before, since jobs that took no time are ignored.

    Args:
        table: what is known about the jobs.
        spans: what became of each job.
        cause: returns what a job waited for, by its place.
    """

    def __init__(self, table: Table, spans: Sequence[Span], cause: CauseOf) -> None:
        self._table = table
        self._spans = spans
        self._cause = cause
        self._places = {job: place for place, job in enumerate(table.jobs)}
        self._until = table.duration  # the links found so far begin here
        self._found: list[Link] = []

    def links(self) -> list[Link]:
        """Return the links, in chronological order."""
        step = self._innermost(None, self._table.top)
        while step is not None:
            before = self._follow(step)
            inner = None if before is None else self._table.inner.get(before)
            step = None if before is None else self._innermost(before, inner)
        return self._found[::-1]

    def _innermost(self, place: int | None, level: Level | None) -> int | None:
        """Return the job that ended last within a scheduler at any depth, or the job itself.

        Args:
            place: the job; ``None`` for the outermost scheduler.
            level: its own jobs, if it is a scheduler.
        """
        while level is not None:
            last, cleaned = last_to_end(self._table, level)
            if last is None:
                break
            self._end_of_run(place if cleaned is None else cleaned, last)
            place, level = last, self._table.inner.get(last)
        return place

    def _end_of_run(self, place: int | None, last: int) -> None:
        """Add a link for what a run did after its last job."""
        stop = self._table.stop(last)
        if place is not None and self._until - stop > BRIEF:
            self._add(place, place, ENDED, stop)

    def _follow(self, place: int) -> int | None:
        """Add the link of a job, and return the one before it; ``None`` at the start.

        If nothing in its scheduler held the job back, look at what held the scheduler back.
        """
        reason, waiter, before = STARTED, place, None
        for waiting in self._table.around(place):
            cause = self._cause(waiting)
            before = None if cause is None else cause.giver
            if before is None:
                before = latest(self._table, self._requirements(waiting))
            if reason is STARTED and (cause is not None or before is not None):
                reason, waiter = cause or REQUIRED, waiting
            if before is not None:
                break
        since = 0.0 if before is None else min(self._table.stop(before), self._until)
        self._add(place, waiter, reason, since)
        return before

    def _requirements(self, place: int) -> Iterator[int]:
        """Yield the requirements of a job that had ended when the job started.

        If the job never started, yield those that had ended when the job ended.
        """
        table = self._table
        start = table.starts[place]
        begun = table.stop(place) if start is None else start
        for job in requirements_of(table.jobs[place]):
            other = self._places.get(job)
            end = None if other is None else table.ends[other]
            if other is not None and end is not None and end <= begun:
                yield other

    def _add(self, place: int, waiter: int, cause: Cause, since: float) -> None:
        kind, at, slots, _ = cause
        spans = self._spans
        link = Link(spans[place], kind, since, self._until, at, slots, spans[waiter])
        self._found.append(link)
        self._until = since


def last_to_end(table: Table, level: Level) -> tuple[int | None, int | None]:
    """Return the job whose end ended a scheduler's run, and the last job to clean up after it.

    While the run goes on, return the job that has been running longest, and ``None``.
    """
    starts = table.starts
    ran = [place for place in level.places if starts[place] is not None]
    regular = [place for place in ran if place not in table.forever] or ran
    running = [place for place in regular if table.outcomes[place] is RUNNING]
    if running:
        return min(running, key=lambda place: starts[place] or 0.0), None
    last = culprit_of(table, level, ran)
    last = latest(table, regular) if last is None else last
    if last is None:
        return None, None
    stop = table.stop(last)
    return last, latest(table, (place for place in ran if table.stop(place) > stop))


def culprit_of(table: Table, level: Level, ran: Iterable[int]) -> int | None:
    """Return the job whose failure ended a run; ``None`` if no failure did."""
    record = record_of(level.job_set)
    verdict = None if record is None else record.verdict
    if not isinstance(verdict, CriticalFailure) or getattr(level.job_set, "keep_going", False):
        return None
    place = verdict.job
    culprit = place.job if isinstance(place, Placed) else None
    return next((it for it in ran if table.jobs[it] is culprit), None)


def latest(table: Table, places: Iterable[int]) -> int | None:
    """Return the job that ended last; of several, the last one."""
    last, until = None, -math.inf
    for place in places:
        stop = table.stop(place)
        if stop >= until:
            last, until = place, stop
    return last
