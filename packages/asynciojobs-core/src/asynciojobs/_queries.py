"""Questions about the graph of a job set; each answer is O(V+E) at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias

from . import _digraph
from ._errors import CycleError
from ._jobset import JobSet
from ._lifecycle import Phase
from .job import AbstractJob
from .sequence import Schedulable, members_of

__all__ = [
    "AnyJob",
    "Level",
    "counts_by_phase",
    "entry_jobs",
    "exit_jobs",
    "find_cycle",
    "followers_within",
    "graph_of",
    "job_sets_in",
    "nested_job_sets",
    "nesting",
    "predecessors",
    "predecessors_upstream",
    "requirements_within",
    "successors",
    "successors_downstream",
    "topological_order",
]

AnyJob: TypeAlias = AbstractJob[object]
Graph: TypeAlias = dict[AnyJob, Iterable[AnyJob]]

Level: TypeAlias = tuple[JobSet, list[AnyJob], list[JobSet]]
"""A job set, the jobs in there now, and those of them that are job sets."""


def graph_of(job_set: JobSet) -> Graph:
    """Return the requirements of each job, as a graph for `_digraph`."""
    return {job: job._requirements() for job in job_set.jobs}


def requirements_within(job_set: JobSet) -> Callable[[AnyJob], Iterable[AnyJob]]:
    """Return the function from a job to its requirements in the set."""
    jobs = set(job_set.jobs)
    return lambda job: [other for other in job._requirements() if other in jobs]


def followers_within(job_set: JobSet) -> Callable[[AnyJob], Iterable[AnyJob]]:
    """Return the function from a job of the set to those that require it there."""
    return _digraph.reverse(graph_of(job_set)).__getitem__


def entry_jobs(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs that require nothing."""
    return (job for job in job_set.jobs if not job._requirements())


def exit_jobs(job_set: JobSet, *, discard_forever: bool) -> Iterator[AnyJob]:
    """Yield the jobs that no job of the set requires, without the forever ones if so told."""
    required = {requirement for job in job_set.jobs for requirement in job._requirements()}
    for job in job_set.jobs:
        if job not in required and not (discard_forever and job.forever):
            yield job


def topological_order(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs, each one behind its requirements.

    Raises:
        CycleError: they have a cycle; raised before anything is yielded.
    """
    graph = graph_of(job_set)
    order = list(_digraph.topological_order(graph))
    if len(order) < len(graph):
        raise CycleError(_digraph.find_cycle(graph) or ())
    return iter(order)


def find_cycle(job_set: JobSet) -> list[AnyJob] | None:
    """Return a cycle among the jobs of the set or of one nested in it, if there is one."""
    cycles = (_digraph.find_cycle(graph_of(inner)) for inner in nested_job_sets(job_set))
    return next((cycle for cycle in cycles if cycle), None)


def predecessors(job_set: JobSet, starts: Iterable[Schedulable]) -> set[AnyJob]:
    """Return the jobs of the set that any of the starts requires."""
    return {
        requirement
        for start in members_of(starts)
        for requirement in start._requirements()
        if requirement in job_set.jobs
    }


def successors(job_set: JobSet, starts: Iterable[Schedulable]) -> set[AnyJob]:
    """Return the jobs of the set that require any of the starts."""
    wanted = set(members_of(starts))
    return {job for job in job_set.jobs if not wanted.isdisjoint(job._requirements())}


def predecessors_upstream(job_set: JobSet, starts: Iterable[Schedulable]) -> set[AnyJob]:
    """Return the jobs of the set that any of the starts depends on, however far up."""
    direct = predecessors(job_set, starts)
    return _digraph.closure(requirements_within(job_set), direct) | direct


def successors_downstream(job_set: JobSet, starts: Iterable[Schedulable]) -> set[AnyJob]:
    """Return the jobs of the set that depend on any of the starts, however far down."""
    direct = successors(job_set, starts)
    return _digraph.closure(followers_within(job_set), direct) | direct


def job_sets_in(jobs: Collection[AnyJob]) -> list[JobSet]:
    """Return those jobs that are job sets."""
    for kind in set(map(type, jobs)):
        if issubclass(kind, JobSet):
            return [job for job in jobs if isinstance(job, JobSet)]
    return []  # the usual case, without a look at each


def nested_job_sets(job_set: JobSet) -> Iterator[JobSet]:
    """Yield the set itself, then all that are nested in it, at any depth, outermost first.

    Raises:
        ValueError: one of them is nested in itself.
    """
    return (inner for inner, _, _ in nesting(job_set))


def nesting(job_set: JobSet, *, unless_checked_by: object = None) -> Iterator[Level]:
    """Yield the set itself, then all that are nested in it, each with what is in there.

    Args:
        job_set: where to begin.
        unless_checked_by: the mark of a run: leave out what it has checked already.

    Raises:
        ValueError: one of them is nested in itself.
    """
    jobs = list(job_set.jobs)
    below = job_sets_in(jobs)
    yield job_set, jobs, below
    # Each with what is still to come in there.
    path = {job_set: iter(below)} if below else {}
    while path:
        for inner in path[next(reversed(path))]:
            if inner in path:
                raise ValueError(f"{inner.repr_main()} is nested in itself")
            if unless_checked_by is None or inner._checked_by is not unless_checked_by:
                jobs = list(inner.jobs)
                below = job_sets_in(jobs)
                yield inner, jobs, below
                if below:
                    path[inner] = iter(below)
                    break
        else:
            path.popitem()


def counts_by_phase(job_set: JobSet) -> Counter[Phase]:
    """Return how many jobs of the set are in each phase; one pass."""
    return Counter(job._phase for job in job_set.jobs)
