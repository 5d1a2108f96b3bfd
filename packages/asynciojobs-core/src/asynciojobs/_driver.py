"""`Driver`: jobs in their tasks, from the start of each one to its end.

What is to be done at the end of a job is done inside of its task, in its last step, rather than
in a callback one loop turn later. A task that is cancelled before its first step would never
come there. So its coroutine is *primed*, that is driven into its ``try`` by hand: by `JobTask`
once it is cancelled, or else as soon as its task is made, where the event loop makes tasks its
own way. `docs/design/engine.md` has more.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import types
from collections.abc import Coroutine, Generator
from typing import Any

from ._events import EventKind
from ._jobset import JobSet
from ._lifecycle import Phase
from ._queries import AnyJob
from ._room import make_sure_of_room
from ._shutdown import serve, serve_at_once
from ._verdict import Broken, Cancelled, Verdict
from ._waiting import cancel, wait_out

__all__ = ["Driver", "JobTask"]

STARTED, SHUTDOWN = EventKind.STARTED, EventKind.SHUTDOWN
PHASE_RUNNING = Phase.RUNNING

PRIMING = 10
"""What it takes to bring the coroutine of a job into its ``try`` (calls)."""


@types.coroutine
def suspend() -> Generator[None, None, None]:
    """Suspend once: whoever drives the coroutine that awaits this gets it back here."""
    yield


class JobTask(asyncio.Task[None]):
    """The task of a job, whose coroutine hears even of a cancellation before its first step.

    Asyncio would never enter the coroutine then: its ``except`` would not see that.
    """

    __slots__ = ()

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the task, as any task."""
        if not self.done():
            drive: Any = self.get_coro()
            if inspect.getcoroutinestate(drive) == inspect.CORO_CREATED:
                make_sure_of_room(PRIMING)  # a coroutine that finds none is closed, unheard
                drive.cr_frame.f_locals["self"].prime(drive)
        return super().cancel(msg)


