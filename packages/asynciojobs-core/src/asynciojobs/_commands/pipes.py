"""The pipes of a program, and its end, as events of the event loop.

On POSIX the loop watches them. On Windows a loop can't watch pipes, so a thread waits for each.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Any, Protocol, TypeAlias

__all__ = ["Reader", "Writer", "read_pipe", "watch_exit", "write_pipe"]

CAN_WATCH_PIPES = os.name == "posix"

Program: TypeAlias = "subprocess.Popen[bytes]"

CHUNK = 65536
"""How much is read at once, which is what a pipe holds on Linux (bytes)."""

READS = 16
"""How often a pipe is read in one turn of the loop, so that others have their turn."""


class Reader(Protocol):
    """Reads a pipe to its end."""

    is_over: bool
    """The pipe has ended, or was closed."""

    def read_on(self) -> None:
        """Read what is there, without waiting."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class Writer(Protocol):
    """Writes to a pipe, and closes it."""

    def close(self) -> None:
        """Write no more."""
        ...


def read_pipe(
    pipe: IO[Any], feed: Callable[[bytes], None], ended: Callable[[], None]
) -> Reader:
    """Read a pipe as data come.

    Args:
        pipe: the pipe; it is closed at its end.
        feed: called with the data, in the event loop.
        ended: called once at the end, unless the reader is closed before.
    """
    kind = LoopReader if CAN_WATCH_PIPES else ThreadReader
    return kind(pipe, feed, ended)


def write_pipe(pipe: IO[Any], data: bytes) -> Writer:
    """Write data to a pipe, as fast as they are read, then close it.

    It is no error if the other side is closed before.
    """
    return LoopWriter(pipe, data) if CAN_WATCH_PIPES else ThreadWriter(pipe, data)


def watch_exit(program: Program, ended: Callable[[], None]) -> Callable[[], None]:
    """Call a function in the event loop once a program has ended.

    Returns:
        a function to be called when nobody is interested any more.
    """
    try:
        handle = os.pidfd_open(program.pid)
    except (AttributeError, OSError):  # there is none on macOS, on Windows, or on old Linux
        ExitThread(program, ended)
        return lambda: None
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended)

    def close() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.remove_reader(handle)
        os.close(handle)

    return close


# -- by the event loop


class LoopReader:
    """A `Reader`; see `read_pipe()`."""

    def __init__(
        self, pipe: IO[Any], feed: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self.is_over = False
        self._pipe = pipe
        self._feed = feed
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        os.set_blocking(pipe.fileno(), False)
        self._loop.add_reader(pipe.fileno(), self._ready)

    def _ready(self) -> None:
        self.read_on()
        if self.is_over:
            self._ended()

    def read_on(self) -> None:
        """Read what is there, without waiting."""
        for _ in range(READS):
            if self.is_over:
                return
            try:
                data = os.read(self._pipe.fileno(), CHUNK)
            except BlockingIOError:
                return
            if data:
                self._feed(data)
            else:
                self.close()

    def close(self) -> None:
        """Read no more."""
        if not self.is_over:
            self.is_over = True
            forget(self._loop.remove_reader, self._pipe)


class LoopWriter:
    """A `Writer`; see `write_pipe()`."""

    def __init__(self, pipe: IO[Any], data: bytes) -> None:
        self._pipe = pipe
        self._rest = memoryview(data)
        self._loop = asyncio.get_running_loop()
        os.set_blocking(pipe.fileno(), False)
        self._ready()  # short data are written at once
        if not pipe.closed:
            self._loop.add_writer(pipe.fileno(), self._ready)

    def _ready(self) -> None:
        try:
            self._rest = self._rest[os.write(self._pipe.fileno(), self._rest) :]
        except BlockingIOError:
            return
        except OSError:  # the program has closed its end, which is no failure
            self._rest = self._rest[:0]
        if not self._rest:
            self.close()

    def close(self) -> None:
        """Write no more."""
        if not self._pipe.closed:
            forget(self._loop.remove_writer, self._pipe)


def forget(remove: Callable[[int], object], pipe: IO[Any]) -> None:
    """Let the loop watch a pipe no more, and close it."""
    with contextlib.suppress(RuntimeError):  # the loop is closed
        remove(pipe.fileno())
    pipe.close()


# -- by threads


class ThreadReader:
    """A `Reader` with a thread, which owns the pipe; see `read_pipe()`."""

    def __init__(
        self, pipe: IO[Any], feed: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self.is_over = False
        self._feed = feed
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._taken = threading.Event()  # the loop has taken the last data
        start_thread(self._read_all, pipe)

    def _read_all(self, pipe: IO[Any]) -> None:
        with pipe, contextlib.suppress(RuntimeError):  # the loop is closed
            while not self.is_over:
                data = os.read(pipe.fileno(), CHUNK)
                self._taken.clear()
                self._loop.call_soon_threadsafe(self._take, data)
                if not data:
                    return
                self._taken.wait()

    def _take(self, data: bytes) -> None:
        if self.is_over:
            return
        if data:
            self._feed(data)
        else:
            self.is_over = True
            self._ended()
        self._taken.set()

    def read_on(self) -> None:
        """Do nothing: the thread reads on."""

    def close(self) -> None:
        """Read no more. The thread ends with the pipe, or with the next data."""
        self.is_over = True
        self._taken.set()


class ThreadWriter:
    """A `Writer` with a thread, which owns the pipe; see `write_pipe()`."""

    def __init__(self, pipe: IO[Any], data: bytes) -> None:
        self._is_over = False
        start_thread(self._write_all, pipe, memoryview(data))

    def _write_all(self, pipe: IO[Any], data: memoryview) -> None:
        # The program may have closed its end, which is no failure.
        with contextlib.suppress(OSError), pipe:
            while data and not self._is_over:
                data = data[os.write(pipe.fileno(), data[:CHUNK]) :]

    def close(self) -> None:
        """Write no more. The thread ends once the program reads, or has ended."""
        self._is_over = True


class ExitThread:
    """A thread that waits for the end of a program."""

    def __init__(self, program: Program, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        start_thread(self._wait, program)

    def _wait(self, program: Program) -> None:
        program.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._ended)


def start_thread(function: Callable[..., None], *args: object) -> None:
    """Start a thread that does not keep the interpreter alive."""
    name = f"asynciojobs {function.__name__.strip('_')}"
    threading.Thread(target=function, args=args, name=name, daemon=True).start()
