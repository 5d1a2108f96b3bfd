"""What a picture shows, whatever language it is written in: boxes, clusters and arrows.

One walk, O(V+E): nested schedulers are opened down to the depth that is asked for. The
result is a flat list, in which clusters open and close, so that no depth of nesting is too
much for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from asynciojobs._dag.digraph import topological_order
from asynciojobs._dag.jobset import JobSet
from asynciojobs._dag.outline import Entry, number
from asynciojobs._dag.queries import graph_of
from asynciojobs.job import AnyJob, requirements_of

__all__ = ["Arrow", "Box", "Cluster", "Node", "Picture", "Step", "picture_of"]


@dataclass(eq=False, slots=True)
class Box:
    """A job, or a nested scheduler that stays closed."""

    job: AnyJob
    rank: str  # the job's id, but for a job that is in two schedulers: each box has its own

    @property
    def first(self) -> Box:
        """The box at which arrows to this node end."""
        return self

    @property
    def last(self) -> Box:
        """The box at which arrows from this node begin."""
        return self


@dataclass(eq=False, slots=True)
class Cluster:
    """A nested scheduler that is opened: its members are drawn inside.

    Arrows of DOT go from box to box. One to a cluster ends at a member that requires
    nothing, and one from it begins where its longest path ends, so that what comes after
    the cluster is drawn behind all of it. An empty cluster has a box that is not seen.
    """

    job: AnyJob
    rank: str
    first: Box = field(init=False)
    last: Box = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.last = Box(self.job, self.rank)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing inside."""
        return self.first.job is self.job


Node: TypeAlias = Box | Cluster
Arrow: TypeAlias = tuple[Node, Node]
Step: TypeAlias = tuple[Literal["box"], Box] | tuple[Literal["open", "close"], Cluster]


@dataclass(slots=True)
class Picture:
    """All that is shown, in the order of execution."""

    steps: list[Step] = field(default_factory=list[Step])
    arrows: list[Arrow] = field(default_factory=list[Arrow])
    """From a requirement to the job that has it; both are in one scheduler."""


def picture_of(job_set: JobSet, *, depth: int | None = None) -> Picture:
    """Return what is to be drawn; number the jobs on the way.

    It does not have to be a graph that could run: jobs on a cycle come last, in order of
    creation, and requirements that are not in the scheduler are left out.

    Args:
        job_set: what to draw.
        depth: how many levels of nested schedulers are opened; ``None`` is all of them.

    Raises:
        TypeError: the depth is not an int.
        ValueError: the depth is negative, or a scheduler is nested in itself.
    """
    _check_depth(depth)
    builder = _Builder()
    for rank, (job, level, closing) in ranked(number(job_set, drawable_order)):
        if depth is not None and level > depth:
            continue  # inside of a scheduler that stays closed
        if isinstance(job, JobSet) and level != depth:
            builder.close() if closing else builder.open(job, rank)
        elif not closing:
            builder.add(Box(job, rank))
    return builder.finish()


def ranked(entries: list[Entry]) -> Iterator[tuple[str, Entry]]:
    """Yield each entry behind its rank, from 1 on; an end has that of what came before it."""
    width = len(str(sum(not entry.closing for entry in entries)))
    rank = 0
    for entry in entries:
        rank += not entry.closing
        yield f"{rank:0{width}}", entry


def drawable_order(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs in topological order, then those on a cycle or behind one."""
    graph = graph_of(job_set.jobs)
    in_order = dict.fromkeys(topological_order(graph))
    yield from in_order
    yield from (job for job in graph if job not in in_order)


def _check_depth(depth: object) -> None:
    if depth is None:
        return
    if not isinstance(depth, int) or isinstance(depth, bool):
        raise TypeError(f"depth is a number of levels (an int) or None, not {depth!r}")
    if depth < 0:
        raise ValueError(f"depth is a number of levels, 0 or more, not {depth}")


class _Level:
    """The members of one scheduler, as far as the walk has come."""

    def __init__(self, cluster: Cluster | None = None) -> None:
        self.cluster = cluster  # None: the outermost scheduler, which has no border
        self.nodes: dict[AnyJob, Node] = {}
        self.ends: dict[AnyJob, int] = {}  # boxes on the longest path that ends with the job
        self.longest = 0  # the maximum of these
        self.farthest: Node | None = None  # the member that has it

    def add(self, node: Node, length: int) -> None:
        """Take in a member, and how many boxes there are on the longest path through it."""
        self.nodes[node.job] = node
        before = (self.ends.get(required, 0) for required in requirements_of(node.job))
        end = self.ends[node.job] = max(before, default=0) + length
        if end > self.longest:
            self.longest = end
            self.farthest = node

    def arrows(self) -> Iterator[Arrow]:
        """Yield the requirements between the members.

        A cluster that requires itself would have an arrow from its last box to its first.
        """
        for job, node in self.nodes.items():
            for required in requirements_of(job):
                tail = self.nodes.get(required)
                if tail is not None and (tail is not node or isinstance(node, Box)):
                    yield tail, node


class _Builder:
    """Puts a picture together, cluster in cluster."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.levels = [_Level()]

    def add(self, box: Box) -> None:
        self.picture.steps.append(("box", box))
        self.levels[-1].add(box, 1)

    def open(self, job: AnyJob, rank: str) -> None:
        cluster = Cluster(job, rank)
        self.picture.steps.append(("open", cluster))
        self.levels.append(_Level(cluster))

    def close(self) -> None:
        level = self.levels.pop()
        cluster = level.cluster
        assert cluster is not None
        if level.farthest is not None:
            cluster.first = next(iter(level.nodes.values())).first
            cluster.last = level.farthest.last
        self.picture.steps.append(("close", cluster))
        self.picture.arrows.extend(level.arrows())
        self.levels[-1].add(cluster, max(1, level.longest))

    def finish(self) -> Picture:
        self.picture.arrows.extend(self.levels[-1].arrows())
        return self.picture
