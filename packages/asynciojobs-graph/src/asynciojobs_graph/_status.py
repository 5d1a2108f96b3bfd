"""The status of a job, as a picture shows it: a colour, a sign, a word and a duration."""

from __future__ import annotations

import enum
from typing import NamedTuple

from asynciojobs._dag.jobset import JobSet
from asynciojobs._outcomes import Phase
from asynciojobs._text import duration_text, one_line
from asynciojobs.job import AnyJob, phase_of

__all__ = ["Status", "status_of", "status_text", "style_of"]


class Look(NamedTuple):
    """How a status looks: a word, a sign that all fonts have, and the colour of the fill."""

    word: str
    sign: str
    fill: str


class Status(enum.Enum):
    """What pictures distinguish: the phases of jobs, and two kinds of failures."""

    IDLE = Look("idle", "○", "#ffffff")
    SCHEDULED = Look("scheduled", "●", "#fff3c4")
    RUNNING = Look("running", "►", "#cfe3ff")
    STOPPED = Look("stopped", "■", "#e2e2e2")  # started, then cancelled at the end of the run
    DONE = Look("done", "√", "#d5efd2")
    FAILED = Look("failed", "‼", "#f9cdc8")  # a nested scheduler that returned False
    RAISED = Look("raised", "‼", "#f9cdc8")


def status_of(job: AnyJob) -> Status:
    """Return the status of a job."""
    phase = phase_of(job)
    return _status_of_done(job) if phase is Phase.DONE else Status[phase.name]


def _status_of_done(job: AnyJob) -> Status:
    if job.raised_exception() is not None:
        return Status.RAISED
    has_failed = isinstance(job, JobSet) and job.result() is False
    return Status.FAILED if has_failed else Status.DONE


def status_text(job: AnyJob) -> str:
    """Return the status of a job as one line, such as ``‼ raised ValueError, 1.5 s``."""
    look = status_of(job).value
    text = f"{look.sign} {look.word}"
    exception = job.raised_exception()
    if exception is not None:
        text = f"{text} {one_line(type(exception).__name__)}"
    duration = job.duration()
    if duration is not None:
        text = f"{text}, {duration_text(duration)}"
    return text


def style_of(job: AnyJob, *, status: bool) -> dict[str, object]:
    """Return the DOT attributes of a job; if the status is shown, its colour is the fill."""
    attributes: dict[str, object] = dict(job.dot_style())
    if status:
        style = str(attributes.get("style", ""))
        attributes["style"] = f"{style},filled".removeprefix(",")
        attributes["fillcolor"] = status_of(job).value.fill
    return attributes
