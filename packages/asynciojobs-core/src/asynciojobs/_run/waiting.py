"""Cancelling tasks, and waiting until they really have ended."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import _log
from .._names import name_in_run
from .._outcomes import Named

__all__ = ["cancel", "coroutines_of", "wait_out", "warn_of_deaf"]

DEAF_AFTER = 1.0
"""After this time, `look_after()` deals with a cancelled task that still runs (seconds)."""


def cancel(task: asyncio.Task[Any], job: Named) -> None:
    """Cancel a task. If that raises, log it, so that others are still cancelled."""
    try:
        task.cancel()
    except BaseException:  # noqa: BLE001 - a user's awaitable may raise in its cancel()
        _log.error("cancelling %s raised", name_in_run(job))


async def wait_out(
    tasks: Mapping[asyncio.Task[Any], Named],
    *,
    cancelled: bool = True,
    on_cancel: Callable[[], None] = lambda: None,
) -> None:
    """Wait until all tasks have ended, even if the caller is cancelled meanwhile.

    Args:
        tasks: the tasks, each with its job.
        cancelled: they were cancelled, so they should end soon. The others are named in the
            log, and may be cancelled again; see `look_after()`.
        on_cancel: called at the moment when the caller is cancelled.

    Raises:
        CancelledError: the caller was cancelled. All tasks have ended.
    """
    cancellation: asyncio.CancelledError | None = None
    clock = asyncio.get_running_loop().time
    named: set[asyncio.Task[Any]] = set()
    look_at = clock() + DEAF_AFTER if cancelled else None  # however often we are cancelled
    try:
        while pending := [task for task in tasks if not task.done()]:
            patience = None if look_at is None else max(0.0, look_at - clock())
            try:
                _, late = await asyncio.wait(pending, timeout=patience)
            except asyncio.CancelledError as error:
                cancellation = error
                on_cancel()
            else:
                deaf = [look_after(task, tasks[task], named) for task in late]
                look_at = clock() + DEAF_AFTER if any(deaf) else None
        if cancellation is not None:
            raise cancellation
    finally:
        del cancellation  # its traceback holds this frame: avoid a reference cycle


def look_after(task: asyncio.Task[Any], job: Named, named: set[asyncio.Task[Any]]) -> bool:
    """Deal with a task that still runs a while after its cancellation.

    If it cleans up, it is left alone. Otherwise it swallowed the cancellation, and is cancelled
    again. It is not always to blame: on Python 3.11, `asyncio.wait_for()` swallows a
    cancellation that comes in the same turn in which the awaited future gets done.

    Args:
        task: the task.
        job: its job.
        named: the tasks that were named in the log; this one is added.

    Returns:
        whether it was cancelled again.
    """
    deaf = not is_cleaning_up(task)
    if task not in named:
        named.add(task)
        what = "it is cancelled again each second" if deaf else "its end is awaited"
        warn_of_deaf(job, f"is still running, so {what}")
    if deaf:
        cancel(task, job)
    return deaf


def is_cleaning_up(task: asyncio.Task[Any]) -> bool:
    """Tell whether a task handles its cancellation now, in an ``except`` or ``finally``.

    Python has no function that tells this. But a suspended coroutine refers to the exception
    that it is handling, and the garbage collector knows these references.
    """
    return any(
        isinstance(referent, asyncio.CancelledError)
        for coroutine in coroutines_of(task)
        for referent in gc.get_referents(coroutine)
    )


def coroutines_of(task: asyncio.Task[Any]) -> Iterator[Any]:
    """Yield the coroutines that a task awaits, the outermost first."""
    # On Python 3.12.1, get_coro() of an eager task that is done is a segmentation fault.
    awaited: Any = getattr(task, "_coro", None)
    while awaited is not None:
        yield awaited
        for deeper in ("cr_await", "gi_yieldfrom", "ag_await"):
            if hasattr(awaited, deeper):
                awaited = getattr(awaited, deeper)
                break
        else:
            return


def warn_of_deaf(job: Named, what: str) -> None:
    """Log that a job ignores its cancellation."""
    _log.warn("%s was cancelled and %s", name_in_run(job), what)
