"""The table of jobs in a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from asynciojobs._text import duration_text
from asynciojobs.job import AnyJob, requirements_of
from asynciojobs.timeline import Timeline

from ._axis import clock_text
from ._chart import SIGNS, label_of
from ._inert import inert_line
from ._markup import Child, Markup, element, join, scrolling
from ._outcome_cells import folded, result_of
from ._rows import Row, counts_text

__all__ = ["JobsTable", "clock_of", "link_to", "row_id"]

COLUMNS = (
    ("#", "number"),
    ("Job", "job"),
    ("State", "state"),
    ("Start", "number"),
    ("Duration", "number"),
    ("Waited", "number"),
    ("Requires", "requires"),
    ("Result", "result"),
)

MOST_REQUIREMENTS = 10
"""How many requirements of a job are named."""

DEEPEST_INDENT = 8
"""How many levels have a style of their own."""

LONGEST_NAME = 60
"""How much of the label of another job is shown (characters)."""

LONGEST_KEY = 80
"""How much of a text is used to sort rows (characters)."""


def row_id(job: AnyJob) -> str:
    """Return the id of the row of a job; the jobs must be numbered already."""
    return f"job-{job.repr_id()}"


class JobsTable(NamedTuple):
    """The table.

    Args:
        timeline: the run.
        rows: the jobs to show.
        tracebacks: the tracebacks of jobs that raised.
        shown: the jobs of the rows.
    """

    timeline: Timeline
    rows: Sequence[Row]
    tracebacks: Mapping[AnyJob, str]
    shown: Collection[AnyJob]

    def markup(self) -> Markup:
        """Return the search fields, which only the script shows, and the table."""
        heads = (element("th", name, scope="col", class_=kind) for name, kind in COLUMNS)
        table = element(
            "table",
            element("caption", "The jobs, those of a nested scheduler below it"),
            element("thead", element("tr", *heads)),
            "\n",
            element("tbody", *map(self.row, self.rows)),
            id="jobs",
        )
        return join(self.search(), scrolling("Jobs", table))

    def search(self) -> Markup:
        """Return the fields that filter the rows."""
        outcomes = Counter(row.span.outcome for row in self.rows)
        options = (
            element("option", f"{outcome.value} ({count:,})", value=outcome.value)
            for outcome, count in outcomes.most_common()
        )
        every = element("option", "all", value="")
        return element(
            "div",
            element("label", "Words ", element("input", type="search", autocomplete="off")),
            element("label", "State ", element("select", every, *options)),
            element("output", aria_live="polite"),
            id="search",
            class_="search",
            role="search",
            hidden=True,
        )

    def row(self, row: Row) -> Markup:
        """Return the row of a job."""
        kinds = [row.span.outcome.value, "nested" * row.is_nested, "slow" * row.holds_back]
        return element(
            "tr",
            *self.cells(row),
            "\n",
            id=row_id(row.span.job),
            class_=" ".join(filter(None, kinds)),
            data_state=row.span.outcome.value,
        )

    def cells(self, row: Row) -> Iterator[Markup]:
        """Yield the cells of a row. Each has the key for sorting its column."""
        span = row.span
        outcome = span.outcome.value
        yield _cell("number", span.job.repr_id(), span.job.repr_id())
        yield self.name(row)
        yield _cell("state", outcome, f"{SIGNS[span.outcome]} {outcome}")
        yield self.start(span.start)
        yield _duration(span.seconds)
        yield _duration(span.waited or None)
        yield _requirements(span.job, self.shown)
        result = result_of(span.job)
        unfolding = (it.markup() for it in folded(span.job, self.tracebacks))
        yield _cell("result", result, result, *unfolding)

    def name(self, row: Row) -> Markup:
        """Return the cell with the label of a job, indented by its depth."""
        label = label_of(row.span)
        left_out = None
        if row.left_out:
            left_out = element("p", f"{counts_text(row.left_out)}, left out", class_="remark")
        return element(
            "th",
            label,
            left_out,
            scope="row",
            class_=f"job d{min(row.span.depth, DEEPEST_INDENT)}",
            data_sort=label[:LONGEST_KEY],
        )

    def start(self, seconds: float | None) -> Markup:
        """Return the cell with the time of day of a start."""
        if seconds is None:
            return _cell("number", "", "")
        return _cell("number", f"{seconds:.6f}", clock_of(seconds, self.timeline))


def clock_of(seconds: float, timeline: Timeline) -> str:
    """Return the time of day, with milliseconds if the whole run took only a few seconds.

    Args:
        seconds: the time since the run began.
        timeline: the run.
    """
    return clock_text(timeline.began_at, seconds, 1 if timeline.duration >= 10 else 0.001)


def _cell(kind: str, key: str, *children: Child) -> Markup:
    return element("td", *children, class_=kind, data_sort=key[:LONGEST_KEY])


def _duration(seconds: float | None) -> Markup:
    if seconds is None:
        return _cell("number", "", "")
    return _cell("number", f"{seconds:.6f}", duration_text(seconds))


def _requirements(job: AnyJob, shown: Collection[AnyJob]) -> Markup:
    """Return the cell with the requirements of a job, each with a link to its row."""
    required = list(requirements_of(job))
    parts: list[Child] = []
    for other in required[:MOST_REQUIREMENTS]:
        parts += [", ", link_to(other, shown)]
    more = len(required) - MOST_REQUIREMENTS
    if more > 0:
        parts.append(f" and {more:,} more")
    return _cell("requires", f"{len(required):06}" if required else "", *parts[1:])


def link_to(job: AnyJob, shown: Collection[AnyJob]) -> Child:
    """Return the label of a job, with a link to its row if it is shown."""
    label = inert_line(job._shown_text(), LONGEST_NAME)
    return element("a", label, href=f"#{row_id(job)}") if job in shown else label
