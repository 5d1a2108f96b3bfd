"""A Gantt chart of a run, as text: a line with a bar for each job."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from .._widths import columns_of
from .columns import cut, padded

__all__ = ["WIDTH", "Bar", "Number", "exact", "gantt", "rounding"]

WIDTH = 50
"""The usual length of the time axis (characters)."""

MAX_LABEL = 40
"""How wide the name of a job may be (columns); longer names are cut."""

NARROW = 10
"""The smallest length of the time axis (characters)."""

Number: TypeAlias = Callable[[float], str]
"""Takes a time, and returns it as text."""


class Bar(NamedTuple):
    """A job in the chart. A time is ``None`` if the job did not get that far (seconds)."""

    name: str
    depth: int
    """How many nested schedulers are around the job."""
    scheduled: float | None
    started: float | None
    ended: float | None
    outcome: str
    """``done``, ``failed`` or ``cancelled``. If it did not start: the reason, or ``""``."""


def exact(time: float) -> str:
    """Return a time as text: six digits, or as many as milliseconds need."""
    return f"{time:.6g}" if abs(time) < 1000 else f"{round(time, 3):.15g}"


def rounding(duration: float) -> Number:
    """Return a function that rounds times to a hundredth of a duration, or finer.

    Example:
        >>> [rounding(duration)(0.0305) for duration in (0.05, 5, 5000)]
        ['0.0305', '0.03', '0']
    """
    digits = max(0, 2 - math.floor(math.log10(duration))) if duration > 0 else 0

    def rounded(time: float) -> str:
        text = f"{time:.{digits}f}"
        return text.rstrip("0").rstrip(".") if digits else text

    return rounded


def gantt(
    bars: Sequence[Bar],
    extent: tuple[float, float],
    *,
    columns: int | None = None,
    more: str = "",
    number: Number = exact,
) -> str:
    """Return the chart, as lines of text.

    Args:
        bars: the jobs.
        extent: the first and the last time that it shows (seconds).
        columns: the largest width of the chart; by default, the time axis has its usual length.
        more: a line below the bars, about the jobs that are left out.
        number: returns a time as text.

    Example:
        >>> bars = [Bar("a", 0, 0, 0, 1, "done"), Bar("b", 0, 1, 2, 4, "failed")]
        >>> print(gantt(bars, (0, 4)))
        a  |############                                      |  0 - 1  done
        b  |            .............#########################|  2 - 4  failed
           0 s                                             4 s
    """
    if not bars:
        return "(no jobs)"
    widest = MAX_LABEL if columns is None else min(MAX_LABEL, max(NARROW, columns // 3))
    names = ["  " * bar.depth + cut(bar.name, widest) for bar in bars]
    captions = [caption(bar, number) for bar in bars]
    margin = max(map(columns_of, names))
    width = WIDTH
    if columns is not None:
        width = max(NARROW, columns - margin - max(map(columns_of, captions)) - 6)
    lines = [
        f"{padded(name, margin)}  |{drawing(bar, extent, width)}|  {text}"
        for name, bar, text in zip(names, bars, captions, strict=True)
    ]
    if more:
        lines.append(more)
    return "\n".join([*lines, f"{'':{margin}}  {axis(extent, width, number)}"])


def drawing(bar: Bar, extent: tuple[float, float], width: int) -> str:
    """Return the bar itself: dots while the job waits for slots, hashes while it runs."""
    first, last = extent
    scale = (width / (last - first)) if last > first else 0

    def column(time: float | None) -> int:
        return int(((last if time is None else time) - first) * scale)

    if bar.scheduled is None and bar.started is None:
        return " " * width
    scheduled = bar.started if bar.scheduled is None else bar.scheduled
    waits, stops = column(scheduled), column(bar.ended)
    runs = stops if bar.started is None else column(bar.started)
    if bar.started is not None:  # a job that took no time is visible too
        runs = min(runs, width - 1)
        waits, stops = min(waits, runs), max(stops, runs + 1)
    text = " " * waits + "." * (runs - waits) + "#" * (stops - runs)
    return text[:width].ljust(width)


def caption(bar: Bar, number: Number) -> str:
    """Return the times of a job, and how it ended."""
    if bar.started is None:
        return bar.outcome or "never started"
    if bar.ended is None:
        return f"{number(bar.started)} - …  running"
    return f"{number(bar.started)} - {number(bar.ended)}  {bar.outcome}"


def axis(extent: tuple[float, float], width: int, number: Number) -> str:
    """Return the line below the bars: the first and the last time."""
    left, right = (f"{number(time)} s" for time in extent)
    return f"{left}{right:>{max(width + 1 - len(left), len(right) + 1)}}"
