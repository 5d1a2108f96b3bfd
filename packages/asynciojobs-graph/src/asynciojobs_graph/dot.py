"""The graph of a scheduler in the DOT language; no other module writes DOT.

The text depends only on the scheduler, not on the hash seed. Nodes are named by their
positions, not by their labels. The picture flows from left to right, as time does, unless the
user chooses otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import AnyJob
from asynciojobs.scheduler import Scheduler

from ._labels import label_of
from ._picture import Arrow, Box, Cluster, Picture, picture_of
from ._quoting import attribute_list, quoted, without_controls
from ._rankdir import check_rankdir
from ._status import style_of
from ._widths import padded, width_in_ems
from .style import CLUSTER_PREFIX, dot_cluster_name

__all__ = ["GRAPH_NAME", "NODE_ATTRIBUTES", "body_lines", "dot_format", "graph_attributes"]

GRAPH_NAME = "asynciojobs"

FONT_SIZE = 14  # points
# Programs without fonts know the widths of Helvetica.
FONT = {"fontname": "Helvetica", "fontsize": str(FONT_SIZE)}
GRAPH_ATTRIBUTES = {
    "compound": "true",  # arrows may end at the border of a cluster
    **FONT,
    "ranksep": "0.6",  # inches: room for arrows between clusters, whose margins take some of it
}
NODE_ATTRIBUTES = {**FONT, "shape": "box"}
MARGIN = 16  # points, left and right of a label together
POINTS_PER_INCH = 72


def dot_format(
    job_set: JobSet, *, status: bool = False, depth: int | None = None, rankdir: str = "LR"
) -> str:
    """Return the graph of a scheduler in the DOT language.

    Args:
        job_set: the scheduler.
        status: whether to colour each job by its status, and add the status to its label.
        depth: how many levels of nested schedulers to open; ``None`` opens all.
        rankdir: which way the arrows point: ``LR`` is from left to right; ``TB`` is from top to
            bottom, which suits long chains; ``RL`` and ``BT`` are their opposites.

    Raises:
        TypeError: the depth is not an int.
        ValueError: the depth is negative, `rankdir` is not one of these four, or a scheduler
            is nested in itself.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> a, b = PrintJob("a", label="a"), PrintJob("b", label="b")
        >>> s = Scheduler(a, b.requires(a))
        >>> print(dot_format(s))  # doctest: +ELLIPSIS
        digraph asynciojobs {
        ...
    """
    graph = graph_attributes(rankdir)
    body = "".join(body_lines(job_set, status=status, depth=depth))
    head = f"{_defaults('graph', graph)}{_defaults('node', NODE_ATTRIBUTES)}"
    return f"digraph {GRAPH_NAME} {{\n{head}{body}}}\n"


def graph_attributes(rankdir: str) -> dict[str, str]:
    """Return the attributes of the graph, with its direction.

    Raises:
        ValueError: it is not a direction.
    """
    check_rankdir(rankdir)
    return {**GRAPH_ATTRIBUTES, "rankdir": rankdir}


def _defaults(kind: str, attributes: Mapping[str, str]) -> str:
    """Return a line of default attributes, sorted as in the graphviz package."""
    pairs = " ".join(f"{name}={value}" for name, value in sorted(attributes.items()))
    return f"\t{kind} [{pairs}]\n"


def body_lines(job_set: JobSet, *, status: bool, depth: int | None) -> Iterator[str]:
    """Yield the lines after the default attributes, up to the last brace."""
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
        """Yield the lines of the boxes and the clusters, then a line for each arrow."""
        indent = "\t"
        for step in self.picture.steps:
            match step:
                case "box", box:
                    yield f"{indent}{self.box(box)}\n"
                case "open", cluster:
                    yield f"{indent}subgraph {quoted(self.cluster_name(cluster))} {{\n"
                    indent += "\t"
                case "close", cluster:  # pragma: no branch - a step is one of these three
                    yield from (f"{indent}{line}\n" for line in self.end_of(cluster))
                    indent = indent[:-1]
                    yield f"{indent}}}\n"
        for arrow in self.picture.arrows:
            yield f"\t{self.arrow(arrow)}\n"

    def box(self, box: Box) -> str:
        label = label_of(box, status=self.status)
        attributes = {"label": label, **style_of(box, status=self.status)}
        if not label.isascii():
            attributes.setdefault("width", inches(label))
        return f"{quoted(box.rank)} [{attribute_list(attributes)}]"

    def end_of(self, cluster: Cluster) -> Iterator[str]:
        """Yield the lines before the closing brace of a cluster.

        Its attributes come here: clusters that begin after them would inherit them.
        """
        label = label_of(cluster, status=self.status)
        if cluster.is_empty:
            # As wide as the label: if Graphviz has to widen clusters, they may overlap.
            anchor = {"label": "", "style": "invis", "width": inches(label), "height": 0.3}
            yield f"{quoted(cluster.rank)} [{attribute_list(anchor)}]"
        # Clusters have no width, so the label is padded.
        attributes = {"label": padded(label), **style_of(cluster, status=self.status)}
        yield from (attribute_list({name: value}) for name, value in attributes.items())

    def arrow(self, arrow: Arrow) -> str:
        tail, head = arrow
        ends: dict[str, object] = {}
        if isinstance(tail, Cluster):
            ends["ltail"] = self.cluster_name(tail)
        if isinstance(head, Cluster):
            ends["lhead"] = self.cluster_name(head)
        attributes = f" [{attribute_list(ends)}]" if ends else ""
        return f"{quoted(tail.last.rank)} -> {quoted(head.first.rank)}{attributes}"

    def cluster_name(self, cluster: Cluster) -> str:
        """Return the name of a cluster: the name from the job's class, made unique.

        DOT treats clusters with the same name as one.
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
    """Return the width that a box needs for its label, in inches."""
    return f"{(width_in_ems(label) * FONT_SIZE + MARGIN) / POINTS_PER_INCH:.2f}"


def cluster_name_of(job: AnyJob) -> str:
    """Return the name that the class of a nested scheduler gives to its cluster.

    The prefix is added if it is missing: DOT draws no cluster without it.
    """
    named = job.dot_cluster_name() if isinstance(job, Scheduler) else dot_cluster_name(job)
    name = without_controls(str(named))
    return name if name.startswith(CLUSTER_PREFIX) else f"{CLUSTER_PREFIX}{name}"
