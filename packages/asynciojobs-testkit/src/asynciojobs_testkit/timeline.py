"""`Timeline`: what happened to the jobs of a run, and what a test says about it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from asynciojobs import AbstractJob, EventKind, JobEvent, PureScheduler
from asynciojobs._text import one_line

from ._gantt import Bar, gantt

__all__ = ["Timeline", "TimelineEvent"]

AnyJob: TypeAlias = AbstractJob[object]
JobOrLabel: TypeAlias = "AnyJob | str"

SCHEDULED, STARTED, DONE, FAILED, CANCELLED, SHUTDOWN = EventKind
ENDS = (DONE, FAILED, CANCELLED)

UNSEEN = " under the eyes of this timeline, but before: make the timeline before the run"
"""What is told of a job that has run, when nobody looked."""


class TimelineEvent(NamedTuple):
    """Something that happened to a job."""

    time: float
    """When (seconds, on the clock of the loop)."""
    job: AnyJob
    kind: EventKind
    """``scheduled``, ``started``, ``done``, ``failed``, ``cancelled`` or ``shutdown``."""


class Timeline:
    """Keeps what happens to the jobs of a scheduler, at all depths, in a ``with`` block.

    Where a scheduler runs twice, its last run counts. Methods take jobs, or their labels. What
    they assert is shown with a picture of the run if it is false; ``str(timeline)`` is that
    picture.

    Args:
        scheduler: whose jobs.

    Attributes:
        scheduler: as above.
        events: what happened so far, in that order.

    Example:
        >>> from asynciojobs_testkit import FakeClock, dag
        >>> scheduler = dag("a>b, a>c, b c>d")
        >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
        ...     scheduler.run()
        True
        >>> timeline.assert_order("a", {"b", "c"}, "d")
        >>> timeline.assert_overlap("b", "c")
        >>> timeline.start("d"), timeline.end("d")
        (2.0, 3.0)
        >>> print(timeline)
        a  |################                                  |  0 - 1  done
        b  |                #################                 |  1 - 2  done
        c  |                #################                 |  1 - 2  done
        d  |                                 #################|  2 - 3  done
           0 s                                             3 s
    """

    def __init__(self, scheduler: PureScheduler) -> None:
        self.scheduler = scheduler
        self.events: list[TimelineEvent] = []
        # The events of each job in its last run, each with its place in `events`.
        self._pasts: dict[AnyJob, list[tuple[int, TimelineEvent]]] = {}
        self._observation = contextlib.ExitStack()  # what ends with the block

    def __enter__(self) -> Self:
        self._observation.enter_context(self.scheduler.observe(self._note))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._observation.close()

    def _note(self, event: JobEvent) -> None:
        past = self._pasts.setdefault(event.job, [])
        if event.kind is SCHEDULED and past:
            self._forget_last_run()
            past.clear()
        happened = TimelineEvent(event.time, event.job, event.kind)
        past.append((len(self.events), happened))
        self.events.append(happened)

    def _forget_last_run(self) -> None:
        """Forget the past of all jobs that the run which begins may never come to."""
        for job, past in self._pasts.items():
            if job.is_idle():
                past.clear()

    def __repr__(self) -> str:
        return f"<Timeline of {self.scheduler.repr_main()}, {len(self.events)} events>"

    def __str__(self) -> str:
        bars = [self._bar(job, depth) for job, depth in jobs_within(self.scheduler)]
        return gantt(bars, max((event.time for event in self.events), default=0.0))

    def _bar(self, job: AnyJob, depth: int) -> Bar:
        past = self._past(job)
        times = {event.kind: event.time for _, event in past}
        ended = next((event for _, event in past if event.kind in ENDS), None)
        return Bar(
            one_line(job._shown_text()),
            depth,
            times.get(SCHEDULED),
            times.get(STARTED),
            None if ended is None else ended.time,
            "" if ended is None else str(ended.kind),
        )

    # -- questions

    def start(self, job: JobOrLabel) -> float:
        """Return when a job started, in seconds.

        Raises:
            AssertionError: it did not.
            LookupError: there is no such job, or several.
        """
        return self._moment(job, (STARTED,), "started")[1].time

    def end(self, job: JobOrLabel) -> float:
        """Return when a job ended, done, failed or cancelled, in seconds.

        Raises:
            AssertionError: it did not.
            LookupError: there is no such job, or several.
        """
        return self._moment(job, ENDS, "ended")[1].time

    def duration(self, job: JobOrLabel) -> float:
        """Return how long a job ran, in seconds; raises as `end()` does."""
        return self.end(job) - self.start(job)

    def running_at(self, t: float) -> set[AnyJob]:
        """Return the jobs that ran at a moment, nested schedulers included.

        A job runs at the moment of its start, and no longer at that of its end.

        Args:
            t: the moment (seconds).
        """
        running: set[AnyJob] = set()
        for job in self._pasts:
            started, ended = self._span(job)
            if started is not None and started <= t and (ended is None or t < ended):
                running.add(job)
        return running

    def peak(self, scheduler: PureScheduler | None = None) -> int:
        """Return how many jobs have run at once, at most.

        Args:
            scheduler: count its own jobs, in which a nested scheduler is one; ``None`` counts
                the jobs of all schedulers, and no scheduler.
        """
        if scheduler is None:
            return self._peak(lambda job: not isinstance(job, PureScheduler))
        return self._peak(lambda job: job in scheduler)

    def _peak(self, counted: Callable[[AnyJob], bool]) -> int:
        running = peak = 0
        for event in self.events:
            if counted(event.job):
                running += (event.kind is STARTED) - (event.kind in ENDS)
                peak = max(peak, running)
        return peak

    # -- what a test says

    def assert_order(self, *groups: JobOrLabel | Collection[JobOrLabel]) -> None:
        """Assert that all jobs of a group ended before any of the next one started.

        Args:
            groups: jobs, or collections of jobs, such as ``"a", {"b", "c"}, "d"``.

        Raises:
            AssertionError: it is not so, or one of them did not run.
        """
        __tracebackhide__ = True
        ordered = [self._group(group) for group in groups]
        for earlier, later in pairwise(ordered):
            for first in earlier:
                for second in later:
                    self._assert_before(first, second)

    def _assert_before(self, first: AnyJob, second: AnyJob) -> None:
        __tracebackhide__ = True
        ended, end = self._moment(first, ENDS, "ended")
        started, start = self._moment(second, (STARTED,), "started")
        self._check(
            ended < started,
            f"{second.repr_main()} started at {start.time:.15g} s, before "
            f"{first.repr_main()} ended at {end.time:.15g} s",
        )

    def assert_running_at(self, t: float, jobs: Collection[JobOrLabel]) -> None:
        """Assert which jobs ran at a moment: these, and no others.

        Nested schedulers count only where they are among `jobs`.

        Args:
            t: the moment (seconds).
            jobs: the jobs.

        Raises:
            AssertionError: it was others.
        """
        __tracebackhide__ = True
        expected = set(self._group(jobs))
        found = {
            job
            for job in self.running_at(t)
            if job in expected or not isinstance(job, PureScheduler)
        }
        self._check(
            found == expected, f"at {t:.15g} s {names(found)} ran, and not {names(expected)}"
        )

    def assert_overlap(self, a: JobOrLabel, b: JobOrLabel) -> None:
        """Assert that two jobs ran at the same time, for some time.

        Raises:
            AssertionError: they did not.
        """
        __tracebackhide__ = True
        self._check(
            self._shared_time(a, b) > 0, f"{self._named(a)} and {self._named(b)} do not overlap"
        )

    def assert_disjoint(self, a: JobOrLabel, b: JobOrLabel) -> None:
        """Assert that two jobs never ran at the same time; one may start as the other ends.

        Raises:
            AssertionError: they did.
        """
        __tracebackhide__ = True
        shared = self._shared_time(a, b)
        within = self._is_within(a, b) or self._is_within(b, a)  # maybe for no time
        self._check(
            shared <= 0 and not within,
            f"{self._named(a)} and {self._named(b)} overlap, for {shared:.15g} s",
        )

    def _shared_time(self, a: JobOrLabel, b: JobOrLabel) -> float:
        return min(self.end(a), self.end(b)) - max(self.start(a), self.start(b))

    def _is_within(self, inner: JobOrLabel, outer: JobOrLabel) -> bool:
        """Tell whether a job started and ended while another one ran."""
        return self.start(outer) < self.start(inner) and self.end(inner) < self.end(outer)

    def assert_never_started(self, *jobs: JobOrLabel) -> None:
        """Assert that jobs were not started.

        Raises:
            AssertionError: one was.
        """
        __tracebackhide__ = True
        for job in self._group(jobs):
            started, _ = self._span(job)
            self._check(started is None, f"{job.repr_main()} started at {started} s")

    def assert_requirements_respected(self) -> None:
        """Assert that each job that started did so after all that it requires had ended.

        Raises:
            AssertionError: one did not.
        """
        __tracebackhide__ = True
        for job, _ in jobs_within(self.scheduler):
            if self._span(job)[0] is not None:
                for required in job.required:
                    self._assert_before(required, job)

    def assert_window_respected(self) -> None:
        """Assert that no scheduler ran more of its jobs at once than its `jobs_window`.

        Forever jobs take no place in it.

        Raises:
            AssertionError: one did.
        """
        __tracebackhide__ = True
        for scheduler in schedulers_within(self.scheduler):
            peak = self._peak(lambda job, of=scheduler: job in of and not job.forever)  # type: ignore[misc]
            self._check(
                peak <= (scheduler.jobs_window or peak),
                f"{scheduler.repr_main()} ran {peak} jobs at once, and its jobs_window is "
                f"{scheduler.jobs_window}",
            )

    def assert_shutdown_once(self) -> None:
        """Assert that each job, at all depths, was shut down, and once.

        Raises:
            AssertionError: one was not, or more than once.
        """
        __tracebackhide__ = True
        for job, _ in jobs_within(self.scheduler):
            count = sum(event.kind is SHUTDOWN for _, event in self._past(job))
            self._check(count == 1, f"{job.repr_main()} was shut down {count} times")

    # -- jobs and their past

    def _check(self, fine: bool, message: str) -> None:
        __tracebackhide__ = True
        if not fine:
            raise AssertionError(f"{message}\n\n{self}")

    def _group(self, group: JobOrLabel | Collection[JobOrLabel]) -> list[AnyJob]:
        if isinstance(group, str | AbstractJob):
            return [self._job(group)]
        return [self._job(job) for job in group]

    def _job(self, job: JobOrLabel) -> AnyJob:
        if not isinstance(job, str):
            return self._checked(job)
        jobs = (other for other, _ in jobs_within(self.scheduler))
        found = [other for other in jobs if other._shown_text() == job]
        if len(found) != 1:
            how_many = f"{len(found)} jobs" if found else "no job"
            remedy = ": give the job itself" if found else ""
            raise LookupError(
                f"{self.scheduler.repr_main()} has {how_many} labelled {job!r}{remedy}"
            )
        return found[0]

    def _checked(self, job: AnyJob) -> AnyJob:
        # A job that was seen may have been taken out since.
        there = (other for other, _ in jobs_within(self.scheduler))
        if job not in self._pasts and all(other is not job for other in there):
            raise LookupError(f"{job.repr_main()} is not in {self.scheduler.repr_main()}")
        return job

    def _named(self, job: JobOrLabel) -> str:
        return self._job(job).repr_main()

    def _past(self, job: AnyJob) -> list[tuple[int, TimelineEvent]]:
        """Return the events of a job's last run, each with its place among all."""
        return self._pasts.get(job, [])

    def _span(self, job: AnyJob) -> tuple[float | None, float | None]:
        times = {event.kind: event.time for _, event in self._past(job)}
        ended = next((times[kind] for kind in ENDS if kind in times), None)
        return times.get(STARTED), ended

    def _moment(
        self, job: JobOrLabel, kinds: Collection[EventKind], what: str
    ) -> tuple[int, TimelineEvent]:
        job = self._job(job)
        for place, event in self._past(job):
            if event.kind in kinds:
                return place, event
        missed = job.started_at is not None and not self._past(job)
        raise AssertionError(
            f"{job.repr_main()} never {what}{UNSEEN if missed else ''}\n\n{self}"
        )


def jobs_within(scheduler: PureScheduler) -> Iterator[tuple[AnyJob, int]]:
    """Yield the jobs of a scheduler, and of those nested in it, each with its depth."""
    around = [scheduler]
    levels = [iter(scheduler.jobs)]
    while levels:
        for job in levels[-1]:
            yield job, len(levels) - 1
            if isinstance(job, PureScheduler) and all(job is not outer for outer in around):
                around.append(job)
                levels.append(iter(job.jobs))
                break
        else:
            around.pop()
            levels.pop()


def schedulers_within(scheduler: PureScheduler) -> list[PureScheduler]:
    """Return a scheduler, and those nested in it."""
    inner = [job for job, _ in jobs_within(scheduler) if isinstance(job, PureScheduler)]
    return [scheduler, *inner]


def names(jobs: Collection[AnyJob]) -> str:
    """Return a text for a set of jobs."""
    return "{" + ", ".join(sorted(job.repr_main() for job in jobs)) + "}"
