"""What a notebook shows if the value of a cell is a scheduler."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

from asynciojobs._dag.jobset import JobSet
from asynciojobs._dag.outline import iterate_jobs
from asynciojobs._log import warn
from asynciojobs.job import AbstractJob

from ._errors import DrawingError, MissingProgramError
from ._programs import draw
from .dot import dot_format
from .mermaid import mermaid_format

__all__ = ["MERMAID", "mime_bundle", "note_failure"]

PLAIN = "text/plain"
SVG = "image/svg+xml"
MERMAID = "text/vnd.mermaid"

PATIENCE = 10.0
"""How long drawing the picture of a cell may take (seconds)."""


def mime_bundle(
    job_set: JobSet,
    *,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
) -> dict[str, str]:
    """Return a scheduler as a picture and as plain text, by their MIME types.

    The picture is SVG if it can be drawn within ten seconds, otherwise Mermaid. It shows the
    status of the jobs if any of them has been scheduled.

    Args:
        job_set: the scheduler.
        include: the MIME types to return; ``None`` returns all.
        exclude: the MIME types to leave out.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> a, b = PrintJob("a", label="a"), PrintJob("b", label="b")
        >>> s = Scheduler(a, b.requires(a), label="two")
        >>> mime_bundle(s, include=["text/plain"])
        {'text/plain': '!   ·   <Scheduler `two`> [not done]'}
    """
    wanted = {PLAIN, SVG, MERMAID} if include is None else set(include)
    wanted.difference_update(exclude or ())
    bundle = {PLAIN: repr(job_set)}
    if wanted & {SVG, MERMAID} and _can_show_pictures():
        bundle |= _drawn(job_set, as_svg=SVG in wanted)
    return {kind: data for kind, data in bundle.items() if kind in wanted}


def _drawn(job_set: JobSet, *, as_svg: bool) -> dict[str, str]:
    jobs = iterate_jobs(job_set, scan_schedulers=True)
    status = any(isinstance(job, AbstractJob) and not job.is_idle() for job in jobs)
    if as_svg:
        try:
            text = dot_format(job_set, status=status)
            return {SVG: draw(text, "svg", seconds=PATIENCE).decode()}
        except (MissingProgramError, DrawingError) as error:
            note_failure(error)
    return {MERMAID: mermaid_format(job_set, status=status)}


def note_failure(error: MissingProgramError | DrawingError) -> None:
    """Log why a notebook shows Mermaid, unless there just is no drawing program."""
    if isinstance(error, DrawingError):
        warn("shown as Mermaid, since %s", error)


def _can_show_pictures() -> bool:
    """Return whether drawing is worthwhile: IPython in a terminal shows only text."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return not shell or SVG in shell.display_formatter.active_types
