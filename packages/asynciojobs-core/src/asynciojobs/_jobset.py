"""`JobSet`: the jobs of a scheduler, as a set."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator
from typing import Protocol, Self, TypeVar

from ._errors import AlreadyRunningError
from ._events import Observers
from ._verdict import FINE, Verdict
from .bestset import BestSet
from .job import AbstractJob
from .sequence import Schedulable, Sequence, members_of, several

__all__ = ["JobSet", "LiveRun", "ShutdownRecord"]

S = TypeVar("S", bound=AbstractJob[object] | Sequence)


class ShutdownRecord:
    """What came of shutting down a job set, since its last run began."""

    __slots__ = ("complete", "failures")

    def __init__(self) -> None:
        self.complete = True
        """Nothing has failed or run out of its time so far: the answer."""
        self.failures: dict[AbstractJob[object], BaseException] = {}
        """What the `co_shutdown()` of a job raised, or that it ran out of time."""

    def note(self, job: AbstractJob[object], failure: BaseException) -> None:
        """Keep the failure of a job."""
        self.complete = False
        self.failures[job] = failure


class LiveRun(Protocol):
    """What a job set needs of the run that goes on."""

    def join(self, jobs: Collection[AbstractJob[object]]) -> None:
        """Take jobs into the run."""
        ...

    def is_lost(self) -> bool:
        """Tell whether it will never go on, since its event loop is closed."""
        ...

    def let_go(self) -> None:
        """Take the marks of the run from the job set and from its jobs."""
        ...


class JobSet:
    """Jobs in their order of creation, and who observes them.

    It has no ``__slots__``, so that a scheduler can be a job set and a job.

    Args:
        jobs: what it holds at first.

    Attributes:
        jobs: the jobs. It may be edited as any set; a run that goes on takes notice of what
            is given to `add()` and `update()` only.
    """

    def __init__(self, jobs: Iterable[AbstractJob[object]]) -> None:
        self.jobs: BestSet[AbstractJob[object]] = BestSet(jobs)
        self._observers = Observers()
        self._live_run: LiveRun | None = None  # None between runs; see _run_that_goes_on()
        # Marks of outermost runs: the one that has checked this set; the one that is about to
        # run it as a nested one, so that what was checked need not be again at each level.
        self._checked_by: object = None
        self._started_by: object = None
        # Who is about to shut this set down has seen that nothing is nested in itself.
        self._looked_through = False
        self._shutdown_record = ShutdownRecord()
        self._verdict: Verdict = FINE  # of the last run that has ended; fine as one goes on
        # Pending while a co_shutdown() of this set goes on; None otherwise.
        self._shutdown_under_way: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self.jobs)

    def __bool__(self) -> bool:
        # A scheduler is a job too, and an empty one is no less a job.
        return True

    def __iter__(self) -> Iterator[AbstractJob[object]]:
        return iter(self.jobs)

    def __contains__(self, job: object) -> bool:
        return job in self.jobs

    def repr_main(self) -> str:
        """Return a short text that names the set."""
        return f"<{type(self).__name__} of {len(self.jobs)} jobs>"

    def add(self, job: S) -> S:
        """Add a job, or the jobs of a sequence.

        During a run, from a job of it, they join the run: each starts when its requirements
        are done.

        Args:
            job: a job or a sequence.

        Returns:
            `job`.

        Raises:
            TypeError: it is something else.
            ValueError: it is this scheduler itself.
        """
        self._take(members_of((job,)))
        return job

    def update(self, jobs: Schedulable | Iterable[Schedulable]) -> Self:
        """Add a job, a sequence, or a collection of these; see `add()`.

        Returns:
            the scheduler.

        Raises:
            TypeError: something else is among them; nothing was added.
            ValueError: this scheduler is among them; nothing was added.
        """
        self._take(members_of(several(jobs)))
        return self

    def remove(self, job: Schedulable) -> Self:
        """Remove a job, or the jobs of a sequence.

        Other jobs may go on to require it: `sanitize()` drops such requirements.

        Returns:
            the scheduler.

        Raises:
            TypeError: it is something else.
            KeyError: it is not in the scheduler; nothing was removed.
            AlreadyRunningError: the scheduler is running (a RuntimeError).
        """
        self._check_not_running()
        jobs = list(members_of((job,)))
        for member in jobs:
            if member not in self.jobs:
                raise KeyError(f"{member.repr_main()} is not in {self.repr_main()}")
        for member in jobs:
            self.jobs.discard(member)
            if isinstance(member, JobSet):
                self._observers.part(member._observers)
        return self

    def _take(self, jobs: Iterable[AbstractJob[object]]) -> None:
        new = dict.fromkeys(jobs)
        if self.jobs:
            new = {job: None for job in new if job not in self.jobs}
        itself: object = self  # it may be a job as well
        if itself in new:
            raise ValueError(f"{self.repr_main()} can't be put in itself")
        run = self._run_that_goes_on()
        if run is not None:
            run.join(new)
        self.jobs.update(new)
        if new and isinstance(itself, AbstractJob):
            itself._shutdown_given = False  # the newcomers had none

    def _check_not_running(self) -> None:
        if self._run_that_goes_on() is not None:
            raise AlreadyRunningError(self)

    def _run_that_goes_on(self) -> LiveRun | None:
        """Return it, if there is one; one that never will is let go."""
        run = self._live_run
        if run is not None and run.is_lost():
            run.let_go()
        return self._live_run
