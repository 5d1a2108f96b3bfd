"""`LastRun`: the last run of a scheduler, as the core knows it, and its chart."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

import asynciojobs
from asynciojobs import Outcome, PureScheduler, Span
from asynciojobs._text import one_line
from asynciojobs._timeline.gantt import Bar, gantt
from asynciojobs.timeline import bar_of

from ._recording import AnyJob
from ._within import jobs_within

__all__ = ["LastRun", "chart", "last_run"]

MAX_JOBS = 100
"""How many jobs a chart shows at most."""


class LastRun(NamedTuple):
    """The last run of a scheduler."""

    timeline: asynciojobs.Timeline
    """What happened; its times are in seconds since the run began."""
    began: float
    """When the run began (seconds, on the clock of the loop)."""


def last_run(scheduler: PureScheduler) -> LastRun | None:
    """Return the last run of a scheduler; ``None`` if there was none, or it can't be read.

    It can't be read if the jobs have a cycle now.
    """
    try:
        timeline = scheduler.timeline()
    except (RuntimeError, ValueError):
        return None
    return LastRun(timeline, scheduler.started_at or 0.0)


def chart(scheduler: PureScheduler, run: LastRun | None) -> str:
    """Return a chart of the jobs of a scheduler, on the clock of the loop.

    Args:
        scheduler: the scheduler.
        run: its last run; ``None`` if there was none.
    """
    began, duration, spans = 0.0, 0.0, dict[AnyJob, Span]()
    if run is not None:
        began, duration = run.began, run.timeline.duration
        spans = {span.job: span for span in run.timeline.spans}
    jobs = jobs_within(scheduler)
    bars = [bar(job, depth, spans.get(job), began) for job, depth in islice(jobs, MAX_JOBS)]
    remarks: list[str] = []
    if hidden := sum(1 for _ in jobs):
        remarks.append(f"… and {hidden} more jobs")
    if run is None and scheduler.started_at is not None:
        remarks.append("(the run is not shown, since its jobs have a cycle now)")
    return gantt(bars, (began, began + duration), more="\n".join(remarks))


def bar(job: AnyJob, depth: int, span: Span | None, began: float) -> Bar:
    """Return the bar of a job in the chart of a run that began at some time (seconds)."""
    if span is None:
        return Bar(one_line(job._shown_text()), depth, None, None, None, "")
    shown = bar_of(span)
    scheduled, started, ended = (
        None if time is None else began + time
        for time in (shown.scheduled, shown.started, shown.ended)
    )
    outcome = words_of(span, shown.outcome)
    return Bar(shown.name, depth, scheduled, started, ended, outcome)


def words_of(span: Span, outcome: str) -> str:
    """Return what became of a job, in the words of the testkit.

    Args:
        span: what became of it.
        outcome: its outcome in the words of the core.
    """
    if span.outcome is Outcome.IDLE:
        return ""
    if span.outcome is Outcome.STOPPED:
        outcome = "cancelled"  # as the event
    has_only_ended = span.start is None and span.end is not None
    return f"{outcome} before it started" if has_only_ended else outcome
