"""The status of a job as pictures show it: a colour, a sign, a word and a duration."""

from __future__ import annotations

import enum
from typing import NamedTuple

from asynciojobs._badge import UNICODE
from asynciojobs._dag.jobset import JobSet
from asynciojobs._outcomes import Phase
from asynciojobs._text import duration_text, one_line
from asynciojobs.job import phase_of

from ._picture import Node

__all__ = ["CULPRIT_BORDER", "Status", "status_of", "status_text", "style_of"]

CULPRIT_BORDER = {"color": "#b3161b", "penwidth": 4}
"""What makes it stand out from other failures, besides the fill."""

PHASES = UNICODE.phases


class Look(NamedTuple):
    """How a status looks: a word, its sign in listings, and a fill."""

    word: str
    sign: str
    fill: str


class Status(enum.Enum):
    """What pictures distinguish: the phases of jobs, and failures; only these are red."""

    IDLE = Look("idle", PHASES[Phase.IDLE], "#ffffff")
    SCHEDULED = Look("scheduled", PHASES[Phase.SCHEDULED], "#fff3c4")
    RUNNING = Look("running", PHASES[Phase.RUNNING], "#cfe3ff")
    STOPPED = Look("stopped", PHASES[Phase.STOPPED], "#e2e2e2")
    """It was started, and the end of the run cancelled it."""
    DONE = Look("done", UNICODE.fine, "#d5efd2")
    RESTORED = Look("restored", UNICODE.fine, "#d5efd2")
    """It was done in an earlier run, so it was not started in the last one."""
    FAILED = Look("failed", UNICODE.raised, "#fbdfdb")
    """A nested scheduler that returned ``False``."""
    RAISED = Look("raised", UNICODE.raised, "#fbdfdb")
    CULPRIT = Look("ended the run:", UNICODE.raised, "#f49a90")
    """It failed first: its exception ended the run, and other failures came with it."""
    FATAL = Look("failed the run:", UNICODE.raised, "#f49a90")
    """Its exception made the run fail, but jobs that did not depend on it went on."""
    SKIPPED = Look("skipped", PHASES[Phase.SKIPPED], "#e6e0f4")
    """It was not started, because a job that it depends on failed."""


def status_of(node: Node) -> Status:
    """Return the status of the job of a node."""
    job = node.job
    phase = phase_of(job)
    if phase is not Phase.DONE:
        return Status[phase.name]
    if job.raised_exception() is not None:
        if not node.is_culprit:
            return Status.RAISED
        return Status.FATAL if node.went_on else Status.CULPRIT
    has_failed = isinstance(job, JobSet) and job.result() is False
    if has_failed:
        return Status.FAILED
    return Status.RESTORED if node.is_restored else Status.DONE


def status_text(node: Node) -> str:
    """Return the status of a job as one line, such as ``✗ raised ValueError, 1.5 s``."""
    job = node.job
    look = status_of(node).value
    text = f"{look.sign} {look.word}"
    culprit = job.skipped_by()
    if culprit is not None:
        text = f"{text}: {culprit.repr_main()} failed"
    exception = job.raised_exception()
    if exception is not None:
        text = f"{text} {one_line(type(exception).__name__)}"
    duration = job.duration()
    if duration is not None:
        text = f"{text}, {duration_text(duration)}"
    return text


def style_of(node: Node, *, status: bool) -> dict[str, object]:
    """Return the DOT attributes of a node; with the status shown, the fill has its colour."""
    attributes: dict[str, object] = dict(node.job.dot_style())
    if status:
        style = str(attributes.get("style", ""))
        shown = status_of(node)
        if shown is Status.SKIPPED and not any(name in style for name in ("dashed", "dotted")):
            style = f"{style},dashed"
        attributes["style"] = f"{style},filled".removeprefix(",")
        attributes["fillcolor"] = shown.value.fill
        if shown in (Status.CULPRIT, Status.FATAL):
            attributes |= CULPRIT_BORDER
    return attributes
