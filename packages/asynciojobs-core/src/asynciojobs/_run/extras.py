"""`Extras`: what a run has only if its jobs ask for it.

Most runs have no such object. So a run makes one test at the end of a job, for all that it does
not use: forever jobs, limits, time limits of jobs, `keep_going`, jobs that join.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from .._dag.jobset import JobSet
from ..job import AnyJob, terms_of
from .asked import Asked
from .deadlines import Deadlines, timeout_of
from .limits import LimitedJobs, desks_of
from .queue import Queue
from .roster import Roster
from .skipping import Skipping
from .stall import StallWatch

__all__ = ["Extras", "ask_for_extras"]


if TYPE_CHECKING:

    class LiveTasks(Protocol):
        """The part of `JobTasks` that is used here."""

        live: dict[AnyJob, asyncio.Task[None]]

        def cancel(self, job: AnyJob, msg: object) -> bool: ...

    class ExtraRun(Protocol):
        """The part of a `Run` that is used here."""

        job_set: JobSet
        roster: Roster
        queue: Queue

        @property
        def tasks(self) -> LiveTasks: ...
        @property
        def extras(self) -> Extras | None: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...
        def is_idle(self) -> bool: ...
        def wake(self) -> None: ...


class Extras:
    """The extras of a run. Each one is made when it is needed.

    Args:
        run: the run.

    Attributes:
        newcomers: the jobs that were added during the run, and not taken in yet.
        asked: what each job required when it was asked again; ``None`` as long as no job has
            been added during the run.
        stall: looks whether jobs wait for something that never comes.
        limits: the limits of the jobs.
        deadlines: the time limits of the jobs.
        skipping: what failed, and is skipped, in a run that goes on all the same.
        plain: whether the jobs that are ready may be started without a look at each.
    """

    __slots__ = (
        "_run",
        "asked",
        "deadlines",
        "limits",
        "newcomers",
        "plain",
        "skipping",
        "stall",
    )

    def __init__(self, run: ExtraRun) -> None:
        self._run = run
        self.newcomers: list[AnyJob] = []
        self.asked: dict[AnyJob, Asked] | None = None
        self.stall: StallWatch | None = None
        self.limits: LimitedJobs | None = None
        self.deadlines: Deadlines | None = None
        self.skipping: Skipping | None = None
        self.plain = True

    def prepare_for(self, jobs: Collection[AnyJob]) -> None:
        """Make what these jobs ask for.

        Raises:
            RuntimeError: a limit is in use in another event loop.
        """
        run = self._run
        if run.roster.forever:  # a regular job may wait for one of these
            self.watch_stall()
        limited = [job for job in jobs if desks_of(job)]
        if limited:
            self.limits = self.limits or LimitedJobs(run, run.loop)
            self.limits.register(limited)
        if any(timeout_of(job) is not None for job in jobs):
            self.deadlines = self.deadlines or Deadlines(run.loop, run.tasks.cancel)
        self.plain = self.plain and self.limits is None and self.deadlines is None

    def watch_stall(self) -> StallWatch:
        """Return the `StallWatch` of the run; make it at the first call."""
        self.stall = self.stall or StallWatch(self._run)
        return self.stall

    # -- a job, from the queue to its end

    def wait_for_limits(self, job: AnyJob, *, forever: bool) -> bool:
        """Let a job wait for its limits; tell whether it has any."""
        if self.limits is None or not desks_of(job):
            return False
        self.limits.ask(job, forever=forever)
        return True

    def note_start(self, job: AnyJob, now: float) -> None:
        """Let the time of a job run that was started, at a time (seconds)."""
        task = self._run.tasks.live.get(job)
        if self.deadlines is not None and task is not None:
            self.deadlines.arm(job, task, now)

    def settle(self, job: AnyJob, error: BaseException | None) -> BaseException | None:
        """Take back what a job holds that has ended.

        Args:
            job: the job.
            error: what it raised, if anything.

        Returns:
            what counts as raised by the job.
        """
        if self.limits is not None:
            self.limits.give_back(job)
        return error if self.deadlines is None else self.deadlines.disarm(job, error)

    def leave(self, job: AnyJob) -> None:
        """Take back what a job holds, and count it as ended, while the run goes on."""
        run, limits = self._run, self.limits
        has_slot = job.started_at is not None or (limits is not None and job in limits.held)
        if has_slot and job not in run.roster.forever:
            run.queue.free += 1
        run.roster.leave(job)
        self.settle(job, None)
        if limits is not None:
            limits.turn_gate()
        if self.stall is not None:
            self.stall.look()

    # -- the end of the run

    def close(self) -> None:
        """Stop what only makes sense while the run goes on. The jobs have been cancelled."""
        if self.deadlines is not None:
            self.deadlines.close()
        if self.limits is not None:
            self.limits.close()

    def let_go(self) -> None:
        """Let go of what outlives the run. No job is alive."""
        if self.stall is not None:
            self.stall.close()
        if self.limits is not None:
            self.limits.leave()


def ask_for_extras(jobs: Collection[AnyJob]) -> bool:
    """Tell whether one of the jobs has a limit, or a time limit."""
    return any(terms_of(job) is not None for job in jobs)