class Driver:
    """The jobs of a set in their tasks; what comes of their ends is up to a subclass.

    Args:
        job_set: whose jobs.
    """

    def __init__(self, job_set: JobSet) -> None:
        self._job_set = job_set
        self._observers = job_set._observers
        self._loop = asyncio.get_running_loop()
        # The same clock without the method around it, where that is asyncio's own.
        asyncios_own = type(self._loop).time is asyncio.BaseEventLoop.time
        self._time = time.monotonic if asyncios_own else self._loop.time
        # Then tasks can be made without asking the loop, if it has no task factory.
        self._plain_loop = type(self._loop).create_task is asyncio.BaseEventLoop.create_task
        self._mark = object()  # on the jobs that take part
        # That of the run around all others: what it has checked is not checked again here.
        self._outermost = job_set._started_by or self._mark
        self._nests = False  # there are job sets among the jobs
        self._tasks: dict[AnyJob, asyncio.Task[None]] = {}  # started, and not ended
        self._wrapped: dict[AnyJob, Coroutine[Any, Any, None]] = {}  # see _let_it_hear()
        self._priming = False  # a coroutine is being driven by hand to its first `await`

    # -- what a subclass does at the end of a job

    def _returned(self, job: AnyJob, value: object) -> None:
        raise NotImplementedError  # pragma: no cover - abstract

    def _raised(self, job: AnyJob, error: BaseException) -> None:
        raise NotImplementedError  # pragma: no cover - abstract

    def _end(self, verdict: Verdict) -> None:
        raise NotImplementedError  # pragma: no cover - abstract

    # -- the start

    def _start(self, job: AnyJob, now: float) -> None:
        job._phase = PHASE_RUNNING
        job._noted_start = now
        if self._observers.heard:
            self._observers.tell(job, STARTED, now)
        label = job.label
        drive = self._drive(job)
        name = label if type(label) is str else job._task_name
        try:
            task = self._loop.create_task(drive, name=name)
        except BaseException:
            drive.close()  # else Python would warn that nobody awaited it
            raise
        begun = inspect.getcoroutinestate(drive) != inspect.CORO_CREATED
        # An eager task, of Python 3.12 and later, may have come to its end already. One that
        # has not has not ended the run either: only its end could, in its first step.
        if begun and task.done():  # pragma: no cover - there are none on Python 3.11
            return
        self._tasks[job] = task
        if not begun:
            self._let_it_hear(job, drive, task)

    def _let_it_hear(
        self, job: AnyJob, drive: Coroutine[Any, Any, None], task: asyncio.Task[None]
    ) -> None:
        """Have a coroutine see a cancellation of its task, though that has not begun."""
        get_coro = getattr(task, "get_coro", None)
        if get_coro is not None and get_coro() is drive:
            self.prime(drive)
        else:  # a task factory has put it in one of its own, which could not await it then
            self._wrapped[job] = drive
            task.add_done_callback(lambda _: self._take_over(job))

    def _take_over(self, job: AnyJob) -> None:
        """Cancel a coroutine whose task is over, or will be, without having come to it."""
        drive = self._wrapped.pop(job, None)
        if drive is None or inspect.getcoroutinestate(drive) != inspect.CORO_CREATED:
            return
        task = self._tasks[job] = JobTask(drive, loop=self._loop)
        cancel(task, job)

    def _cancel(self, job: AnyJob, task: asyncio.Task[None]) -> None:
        cancel(task, job)
        self._take_over(job)

    def prime(self, drive: Coroutine[Any, Any, None]) -> None:
        """Bring a coroutine of `_drive()` into its ``try``, in which it sees cancellations."""
        self._priming = True
        drive.send(None)
        self._priming = False

    # -- the job itself

    async def _drive(self, job: AnyJob) -> None:
        """Run a job in a task of its own, and deal with its end there."""
        try:
            try:
                if self._nests and isinstance(job, JobSet):
                    value = await self._co_run_nested(job)
                else:
                    if self._priming:
                        await suspend()
                    value = await job._awaited()
            except BaseException as error:  # noqa: BLE001 - it is kept on the job
                if self._loop.is_running():  # else the loop is gone: this is close()
                    self._raised(job, error)
            else:
                self._returned(job, value)
        except BaseException as error:  # noqa: BLE001 - ours: the task would keep it
            self._end(Broken(error))
        finally:
            # This frame is in the traceback that the job keeps: no circle through it.
            del job, self

    async def _co_run_nested(self, job: AnyJob) -> object:
        """Run a nested scheduler and shut it down, whatever else happens meanwhile."""
        leaving: BaseException | None = None
        try:
            if self._priming:
                await suspend()  # cancelled here, it has started all the same: shut it down
            if self._loop.get_task_factory() is not None:
                await asyncio.sleep(0)  # eager tasks would start one in the other, all depths
            assert isinstance(job, JobSet)
            job._started_by = self._outermost
            return await job.co_run()
        except (KeyboardInterrupt, SystemExit) as error:
            leaving = error
            raise
        finally:
            assert isinstance(job, JobSet)
            job._started_by = None
            try:
                if self._loop.is_running():  # else the loop is gone: this is close()
                    await self._shut_down_nested(job, leaving)
            finally:
                del leaving  # this frame is in its traceback: no circle through it

    async def _shut_down_nested(self, job: AnyJob, leaving: BaseException | None) -> None:
        record = self._job_set._shutdown_record
        now = self._time()
        job._shutdown_given = True
        if self._observers.heard:
            self._observers.tell(job, SHUTDOWN, now)
        if serve_at_once(job, record, now):
            return
        shutdown = self._loop.create_task(serve(job, record))
        try:
            await wait_out({shutdown: job}, warn=False)
        finally:
            # We may have been cancelled meanwhile; what must leave does so all the same.
            if leaving is None and shutdown.done():
                leaving = shutdown.result()
            try:
                if leaving is not None:
                    raise leaving
            finally:
                del leaving

    # -- the end

    async def _wait_out(self) -> None:
        tasks = {task: job for job, task in self._tasks.items()}
        await wait_out(tasks, on_cancel=lambda: self._end(Cancelled()))
