"""`JobTasks`: the tasks of a run, from the start of each job to its end.

The end of a job is handled inside its task, in the task's last step, rather than in a callback
one loop turn later. But a task that is cancelled before its first step never enters its
coroutine. So the coroutine is *primed*: it is driven by hand into its ``try``, where it sees
the cancellation. `JobTask` does that when it is cancelled. If the event loop makes its own kind
of tasks, priming is done as soon as the task is made. `docs/design/engine.md` has the reasons.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from .._checks import is_method_of
from .._dag.jobset import JobSet, RunState
from .._outcomes import DONE, RUNNING, Broken, Cancelled, Verdict
from .._stack import check_stack_room
from ..job import AnyJob
from .queue import SLICE
from .shutdown import co_run_nested, suspend
from .waiting import cancel, wait_out, warn_of_deaf

__all__ = ["JobTask", "JobTasks"]

SWALLOWED_AFTER = 0.01
"""A job that returns a value this long after its cancellation has ignored it (seconds)."""

PRIMING = 10
"""The stack needed to drive the coroutine of a job into its ``try`` (nested calls)."""


# As asyncio defines them: a program may put others in their place.
LOOP_TIME: Any = asyncio.BaseEventLoop.time
CREATE_TASK = asyncio.BaseEventLoop.create_task


if TYPE_CHECKING:

    class JobsEnds(Protocol):
        """What `JobTasks` needs of the `Extras` of its run."""

        def outcome(self, job: AnyJob, error: BaseException | None) -> BaseException | None:
            """Return what counts as raised by a job that has ended."""
            ...

        def give_back(self, job: AnyJob, *, held: bool) -> None:
            """Take back what the job holds."""
            ...

    class TasksOwner(Protocol):
        """What `JobTasks` needs of its run."""

        @property
        def nested_mark(self) -> object:
            """The mark of the outermost run, for nested schedulers."""
            ...

        @property
        def extras(self) -> JobsEnds | None:
            """What takes back the slots of jobs; ``None`` if they hold nothing."""
            ...

        def release(self, job: AnyJob, now: float) -> None:
            """Start the jobs that waited for this one."""
            ...

        def fail(self, job: AnyJob, error: BaseException, now: float) -> None:
            """Handle an exception that a job raised."""
            ...

        def end(self, verdict: Verdict) -> None:
            """End the run."""
            ...


def clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Return the clock of a loop (seconds); for asyncio's own, without a method call."""
    if is_method_of(loop.time, LOOP_TIME):
        # The function that its method would call: a test may have replaced it.
        monotonic: Callable[[], float] = LOOP_TIME.__globals__["time"].monotonic
        return monotonic
    return loop.time


