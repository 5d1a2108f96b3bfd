"""`Questions`: what a timeline has seen of each job."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Self, TypeAlias

from asynciojobs import AbstractJob, EventKind, PureScheduler, Span

from ._lastrun import LastRun, chart, last_run
from ._recording import ENDED, STARTED, AnyJob, Indexed, Recording, TimelineEvent
from ._within import jobs_within, labelled

__all__ = ["JobOrLabel", "Questions"]

JobOrLabel: TypeAlias = "AnyJob | str"


class Questions:
    """The part of a `Timeline` that records, and answers questions.

    It records the order of the events, and their times on the clock of the loop. Everything
    else in the chart comes from the scheduler's own timeline.

    Args:
        scheduler: the scheduler to observe.
    """

    def __init__(self, scheduler: PureScheduler) -> None:
        self.scheduler = scheduler
        self._recording = Recording()
        self._observation = contextlib.ExitStack()  # ends the observation
        self._seen: LastRun | None = None  # the last run that was observed, after the block

    def __enter__(self) -> Self:
        self._observation.enter_context(self.scheduler.observe(self._recording.add))
        self._seen = None
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._observation.close()
        self._seen = last_run(self.scheduler)

    def __repr__(self) -> str:
        return f"<Timeline of {self.scheduler.repr_main()}, {len(self.events)} events>"

    def __str__(self) -> str:
        return chart(self.scheduler, self._seen or last_run(self.scheduler))

    @property
    def events(self) -> list[TimelineEvent]:
        """What happened so far, in order."""
        return self._recording.events

    @property
    def spans(self) -> tuple[Span, ...]:
        """What became of each job in the last run: ``scheduler.timeline().spans``.

        Their times are in seconds since the run began. After the block, they no longer change.

        Raises:
            RuntimeError: the scheduler has not run.
        """
        seen = self.scheduler.timeline() if self._seen is None else self._seen.timeline
        return seen.spans

    def start(self, job: JobOrLabel) -> float:
        """Return when a job started, in seconds.

        Raises:
            AssertionError: it did not start.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, Timeline, dag
            >>> with FakeClock().installed(), Timeline(dag("a>b, b>c")) as timeline:
            ...     timeline.scheduler.run()
            True
            >>> timeline.start("a"), timeline.start("c")
            (0.0, 2.0)
        """
        return self._first(job, STARTED, "started")[1].time

    def end(self, job: JobOrLabel) -> float:
        """Return when a job ended, in seconds; it may be done, failed or cancelled.

        Raises:
            AssertionError: it did not end.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, Timeline, dag
            >>> with FakeClock().installed(), Timeline(dag("a>b, a>c")) as timeline:
            ...     timeline.scheduler.run()
            True
            >>> timeline.end("a"), timeline.end("c")
            (1.0, 2.0)
        """
        return self._first(job, ENDED, "ended")[1].time

    def duration(self, job: JobOrLabel) -> float:
        """Return how long a job ran, in seconds.

        Raises:
            AssertionError: it did not end.
            LookupError: there is no such job, or more than one.

        Example:
            >>> from asynciojobs_testkit import FakeClock, Timeline, dag
            >>> with FakeClock().installed(), Timeline(dag("a>b")) as timeline:
            ...     timeline.scheduler.run()
            True
            >>> timeline.duration("b")
            1.0
        """
        return self.end(job) - self.start(job)

    def running_at(self, t: float) -> set[AnyJob]:
        """Return the jobs that ran at a moment, including nested schedulers.

        At the moment when a job starts, it runs; at the moment when it ends, it does not.

        Args:
            t: the moment (seconds).

        Example:
            >>> from asynciojobs_testkit import FakeClock, Timeline, dag
            >>> with FakeClock().installed(), Timeline(dag("a>b, a>c, b c>d")) as timeline:
            ...     timeline.scheduler.run()
            True
            >>> sorted(job.label for job in timeline.running_at(1.5))
            ['b', 'c']
        """
        return self._recording.running_at(t)

    def peak(self, scheduler: PureScheduler | None = None) -> int:
        """Return the largest number of jobs that ran at the same time.

        Args:
            scheduler: count only its own jobs; a nested scheduler counts as one job. With
                ``None``, count the jobs at all depths, but no nested schedulers.

        Example:
            >>> from asynciojobs_testkit import FakeClock, Timeline, dag
            >>> with FakeClock().installed(), Timeline(dag("a>b c d")) as timeline:
            ...     timeline.scheduler.run()
            True
            >>> timeline.peak()
            3
        """
        if scheduler is None:
            return self._recording.peak(lambda job: not isinstance(job, PureScheduler))
        return self._recording.peak(lambda job: job in scheduler)

    # -- looking up jobs and events

    def _group(self, group: JobOrLabel | Collection[JobOrLabel]) -> list[AnyJob]:
        if isinstance(group, str | AbstractJob):
            return [self._job(group)]
        return [self._job(job) for job in group]

    def _job(self, job: JobOrLabel) -> AnyJob:
        if isinstance(job, str):
            return labelled(self.scheduler, job)
        # A job that was recorded may have been removed since.
        if not self._recording.has_seen(job) and all(it is not job for it in self._all_jobs()):
            raise LookupError(f"{job.repr_main()} is not in {self.scheduler.repr_main()}")
        return job

    def _all_jobs(self) -> Iterator[AnyJob]:
        return (job for job, _ in jobs_within(self.scheduler))

    def _named(self, job: JobOrLabel) -> str:
        return self._job(job).repr_main()

    def _first(self, job: JobOrLabel, kinds: Collection[EventKind], verb: str) -> Indexed:
        """Return a job's first event of these kinds, and its index among all events.

        Raises:
            AssertionError: there is none.
        """
        __tracebackhide__ = True
        job = self._job(job)
        first = self._recording.first(job, kinds)
        if first is not None:
            return first
        if job.started_at is not None and not any(self._recording.last_run(job)):
            missed = (
                f"{job.repr_main()} ran while this timeline was not recording: start the "
                "timeline before the run"
            )
            raise AssertionError(f"{missed}\n\n{self}")
        raise AssertionError(f"{job.repr_main()} never {verb}\n\n{self}")
