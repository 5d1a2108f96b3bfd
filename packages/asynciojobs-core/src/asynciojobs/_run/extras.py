"""`Extras`: what a run has only if its jobs need it.

Most runs have no such object. So at the end of a job, a single test covers everything that a
run does not use: forever jobs, limits, time limits of jobs, `keep_going`, jobs that join.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .._dag.jobset import JobSet
from .._names import run_of
from ..job import AnyJob
from ..limit import Terms
from .asked import Asked
from .claims import MostNeeded
from .deadlines import Deadlines
from .limits import LimitedJobs
from .queue import Queue
from .recording import Recording
from .roster import Roster
from .skipping import Skipping
from .stall import StallWatch

__all__ = ["Extras"]


if TYPE_CHECKING:
    from .recording import Recorder

    class ExtraRun(Protocol):
        """The part of a `Run` that is used here."""

        job_set: JobSet
        roster: Roster
        queue: Queue

        @property
        def tasks(self) -> Any: ...
        @property
        def extras(self) -> Extras | None: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...
        def is_idle(self) -> bool: ...
        def is_over(self) -> bool: ...
        def release_with_extras(self, job: AnyJob, now: float, *, held: bool) -> None: ...
        def wake(self) -> None: ...


class Extras:
    """The extras of a run. Each is made when it is first needed.

    Args:
        run: the run.

    Attributes:
        newcomers: the jobs that were added during the run, but not admitted yet.
        asked: what each job required when it was last asked; ``None`` until a job is added
            during the run.
        must_wait_again: once jobs have been added, asks a ready job what it requires now.
        stall: checks whether jobs wait for something that will never happen.
        limits: the limits of the jobs.
        deadlines: the time limits of the jobs.
        skipping: the failed and the skipped jobs, in a run that goes on after failures.
        recording: what the run writes into a journal.
        plain: whether jobs can be started without checking each. They can't if some may have
            been cancelled while waiting, or there are time limits, or there are both nested
            schedulers and a journal.
    """

    __slots__ = (
        "_run",
        "asked",
        "deadlines",
        "limits",
        "must_wait_again",
        "newcomers",
        "plain",
        "recording",
        "skipping",
        "stall",
    )

    def __init__(self, run: ExtraRun) -> None:
        self._run = run
        self.newcomers: list[AnyJob] = []
        self.asked: dict[AnyJob, Asked] | None = None
        self.must_wait_again: Callable[[Any, AnyJob], bool] = is_ready
        self.stall: StallWatch | None = None
        self.limits: LimitedJobs | None = None
        self.deadlines: Deadlines | None = None
        self.skipping: Skipping | None = None
        self.recording: Recording | None = None
        self.plain = True

    def prepare_for(self, asking: Mapping[Terms, AnyJob], job_sets: Iterable[JobSet]) -> None:
        """Make the extras that the run needs.

        Args:
            asking: the limits and time limits of new jobs, each with a job that has them.
            job_sets: the nested schedulers among the new jobs.

        Raises:
            LimitError: a job could never start.
            RuntimeError: a limit is in use in another event loop.
        """
        run = self._run
        if run.roster.forever:  # a regular job may wait for one of these
            self.watch_stall()
        if any(terms.needs for terms in asking):
            self._use_limits().register(asking, job_sets)
        if any(terms.timeout is not None for terms in asking):
            self.deadlines = self.deadlines or Deadlines(run.loop, run.tasks.cancel)
        self.plain = self.plain and self.deadlines is None

    def reserve(self, most: MostNeeded) -> None:
        """Reserve limits, so that none gets too small for the jobs of the run, at any depth.

        Args:
            most: the most slots of each limit that a job needs, including schedulers around it.
        """
        self._use_limits().reserve(most)

    def _use_limits(self) -> LimitedJobs:
        self.limits = self.limits or LimitedJobs(self._run, self._run.loop)
        return self.limits

    def is_cut_off(self) -> bool:
        """Return whether nothing may start because a run around this one is over.

        That run has not cancelled this one yet. But a job that it has cancelled may have given
        back slots of a limit, which jobs of this one would get.
        """
        if self.limits is None:
            return False
        outer = run_of(self._run.job_set)
        while outer is not None and not outer.is_over():
            outer = run_of(outer.job_set)
        return outer is not None

    def keep_going(self) -> None:
        """Go on after a critical job has raised."""
        self.skipping = Skipping()

    def record(self, recorder: Recorder) -> None:
        """Record what happens in a journal."""
        self.recording = Recording(self._run, recorder)
        # If several nested schedulers are about to start, not all do in the same turn.
        self.plain = self.plain and not self._run.tasks.nests

    def watch_stall(self) -> StallWatch:
        """Return the `StallWatch` of the run; make it on the first call."""
        self.stall = self.stall or StallWatch(self._run)
        return self.stall

    # -- a job, from the queue to its end

    def wait_for_limits(self, job: AnyJob, *, forever: bool) -> bool:
        """Make a job wait for its limits; return whether it has any."""
        return self.limits is not None and self.limits.ask(job, forever=forever)

    def waits_for(self, job: AnyJob) -> str:
        """Return what a job waits for once its requirements are met, in words."""
        return "a slot of the window" if self.limits is None else self.limits.waits_for(job)

    def look(self) -> None:
        """Check whether jobs wait for something that will never happen."""
        if self.stall is not None:
            self.stall.look()

    def turn_gate(self) -> None:
        """If the window is full now, let other jobs pass those that wait for their limits.

        Otherwise, let these jobs start.
        """
        if self.limits is not None:
            self.limits.turn_gate()

    def note_start(self, job: AnyJob, now: float) -> None:
        """Start the clock of a job that was started at a time (seconds)."""
        task = self._run.tasks.live.get(job)
        if task is None:  # pragma: no cover - an eager task has ended; none on Python 3.11
            return
        assert self.deadlines is not None
        self.deadlines.arm(job, task, now)

    def outcome(self, job: AnyJob, error: BaseException | None) -> BaseException | None:
        """Return what counts as raised by a job that has ended, and stop its clock.

        Args:
            job: the job.
            error: what it raised, if anything.
        """
        return error if self.deadlines is None else self.deadlines.disarm(job, error)

    def leave(self, job: AnyJob, *, held: bool) -> None:
        """Take back what a job holds, and count it as ended, during the run.

        Args:
            job: the job.
            held: whether it held a slot of the window and its limits.
        """
        self._run.roster.leave(job)
        self._free(job, held=held)

    def holds_back(self, job: AnyJob, *, held: bool) -> bool:
        """Return whether the successors of a job must wait until its record is safe.

        If so, others may already have the slots that it held.
        """
        if self.recording is None or not self.recording.holds_back(job):
            return False
        self._free(job, held=held)
        return True

    def _free(self, job: AnyJob, *, held: bool) -> None:
        """Give others what a job held."""
        run, limits = self._run, self.limits
        if self.deadlines is not None:
            self.deadlines.disarm(job, None)
        if limits is not None and held and self.stall is None:
            follower = limits.pass_on(job)
            if follower is not None:
                run.queue.cleared.append(follower)
                return
        if held and job not in run.roster.forever:
            run.queue.free += 1
        if limits is not None:
            limits.give_back(job, held=held)
            limits.turn_gate()

    def note_failure(self, job: AnyJob, error: BaseException) -> None:
        """Record that a job has raised."""
        if self.recording is not None:
            self.recording.failed(job, error)

    def is_writing(self) -> bool:
        """Return whether some records are still on their way to the disk."""
        return self.recording is not None and bool(self.recording.unsafe)

    def give_back(self, job: AnyJob, *, held: bool) -> None:
        """Take back what a job holds that ended with the run, or later."""
        if self.limits is not None:
            self.limits.give_back(job, held=held)

    # -- the end of the run

    def close(self) -> None:
        """Stop what makes sense only during the run. The jobs have been cancelled."""
        if self.deadlines is not None:
            self.deadlines.close()
        if self.limits is not None:
            cleared = list(self._run.queue.cleared)
            self._run.queue.cleared.clear()
            self.limits.close(cleared)

    def let_go(self) -> None:
        """Release what outlives the run. No job is alive."""
        if self.stall is not None:
            self.stall.close()
        if self.limits is not None:
            self.limits.leave()


def is_ready(_run: Any, _job: AnyJob) -> bool:
    """Replace `must_wait_again()` in a run to which no jobs have been added."""
    return False
