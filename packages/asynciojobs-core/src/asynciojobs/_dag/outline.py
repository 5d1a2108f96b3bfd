"""The walk through a job set and everything nested in it, in order of execution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from ..job import AnyJob
from .jobset import JobSet, nested_job_sets
from .queries import topological_order

__all__ = ["Entry", "in_order_of_creation", "iterate_jobs", "number", "outline"]


class Entry(NamedTuple):
    """A place in the outline."""

    job: AnyJob
    depth: int
    """How many nested schedulers are around it."""
    closing: bool
    """Whether this is the end of a nested scheduler, which an earlier entry opened."""


Order: TypeAlias = Callable[[JobSet], Iterator[AnyJob]]


def in_order_of_creation(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield the jobs of one set as they were added; the set may be edited in the meantime."""
    return iter(tuple(job_set.jobs))


def outline(job_set: JobSet, order: Order = topological_order) -> Iterator[Entry]:
    """Return all jobs at all depths. A nested scheduler comes twice, around its jobs.

    Args:
        job_set: where to begin.
        order: yields the jobs of one set; by default, each after its requirements.

    Raises:
        CycleError: the jobs of the set, or of a set nested in it, have a cycle.
        ValueError: a scheduler is nested in itself.
    """
    for _ in nested_job_sets(job_set):  # raises if the walk would never end
        pass
    return _walk(job_set, order)


def _walk(job_set: JobSet, order: Order) -> Iterator[Entry]:
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
    """Number all jobs by their rank in the outline, from 1; return the outline.

    All numbers have the same number of digits.

    Args:
        job_set: where to begin.
        order: see `outline()`.

    Raises:
        CycleError: the jobs of the set, or of a set nested in it, have a cycle.
    """
    entries = list(outline(job_set, order))
    jobs = [entry.job for entry in entries if not entry.closing]
    width = len(str(len(jobs)))
    for rank, job in enumerate(jobs, start=1):
        job._shown_id = f"{rank:0{width}}"
    return entries


def iterate_jobs(job_set: JobSet, *, scan_schedulers: bool) -> Iterator[JobSet | AnyJob]:
    """Yield all jobs at all depths, in order of creation.

    Args:
        job_set: where to begin.
        scan_schedulers: whether to yield the schedulers too, including the outermost one.
    """
    entries = outline(job_set, in_order_of_creation)
    if scan_schedulers:
        yield job_set
    for job, _, closing in entries:
        if not closing and (scan_schedulers or not isinstance(job, JobSet)):
            yield job
