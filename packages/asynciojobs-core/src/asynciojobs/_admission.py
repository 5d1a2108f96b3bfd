"""What is settled before a run starts: that it can, and what waits for what.

The result is kept on the jobs, since that is the cheapest place: `_missing`, how many
requirements are not done, and `_holds`, the jobs that wait for this one: ``()`` for none,
``None`` for a job that takes part in no run, or whose end has been dealt with. All of it is
O(V+E); each requirement is looked at once, unless the jobs were not created in an order that
respects their requirements: then a second time, for cycles.
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
from ._queries import AnyJob, graph_of
from ._verdict import FINE

__all__ = ["admit", "check_all", "count_requirements", "dismiss", "enroll", "reset"]

UNCOUNTED = -1
"""`_missing` of a job that is enrolled, and whose requirements were not counted yet."""


def admit(job_set: JobSet) -> None:
    """Enroll the jobs of a set for a run, and count their requirements.

    Raises:
        AlreadyRunningError: one of them takes part in a run.
        RequirementError: they can't be run; in any case no trace is left on the jobs.
    """
    enrolled = enroll(job_set.jobs)
    try:
        if not _count_in_order(job_set.jobs):
            _check_acyclic(job_set)
        _check_forever(job_set.jobs)
    except BaseException:
        dismiss(enrolled)
        raise


def check_all(job_sets: Iterable[JobSet]) -> None:
    """Check job sets that are to run later on.

    Raises:
        AlreadyRunningError: one of them is running.
        RequirementError: one of them can't be run.
    """
    for job_set in job_sets:
        admit(job_set)
        dismiss(job_set.jobs)


def reset(job_sets: Iterable[JobSet]) -> None:
    """Forget the last run of the job sets."""
    for job_set in job_sets:
        job_set._shutdown_record = ShutdownRecord()
        job_set._verdict = FINE
        for job in job_set.jobs:
            if job._shutdown_given or not job.is_idle():
                job._reset()


def enroll(jobs: Collection[AnyJob]) -> list[AnyJob]:
    """Mark jobs as taking part in a run, each one waited for by nobody so far.

    Raises:
        AlreadyRunningError: one takes part in a run; then none is marked.
    """
    enrolled: list[AnyJob] = []
    for job in jobs:
        if job._holds is not None:
            dismiss(enrolled)
            raise AlreadyRunningError(job)
        job._holds = ()
        job._missing = UNCOUNTED
        enrolled.append(job)
    return enrolled


def dismiss(jobs: Iterable[AnyJob]) -> None:
    """Take the marks of a run from jobs."""
    for job in jobs:
        job._holds = None


def _count_in_order(jobs: Iterable[AnyJob]) -> bool:
    """Count the requirements of each job; tell whether all stood before the job.

    Then there is no cycle, and nothing more to check.
    """
    in_order = True
    members = frozenset(jobs)
    for job in jobs:
        required = job._required
        if required is None:
            job._missing = 0
            continue
        for requirement in required:
            if requirement not in members:  # though another run may have enrolled it
                raise MissingRequirementError(job, requirement)
            held = requirement._holds
            if held:
                held.append(job)
            else:
                requirement._holds = [job]
            if requirement._missing == UNCOUNTED:  # this job itself, or one behind it
                in_order = False
        job._missing = len(required)
    return in_order


def _check_acyclic(job_set: JobSet) -> None:
    if cycle := _digraph.find_cycle(graph_of(job_set)):
        raise CycleError(cycle)


def _check_forever(jobs: Iterable[AnyJob]) -> None:
    for job in jobs:
        if job.forever:
            for follower in job._holds or ():
                if not follower.forever:
                    raise ForeverRequirementError(follower, job)


def count_requirements(job: AnyJob, members: Collection[AnyJob]) -> None:
    """Count the requirements of one enrolled job, in the midst of a run.

    Raises:
        MissingRequirementError: one of them neither takes part in the run nor is done.
        ForeverRequirementError: one of them is a forever job, and this one is not.
    """
    job._missing = 0
    for requirement in job._required or ():
        if requirement._holds is None or requirement not in members:
            if not requirement.is_done():
                raise MissingRequirementError(job, requirement)
            continue
        if requirement.forever and not job.forever:
            raise ForeverRequirementError(job, requirement)
        if requirement._holds:
            requirement._holds.append(job)
        else:
            requirement._holds = [job]
        job._missing += 1
