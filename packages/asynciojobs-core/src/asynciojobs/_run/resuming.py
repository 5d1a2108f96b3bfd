"""Resuming an earlier run: which jobs stay done, and why the others run.

A job stays done if it was successful, and if everything it requires stays done. So the jobs
that stay done come first in a run. It begins as if they had just ended: they leave their
waitlists before anything starts. The run keeps no other trace of them, so they cost nothing
later.

Nested schedulers are entered. One stays done if all its regular jobs do. Forever jobs never
stay done. But they run only as long as others do, so they don't make others run again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from .._dag.jobset import JobSet, nesting, state_of
from .._dag.queries import topological_order
from .._names import Mark
from .._outcomes import DONE, IDLE, exception_text
from ..job import AnyJob, failure_of, phase_of, quoted, requirements_of
from .admission import check_all
from .waitlist import by_rank, strike_done, waits_in_run

__all__ = [
    "Judge",
    "LastRun",
    "PlannedJob",
    "look_again",
    "plan",
    "planned",
    "planned_among",
    "restore",
    "stays_done",
    "tell",
    "tell_restored",
]

Action: TypeAlias = Literal["restore", "run"]
PlannedJob: TypeAlias = "tuple[AnyJob, Action, str]"

if TYPE_CHECKING:

    class Judge(Protocol):
        """Decides whether a single job may stay done, regardless of its requirements."""

        def why_run(self, job: AnyJob) -> str | None:
            """Return why a job must run, in words; ``None`` if it may stay done."""
            ...

        def why_restore(self, job: AnyJob) -> str:
            """Return why a job may stay done, in words."""
            ...

    class ResumedRun(Protocol):
        """The part of a `Run` that is used here."""

        shuffled: bool

        @property
        def roster(self) -> Any: ...
        @property
        def nested_mark(self) -> Mark: ...
        @property
        def observers(self) -> Any: ...
        @property
        def tasks(self) -> Any: ...


class LastRun:
    """What the jobs themselves know about their last run."""

    def restored_in(self, job_set: JobSet) -> set[AnyJob]:
        """Return the jobs that stay done, at all depths."""
        return stays_done(planned(job_set, self))

    def begin(self, _run: object) -> None:
        """Do nothing: the jobs have their results, and the run is not recorded."""

    async def finish(self, _verdict: object, _cancel: object) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""

    def why_run(self, job: AnyJob) -> str | None:
        """Return why a job must run, in words; ``None`` if it may stay done."""
        phase = phase_of(job)
        if phase is IDLE:
            return "was not started"
        if phase is not DONE:
            return f"was {phase.value}"
        failure = failure_of(job)
        return None if failure is None else f"raised {exception_text(failure.exception)}"

    def why_restore(self, job: AnyJob) -> str:
        """Return why a job may stay done, in words."""
        return f"is {phase_of(job).value}"


# -- the plan


def plan(job_set: JobSet, *, resume: bool) -> list[PlannedJob]:
    """Return what a run would do with each job; see `PureScheduler.plan()`."""
    check_all(nesting(job_set))
    if resume:
        return planned(job_set, LastRun())
    jobs = (job for job, _, _ in planned(job_set, LastRun()))
    return [(job, "run", "runs, since resume is False") for job in jobs]


def stays_done(steps: Iterable[PlannedJob]) -> set[AnyJob]:
    """Return the jobs that a plan restores."""
    return {job for job, action, _ in steps if action == "restore"}


def planned(job_set: JobSet, judge: Judge) -> list[PlannedJob]:
    """Return what a run does with each job, and why, in O(V+E).

    Args:
        job_set: the jobs. They must be able to run.
        judge: decides whether each job may stay done.
    """
    return planned_among(topological_order(job_set), judge)


def planned_among(
    jobs: Iterator[AnyJob], judge: Judge, known: Collection[AnyJob] = ()
) -> list[PlannedJob]:
    """Return what a run does with some jobs of a set, and why; see `planned()`.

    Args:
        jobs: the jobs, each after those that it requires.
        judge: decides whether each job may stay done.
        known: other jobs that stay done.
    """
    reasons: dict[AnyJob, str | None] = {}  # why each job runs; None if it stays done
    path = [Inside(None, jobs, known=known)]
    while path:
        inside = path[-1]
        job = next(inside.jobs, None)
        if job is None:
            path.pop()
            if inside.scheduler is not None:
                _settle(inside, reasons, judge, path[-1])
            continue
        hindrance = inside.hindrance(job, reasons)
        if isinstance(job, JobSet):
            reasons[job] = hindrance  # its place is before the jobs in it
            path.append(Inside(job, topological_order(job), all_run=hindrance is not None))
        else:
            own = None if job.forever else judge.why_run(job)
            reasons[job] = own or hindrance
            inside.note(job, reasons[job])
    return [
        (job, "restore", judge.why_restore(job)) if reason is None else (job, "run", reason)
        for job, reason in reasons.items()
    ]


def _settle(
    inside: Inside, reasons: dict[AnyJob, str | None], judge: Judge, around: Inside
) -> None:
    """Decide about a nested scheduler, after all jobs in it."""
    scheduler = inside.scheduler
    assert scheduler is not None
    if reasons[scheduler] is None:
        reasons[scheduler] = judge.why_run(scheduler) or inside.first_to_run()
    around.note(scheduler, reasons[scheduler])


class Inside:
    """The jobs of one set while the plan is made.

    Args:
        scheduler: the nested scheduler they are in; ``None`` for the outermost set.
        jobs: these jobs, each after those that it requires.
        all_run: whether all of them run, since the nested scheduler must run.
        known: jobs that stay done and are not among these.
    """

    __slots__ = ("_all_run", "_forever", "_known", "_regular", "_runs", "jobs", "scheduler")

    def __init__(
        self,
        scheduler: AnyJob | None,
        jobs: Iterator[AnyJob],
        *,
        all_run: bool = False,
        known: Collection[AnyJob] = (),
    ) -> None:
        self._known = known
        self.scheduler = scheduler
        self.jobs = jobs
        self._all_run = all_run
        self._regular = False  # whether there is a regular job
        self._runs: AnyJob | None = None  # the first regular job that runs
        self._forever: AnyJob | None = None  # the first forever job

    def hindrance(self, job: AnyJob, reasons: dict[AnyJob, str | None]) -> str | None:
        """Return in words why a job can't stay done, regardless of its own last run."""
        if job.forever:
            return "is a forever job, which runs as long as others do"
        if self._all_run:
            assert self.scheduler is not None
            return f"is inside {quoted(self.scheduler)}, which runs again"
        for requirement in requirements_of(job):
            if requirement not in self._known and reasons.get(requirement, "") is not None:
                return f"requires {quoted(requirement)}, which runs again"
        return None

    def note(self, job: AnyJob, reason: str | None) -> None:
        """Take note that a job stays done, or why it runs."""
        if job.forever:
            self._forever = self._forever or job
            return
        self._regular = True
        if reason is not None and self._runs is None:
            self._runs = job

    def first_to_run(self) -> str | None:
        """Return in words which job makes a nested scheduler run."""
        job = self._runs if self._regular else self._forever
        return None if job is None else f"has {quoted(job)} in it, which runs again"


