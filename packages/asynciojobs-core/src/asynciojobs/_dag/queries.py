"""Queries about the graph of a job set. Each is O(V+E) at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from .._lazy import OnDemand
from .._names import Placed
from .._outcomes import Broken, CriticalFailure, Phase
from .._requirements import members_of
from ..job import ANY_JOB, AnyJob, Member, phase_of, requirements_of
from . import digraph
from .jobset import JobSet, nested_job_sets, record_of

if TYPE_CHECKING:
    from .. import _errors
else:
    _errors = OnDemand("_errors")

__all__ = [
    "counts_by_phase",
    "culprit_of",
    "entry_jobs",
    "exit_jobs",
    "find_cycle",
    "followers_within",
    "graph_of",
    "in_order",
    "predecessors",
    "predecessors_upstream",
    "requirements_within",
    "successors",
    "successors_downstream",
    "topological_order",
]

Graph: TypeAlias = dict[AnyJob, Iterable[AnyJob]]


def graph_of(jobs: Iterable[AnyJob]) -> Graph:
    """Return the requirements of each job, as a graph for `digraph`."""
    return {job: requirements_of(job) for job in jobs}


def requirements_within(job_set: JobSet) -> Callable[[AnyJob], Iterable[AnyJob]]:
    """Return a function from a job to its requirements that are in the set."""
    jobs = set(job_set.jobs)
    return lambda job: [other for other in requirements_of(job) if other in jobs]


def followers_within(job_set: JobSet) -> Callable[[AnyJob], Iterable[AnyJob]]:
    """Return a function from a job of the set to the jobs of the set that require it."""
    return digraph.reverse(graph_of(job_set.jobs)).__getitem__


def entry_jobs(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs that require nothing."""
    return (job for job in job_set.jobs if not requirements_of(job))


def exit_jobs(job_set: JobSet, *, discard_forever: bool) -> Iterator[AnyJob]:
    """Yield the jobs that no job of the set requires; leave out forever jobs if asked to."""
    required = {requirement for job in job_set.jobs for requirement in requirements_of(job)}
    for job in job_set.jobs:
        if job not in required and not (discard_forever and job.forever):
            yield job


def topological_order(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs, each after its requirements.

    Raises:
        CycleError: they have a cycle. This is raised before anything is yielded.
    """
    return in_order(job_set.jobs)


def in_order(jobs: Iterable[AnyJob]) -> Iterator[AnyJob]:
    """Yield some jobs, each after its requirements that are among them.

    Raises:
        CycleError: they have a cycle. This is raised before anything is yielded.
    """
    graph = graph_of(jobs)
    order = list(digraph.topological_order(graph))
    if len(order) < len(graph):
        raise _errors.CycleError(digraph.find_cycle(graph) or ())
    return iter(order)


def find_cycle(job_set: JobSet) -> list[AnyJob] | None:
    """Return a cycle among the jobs of the set, or of a set nested in it, if any."""
    graphs = (graph_of(inner.jobs) for inner in nested_job_sets(job_set))
    cycles = (digraph.find_cycle(graph) for graph in graphs)
    return next((cycle for cycle in cycles if cycle), None)


def culprit_of(job_set: JobSet) -> AnyJob | None:
    """Return the job whose exception ended the last run of a set, if any; O(V).

    If it is a nested scheduler, it may have re-raised the exception of a job inside it.
    """
    record = record_of(job_set)
    verdict = None if record is None else record.verdict
    found: Iterable[AnyJob] = ()
    if isinstance(verdict, CriticalFailure) and isinstance(verdict.job, Placed):
        blamed = verdict.job.job
        found = (job for job in job_set.jobs if job is blamed)
    elif isinstance(verdict, Broken):
        exception = verdict.exception
        found = (job for job in job_set.jobs if job.raised_exception() is exception)
    return next(iter(found), None)


def predecessors(job_set: JobSet, starts: Iterable[Member]) -> set[AnyJob]:
    """Return the jobs of the set that any of the starts requires."""
    return {
        requirement
        for start in members_of(starts, ANY_JOB)
        for requirement in requirements_of(start)
        if requirement in job_set.jobs
    }


def successors(job_set: JobSet, starts: Iterable[Member]) -> set[AnyJob]:
    """Return the jobs of the set that require any of the starts."""
    wanted = set(members_of(starts, ANY_JOB))
    return {job for job in job_set.jobs if not wanted.isdisjoint(requirements_of(job))}


def predecessors_upstream(job_set: JobSet, starts: Iterable[Member]) -> set[AnyJob]:
    """Return the jobs of the set that any of the starts depends on, directly or not."""
    direct = predecessors(job_set, starts)
    return digraph.closure(requirements_within(job_set), direct) | direct


def successors_downstream(job_set: JobSet, starts: Iterable[Member]) -> set[AnyJob]:
    """Return the jobs of the set that depend on any of the starts, directly or not."""
    direct = successors(job_set, starts)
    return digraph.closure(followers_within(job_set), direct) | direct


def counts_by_phase(job_set: JobSet) -> Counter[Phase]:
    """Return how many jobs of the set are in each phase, in one pass."""
    return Counter(map(phase_of, job_set.jobs))
