"""`Timeline`: records what happens to the jobs of a run, and asserts what a test expects."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from types import TracebackType
from typing import Self, TypeAlias

from asynciojobs import AbstractJob, EventKind, PureScheduler, Span
from asynciojobs._text import listed, one_line
from asynciojobs._timeline.gantt import Bar, extent, gantt
from asynciojobs.limit import name_of

from ._recording import (
    ENDED,
    SCHEDULED,
    SHUTDOWN,
    SKIPPED,
    STARTED,
    AnyJob,
    Recording,
    TimelineEvent,
)

__all__ = ["Timeline", "TimelineEvent"]

MAX_JOBS = 100
"""How many jobs a chart shows."""

JobOrLabel: TypeAlias = "AnyJob | str"


class Timeline:
    """Records what happens to the jobs of a scheduler, at all depths, in a ``with`` block.

    If the scheduler runs several times, the last run counts. Methods accept jobs or their
    labels. An assertion that fails shows the run as a chart; ``str(timeline)`` is that chart.

    Args:
        scheduler: the scheduler to observe.

    Attributes:
        scheduler: the scheduler that is observed.

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
        self._recording = Recording()
        self._observation = contextlib.ExitStack()  # ends the observation

    def __enter__(self) -> Self:
        self._observation.enter_context(self.scheduler.observe(self._recording.add))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._observation.close()

    def __repr__(self) -> str:
        return f"<Timeline of {self.scheduler.repr_main()}, {len(self.events)} events>"

    def __str__(self) -> str:
        bars = [self._bar(job, depth) for job, depth in jobs_within(self.scheduler)]
        last = max((event.time for event in self.events), default=0.0)
        hidden = len(bars) - MAX_JOBS
        more = f"… and {hidden} more jobs" if hidden > 0 else ""
        return gantt(bars[:MAX_JOBS], extent(bars, last), more=more)

    def _bar(self, job: AnyJob, depth: int) -> Bar:
        seen = self._recording
        started = seen.time(job, STARTED)
        last = seen.first(job, ENDED) or seen.first(job, SKIPPED)
        return Bar(
            name=one_line(job._shown_text()),
            depth=depth,
            scheduled=seen.time(job, SCHEDULED),
            started=started,
            ended=seen.time(job, ENDED),
            outcome=""
            if last is None
            else outcome_of(last[1], has_started=started is not None),
        )

    # -- questions

    @property
    def events(self) -> list[TimelineEvent]:
        """What happened so far, in order."""
        return self._recording.events

    @property
    def spans(self) -> tuple[Span, ...]:
        """What became of each job in the last run: ``scheduler.timeline().spans``.

        Their times are in seconds since the run began.

        Raises:
            RuntimeError: the scheduler has not run.
        """
        return self.scheduler.timeline().spans

    def start(self, job: JobOrLabel) -> float:
        """Return when a job started, in seconds.

        Raises:
            AssertionError: it did not start.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.start("a"), timeline.start("d")
            (0.0, 2.0)
        """
        return self._first(job, STARTED, "started")[1].time

    def end(self, job: JobOrLabel) -> float:
        """Return when a job ended, in seconds; it may be done, failed or cancelled.

        Raises:
            AssertionError: it did not end.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.end("a"), timeline.end("d")
            (1.0, 3.0)
        """
        return self._first(job, ENDED, "ended")[1].time

    def duration(self, job: JobOrLabel) -> float:
        """Return how long a job ran, in seconds.

        Raises:
            AssertionError: it did not end.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.duration("b")
            1.0
        """
        return self.end(job) - self.start(job)

    def running_at(self, t: float) -> set[AnyJob]:
        """Return the jobs that ran at a moment, including nested schedulers.

        A job runs from its start up to its end, but no longer at the moment of its end.

        Args:
            t: the moment (seconds).

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.running_at(1.5) == {scheduler["b"], scheduler["c"]}
            True
        """
        return self._recording.running_at(t)

    def peak(self, scheduler: PureScheduler | None = None) -> int:
        """Return the largest number of jobs that ran at the same time.

        Args:
            scheduler: count only its own jobs; a nested scheduler counts as one job. With
                ``None``, count the jobs at all depths, but no nested schedulers.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.peak()
            2
        """
        if scheduler is None:
            return self._recording.peak(lambda job: not isinstance(job, PureScheduler))
        return self._recording.peak(lambda job: job in scheduler)

    # -- assertions

    def assert_order(self, *groups: JobOrLabel | Collection[JobOrLabel]) -> None:
        """Assert that all jobs of each group ended before any job of the next group started.

        Args:
            groups: jobs, or collections of jobs, such as ``"a", {"b", "c"}, "d"``.

        Raises:
            AssertionError: they ran in another order, or one of them did not run.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_order("a", {"b", "c"}, "d")
        """
        __tracebackhide__ = True
        ordered = [self._group(group) for group in groups]
        for earlier, later in pairwise(ordered):
            for first in earlier:
                for second in later:
                    self._assert_before(first, second)

    def _assert_before(self, first: AnyJob, second: AnyJob) -> None:
        __tracebackhide__ = True
        ended, end = self._first(first, ENDED, "ended")
        started, start = self._first(second, STARTED, "started")
        self._check(
            ended < started,
            f"{second.repr_main()} started at {start.time:.15g} s, before "
            f"{first.repr_main()} ended at {end.time:.15g} s",
        )

    def assert_running_at(self, t: float, jobs: Collection[JobOrLabel]) -> None:
        """Assert that exactly these jobs ran at a moment.

        Nested schedulers are ignored, unless they are among `jobs`.

        Args:
            t: the moment (seconds).
            jobs: the jobs, and no others.

        Raises:
            AssertionError: other jobs ran, or some of these did not.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_running_at(1.5, {"b", "c"})
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
        """Assert that two jobs ran at the same time, for more than 0 seconds.

        Raises:
            AssertionError: they did not.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_overlap("b", "c")
        """
        __tracebackhide__ = True
        self._check(
            self._shared_time(a, b) > 0, f"{self._named(a)} and {self._named(b)} do not overlap"
        )

    def assert_disjoint(self, a: JobOrLabel, b: JobOrLabel) -> None:
        """Assert that two jobs never ran at the same time.

        One may start at the moment when the other ends.

        Raises:
            AssertionError: they did run at the same time.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_disjoint("a", "b")
        """
        __tracebackhide__ = True
        shared = self._shared_time(a, b)
        within = self._is_within(a, b) or self._is_within(b, a)  # possibly for 0 s
        self._check(
            shared <= 0 and not within,
            f"{self._named(a)} and {self._named(b)} overlap, for {shared:.15g} s",
        )

    def _shared_time(self, a: JobOrLabel, b: JobOrLabel) -> float:
        return min(self.end(a), self.end(b)) - max(self.start(a), self.start(b))

    def _is_within(self, inner: JobOrLabel, outer: JobOrLabel) -> bool:
        """Return whether one job started and ended while another ran."""
        return self.start(outer) < self.start(inner) and self.end(inner) < self.end(outer)

    def assert_skipped(self, *jobs: JobOrLabel) -> None:
        """Assert that these jobs were skipped, since a job that they depend on had failed.

        That happens with `keep_going`. ``job.skipped_by()`` is the job that had failed.

        Raises:
            AssertionError: one of them was not skipped.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b>c, d")
            >>> scheduler["a"].raises = OSError("no disk")
            >>> scheduler.keep_going, scheduler.critical = True, False
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            False
            >>> timeline.assert_skipped("b", "c")
        """
        __tracebackhide__ = True
        for job in self._group(jobs):
            started = self._recording.time(job, STARTED)
            state = "never started" if started is None else f"started at {started:.15g} s"
            self._check(
                self._recording.first(job, SKIPPED) is not None,
                f"{job.repr_main()} was not skipped: it {state}",
            )

    def assert_never_started(self, *jobs: JobOrLabel) -> None:
        """Assert that these jobs never started.

        Raises:
            AssertionError: one of them did.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b", critical=False)
            >>> scheduler["a"].raises = OSError("no disk")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            False
            >>> timeline.assert_never_started("b")
        """
        __tracebackhide__ = True
        for job in self._group(jobs):
            started = self._recording.time(job, STARTED)
            self._check(started is None, f"{job.repr_main()} started at {started} s")

    def assert_failed(
        self,
        job: JobOrLabel,
        error: type[BaseException] | tuple[type[BaseException], ...] = BaseException,
    ) -> None:
        """Assert that a job failed: it raised an exception of a class.

        Args:
            job: the job.
            error: the class of the exception, or several classes, one of which it may be.

        Raises:
            AssertionError: it did not fail, or with another exception.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("fetch, store")
            >>> scheduler["fetch"].raises = TimeoutError("no answer")
            >>> scheduler["store"].takes = 60
            >>> scheduler.critical = False
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            False
            >>> timeline.assert_failed("fetch", TimeoutError)
            >>> timeline.assert_cancelled("store")
        """
        __tracebackhide__ = True
        raised = self._job(job).raised_exception()
        self._check_end(job, EventKind.FAILED, "did not fail")
        self._check(
            isinstance(raised, error),
            f"{self._named(job)} raised {raised!r}, which is not {names_of_classes(error)}",
        )

    def assert_cancelled(self, job: JobOrLabel) -> None:
        """Assert that a job was cancelled: it had started, and the end of the run stopped it.

        Raises:
            AssertionError: it did not start, it ended by itself, or it still runs.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("slow", takes=60, timeout=5, critical=False)
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            False
            >>> timeline.assert_cancelled("slow")
        """
        __tracebackhide__ = True
        self._check_end(job, EventKind.CANCELLED, "was not cancelled")

    def _check_end(self, job: JobOrLabel, kind: EventKind, denial: str) -> None:
        __tracebackhide__ = True
        _, event = self._first(job, ENDED, "ended")
        self._check(
            event.kind is kind,
            f"{event.job.repr_main()} {denial}: it is {event.kind} at {event.time:.15g} s",
        )

    def assert_requirements_respected(self) -> None:
        """Assert that each job started only after its requirements had ended.

        Jobs that never started are ignored.

        Raises:
            AssertionError: a job started too early.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b, a>c, b c>d")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_requirements_respected()
        """
        __tracebackhide__ = True
        for job in self._all_jobs():
            if self._recording.time(job, STARTED) is not None:
                for required in job.required:
                    self._assert_before(required, job)

    def assert_window_respected(self) -> None:
        """Assert that no scheduler ran more jobs at the same time than its `jobs_window`.

        Forever jobs don't count.

        Raises:
            AssertionError: a scheduler ran too many.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a b c>d", jobs_window=2)
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_window_respected()
        """
        __tracebackhide__ = True
        for scheduler in schedulers_within(self.scheduler):
            peak = self._recording.peak(takes_slot_of(scheduler))
            self._check(
                peak <= (scheduler.jobs_window or peak),
                f"{scheduler.repr_main()} ran {peak} jobs at once, and its jobs_window is "
                f"{scheduler.jobs_window}",
            )

    def assert_limits_respected(self) -> None:
        """Assert that no job started while one of its limits had too few free slots.

        Slots that jobs of other schedulers take are not seen. If the slots of a limit were
        changed, the number counts that it had when the job started.

        Raises:
            AssertionError: a job started all the same.

        Example:
            >>> import asyncio
            >>> from asynciojobs import Job, Limit, Scheduler
            >>> from asynciojobs_testkit import FakeClock
            >>> ssh = Limit(2, "ssh")
            >>> scheduler = Scheduler(*(Job(asyncio.sleep, 1, limits=ssh) for _ in range(5)))
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run()
            True
            >>> timeline.assert_limits_respected()
        """
        __tracebackhide__ = True
        excess = self._recording.first_excess()
        if excess is not None:
            event, limit, taken, slots = excess
            self._check(
                False,
                f"{event.job.repr_main()} started at {event.time:.15g} s, and then {taken} "
                f"slots of {name_of(limit)} were taken; it had {slots}",
            )

    def assert_shutdown_once(self) -> None:
        """Assert that each job, at all depths, was shut down exactly once.

        Raises:
            AssertionError: a job was not shut down, or more than once.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> scheduler = dag("a>b")
            >>> with FakeClock().installed(), Timeline(scheduler) as timeline:
            ...     scheduler.run(), scheduler.shutdown()
            (True, True)
            >>> timeline.assert_shutdown_once()
        """
        __tracebackhide__ = True
        for job in self._all_jobs():
            count = self._recording.count(job, SHUTDOWN)
            self._check(count == 1, f"{job.repr_main()} was shut down {count} times")

    def _check(self, holds: bool, message: str) -> None:
        """Raise an AssertionError with a chart of the run if a condition doesn't hold."""
        __tracebackhide__ = True
        if not holds:
            raise AssertionError(f"{message}\n\n{self}")

    # -- looking up jobs and events

    def _group(self, group: JobOrLabel | Collection[JobOrLabel]) -> list[AnyJob]:
        if isinstance(group, str | AbstractJob):
            return [self._job(group)]
        return [self._job(job) for job in group]

    def _job(self, job: JobOrLabel) -> AnyJob:
        if isinstance(job, str):
            return self._labelled(job)
        # A job that was recorded may have been removed since.
        if not self._recording.has_seen(job) and all(it is not job for it in self._all_jobs()):
            raise LookupError(f"{job.repr_main()} is not in {self.scheduler.repr_main()}")
        return job

    def _labelled(self, label: str) -> AnyJob:
        found = [job for job in self._all_jobs() if job._shown_text() == label]
        if len(found) != 1:
            how_many = f"{len(found)} jobs" if found else "no job"
            labels = (job._shown_text() for job in self._all_jobs())
            remedy = "give the job itself" if found else f"its jobs are {listed(labels)}"
            raise LookupError(
                f"{self.scheduler.repr_main()} has {how_many} labelled {label!r}: {remedy}"
            )
        return found[0]

    def _all_jobs(self) -> Iterator[AnyJob]:
        return (job for job, _ in jobs_within(self.scheduler))

    def _named(self, job: JobOrLabel) -> str:
        return self._job(job).repr_main()

    def _first(
        self, job: JobOrLabel, kinds: Collection[EventKind], verb: str
    ) -> tuple[int, TimelineEvent]:
        """Return the first event of these kinds of a job, and its index among all events.

        Raises:
            AssertionError: there is none.
        """
        __tracebackhide__ = True
        job = self._job(job)
        first = self._recording.first(job, kinds)
        if first is not None:
            return first
        if job.started_at is not None and not self._recording.last_run(job):
            missed = (
                f"{job.repr_main()} ran while this timeline was not recording: start the "
                "timeline before the run"
            )
            raise AssertionError(f"{missed}\n\n{self}")
        raise AssertionError(f"{job.repr_main()} never {verb}\n\n{self}")


