"""The graph in a report: a drawing if a drawing program is installed, otherwise Mermaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import ParseError

from asynciojobs import PureScheduler
from asynciojobs._dag.jobset import JobSet
from asynciojobs.timeline import Span

from ._errors import DrawingError, MissingProgramError
from ._inert import escaped
from ._inline_svg import inline_svg
from ._markup import Markup, element, join, scrolling
from ._programs import draw
from .dot import dot_format
from .mermaid import mermaid_format

__all__ = ["MOST_BOXES", "graph_section"]

MOST_BOXES = 200
"""How many jobs the graph shows. If there are more, nobody can follow the arrows."""

PATIENCE = 3.0
"""How long drawing may take (seconds)."""


def graph_section(scheduler: PureScheduler, spans: Sequence[Span]) -> Markup:
    """Return the graph with the status of each job, and as many levels as have room."""
    depth = _depth(spans)
    if depth is None:
        count = sum(span.depth == 0 for span in spans)
        return element(
            "p", f"Left out: it would show {count:,} jobs, and it has room for {MOST_BOXES}."
        )
    deepest = max((span.depth for span in spans), default=0)
    if depth == deepest:
        return _drawing(scheduler, depth)
    shown = "the outermost level is" if depth == 0 else f"the {depth + 1} outer levels are"
    remark = element("p", f"Only {shown} shown.", class_="remark")
    return join(remark, _drawing(scheduler, depth))


def _depth(spans: Sequence[Span]) -> int | None:
    """Return how many levels can be opened; ``None`` if even the outermost is too much."""
    jobs = Counter(span.depth for span in spans if not isinstance(span.job, JobSet))
    nested = Counter(span.depth for span in spans if isinstance(span.job, JobSet))
    fitting = None
    boxes = 0  # jobs of the open levels
    for depth in sorted(jobs | nested) or [0]:
        boxes += jobs[depth]
        if boxes + nested[depth] > MOST_BOXES:
            break
        fitting = depth
    return fitting


def _drawing(scheduler: PureScheduler, depth: int) -> Markup:
    text = dot_format(scheduler, status=True, depth=depth)
    try:
        picture = inline_svg(draw(text, "svg", seconds=PATIENCE), "The graph of the jobs")
    except MissingProgramError:
        remark = "No drawing program was found. This is the graph in the Mermaid language:"
    except (DrawingError, ParseError):
        remark = "It could not be drawn. This is the graph in the Mermaid language:"
    else:
        return scrolling("Graph", picture, class_="scroll paper")
    mermaid = mermaid_format(scheduler, status=True, depth=depth)
    whole = Markup(escaped(mermaid, len(mermaid)))  # a part of it could not be drawn
    return join(element("p", remark, class_="remark"), element("pre", whole, class_="mermaid"))
