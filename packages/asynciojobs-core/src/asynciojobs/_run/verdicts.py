"""What a verdict names: the jobs that were running at a timeout, or the job that raised."""

from __future__ import annotations

from collections.abc import Iterator

from .._dag.jobset import JobSet, nested_job_sets, record_of
from .._names import Placed, path_name
from .._outcomes import IDLE, RUNNING, SCHEDULED, CriticalFailure, TimedOut
from ..job import AnyJob, phase_of

__all__ = ["critical_failure", "timed_out"]

SHOWN = 5
"""How many of the running jobs are named (jobs)."""

NOT_STARTED = (IDLE, SCHEDULED)
NOT_ENDED = (IDLE, SCHEDULED, RUNNING)


def critical_failure(job: AnyJob, error: BaseException) -> CriticalFailure:
    """Return the verdict on a run in which a critical job raised.

    If the job is a nested scheduler that re-raises the exception of a job inside it, the
    verdict names the inner job, too.
    """
    record = record_of(job)
    within = None if record is None else record.verdict
    inside = None
    if isinstance(within, CriticalFailure) and within.exception is error:
        inside = within.job
    return CriticalFailure(Placed(job, inside), error)


def timed_out(job_set: JobSet, timeout: float) -> TimedOut:
    """Return the verdict on a run that times out now; O(V), at all depths.

    It names the first few running jobs, regular ones before forever ones. Nested schedulers are
    named only if no job in them is running. It also counts the regular jobs that have not
    started.
    """
    try:
        return _timed_out(job_set, timeout)
    except Exception:  # noqa: BLE001 - users may have edited the jobs into a tangle
        return TimedOut(timeout)


def _timed_out(job_set: JobSet, timeout: float) -> TimedOut:
    regular: list[list[AnyJob]] = []
    forever: list[list[AnyJob]] = []
    count = waiting = 0
    for path in _leaves(job_set):
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
    """Yield the path of each job, and of each scheduler in which no job is running.

    Raises:
        ValueError: a scheduler is nested in itself.
    """
    for _ in nested_job_sets(job_set):  # raises if the walk would never end
        pass
    levels = [iter(tuple(job_set.jobs))]
    around: list[AnyJob] = []
    busy = [False]  # whether a job is running at this level or below
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
        elif isinstance(job, JobSet) and phase_of(job) in NOT_ENDED:
            around.append(job)
            levels.append(iter(tuple(job.jobs)))
            busy.append(False)
        else:
            busy[-1] = busy[-1] or phase_of(job) is RUNNING
            yield [*around, job]
