"""Jobs that join a run while it goes on, and requirements that jobs get meanwhile.

The requirements of a new job are looked at one turn of the loop after it came. And from the
first new job on, each job is asked again what it requires just before it starts. So a job can
add others, and make a last one wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from .._dag.digraph import closure, find_cycle
from .._dag.jobset import JobSet, Level, nesting
from .._errors import CycleError, ForeverRequirementError, MissingRequirementError
from .._outcomes import Broken, Verdict
from ..job import AnyJob, requirements_of
from .admission import check_all, check_made, check_sound
from .waitlist import enroll, take_part_together, unfinished_requirements, wait_for_all, waits

__all__ = ["check_waits", "join", "must_wait_again"]


class GrowingRun(Protocol):
    """What a run is for the jobs that join it; see `Run` for what each of these means."""

    mark: object
    jobs: list[AnyJob]
    forever: set[AnyJob]
    newcomers: list[AnyJob]
    starting: bool
    shuffled: bool
    grown: bool
    late: bool

    def is_over(self) -> bool: ...
    def is_idle(self) -> bool: ...
    def call_soon(self, function: Callable[..., object], *args: object) -> None: ...
    def nest(self, levels: list[Level]) -> None: ...
    def expect(self, count: int, forever: set[AnyJob]) -> None: ...
    def make_ready(self, job: AnyJob) -> None: ...
    def start_ready(self) -> None: ...
    def end(self, verdict: Verdict) -> None: ...


def join(run: GrowingRun, jobs: Collection[AnyJob]) -> None:
    """Take jobs into a run. From now on it waits for them.

    Their requirements are looked at in the next turn of the loop. So a user may add several
    jobs, and say what they require, in any order.

    Raises:
        AlreadyRunningError: one of the jobs takes part in a run.
        TypeError: one of them was not initialized.
    """
    if not run.newcomers:
        # First, since it raises near the recursion limit: then no job is enrolled yet.
        run.call_soon(_admit_newcomers, run)
    check_made(jobs)
    enroll(jobs, run.mark)
    run.grown = True
    run.expect(len(jobs), {job for job in jobs if job.forever})
    run.jobs.extend(jobs)
    run.newcomers.extend(jobs)


def _admit_newcomers(run: GrowingRun) -> None:
    newcomers, run.newcomers = run.newcomers, []
    if run.is_over():
        return
    try:
        _prepare(run, newcomers)
        for job in [job for job in newcomers if not _look_again(job, run.forever)]:
            run.make_ready(job)
        if run.late:
            check_waits(run)
        if not run.starting:
            run.start_ready()
    except BaseException as error:  # noqa: BLE001 - the loop would only log it
        run.end(Broken(error))


def _prepare(run: GrowingRun, newcomers: list[AnyJob]) -> None:
    """Check new jobs, and make them ready for the run with all that is nested in them."""
    check_sound(newcomers)
    for rank, job in enumerate(newcomers, len(run.jobs) - len(newcomers)):
        job._forget_run()
        job._rank = rank
        if isinstance(job, JobSet):
            levels = list(nesting(job))
            check_all(levels)
            run.nest(levels)
    among: Iterable[AnyJob] = newcomers
    if run.late:  # jobs of the run may have been made to require the new ones
        among = closure(unfinished_requirements, newcomers)
    _check_cycle({job: requirements_of(job) for job in among})


def must_wait_again(run: GrowingRun, job: AnyJob) -> bool:
    """Tell whether a job got more requirements since it was enrolled, and waits for one.

    Raises:
        CycleError: now it waits for itself.
        RequirementError: see `_look_again()`.
    """
    if not _look_again(job, run.forever):
        return False
    run.late = run.shuffled = True
    upstream = closure(unfinished_requirements, [job])
    _check_cycle({other: unfinished_requirements(other) for other in upstream})
    return True


def _look_again(job: AnyJob, forever: Collection[AnyJob]) -> bool:
    """Let an enrolled job wait for the requirements that it has now; tell if there are any.

    Args:
        job: the job.
        forever: the jobs that were forever jobs when they were enrolled; flags may change.

    Raises:
        MissingRequirementError: a requirement is not done and not in the run.
        ForeverRequirementError: a requirement is a forever job, and the job is not.
        TypeError: see `check_sound()`.
    """
    check_sound((job,))
    unfinished: list[AnyJob] = []
    for requirement in requirements_of(job):
        if not take_part_together(requirement, job):
            if not requirement.is_done():
                raise MissingRequirementError(job, requirement)
        elif requirement in forever and job not in forever:
            raise ForeverRequirementError(job, requirement)
        else:
            unfinished.append(requirement)
    wait_for_all(job, unfinished)
    return bool(unfinished)


def check_waits(run: GrowingRun) -> None:
    """Check, if nothing goes on any more, that the jobs don't wait for each other.

    The sets of requirements do not show such a cycle if one of them was edited: a job still
    waits for a job that was taken out of its set.

    Raises:
        CycleError: they do.
    """
    if run.is_idle() and not run.newcomers:
        _check_cycle(waits(run.jobs))


def _check_cycle(graph: Mapping[AnyJob, Iterable[AnyJob]]) -> None:
    if cycle := find_cycle(graph):
        raise CycleError(cycle)
