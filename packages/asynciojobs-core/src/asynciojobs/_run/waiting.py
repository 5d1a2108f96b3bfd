"""Cancelling tasks, and waiting until they really have ended."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from .. import _log
from .._names import name_in_run
from .._outcomes import Named

__all__ = ["Patience", "cancel", "coroutines_of", "wait_out", "warn_of_deaf"]

DEAF_AFTER = 1.0
"""After this time, `look_after()` acts on a cancelled task that is still running (seconds)."""

RAREST_LOOK = 60.0
"""The longest pause between two looks at tasks that clean up (seconds)."""

KINDS: tuple[type[Any], ...] = (CoroutineType, GeneratorType, AsyncGeneratorType)


def cancel(task: asyncio.Task[Any], job: Named, msg: object = None) -> bool:
    """Cancel a task; return whether it had not ended yet.

    If that raises, the exception is logged, so that other tasks are still cancelled.
    """
    try:
        return task.cancel(msg)
    except BaseException:  # noqa: BLE001 - a user's awaitable may raise in its cancel()
        _log.error("cancelling %s raised", name_in_run(job))
        return True


async def wait_out(
    tasks: Mapping[asyncio.Task[Any], Named],
    *,
    cancelled: bool = True,
    on_cancel: Callable[[], None] = lambda: None,
) -> None:
    """Wait until all tasks have ended, even if the caller is cancelled in the meantime.

    Args:
        tasks: the tasks, each with its job.
        cancelled: whether the tasks were cancelled, so they should end soon. Then tasks that
            don't are named in the log, and those that swallowed their cancellation are
            cancelled again. See `Patience`.
        on_cancel: called when the caller is cancelled.

    Raises:
        CancelledError: the caller was cancelled. All tasks have ended.
    """
    cancellation: asyncio.CancelledError | None = None
    patience = Patience(tasks) if cancelled else None  # even if we are cancelled several times
    try:
        while pending := [task for task in tasks if not task.done()]:
            timeout = None if patience is None else patience.left()
            try:
                _, late = await asyncio.wait(pending, timeout=timeout)
            except asyncio.CancelledError as error:
                cancellation = error
                on_cancel()
            else:
                if patience is not None:
                    patience.look_after(late)
        if cancellation is not None:
            raise cancellation
    finally:
        del cancellation  # avoid a cycle: its traceback holds this frame


class Patience:
    """Watches cancelled tasks that do not end.

    A task that cleans up is left alone: another cancellation would cut its clean-up short.
    Other tasks have swallowed their cancellation. They are cancelled again each second until
    they end. It is not always their fault: on Python 3.11, `asyncio.wait_for()` swallows a
    cancellation that comes in the same turn as the end of the awaited future.

    Args:
        tasks: the tasks, each with its job.
    """

    def __init__(self, tasks: Mapping[asyncio.Task[Any], Named]) -> None:
        self._tasks = tasks
        self._named: set[asyncio.Task[Any]] = set()
        self._clock = asyncio.get_running_loop().time
        self._interval = DEAF_AFTER
        self._look_at = self._clock() + self._interval

    def left(self) -> float:
        """Return how long it is until the next look (seconds)."""
        return max(0.0, self._look_at - self._clock())

    def look_after(self, late: Iterable[asyncio.Task[Any]]) -> None:
        """Log the tasks that are still running, and cancel the deaf ones again.

        As long as all of them are cleaning up, it looks less and less often.
        """
        deaf = [task for task in late if not is_cleaning_up(task)]
        for task in late:
            if task not in self._named:
                self._named.add(task)
                again = "it is cancelled again each second"
                what = again if task in deaf else "its end is awaited"
                warn_of_deaf(self._tasks[task], f"is still running, so {what}")
        for task in deaf:
            cancel(task, self._tasks[task])
        self._interval = DEAF_AFTER if deaf else min(2 * self._interval, RAREST_LOOK)
        self._look_at = self._clock() + self._interval


def is_cleaning_up(future: Any) -> bool:
    """Return whether a task, or one that it awaits, is handling its cancellation.

    It does so in an ``except`` or a ``finally``. Python has no function to find out. But a
    suspended coroutine refers to the exception that it is handling, and the garbage collector
    can list what it refers to.
    """
    seen: set[int] = set()
    pending = [future]
    while pending:
        awaited = pending.pop()
        if id(awaited) in seen:
            continue
        seen.add(id(awaited))
        if any(map(handles_cancellation, coroutines_of(awaited))):
            return True
        waiter = getattr(awaited, "_fut_waiter", None)  # what a task waits for
        pending += [it for it in (waiter, *getattr(awaited, "_children", ())) if it is not None]
    return False


def handles_cancellation(coroutine: Any) -> bool:
    """Return whether a coroutine handles a `CancelledError`, or an exception caused by one."""
    if not isinstance(coroutine, KINDS):
        return False
    # The last referent is what `sys.exception()` would return inside the coroutine. Others are
    # its variables: exceptions in these are kept, not handled.
    (handled,) = gc.get_referents(coroutine)[-1:] or (None,)
    return isinstance(handled, BaseException) and comes_from_cancellation(handled)


def comes_from_cancellation(error: BaseException) -> bool:
    """Return whether an exception is a `CancelledError`, or was raised while handling one."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, asyncio.CancelledError):
            return True
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return False


def coroutines_of(task: asyncio.Task[Any]) -> Iterator[Any]:
    """Yield the coroutines that a task awaits, outermost first, and async generators."""
    # On Python 3.12.1, get_coro() crashes for an eager task that is done.
    awaited: Any = getattr(task, "_coro", None)
    seen: set[int] = set()
    while awaited is not None and id(awaited) not in seen:
        seen.add(id(awaited))
        yield awaited
        for deeper in ("cr_await", "gi_yieldfrom", "ag_await"):
            if hasattr(awaited, deeper):
                awaited = getattr(awaited, deeper)
                break
        else:  # such as a step of an async generator, or a wrapped coroutine
            inside = gc.get_referents(awaited)
            awaited = next((it for it in inside if isinstance(it, KINDS)), None)


def warn_of_deaf(job: Named, what: str) -> None:
    """Log that a job ignores its cancellation."""
    _log.warn("%s was cancelled and %s", name_in_run(job), what)
