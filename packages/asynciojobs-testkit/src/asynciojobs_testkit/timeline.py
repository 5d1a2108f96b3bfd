"""`Timeline`: records what happens to the jobs of a run, and asserts what a test expects."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import pairwise

from asynciojobs import EventKind, PureScheduler
from asynciojobs.limit import name_of

from ._questions import JobOrLabel, Questions
from ._recording import ENDED, SHUTDOWN, SKIPPED, STARTED, AnyJob, TimelineEvent
from ._within import schedulers_within

__all__ = ["Timeline", "TimelineEvent"]


class Timeline(Questions):
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

    def assert_order(self, *groups: JobOrLabel | Collection[JobOrLabel]) -> None:
        """Assert that all jobs of each group ended before any job of the next group started.

        Args:
            groups: jobs, or collections of jobs, such as ``"a", {"b", "c"}, "d"``.

        Raises:
            AssertionError: they ran in another order, or one of them did not run.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> with FakeClock().installed(), Timeline(dag("a>b, a>c, b c>d")) as timeline:
            ...     timeline.scheduler.run()
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
            >>> with FakeClock().installed(), Timeline(dag("a>b, a>c")) as timeline:
            ...     timeline.scheduler.run()
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
            >>> with FakeClock().installed(), Timeline(dag("a, b")) as timeline:
            ...     timeline.scheduler.run()
            True
            >>> timeline.assert_overlap("a", "b")
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
            >>> with FakeClock().installed(), Timeline(dag("a>b")) as timeline:
            ...     timeline.scheduler.run()
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
            error: the class that the exception should have, or a tuple of allowed classes.

        Raises:
            AssertionError: it did not fail, or it raised another exception.
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
            f"{event.job.repr_main()} {denial}: it ended at {event.time:.15g} s ({event.kind})",
        )

    def assert_requirements_respected(self) -> None:
        """Assert that each job started only after its requirements had ended.

        Jobs that never started are ignored.

        Raises:
            AssertionError: a job started too early.

        Example:
            >>> from asynciojobs_testkit import FakeClock, dag
            >>> with FakeClock().installed(), Timeline(dag("a b>c>d")) as timeline:
            ...     timeline.scheduler.run()
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
                f"{scheduler.repr_main()} ran {peak} jobs at once, but its jobs_window is "
                f"{scheduler.jobs_window}",
            )

    def assert_limits_respected(self) -> None:
        """Assert that no job started while one of its limits had too few free slots.

        Slots that jobs of other schedulers take are not counted. If the number of slots was
        changed, each job is judged by the number at its start.

        Raises:
            AssertionError: a job did.

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
                f"slots of {name_of(limit)} were taken, but it had only {slots}",
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


def takes_slot_of(scheduler: PureScheduler) -> Callable[[AnyJob], bool]:
    """Return a function that says whether a job takes a slot of a scheduler's window."""
    return lambda job: job in scheduler and not job.forever


def names_of_classes(classes: type | tuple[type, ...]) -> str:
    """Return a text for a class, or for one of several classes."""
    several = classes if isinstance(classes, tuple) else (classes,)
    return " or ".join(f"a {one.__qualname__}" for one in several)


def names(jobs: Collection[AnyJob]) -> str:
    """Return a text for a set of jobs."""
    return "{" + ", ".join(sorted(job.repr_main() for job in jobs)) + "}"
