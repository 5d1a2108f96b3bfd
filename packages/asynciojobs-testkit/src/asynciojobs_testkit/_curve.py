"""The curve of a `WhatIf`, as SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from asynciojobs._timeline.gantt import rounding

__all__ = ["Curve", "Point", "curves_as_svg"]

WIDTH, HEIGHT = 640, 360
"""The size of the picture (pixels)."""

SIZE = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'

LEFT, RIGHT, TOP, BOTTOM = 70, 150, 24, 48
"""The margins around the area of the curves (pixels)."""

STROKES = ("#1f6fb4", "#c06a00", "#2b8a3e", "#8e44ad", "#b02a5b", "#5c6f7c")

STYLE = """
  text { font: 12px sans-serif; fill: #222 }
  .axis { stroke: #888; fill: none }
  .bound { stroke: #888; fill: none; stroke-dasharray: 4 3 }
  .curve { fill: none; stroke-width: 2 }
  .good { fill: none; stroke: #222; stroke-width: 1.5 }
  .back { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd }
    .good { stroke: #ddd }
    .back { fill: #1b1b1b }
  }
"""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Curve(NamedTuple):
    """How long a run takes, by the number of slots."""

    name: str
    points: Sequence[Point]


class Point(NamedTuple):
    """A point of a curve."""

    mark: str
    """The number of slots, as text."""
    seconds: float | None
    """How long a run takes; ``None`` if it can't run with these slots."""
    bound: float
    """The lower bound: no run takes less (seconds)."""


def curves_as_svg(curves: Sequence[Curve], x_label: str, good: tuple[int, int] | None) -> str:
    """Return curves as a picture.

    Args:
        curves: the curves, at least one; all have the same numbers of slots.
        x_label: what these numbers are.
        good: the point to circle: the index of its curve, and its index in the curve.
    """
    marks = [point.mark for point in curves[0].points]
    most = max(point.seconds or 0.0 for curve in curves for point in curve.points) or 1.0
    frame = Frame(len(marks), most)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {SIZE} role="img">',
        f"<title>{text('What if: seconds by ' + x_label)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
        *axes(frame, marks, x_label),
    ]
    for rank, curve in enumerate(curves):
        parts += drawn(frame, curve, rank, with_name=len(curves) > 1)
    if good is not None:
        number, at = good
        x, y = frame.place(at, curves[number].points[at].seconds or 0.0)
        parts.append(f'<circle class="good" cx="{x}" cy="{y}" r="7"/>')
    return "\n".join([*parts, "</svg>\n"])


class Frame(NamedTuple):
    """The area of the curves."""

    marks: int
    """How many points a curve has."""
    most: float
    """The largest value (seconds)."""

    def place(self, index: int, seconds: float) -> tuple[float, float]:
        """Return where a point is (pixels)."""
        across = (WIDTH - LEFT - RIGHT) * (index / (self.marks - 1) if self.marks > 1 else 0.5)
        down = (HEIGHT - TOP - BOTTOM) * (1 - seconds / self.most)
        return round(LEFT + across, 1), round(TOP + down, 1)


def axes(frame: Frame, marks: Sequence[str], x_label: str) -> list[str]:
    """Return the axes, with their texts."""
    number = rounding(frame.most)
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>']
    for share in (0.0, 0.5, 1.0):
        seconds = share * frame.most
        _, y = frame.place(0, seconds)
        label = text(f"{number(seconds)} s")
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{label}</text>')
    step = -(-len(marks) // 16)  # there is room for 16 texts
    for index in range(0, len(marks), step or 1):
        x, _ = frame.place(index, 0)
        label = text(marks[index])
        parts.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    middle = (LEFT + right) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{text(x_label)}</text>'
    )
    return parts


def drawn(frame: Frame, curve: Curve, rank: int, *, with_name: bool) -> list[str]:
    """Return one curve, with a dashed line for its lower bound."""
    stroke = STROKES[rank % len(STROKES)]
    shown = [(at, point) for at, point in enumerate(curve.points) if point.seconds is not None]
    places = [frame.place(at, point.seconds or 0.0) for at, point in shown]
    bounds = [frame.place(at, min(point.bound, frame.most)) for at, point in shown]
    parts = [
        f'<polyline class="bound" points="{joined(bounds)}"/>',
        f'<polyline class="curve" stroke="{stroke}" points="{joined(places)}"/>',
    ]
    number = rounding(frame.most)
    for (x, y), (_, point) in zip(places, shown, strict=True):
        title = text(f"{point.mark}: {number(point.seconds or 0.0)} s")
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="3" fill="{stroke}"><title>{title}</title></circle>'
        )
    if with_name:
        y = TOP + 16 * rank
        x = WIDTH - RIGHT + 16
        parts.append(f'<path stroke="{stroke}" stroke-width="2" d="M{x} {y}h16"/>')
        parts.append(f'<text x="{x + 22}" y="{y + 4}">{text(curve.name)}</text>')
    return parts


def joined(places: Sequence[tuple[float, float]]) -> str:
    """Return the points of a line."""
    return " ".join(f"{x},{y}" for x, y in places)


def text(words: str) -> str:
    """Escape a text so that it shows as it is, whatever characters it has."""
    return escape(NOT_IN_XML.sub("\ufffd", words))
