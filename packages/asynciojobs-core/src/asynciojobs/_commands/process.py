"""`Process`: a command that was started, in whatever way, and how to end it."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Callable
from typing import Protocol, TypeAlias

from .. import _log
from .._names import name_in_run
from .arguments import Command

__all__ = ["KILL", "Feed", "Process", "Start", "end_of"]

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""The signal that is sure to end a program. On Windows, that is SIGTERM."""

Feed: TypeAlias = Callable[[str, bytes], None]
"""Takes what a command prints: ``"stdout"`` or ``"stderr"``, and the data."""


class Process:
    """A command that was started. Subclasses define how it is signalled and killed.

    Args:
        command: the command.
        pid: the number of its process.

    Attributes:
        pid: as above.
        over: the status of the command. It is set once nothing is left of the command: no
            process and no open pipe.
    """

    def __init__(self, command: Command, pid: int) -> None:
        self.pid = pid
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.command = command
        self._limit: asyncio.TimerHandle | None = None  # ends its grace, once stopped
        self.is_ending: bool = False

    # -- for subclasses

    def send(self, number: int) -> None:
        """Send a signal to the command, if it is still there."""
        raise NotImplementedError  # pragma: no cover - abstract

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call a function later, on the clock that the command runs by."""
        return self.over.get_loop().call_later(seconds, call)

    def has_ended(self) -> bool:
        """Return whether the program itself has ended."""
        return self.over.done()

    def abandon(self) -> None:
        """Kill the command at once, without the event loop, which is lost."""

    def finish(self, status: int) -> None:
        """Note that nothing is left of the command."""
        if self._limit is not None:
            self._limit.cancel()
        self.over.set_result(status)

    # -- ending it

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if the command has not ended within its grace."""
        if self.is_ending or self.over.done():
            return
        self.is_ending = True
        grace = self.command.grace
        if not grace:
            self.kill()
            return
        self.send(signal.SIGTERM)
        if grace < math.inf:
            self._limit = self.later(grace, self._lose_patience)

    def _lose_patience(self) -> None:
        _log.warn(
            "%s has not ended %gs after SIGTERM: it gets SIGKILL",
            name_in_run(self.command.job),
            self.command.grace,
        )
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send(KILL)


async def end_of(process: Process) -> int:
    """Wait until a command has ended, and return its status. If cancelled, end it first.

    Raises:
        CancelledError: the caller was cancelled, and nothing is left of the command.
    """
    try:
        await asyncio.wait((process.over,))
        return process.over.result()
    except asyncio.CancelledError:
        process.stop()
        await _wait_whatever_happens(process)
        raise
    except GeneratorExit:  # the loop is lost
        process.abandon()
        raise
    finally:
        del process  # the job may keep the traceback, which holds this frame


async def _wait_whatever_happens(process: Process) -> None:
    """Wait for the end, even if cancelled again; the caller raises the cancellation."""
    while not process.over.done():
        try:
            await asyncio.wait((process.over,))
        except asyncio.CancelledError:
            continue
        except GeneratorExit:
            process.abandon()
            raise


# -- who starts commands


class Start(Protocol):
    """Starts a command, in the running event loop."""

    def __call__(self, command: Command, feed: Feed) -> Process:
        """Start a command.

        Args:
            command: the command.
            feed: called with the command's output as it comes.

        Raises:
            OSError: it can't be started.
        """
        ...
