"""The graph of a scheduler as an object of the graphviz package."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asynciojobs import MissingGraphPackageError
from asynciojobs._bridge import install_command
from asynciojobs._dag.jobset import JobSet

from .dot import GRAPH_NAME, NODE_ATTRIBUTES, body_lines, graph_attributes
from .mermaid import mermaid_format

if TYPE_CHECKING:
    from ._schedulergraph import SchedulerGraph

__all__ = ["graph"]


def graph(
    job_set: JobSet, *, status: bool = False, depth: int | None = None, rankdir: str = "LR"
) -> SchedulerGraph:
    """Return the graph of a scheduler as a ``graphviz.Digraph``, to which you can add more.

    Its ``source`` is the text from `dot_format()`. A notebook shows it as a picture. If that
    can't be drawn, the notebook shows the scheduler as Mermaid, without your additions.

    Args:
        job_set: the scheduler.
        status: see `dot_format()`.
        depth: see `dot_format()`.
        rankdir: see `dot_format()`.

    Raises:
        MissingGraphPackageError: the Python package graphviz is not installed.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> a, b = PrintJob("a", label="a"), PrintJob("b", label="b")
        >>> s = Scheduler(a, b.requires(a))
        >>> picture = graph(s)
        >>> picture.node("note", shape="note")
        >>> "note [shape=note]" in picture.source
        True
    """
    try:
        from ._schedulergraph import SchedulerGraph
    except ModuleNotFoundError as error:
        if error.name != "graphviz":
            raise
        raise MissingGraphPackageError(
            "graph() needs the Python package graphviz, which is not installed: "
            f"{install_command('graph')}",
            name="graphviz",
        ) from None
    picture = SchedulerGraph(
        GRAPH_NAME,
        graph_attr=graph_attributes(rankdir),
        node_attr=NODE_ATTRIBUTES,
        body=body_lines(job_set, status=status, depth=depth),
        format="svg",  # graphviz's default is pdf, which not all programs can write
    )
    picture.as_mermaid = partial(
        mermaid_format, job_set, status=status, depth=depth, rankdir=rankdir
    )
    return picture
