"""The parts of a report on a run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from asynciojobs import PureScheduler
from asynciojobs._dag.outline import number
from asynciojobs._outcomes import exception_text
from asynciojobs._tracebacks import Tracebacks
from asynciojobs.job import AnyJob
from asynciojobs.timeline import Timeline
from asynciojobs.version import __version__

from ._bottleneck_section import bottleneck_section
from ._chart import Chart
from ._graph_section import graph_section
from ._inert import inert_line
from ._jobs_table import JobsTable, link_to
from ._markup import Child, Markup, element, join, scrolling
from ._outcome_cells import Folded, tracebacks_of
from ._page import page
from ._picture import drawable_order
from ._rows import Rows, counts_text, rows_of
from ._summary import summary_of

__all__ = ["MOST_BARS", "MOST_ROWS", "report_of"]

MOST_ROWS = 1000
"""How many jobs the table shows."""

MOST_BARS = 200
"""How many jobs the timeline shows."""

MOST_NAMES = 10
"""How many jobs that raised are named at the top."""


def report_of(scheduler: PureScheduler) -> str:
    """Return the page.

    Raises:
        RuntimeError: the scheduler never ran.
    """
    timeline = scheduler.timeline()
    number(scheduler, drawable_order)  # so that rows have the same numbers as in the graph
    report = _Report(scheduler, timeline)
    title = f"{report.summary.name}: {report.summary.words}"
    return page(title, *report.parts())


class _Report:
    """One report.

    Attributes:
        bottleneck: the chain of jobs that held up the run.
        failures: the jobs that raised, in the order in which they failed.
        rows: the jobs that the table shows.
    """

    def __init__(self, scheduler: PureScheduler, timeline: Timeline) -> None:
        self.scheduler = scheduler
        self.timeline = timeline
        self.summary = summary_of(scheduler, timeline)
        self.bottleneck = scheduler.bottleneck()
        self.failures = list(scheduler.failures())
        self.rows = self.rows_for(MOST_ROWS)

    def rows_for(self, most: int) -> Rows:
        held_back = [link.job for link in self.bottleneck]
        return rows_of(self.timeline.spans, held_back, most=most)

    @cached_property
    def shown(self) -> frozenset[AnyJob]:
        """The jobs that have rows in the table, to which links may lead."""
        return frozenset(row.span.job for row in self.rows.shown)

    def parts(self) -> Iterator[Markup]:
        yield self.header()
        yield element(
            "main",
            _section(
                "Bottleneck", bottleneck_section(self.bottleneck, self.timeline, self.shown)
            ),
            _section("Timeline", *self.chart()),
            _section("Graph", graph_section(self.scheduler, self.timeline.spans)),
            _section("Jobs", *self.jobs()),
        )
        yield element("footer", f"Written by asynciojobs {__version__}.")

    # -- the top

    def header(self) -> Markup:
        summary = self.summary
        why = element("strong", summary.why)
        return element(
            "header",
            element("h1", summary.name),
            element("p", why, class_="why" if summary.is_fine else "why bad"),
            element("dl", *self.facts()),
            *self.shutdown_failures(),
        )

    def facts(self) -> Iterator[Markup]:
        """Yield the facts about the run, as terms with their descriptions."""
        facts: dict[str, Child] = {
            "Began": self.summary.began,
            "Runs for" if self.timeline.is_live else "Took": self.summary.took,
            "Jobs": self.summary.counts,
        }
        if self.scheduler.jobs_window:
            facts["Window"] = f"{self.scheduler.jobs_window:,} at once"
        if self.failures:
            facts["Raised"] = self.raised()
        for term, description in facts.items():
            yield join(element("dt", term), element("dd", description), "\n")

    def raised(self) -> Markup:
        """Return the first jobs that raised, with links to their rows."""
        links: list[Child] = []
        for job in self.failures[:MOST_NAMES]:
            links += [", ", link_to(job, self.shown)]
        more = len(self.failures) - MOST_NAMES
        return join(*links[1:], f" and {more:,} more" if more > 0 else None)

    def shutdown_failures(self) -> Iterator[Markup]:
        failures = self.scheduler.shutdown_failures()
        tracebacks = Tracebacks(failures.values(), whole=False)
        for job, failure in failures.items():
            told = inert_line(exception_text(failure))
            title = f"The shutdown of {inert_line(job.repr_main())} failed: {told}"
            yield Folded(title, "\n".join(tracebacks.lines(failure))).markup()

    # -- the sections

    def chart(self) -> Iterator[Markup]:
        rows = self.rows_for(MOST_BARS)
        yield _left_out(rows)
        timeline = self.timeline
        chart = Chart(rows, timeline.duration, timeline.began_at, self.bottleneck)
        yield scrolling("Timeline", Markup(chart.svg()))

    def jobs(self) -> Iterator[Markup]:
        yield _left_out(self.rows)
        tracebacks = tracebacks_of(job for job in self.failures if job in self.shown)
        yield JobsTable(self.timeline, self.rows.shown, tracebacks, self.shown).markup()


def _left_out(rows: Rows) -> Markup:
    """Return a remark about the jobs that have no row, if any."""
    if not rows.left_out:
        return Markup()
    text = (
        f"Left out: {counts_text(rows.left_out)}. Shown are the jobs that failed, those that "
        "held the run back, then the outer levels, and of the next level the longest."
    )
    return element("p", text, class_="remark")


def _section(title: str, *contents: Child) -> Markup:
    """Return a part of the page that can be folded."""
    summary = element("summary", element("h2", title))
    details = element("details", summary, *contents, open=True)
    return element("section", details, class_=f"about-{title.lower()}")
