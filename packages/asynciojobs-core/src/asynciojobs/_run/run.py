"""`Run`: one run of a job set, from its start to its verdict.

A job waits for one of its requirements at a time. When that one ends, the job waits for the
next that is not done; if there is none, it is ready. Each requirement is checked once, and each
job is started once, so a run is O(V+E).

- Each job is a task. Its end is handled inside that task, in the last step; see `JobTasks`.
- The window is a count of free slots, and a queue of jobs that are ready; see `Queue`.
- Most runs have no limits, no forever jobs, and so on. `Extras` has what the other runs need.
- Jobs start in slices, one slice in each turn of the loop. So a hundred thousand short jobs
  that are ready never become a hundred thousand tasks, and timers and sockets get their turn.
- The deadline is a timer of the loop. So it can't be mixed up with a `TimeoutError` of a job,
  or with a cancellation of the run.
- There is one way out, `end()`. It sets the verdict, cancels the remaining jobs, and wakes
  `verdict()`. Exceptions in the engine's own steps end up there too, since the event loop would
  only log them.

`docs/design/engine.md` has the reasons, and what was tried and abandoned.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from .. import _log
from .._dag.jobset import JobSet, check_not_running, state_of
from .._lazy import OnDemand
from .._names import Mark, name_in_run
from .._outcomes import FINE, SCHEDULED, Broken, Cancelled, Stopped, Verdict
from ..job import AbstractJob, AnyJob, counts_as_critical
from .opening import open_run
from .queue import Queue
from .roster import Roster
from .starting import begin, set_deadline, start_ready, wake
from .stopping import cancel, check_thread, drop_tasks, goes_on_without, let_go, skip
from .tasks import JobTasks
from .verdicts import critical_failure
from .waitlist import NOBODY, by_rank, next_unfinished, take_waiters, wait_for, waits_in_run

if TYPE_CHECKING:
    from .extras import Extras
    from .opening import Memory

__all__ = ["Run"]

engine_extras = OnDemand("_run.extras")
joining = OnDemand("_run.joining")

NO_JOBS = Roster([])
"""The roster before the jobs have been admitted."""


class Run:
    """One run of a job set. It is made for this run, and then thrown away.

    Args:
        job_set: the jobs to run.
        window: how many regular jobs may run at once; ``None`` or 0 means no limit (jobs).
        keep_going: whether the run goes on after a critical job has raised.
        memory: knows which jobs stay done; ``None`` if all jobs run. It is ignored in a nested
            run: the outermost run decides.
    """

    def __init__(
        self,
        job_set: JobSet,
        *,
        window: int | None,
        keep_going: bool,
        memory: Memory | None = None,
    ) -> None:
        self.job_set = job_set
        self.state = state_of(job_set)
        self.tasks = JobTasks(self.state)
        self.observers = self.state.observers
        caller = self.state.take_caller()
        is_nested = isinstance(caller, Mark)
        self.mark = Mark(job_set, self, is_nested=is_nested)  # on the jobs that take part
        # The mark of the outermost run. Nested runs do not repeat its checks.
        self.nested_mark = caller if isinstance(caller, Mark) else self.mark
        self.memory = None if is_nested else memory
        self.context = contextvars.copy_context()  # each job starts in a copy of it
        self.roster = NO_JOBS
        self.queue = Queue(window)
        self.shuffled = False  # whether jobs on a waitlist may be out of order
        self.extras: Extras | None = None
        if keep_going:
            self.use_extras().keep_going()
        self._verdict: Verdict | None = None  # settled once it is not None
        self._over: asyncio.Future[None] = self.tasks.loop.create_future()  # done with _verdict

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the run."""
        return self.tasks.loop

    async def verdict(self, timeout: float | None) -> Verdict:
        """Run the jobs, and return how the run ended. Nothing of the run is alive afterwards.

        Args:
            timeout: how long the run may take; ``None`` means no limit (seconds).

        Raises:
            AlreadyRunningError: the job set, or one of its jobs, takes part in another run.
            ValueError: the jobs can't run; nothing was started.
            CancelledError: the caller was cancelled.
            BaseException: a KeyboardInterrupt or SystemExit of a job, or the error of a job
                that could not join the run.
        """
        check_not_running(self.job_set)  # if it raises, why() is still about the other run
        try:
            entries = open_run(self)
        except Exception as error:
            self.mark.end()
            self.extras = None  # avoid reference cycles
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
                self.state.record.end(self._verdict, now := self.tasks.time())
                if self.observers.watchers:
                    self.observers.tell_watchers(now, begins=False)
        if isinstance(self._verdict, Broken):
            raise self._verdict.exception
        assert self._verdict is not None
        return self._verdict

    async def _go_through(self, entries: list[AnyJob], timeout: float | None) -> None:
        """Start the run, and wait until it is over and all tasks have ended."""
        deadline = None
        try:
            deadline = set_deadline(self, timeout)
            if self.observers.watchers:
                self.observers.tell_watchers(self.tasks.time(), begins=True)
            begin(self, entries, timeout)
            await self._over
        except asyncio.CancelledError:
            self.end(Cancelled())
            raise
        except GeneratorExit:  # the loop is gone with its tasks: there is nothing to wait for
            if self.memory is not None:
                self.memory.close()
            if self.loop.is_running():  # ... or this run was closed, and can't wait
                self.end(Cancelled())
            drop_tasks(self)
            raise
        except BaseException as error:  # noqa: BLE001 - verdict() raises it
            self.end(Broken(error))
        finally:
            if deadline is not None:
                deadline.cancel()
            if self.tasks.live or self.memory is not None:
                await self._wind_up()
            else:
                let_go(self)

    async def _wind_up(self) -> None:
        """Wait until nothing of the run is alive, and all its records are safe."""
        try:
            if self.tasks.live:
                await self.tasks.wait_out(self)
        finally:
            try:
                if self.memory is not None:
                    await self.memory.finish(self._verdict, lambda: self.end(Cancelled()))
            finally:
                let_go(self)

    # -- the beginning

    def use_extras(self) -> Extras:
        """Return the extras of the run; make them on the first call."""
        self.extras = extras = self.extras or engine_extras.Extras(self)
        return extras

    # -- a job, from its requirements to its end

    def make_ready(self, job: AnyJob) -> None:
        """Put a job in the queue, since its requirements are met."""
        extras, queue = self.extras, self.queue
        if self._verdict is not None or not waits_in_run(job):  # an observer's doing
            return
        if extras is not None and extras.must_wait_again(self, job):
            return
        job._phase = SCHEDULED
        if self.observers.heard_ready:
            self.observers.tell(job, "scheduled", self.tasks.time())
        if job not in self.roster.forever:
            queue.ready.append(job)
        elif extras is None or not extras.wait_for_limits(job, forever=True):
            queue.cleared.append(job)

    def go_on(self) -> None:
        """Start ready jobs, or end the run, after jobs joined it or were skipped."""
        if not self.roster.awaited:
            self._end_well()
        elif not self.queue.starting:
            start_ready(self)

    def wake(self) -> None:
        """Start ready jobs in the next turn of the loop; see `starting`."""
        wake(self)

    def is_over(self) -> bool:
        """Return whether the verdict is settled."""
        return self._verdict is not None

    def is_fine(self) -> bool:
        """Return whether the run has ended well."""
        return self._verdict is FINE

    def is_idle(self) -> bool:
        """Return whether none of the jobs that the run waits for is running or ready."""
        if self.roster.only_forever:
            return not (self.tasks.live or self.queue.cleared)
        return not self.queue.ready and self.queue.free == self.queue.slots

    def fail(self, job: AnyJob, error: BaseException, now: float, *, held: bool = True) -> None:
        """Handle an exception that a job raised at a time (seconds); see `release()`."""
        if self.extras is not None:
            self.extras.note_failure(job, error)
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self.end(Broken(error))
        elif counts_as_critical(job):
            failure = critical_failure(job, error)
            if not goes_on_without(self, job, failure):
                self.end(failure)
        if self.extras is None:
            if self._verdict is None:
                self.release(job, now)
        elif self._verdict is None:
            self.release_with_extras(job, now, held=held)
        else:
            self.extras.give_back(job, held=held)

    def release(self, job: AnyJob, now: float) -> None:
        """Let the jobs that waited for this one go on, since it has ended.

        Args:
            job: the job. It held a slot of the window, and its limits.
            now: when it ended (seconds).
        """
        if self.extras is not None:
            self.release_with_extras(job, now, held=True)
            return
        # The shortest way, since most runs come here at the end of each job.
        queue, roster, waiters = self.queue, self.roster, job._waiters
        job._waiters = None
        if waiters is not NOBODY:
            self._go_on([waiters] if isinstance(waiters, AbstractJob) else waiters or [])
        queue.free += 1
        roster.awaited -= 1
        if not roster.awaited:
            self._end_well()
        elif queue.ready and not queue.starting:
            self.context.run(start_ready, self, now)

    def release_with_extras(self, job: AnyJob, now: float, *, held: bool) -> None:
        """Do the same in a run that has extras.

        Args:
            job: the job.
            now: when it ended (seconds).
            held: whether it held a slot of the window, and its limits.
        """
        queue, extras = self.queue, self.extras
        assert extras is not None
        if not extras.holds_back(job, held=held):
            followers = take_waiters(job)
            extras.leave(job, held=held)  # jobs that came earlier come first
            self._go_on(followers)
            if extras.stall is not None:
                extras.stall.look()
        if not self.roster.awaited:
            self._end_well()
        elif (queue.ready or queue.cleared) and not queue.starting:
            self.context.run(start_ready, self, now)

    def _go_on(self, followers: list[AnyJob]) -> None:
        """Let jobs wait for their next requirement; make them ready if all are done."""
        if self.extras is not None:  # some may have been skipped, or cancelled
            followers = [job for job in followers if waits_in_run(job)]
        if self.shuffled and len(followers) > 1:
            followers.sort(key=by_rank)
        for follower in followers:
            if follower._unfinished and (requirement := next_unfinished(follower)) is not None:
                wait_for(requirement, follower)
                self.shuffled = True
            elif self.extras is None and not self.observers.heard_ready:
                # Fast path: 24 ns a job, 1 % of a chain. Without it, make_ready() does it.
                follower._phase = SCHEDULED
                self.queue.ready.append(follower)
            else:
                self.make_ready(follower)

    def join(self, jobs: Collection[AnyJob]) -> None:
        """Take jobs into the run while it goes on; see `joining.join()`."""
        joining.join(self, jobs)

    def set_window(self, window: int | None) -> None:
        """Change the window during the run. A larger one starts jobs in the next turn."""
        self.queue.resize(window)
        if self.extras is not None:
            self.extras.turn_gate()
        self.wake()

    def skip(self, jobs: Iterable[AnyJob]) -> None:
        """Skip jobs that wait; see `stopping.skip()`."""
        skip(self, jobs)

    def cancel(self, job: AnyJob, msg: object) -> bool:
        """Cancel a job; see `stopping.cancel()`."""
        return cancel(self, job, msg)

    def stop(self, reason: str) -> None:
        """End the run as successful.

        Raises:
            RuntimeError: it was called from another thread.
        """
        check_thread(self, self.job_set.repr_main(), "scheduler.stop")
        if self._verdict is None:
            self.end(Stopped(reason))

    def waits_for(self, job: AnyJob) -> str:
        """Return what a job waits for once its requirements are met, in words."""
        return "a slot of the window" if self.extras is None else self.extras.waits_for(job)

    # -- the end

    def _end_well(self) -> None:
        """End the run, since all awaited jobs have ended."""
        skipping = None if self.extras is None else self.extras.skipping
        self.end(FINE if skipping is None else skipping.verdict())

    def end(self, verdict: Verdict) -> None:
        """Set the verdict of the run, and cancel the remaining jobs.

        The first verdict stays, with two exceptions. A successful run becomes a failure if its
        clean-up fails. And KeyboardInterrupt and SystemExit are always raised.
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
        if self.extras is not None:
            self.extras.close()
        if not self._over.done():  # it is done if the run was cancelled from outside
            self._over.set_result(None)

    def let_go(self) -> None:
        """Let go of the jobs, since the run is lost; see `stopping.let_go()`."""
        let_go(self)
