"""Checks before a run starts: whether the jobs can run, and which of them come first.

Each requirement is checked once here, and once more before its job starts, so all of this is
O(V+E). The result is stored in the slots of the jobs; see `waitlist`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NoReturn

from .._dag.jobset import JobSet, Level, check_not_running, level_of, nesting, state_of
from .._lazy import OnDemand
from .._names import Mark, Plan
from .._outcomes import IDLE
from ..job import AbstractJob, AnyJob, had_shutdown, note_shutdown, requirements_of
from .roster import Roster
from .waitlist import (
    by_rank,
    check_free,
    dismiss,
    enroll_in_order,
    mark_in_order,
    order_by_requirements,
)

if TYPE_CHECKING:
    from .. import _errors
    from .._dag import digraph
else:
    _errors = OnDemand("_errors")
    digraph = OnDemand("_dag.digraph")

__all__ = [
    "admit",
    "check_all",
    "check_made",
    "check_requirements",
    "check_sound",
    "checked_levels",
    "prepare",
]


def admit(jobs: list[AnyJob], mark: object) -> tuple[Roster, list[AnyJob], bool]:
    """Enroll the jobs of a set in a run. Each then waits for one of its requirements.

    Args:
        jobs: the jobs.
        mark: the mark of the run.

    Returns:
        the roster; the jobs that require nothing, in order; and whether each job comes after
        those that it requires. If so, the jobs on each waitlist are in order, too.

    Raises:
        AlreadyRunningError: a job takes part in a run.
        RequirementError: they can't run. After any error, the jobs are left unchanged.
        TypeError: see `check_sound`.
    """
    try:
        entries = enroll_in_order(enumerate(jobs), mark)
        in_order = entries is not None
        if entries is None:
            dismiss(jobs, mark)
            entries = _enroll_in_any_order(jobs, mark)
        return Roster(jobs), entries, in_order
    except BaseException:
        dismiss(filter(_is_made, jobs), mark)
        check_sound(jobs)
        raise


def checked_levels(job_set: JobSet, mark: object) -> list[Level]:
    """Check the job sets nested in a job set; return the set itself and those.

    Args:
        job_set: the job set.
        mark: the mark of the outermost run; job sets that this run has checked are left out.

    Raises:
        ValueError: one of the nested job sets can't run, or is nested in itself.
        AlreadyRunningError: one of them is running.
    """
    level = level_of(job_set)
    _, _, below = level
    if not below:
        return [level]
    # An earlier shutdown is forgotten at all depths, even in sets that were checked before.
    again = any(isinstance(job, AbstractJob) and had_shutdown(job) for job in below)
    levels = list(nesting(job_set, unless_checked_by=None if again else mark))
    check_all(levels[1:], mark)
    return levels


def check_all(levels: Iterable[Level], mark: object = None) -> None:
    """Check job sets that will run later.

    Args:
        levels: the job sets.
        mark: the mark of the outermost run, which may have checked some of them before.

    Raises:
        AlreadyRunningError: one of them is running.
        RequirementError: one of them can't run.
        TypeError: see `check_sound`.
    """
    for job_set, jobs, _ in levels:
        check_not_running(job_set)
        plan = _plan_run(job_set, mark)
        try:
            if not mark_in_order(jobs, plan):
                _ordered(jobs, plan)
        except AttributeError:
            check_sound(jobs)
            raise


def _plan_run(job_set: JobSet, mark: object) -> Plan:
    """Mark the jobs of a job set that will run as part of another run."""
    state = state_of(job_set)
    before, state.plan = state.plan, Plan(job_set)
    if before is not None and state.checked_by is mark:
        state.plan.cancelled |= before.cancelled
    return state.plan


def prepare(levels: Iterable[Level], mark: Mark) -> None:
    """Prepare job sets for a run, after they were checked.

    Args:
        levels: the job set of the run, and those nested in it.
        mark: the mark of the outermost run.
    """
    restored = mark.restored
    for job_set, jobs, below in levels:
        state = state_of(job_set)
        state.begin(mark)
        for job in jobs:
            if job._shutdown_given or job._phase is not IDLE:
                if restored and job in restored:
                    note_shutdown(job, given=False)
                else:
                    job._forget_run()
        for inner in below:
            state.observers.enclose(state_of(inner).observers)


def check_sound(jobs: Collection[AnyJob]) -> None:
    """Check for mistakes that type checkers find, for better messages than `AttributeError`.

    Raises:
        TypeError: a job was not initialized, or one of its requirements is not a job.
    """
    check_made(jobs)
    for job in jobs:
        check_requirements(job, requirements_of(job))


def check_requirements(job: AnyJob, requirements: Iterable[object]) -> None:
    """Check that requirements are jobs.

    Raises:
        TypeError: one of them is not.
    """
    for requirement in requirements:
        if not isinstance(requirement, AbstractJob):
            raise TypeError(
                f"{job.repr_main()} requires {requirement!r}, which is not a job: add "
                "requirements with requires(), which takes sequences and lists, too"
            ) from None


def check_made(jobs: Iterable[AnyJob]) -> None:
    """Check that jobs were initialized.

    Raises:
        TypeError: the class of a job does not call ``super().__init__()``.
    """
    for job in jobs:
        if not _is_made(job):
            raise TypeError(
                f"{type(job).__name__}.__init__() must call super().__init__(): without that, "
                "its jobs can't run"
            ) from None


def _is_made(job: AnyJob) -> bool:
    return hasattr(job, "_run_mark")


def _enroll_in_any_order(jobs: Collection[AnyJob], mark: object) -> list[AnyJob]:
    """Enroll jobs that are not in order; return those that require nothing.

    Raises:
        AlreadyRunningError: a job takes part in a run.
        RequirementError: there is no order in which they can run.
    """
    order = _ordered(jobs, mark)
    entries = enroll_in_order(zip(map(by_rank, order), order, strict=True), mark)
    assert entries is not None
    entries.sort(key=by_rank)
    return entries


def _ordered(jobs: Collection[AnyJob], mark: object) -> list[AnyJob]:
    """Mark jobs, and return them in an order where each comes after its requirements.

    Raises:
        AlreadyRunningError: a job takes part in a run.
        MissingRequirementError: a job requires one that is not among these.
        CycleError: there is no such order.
    """
    check_free(jobs)
    order = order_by_requirements(jobs, mark)
    if order is None:
        _refuse(jobs)
    return order


def _refuse(jobs: Collection[AnyJob]) -> NoReturn:
    members = set(map(id, jobs))  # by id: a job that only equals a member is not the same job
    for job in jobs:
        for requirement in requirements_of(job):
            if id(requirement) not in members:
                raise _errors.MissingRequirementError(job, requirement)
    graph = {job: requirements_of(job) for job in jobs}
    raise _errors.CycleError(digraph.find_cycle(graph) or ())
