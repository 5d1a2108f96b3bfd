"""Shutting down: each job of a job set gets its `co_shutdown()`, within a limit.

Each job gets it once from one run to the next: a note on the job says so, which its next run
takes back. So the order of the calls does not matter: whoever comes first serves a job, be it
the enclosing run at the end of a nested scheduler, or the user.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from . import _log
from ._events import EventKind
from ._jobset import JobSet, ShutdownRecord
from ._queries import AnyJob, nested_job_sets
from ._waiting import cancel, wait_out
from .job import AbstractJob

__all__ = ["passes_on", "serve", "serve_at_once", "shut_down"]

F = TypeVar("F", bound=Callable[..., object])

Call: TypeAlias = asyncio.Task[BaseException | None]


async def shut_down(job_set: JobSet, timeout: float | None) -> bool:
    """Call `co_shutdown()` of each job of the set that has not had it since the last run.

    Args:
        job_set: whose jobs; those that are job sets pass it on to their own.
        timeout: how long they may take together, in seconds; those that have not ended by
            then are cancelled, and waited for. ``None`` is no limit.

    Returns:
        whether all that were called since the last run ended well and in time.

    Raises:
        ValueError: one of the job sets is nested in itself.
        CancelledError: the caller was cancelled; so were the calls, and all have ended.
    """
    if not job_set._looked_through:
        _call_again(job_set)
    job_set._looked_through = False
    loop = asyncio.get_running_loop()
    while (other_call := job_set._shutdown_under_way) is not None:
        if other_call.get_loop() is not loop:  # that is gone, and has cut off what it called
            job_set._shutdown_record.complete = False
            break
        await asyncio.wait([other_call])
    over = job_set._shutdown_under_way = loop.create_future()
    record = job_set._shutdown_record  # a run that begins meanwhile has another one
    try:
        await _serve_all(job_set, record, timeout, loop)
    finally:
        if job_set._shutdown_under_way is over:
            job_set._shutdown_under_way = None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            over.set_result(None)
    return record.complete


def _call_again(job_set: JobSet) -> None:
    """Give nested sets that had their turn another one, if jobs joined them afterwards.

    Raises:
        ValueError: one of the job sets is nested in itself: the calls would go round for ever.
    """
    _, *nested = nested_job_sets(job_set)
    for inner in reversed(nested):  # what is inside comes first
        all_served = all(job._shutdown_given for job in inner.jobs)
        if isinstance(inner, AbstractJob) and not all_served:
            inner._shutdown_given = False


async def _serve_all(
    job_set: JobSet,
    record: ShutdownRecord,
    timeout: float | None,
    loop: asyncio.AbstractEventLoop,
) -> None:
    calls = {
        loop.create_task(serve(job, record)): job for job in _take_turns(job_set, loop.time())
    }
    if not calls:
        return
    left = calls
    try:
        _, late = await asyncio.wait(calls, timeout=timeout)
        for call in late:
            record.note(calls[call], TimeoutError(f"co_shutdown() took over {timeout}s"))
    except GeneratorExit:  # the loop is gone, the calls with it: nothing to wait for
        left = {}
        raise
    finally:
        for call, job in left.items():
            cancel(call, job)
        try:
            if left:
                await wait_out(left)
        finally:
            _look_through(calls)


def _look_through(calls: Mapping[Call, AnyJob]) -> None:
    """Leave those that never began to the next shutdown, raise what must leave."""
    for call, job in calls.items():
        if not _has_begun(call):
            job._shutdown_given = False
    for call in calls:
        if not call.done() or call.cancelled():  # not done only if the loop is gone
            continue
        if (interruption := call.result()) is not None:
            raise interruption


def _has_begun(call: Call) -> bool:
    if call.done():
        return not call.cancelled()  # once it has begun, it takes note of that, and returns
    coroutine: Any = call.get_coro()
    return inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED


def _take_turns(job_set: JobSet, now: float) -> Iterable[AnyJob]:
    """Return the jobs to be called, and note on each job of the set that it had its turn."""
    observers = job_set._observers
    called: list[AnyJob] = []
    for job in tuple(job_set.jobs):
        if job._shutdown_given:
            continue
        job._shutdown_given = True
        if isinstance(job, JobSet):
            observers.enclose(job._observers)
        if observers.heard:
            observers.tell(job, EventKind.SHUTDOWN, now)
        if job._shuts_down():
            called.append(job)
    return called


def passes_on(function: F) -> F:
    """Mark a `co_shutdown()` that does nothing but to shut the jobs of its set down."""
    function.passes_on = True  # type: ignore[attr-defined]
    return function


def serve_at_once(nested: AnyJob, record: ShutdownRecord, now: float) -> bool:
    """Serve a nested job set here and now, if none of its jobs has anything to do for that.

    Args:
        nested: what ended just now.
        record: that of the job set around it.
        now: on the clock of the loop (seconds).

    Returns:
        whether that was so; else nothing was done, and it takes a task to `serve()` it.
    """
    assert isinstance(nested, JobSet)
    if getattr(nested.co_shutdown, "passes_on", False) is not True:  # all is true of a mock
        return False
    if nested._shutdown_under_way is not None:
        return False
    jobs = tuple(nested.jobs)
    for job in jobs:
        if not job._shutdown_given and job._shuts_down():
            return False
    if nested._observers.heard:
        _take_turns(nested, now)
    else:  # the usual case
        for job in jobs:
            job._shutdown_given = True
    record.complete = record.complete and nested._shutdown_record.complete
    return True


async def serve(job: AnyJob, record: ShutdownRecord) -> BaseException | None:
    """Call `co_shutdown()` of one job, and note how it fails.

    Returns:
        a ``KeyboardInterrupt`` or ``SystemExit``, to be raised once all are served.
    """
    loop = asyncio.get_running_loop()
    try:
        if isinstance(job, JobSet):
            if loop.get_task_factory():
                await asyncio.sleep(0)  # eager tasks would start one in the other, all depths
            job._looked_through = True
        answer = await job.co_shutdown()
    except (KeyboardInterrupt, SystemExit) as error:
        record.note(job, error)
        return error
    except BaseException as error:  # noqa: BLE001 - it is kept, and logged
        cancelled = isinstance(error, asyncio.CancelledError)
        if not (cancelled and job in record.failures):  # else its time ran out: that is noted
            record.note(job, error)
            _tell(job, error, loop)
    else:
        if answer is False and isinstance(job, JobSet):
            record.complete = False
    finally:
        if isinstance(job, JobSet):  # its class may not have come to shut_down()
            job._looked_through = False
    return None


def _tell(job: AnyJob, error: BaseException, loop: asyncio.AbstractEventLoop) -> None:
    """Log that a `co_shutdown()` raised, unless it was closed, since its loop is gone."""
    if loop.is_running() or not isinstance(error, GeneratorExit):
        _log.error("co_shutdown() of %s raised", job.repr_main())
