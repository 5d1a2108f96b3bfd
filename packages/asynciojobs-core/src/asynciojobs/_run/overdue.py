"""What a run that timed out was waiting for."""

from __future__ import annotations

from collections.abc import Iterator

from .._dag.jobset import JobSet, nested_job_sets
from .._names import path_name
from .._outcomes import IDLE, RUNNING, SCHEDULED, TimedOut
from ..job import AnyJob, phase_of

__all__ = ["timed_out"]

SHOWN = 5
"""How many of the jobs that ran are named (jobs)."""

NOT_STARTED = (IDLE, SCHEDULED)


def timed_out(job_set: JobSet, timeout: float) -> TimedOut:
    """Return the verdict on a run whose deadline comes now; O(V), at all depths.

    It names the first jobs that run, regular ones before forever ones. Nested schedulers are
    named only if no job in them runs. Of the jobs that have not started, it counts the regular
    ones.
    """
    regular: list[list[AnyJob]] = []
    forever: list[list[AnyJob]] = []
    count = waiting = 0
    try:
        leaves = [*_leaves(job_set)]
    except Exception:  # noqa: BLE001 - users may have edited the jobs into a tangle
        leaves = []
    for path in leaves:
        phase = phase_of(path[-1])
        is_forever = any(job.forever for job in path)
        if phase is RUNNING:
            count += 1
            kind = forever if is_forever else regular
            if len(kind) < SHOWN:
                kind.append(path)
        elif phase in NOT_STARTED and not is_forever and not isinstance(path[-1], JobSet):
            waiting += 1
    shown = [*regular, *forever][:SHOWN]
    return TimedOut(timeout, tuple(map(path_name, shown)), count - len(shown), waiting)


def _leaves(job_set: JobSet) -> Iterator[list[AnyJob]]:
    """Yield the path of each job, and of each scheduler in which nothing runs.

    Raises:
        ValueError: a scheduler is nested in itself.
    """
    for _ in nested_job_sets(job_set):  # raises if the walk would never end
        pass
    levels = [iter(tuple(job_set.jobs))]
    around: list[AnyJob] = []
    busy = [False]  # a job runs at this level, or below
    while levels:
        job = next(levels[-1], None)
        if job is None:
            levels.pop()
            runs = busy.pop()
            if around:
                if not runs:
                    yield [*around]
                runs = phase_of(around.pop()) is RUNNING
                busy[-1] = busy[-1] or runs
        elif isinstance(job, JobSet):
            around.append(job)
            levels.append(iter(tuple(job.jobs)))
            busy.append(False)
        else:
            busy[-1] = busy[-1] or phase_of(job) is RUNNING
            yield [*around, job]
