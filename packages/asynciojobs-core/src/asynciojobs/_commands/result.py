"""`CommandResult`: how a command ended, and what it printed; `CommandFailed`, its error."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any, AnyStr, Generic

from .._errors import by_data
from .._names import name_in_run
from .._outcomes import Named
from .._text import one_line
from .output import STDERR, STDOUT, Output

__all__ = [
    "CommandFailed",
    "CommandResult",
    "as_plain",
    "from_plain",
    "has_secret",
    "last_words",
    "result_of",
]


@dataclass(frozen=True, slots=True, repr=False)
class CommandResult(Generic[AnyStr]):
    """How a command ended, and what it printed.

    Attributes:
        argv: the program and its arguments as strings, with ``***`` for secrets.
        status: the exit status of the program; for a signal, its number, negative.
        stdout: the last `keep` bytes that it wrote to stdout, as str or bytes. Empty if they
            went to a file.
        stderr: the same for stderr.
        seconds: how long it ran, on the clock of the event loop (seconds).
        cut: how many bytes of stdout and stderr together were dropped, since there were more
            than `keep`.

    Example:
        >>> from asynciojobs import CommandJob, PureScheduler
        >>> job = CommandJob("printf", "hello")
        >>> PureScheduler(job).run(), job.result()
        (True, CommandResult(status=0, stdout='hello'))
        >>> job.result().argv, job.result().cut
        (('printf', 'hello'), 0)
    """

    argv: tuple[str, ...]
    status: int
    stdout: AnyStr
    stderr: AnyStr
    seconds: float
    cut: int
    # The dropped bytes of stdout alone; None if stdout went elsewhere.
    _cut_stdout: int | None = field(default=0, compare=False)
    # How stdout and stderr are shown if they contain a secret.
    _shown: tuple[str, str] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        parts = [f"status={self.status}"]
        stdout, stderr = self._shown or (brief(self.stdout), brief(self.stderr))
        if self.stdout:
            parts.append(f"stdout={stdout}")
        if self.stderr:
            parts.append(f"stderr={stderr}")
        return f"CommandResult({', '.join(parts)})"

    def handed_on(self) -> AnyStr:
        r"""Return the stdout as other commands get it: without the last newline.

        Raises:
            ValueError: part of it, or all of it, was not kept.

        Example:
            >>> from asynciojobs import CommandJob, PureScheduler
            >>> job = CommandJob("echo", "hello")
            >>> PureScheduler(job).run(), job.result().stdout, job.result().handed_on()
            (True, 'hello\n', 'hello')
        """
        if self._cut_stdout is None:
            raise ValueError("its stdout went to a file: give the path of that file instead")
        if self._cut_stdout:
            raise ValueError(
                f"the first {self._cut_stdout} bytes of its stdout were not kept: give it a "
                "larger keep, or a file as stdout"
            )
        if isinstance(self.stdout, str):
            return self.stdout.removesuffix("\n").removesuffix("\r")
        return self.stdout.removesuffix(b"\n").removesuffix(b"\r")


def brief(output: str | bytes) -> str:
    """Return output as reports show it."""
    return one_line(repr(output), 100)


def result_of(
    argv: tuple[str, ...],
    output: Output,
    status: int,
    seconds: float,
    *,
    stdout_is_kept: bool,
) -> CommandResult[Any]:
    """Return the result of a command, from what it printed.

    Args:
        argv: the program and its arguments, as they are shown.
        output: what it printed.
        status: how it ended; see `CommandResult`.
        seconds: how long it ran (seconds).
        stdout_is_kept: its stdout did not go to a file.
    """
    cut_stdout, masks = output.cut(STDOUT), output.masks()
    return CommandResult(
        argv,
        status,
        output.value(STDOUT),
        output.value(STDERR),
        seconds,
        cut_stdout + output.cut(STDERR),
        cut_stdout if stdout_is_kept else None,
        None if masks is None else (brief(masks[0]), brief(masks[1])),
    )


def as_plain(result: CommandResult[Any]) -> list[object]:
    """Return a result as a list that JSON can represent, if the output is text."""
    return [
        [*result.argv],
        result.status,
        result.stdout,
        result.stderr,
        result.seconds,
        result.cut,
        result._cut_stdout,
    ]


def from_plain(fields: list[Any]) -> CommandResult[Any]:
    """Return the result from a list made by `as_plain()`."""
    argv, *rest = fields
    return CommandResult(tuple(argv), *rest)


def has_secret(result: CommandResult[Any]) -> bool:
    """Return whether the output of a command contains a secret."""
    return result._shown is not None


class CommandFailed(RuntimeError):  # noqa: N818 - it says what happened
    """A command exited with a status other than 0, or was ended by a signal.

    Attributes:
        result: the `CommandResult`.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, job: Named, result: CommandResult[Any], printed: str = "") -> None:
        self.result = result
        super().__init__(f"{name_in_run(job)} {ending(result.status)}{printed}")


def ending(status: int) -> str:
    """Return how a command ended, in words."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-status}"


def last_words(output: Output, stdout: object, stderr: object) -> str:
    """Return the part of the message that quotes the output of a failed command.

    Args:
        output: what it printed.
        stdout: where its stdout went; ``None`` if it was kept.
        stderr: the same for its stderr.
    """
    if lines := output.last_lines(STDERR):
        return as_ending(STDERR, lines)
    if isinstance(stderr, str):
        return f"; its stderr is in {stderr}"
    if lines := output.last_lines(STDOUT):
        return as_ending(STDOUT, lines)
    return "; it printed nothing" if stdout is None else ""


def as_ending(stream: str, lines: list[str]) -> str:
    """Return the last lines of a stream, to be appended to a message."""
    if len(lines) == 1:
        return f"; {stream} ends: {lines[0]}"
    return "".join([f"; {stream} ends:", *(f"\n  {line}" for line in lines)])


# In tracebacks and pickles, these classes appear under their public names.
CommandResult.__module__ = CommandFailed.__module__ = "asynciojobs"
