"""`Timeline` and `Bottleneck`: what happened in a run, and what held it back.

`PureScheduler.timeline()` and `PureScheduler.bottleneck()` return them.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from heapq import nlargest
from typing import TypeAlias

from ._bridge import MissingGraphPackageError, drawing_function
from ._dag.jobset import JobSet, state_of
from ._dag.outline import outline
from ._text import counted, duration_text, one_line
from ._timeline.bottleneck import Bottleneck as Bottleneck  # noqa: PLC0414
from ._timeline.bottleneck import Wait as Wait  # noqa: PLC0414 - it is public
from ._timeline.chain import chain
from ._timeline.gantt import Bar, gantt, rounding
from ._timeline.links import Link as Link  # noqa: PLC0414 - it is public
from ._timeline.made import Spans
from ._timeline.reading import Moments, read
from ._timeline.spans import LinkKind as LinkKind  # noqa: PLC0414
from ._timeline.spans import Outcome as Outcome  # noqa: PLC0414
from ._timeline.spans import Span as Span  # noqa: PLC0414
from ._timeline.waits import Waits

__all__ = ["Timeline", "bottleneck_of", "timeline_of"]

# Tracebacks and pickles show the public names.
for _value in (Bottleneck, Link, LinkKind, Outcome, Span, Wait):
    _value.__module__ = __name__.rpartition(".")[0]

SHOWN = 40
"""How many jobs the text shows at most (jobs)."""

Times: TypeAlias = tuple[float | None, float | None]
"""When a run began and ended, on the clock of its loop (seconds)."""


class Timeline:
    """What became of the jobs of a scheduler in a run. All times are in seconds.

    ``str()`` returns a chart of the jobs that took longest, as wide as the terminal. Dots show
    that a job waits for a slot, and hashes that it runs.

    Args:
        scheduler: the scheduler.
        began_at: the time of day when the run began, with its time zone.
        duration: how long the run took, up to now if it goes on (seconds).
        is_live: whether the run goes on.
        spans: what became of each job at any depth, each after its requirements. A nested
            scheduler comes just before its jobs.
        shown: how many jobs ``str()`` shows; ``None`` means all (jobs).

    All of these except `shown` are attributes, too.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> s = Scheduler(PrintJob("hello", label="greet"))
        >>> s.run()
        hello
        True
        >>> timeline = s.timeline()
        >>> span = timeline.spans[0]
        >>> span.label, span.path, span.depth, span.outcome, span.waited
        ('greet', ('greet',), 0, <Outcome.DONE: 'done'>, 0.0)
        >>> 0 <= span.ready <= span.start <= span.end <= timeline.duration
        True
    """

    def __init__(
        self,
        scheduler: JobSet,
        began_at: datetime,
        duration: float,
        spans: Sequence[Span],
        *,
        is_live: bool = False,
        shown: int | None = SHOWN,
    ) -> None:
        self.scheduler = scheduler
        self.began_at = began_at
        self.duration = duration
        self._spans = spans
        self.is_live = is_live
        self._shown = shown

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """What became of each job at any depth, each after its requirements."""
        return tuple(self._spans)

    def __repr__(self) -> str:
        return f"<Timeline of {self.scheduler.repr_main()}, {counted(len(self._spans), 'job')}>"

    def __str__(self) -> str:
        spans = self._spans_shown()
        hidden = len(self.spans) - len(spans)
        chart = gantt(
            [bar_of(span) for span in spans],
            (0.0, self.duration),
            columns=shutil.get_terminal_size().columns,
            more=f"… {hidden} more, see full()" if hidden else "",
            number=rounding(self.duration),
        )
        return f"{heading(self, self.scheduler.repr_main())}\n{chart}"

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """Return the picture that a notebook shows, and the text."""
        try:
            timeline_bundle = drawing_function("timeline_bundle")
        except MissingGraphPackageError:
            return {"text/plain": str(self)}
        bundle: dict[str, str] = timeline_bundle(self, include=include, exclude=exclude)
        return bundle

    def _spans_shown(self) -> Sequence[Span]:
        if self._shown is None or len(self.spans) <= self._shown:
            return self.spans
        # If a scheduler took as long as one of its jobs, the scheduler is preferred.
        places = range(len(self.spans))
        longest = nlargest(self._shown, places, key=lambda at: (length(self.spans[at]), -at))
        return [self.spans[place] for place in sorted(longest)]

    def longest(self, n: int = 5) -> list[Span]:
        """Return the jobs that took longest, the longest first.

        Nested schedulers are left out, but their jobs are included.

        Args:
            n: how many at most (jobs).

        Example:
            >>> import asyncio
            >>> from asynciojobs import Job, Scheduler
            >>> s = Scheduler(*(Job(asyncio.sleep, t, label=str(t)) for t in (0, 0.01, 0.03)))
            >>> s.run()
            True
            >>> [span.label for span in s.timeline().longest(2)]
            ['0.03', '0.01']
        """
        ran = (span for span in self.spans if span.seconds is not None)
        return nlargest(n, (it for it in ran if not isinstance(it.job, JobSet)), key=length)

    def full(self) -> Timeline:
        """Return the same timeline, but one whose ``str()`` shows all jobs.

        Example:
            >>> import asyncio
            >>> from asynciojobs import Job, Scheduler
            >>> s = Scheduler(*(Job(asyncio.sleep, 0, label=rank) for rank in range(100)))
            >>> s.run()
            True
            >>> timeline = s.timeline()
            >>> len(str(timeline).splitlines()) < len(str(timeline.full()).splitlines())
            True
        """
        return Timeline(
            self.scheduler,
            self.began_at,
            self.duration,
            self._spans,
            is_live=self.is_live,
            shown=None,
        )


# -- how they are made


def timeline_of(job_set: JobSet, times: Times) -> Timeline:
    """Return the timeline of the last run of a scheduler; see `PureScheduler.timeline()`."""
    began, moments = last_run(job_set, times)
    table = read(job_set, moments, outline(job_set))
    zone = datetime.fromtimestamp(began, tz=UTC).astimezone()
    spans = Spans(table, Waits(table).waited)
    return Timeline(job_set, zone, table.duration, spans, is_live=moments.is_live)


def bottleneck_of(job_set: JobSet, times: Times) -> Bottleneck:
    """Return the bottleneck of the last run; see `PureScheduler.bottleneck()`."""
    _, moments = last_run(job_set, times)
    table = read(job_set, moments, outline(job_set))
    waits = Waits(table)
    return Bottleneck(chain(table, Spans(table, waits.waited), waits.cause), table.duration)


def last_run(job_set: JobSet, times: Times) -> tuple[float, Moments]:
    """Return the time of day when the last run began, and when it began and ended.

    Raises:
        RuntimeError: the scheduler has not run.
    """
    state = state_of(job_set)
    run = state.current_run()
    time_of_day = state.record.began
    began, ended = times
    if time_of_day is None or began is None:
        raise RuntimeError(
            f"{job_set.repr_main()} has not run, so there is nothing to show: call run() first"
        )
    if run is not None:
        return time_of_day, Moments(began, run.loop.time(), is_live=True)
    if ended is None:  # its loop is gone, or it is nested and is being shut down
        ended = max([began, *last_times(job_set)])
    return time_of_day, Moments(began, ended, is_live=False)


def last_times(job_set: JobSet) -> Iterator[float]:
    """Yield when jobs started and ended, at all depths, on the clock of the loop (seconds)."""
    for job, _, _ in outline(job_set):
        yield from (time for time in (job.started_at, job.ended_at) if time is not None)


def heading(timeline: Timeline, name: str) -> str:
    """Return one line about a run, such as ``boots began 2030-01-31 12:00, and took 3.0 s``.

    Args:
        timeline: what happened.
        name: the name of the scheduler.
    """
    when = timeline.began_at.isoformat(" ", "seconds")
    state = "has run for" if timeline.is_live else "took"
    return f"{name} began {when}, and {state} {duration_text(timeline.duration)}"


def length(span: Span) -> float:
    """Return how long a job ran (seconds); less than 0 if it did not start."""
    return -1.0 if span.seconds is None else span.seconds


def bar_of(span: Span) -> Bar:
    """Return the bar of a job in the chart."""
    ready = span.ready if span.start is None else span.start - span.waited
    outcome = str(span.outcome)
    culprit = span.job.skipped_by()
    if culprit is not None:
        outcome = f"{outcome}: {culprit.repr_main()} failed"
    return Bar(one_line(span.label), span.depth, ready, span.start, span.end, outcome)
