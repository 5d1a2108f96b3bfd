"""`Run`: one run of a job set, from its start to its verdict.

A job waits for one of its requirements at a time. When that one ends, the job waits for the
next that is not done; if there is none, it is ready. Each requirement is looked at once, and
each job is started once, so a run is O(V+E).

- Each job is a task. Its end is dealt with inside that task, in the last step; see `JobTasks`.
- The window is a count of free slots, and a queue of jobs that are ready.
- Jobs start in slices, one slice a loop turn. So a hundred thousand short jobs that are ready
  never become a hundred thousand tasks, and timers and sockets get their turn.
- The deadline is a timer of the loop. So it can't be mixed up with a `TimeoutError` of a job,
  or with a cancellation of the run.
- There is one way out, `end()`. It settles the verdict, cancels the jobs that are left, and
  wakes `verdict()`. The exceptions of the engine's own steps go there too: the event loop
  would only log them.

`docs/design/engine.md` has the reasons, and what was tried and given up.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections import deque
from collections.abc import Collection

from .. import _log
from .._dag.jobset import SHUTDOWN, JobSet, Level
from .._events import EventKind, JobEvent
from .._names import Mark, name_in_run
from .._outcomes import (
    FINE,
    SCHEDULED,
    Broken,
    Cancelled,
    Verdict,
)
from ..job import AbstractJob, AnyJob, counts_as_critical
from . import joining
from .admission import admit, checked_levels, prepare
from .roster import Roster
from .stall import StallWatch
from .tasks import SLICE, JobTasks
from .verdicts import critical_failure, timed_out
from .waitlist import NOBODY, by_rank, dismiss, next_unfinished, wait_for

__all__ = ["Run"]

NO_JOBS = Roster([])
"""The roster before the jobs have been admitted."""


class Run:
    """One run of a job set. It is made for this run, and thrown away.

    Args:
        job_set: the jobs to run.
        window: how many regular jobs may run at once; ``None`` or 0 means no limit (jobs).
    """

    def __init__(self, job_set: JobSet, *, window: int | None) -> None:
        self.job_set = job_set
        self.state = job_set._run_state
        self.tasks = JobTasks(job_set)
        self.observers = self.tasks.observers
        caller = self.state.take_caller()
        is_nested = caller is not None and caller is not SHUTDOWN
        self.mark = Mark(job_set, is_nested=is_nested)  # on the jobs that take part
        # The mark of the outermost run: what that run has checked is not checked again.
        self.nested_mark = caller if is_nested else self.mark
        self.context = contextvars.copy_context()  # each job starts in a copy of it
        self.roster = NO_JOBS
        self.slots = window or joining.NO_LIMIT
        self.free = self.slots  # the others are taken by regular jobs in `tasks`
        self._ready: deque[AnyJob] = deque()  # regular, scheduled, not started
        self._ready_forever: deque[AnyJob] = deque()  # the same for forever jobs
        self.starting = False  # start_ready() is at work, or will be in the next turn
        self.newcomers: list[AnyJob] = []  # added during the run, and not taken in yet
        self.shuffled = False  # the jobs on a waitlist may not stand in order
        # Once jobs have been added during the run: what each job required when it was asked
        # again. None before.
        self.asked: dict[AnyJob, joining.Asked] | None = None
        self.stall: StallWatch | None = None  # there is one if jobs may wait for nothing
        self._verdict: Verdict | None = None  # settled once it is not None
        self._over: asyncio.Future[None] = self.tasks.loop.create_future()  # done with _verdict

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the run."""
        return self.tasks.loop

    async def verdict(self, timeout: float | None) -> Verdict:
        """Run the jobs, and return how that ended. Nothing of the run is alive then.

        Args:
            timeout: how long the run may take; ``None`` means no limit (seconds).

        Raises:
            AlreadyRunningError: the job set, or one of its jobs, takes part in another run.
            ValueError: the jobs can't run; nothing was started.
            CancelledError: the caller was cancelled.
            BaseException: a KeyboardInterrupt or SystemExit of a job, or the error of a job
                that could not join the run.
        """
        self.job_set._check_not_running()  # if it raises, why() stays about the other run
        try:
            entries = self._open()
        except Exception as error:
            self.state.record.refuse(error)
            raise
        try:
            await self._go_through(entries, timeout)
        except asyncio.CancelledError:
            # A job may have raised KeyboardInterrupt when it was cancelled.
            if not (isinstance(self._verdict, Broken) and self._verdict.is_exit):
                raise
        finally:
            if self._verdict is not None:  # pragma: no branch - the loop is gone
                self.state.record.end(self._verdict, self.tasks.time())
        if isinstance(self._verdict, Broken):
            raise self._verdict.exception
        assert self._verdict is not None
        return self._verdict

    async def _go_through(self, entries: list[AnyJob], timeout: float | None) -> None:
        """Start the run, and wait until it is over and all tasks have ended."""
        deadline = None
        try:
            deadline = self._set_deadline(timeout)
            self._begin(entries, timeout)
            await self._over
        except asyncio.CancelledError:
            self.end(Cancelled())
            raise
        except GeneratorExit:  # the loop is gone with all its tasks: nothing to wait for
            if self.loop.is_running():  # ... or this run was closed, and can't wait
                self.end(Cancelled())
            self.tasks.live.clear()
            raise
        except BaseException as error:  # noqa: BLE001 - verdict() raises it
            self.end(Broken(error))
        finally:
            if deadline is not None:
                deadline.cancel()
            if self.stall is not None:
                self.stall.close()
            try:
                if self.tasks.live:
                    await self.tasks.wait_out(self)
            finally:
                self.let_go()

    # -- the beginning

    def _open(self) -> list[AnyJob]:
        """Check that all jobs can run, enroll them, and return those that require nothing."""
        levels = checked_levels(self.job_set, self.nested_mark)
        _, jobs, below = levels[0]
        self.tasks.nests = bool(below)
        self.roster, entries, in_order = admit(jobs, self.mark)
        self.shuffled = not in_order
        if self.roster.forever:  # a regular job may wait for one of these
            self.watch_stall()
        prepare(levels, self.nested_mark)
        self.state.live_run = self
        if not self.mark.is_nested:
            self.state.record.started_at = self.tasks.time()
        return entries

    def nest(self, levels: list[Level]) -> None:
        """Take in a job set that joins the run, with all that is nested in it."""
        self.tasks.nests = True
        prepare(levels, self.nested_mark)
        self.job_set._enclose(levels[0][0])

    def watch_stall(self) -> StallWatch:
        """Return the `StallWatch` of the run; make it at the first call."""
        self.stall = self.stall or StallWatch(self)
        return self.stall

    def _set_deadline(self, timeout: float | None) -> asyncio.TimerHandle | None:
        if timeout is None or timeout == math.inf:
            return None
        when = self.loop.time() + timeout
        return self.loop.call_at(when, lambda: self.end(timed_out(self.job_set, timeout)))

    def _begin(self, entries: list[AnyJob], timeout: float | None) -> None:
        if self.roster.forever or self.observers.heard:
            for job in entries:
                self.make_ready(job)
        else:
            # Fast path: 45 ns a job, 2 % of a run of independent jobs. Without it,
            # make_ready() does the same.
            for job in entries:
                job._phase = SCHEDULED
            self._ready.extend(entries)
        if not self.roster.awaited:
            self.end(FINE)
        elif timeout == 0:
            self.end(timed_out(self.job_set, 0))
        else:
            self.context.run(self.start_ready)
            if self.stall is not None:
                self.stall.look()

    # -- a job, from its requirements to its end

    def make_ready(self, job: AnyJob) -> None:
        """Put a job in the queue, since its requirements are met."""
        if self.asked is not None and joining.must_wait_again(self, job):
            return
        job._phase = SCHEDULED
        if self.observers.heard:
            self.observers.tell(JobEvent(job, EventKind.SCHEDULED, self.tasks.time()))
        if job in self.roster.forever:
            self._ready_forever.append(job)
        else:
            self._ready.append(job)

    def start_ready(self, now: float | None = None) -> None:
        """Start the jobs in the queue, as far as the window and the slice allow."""
        self.starting = True
        if now is None:
            now = self.tasks.time()
        try:
            if self._ready_forever or self._verdict is not None or not self.tasks.is_plain():
                more = self._start_one_by_one(now)
            else:
                count = min(len(self._ready), self.free, SLICE)
                started = self.tasks.start_plain(self._ready, count, now, self)
                self.free -= started
                more = started < count or started == SLICE
            if more:
                self.loop.call_soon(self.start_ready, context=self.context)
            else:
                self.starting = False
        except BaseException as error:  # noqa: BLE001 - the loop would only log it
            self.end(Broken(error))

    def _start_one_by_one(self, now: float) -> bool:
        """Start jobs of all kinds, in any loop; tell whether there are more than a slice."""
        for _ in range(SLICE):
            if self._verdict is not None:  # an eager job, or an observer, may end the run
                return False
            if self._ready_forever:
                self.tasks.start(self._ready_forever.popleft(), now, self)
            elif self._ready and self.free > 0:  # less than 0 if the window was made smaller
                self.free -= 1
                self.tasks.start(self._ready.popleft(), now, self)
            else:
                return False
        return True

    def is_over(self) -> bool:
        """Tell whether the verdict is settled."""
        return self._verdict is not None

    def is_idle(self) -> bool:
        """Tell whether none of the jobs that the run waits for is running or ready."""
        if self.roster.only_forever:
            return not (self.tasks.live or self._ready_forever)
        return not self._ready and self.free == self.slots

    def fail(self, job: AnyJob, error: BaseException, now: float) -> None:
        """Deal with an exception that a job raised at a time (seconds)."""
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self.end(Broken(error))
        elif counts_as_critical(job):
            self.end(critical_failure(job, error))
        elif self._verdict is None:
            self.release(job, now)

    def release(self, job: AnyJob, now: float) -> None:
        """Let the jobs that waited for this one go on, since it ended at a time (seconds)."""
        waiters = job._waiters
        job._waiters = None
        if waiters is not NOBODY:
            self._go_on([waiters] if isinstance(waiters, AbstractJob) else waiters or [])
        roster = self.roster
        if roster.forever and job in roster.forever:
            roster.awaited -= roster.only_forever
        else:
            self.free += 1
            roster.awaited -= 1
        if self.stall is not None:
            self.stall.look()
        if not roster.awaited:
            self.end(FINE)
        elif (self._ready or self._ready_forever) and not self.starting:
            self.context.run(self.start_ready, now)

    def _go_on(self, followers: list[AnyJob]) -> None:
        """Let jobs wait for their next requirement; make them ready if all are done."""
        if self.shuffled and len(followers) > 1:
            followers.sort(key=by_rank)
        for follower in followers:
            if follower._unfinished and (requirement := next_unfinished(follower)) is not None:
                wait_for(requirement, follower)
                self.shuffled = True
            elif self.asked is not None or self.roster.forever or self.observers.heard:
                self.make_ready(follower)
            else:
                # Fast path: 24 ns a job, 1 % of a chain. Without it, make_ready() does it.
                follower._phase = SCHEDULED
                self._ready.append(follower)

    def join(self, jobs: Collection[AnyJob]) -> None:
        """Take jobs into the run while it goes on; see `joining.join()`."""
        joining.join(self, jobs)

    def set_window(self, window: int | None) -> None:
        """Change the window while the run goes on; see `joining.set_window()`."""
        joining.set_window(self, window)

    # -- the end

    def end(self, verdict: Verdict) -> None:
        """Settle how the run ends, and cancel the jobs that are left.

        The first verdict stays, with two exceptions. A run that was fine is not fine if its
        clean-up fails. And KeyboardInterrupt and SystemExit are raised in any case.
        """
        settled = self._verdict
        if settled is None or settled is FINE or isinstance(verdict, Broken):
            self._verdict = verdict
            if isinstance(settled, Broken):
                _log.error(
                    "%s: superseded by the KeyboardInterrupt or SystemExit that a job raised",
                    name_in_run(self.job_set),
                    exception=settled.exception,
                )
        if settled is not None:
            return
        self.tasks.cancel_all()
        if not self._over.done():  # it is done if the run was cancelled from outside
            self._over.set_result(None)

    def let_go(self) -> None:
        """Take the marks of the run off the jobs, and close coroutines that never started.

        The run does this at its end. If the run is lost, its job set does it.
        """
        if self.state.live_run is self:
            self.state.live_run = None
        if self._verdict is FINE and not self.roster.forever and self.asked is None:
            return  # all jobs have come to their end
        for job in dismiss(self.roster.jobs, self.mark):
            if job.ended_at is None:
                job._discard_unstarted()
