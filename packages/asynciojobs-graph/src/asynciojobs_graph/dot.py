"""The graph of a scheduler as text in the DOT language: the one place that writes it.

The same scheduler gives the same text, whatever the seed of the hashes. Positions, not
labels, name the nodes. A picture flows from left to right, as time does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import AnyJob
from asynciojobs.scheduler import Scheduler

from ._labels import contents, label_of, padded, width_in_ems
from ._picture import Arrow, Box, Cluster, Node, Picture, picture_of
from ._quoting import attribute_list, quoted, without_controls
from ._status import status_of, status_text
from .style import CLUSTER_PREFIX, dot_cluster_name

__all__ = ["GRAPH_ATTRIBUTES", "GRAPH_NAME", "NODE_ATTRIBUTES", "body_lines", "dot_format"]

GRAPH_NAME = "asynciojobs"

FONT_SIZE = 14  # points
# Helvetica: a font whose widths are known to programs that have no fonts.
FONT = {"fontname": "Helvetica", "fontsize": str(FONT_SIZE)}
GRAPH_ATTRIBUTES = {
    "compound": "true",  # arrows may end at the border of a cluster
    **FONT,
    "rankdir": "LR",
    "ranksep": "0.6",  # inches; room for arrows between clusters, whose margins take from it
}
NODE_ATTRIBUTES = {**FONT, "shape": "box"}
MARGIN = 16  # points, what Graphviz leaves left and right of a label together
POINTS_PER_INCH = 72


def dot_format(job_set: JobSet, *, status: bool = False, depth: int | None = None) -> str:
    """Return the graph of a scheduler in the DOT language.

    Args:
        job_set: the scheduler.
        status: colour the jobs by how they stand, and say it in a line of their labels.
        depth: how many levels of nested schedulers are opened; ``None`` is all of them.

    Raises:
        TypeError: the depth is not an int.
        ValueError: the depth is negative, or a scheduler is nested in itself.
    """
    body = "".join(body_lines(job_set, status=status, depth=depth))
    head = f"{_defaults('graph', GRAPH_ATTRIBUTES)}{_defaults('node', NODE_ATTRIBUTES)}"
    return f"digraph {GRAPH_NAME} {{\n{head}{body}}}\n"


def _defaults(kind: str, attributes: Mapping[str, str]) -> str:
    """Return the line as the graphviz package writes it: sorted, and quoted only at need."""
    pairs = " ".join(f"{name}={value}" for name, value in sorted(attributes.items()))
    return f"\t{kind} [{pairs}]\n"


def body_lines(job_set: JobSet, *, status: bool, depth: int | None) -> Iterator[str]:
    """Yield the lines between the outermost braces, behind the defaults."""
    picture = picture_of(job_set, depth=depth)
    return _Writer(picture, status=status).lines()


class _Writer:
    """Writes one picture."""

    def __init__(self, picture: Picture, *, status: bool) -> None:
        self.picture = picture
        self.status = status
        self.cluster_names: dict[Cluster, str] = {}
        self.taken_names: set[str] = set()

    def lines(self) -> Iterator[str]:
        """Yield a line for each box, for both ends of each cluster, and for each arrow."""
        indent = "\t"
        for step in self.picture.steps:
            match step:
                case "box", box:
                    yield f"{indent}{quoted(box.rank)} [{self.box_attributes(box)}]\n"
                case "open", cluster:
                    yield f"{indent}subgraph {quoted(self.name(cluster))} {{\n"
                    indent += "\t"
                case "close", cluster:  # pragma: no branch - a step is one of these three
                    yield from (f"{indent}{line}\n" for line in self.end_of(cluster))
                    indent = indent[:-1]
                    yield f"{indent}}}\n"
        for arrow in self.picture.arrows:
            yield f"\t{self.arrow(arrow)}\n"

    def box_attributes(self, box: Box) -> str:
        lines = [label_of(box.job, box.rank)]
        if isinstance(box.job, JobSet):
            lines.append(contents(box.job))
        if self.status:
            lines.append(status_text(box.job))
        label = "\n".join(lines)
        attributes = {"label": label, **self.look(box)}
        if not label.isascii():
            attributes.setdefault("width", inches(label))
        return attribute_list(attributes)

    def end_of(self, cluster: Cluster) -> Iterator[str]:
        """Yield what stands before the end of a cluster.

        Its attributes come last, since clusters that are begun behind them inherit them.
        """
        label = label_of(cluster.job, cluster.rank)
        if self.status:
            label = f"{label}\n{status_text(cluster.job)}"
        if cluster.is_empty:
            # As wide as the label: Graphviz lets clusters overlap that it has to widen.
            anchor = {"label": "", "style": "invis", "width": inches(label), "height": 0.3}
            yield f"{quoted(cluster.rank)} [{attribute_list(anchor)}]"
        # A cluster has no width.
        attributes = {"label": padded(label), **self.look(cluster)}
        yield from (attribute_list({name: value}) for name, value in attributes.items())

    def look(self, node: Node) -> dict[str, object]:
        """Return the attributes that the job gives, which its class may have changed."""
        attributes: dict[str, object] = dict(node.job.dot_style())
        if self.status:
            style = str(attributes.get("style", ""))
            attributes["style"] = f"{style},filled".removeprefix(",")
            attributes["fillcolor"] = status_of(node.job).value.fill
        return attributes

    def arrow(self, arrow: Arrow) -> str:
        tail, head = arrow
        ends: dict[str, object] = {}
        if isinstance(tail, Cluster):
            ends["ltail"] = self.name(tail)
        if isinstance(head, Cluster):
            ends["lhead"] = self.name(head)
        attributes = f" [{attribute_list(ends)}]" if ends else ""
        return f"{quoted(tail.last.rank)} -> {quoted(head.first.rank)}{attributes}"

    def name(self, cluster: Cluster) -> str:
        """Return the name of a cluster, as the job's class has it, unlike that of any other.

        DOT takes two clusters of one name for one, and draws none whose name does not begin
        as it should.
        """
        name = self.cluster_names.get(cluster)
        if name is None:
            name = cluster_name_of(cluster.job)
            while name in self.taken_names:
                name = f"{name}_{cluster.rank}"
            self.taken_names.add(name)
            self.cluster_names[cluster] = name
        return name


def inches(label: str) -> str:
    """Return how wide a box with the label has to be."""
    return f"{(width_in_ems(label) * FONT_SIZE + MARGIN) / POINTS_PER_INCH:.2f}"


def cluster_name_of(job: AnyJob) -> str:
    """Return the name that the class of a nested scheduler gives to its cluster."""
    named = job.dot_cluster_name() if isinstance(job, Scheduler) else dot_cluster_name(job)
    name = without_controls(str(named))
    return name if name.startswith(CLUSTER_PREFIX) else f"{CLUSTER_PREFIX}{name}"
