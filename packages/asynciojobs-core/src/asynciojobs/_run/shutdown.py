"""Shutting down: each job of a job set gets its `co_shutdown()`, within a time limit.

Each job gets it once between two runs. A note on the job says that it has had it; the next run
removes the note. So a job may be shut down by the run around a nested scheduler, when that run
ends, or by the user; only the first call counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import types
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from .. import _log
from .._dag.jobset import SHUTDOWN, JobSet, RunState, nested_job_sets, state_of
from .._dag.observers import Observers
from .._dag.record import Record
from .._names import name_in_run
from .._threads import runs_elsewhere
from ..job import (
    AbstractJob,
    AnyJob,
    any_has_shutdown,
    checked_awaitable,
    had_shutdown,
    note_shutdown,
    note_shutdowns,
)
from .waiting import cancel, wait_out

__all__ = ["co_run_nested", "serve", "shut_down", "suspend"]

Call: TypeAlias = asyncio.Task[BaseException | None]


if TYPE_CHECKING:

    class OuterTasks(Protocol):
        """The part of `JobTasks` that is used here."""

        loop: asyncio.AbstractEventLoop
        observers: Observers
        priming: bool
        state: RunState

        @property
        def time(self) -> Callable[[], float]: ...


async def shut_down(job_set: JobSet, timeout: float | None) -> bool:
    """Call `co_shutdown()` of each job of the set that has not had it since the last run.

    Args:
        job_set: the jobs. Jobs that are job sets pass the call on to their own jobs.
        timeout: how long all calls together may take (seconds). Calls that take longer are
            cancelled and awaited. ``None`` means no limit.

    Returns:
        whether all calls since the last run ended well and in time.

    Raises:
        ValueError: a job set is nested in itself.
        RuntimeError: its run, or another shutdown, is in progress in another thread.
        CancelledError: the caller was cancelled. All calls were cancelled too, and have ended.
    """
    state = state_of(job_set)
    if state.take_caller() is not SHUTDOWN:
        _check_thread(job_set, state)
        _call_again(job_set)
    loop = asyncio.get_running_loop()
    while (other_call := state.shutdown_under_way) is not None:
        if other_call.get_loop() is not loop:  # that loop is gone, with its calls
            state.record.note_bad_shutdown({})
            break
        await asyncio.wait([other_call])
    over = state.shutdown_under_way = loop.create_future()
    record = state.record  # a run that begins in the meantime has another record
    try:
        await _serve_all(job_set, record, timeout, loop)
    finally:
        if state.shutdown_under_way is over:
            state.shutdown_under_way = None
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
            over.set_result(None)
    return record.shut_down_well


def _check_thread(job_set: JobSet, state: RunState) -> None:
    """Check that the jobs and their resources are not in use in another event loop.

    Raises:
        RuntimeError: they are.
    """
    run, other_call = state.current_run(), state.shutdown_under_way
    loops = [run.loop] if run else []
    loops += [other_call.get_loop()] if other_call else []
    if any(map(runs_elsewhere, loops)):
        raise RuntimeError(
            f"{job_set.repr_main()} is in use in the event loop of another thread: shut it "
            "down there, by asyncio.run_coroutine_threadsafe(scheduler.co_shutdown(), loop)"
        )


def _call_again(job_set: JobSet) -> None:
    """Allow a second call for nested sets that jobs have joined since their shutdown.

    Raises:
        ValueError: a job set is nested in itself, so the calls would never end.
    """
    _, *nested = nested_job_sets(job_set)
    for inner in reversed(nested):  # the innermost first
        all_served = all(map(had_shutdown, inner.jobs))
        if isinstance(inner, AbstractJob) and not all_served:
            note_shutdown(inner, given=False)


async def _serve_all(
    job_set: JobSet, record: Record, timeout: float | None, loop: asyncio.AbstractEventLoop
) -> None:
    jobs = _jobs_to_call(job_set, loop.time())
    calls = {loop.create_task(serve(job, record)): job for job in jobs}
    if not calls:
        return
    left = calls
    try:
        _, late = await asyncio.wait(calls, timeout=timeout)
        for call in late:
            expired = TimeoutError(f"co_shutdown() took more than {timeout}s")
            record.note_bad_shutdown({calls[call]: expired})
            _warn_of_cut_off(calls[call], timeout, job_set)
    except GeneratorExit:  # the loop is gone with the calls, so there is nothing to wait for
        left = {}
        raise
    finally:
        for call, job in left.items():
            cancel(call, job)
        try:
            if left:
                await wait_out(left)
        finally:
            _settle(calls)


def _warn_of_cut_off(job: AnyJob, timeout: float | None, job_set: JobSet) -> None:
    _log.warn(
        "co_shutdown() of %s took more than %ss, the shutdown_timeout of %s, and is cancelled: "
        "give that scheduler a larger shutdown_timeout",
        name_in_run(job),
        timeout,
        name_in_run(job_set),
    )


def _settle(calls: Mapping[Call, AnyJob]) -> None:
    """Leave calls that never began to the next shutdown; raise what the others returned."""
    for call, job in calls.items():
        if not _has_begun(call):
            note_shutdown(job, given=False)
    for call in calls:
        if not call.done() or call.cancelled():  # a call is not done only if the loop is gone
            continue
        if (interruption := call.result()) is not None:
            raise interruption


def _has_begun(call: Call) -> bool:
    if call.done():
        return not call.cancelled()  # once begun, it handles its cancellation and returns
    coroutine: Any = call.get_coro()
    return inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED


def _jobs_to_call(job_set: JobSet, now: float) -> Iterable[AnyJob]:
    """Note on each job that it gets its shutdown now; return the jobs that must be called."""
    observers = state_of(job_set).observers
    called: list[AnyJob] = []
    for job in tuple(job_set.jobs):
        if had_shutdown(job):
            continue
        note_shutdown(job, given=True)
        if isinstance(job, JobSet):
            observers.enclose(state_of(job).observers)
        if observers.heard:
            observers.tell(job, "shutdown", now)
        if job._has_shutdown():
            called.append(job)
    return called


def serve_at_once(nested: AnyJob, record: Record, now: float) -> bool:
    """Shut down a nested job set without a task, if its jobs have nothing to do.

    Args:
        nested: the job set, which has just ended.
        record: the record of the job set around it.
        now: the time on the loop's clock (seconds).

    Returns:
        whether it was shut down; otherwise nothing was done, and `serve()` is needed.
    """
    assert isinstance(nested, JobSet)
    state = state_of(nested)
    if not nested._only_delegates_shutdown() or state.shutdown_under_way is not None:
        return False
    jobs = tuple(nested.jobs)
    if any_has_shutdown(jobs):
        return False
    if state.observers.heard:
        _jobs_to_call(nested, now)
    else:
        # Fast path: 1 µs for a nested scheduler of ten jobs, 2 % of its run. Without it,
        # _jobs_to_call() would do the same.
        note_shutdowns(jobs)
    if not state.record.shut_down_well:
        record.note_bad_shutdown({})
    return True


async def serve(job: AnyJob, record: Record) -> BaseException | None:
    """Call `co_shutdown()` of one job, and note how it fails.

    Returns:
        a ``KeyboardInterrupt`` or ``SystemExit``. The caller raises it after all calls.
    """
    loop = asyncio.get_running_loop()
    state = state_of(job) if isinstance(job, JobSet) else None
    try:
        if state is not None:
            if loop.get_task_factory():
                await asyncio.sleep(0)  # eager tasks would start inside each other
            state.called_by = SHUTDOWN
        answer = await checked_awaitable(job, "co_shutdown", job.co_shutdown())
    except (KeyboardInterrupt, SystemExit) as error:
        record.note_bad_shutdown({job: error})
        return error
    except BaseException as error:  # noqa: BLE001 - it is kept, and logged
        _note_failure(job, error, record, loop)
    else:
        if answer is False and state is not None:
            record.note_bad_shutdown({})
    finally:
        if state is not None:  # its class may not have called shut_down()
            state.called_by = None
    return None


def _note_failure(
    job: AnyJob, error: BaseException, record: Record, loop: asyncio.AbstractEventLoop
) -> None:
    cancelled = isinstance(error, asyncio.CancelledError)
    if cancelled and job in record.shutdown_failures:
        return  # its time ran out, which is noted already
    record.note_bad_shutdown({job: error})
    # If a call was closed because its loop is gone, that is not an error.
    if loop.is_running() or not isinstance(error, GeneratorExit):
        _log.error("co_shutdown() of %s raised", name_in_run(job))


# -- a nested scheduler, in its task


@types.coroutine
def suspend() -> Generator[None, None, None]:
    """Suspend once: control goes back to whoever drives the coroutine."""
    yield


async def co_run_nested(tasks: OuterTasks, job: AnyJob, mark: object) -> object:
    """Run a nested scheduler, and shut it down however its run ends."""
    leaving: BaseException | None = None
    assert isinstance(job, JobSet)
    state = state_of(job)
    try:
        if tasks.priming:
            await suspend()  # if cancelled here, it counts as started, and is shut down
        if tasks.loop.get_task_factory() is not None:
            await asyncio.sleep(0)  # eager tasks would start inside each other
        state.called_by = mark
        return await checked_awaitable(job, "co_run", job.co_run())
    except (KeyboardInterrupt, SystemExit) as error:
        leaving = error
        raise
    finally:
        state.called_by = None
        try:
            if tasks.loop.is_running():  # otherwise the loop is gone: this is close()
                await _shut_down(tasks, job, leaving)
        finally:
            del leaving  # its traceback holds this frame


async def _shut_down(tasks: OuterTasks, job: AnyJob, leaving: BaseException | None) -> None:
    record = tasks.state.record
    now = tasks.time()
    note_shutdown(job, given=True)
    if tasks.observers.heard:
        tasks.observers.tell(job, "shutdown", now)
    if serve_at_once(job, record, now):
        return
    shutdown = tasks.loop.create_task(serve(job, record))
    try:
        await wait_out({shutdown: job}, cancelled=False)
    finally:
        # KeyboardInterrupt and SystemExit are raised even if this was cancelled in the
        # meantime.
        if leaving is None and shutdown.done():
            leaving = shutdown.result()
        try:
            if leaving is not None:
                raise leaving
        finally:
            del leaving
