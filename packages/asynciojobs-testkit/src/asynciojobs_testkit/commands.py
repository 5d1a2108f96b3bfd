"""`FakeCommands`: commands that do what a test says, without a process."""

from __future__ import annotations

import asyncio
import difflib
import math
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase
from itertools import count
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from asynciojobs._blocks import Block
from asynciojobs._checks import as_number
from asynciojobs._commands.arguments import Command, Target, shown_line
from asynciojobs._commands.process import KILL, Feed, Process
from asynciojobs._commands.starting import targets
from asynciojobs.commandjob import use_commands

from ._errors import UnscriptedCommandError
from .jobs import check_exceptions, check_times

__all__ = ["CommandCall", "FakeCommands", "SentSignal"]

Match: TypeAlias = "str | Callable[[tuple[str, ...]], object]"


class CommandCall(NamedTuple):
    """A command that was started.

    Example:
        >>> from asynciojobs import CommandJob, Scheduler
        >>> with FakeCommands() as commands:
        ...     commands("cat", stdout="data")
        ...     Scheduler(CommandJob("cat", input="data")).run()
        True
        >>> commands.calls[0].argv, commands.calls[0].input
        (('cat',), 'data')
    """

    time: float
    """When it was started (seconds, on the clock of the loop)."""
    argv: tuple[str, ...]
    """The program and its arguments; secrets are not hidden."""
    input: str | bytes | None
    """The input that it reads."""


class SentSignal(NamedTuple):
    """A signal that was sent to a command.

    Example:
        >>> import math
        >>> from asynciojobs import CommandJob, Scheduler
        >>> from asynciojobs_testkit import FakeClock
        >>> tail = CommandJob("tail", "-f", "log", critical=False, timeout=60)
        >>> with FakeClock().installed(), FakeCommands() as commands:
        ...     commands("tail *", takes=math.inf)
        ...     Scheduler(tail).run()
        True
        >>> [(sent.time, sent.signal.name) for sent in commands.signals]
        [(60.0, 'SIGTERM')]
    """

    time: float
    """When it was sent (seconds, on the clock of the loop)."""
    argv: tuple[str, ...]
    """The command."""
    signal: signal.Signals
    """SIGTERM or SIGKILL."""


class Script(NamedTuple):
    """What matching commands do."""

    match: Match
    status: int
    stdout: bytes
    stderr: bytes
    takes: float
    raises: BaseException | type[BaseException] | None
    cleanup: float

    def matches(self, argv: tuple[str, ...]) -> bool:
        """Return whether a command matches."""
        if not isinstance(self.match, str):
            return bool(self.match(argv))
        lines = (shlex.join(argv), " ".join(argv))
        return any(line == self.match or fnmatchcase(line, self.match) for line in lines)

    def name(self) -> str:
        """Return the pattern, or the name of the function."""
        if isinstance(self.match, str):
            return self.match
        return getattr(self.match, "__name__", repr(self.match))


class FakeCommands:
    """A block in which `CommandJob` starts no processes, but does what was scripted instead.

    A command that matches no script is an error of its job. If several scripts match, the
    newest one counts. While the block is open, no thread starts processes, unless it enters a
    block of its own. This is unlike `FakeClock`, which other threads don't use: commands take
    real time there. Other processes, such as those of a pool, do start real programs.

    Attributes:
        calls: the commands that were started, each with its time, its argv and its input.
        signals: the signals that were sent, each with its time, the argv and the signal.

    Example:
        >>> from asynciojobs import CommandJob, Scheduler
        >>> from asynciojobs_testkit import FakeClock
        >>> job = CommandJob("ssh", "h1", "reboot")
        >>> with FakeClock().installed() as clock, FakeCommands() as commands:
        ...     commands("ssh * reboot", takes=90)
        ...     Scheduler(job).run(), clock.time
        (True, 90.0)
        >>> commands.calls
        [CommandCall(time=0.0, argv=('ssh', 'h1', 'reboot'), input=None)]
    """

    def __init__(self) -> None:
        self.calls: list[CommandCall] = []
        self.signals: list[SentSignal] = []
        self._scripts: list[Script] = []
        self._blocks: list[Block[None]] = []  # the open blocks, innermost last
        self._pids = count(1)

    def __call__(
        self,
        match: Match,
        *,
        status: int = 0,
        stdout: str | bytes = "",
        stderr: str | bytes = "",
        takes: float = 0.0,
        raises: BaseException | type[BaseException] | None = None,
        cleanup: float = 0.0,
    ) -> None:
        """Script what matching commands do.

        Args:
            match: a pattern for the command line, with ``*`` and ``?`` (see `fnmatch`); or a
                function that is called with the argv, a tuple of str.
            status: the status at the end; negative for a signal.
            stdout: what the command prints when it starts.
            stderr: the same for stderr.
            takes: how long it runs (seconds). With ``math.inf``, it runs until it is ended.
            raises: the exception to raise on starting it, such as `FileNotFoundError`.
            cleanup: how long it takes to end after SIGTERM (seconds). With ``math.inf``, it
                ignores SIGTERM.

        Raises:
            TypeError: `match` is neither a str nor a function, the output is neither str nor
                bytes, a number is of another type, or `raises` is not an exception.
            ValueError: a time is negative or NaN.
        """
        check_match(match)
        check_status(status)
        check_output(stdout=stdout, stderr=stderr)
        check_times(takes=takes, cleanup=cleanup)
        check_exceptions(raises=raises)
        script = Script(match, status, encoded(stdout), encoded(stderr), takes, raises, cleanup)
        self._scripts.append(script)

    def __enter__(self) -> Self:
        block = use_commands(self._start)
        block.__enter__()
        self._blocks.append(block)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._blocks.pop().__exit__(kind, exception, traceback)

    def _start(self, command: Command, feed: Feed) -> Process:
        argv = tuple(os.fsdecode(argument) for argument in command.argv)
        script = self._script_of(command, argv)
        time = asyncio.get_running_loop().time
        self.calls.append(CommandCall(time(), argv, command.input))
        if script.raises is not None:
            raise script.raises

        def note(number: int) -> None:
            self.signals.append(SentSignal(time(), argv, signal.Signals(number)))

        return FakeProcess(command, next(self._pids), script, feed, note)

    def _script_of(self, command: Command, argv: tuple[str, ...]) -> Script:
        for script in reversed(self._scripts):
            if script.matches(argv):
                return script
        names = [script.name() for script in self._scripts]
        nearest = difflib.get_close_matches(shlex.join(argv), names, n=1, cutoff=0.0)
        raise UnscriptedCommandError(shown_line(command.shown), *nearest)


