"""What to say about a whole run, above its pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from asynciojobs import PureScheduler
from asynciojobs._dag.jobset import JobSet, record_of
from asynciojobs._outcomes import Fine, Stopped
from asynciojobs._text import duration_text
from asynciojobs.job import AbstractJob
from asynciojobs.timeline import Outcome, Timeline, heading

from ._inert import inert, inert_line
from ._rows import counts_text

__all__ = ["Summary", "heading_of", "name_of", "summary_of"]

LONGEST_REASON = 4000
"""How much of `why()` is shown (characters)."""


@dataclass(frozen=True)
class Summary:
    """What to say about a run."""

    name: str
    """The label of the scheduler, or its class."""
    words: str
    """How the run ended, in short."""
    why: str
    """The same, with the reason."""
    is_fine: bool
    began: str
    """When it began, with the date and the zone."""
    took: str
    counts: str
    """How many jobs there are at all depths, by outcome."""


def summary_of(scheduler: PureScheduler, timeline: Timeline) -> Summary:
    """Return what to say about the last run of a scheduler.

    Args:
        scheduler: the scheduler.
        timeline: the timeline of its last run.
    """
    record = record_of(scheduler)
    assert record is not None
    if timeline.is_live:
        words = why = "running"
    else:
        words, why = record.verdict.words, scheduler.why()
    return Summary(
        name=name_of(scheduler),
        words=words,
        why=inert(why, LONGEST_REASON),
        is_fine=timeline.is_live or isinstance(record.verdict, Fine | Stopped),
        began=timeline.began_at.isoformat(" ", "seconds"),
        took=duration_text(timeline.duration),
        counts=counts_text(_outcomes(timeline)),
    )


def heading_of(timeline: Timeline) -> str:
    """Return one line about a run, such as ``boots began 2030-01-31 12:00, and took 3.0 s``."""
    return heading(timeline, name_of(timeline.scheduler))


def name_of(scheduler: JobSet) -> str:
    """Return the label of a scheduler; if it has none, its class."""
    if isinstance(scheduler, AbstractJob) and scheduler.label is not None:
        return inert_line(scheduler._shown_text())
    return type(scheduler).__name__


def _outcomes(timeline: Timeline) -> Counter[Outcome]:
    """Return how many jobs have which outcome; nested schedulers don't count as jobs."""
    return Counter(
        span.outcome for span in timeline.spans if not isinstance(span.job, PureScheduler)
    )
