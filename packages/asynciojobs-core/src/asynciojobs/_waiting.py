"""Waiting for tasks that were cancelled, to the very end of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from . import _log
from ._errors import Named

__all__ = ["cancel", "wait_out", "warn_of_deaf"]

DEAF_AFTER = 1.0
"""How long a cancelled task may take to end before the log names it (seconds)."""


def cancel(task: asyncio.Task[Any], job: Named) -> None:
    """Cancel a task, so that others are as well though this one can't be."""
    try:
        task.cancel()
    except BaseException:  # noqa: BLE001 - what it awaits may be of a user: its cancel() raised
        _log.error("to cancel %s raised", job.repr_main())


async def wait_out(
    tasks: Mapping[asyncio.Task[Any], Named],
    *,
    warn: bool = True,
    on_cancel: Callable[[], None] = lambda: None,
) -> None:
    """Wait until all tasks have ended, whatever happens to the caller meanwhile.

    Args:
        tasks: the tasks, each with its job.
        warn: they have been cancelled: name in the log those that are still there after
            `DEAF_AFTER` seconds.
        on_cancel: called when the caller is cancelled, at that moment.

    Raises:
        CancelledError: the caller was cancelled, and all tasks have ended now.
    """
    cancellation: asyncio.CancelledError | None = None
    loop = asyncio.get_running_loop()
    warn_at = loop.time() + DEAF_AFTER if warn else None  # however often we are cancelled
    try:
        while pending := [task for task in tasks if not task.done()]:
            patience = None if warn_at is None else max(0.0, warn_at - loop.time())
            try:
                _, late = await asyncio.wait(pending, timeout=patience)
            except asyncio.CancelledError as error:
                cancellation = error
                on_cancel()
            else:
                warn_at = None
                for task in late:
                    warn_of_deaf(tasks[task], "is still running, so its end is waited for")
        if cancellation is not None:
            raise cancellation
    finally:
        del cancellation  # this frame is in its traceback: no circle through it


def warn_of_deaf(job: Named, what: str) -> None:
    """Tell the operator of a job that does not heed its cancellation."""
    _log.warn("%s was cancelled and %s", job.repr_main(), what)