class FakeProcess(Process):
    """A command that does what a script says.

    Args:
        command: the command.
        pid: its number.
        script: what it does.
        feed: called with what it prints.
        note: called with each signal that it is sent.
    """

    def __init__(
        self,
        command: Command,
        pid: int,
        script: Script,
        feed: Feed,
        note: Callable[[int], None],
    ) -> None:
        super().__init__(command, pid)
        write_files(command, script)
        self._script = script
        self._note = note
        self._end: asyncio.TimerHandle | None = None
        self.over.get_loop().call_soon(self._print, feed)
        self._end_after(script.takes, script.status)

    def _print(self, feed: Feed) -> None:
        for stream, target, data in streams(self.command, self._script):
            if target is None and data:
                feed(stream, data)

    def _end_after(self, seconds: float, status: int) -> None:
        if self._end is not None:
            self._end.cancel()
        if seconds < math.inf:
            self._end = self.later(seconds, lambda: self.finish(status))

    def send(self, number: int) -> None:
        """Note a signal, and end as scripted."""
        self._note(number)
        self._end_after(0 if number == KILL else self._script.cleanup, -number)

    def abandon(self) -> None:
        """Do nothing: there is no process."""


def check_match(match: object) -> None:
    """Check the pattern or function that selects commands.

    Raises:
        TypeError: it is neither a str nor a function.
    """
    if not isinstance(match, str) and not callable(match):
        raise TypeError(
            "a command is scripted by a pattern of its line, such as 'ssh * reboot', or by a "
            f"function of its argv, not by {match!r}"
        )


def check_status(status: object) -> None:
    """Check a status.

    Raises:
        TypeError: it is not an int.
    """
    if not isinstance(as_number(status), int):
        raise TypeError(f"status must be a whole number, not {status!r}")


def check_output(**outputs: object) -> None:
    """Check what a command prints, given by the names of the streams.

    Raises:
        TypeError: it is neither a str nor bytes.
    """
    for stream, data in outputs.items():
        if not isinstance(data, (str, bytes)):
            raise TypeError(f"{stream} must be a str or bytes, not {data!r}")


def encoded(data: str | bytes) -> bytes:
    """Return output as bytes."""
    return data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data


def streams(command: Command, script: Script) -> Iterator[tuple[str, Target, bytes]]:
    """Yield the streams of a command: name, target, and output."""
    yield "stdout", command.stdout, script.stdout
    if command.stderr == subprocess.STDOUT:
        yield "stdout", command.stdout, script.stderr
    else:
        yield "stderr", command.stderr, script.stderr


def write_files(command: Command, script: Script) -> None:
    """Write the output of a command to its files.

    Raises:
        OSError: one of them can't be written.
        ValueError: one of them is closed.
    """
    with ExitStack() as files:
        opened = targets(command, files)
        for target, (_, _, data) in zip(opened, streams(command, script), strict=True):
            file = opened[0] if target == subprocess.STDOUT else target
            if not isinstance(file, int):
                os.write(file.fileno(), data)
