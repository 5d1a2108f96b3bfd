"""Shutting down: each job of a job set gets its `co_shutdown()`, within a limit.

Each job gets it once from one run to the next: a note on the job says so, which its next run
takes back. So the order of the calls does not matter: whoever comes first serves a job, be it
the enclosing run at the end of a nested scheduler, or the user.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ._events import EventKind
from ._jobset import JobSet, ShutdownRecord
from ._queries import AnyJob
from ._waiting import wait_out

__all__ = ["serve", "shut_down"]

logger = logging.getLogger("asynciojobs")


async def shut_down(job_set: JobSet, timeout: float | None) -> bool:
    """Call `co_shutdown()` of each job of the set that has not had it since the last run.

    Args:
        job_set: whose jobs; those that are job sets pass it on to their own.
        timeout: how long they may take together, in seconds; those that have not ended by
            then are cancelled, and waited for. ``None`` is no limit.

    Returns:
        whether all that were called since the last run ended well and in time.

    Raises:
        CancelledError: the caller was cancelled; so were the calls, and all have ended.
    """
    loop = asyncio.get_running_loop()
    while (other_call := job_set._shutdown_under_way) is not None:
        await asyncio.wait([other_call])
    over = job_set._shutdown_under_way = loop.create_future()
    try:
        await _serve_all(job_set, timeout, loop)
    finally:
        job_set._shutdown_under_way = None
        over.set_result(None)
    return job_set._shutdown_record.complete


async def _serve_all(
    job_set: JobSet, timeout: float | None, loop: asyncio.AbstractEventLoop
) -> None:
    record = job_set._shutdown_record
    calls = {
        loop.create_task(serve(job, record)): job for job in _take_turns(job_set, loop.time())
    }
    if not calls:
        return
    try:
        _, late = await asyncio.wait(calls, timeout=timeout)
        for call in late:
            record.note(calls[call], TimeoutError(f"co_shutdown() took over {timeout}s"))
    finally:
        for call in calls:
            call.cancel()
        await wait_out(calls)
    for call in calls:
        if not call.cancelled() and (interruption := call.result()) is not None:
            raise interruption


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


async def serve(job: AnyJob, record: ShutdownRecord) -> BaseException | None:
    """Call `co_shutdown()` of one job, and note how it fails.

    Returns:
        a ``KeyboardInterrupt`` or ``SystemExit``, to be raised once all are served.
    """
    try:
        answer = await job.co_shutdown()
    except (KeyboardInterrupt, SystemExit) as error:
        return error
    except BaseException as error:
        if _is_cancelled_from_outside(error):
            raise
        record.note(job, error)
        logger.exception("co_shutdown() of %s raised", job.repr_main())
    else:
        if answer is False and isinstance(job, JobSet):
            record.complete = False
    return None


def _is_cancelled_from_outside(error: BaseException) -> bool:
    task = asyncio.current_task()
    cancelled = isinstance(error, asyncio.CancelledError)
    return cancelled and task is not None and task.cancelling() > 0
