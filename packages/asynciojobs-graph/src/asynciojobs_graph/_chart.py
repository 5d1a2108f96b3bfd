"""A timeline as an SVG: each job has a row with its waiting, its bar, and its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from asynciojobs._badge import UNICODE
from asynciojobs._outcomes import Phase
from asynciojobs._text import duration_text
from asynciojobs.job import AnyJob
from asynciojobs.timeline import Link, Outcome, Span

from ._axis import Tick, clock_text, ticks
from ._inert import escaped, inert_line, inert_path
from ._resources import text_of
from ._rows import Row, Rows, counts_text
from ._spans import running_of, waiting_of
from ._widths import fitted, width_in_ems

__all__ = ["SIGNS", "Chart", "label_of", "standalone"]

SIGNS = {
    Outcome.DONE: UNICODE.fine,
    Outcome.FAILED: UNICODE.raised,
    Outcome.STOPPED: UNICODE.phases[Phase.STOPPED],
    Outcome.SKIPPED: UNICODE.phases[Phase.SKIPPED],
    Outcome.RESTORED: "↺",
    Outcome.IDLE: UNICODE.phases[Phase.IDLE],
    Outcome.RUNNING: UNICODE.phases[Phase.RUNNING],
}

# All sizes are in pixels. The picture has a fixed size, so that names stay readable.
FONT_SIZE = 12
ROW = 20
BAR = 10
OPEN_BAR = 4  # for a nested scheduler whose jobs are below it
WAITING = 2
TRACK = 3  # below the bar
LEAST = 1.5  # so that a bar of no length can be seen, too
INDENT = 14
MARGIN = 12
NAMES = (90, 320)  # the least and the largest width of the column of names
CHART = 800
NOTES = 140
AXIS = 36  # two lines
HEADING = 28
LEGEND = 28
DEEPEST_INDENT = 8  # levels


class Chart(NamedTuple):
    """What is drawn.

    Args:
        rows: the rows.
        duration: how long the run took (seconds).
        began_at: the time of day at its beginning.
        bottleneck: the links of the bottleneck.
    """

    rows: Rows
    duration: float
    began_at: datetime
    bottleneck: Sequence[Link] = ()

    def svg(self, *, heading: str = "", style: str = "") -> str:
        """Return the SVG element.

        Args:
            heading: a line above the chart; may be empty.
            style: the style sheet, if the page around the SVG does not have it.
        """
        return "\n".join(_Drawing(self, heading).lines(style))


def standalone(chart: Chart, heading: str) -> str:
    """Return the text of an SVG file."""
    return f"{chart.svg(heading=heading, style=text_of('_chart.css'))}\n"


def label_of(span: Span) -> str:
    """Return the label of a job as it is shown: on one line."""
    return inert_line(span.label)


class _Drawing:
    """One chart with the places of its parts.

    Attributes:
        left: where the time axis begins.
        top: where the first row begins.
        bottom: where the last row ends.
        width: the width of the picture.
        height: the height of the picture.
    """

    def __init__(self, chart: Chart, heading: str) -> None:
        self.chart = chart
        self.heading = heading
        self.rows = chart.rows.shown
        self.names = [_name(row) for row in self.rows]
        widest = max(map(_width, self.rows, self.names), default=0.0)
        self.left = MARGIN + min(max(widest, NAMES[0]), NAMES[1]) + MARGIN
        self.top = MARGIN + (HEADING if heading else 0) + AXIS
        self.bottom = self.top + ROW * len(self.rows)
        self.width = self.left + CHART + MARGIN + NOTES
        self.height = self.bottom + AXIS + LEGEND + MARGIN

    def x(self, seconds: float) -> float:
        """Return the place of a time on the axis."""
        share = seconds / self.chart.duration if self.chart.duration > 0 else 0.0
        return self.left + CHART * min(max(share, 0.0), 1.0)

    def lines(self, style: str) -> Iterator[str]:
        size = f"{_number(self.width)} {_number(self.height)}"
        width, height = size.split()
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" '
            f'width="{width}" height="{height}" viewBox="0 0 {size}">'
        )
        yield f"<title>{escaped(self.heading or 'Timeline')}</title>"
        if style:
            yield f"<style>\n{style}</style>"
        yield f'<rect class="paper" width="{width}" height="{height}"/>'
        if self.heading:
            yield _text("heading", MARGIN, MARGIN + 14, self.heading)
        axis = fitting_ticks(self.chart.duration, self.chart.began_at)
        yield from self.axis(axis, self.top - AXIS + 12)
        yield from self.stripes()
        yield from self.grid(axis)
        for index, row in enumerate(self.rows):
            yield self.row(row, index)
        yield from self.axis(axis, self.bottom + 16)
        yield from self.track()
        yield from self.legend()
        yield "</svg>"

    # -- the axis

    def axis(self, axis: Iterable[Tick], y: float) -> Iterator[str]:
        """Yield the two lines of text of the axis: the time of day, and seconds."""
        for tick in axis:
            yield _text("middle", self.x(tick.seconds), y, tick.clock)
            yield _text("middle soft", self.x(tick.seconds), y + 14, tick.text)

    def grid(self, axis: Iterable[Tick]) -> Iterator[str]:
        for tick in axis:
            x = _number(self.x(tick.seconds))
            yield f'<path class="grid" d="M{x} {self.top}V{self.bottom}"/>'

    # -- the rows

    def stripes(self) -> Iterator[str]:
        """Yield a stripe for every second row, to guide the eye."""
        for index in range(1, len(self.rows), 2):
            yield _rect("stripe", 0, self.top + ROW * index, self.width, ROW)

    def row(self, row: Row, index: int) -> str:
        span = row.span
        y = self.top + ROW * index
        kinds = ["row", span.outcome.value]
        kinds += ["nested"] * row.is_nested + ["slow"] * row.holds_back
        indent = _indent(row)
        room = self.left - MARGIN - MARGIN - indent + 1  # +1: sums of widths are not exact
        name = fitted(self.names[index], room / FONT_SIZE / _boldness(row))
        return "".join(
            (
                f'<g class="{" ".join(kinds)}"><title>{escaped(self.hint(row))}</title>',
                _rect("whole", 0, y, self.width, ROW),
                _text("name", MARGIN + indent, y + 14, name),
                *self.bars(row, y + ROW / 2),
                _text("note", self.left + CHART + MARGIN, y + 14, _note(span)),
                "</g>",
            )
        )

    def bars(self, row: Row, middle: float) -> Iterator[str]:
        """Yield the waiting of a job, if it waited, and its bar, if it started."""
        waiting, running = waiting_of(row.span), running_of(row.span)
        if waiting is not None:
            begin, end = map(self.x, waiting)
            yield _rect("waiting", begin, middle - WAITING / 2, end - begin, WAITING)
        if running is not None:
            height = OPEN_BAR if row.is_nested and not row.left_out else BAR
            begin, end = map(self.x, running)
            begin = min(begin, self.left + CHART - LEAST)
            yield _rect("bar", begin, middle - height / 2, max(end - begin, LEAST), height)

    def hint(self, row: Row) -> str:
        """Return the text to show when the pointer is over a row."""
        span = row.span
        lines = [inert_path(span.path), _note(span)]
        for word, seconds in (("started", span.start), ("ended", span.end)):
            if seconds is not None:
                clock = clock_text(self.chart.began_at, seconds, 0.001)
                lines.append(f"{word} {clock}, at {seconds:,.3f} s")
        if span.waited > 0:
            lines.append(f"waited {duration_text(span.waited)}")
        if row.holds_back:
            lines.append("part of the bottleneck")
        if row.left_out:
            lines.append(f"not shown inside: {counts_text(row.left_out)}")
        return "\n".join(lines)

    # -- the bottleneck

    def track(self) -> Iterator[str]:
        """Yield the line along the bottleneck, from the beginning of the run to its end."""
        places = {row.span.job: index for index, row in enumerate(self.rows)}
        points: list[str] = []
        for link in self.chart.bottleneck:
            index = _place(link.span, places)
            if index is not None:
                y = _number(self.top + ROW * (index + 1) - TRACK)
                points += [f"{_number(self.x(at))},{y}" for at in (link.start, link.end)]
        if points:
            yield f'<polyline class="track" points="{" ".join(points)}"/>'

    # -- the legend

    def legend(self) -> Iterator[str]:
        """Yield a sample of each sign in the chart, with a word."""
        spans = [row.span for row in self.rows]
        seen = {span.outcome for span in spans if span.start is not None}
        kinds = [outcome.value for outcome in Outcome if outcome in seen]
        kinds += ["waiting"] * any(span.waited > 0 for span in spans)
        kinds += ["bottleneck"] * bool(self.chart.bottleneck)
        x, y = self.left, self.bottom + AXIS + LEGEND - 4
        for kind in kinds:
            yield f'<g class="{kind}">{_sample(kind, x, y)}{_text("", x + 30, y, kind)}</g>'
            x += 30 + 6 * len(kind) + 30


def fitting_ticks(duration: float, began_at: datetime) -> list[Tick]:
    """Return as many ticks as there is room for; there is always room for three intervals."""
    every = (ticks(duration, began_at, most) for most in (10, 7, 5, 3))
    return next(axis for axis in every if _have_room(axis, duration))


def _have_room(axis: Sequence[Tick], duration: float) -> bool:
    if len(axis) < 2:
        return True
    room = CHART * axis[1].seconds / duration
    widest = max(width_in_ems(text) for tick in axis for text in (tick.clock, tick.text))
    return widest * FONT_SIZE < room


def _name(row: Row) -> str:
    """Return the label of a job; for a closed scheduler, with the number of jobs inside."""
    label = label_of(row.span)
    count = row.left_out.total()
    return f"{label} (+{count:,})" if count else label


def _width(row: Row, name: str) -> float:
    """Return the width of a name in the column, with its indent."""
    return _indent(row) + width_in_ems(name) * _boldness(row) * FONT_SIZE


def _boldness(row: Row) -> float:
    """Return how many times as wide a name is, since it may be bold."""
    return 1.1 if row.is_nested or row.holds_back else 1.0


def _indent(row: Row) -> float:
    return INDENT * min(row.span.depth, DEEPEST_INDENT)


def _note(span: Span) -> str:
    """Return how a job ended, and how long it ran."""
    word = "" if span.outcome is Outcome.DONE else f" {span.outcome.value}"
    took = "" if span.seconds is None else f" {duration_text(span.seconds)}"
    return f"{SIGNS[span.outcome]}{word}{',' * bool(word and took)}{took}"


def _place(span: Span, places: dict[AnyJob, int]) -> int | None:
    """Return the row of a job, or of the innermost scheduler around it that has a row."""
    step: Span | None = span
    while step is not None and step.job not in places:
        step = step.around
    return None if step is None else places[step.job]


def _sample(kind: str, x: float, y: float) -> str:
    middle = y - 4
    if kind == "waiting":
        return _rect("waiting", x, middle - WAITING / 2, 24, WAITING)
    if kind == "bottleneck":
        return f'<path class="track" d="M{_number(x)} {_number(middle)}h24"/>'
    return _rect("bar", x, middle - BAR / 2, 24, BAR)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    numbers = (
        f'{name}="{_number(value)}"'
        for name, value in (("x", x), ("y", y), ("width", width), ("height", height))
    )
    return f'<rect class="{kind}" {" ".join(numbers)}/>'


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{_number(x)}" y="{_number(y)}">{escaped(text)}</text>'


def _number(value: float) -> str:
    """Return a number of pixels, as short as possible.

    Example:
        >>> _number(12.0), _number(0.123)
        ('12', '0.12')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")
