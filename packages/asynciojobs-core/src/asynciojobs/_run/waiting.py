"""Cancelling tasks, and waiting until they really have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from .. import _log
from .._names import name_in_run
from .._outcomes import Named

__all__ = ["cancel", "wait_out", "warn_of_deaf"]

DEAF_AFTER = 1.0
"""A task that still runs this long after its cancellation is named in the log (seconds)."""


def cancel(task: asyncio.Task[Any], job: Named) -> None:
    """Cancel a task. If that raises, log it, so that others are still cancelled."""
    try:
        task.cancel()
    except BaseException:  # noqa: BLE001 - a user's awaitable may raise in its cancel()
        _log.error("to cancel %s raised", name_in_run(job))


async def wait_out(
    tasks: Mapping[asyncio.Task[Any], Named],
    *,
    warn: bool = True,
    on_cancel: Callable[[], None] = lambda: None,
) -> None:
    """Wait until all tasks have ended, even if the caller is cancelled meanwhile.

    Args:
        tasks: the tasks, each with its job.
        warn: they were cancelled: log the names of those that still run after `DEAF_AFTER`.
        on_cancel: called at the moment when the caller is cancelled.

    Raises:
        CancelledError: the caller was cancelled. All tasks have ended.
    """
    cancellation: asyncio.CancelledError | None = None
    loop = asyncio.get_running_loop()
    warn_at = loop.time() + DEAF_AFTER if warn else None  # once, however often we are cancelled
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
        del cancellation  # its traceback holds this frame: avoid a reference cycle


def warn_of_deaf(job: Named, what: str) -> None:
    """Log that a job ignores its cancellation."""
    _log.warn("%s was cancelled and %s", name_in_run(job), what)
