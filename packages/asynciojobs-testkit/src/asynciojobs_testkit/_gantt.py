"""A Gantt chart of a run, as text: a line with a bar for each job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asynciojobs._widths import columns_of

from ._columns import cut, padded

__all__ = ["Bar", "gantt"]

WIDTH = 50
"""The length of the time axis (characters)."""

MAX_JOBS = 100
"""How many jobs a chart shows."""


MAX_LABEL = 40
"""How wide the name of a job may be (columns); longer ones are cut."""


class Bar(NamedTuple):
    """A job in the chart. A time is ``None`` if the job did not get that far (seconds)."""

    name: str
    depth: int
    """How many nested schedulers are around the job."""
    scheduled: float | None
    started: float | None
    ended: float | None
    outcome: str
    """``done``, ``failed`` or ``cancelled``; for a job that did not start, why, or nothing."""


def gantt(bars: Sequence[Bar], end: float) -> str:
    """Return the chart, as lines of text.

    Args:
        bars: the jobs.
        end: where the bars end of jobs that have not ended (seconds).

    Example:
        >>> print(gantt([Bar("a", 0, 0, 0, 1, "done"), Bar("b", 0, 1, 2, 4, "failed")], 4))
        a  |############                                      |  0 - 1  done
        b  |            .............#########################|  2 - 4  failed
           0 s                                             4 s
    """
    if not bars:
        return "(no jobs)"
    times = [time for bar in bars for time in (bar.scheduled, bar.started, bar.ended)]
    known = [time for time in times if time is not None]
    first, last = min(known, default=0.0), max([*known, end])
    names = ["  " * bar.depth + cut(bar.name, MAX_LABEL) for bar in bars[:MAX_JOBS]]
    margin = max(map(columns_of, names))
    lines = [
        f"{padded(name, margin)}  |{drawing(bar, first, last)}|  {caption(bar)}"
        for name, bar in zip(names, bars, strict=False)
    ]
    if len(bars) > MAX_JOBS:
        lines.append(f"… and {len(bars) - MAX_JOBS} more jobs")
    return "\n".join([*lines, f"{'':{margin}}  {axis(first, last)}"])


def drawing(bar: Bar, first: float, last: float) -> str:
    """Return the bar itself: dots while the job waits for slots, hashes while it runs."""
    scale = (WIDTH / (last - first)) if last > first else 0

    def column(time: float | None) -> int:
        return int(((last if time is None else time) - first) * scale)

    if bar.scheduled is None and bar.started is None:
        return " " * WIDTH
    scheduled = bar.started if bar.scheduled is None else bar.scheduled
    waits, stops = column(scheduled), column(bar.ended)
    runs = stops if bar.started is None else column(bar.started)
    if bar.started is not None:  # a job that took no time is visible too
        runs = min(runs, WIDTH - 1)
        waits, stops = min(waits, runs), max(stops, runs + 1)
    text = " " * waits + "." * (runs - waits) + "#" * (stops - runs)
    return text[:WIDTH].ljust(WIDTH)


def caption(bar: Bar) -> str:
    """Return the times of a job, and how it ended."""
    if bar.started is None:
        return bar.outcome or "never started"
    if bar.ended is None:
        return f"{number(bar.started)} - …  running"
    return f"{number(bar.started)} - {number(bar.ended)}  {bar.outcome}"


def axis(first: float, last: float) -> str:
    """Return the line below the bars: the first and the last time."""
    left, right = f"{number(first)} s", f"{number(last)} s"
    return f"{left}{right:>{max(WIDTH + 1 - len(left), len(right) + 1)}}"


def number(time: float) -> str:
    """Return a time as text: six digits, or more if it takes more to show milliseconds."""
    return f"{time:.6g}" if abs(time) < 1000 else f"{round(time, 3):.15g}"
