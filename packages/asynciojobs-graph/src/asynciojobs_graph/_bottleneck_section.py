"""The bottleneck in a report: a sentence, and a table of the jobs that held up the run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from heapq import nlargest

from asynciojobs._text import duration_text
from asynciojobs.job import AnyJob
from asynciojobs.timeline import Bottleneck, Link, Timeline

from ._inert import inert_line
from ._jobs_table import clock_of, link_to
from ._markup import Markup, element, join, scrolling

__all__ = ["bottleneck_section"]

MOST_LINKS = 40
"""How many links are listed, as in the text."""

FOLDED_FROM = 10
"""With at least this many links, the list is folded."""

COLUMNS = (
    ("From", "number"),
    ("Job", "job"),
    ("For", "number"),
    ("Share", "number"),
    ("Waited for", "cause"),
)


def bottleneck_section(
    bottleneck: Bottleneck, timeline: Timeline, shown: Collection[AnyJob]
) -> Markup:
    """Return the section.

    Args:
        bottleneck: the bottleneck of the run.
        timeline: the timeline of the same run.
        shown: the jobs that links may lead to.
    """
    links = _longest(bottleneck)
    left_out = len(bottleneck) - len(links)
    title = f"{len(bottleneck):,} jobs held the run back, one after the other"
    if left_out:
        title = f"{title}: the longest {len(links)} of them"
    places = {id(wait.at): wait.place for wait in bottleneck.waits}
    heads = (element("th", name, scope="col", class_=kind) for name, kind in COLUMNS)
    rows = (_row(link, timeline, places, shown) for link in links)
    table = element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="short",
    )
    summary = element("summary", title)
    return join(
        element("p", inert_line(bottleneck.sentence)),
        element("details", summary, scrolling("Links", table), open=len(links) < FOLDED_FROM),
    )


def _longest(bottleneck: Sequence[Link]) -> list[Link]:
    """Return the links that are listed, in chronological order."""
    longest = nlargest(MOST_LINKS, bottleneck, key=lambda link: link.seconds)
    return sorted(longest, key=lambda link: link.start)


def _row(
    link: Link, timeline: Timeline, places: Mapping[int, str], shown: Collection[AnyJob]
) -> Markup:
    share = link.seconds / timeline.duration if timeline.duration else 0.0
    around = "".join(f"{inert_line(label)} > " for label in link.path[:-1])
    return element(
        "tr",
        element("td", clock_of(link.start, timeline), class_="number"),
        element("th", around, link_to(link.job, shown), scope="row", class_="job"),
        element("td", duration_text(link.seconds), class_="number"),
        element("td", f"{100 * share:.0f} %", class_="number"),
        element("td", _cause(link, places)),
        "\n",
    )


def _cause(link: Link, places: Mapping[int, str]) -> str:
    """Return what the job waited for last; and for how long, if that was a slot."""
    if link.at is None:
        return link.kind.value
    place = places.get(id(link.at), link.kind.value)
    return inert_line(f"{place}, {duration_text(link.waited)}")
