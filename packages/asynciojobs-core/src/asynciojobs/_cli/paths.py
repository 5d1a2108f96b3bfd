"""The jobs of a scheduler at all depths, with the ids and the paths that users see."""

from __future__ import annotations

from collections.abc import Iterator

from .._dag.jobset import JobSet
from .._dag.outline import number
from ..job import AnyJob

__all__ = ["numbered_paths"]


def numbered_paths(scheduler: JobSet) -> Iterator[list[AnyJob]]:
    """Yield each job after the schedulers around it, in topological order; give all their ids.

    Raises:
        CycleError: the jobs have a cycle.
        ValueError: a scheduler is nested in itself.
    """
    around: list[AnyJob] = []
    for job, _, closing in number(scheduler):
        if closing:
            around.pop()
            continue
        yield [*around, job]
        if isinstance(job, JobSet):
            around.append(job)
