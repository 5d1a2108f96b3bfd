"""What is settled before a run starts: that it can, and what waits for what.

Nothing is counted. A job waits for *one* of its requirements at a time, and at its end for the
next that is not done, as a clause of a SAT solver watches its literals (Moskewicz et al.,
"Chaff", DAC 2001). So a job is in one list, not in as many as it has requirements. Each of
these is looked at here, and once more on the way to the start of the job: all of it is O(V+E).

The result is kept on the jobs, since that is the cheapest place:

- `_mark`, a mark of the run that a job takes part in;
- `_holds`, who waits for its end: `NOBODY`, one job, or a list of them; ``None`` if the job
  takes part in no run, or its end has been dealt with. So that tells what is not done;
- `_unmet`, which of its requirements may not be done yet, if it has several;
- `_rank`, its place in the run: those that become ready together are started in the order in
  which they were added.

Where each job stands behind its requirements, that order is the proof that there is no cycle.
Otherwise they are put in such an order first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import NamedTuple, NoReturn

from . import _digraph
from ._errors import (
    AlreadyRunningError,
    CycleError,
    ForeverRequirementError,
    MissingRequirementError,
)
from ._jobset import JobSet, ShutdownRecord
from ._lifecycle import Phase
from ._queries import AnyJob, Level, graph_of
from ._verdict import FINE
from .job import AbstractJob

__all__ = [
    "NOBODY",
    "Admitted",
    "admit",
    "check_all",
    "check_sound",
    "dismiss",
    "enroll",
    "look_again",
    "next_unmet",
    "reset",
    "wait_for",
    "waits",
]

IDLE = Phase.IDLE
NOBODY: tuple[()] = ()


class Admitted(NamedTuple):
    """What is told of the jobs that can be run."""

    entries: list[AnyJob]
    """Those that require nothing, in their order."""
    forever: set[AnyJob]
    """Those that are not waited for."""
    in_order: bool
    """Each stands behind those that it requires: so those that wait for one job do, too."""


def admit(job_set: JobSet, jobs: Collection[AnyJob], run: object) -> Admitted:
    """Enroll the jobs of a set for a run, and let each wait for one of its requirements.

    Args:
        job_set: the set.
        jobs: its jobs.
        run: the mark of the run.

    Raises:
        AlreadyRunningError: one of them takes part in a run.
        RequirementError: they can't be run; in any case no trace is left on the jobs.
        TypeError: see `check_sound`.
    """
    try:
        entries = _enroll_in_order(enumerate(jobs), run)
        in_order = entries is not None
        if entries is None:
            dismiss(jobs, run)
            entries = _enroll_in_any_order(job_set, jobs, run)
        forever = {job for job in jobs if job.forever}
        if forever:
            _check_forever(jobs, forever)
    except BaseException:
        dismiss(filter(_is_made, jobs), run)
        check_sound(jobs)
        raise
    return Admitted(entries, forever, in_order)


def check_all(levels: Iterable[Level]) -> None:
    """Check job sets that are to run later on.

    Raises:
        AlreadyRunningError: one of them is running.
        RequirementError: one of them can't be run.
        TypeError: see `check_sound`.
    """
    for job_set, jobs, _ in levels:
        job_set._check_not_running()
        check = object()
        try:
            if not _stand_in_order(jobs, check):
                _in_some_order(job_set, jobs, check)
            forever = {job for job in jobs if job.forever}
        except AttributeError:
            check_sound(jobs)
            raise
        if forever:
            _check_forever(jobs, forever)


def check_sound(jobs: Collection[AnyJob]) -> None:
    """Check what type checkers would have told, and would be an `AttributeError` else.

    Raises:
        TypeError: a job is not made, or what it requires is none.
    """
    _check_made(jobs)
    for job in jobs:
        for requirement in job._requirements():
            if not isinstance(requirement, AbstractJob):
                raise TypeError(
                    f"{job.repr_main()} requires {requirement!r}, which is no job: add "
                    "requirements with requires(), which takes sequences and lists, too"
                ) from None


def _check_made(jobs: Iterable[AnyJob]) -> None:
    for job in jobs:
        if not _is_made(job):
            raise TypeError(
                f"{type(job).__name__}.__init__() must call super().__init__(): without that, "
                "what it makes is no job that can run"
            ) from None


def _is_made(job: AnyJob) -> bool:
    return hasattr(job, "_mark")


def _stand_in_order(jobs: Iterable[AnyJob], check: object) -> bool:
    """Tell whether each job stands behind those that it requires, and is in no run."""
    for job in jobs:
        if job._holds is not None:
            raise AlreadyRunningError(job)
        required = job._required
        if required is not None:
            for requirement in (required,) if isinstance(required, AbstractJob) else required:
                if requirement._mark is not check:
                    return False
        job._mark = check
    return True


def reset(job_set: JobSet, jobs: Iterable[AnyJob]) -> None:
    """Forget the last run of a job set, which has these jobs."""
    job_set._shutdown_record = ShutdownRecord()
    job_set._verdict = FINE
    for job in jobs:
        if job._shutdown_given or job._phase is not IDLE:
            job._forget_run()


def enroll(jobs: Collection[AnyJob], run: object) -> None:
    """Mark jobs as taking part in a run, each one waited for by nobody so far.

    Raises:
        AlreadyRunningError: one takes part in a run; then none is marked.
        TypeError: one is not made; likewise.
    """
    _check_made(jobs)
    for job in jobs:
        if job._holds is not None:
            raise AlreadyRunningError(job)
    for job in jobs:
        job._holds = NOBODY
        job._mark = run


def dismiss(jobs: Iterable[AnyJob], run: object) -> None:
    """Take the marks of a run from jobs."""
    for job in jobs:
        if job._mark is run:
            job._holds = job._mark = None
            job._unmet = ()


def wait_for(requirement: AnyJob, follower: AnyJob) -> None:
    """Let a job wait for the end of another one."""
    held = requirement._holds
    if isinstance(held, list):
        held.append(follower)
    else:
        requirement._holds = [held, follower] if isinstance(held, AbstractJob) else follower


def next_unmet(job: AnyJob) -> AnyJob | None:
    """Return a requirement that a job still has to wait for, if there is one; O(1), amortized.

    The last ones come first: where jobs end in the order in which they were created, all others
    are done once that is.
    """
    unmet = job._unmet
    if isinstance(unmet, tuple):
        unmet = job._unmet = reversed(unmet)
    for requirement in unmet:  # which goes on from where it stopped
        if requirement._holds is not None and requirement._mark is job._mark:  # not elsewhere
            return requirement
    job._unmet = ()
    return None


def _enroll_in_order(ranked: Iterable[tuple[int, AnyJob]], run: object) -> list[AnyJob] | None:
    """Enroll jobs, as long as each one stands behind those that it requires.

    Returns:
        those that require nothing; ``None`` if one does not stand there: there may be a cycle,
        or a requirement from elsewhere.

    Raises:
        AlreadyRunningError: one takes part in a run.
    """
    entries: list[AnyJob] = []
    for rank, job in ranked:
        if job._holds is not None:
            raise AlreadyRunningError(job)
        job._rank = rank
        required = job._required
        if required is None:
            entries.append(job)
        elif isinstance(required, AbstractJob):
            if required._mark is not run:
                return None
            job._unmet = ()
            wait_for(required, job)
        else:  # users may edit a set during the run; what counts is how it is now
            job._unmet = required = tuple(required)
            for requirement in required:
                if requirement._mark is not run:
                    return None
            if required:
                wait_for(required[-1], job)
            else:
                entries.append(job)
        job._holds = NOBODY
        job._mark = run
    return entries


def _enroll_in_any_order(
    job_set: JobSet, jobs: Collection[AnyJob], run: object
) -> list[AnyJob]:
    """Put jobs in an order in which each one stands behind its requirements, and enroll them.

    Returns:
        those that require nothing, in the order in which they were given.

    Raises:
        AlreadyRunningError: one takes part in a run.
        RequirementError: there is no such order.
    """
    order = _in_some_order(job_set, jobs, run)
    by_rank = attrgetter("_rank")
    entries = _enroll_in_order(zip(map(by_rank, order), order, strict=True), run)
    assert entries is not None
    entries.sort(key=by_rank)
    return entries


def _in_some_order(job_set: JobSet, jobs: Collection[AnyJob], mark: object) -> list[AnyJob]:
    """Return jobs, which are in no run, each one behind those that it requires.

    Args:
        job_set: where they are.
        jobs: they, in the order in which they stand there, which becomes their rank.
        mark: what they will carry.

    Raises:
        AlreadyRunningError: one takes part in a run.
        MissingRequirementError: one requires what is not among them.
        CycleError: there is no such order.
    """
    for job in jobs:
        if job._holds is not None:
            raise AlreadyRunningError(job)
    order = _behind_requirements(jobs, mark)
    if order is None:
        for job in jobs:
            job._mark, job._unmet = None, ()
        _refuse(job_set, jobs)
    return order


def _behind_requirements(jobs: Iterable[AnyJob], run: object) -> list[AnyJob] | None:
    """Return jobs in an order in which each stands behind its requirements, if there is one.

    It is a depth-first search whose notes are on the jobs: their marks, and how far it has come
    with what they require.

    Returns:
        the jobs, which carry the mark of the run then; ``None`` if there is a cycle, or a
        requirement from elsewhere.
    """
    to_come = object()
    for rank, job in enumerate(jobs):
        job._mark, job._rank, job._unmet = to_come, rank, ()
    order: list[AnyJob] = []
    for start in jobs:
        path = [start] if start._mark is to_come else []
        while path:
            job = path[-1]
            job._mark = None  # whoever comes back to it has gone round
            requirement = _next_without(run, job)
            if requirement is None:
                job._mark = run
                order.append(path.pop())
            elif requirement._mark is to_come:
                path.append(requirement)
            else:
                return None
    return order


def _next_without(mark: object, job: AnyJob) -> AnyJob | None:
    """Return the next requirement of a job that does not carry a mark; O(1), amortized."""
    required = job._required
    if required is None or isinstance(required, AbstractJob):
        return None if required is None or required._mark is mark else required
    if not job._unmet:
        job._unmet = iter(required)
    for requirement in job._unmet:  # which goes on from where it stopped
        if requirement._mark is not mark:
            return requirement
    job._unmet = ()
    return None


def _refuse(job_set: JobSet, jobs: Collection[AnyJob]) -> NoReturn:
    """Say what is wrong with jobs that have no order."""
    members = set(map(id, jobs))  # one that is equal to a member is another one
    for job in jobs:
        for requirement in job._requirements():
            if id(requirement) not in members:
                raise MissingRequirementError(job, requirement)
    raise CycleError(_digraph.find_cycle(graph_of(job_set)) or ())


def _check_forever(jobs: Iterable[AnyJob], forever: Collection[AnyJob]) -> None:
    for job in jobs:
        if job not in forever:
            for requirement in job._requirements():
                if requirement in forever:
                    raise ForeverRequirementError(job, requirement)


def look_again(job: AnyJob, forever: Collection[AnyJob]) -> bool:
    """Let an enrolled job wait for what it requires by now, in the midst of a run.

    Args:
        job: the job.
        forever: those that were forever jobs when they were enrolled; flags may change.

    Returns:
        whether there is something to wait for.

    Raises:
        MissingRequirementError: one of these neither takes part in the run nor is done.
        ForeverRequirementError: one of these is a forever job, and the job is not.
        TypeError: see `check_sound`.
    """
    check_sound((job,))
    unmet: list[AnyJob] = []
    for requirement in job._requirements():
        if requirement._holds is None or requirement._mark is not job._mark:
            if not requirement.is_done():
                raise MissingRequirementError(job, requirement)
        elif requirement in forever and job not in forever:
            raise ForeverRequirementError(job, requirement)
        else:
            unmet.append(requirement)
    job._unmet = tuple(unmet)
    if unmet:
        wait_for(unmet[-1], job)
    return bool(unmet)


def waits(jobs: Iterable[AnyJob]) -> dict[AnyJob, list[AnyJob]]:
    """Return for each job that waits for one of these which one that is."""
    waiting: dict[AnyJob, list[AnyJob]] = {}
    for job in jobs:
        held = job._holds
        for follower in (held,) if isinstance(held, AbstractJob) else held or ():
            waiting[follower] = [job]
    return waiting