class JobTask(asyncio.Task[None]):
    """The task of a job. A cancellation before its first step also reaches its coroutine.

    Attributes:
        owner: the tasks that this one belongs to.
    """

    __slots__ = ("owner",)

    owner: JobTasks

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the task; see `asyncio.Task.cancel()`."""
        if not self.done():
            drive: Any = self.get_coro()
            if inspect.getcoroutinestate(drive) == inspect.CORO_CREATED:
                check_stack_room(PRIMING)  # without room the coroutine would be closed unseen
                self.owner.prime(drive)
        return super().cancel(msg)


class JobTasks:
    """The tasks of the jobs of a run.

    Args:
        state: what the engine keeps on the job set.

    Attributes:
        live: the jobs that were started and have not ended, each with its task.
        loop: the event loop.
        time: the clock of the loop (seconds).
        nests: whether there are job sets among the jobs.
        observers: the observers of the job set.
        state: as above.
        priming: whether a coroutine is being driven by hand to its first ``await``.
    """

    def __init__(self, state: RunState) -> None:
        self.live: dict[AnyJob, asyncio.Task[None]] = {}
        self.loop = asyncio.get_running_loop()
        self.time = clock_of(self.loop)
        self.nests = False
        self.observers = state.observers
        self.state = state
        # Then tasks can be made without asking the loop, if it has no task factory.
        self._plain_loop = is_method_of(self.loop.create_task, CREATE_TASK)
        self._wrapped: dict[AnyJob, Coroutine[Any, Any, None]] = {}  # see _let_it_hear()
        # Jobs that were cancelled while being started, with the message: by an observer, or in
        # the first step of an eager task.
        self._cancel_soon: dict[AnyJob, object] = {}
        self.priming = False
        self._cancelled_at: float | None = None  # when cancel_all() was called

    # -- the start of jobs

    def is_plain(self) -> bool:
        """Return whether `start_plain()` will do: asyncio's own tasks, and no observers."""
        return not (
            self.observers.heard
            or not self._plain_loop
            or self.loop.get_task_factory() is not None
        )

    def start_plain(self, jobs: deque[AnyJob], count: int, now: float, run: TasksOwner) -> int:
        """Start the first jobs of a queue, without asking the loop for tasks.

        Args:
            jobs: the queue.
            count: how many to start at most.
            now: the time on the loop's clock (seconds).
            run: called when the jobs end.

        Returns:
            how many were started. If nested schedulers are among them, that may be less than
            `count`: they start jobs of their own in the next turn.
        """
        live, drive, loop, nests = self.live, self.drive, self.loop, self.nests
        to_come = 0  # jobs that nested job sets will start in the next turn
        for started in range(1, count + 1):
            job = jobs.popleft()
            job._phase = RUNNING
            job._noted_start = now
            label = job.label
            name = label if type(label) is str else job._task_name
            task = live[job] = JobTask(drive(job, run), loop=loop, name=name)
            task.owner = self
            if nests and isinstance(job, JobSet):
                to_come += len(job.jobs)
                if to_come >= SLICE:
                    return started
        return max(count, 0)  # below 0 if the window was reduced

    def start(self, job: AnyJob, now: float, run: TasksOwner) -> None:
        """Start a job in any kind of loop.

        Args:
            job: the job.
            now: the time on the loop's clock (seconds).
            run: called when the job ends.
        """
        self._note_start(job, now)
        label = job.label
        drive = self.drive(job, run)
        name = label if type(label) is str else job._task_name
        try:
            task = self.loop.create_task(drive, name=name)
        except BaseException:
            drive.close()  # otherwise Python warns that it was never awaited
            raise
        begun = inspect.getcoroutinestate(drive) != inspect.CORO_CREATED
        # An eager task (Python 3.12 and later) may have ended already. If not, the run goes on,
        # since only the end of this job could have ended it.
        if begun and task.done():  # pragma: no cover - there are none on Python 3.11
            return
        self.live[job] = task
        if not begun:
            self._let_it_hear(job, drive, task)
        # Its first step may have ended the run, or cancelled it; so may an observer.
        if job in self._cancel_soon or self._cancelled_at is not None:
            self.cancel(job, self._cancel_soon.pop(job, None))

    def start_expired(
        self, job: AnyJob, error: TimeoutError, now: float, run: TasksOwner
    ) -> None:
        """Start a job that has no time to run: it ends at once, at a time (seconds)."""
        self._note_start(job, now)
        self._raised(job, error, run)

    def _note_start(self, job: AnyJob, now: float) -> None:
        job._note_start(now)
        if self.observers.heard:
            self.observers.tell(job, "started", now)

    def _let_it_hear(
        self, job: AnyJob, drive: Coroutine[Any, Any, None], task: asyncio.Task[None]
    ) -> None:
        """Make sure that a coroutine sees a cancellation before its first step."""
        get_coro = getattr(task, "get_coro", None)
        if get_coro is not None and get_coro() is drive:
            self.prime(drive)
        else:  # a task factory wrapped it; a primed coroutine could not be awaited
            self._wrapped[job] = drive
            task.add_done_callback(lambda _: self._take_over(job))

    def _take_over(self, job: AnyJob) -> None:
        """Cancel a coroutine whose wrapper has ended or will end without awaiting it."""
        drive = self._wrapped.pop(job, None)
        if drive is None or inspect.getcoroutinestate(drive) != inspect.CORO_CREATED:
            return
        task = self.live[job] = JobTask(drive, loop=self.loop)
        task.owner = self
        cancel(task, job)

    def prime(self, drive: Coroutine[Any, Any, None]) -> None:
        """Drive a coroutine of `drive()` into its ``try``, where it sees cancellations."""
        self.priming = True
        drive.send(None)
        self.priming = False

    # -- a job, in its task

    async def drive(self, job: AnyJob, run: TasksOwner) -> None:
        """Run a job, and handle its end."""
        failure: BaseException | None = None
        try:
            try:
                if self.nests and isinstance(job, JobSet):
                    value = await co_run_nested(self, job, run.nested_mark)
                else:
                    if self.priming:
                        await suspend()
                    value = await job._start_awaitable()
            except BaseException as error:  # noqa: BLE001 - it is kept on the job
                failure = error
            else:
                self._returned(job, value, run)
                return
            # Outside the `except`: jobs that start now must not see this exception.
            if self.loop.is_running():  # otherwise the loop is gone: this is close()
                self._raised(job, failure, run)
        except BaseException as error:  # noqa: BLE001 - of the engine: the task would keep it
            run.end(Broken(error))
        finally:
            # Avoid a reference cycle: the job keeps the traceback, which holds this frame.
            del job, self, run, failure

    def _returned(self, job: AnyJob, value: object, run: TasksOwner) -> None:
        self.live.pop(job, None)
        job._outcome = value
        job._phase = DONE
        now = job._noted_end = self.time()
        if self.observers.heard:
            self.observers.tell(job, "done", now)
        if self._cancelled_at is None:
            run.release(job, now)
            return
        if run.extras is not None:
            run.extras.outcome(job, None)
            run.extras.give_back(job, held=True)
        if now > self._cancelled_at + SWALLOWED_AFTER:
            warn_of_deaf(job, f"went on for {now - self._cancelled_at:.3g}s, to its end")

    def _raised(self, job: AnyJob, error: BaseException, run: TasksOwner) -> None:
        self.live.pop(job, None)
        now = self.time()
        if run.extras is not None:
            error = run.extras.outcome(job, error) or error
        cancelled = self._cancelled_at is not None and isinstance(error, asyncio.CancelledError)
        if cancelled:
            job._note_stop(now)
        else:
            job._note_failure(error, now)
        if self.observers.heard:
            self.observers.tell(job, "cancelled" if cancelled else "failed", now)
        if not cancelled:
            run.fail(job, error, now)
        elif run.extras is not None:
            run.extras.give_back(job, held=True)

    # -- the end of all

    def cancel(self, job: AnyJob, msg: object) -> bool:
        """Cancel a job that was started; return whether it had not ended yet."""
        task = self.live.get(job)
        if task is None:  # it is being started
            self._cancel_soon[job] = msg
            return True
        not_ended = cancel(task, job, msg)
        self._take_over(job)
        return not_ended

    def cancel_all(self) -> None:
        """Cancel all jobs that have not ended."""
        self._cancelled_at = self.time()
        for job, task in tuple(self.live.items()):
            cancel(task, job)
            self._take_over(job)

    async def wait_out(self, run: TasksOwner) -> None:
        """Wait until all tasks have ended; if the caller is cancelled, cancel the run.

        Raises:
            CancelledError: the caller was cancelled, and all tasks have ended.
        """
        tasks = {task: job for job, task in self.live.items()}
        await wait_out(tasks, on_cancel=lambda: run.end(Cancelled()))
