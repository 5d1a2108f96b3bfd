"""The content of a picture in any language: boxes, clusters and arrows.

One walk through the scheduler, O(V+E), opens nested schedulers down to the depth that the user
asks for. The result is a flat list of steps, in which clusters open and close. So the nesting
may have any depth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from asynciojobs._dag.digraph import topological_order
from asynciojobs._dag.jobset import JobSet, record_of
from asynciojobs._dag.outline import Entry, number
from asynciojobs._dag.queries import culprit_of, graph_of
from asynciojobs.job import AnyJob, counts_as_critical

__all__ = ["Arrow", "Box", "Cluster", "Node", "Picture", "Step", "check_depth", "picture_of"]


@dataclass(eq=False, slots=True)
class Box:
    """A job, or a nested scheduler that stays closed."""

    job: AnyJob
    rank: str  # the job's id; a job in two schedulers has two boxes with different ranks
    is_culprit: bool = False
    """Its failure made the last run fail; others may have failed with it."""
    went_on: bool = False
    """The run does not end at such a failure."""
    is_restored: bool = False
    """It stayed done in the last run, which took it from an earlier one."""

    @property
    def first(self) -> Box:
        """The box where arrows to this node end."""
        return self

    @property
    def last(self) -> Box:
        """The box where arrows from this node begin."""
        return self


@dataclass(eq=False, slots=True)
class Cluster:
    """A nested scheduler that is open: its members are drawn inside.

    In DOT, arrows connect boxes. An arrow to a cluster ends at a member that requires
    nothing. An arrow from a cluster begins at the end of its longest path, so that the next
    node is drawn to the right of the whole cluster. An empty cluster has an invisible box.
    """

    job: AnyJob
    rank: str
    is_culprit: bool = False
    """It failed, but not because of a job inside it: it timed out, for example."""
    went_on: bool = False
    is_restored: bool = False
    first: Box = field(init=False)
    last: Box = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.last = Box(self.job, self.rank)

    @property
    def is_empty(self) -> bool:
        """Whether the scheduler has no members."""
        return self.first.job is self.job


Node: TypeAlias = Box | Cluster
Arrow: TypeAlias = tuple[Node, Node]
Step: TypeAlias = tuple[Literal["box"], Box] | tuple[Literal["open", "close"], Cluster]


@dataclass(slots=True)
class Picture:
    """Everything that is shown, in the order of execution."""

    steps: list[Step] = field(default_factory=list[Step])
    arrows: list[Arrow] = field(default_factory=list[Arrow])
    """Each leads from a requirement to the job that requires it, within one scheduler."""


def picture_of(job_set: JobSet, *, depth: int | None = None) -> Picture:
    """Return the picture of a scheduler, and number its jobs.

    A graph that can't run can still be drawn: jobs on a cycle come last, in order of creation,
    and requirements outside the scheduler are left out.

    Args:
        job_set: the scheduler.
        depth: how many levels of nested schedulers to open; ``None`` opens all.

    Raises:
        TypeError: the depth is not an int.
        ValueError: the depth is negative, or a scheduler is nested in itself.
    """
    check_depth(depth)
    builder = _PictureBuilder(job_set)
    for rank, (job, level, closing) in ranked(number(job_set, drawable_order)):
        if depth is not None and level > depth:
            continue  # inside a scheduler that stays closed
        if not isinstance(job, JobSet) or level == depth:
            if not closing:
                builder.add(Box(job, rank))
        elif closing:
            builder.close()
        else:
            builder.open(Cluster(job, rank), job)
    return builder.finish()


def ranked(entries: list[Entry]) -> Iterator[tuple[str, Entry]]:
    """Yield each entry with its rank, which counts from 1; an end repeats the last rank."""
    width = len(str(sum(not entry.closing for entry in entries)))
    rank = 0
    for entry in entries:
        rank += not entry.closing
        yield f"{rank:0{width}}", entry


def drawable_order(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs in topological order, then the jobs on a cycle or downstream of one."""
    graph = graph_of(job_set.jobs)
    in_order = dict.fromkeys(topological_order(graph))
    yield from in_order
    yield from (job for job in graph if job not in in_order)


