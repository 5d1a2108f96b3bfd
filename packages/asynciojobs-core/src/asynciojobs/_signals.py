"""`SignalStop`: ends a synchronous call when a signal comes, such as a supervisor's SIGTERM.

The handlers are installed with `signal.signal()`, like asyncio's own handler of Ctrl-C. So any
event loop will do, even on Windows. A handler may interrupt any step of the engine. So it only
asks the loop to cancel the task between two steps. A blocked loop can't do that. So the signal
that gives up also raises the exit in its handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterable
from types import FrameType, TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from . import _log

__all__ = ["SignalStop", "StopOn"]

T = TypeVar("T")

StopOn: TypeAlias = int | Iterable[int] | None
"""One signal or several, such as ``signal.SIGTERM``; ``None`` means none."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, T]]

GIVES_UP = 3
"""Which signal gives up; the first one cancels (signals)."""

SHOWN = 10
"""How many of the abandoned jobs are named (jobs)."""

UNCATCHABLE = ("SIGKILL", "SIGSTOP")


class SignalStop:
    """A block in which signals end what runs in an event loop, as Ctrl-C does.

    The first signal cancels it, so that it cleans up. The second has no effect. The third gives
    up: what is left is not awaited. If a signal came, the block ends with
    ``SystemExit(128 + n)``, where `n` is the number of the first signal. But a
    ``KeyboardInterrupt`` or ``SystemExit`` that leaves the block takes precedence.

    Args:
        stop_on: the signals. Without any, the block does nothing.
        names_left: returns the names of the jobs that have not ended in a loop.

    Raises:
        TypeError: `stop_on` contains something that is not a signal.
        ValueError: it contains an unknown signal, or one that can't be handled.
    """

    def __init__(
        self, stop_on: StopOn, names_left: Callable[[asyncio.AbstractEventLoop], list[str]]
    ) -> None:
        self._numbers = checked_signals(stop_on)
        self._names_left = names_left
        self._handlers = contextlib.ExitStack()  # restores the former handlers
        self._process = os.getpid()  # a forked child inherits the handlers
        self._is_over = False  # nothing is left to cancel or to give up
        self._heard: list[int] = []  # the signals so far
        self._left: list[str] | None = None  # the names of the abandoned jobs
        self._leaving: asyncio.Handle | None = None  # the pending call of _leave()
        self._loop: asyncio.AbstractEventLoop | None = None  # set once `_task` has begun
        self._task: asyncio.Task[Any] | None = None
        self._main: Coroutine[Any, Any, Any] | None = None  # the coroutine of `_task`

    def __enter__(self) -> Self:
        """Install the handlers.

        Raises:
            ValueError: this is not the main thread, or a handler could not be restored.
        """
        if self._numbers:
            self._check()
        try:
            for number in self._numbers:
                before = signal.getsignal(number)
                self._handlers.callback(signal.signal, number, before)
                signal.signal(number, self._hear)
        except BaseException:
            self._handlers.close()
            raise
        return self

    def _check(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ValueError(
                "stop_on is for the main thread, which is the only one that can handle "
                "signals: leave it out here, and call run() in the main thread, or cancel the "
                "task that awaits co_run(), by loop.call_soon_threadsafe(task.cancel)"
            )
        for number in self._numbers:
            if signal.getsignal(number) is None:
                name = name_of(number)
                raise ValueError(
                    f"{name} has a handler that was not installed from Python, so a run can't "
                    "put it back: leave this signal out of stop_on, or, if that handler is not "
                    f"needed, call signal.signal(signal.{name}, signal.SIG_DFL) first"
                )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._handlers.close()
        if self._left is not None:
            self._abandon(self._left)
        self._task = self._main = None  # their exceptions' tracebacks hold this block
        if not self._heard or isinstance(exception, KeyboardInterrupt | SystemExit):
            return
        if exception is not None and not isinstance(exception, asyncio.CancelledError):
            first = name_of(self._heard[0])
            _log.error("%s came, so SystemExit is raised instead of this", first)
        raise self._exit()

    def _exit(self) -> SystemExit:
        return SystemExit(128 + self._heard[0])

    # -- what can be cancelled

    def guard(self, work: Work[T]) -> Work[T]:
        """Return a function that does the same, but that the signals can end."""
        return (lambda: self._begin(work)) if self._numbers else work

    def _begin(self, work: Work[T]) -> Coroutine[Any, Any, T]:
        main = self._main = self._watch(work)
        return main

    async def _watch(self, work: Work[T]) -> T:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        if self._heard:  # it came before there was a task to cancel
            raise asyncio.CancelledError
        return await work()

    # -- the signals

    def _hear(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:
            self._handlers.close()
            signal.raise_signal(number)
            return
        self._heard.append(number)
        if len(self._heard) == 1:
            self._call_soon(self._cancel)
        elif len(self._heard) >= GIVES_UP and not self._is_over:
            self._give_up()

    def _call_soon(self, callback: Callable[[], None]) -> asyncio.Handle | None:
        if self._loop is None or self._loop.is_closed():
            return None
        return self._loop.call_soon_threadsafe(callback)

    def _cancel(self) -> None:
        if self._task is not None:  # pragma: no branch - it is set before the loop
            self._task.cancel()

    def _give_up(self) -> None:
        if self._left is None:
            self._left = []
            self._leaving = self._call_soon(self._leave)
            if self._loop is not None:
                self._left = self._names_left(self._loop)
        raise self._exit()  # in whatever is running now, which may block the loop

    def before_close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave the loop if it is run again to await the abandoned jobs."""
        if self._leaving is not None:
            self._leaving.cancel()
            # Two turns later: a coroutine for which the loop is run must begin first. Otherwise
            # Python warns that it was never awaited.
            loop.call_soon(loop.call_soon, self._leave)

    def _leave(self) -> None:
        raise self._exit()

    def _abandon(self, left: list[str]) -> None:
        """Log what was abandoned, and close the coroutine that waited for it."""
        more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
        _log.warn(
            "%s came, and at the third signal the rest was given up; %s",
            name_of(self._heard[0]),
            f"still running: {', '.join(left[:SHOWN])}{more}" if left else "no job was running",
        )
        if self._loop is not None:
            self._loop.set_exception_handler(be_quiet)
        if self._main is not None:
            with contextlib.suppress(Exception):  # a user's co_run() may still await something
                self._main.close()


def be_quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report exceptions like asyncio, but neither exits nor tasks that have not ended."""
    if isinstance(context.get("exception"), Exception):
        loop.default_exception_handler(context)


def name_of(number: int) -> str:
    """Return the name of a signal, such as ``SIGTERM``."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def checked_signals(stop_on: StopOn) -> tuple[int, ...]:
    """Return signals, each once.

    Raises:
        TypeError: something is not a signal.
        ValueError: one is unknown here, or can't be handled.
    """
    if stop_on is None:
        return ()
    if isinstance(stop_on, Iterable) and not isinstance(stop_on, str | bytes):
        return tuple(dict.fromkeys(map(checked_signal, stop_on)))
    return (checked_signal(stop_on),)


def checked_signal(number: object) -> int:
    """Return a signal.

    Raises:
        TypeError: it is something else.
        ValueError: it is unknown here, or can't be handled.
    """
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(
            f"stop_on takes signals, such as [signal.SIGTERM, signal.SIGINT], not {number!r}"
        )
    if number not in signal.valid_signals():
        raise ValueError(
            f"stop_on takes signals, and this system has no signal {number!r}: see "
            "signal.valid_signals()"
        )
    if name_of(number) in UNCATCHABLE:
        raise ValueError(
            f"stop_on has {name_of(number)}, which no program can handle: leave it out"
        )
    return number
