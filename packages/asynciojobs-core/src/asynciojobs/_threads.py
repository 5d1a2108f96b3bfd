"""Calls from a thread other than that of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import current_thread

from . import _log

__all__ = ["call_in_loop", "runs_elsewhere"]

PATIENCE = 1.0
"""How long a thread waits for an event loop before a warning is logged (seconds)."""


def runs_elsewhere(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether an event loop is running in another thread.

    Between two calls of `asyncio.Runner.run()`, a loop is not running anywhere.
    """
    return loop.is_running() and not is_running_here(loop)


def is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether an event loop is running in this thread."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def call_in_loop(
    loop: asyncio.AbstractEventLoop, function: Callable[[], None], what: str
) -> None:
    """Call a function in the thread of an event loop, and wait until it returns.

    If the loop stops or is closed in the meantime, the function is called here: no other thread
    is left that it could disturb.

    Args:
        loop: an event loop that runs in another thread.
        function: the function.
        what: the purpose of the function, for the log.

    Raises:
        BaseException: any exception of the function.
    """
    call: Future[None] = Future()
    try:
        loop.call_soon_threadsafe(settle, call, function)
    except RuntimeError:  # it is closed
        function()
        return
    try:
        waiting = current_thread().name
        while not wait([call], PATIENCE).done:
            if not loop.is_running() and call.cancel():
                function()
                return
            if waiting:
                _log.warn("the thread %s waits to %s: the event loop is blocked", waiting, what)
                waiting = ""
        call.result()
    finally:
        del call  # an exception's traceback holds this frame


def settle(call: Future[None], function: Callable[[], None]) -> None:
    """Call a function, and pass its outcome to the thread that waits for it."""
    if not call.set_running_or_notify_cancel():
        return
    try:
        function()
    except BaseException as error:  # noqa: BLE001 - it is raised in that thread
        call.set_exception(error)
    else:
        call.set_result(None)
    finally:
        del call
