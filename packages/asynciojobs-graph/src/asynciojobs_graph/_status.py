"""How a job stands, as a picture tells it: by a colour, a sign, a word, and a duration."""

from __future__ import annotations

import enum
from typing import NamedTuple

from asynciojobs._dag.jobset import JobSet
from asynciojobs._outcomes import Phase
from asynciojobs._text import one_line
from asynciojobs.job import AnyJob

__all__ = ["Status", "duration_text", "status_of", "status_text"]


class Look(NamedTuple):
    """What distinguishes a status: a word, a sign that all fonts have, and a fill."""

    word: str
    sign: str
    fill: str


class Status(enum.Enum):
    """What a picture tells apart: the life cycle, and how it ended."""

    IDLE = Look("idle", "○", "#ffffff")
    SCHEDULED = Look("scheduled", "●", "#fff3c4")
    RUNNING = Look("running", "►", "#cfe3ff")
    STOPPED = Look("stopped", "■", "#e2e2e2")  # started, and cancelled at the end of the run
    DONE = Look("done", "√", "#d5efd2")
    FAILED = Look("failed", "‼", "#f9cdc8")  # a nested scheduler that answered False
    RAISED = Look("raised", "‼", "#f9cdc8")


def status_of(job: AnyJob) -> Status:
    """Return how the job stands."""
    match job._phase:
        case Phase.RUNNING:
            return Status.RUNNING if job.ended_at is None else Status.STOPPED
        case Phase.DONE if job.raised_exception() is not None:
            return Status.RAISED
        case Phase.DONE if isinstance(job, JobSet) and job.result() is False:
            return Status.FAILED
        case phase:
            return Status[phase.name]


def status_text(job: AnyJob) -> str:
    """Return one line such as ``‼ raised ValueError, 1.5 s``."""
    look = status_of(job).value
    parts = [f"{look.sign} {look.word}"]
    exception = job.raised_exception()
    if exception is not None:
        parts.append(f" {one_line(type(exception).__name__)}")
    duration = job.duration()
    if duration is not None:
        parts.append(f", {duration_text(duration)}")
    return "".join(parts)


def duration_text(seconds: float) -> str:
    """Return a duration in the unit that reads best.

    Example:
        >>> [duration_text(seconds) for seconds in (0.0204, 1.5, 75, 7260)]
        ['20 ms', '1.5 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 0.001:
        return "< 1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
