"""The timeline of a run as a picture: in a file, and in a notebook."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from asynciojobs import PureScheduler
from asynciojobs.timeline import Link, Timeline

from ._chart import Chart, standalone
from ._files import write_with_suffix
from ._picture import check_depth
from ._rows import rows_of
from ._summary import heading_of

__all__ = ["export_as_timeline", "timeline_bundle"]

PLAIN = "text/plain"
SVG = "image/svg+xml"


def export_as_timeline(
    scheduler: PureScheduler, filename: str | os.PathLike[str], *, depth: int | None = None
) -> str:
    """Draw the last run of a scheduler as a timeline, to an SVG file.

    Args:
        scheduler: the scheduler.
        filename: the name of the file; ``.svg`` is added unless it is there.
        depth: how many levels of nested schedulers to open; ``None`` opens all.

    Returns:
        the name of the file.

    Raises:
        RuntimeError: the scheduler never ran.
        TypeError: the depth is not an int.
        ValueError: the depth is negative.
        OSError: the file can't be written.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> s = Scheduler(Scheduler(PrintJob("hello"), label="inner"), label="outer")
        >>> s.run()
        hello
        True
        >>> export_as_timeline(s, "overview", depth=0)
        'overview.svg'
    """
    check_depth(depth)
    picture = _picture(scheduler.timeline(), scheduler.bottleneck(), depth)
    return write_with_suffix(filename, ".svg", picture)


def timeline_bundle(
    timeline: Timeline,
    *,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
) -> dict[str, str]:
    """Return a timeline as a picture and as plain text, by their MIME types.

    Args:
        timeline: the timeline.
        include: the MIME types to return; ``None`` returns all.
        exclude: the MIME types to leave out.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> s = Scheduler(PrintJob("hello"))
        >>> s.run()
        hello
        True
        >>> sorted(timeline_bundle(s.timeline()))
        ['image/svg+xml', 'text/plain']
    """
    makers = {PLAIN: lambda: str(timeline), SVG: lambda: _picture_of(timeline)}
    wanted = makers.keys() if include is None else makers.keys() & set(include)
    return {kind: makers[kind]() for kind in makers if kind in wanted - set(exclude or ())}


def _picture_of(timeline: Timeline) -> str:
    """Return the SVG of a timeline, with the bottleneck if the scheduler has not run again."""
    scheduler = timeline.scheduler
    assert isinstance(scheduler, PureScheduler)
    is_last = scheduler.timeline().began_at == timeline.began_at
    return _picture(timeline, scheduler.bottleneck() if is_last else (), None)


def _picture(timeline: Timeline, bottleneck: Sequence[Link], depth: int | None) -> str:
    rows = rows_of(timeline.spans, [link.job for link in bottleneck], depth=depth)
    chart = Chart(rows, timeline.duration, timeline.began_at, bottleneck)
    return standalone(chart, heading_of(timeline))
