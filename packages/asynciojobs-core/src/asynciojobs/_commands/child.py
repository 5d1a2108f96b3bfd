"""`Child`: a command whose process is a child of this one.

`docs/design/commands.md` says what happens in each turn, from the fork to the end.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable
from functools import partial
from typing import IO

from .. import _log
from .._names import name_in_run
from .arguments import Command
from .groups import (
    SHORTEST_PAUSE,
    UNKNOWN,
    end_at_once,
    has_members,
    next_pause,
    send_to_group,
    status_of,
)
from .output import STDERR, STDOUT
from .pipes import Reader, Writer, forget, read_pipe, watch_exit, write_pipe
from .process import Feed, Process
from .starting import started

__all__ = ["start"]

LINGER = 0.5
"""How long processes that a program left behind may run on (seconds)."""

KILLED = 1.0
"""How long processes may take to disappear after SIGKILL (seconds)."""


def start(command: Command, feed: Feed) -> Process:
    """Start a command as a process.

    Raises:
        OSError: it can't be started.
    """
    return Child(command, feed)


class Child(Process):
    """A command that runs as a process, the leader of its own process group.

    All times are real, even under a fake clock: programs know nothing of that clock. Its loop
    has `real_time()` and `call_later_in_real_time()` for this.

    Args:
        command: the command.
        feed: called with what it prints.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self, command: Command, feed: Feed) -> None:
        self._program = program = started(command)
        self._files: list[IO[bytes]] = []  # what the loop watches besides pipes
        self._owner = os.getpid()
        loop = asyncio.get_running_loop()
        self._now: Callable[[], float] = getattr(loop, "real_time", loop.time)
        self._end_at_once = self._guarded_by(self)
        self._status: int | None = None  # set once the program has ended
        self._ended_at = 0.0  # when it did (seconds, real)
        self._killed_at: float | None = None
        self._looking: asyncio.TimerHandle | None = None  # calls the next _look()
        self._pause = SHORTEST_PAUSE  # until the next _look() (seconds)
        self._readers: list[Reader] = []
        self._writer: Writer | None = None
        try:
            super().__init__(command, program.pid)
            self._watch(command, feed)
        except BaseException:
            self.abandon()
            raise

    def _watch(self, command: Command, feed: Feed) -> None:
        """Make the event loop watch the program and its pipes."""
        loop = self.over.get_loop()
        # The testkit's clock stands still during real work, and has real timers.
        if (note_real_work := getattr(loop, "note_real_work", None)) is not None:
            note_real_work(self.over, "command")
        program = self._program
        for stream, pipe in ((STDOUT, program.stdout), (STDERR, program.stderr)):
            if pipe is not None:
                self._readers.append(read_pipe(pipe, partial(feed, stream), self._look))
        if program.stdin is not None:
            data = command.input or b""
            data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
            self._writer = write_pipe(program.stdin, data)
        file, watch = watch_exit(program, self._exited)
        if file is not None:
            self._files.append(file)
            self._guard(watch)

    def _guard(self, thing: object) -> None:
        """Kill the command at once if this object is gone before the command has ended."""
        self._end_at_once.detach()
        self._end_at_once = self._guarded_by(thing)

    def _guarded_by(self, thing: object) -> weakref.finalize[..., object]:
        return weakref.finalize(thing, end_at_once, self._program, self._files, self._owner)

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call a function later, in real time."""
        loop = self.over.get_loop()
        call_later: Callable[..., asyncio.TimerHandle]
        call_later = getattr(loop, "call_later_in_real_time", loop.call_later)
        return call_later(seconds, call)

    # -- its end

    def has_ended(self) -> bool:
        """Return whether the program itself has ended."""
        return self._program.returncode is not None

    def _exited(self) -> None:
        """Handle the end of the program itself."""
        try:
            self._status = status_of(self._program)
        except ChildProcessError:
            self._status = UNKNOWN
            _log.warn(
                "other code of this process has taken the exit status of %s, so that counts as "
                "255",
                self._name(),
            )
        if self._status is None:  # the system woke the loop too early
            return
        self._guard(self)
        self._forget_exit()
        self._ended_at = self._now()
        if self._writer is not None:
            self._writer.close()
        self._look()

    def _forget_exit(self) -> None:
        for file in self._files:
            forget(self.over.get_loop().remove_reader, file)

    def _look(self) -> None:
        """Look at what is left of the command; finish if nothing is left."""
        if self._status is None or self.over.done():
            return
        read = [reader.read_on() for reader in self._readers]
        if self.over.done():  # reading its output made the job end it
            return
        all_over = all(reader.is_over for reader in self._readers)
        lives = has_members(self.pid, pause=self._pause)
        if not lives and (all_over or (all(read) and self.is_ending) or self._is_late()):
            self._finish(self._status, is_held=not all_over)
        elif lives and self._is_hopeless():
            _log.warn("%s has left processes that SIGKILL did not end", self._name())
            self._finish(self._status)
        else:
            if lives and not self.is_ending and self._is_late():
                _log.warn(
                    "%s has ended, but left processes in its group: they are ended too",
                    self._name(),
                )
                self.stop()
            self._look_later()

    def _look_later(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = self.later(self._pause, self._look)
        self._pause = next_pause(self._pause)

    def _is_late(self) -> bool:
        return self._now() > self._ended_at + LINGER

    def _is_hopeless(self) -> bool:
        return self._killed_at is not None and self._now() > self._killed_at + KILLED

    def _finish(self, status: int, *, is_held: bool = False) -> None:
        if is_held and not self.is_ending:
            _log.inform(
                "%s has ended, and its output is closed, although another process holds it",
                self._name(),
            )
        self._close()
        self._readers.clear()  # they refer to this object
        self._end_at_once.detach()
        self.finish(status)

    def _close(self) -> None:
        """Close the pipes, and stop watching."""
        if self._looking is not None:
            self._looking.cancel()
        for reader in self._readers:
            reader.close()
        if self._writer is not None:
            self._writer.close()
        self._forget_exit()

    def _name(self) -> str:
        return name_in_run(self.command.job)

    # -- ending it

    def send(self, number: int) -> None:
        """Send a signal to the process group."""
        if not send_to_group(self._program, number):
            _log.warn(
                "%s can't be ended, since it runs as another user: it is awaited", self._name()
            )

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if the command has not ended within its grace."""
        super().stop()
        self._pause = SHORTEST_PAUSE
        self._look()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._killed_at = self._now()
        super().kill()
        self._look()

    def abandon(self) -> None:
        """Kill the command at once, without the event loop, which is lost."""
        try:
            self._close()
        finally:
            self._end_at_once()
