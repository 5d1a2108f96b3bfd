"""What is settled before a run starts: that it can, and what waits for what.

The result is kept on the jobs, since that is the cheapest place: `_missing`, how many
requirements are not done; `_holds`, who waits for this job: `NOBODY`, one job, or a list of
them, and ``None`` if it takes part in no run, or its end has been dealt with; and `_run`, a
mark of the run that it takes part in. All of it is O(V+E). Where each job stands behind its
requirements, that order is the proof that there is no cycle, and each requirement is looked
at just once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from . import _digraph
from ._errors import (
    AlreadyRunningError,
    CycleError,
    ForeverRequirementError,
    MissingRequirementError,
)
from ._jobset import JobSet, ShutdownRecord
from ._lifecycle import Phase
from ._queries import AnyJob, graph_of
from ._verdict import FINE
from .job import AbstractJob

__all__ = [
    "admit",
    "check_all",
    "count_requirements",
    "dismiss",
    "enroll",
    "held_by",
    "reset",
]

IDLE = Phase.IDLE
NOBODY: tuple[()] = ()


def admit(job_set: JobSet, run: object) -> None:
    """Enroll the jobs of a set for a run, and count their requirements.

    Args:
        job_set: whose jobs.
        run: the mark of the run.

    Raises:
        AlreadyRunningError: one of them takes part in a run.
        RequirementError: they can't be run; in any case no trace is left on the jobs.
    """
    jobs = tuple(job_set.jobs)
    try:
        if not _enroll_in_order(jobs, run):
            dismiss(jobs, run)
            enroll(jobs, run)
            _count_all(jobs, run)
            _check_acyclic(job_set, jobs)
        _check_forever(jobs)
    except BaseException:
        dismiss(jobs, run)
        raise


def check_all(job_sets: Iterable[JobSet]) -> None:
    """Check job sets that are to run later on.

    Raises:
        AlreadyRunningError: one of them is running.
        RequirementError: one of them can't be run.
    """
    for job_set in job_sets:
        check = object()
        admit(job_set, check)
        dismiss(job_set.jobs, check)


def reset(job_sets: Iterable[JobSet]) -> None:
    """Forget the last run of the job sets."""
    for job_set in job_sets:
        job_set._shutdown_record = ShutdownRecord()
        job_set._verdict = FINE
        for job in job_set.jobs:
            if job._shutdown_given or job._phase is not IDLE:
                job._reset()


def enroll(jobs: Collection[AnyJob], run: object) -> None:
    """Mark jobs as taking part in a run, each one waited for by nobody so far.

    Raises:
        AlreadyRunningError: one takes part in a run; then none is marked.
    """
    for job in jobs:
        if job._holds is not None:
            raise AlreadyRunningError(job)
    for job in jobs:
        job._holds = NOBODY
        job._run = run


def dismiss(jobs: Iterable[AnyJob], run: object) -> None:
    """Take the marks of a run from jobs."""
    for job in jobs:
        if job._run is run:
            job._holds = job._run = None


def _enroll_in_order(jobs: Iterable[AnyJob], run: object) -> bool:
    """Enroll jobs and count their requirements, as long as each one stands behind those.

    Returns:
        whether all do; else there may be a cycle, or a requirement from elsewhere.

    Raises:
        AlreadyRunningError: one takes part in a run.
    """
    for job in jobs:
        if job._holds is not None:
            raise AlreadyRunningError(job)
        required = job._required
        if required is None:
            job._missing = 0
        else:
            requirements = (required,) if isinstance(required, AbstractJob) else required
            for requirement in requirements:
                if requirement._run is not run:
                    return False
                held = requirement._holds  # as in _hold(), without a call for each
                if isinstance(held, list):
                    held.append(job)
                else:
                    requirement._holds = [held, job] if isinstance(held, AbstractJob) else job
            job._missing = len(requirements)
        job._holds = NOBODY
        job._run = run
    return True


def _count_all(jobs: Iterable[AnyJob], run: object) -> None:
    """Count the requirements of enrolled jobs, in whatever order they stand."""
    for job in jobs:
        required = job._requirements()
        for requirement in required:
            if requirement._run is not run:  # though another run may have enrolled it
                raise MissingRequirementError(job, requirement)
            _hold(requirement, job)
        job._missing = len(required)


def _hold(requirement: AnyJob, follower: AnyJob) -> None:
    """Note that a job has to wait for another one."""
    held = requirement._holds
    if isinstance(held, list):
        held.append(follower)
    else:
        requirement._holds = [held, follower] if isinstance(held, AbstractJob) else follower


def held_by(job: AnyJob) -> Collection[AnyJob]:
    """Return the jobs that wait for a job."""
    held = job._holds
    return (held,) if isinstance(held, AbstractJob) else held or ()


def _check_acyclic(job_set: JobSet, jobs: Collection[AnyJob]) -> None:
    """Let the jobs end one after the other, without running them: do all of them?"""
    ended = [job for job in jobs if not job._missing]
    for job in ended:  # grows while it is walked: that makes it a queue
        for follower in held_by(job):
            missing = follower._missing = follower._missing - 1
            if not missing:
                ended.append(follower)
    if len(ended) < len(jobs):
        raise CycleError(_digraph.find_cycle(graph_of(job_set)) or ())
    for job in jobs:
        job._missing = len(job._requirements())


def _check_forever(jobs: Iterable[AnyJob]) -> None:
    for job in jobs:
        if job.forever:
            for follower in held_by(job):
                if not follower.forever:
                    raise ForeverRequirementError(follower, job)


def count_requirements(job: AnyJob) -> None:
    """Count the requirements of one enrolled job, in the midst of a run.

    Raises:
        MissingRequirementError: one of them neither takes part in the run nor is done.
        ForeverRequirementError: one of them is a forever job, and this one is not.
    """
    job._missing = 0
    for requirement in job._requirements():
        if requirement._holds is None or requirement._run is not job._run:
            if not requirement.is_done():
                raise MissingRequirementError(job, requirement)
            continue
        if requirement.forever and not job.forever:
            raise ForeverRequirementError(job, requirement)
        _hold(requirement, job)
        job._missing += 1