def keeps_going(job_set: JobSet) -> bool:
    """Return whether the runs of a scheduler go on after a critical job raised."""
    return bool(getattr(job_set, "keep_going", False))


def culprits_of(job_set: JobSet) -> Collection[AnyJob]:
    """Return the jobs whose failures made the last run of a scheduler fail; O(V).

    That is the job that ended the run. If the run went on, it is all critical jobs that raised.
    """
    first = culprit_of(job_set)
    if first is None:
        return ()
    if not keeps_going(job_set):
        return (first,)
    failed = (job for job in job_set.jobs if job.raised_exception() is not None)
    return {job for job in failed if job is first or counts_as_critical(job)}


def check_depth(depth: object) -> None:
    """Check a number of levels.

    Raises:
        TypeError: it is not an int.
        ValueError: it is negative.
    """
    if depth is None:
        return
    if not isinstance(depth, int) or isinstance(depth, bool):
        raise TypeError(f"depth is a number of levels (an int) or None, not {depth!r}")
    if depth < 0:
        raise ValueError(f"depth is a number of levels, 0 or more, not {depth}")


class _Level:
    """The members of one scheduler, as far as the walk has come."""

    def __init__(
        self, job_set: JobSet, cluster: Cluster | None = None, *, is_blamed: bool = True
    ) -> None:
        self.graph = graph_of(job_set.jobs)  # the requirements of each member
        self.is_blamed = is_blamed  # no other job ended the run around it
        self.went_on = keeps_going(job_set)
        self.culprits = culprits_of(job_set) if is_blamed else ()
        self.cluster = cluster  # None for the outermost scheduler, which has no border
        self.nodes: dict[AnyJob, Node] = {}  # the members so far
        self.lengths: dict[AnyJob, int] = {}  # number of boxes on the longest path to each
        self.longest = 0  # the largest of these lengths
        self.farthest: Node | None = None  # the member with the largest length

    def add(self, node: Node, length: int) -> None:
        """Add a member; the length is the number of boxes on the longest path up to it."""
        self.nodes[node.job] = node
        before = (self.lengths.get(required, 0) for required in self.graph[node.job])
        until_here = self.lengths[node.job] = max(before, default=0) + length
        if until_here > self.longest:
            self.longest = until_here
            self.farthest = node

    def arrows(self) -> Iterator[Arrow]:
        """Yield an arrow for each requirement between the members.

        A cluster that requires itself has none: it would lead from its last box to its first.
        """
        for job, node in self.nodes.items():
            for required in self.graph[job]:
                tail = self.nodes.get(required)
                if tail is not None and (tail is not node or isinstance(node, Box)):
                    yield tail, node


class _PictureBuilder:
    """Builds a picture from the steps of the walk."""

    def __init__(self, job_set: JobSet) -> None:
        self.picture = Picture()
        self.levels = [_Level(job_set)]  # the open schedulers, outermost first
        record = record_of(job_set)
        self.restored = frozenset[AnyJob]() if record is None else record.restored

    def add(self, box: Box) -> None:
        level = self.levels[-1]
        box.is_restored = box.job in self.restored
        box.is_culprit = box.job in level.culprits
        box.went_on = level.went_on
        self.picture.steps.append(("box", box))
        level.add(box, 1)

    def open(self, cluster: Cluster, members: JobSet) -> None:
        around = self.levels[-1]
        is_culprit = cluster.job in around.culprits
        is_blamed = around.is_blamed and (is_culprit or not around.culprits)
        level = _Level(members, cluster, is_blamed=is_blamed)
        cluster.is_culprit = is_culprit and not level.culprits
        cluster.went_on = around.went_on
        cluster.is_restored = cluster.job in self.restored
        self.picture.steps.append(("open", cluster))
        self.levels.append(level)

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
