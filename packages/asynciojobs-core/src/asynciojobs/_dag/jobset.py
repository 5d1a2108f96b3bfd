"""`JobSet`: the jobs of a scheduler as a set, and the job sets nested in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, TypeVar

from .._copies import Copyable
from .._lazy import OnDemand
from .._names import Mark, Plan, note_plan
from .._requirements import as_collection, as_set, check_same, members_of, unique
from .._text import counted
from .._threads import call_in_loop, runs_elsewhere
from ..bestset import BestSet
from ..job import ANY_JOB, AbstractJob, AnyJob, Member, note_shutdown, requirements_of
from .observers import Observers
from .record import Record

if TYPE_CHECKING:
    from .. import _errors
    from . import digraph
else:
    _errors = OnDemand("_errors")
    digraph = OnDemand("_dag.digraph")

__all__ = [
    "SHUTDOWN",
    "JobSet",
    "Level",
    "LiveRun",
    "RunState",
    "check_not_running",
    "level_of",
    "nested_job_sets",
    "nesting",
    "record_of",
    "state_of",
]

S = TypeVar("S", bound=Member)

SHUTDOWN = object()
"""The value of `RunState.called_by` while a shutdown calls `co_shutdown()` of a nested set."""


if TYPE_CHECKING:

    class LiveRun(Protocol):
        """The run in progress, as its job set sees it."""

        @property
        def loop(self) -> asyncio.AbstractEventLoop:
            """The event loop of the run. Once it is closed, the run is lost."""
            ...

        def join(self, jobs: Collection[AnyJob]) -> None:
            """Take jobs into the run."""
            ...

        def stop(self, reason: str) -> None:
            """End the run as successful."""
            ...

        def set_window(self, window: int | None) -> None:
            """Change how many regular jobs may run at once."""
            ...

        def let_go(self) -> None:
            """Take the marks of the run off the job set and its jobs."""
            ...


class RunState:
    """What the engine keeps on a job set: its observers, and what goes from run to run."""

    __slots__ = (
        "called_by",
        "checked_by",
        "live_run",
        "observers",
        "plan",
        "record",
        "shutdown_under_way",
    )

    def __init__(self) -> None:
        self.live_run: LiveRun | None = None  # None between runs; see current_run()
        self.record = Record()  # of the last run, or of the one that goes on
        # Pending while a co_shutdown() of the job set is in progress, otherwise None.
        self.shutdown_under_way: asyncio.Future[None] | None = None
        # The mark of the outermost run that checked the job set.
        self.checked_by: object = None
        # The mark on its jobs, from that check until its own run begins.
        self.plan: Plan | None = None
        # The engine sets this just before it calls co_run() or co_shutdown() of a nested set,
        # and they take it at once. For co_run(), it is the mark of the outermost run; for
        # co_shutdown(), it is SHUTDOWN. It can't be a parameter, since users override these
        # methods without parameters.
        self.called_by: object = None
        self.observers = Observers()

    def current_run(self) -> LiveRun | None:
        """Return the run in progress, or ``None``. A run whose loop is closed is dropped."""
        run = self.live_run
        if run is not None and run.loop.is_closed():
            run.let_go()
        return self.live_run

    def begin(self, mark: Mark) -> None:
        """Forget the last run, since a new run of this job set or one around it begins.

        Args:
            mark: the mark of the outermost run, which checked the job set.
        """
        if self.checked_by is not mark or self.record.is_used():  # else it was just begun
            last, self.record = self.record, Record()
            last.next = self.record
        self.record.restored = mark.restored
        self.checked_by = mark

    def take_caller(self) -> object:
        """Return `called_by`, and forget it."""
        caller, self.called_by = self.called_by, None
        return caller


class JobSet(Copyable):
    """Jobs in their order of creation, and the observers of these jobs.

    It has no ``__slots__``, so that a scheduler can be both a job set and a job.

    Args:
        jobs: the first members.

    Attributes:
        jobs: the jobs. You may edit it like any set. But a run in progress only notices jobs
            that are added with `add()` or `update()`.
    """

    def __init__(self, jobs: Collection[AnyJob]) -> None:
        self.jobs: BestSet[AnyJob] = as_set(jobs, BestSet)
        self._run_state = RunState()

    # -- copies, which are in no run, and have no observers

    _own_fields = (
        "jobs",
        "_run_state",
        "_jobs_window",
        "_timeout",
        "_shutdown_timeout",
        "keep_going",
        "watch",
        "verbose",
    )

    def _begin_copy(self) -> None:
        JobSet.__init__(self, ())

    def _prepare_copy(self, fields: dict[str, Any]) -> None:
        fields["jobs"] = tuple(self.jobs)
        del fields["_run_state"]
        if self._run_state.current_run() is None:
            fields["_run_state"] = self._run_state.record.copy()

    def _finish_copy(self, fields: dict[str, Any]) -> None:
        self.jobs = BestSet(fields.pop("jobs", self.jobs))
        self._run_state.record = fields.pop("_run_state", self._run_state.record)

    def _copied_along(self) -> Iterable[Copyable]:
        return self.jobs

    # -- a set

    def __len__(self) -> int:
        return len(self.jobs)

    def __bool__(self) -> bool:
        # A scheduler is a job too, and an empty one is still a job.
        return True

    def __iter__(self) -> Iterator[AnyJob]:
        return iter(self.jobs)

    def __contains__(self, job: object) -> bool:
        return job in self.jobs

    def repr_main(self) -> str:
        """Return a short text that names the set."""
        return f"<{type(self).__name__} of {counted(len(self.jobs), 'job')}>"

    def add(self, job: S, *, upstream: bool = False) -> S:
        """Add a job, or the jobs of a sequence.

        A job may call this during its own run. The new jobs join the run: each starts when its
        requirements are done. Another thread may call it too, such as that of a `CallJob`. It
        waits until the jobs have joined; they may start before it continues.

        Args:
            job: a job or a sequence.
            upstream: also add all jobs that it depends on, directly or not, before it; O(V+E)
                of these. Jobs do not know which scheduler they are in, so don't use this if one
                of them is in another scheduler.

        Returns:
            `job`.

        Raises:
            TypeError: it is something else.
            ValueError: it is this scheduler itself.
        """
        self._take(members_of((job,), ANY_JOB), upstream=upstream)
        return job

    def update(self, jobs: Member | Iterable[Member], *, upstream: bool = False) -> Self:
        """Add a job, a sequence, or a collection of these; see `add()`.

        Args:
            jobs: a job, a sequence, or a collection of these.
            upstream: also add all jobs that they depend on; see `add()`.

        Returns:
            the scheduler.

        Raises:
            TypeError: one of them is something else; nothing was added.
            ValueError: one of them is this scheduler; nothing was added.
        """
        self._take(members_of(as_collection(jobs, ANY_JOB), ANY_JOB), upstream=upstream)
        return self

    def remove(self, job: Member) -> Self:
        """Remove a job, or the jobs of a sequence.

        Other jobs may still require it: `sanitize()` drops such requirements.

        Returns:
            the scheduler.

        Raises:
            TypeError: it is something else.
            KeyError: it is not in the scheduler; nothing was removed.
            AlreadyRunningError: the scheduler is running (a RuntimeError).
        """
        check_not_running(self)
        jobs = members_of((job,), ANY_JOB)
        for member in jobs:
            if member not in self.jobs:
                raise KeyError(f"{member.repr_main()} is not in {self.repr_main()}")
        for member in jobs:
            self.jobs.discard(member)
            if isinstance(member, JobSet):
                self._run_state.observers.part(state_of(member).observers)
        return self

    def _take(self, jobs: list[AnyJob], *, upstream: bool) -> None:
        self._call_in_run(
            lambda: self._take_here(jobs, upstream=upstream), f"add jobs to {self.repr_main()}"
        )

    def _call_in_run(self, function: Callable[[], None], what: str) -> None:
        """Call a function, in the thread of the run if there is one; see `call_in_loop()`."""
        run = self._run_state.current_run()
        if run is None or not runs_elsewhere(run.loop):
            function()
        else:
            call_in_loop(run.loop, function, what)

    def _take_here(self, jobs: Collection[AnyJob], *, upstream: bool) -> None:
        new = unique(jobs)
        if upstream:
            new = unique(digraph.depth_first(_requirements, new))
        if self.jobs and (known := [job for job in new if job in self.jobs]):
            check_same(known, self.jobs)
            new = {job: None for job in new if job not in self.jobs}
        itself: object = self  # it may be a job as well
        if any(job is itself for job in new):
            raise ValueError(f"{self.repr_main()} can't be put in itself")
        run = self._run_state.current_run()
        if run is not None:
            run.join(new)
        elif (plan := self._run_state.plan) is not None:
            for job in new:
                note_plan(job, plan)
        self.jobs.update(new)
        if new and isinstance(itself, AbstractJob):
            note_shutdown(itself, given=False)  # the new jobs had no shutdown

    def _only_delegates_shutdown(self) -> bool:
        """Return whether `co_shutdown()` does nothing but shut down the jobs."""
        return False  # pragma: no cover - a scheduler knows its method


def state_of(job_set: JobSet) -> RunState:
    """Return what the engine keeps on a job set."""
    return job_set._run_state


def check_not_running(job_set: JobSet) -> None:
    """Check that a job set is not running.

    Raises:
        AlreadyRunningError: it is.
    """
    if state_of(job_set).current_run() is not None:
        raise _errors.AlreadyRunningError(job_set)


def record_of(job: object) -> Record | None:
    """Return the record of the last run of a job set; ``None`` for other jobs."""
    return state_of(job).record if isinstance(job, JobSet) else None


def _requirements(job: AnyJob) -> list[AnyJob]:
    return members_of(requirements_of(job), ANY_JOB)


# -- what is nested in a job set

Level: TypeAlias = tuple[JobSet, list[AnyJob], list[JobSet]]
"""A job set, its jobs at this moment, and the job sets among these."""


def nested_job_sets(job_set: JobSet) -> Iterator[JobSet]:
    """Yield the set itself, then all sets nested in it, outermost first.

    Raises:
        ValueError: a set is nested in itself.
    """
    return (inner for inner, _, _ in nesting(job_set))


def nesting(job_set: JobSet, *, unless_checked_by: object = None) -> Iterator[Level]:
    """Yield the set itself, then all sets nested in it, each with its jobs, in O(V).

    Args:
        job_set: where to begin.
        unless_checked_by: the mark of a run; sets that this run has checked are left out.

    Raises:
        ValueError: a set is nested in itself.
    """
    level = level_of(job_set)
    yield level
    # The sets around the current one, by id(), each with an iterator over its inner sets.
    path = {id(job_set): iter(level[2])} if level[2] else {}
    while path:
        for inner in path[next(reversed(path))]:
            if id(inner) in path:
                raise ValueError(f"{inner.repr_main()} is nested in itself")
            if unless_checked_by is None or state_of(inner).checked_by is not unless_checked_by:
                level = level_of(inner)
                yield level
                if level[2]:
                    path[id(inner)] = iter(level[2])
                    break
        else:
            path.popitem()


def level_of(job_set: JobSet) -> Level:
    """Return a job set, its jobs, and the job sets among these."""
    jobs = list(job_set.jobs)
    # Fast path: 12 of 29 ns a job, 0.4 % of a run of independent jobs. Without the loop, the
    # list in its inner line is the same.
    for kind in set(map(type, jobs)):
        if issubclass(kind, JobSet):
            return job_set, jobs, [job for job in jobs if isinstance(job, JobSet)]
    return job_set, jobs, []
