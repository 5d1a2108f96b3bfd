"""A lower bound for runs: the longest path, or the work divided by the slots."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from asynciojobs import AbstractJob, Limit, PureScheduler
from asynciojobs._dag import digraph
from asynciojobs._dag.jobset import JobSet, nesting
from asynciojobs.job import needs_of, requirements_of

__all__ = ["lower_bound"]

AnyJob: TypeAlias = AbstractJob[object]


def lower_bound(scheduler: PureScheduler, seconds: Mapping[AnyJob, float]) -> float:
    """Return a duration that no run of a scheduler can go below; O(V+E).

    It is the longest path through the requirements. If it is longer, it is the work of all
    regular jobs, divided by the slots of the window or of a limit. A nested scheduler counts as
    a job that takes as long as its own bound.

    Args:
        scheduler: the scheduler, with the windows and limits as they are now.
        seconds: how long each job takes, without the nested schedulers.
    """
    takes = dict(seconds)
    work: Counter[Limit] = Counter()
    for job_set, jobs, _ in reversed([*nesting(scheduler)]):  # from the inside out
        bound = bound_of(job_set, jobs, takes)
        for job in jobs:
            for limit, count in needs_of(job).items():
                if takes[job] < math.inf:
                    work[limit] += count * takes[job]  # type: ignore[assignment]
        if job_set is scheduler:
            return max([bound, *(total / limit.slots for limit, total in work.items())])
        assert isinstance(job_set, AbstractJob)
        takes[job_set] = bound
    raise AssertionError("the outermost scheduler comes last")  # pragma: no cover


def bound_of(job_set: JobSet, jobs: Iterable[AnyJob], takes: Mapping[AnyJob, float]) -> float:
    """Return the bound of one scheduler, from its own jobs."""
    regular = [job for job in jobs if not job.forever]
    ends: dict[AnyJob, float] = {}
    for job in digraph.topological_order({job: requirements_of(job) for job in jobs}):
        begin = max((ends[other] for other in requirements_of(job)), default=0.0)
        ends[job] = begin + takes[job]
    bound = max((ends[job] for job in regular), default=0.0)
    window = getattr(job_set, "jobs_window", None)
    if window:
        bound = max(bound, sum(takes[job] for job in regular) / window)
    timeout = getattr(job_set, "timeout", None)
    return bound if timeout is None else min(bound, timeout)