def jobs_within(scheduler: PureScheduler) -> Iterator[tuple[AnyJob, int]]:
    """Yield the jobs of a scheduler and of all nested ones, each with its depth.

    A scheduler that is nested in itself is yielded, but not entered again.
    """
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
    """Return a scheduler and all nested ones."""
    nested = [job for job, _ in jobs_within(scheduler) if isinstance(job, PureScheduler)]
    return [scheduler, *nested]


def outcome_of(event: TimelineEvent, *, has_started: bool) -> str:
    """Return how a job ended, or why it was skipped, in words."""
    if event.kind in SKIPPED:
        culprit = event.job.skipped_by()
        return "skipped" if culprit is None else f"skipped: {culprit.repr_main()} failed"
    return str(event.kind) if has_started else f"{event.kind} before it started"


def takes_slot_of(scheduler: PureScheduler) -> Callable[[AnyJob], bool]:
    """Return the function that says whether a job takes a slot of a scheduler's window."""
    return lambda job: job in scheduler and not job.forever


def names_of_classes(classes: type | tuple[type, ...]) -> str:
    """Return a text for a class, or for one of several classes."""
    several = classes if isinstance(classes, tuple) else (classes,)
    return " or ".join(f"a {one.__qualname__}" for one in several)


def names(jobs: Collection[AnyJob]) -> str:
    """Return a text for a set of jobs."""
    return "{" + ", ".join(sorted(job.repr_main() for job in jobs)) + "}"