# -- the run


def look_again(restored: set[AnyJob], job_set: JobSet) -> None:
    """Decide again which jobs of a nested scheduler stay done, since it starts now.

    Other jobs of the run may have changed its jobs' requirements.
    """
    if restored.isdisjoint(job_set.jobs):
        return
    for job in topological_order(job_set):
        if job in restored and not restored.issuperset(requirements_of(job)):
            restored.discard(job)
            if isinstance(job, JobSet):
                for _, inner, _ in nesting(job):
                    restored.difference_update(inner)


def restore(run: ResumedRun, entries: list[AnyJob]) -> list[AnyJob]:
    """Remove the jobs that stay done from a run that has not started.

    Args:
        run: the run. Its jobs are enrolled.
        entries: the jobs that require nothing.

    Returns:
        the jobs that wait for nothing now.
    """
    restored = run.nested_mark.restored
    done = [job for job in run.roster.jobs if job in restored]
    if not done:
        return entries
    ready = strike_done(done)
    for job in done:
        run.roster.leave(job)
    run.shuffled = True
    return sorted([*filter(waits_in_run, entries), *ready], key=by_rank)


def tell_restored(run: ResumedRun, entries: list[AnyJob]) -> list[AnyJob]:
    """Notify observers of the jobs that stay done; return the jobs that may start now."""
    restored = run.nested_mark.restored
    tell(run, [job for job in run.roster.jobs if job in restored])
    return [job for job in entries if waits_in_run(job)]  # observers may have cancelled some


def tell(run: ResumedRun, jobs: Iterable[AnyJob]) -> None:
    """Notify observers that some jobs of a run, and all inside them, stay done."""
    restored, now = run.nested_mark.restored, run.tasks.time()
    for job in jobs:
        if run.observers.heard:
            run.observers.tell(job, "restored", now)
        if isinstance(job, JobSet):
            _tell_inside(job, restored, now)


def _tell_inside(job_set: JobSet, restored: Iterable[AnyJob], now: float) -> None:
    for inner, jobs, _ in nesting(job_set):
        observers = state_of(inner).observers
        if observers.heard:
            for job in jobs:
                if job in restored:
                    observers.tell(job, "restored", now)
