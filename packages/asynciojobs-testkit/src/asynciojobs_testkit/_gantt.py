"""A run as a picture in text: a line for each job, and its bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Bar", "gantt"]

WIDTH = 50
"""The length of the time axis (characters)."""

SHOWN = 100
"""How many jobs are shown."""


class Bar(NamedTuple):
    """A job in the picture; its times are in seconds, ``None`` where it did not come so far."""

    name: str
    depth: int
    """How many schedulers are around it."""
    scheduled: float | None
    started: float | None
    ended: float | None
    end: str
    """``done``, ``failed`` or ``cancelled``."""


def gantt(bars: Sequence[Bar], end: float) -> str:
    """Return the picture, as lines of text.

    Args:
        bars: the jobs.
        end: up to when those have come that have not ended (seconds).

    Example:
        >>> print(gantt([Bar("a", 0, 0, 0, 1, "done"), Bar("b", 0, 1, 2, 4, "failed")], 4))
        a  |############                                      |  0 - 1  done
        b  |            .............#########################|  2 - 4  failed
           0 s                                             4 s
    """
    if not bars:
        return "(no jobs)"
    times = [time for bar in bars for time in bar[2:5] if isinstance(time, int | float)]
    first, last = min(times, default=0.0), max([*times, end])
    names = ["  " * bar.depth + bar.name for bar in bars]
    margin = max(map(len, names[:SHOWN]))
    lines = [
        f"{name:{margin}}  |{drawn(bar, first, last)}|  {told(bar)}"
        for name, bar in zip(names[:SHOWN], bars, strict=False)
    ]
    if len(bars) > SHOWN:
        lines.append(f"… and {len(bars) - SHOWN} more jobs")
    left, right = f"{shown(first)} s", f"{shown(last)} s"
    axis = f"{left}{right:>{max(WIDTH + 1 - len(left), len(right) + 1)}}"
    return "\n".join([*lines, f"{'':{margin}}  {axis}"])


def drawn(bar: Bar, first: float, last: float) -> str:
    """Return the bar: dots where the job waits for a slot, hashes where it runs."""
    scale = (WIDTH / (last - first)) if last > first else 0

    def column(time: float) -> int:
        return int((time - first) * scale)

    if bar.scheduled is None and bar.started is None:
        return " " * WIDTH
    started = last if bar.started is None else bar.started
    scheduled = started if bar.scheduled is None else bar.scheduled
    ended = last if bar.ended is None else bar.ended
    waits, runs, stops = column(scheduled), column(started), column(ended)
    if bar.started is not None:  # a job that takes no time is seen all the same
        runs = min(runs, WIDTH - 1)
        waits, stops = min(waits, runs), max(stops, runs + 1)
    text = " " * waits + "." * (runs - waits) + "#" * (stops - runs)
    return text[:WIDTH].ljust(WIDTH)


def told(bar: Bar) -> str:
    """Return the times of a job, and how it ended."""
    if bar.started is None:
        return "never started"
    if bar.ended is None:
        return f"{shown(bar.started)} - …  running"
    return f"{shown(bar.started)} - {shown(bar.ended)}  {bar.end}"


def shown(time: float) -> str:
    """Return a time in six digits, or in more if these do not tell its milliseconds."""
    return f"{time:.6g}" if abs(time) < 1000 else f"{round(time, 3):.15g}"
