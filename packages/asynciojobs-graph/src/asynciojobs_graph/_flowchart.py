"""A picture as a Mermaid flowchart; no other module writes Mermaid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import counts_as_critical

from ._labels import label_of
from ._mermaid_labels import quoted
from ._mermaid_styles import StyleClasses, css_of, styles_in
from ._picture import Box, Cluster, Node, Picture
from ._status import status_of, style_of
from ._widths import width_in_ems

__all__ = ["Flowchart", "flowchart", "flowchart_of_one_box"]

LINE_HEIGHT = 24  # pixels
FONT_SIZE = 16  # pixels
WRAPPED_BEYOND = 200  # pixels; Mermaid breaks wider lines, unless configured otherwise
ROOM = 1.25  # how much wider than Helvetica the font may be
ARROW_COLOR = "#808080"  # visible on fills, and on light and dark pages
INDENT = "  "
DEEPEST_INDENT = 8  # levels; with thousands of them, the text would be mostly spaces


@dataclass(frozen=True)
class Flowchart:
    """A Mermaid text, with the numbers that Mermaid limits."""

    text: str
    arrows: int
    levels: int
    """How deep subgraphs are nested (levels)."""

    @property
    def size(self) -> int:
        """The length of the text in UTF-16, as JavaScript counts it."""
        return len(self.text.encode("utf-16-le")) // 2


def flowchart(picture: Picture, *, status: bool, rankdir: str, comment: str = "") -> Flowchart:
    """Return a picture as a flowchart, whether or not Mermaid can draw that much.

    Args:
        picture: what to show.
        status: whether to show the status of the jobs.
        rankdir: which way the arrows point.
        comment: the text of a comment at the top, if any.
    """
    writer = _Writer(status=status, rankdir=rankdir)
    lines = [f"%% {comment}"] if comment else []
    lines.extend(writer.lines(picture))
    text = "".join([writer.head(), *(f"{INDENT}{line}\n" for line in lines)])
    return Flowchart(text, len(picture.arrows), writer.levels)


def flowchart_of_one_box(label: str, *, rankdir: str, comment: str) -> str:
    """Return the text of a flowchart with one box and a comment."""
    head = _head(rankdir, 1, width_in_ems(label))
    return f"{head}{INDENT}%% {comment}\n{INDENT}s0[{quoted(label)}]\n"


def _head(rankdir: str, title_lines: int, widest: float) -> str:
    """Return the first lines: settings, if the labels need any, and the direction.

    Args:
        rankdir: which way the arrows point.
        title_lines: how many lines the longest title has. Mermaid leaves room for one; the
            members would hide the others.
        widest: the width of the widest label in a box (ems).
    """
    settings: list[str] = []
    if title_lines > 1:
        bottom = LINE_HEIGHT * (title_lines - 1)
        settings.append(f'"subGraphTitleMargin": {{"bottom": {bottom}}}')
    width = widest * FONT_SIZE
    if width > WRAPPED_BEYOND:
        settings.append(f'"wrappingWidth": {math.ceil(width * ROOM / 100) * 100}')
    init = f'%%{{init: {{"flowchart": {{{", ".join(settings)}}}}}}}%%\n' if settings else ""
    return f"{init}flowchart {rankdir}\n"


class _Writer:
    """Writes one picture.

    Attributes:
        levels: how deep subgraphs are nested, in the lines so far.
        title_lines: how many lines the longest title has so far.
        widest: the width of the widest label in a box so far (ems).
        classes: the style classes of the nodes so far.
    """

    def __init__(self, *, status: bool, rankdir: str) -> None:
        self.status = status
        self.rankdir = rankdir
        self.levels = 0
        self.title_lines = 1
        self.widest = 0.0
        self.classes = StyleClasses()

    def head(self) -> str:
        return _head(self.rankdir, self.title_lines, self.widest)

    def lines(self, picture: Picture) -> Iterator[str]:
        """Yield the lines of the nodes, of the arrows, and of the styles."""
        yield from self.nodes(picture)
        yield from (f"{_id(tail)} --> {_id(head)}" for tail, head in picture.arrows)
        yield from self.classes.lines()
        if self.status and picture.arrows:
            yield f"linkStyle default stroke:{ARROW_COLOR}"

    def nodes(self, picture: Picture) -> Iterator[str]:
        """Yield a line for each box, and several for each cluster."""
        level = 0
        for step in picture.steps:
            level -= step[0] == "close"
            indent = INDENT * min(level, DEEPEST_INDENT)
            match step:
                case "box", box:
                    yield f"{indent}{self.box(box)}"
                case "open", cluster:
                    yield from (f"{indent}{line}" for line in self.begin_of(cluster))
                    level += 1
                    self.levels = max(self.levels, level)
                case _:
                    yield f"{indent}end"

    def box(self, box: Box) -> str:
        label = label_of(box, status=self.status)
        self.widest = max(self.widest, width_in_ems(label))
        is_round = "rounded" in self.add_style(box)
        return f"{_id(box)}({quoted(label)})" if is_round else f"{_id(box)}[{quoted(label)}]"

    def begin_of(self, cluster: Cluster) -> Iterator[str]:
        self.add_style(cluster)
        label = label_of(cluster, status=self.status)
        yield f"subgraph {_id(cluster)} [{quoted(label)}]"
        if not cluster.is_empty:  # Mermaid draws an empty one as a box
            self.title_lines = max(self.title_lines, label.count("\n") + 1)
            yield f"{INDENT}direction {self.rankdir}"  # otherwise it changes at each level

    def add_style(self, node: Node) -> list[str]:
        """Put a node in the class of its style; return the values of its attribute "style"."""
        attributes = style_of(node, status=self.status)
        self.classes.add(_id(node), css_of(attributes), self.class_name(node))
        return styles_in(attributes)

    def class_name(self, node: Node) -> str:
        """Return the name of a style class, such as ``critical_done``."""
        job = node.job
        words = {"critical": counts_as_critical(job), "forever": job.forever}
        if self.status:
            words[status_of(node).name.lower()] = True
        return "_".join(word for word, holds in words.items() if holds) or "other"


def _id(node: Node) -> str:
    return f"{'s' if isinstance(node.job, JobSet) else 'j'}{node.rank}"
