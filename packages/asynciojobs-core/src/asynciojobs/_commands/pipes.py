"""The pipes of a program, and its end, as events of the event loop.

On POSIX the loop watches them. On Windows, a loop can't, so a thread waits for each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import threading
import weakref
from collections.abc import Callable
from typing import IO, Any, Protocol, TypeAlias

__all__ = ["Reader", "Writer", "forget", "read_pipe", "watch_exit", "write_pipe"]

CAN_WATCH_PIPES = os.name == "posix"

Program: TypeAlias = "subprocess.Popen[bytes]"

CHUNK = 65536
"""How much is read at once: the size of a pipe on Linux (bytes)."""

READS = 16
"""How often a pipe is read in one turn of the loop. This leaves time for other tasks."""


class Reader(Protocol):
    """Reads a pipe to its end."""

    is_over: bool
    """The pipe has ended, or was closed."""

    def read_on(self) -> bool:
        """Read what is there, without waiting; return whether that is all for now."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class Writer(Protocol):
    """Writes to a pipe, and closes it."""

    def close(self) -> None:
        """Stop writing."""
        ...


def read_pipe(
    pipe: IO[Any], feed: Callable[[bytes], None], ended: Callable[[], None]
) -> Reader:
    """Read a pipe as data arrives.

    Args:
        pipe: the pipe; it is closed at its end.
        feed: called in the event loop with the data.
        ended: called once at the end, unless the reader is closed first.
    """
    kind = LoopReader if CAN_WATCH_PIPES else ThreadReader
    return kind(pipe, feed, ended)


def write_pipe(pipe: IO[Any], data: bytes) -> Writer:
    """Write data to a pipe as fast as the other side reads it, then close the pipe.

    It is not an error if the other side closes the pipe first.
    """
    return LoopWriter(pipe, data) if CAN_WATCH_PIPES else ThreadWriter(pipe, data)


def watch_exit(
    program: Program, ended: Callable[[], None]
) -> tuple[IO[bytes], Watch] | tuple[None, None]:
    """Call a method in the event loop once a program has ended.

    Returns:
        the file that the loop watches, and an object that only the loop keeps alive, so it is
        gone once the loop is closed. Both are ``None`` if a thread waits instead.
    """
    loop = asyncio.get_running_loop()
    try:
        file = io.FileIO(os.pidfd_open(program.pid))
    except (AttributeError, OSError):  # missing on macOS, Windows, and old Linux
        start_thread(wait_for_exit, program, loop, weakref.WeakMethod(ended))
        return None, None
    watch = Watch(ended)
    loop.add_reader(file.fileno(), watch)
    return file, watch


class Watch:
    """Calls a function. Unlike a bound method, it supports weak references."""

    __slots__ = ("__weakref__", "_function")

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function

    def __call__(self) -> None:
        """Call the function."""
        self._function()


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

    def read_on(self) -> bool:
        """Read what is there, without waiting; return whether that is all for now."""
        for _ in range(READS):
            if self.is_over:
                return True
            try:
                data = os.read(self._pipe.fileno(), CHUNK)
            except BlockingIOError:
                return True
            if data:
                self._feed(data)
            else:
                self.close()
        return self.is_over

    def close(self) -> None:
        """Stop reading."""
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
        self._ready()  # short data is written at once
        if not pipe.closed:
            self._loop.add_writer(pipe.fileno(), self._ready)

    def _ready(self) -> None:
        try:
            self._rest = self._rest[os.write(self._pipe.fileno(), self._rest) :]
        except BlockingIOError:
            return
        except OSError:  # the program closed its end, which is not a failure
            self._rest = self._rest[:0]
        if not self._rest:
            self.close()

    def close(self) -> None:
        """Stop writing."""
        forget(self._loop.remove_writer, self._pipe)


def forget(remove: Callable[[int], object], file: IO[Any]) -> None:
    """Make the loop stop watching a file, and close the file."""
    if not file.closed:  # otherwise the loop is closed as well
        with contextlib.suppress(RuntimeError):  # the loop is closed
            remove(file.fileno())
        file.close()


# -- by threads


class ThreadReader:
    """A `Reader` with a thread that owns the pipe; see `read_pipe()`.

    The thread does not keep this object alive, so it is deleted if the event loop is lost.
    """

    def __init__(
        self, pipe: IO[Any], feed: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self.is_over = False
        self._feed = feed
        self._ended = ended
        self._handover = handover = Handover()
        loop = asyncio.get_running_loop()
        weakref.finalize(self, handover.close).atexit = False
        start_thread(read_all, pipe, loop, weakref.WeakMethod(self._take), handover)

    def _take(self, data: bytes) -> None:
        if self.is_over:
            return
        if data:
            self._feed(data)
        else:
            self.is_over = True
            self._ended()
        self._handover.taken.set()

    def read_on(self) -> bool:
        """Return whether everything was read; the thread keeps reading."""
        return self.is_over

    def close(self) -> None:
        """Stop reading. The thread ends at the end of the pipe, or when more data comes."""
        self.is_over = True
        self._handover.close()


class Handover:
    """Makes a reading thread wait for the event loop, so that it does not run ahead.

    Attributes:
        taken: set when the loop has taken the last data.
        closed: whether nobody wants more data.
    """

    def __init__(self) -> None:
        self.taken = threading.Event()
        self.closed = False

    def close(self) -> None:
        """Make the thread end."""
        self.closed = True
        self.taken.set()


def read_all(
    pipe: IO[Any],
    loop: asyncio.AbstractEventLoop,
    take: Callable[[], Callable[[bytes], None] | None],
    handover: Handover,
) -> None:
    """Read a pipe in a thread.

    Args:
        pipe: the pipe; it is closed at the end.
        loop: the event loop.
        take: returns the function to call there with the data, or ``None`` if that is gone.
        handover: used to wait until the data is taken.
    """
    with pipe, contextlib.suppress(RuntimeError):  # the loop is closed
        data = b" "
        while data and not handover.closed:
            data = os.read(pipe.fileno(), CHUNK)
            handover.taken.clear()
            if not handover.closed:  # it may be closed before this check, or after it
                loop.call_soon_threadsafe(call_weakly, take, data)
                handover.taken.wait()


def call_weakly(find: Callable[[], Callable[..., None] | None], *args: object) -> None:
    """Call a function, if it still exists."""
    function = find()
    if function is not None:
        function(*args)


class ThreadWriter:
    """A `Writer` with a thread that owns the pipe; see `write_pipe()`."""

    def __init__(self, pipe: IO[Any], data: bytes) -> None:
        self._is_over = False
        start_thread(self._write_all, pipe, memoryview(data))

    def _write_all(self, pipe: IO[Any], data: memoryview) -> None:
        # If the program closed its end, that is not a failure.
        with contextlib.suppress(OSError), pipe:
            while data and not self._is_over:
                data = data[os.write(pipe.fileno(), data[:CHUNK]) :]

    def close(self) -> None:
        """Stop writing. The thread ends once the program reads or ends."""
        self._is_over = True


def wait_for_exit(
    program: Program,
    loop: asyncio.AbstractEventLoop,
    ended: Callable[[], Callable[[], None] | None],
) -> None:
    """Wait for the end of a program in a thread."""
    program.wait()
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(call_weakly, ended)


def start_thread(function: Callable[..., None], *args: object) -> None:
    """Start a thread that does not keep the interpreter alive."""
    name = f"asynciojobs {function.__name__}"
    threading.Thread(target=function, args=args, name=name, daemon=True).start()
