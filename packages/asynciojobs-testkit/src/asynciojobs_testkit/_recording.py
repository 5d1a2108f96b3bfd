"""`Recording`: the events of a `Timeline`, and what can be read from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeAlias

from asynciojobs import AbstractJob, EventKind, JobEvent

__all__ = ["ENDED", "SCHEDULED", "SHUTDOWN", "STARTED", "AnyJob", "Recording", "TimelineEvent"]

AnyJob: TypeAlias = AbstractJob[object]

SCHEDULED = (EventKind.SCHEDULED,)
STARTED = (EventKind.STARTED,)
ENDED = (EventKind.DONE, EventKind.FAILED, EventKind.CANCELLED)
SHUTDOWN = (EventKind.SHUTDOWN,)


class TimelineEvent(NamedTuple):
    """Something that happened to a job."""

    time: float
    """When it happened (seconds, on the clock of the loop)."""
    job: AnyJob
    kind: EventKind
    """``scheduled``, ``started``, ``done``, ``failed``, ``cancelled`` or ``shutdown``."""


Indexed: TypeAlias = tuple[int, TimelineEvent]
"""An event, with its index among all events of the recording."""


class Recording:
    """The events of jobs. If a job runs several times, questions are about its last run.

    Attributes:
        events: all events so far, in the order in which they happened.
    """

    def __init__(self) -> None:
        self.events: list[TimelineEvent] = []
        self._last_runs: dict[AnyJob, list[Indexed]] = {}  # in order; empty if it was forgotten

    def add(self, event: JobEvent) -> None:
        """Record an event."""
        last_run = self._last_runs.setdefault(event.job, [])
        if event.kind is EventKind.SCHEDULED and last_run:
            self._forget_idle_jobs()
            last_run.clear()
        recorded = TimelineEvent(event.time, event.job, event.kind)
        last_run.append((len(self.events), recorded))
        self.events.append(recorded)

    def _forget_idle_jobs(self) -> None:
        """Forget the last run of the idle jobs, because a new run may never reach them."""
        for job, last_run in self._last_runs.items():
            if job.is_idle():
                last_run.clear()

    def has_seen(self, job: AnyJob) -> bool:
        """Return whether anything ever happened to a job."""
        return job in self._last_runs

    def last_run(self, job: AnyJob) -> Sequence[Indexed]:
        """Return the events of a job's last run."""
        return self._last_runs.get(job, ())

    def first(self, job: AnyJob, kinds: Collection[EventKind]) -> Indexed | None:
        """Return the first event of one of these kinds in a job's last run."""
        found = (indexed for indexed in self.last_run(job) if indexed[1].kind in kinds)
        return next(found, None)

    def time(self, job: AnyJob, kinds: Collection[EventKind]) -> float | None:
        """Return when the first event of one of these kinds happened, in seconds."""
        first = self.first(job, kinds)
        return None if first is None else first[1].time

    def count(self, job: AnyJob, kinds: Collection[EventKind]) -> int:
        """Return how many events of these kinds are in a job's last run."""
        return sum(event.kind in kinds for _, event in self.last_run(job))

    def running_at(self, t: float) -> set[AnyJob]:
        """Return the jobs that ran at a moment (seconds)."""
        return {job for job in self._last_runs if self._ran_at(job, t)}

    def _ran_at(self, job: AnyJob, t: float) -> bool:
        started, ended = self.time(job, STARTED), self.time(job, ENDED)
        return started is not None and started <= t and (ended is None or t < ended)

    def peak(self, is_counted: Callable[[AnyJob], bool]) -> int:
        """Return the largest number of jobs that ran at the same time, in all runs.

        Args:
            is_counted: whether to count a job.
        """
        running = peak = 0
        for event in self.events:
            if is_counted(event.job):
                running += (event.kind in STARTED) - (event.kind in ENDED)
                peak = max(peak, running)
        return peak
