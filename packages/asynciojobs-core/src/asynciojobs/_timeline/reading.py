"""`read()`: makes the `Table` of a run, after the run or while it goes on.

A run records when each job started and ended, and little else. The rest is worked out from
that, on demand. Requirements are read as they are now. So if they were changed after the run,
the answer changes, too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import NamedTuple, TypeAlias

from .._dag.jobset import JobSet, record_of
from .._outcomes import DONE, RUNNING, SCHEDULED, SKIPPED
from ..job import AnyJob, needs_of, phase_of, requirements_of
from .spans import Outcome
from .table import Level, Table

__all__ = ["Moments", "read"]

FAILED, IDLE, RESTORED = Outcome.FAILED, Outcome.IDLE, Outcome.RESTORED
WAS_SKIPPED, WAS_DONE = Outcome.SKIPPED, Outcome.DONE

Outline: TypeAlias = Iterable[tuple[AnyJob, int, bool]]
"""Each job, how many nested schedulers are around it, and whether this entry is the end of a
nested scheduler; see `_dag.outline`."""


class Moments(NamedTuple):
    """When a run began and ended, on the clock of its loop (seconds)."""

    zero: float
    last: float
    """When it ended; if it goes on, the present moment."""
    is_live: bool
    """Whether the run goes on."""

    def since(self, times: Iterable[float | None]) -> list[float | None]:
        """Return times relative to the start of the run; ``None`` for times of another run."""
        zero, last, _ = self
        return [
            time - zero if time is not None and zero <= time <= last else None for time in times
        ]


def read(job_set: JobSet, moments: Moments, outline: Outline) -> Table:
    """Return what is known about the jobs of a run; O(V+E).

    Args:
        job_set: the scheduler.
        moments: when the run began and ended.
        outline: all jobs at all depths; see `_dag.outline`.
    """
    table = Table(job_set, moments.last - moments.zero)
    record = record_of(job_set)
    restored = frozenset[AnyJob]() if record is None else record.restored
    reading = Reading(table, moments, restored)
    reading.enter(outline)
    reading.add_terms()
    reading.add_times()
    if restored:
        reading.restore()
    reading.add_readys()
    return table


class Reading:
    """Fills a table with what a run left on its jobs.

    Args:
        table: the table to fill; it is still empty.
        moments: when the run began and ended.
        restored: the jobs that were done in an earlier run.
    """

    def __init__(self, table: Table, moments: Moments, restored: Collection[AnyJob]) -> None:
        self._table = table
        self._moments = moments
        self._restored = restored

    def enter(self, outline: Outline) -> None:
        """Give each job its place."""
        table, path = self._table, [self._table.top]
        jobs, levels = table.jobs, table.levels
        for job, _, closing in outline:
            if closing:
                path.pop()
                continue
            place, level = len(jobs), path[-1]
            jobs.append(job)
            levels.append(level)
            level.places.append(place)
            if isinstance(job, JobSet):
                table.inner[place] = inner = Level(job, place)
                path.append(inner)

    def add_terms(self) -> None:
        """Note which jobs are forever jobs, and which slots jobs need."""
        table = self._table
        table.forever = frozenset(place for place, job in enumerate(table.jobs) if job.forever)
        needs = ((place, needs_of(job)) for place, job in enumerate(table.jobs))
        table.needs = {place: its for place, its in needs if its}

    def add_times(self) -> None:
        """Note when the jobs started and ended, and what became of them."""
        table, (_, _, is_live) = self._table, self._moments
        table.starts = self._moments.since(job.started_at for job in table.jobs)
        table.ends = self._moments.since(job.ended_at for job in table.jobs)
        table.outcomes = [
            outcome_of(job, ran=start is not None or end is not None, is_live=is_live)
            for job, start, end in zip(table.jobs, table.starts, table.ends, strict=True)
        ]

    def restore(self) -> None:
        """Clear the times of restored jobs, since those are from the earlier run."""
        table = self._table
        for place, job in enumerate(table.jobs):
            if job in self._restored:
                table.starts[place] = table.ends[place] = None
                table.outcomes[place] = RESTORED

    def add_readys(self) -> None:
        """Note when the jobs were ready."""
        table = self._table
        table.readys = [None] * len(table.jobs)
        times = zip(table.jobs, table.ends, strict=True)
        ended = {job: end for job, end in times if end is not None}
        for level in (table.top, *table.inner.values()):
            since = 0.0 if level.owner is None else table.starts[level.owner]
            if since is not None:
                self._add_readys_of(level, since, ended)

    def _add_readys_of(self, level: Level, since: float, ended: dict[AnyJob, float]) -> None:
        """Note when the jobs of one scheduler were ready.

        Args:
            level: the scheduler.
            since: when it started (seconds).
            ended: when jobs ended (seconds).
        """
        table, joined = self._table, self._joined(level)
        for place in level.places:
            begun = table.starts[place]
            if begun is None:
                begun = self._waited_until(place, ended)
            if begun is None:
                continue
            latest = max(since, joined[place]) if place in joined else since
            for job in requirements_of(table.jobs[place]):
                end = ended.get(job)
                if end is not None and latest < end <= begun:
                    latest = end
            table.readys[place] = min(begun, latest)

    def _waited_until(self, place: int, ended: dict[AnyJob, float]) -> float | None:
        """Return until when a job that did not start waited for slots: now, if it still waits.

        Return ``None`` if its requirements were never met.
        """
        table = self._table
        job, end = table.jobs[place], table.ends[place]
        if table.outcomes[place] is IDLE:
            return table.duration if phase_of(job) is SCHEDULED else None
        if end is None:  # skipped, or restored
            return None
        times = (
            0.0 if it in self._restored else ended.get(it, math.inf)
            for it in requirements_of(job)
        )
        return end if all(time <= end for time in times) else None

    def _joined(self, level: Level) -> dict[int, float]:
        """Return when jobs joined the run of a scheduler, by their places (seconds)."""
        record, jobs = level.record, self._table.jobs
        if record.joined is None:
            return {}
        times = self._moments.since(record.joined_at(jobs[place]) for place in level.places)
        found = zip(level.places, times, strict=True)
        return {place: time for place, time in found if time is not None}


def outcome_of(job: AnyJob, *, ran: bool, is_live: bool) -> Outcome:
    """Return what became of a job in a run.

    Args:
        job: the job.
        ran: whether it started or ended in this run.
        is_live: whether the run goes on.
    """
    phase = phase_of(job)
    if phase is DONE and ran:
        return FAILED if has_failed(job) else WAS_DONE
    if phase is SKIPPED:
        return WAS_SKIPPED
    if not ran:
        return IDLE
    return Outcome.RUNNING if phase is RUNNING and is_live else Outcome.STOPPED


def has_failed(job: AnyJob) -> bool:
    """Return whether a job that is done raised, or is a scheduler whose run failed."""
    if job.raised_exception() is not None:
        return True
    return isinstance(job, JobSet) and job.result() is False
