"""`Recording`: the events of a `Timeline`, and what can be read from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from asynciojobs import AbstractJob, EventKind, JobEvent, Limit
from asynciojobs.job import needs_of

__all__ = [
    "ENDED",
    "SHUTDOWN",
    "SKIPPED",
    "STARTED",
    "AnyJob",
    "Excess",
    "Recording",
    "TimelineEvent",
]

AnyJob: TypeAlias = AbstractJob[object]

STARTED = (EventKind.STARTED,)
ENDED = (EventKind.DONE, EventKind.FAILED, EventKind.CANCELLED)
SKIPPED = (EventKind.SKIPPED,)
SHUTDOWN = (EventKind.SHUTDOWN,)


class TimelineEvent(NamedTuple):
    """Something that happened to a job.

    Example:
        >>> from asynciojobs_testkit import FakeClock, Timeline, dag
        >>> scheduler = dag("a")
        >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
        ...     scheduler.run()
        True
        >>> [(event.time, str(event.kind)) for event in timeline.events]
        [(0.0, 'scheduled'), (0.0, 'started'), (1.0, 'done')]
    """

    time: float
    """When it happened (seconds, on the clock of the loop)."""
    job: AnyJob
    kind: EventKind
    """``scheduled``, ``started``, ``done``, ``failed``, ``cancelled``, ``skipped`` or
    ``shutdown``."""


Indexed: TypeAlias = tuple[int, TimelineEvent]
"""An event, with its index among all events of the recording."""


class Excess(NamedTuple):
    """A job that started although one of its limits had too few free slots."""

    event: TimelineEvent
    """The start of the job."""
    limit: Limit
    taken: int
    """How many slots were taken then, including those of this job."""
    slots: int
    """How many slots the limit had."""


class Recording:
    """The events of jobs. If a job runs several times, questions are about its last run.

    Attributes:
        events: all events so far, in the order in which they happened.
    """

    def __init__(self) -> None:
        self.events: list[TimelineEvent] = []
        # The indexes of the events of each job's last run; empty if that run was forgotten.
        self._last_runs: dict[AnyJob, list[int]] = {}
        # How many slots the limits of a job had at each of its events, by the event's index.
        self._slots: dict[int, list[int]] = {}

    def add(self, event: JobEvent) -> None:
        """Record an event."""
        last_run = self._last_runs.setdefault(event.job, [])
        if last_run and _begins_a_run(event.kind, self.last_run(event.job)):
            self._forget_idle_jobs()
            last_run.clear()
        last_run.append(len(self.events))
        needs = needs_of(event.job)
        if needs:
            self._slots[len(self.events)] = [limit.slots for limit in needs]
        self.events.append(TimelineEvent(event.time, event.job, event.kind))

    def _forget_idle_jobs(self) -> None:
        """Forget the last run of idle jobs, because a new run may never reach them."""
        for job, last_run in self._last_runs.items():
            if job.is_idle() and not job.is_skipped():
                last_run.clear()

    def has_seen(self, job: AnyJob) -> bool:
        """Return whether anything ever happened to a job."""
        return job in self._last_runs

    def last_run(self, job: AnyJob) -> Iterator[Indexed]:
        """Yield the events of a job's last run."""
        return ((index, self.events[index]) for index in self._last_runs.get(job, ()))

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
        running: set[AnyJob] = set()
        peak = 0
        for event in self.events:
            if event.kind in STARTED and is_counted(event.job):
                running.add(event.job)
                peak = max(peak, len(running))
            elif event.kind in ENDED:  # a cancelled job may not have started
                running.discard(event.job)
        return peak

    def first_excess(self) -> Excess | None:
        """Return the first start of a job that took too many slots, in all runs; O(V+E)."""
        limits = LimitsInUse()
        found = (limits.note(self.events[index], slots) for index, slots in self._slots.items())
        return next((excess for excess in found if excess is not None), None)


class LimitsInUse:
    """The slots of limits that are in use, from one event to the next."""

    def __init__(self) -> None:
        self._running: set[AnyJob] = set()
        self._taken: Counter[Limit] = Counter()
        self._slots: dict[Limit, int] = {}  # as of the last event of a job with that limit

    def note(self, event: TimelineEvent, slots: Sequence[int]) -> Excess | None:
        """Take note of a job's event; return an excess if the job took too many slots.

        Args:
            event: the event.
            slots: how many slots each limit of the job had then.
        """
        excess = None
        needs = needs_of(event.job)
        if event.kind in STARTED:
            self._running.add(event.job)
            self._taken.update(needs)
            excess = self._excess(event, slots)
        elif event.kind in ENDED and event.job in self._running:
            self._running.remove(event.job)
            self._taken.subtract(needs)
        self._slots.update(zip(needs, slots, strict=True))
        return excess

    def _excess(self, event: TimelineEvent, slots: Sequence[int]) -> Excess | None:
        for limit, now in zip(needs_of(event.job), slots, strict=True):
            # The job got its slots just before it started. The limit may have fewer now.
            allowed = max(now, self._slots.get(limit, 0))
            if self._taken[limit] > allowed:
                return Excess(event, limit, self._taken[limit], allowed)
        return None


def _begins_a_run(kind: EventKind, last_run: Iterable[Indexed]) -> bool:
    """Return whether an event begins a new run of a job that was in a run before.

    If a job is skipped, or cancelled before it starts, that is its only event in the run.
    """
    if kind is EventKind.SCHEDULED:
        return True
    is_over = any(event.kind in ENDED or event.kind in SKIPPED for _, event in last_run)
    return is_over and kind is not EventKind.SHUTDOWN
