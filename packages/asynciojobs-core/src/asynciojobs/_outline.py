"""The walk through a scheduler and all that is nested in it, in the order of execution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from ._jobset import JobSet
from ._queries import AnyJob, nested_job_sets, topological_order

__all__ = ["Entry", "iterate_jobs", "number", "outline"]


class Entry(NamedTuple):
    """A place in the outline."""

    job: AnyJob
    depth: int
    """How many nested schedulers are around it."""
    closing: bool
    """This is the end of a nested scheduler, which was opened before."""


Order: TypeAlias = Callable[[JobSet], Iterator[AnyJob]]


def outline(job_set: JobSet, order: Order = topological_order) -> Iterator[Entry]:
    """Yield all jobs at all depths, each behind its requirements; nested ones twice.

    A nested scheduler opens, then come its jobs, and then it closes.

    Args:
        job_set: where to look.
        order: yields the jobs of one set.

    Raises:
        CycleError: the jobs of the set, or of one nested in it, have a cycle.
        ValueError: a scheduler is nested in itself.
    """
    for _ in nested_job_sets(job_set):  # raises where the walk below would go on forever
        pass
    stack = [order(job_set)]
    around: list[AnyJob] = []
    while stack:
        job = next(stack[-1], None)
        if job is not None:
            yield Entry(job, len(around), closing=False)
            if isinstance(job, JobSet):
                around.append(job)
                stack.append(order(job))
        else:
            stack.pop()
            if around:
                closed = around.pop()
                yield Entry(closed, len(around), closing=True)


def number(job_set: JobSet, order: Order = topological_order) -> list[Entry]:
    """Give each job its id, the rank in the outline, from 1 on; return the outline.

    All ids have the same number of digits.

    Args:
        job_set: where to look.
        order: yields the jobs of one set.

    Raises:
        CycleError: the jobs of the set, or of one nested in it, have a cycle.
    """
    entries = list(outline(job_set, order))
    jobs = [entry.job for entry in entries if not entry.closing]
    width = len(str(len(jobs)))
    for rank, job in enumerate(jobs, start=1):
        job._shown_id = f"{rank:0{width}}"
    return entries


def iterate_jobs(job_set: JobSet, *, scan_schedulers: bool) -> Iterator[JobSet | AnyJob]:
    """Yield all jobs at all depths, in the order of creation.

    Args:
        job_set: where to look.
        scan_schedulers: yield the schedulers too, the outermost included.
    """
    for _ in nested_job_sets(job_set):
        pass
    if scan_schedulers:
        yield job_set
    stack = [iter(tuple(job_set.jobs))]
    while stack:
        job = next(stack[-1], None)
        if job is None:
            stack.pop()
        elif isinstance(job, JobSet):
            if scan_schedulers:
                yield job
            stack.append(iter(tuple(job.jobs)))
        else:
            yield job
