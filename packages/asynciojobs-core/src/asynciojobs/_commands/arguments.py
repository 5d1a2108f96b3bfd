"""Checks of what users pass to `CommandJob`: arguments, secrets, variables, output files."""

from __future__ import annotations

import inspect
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from .._checks import as_number, checked_seconds
from .._lazy import OnDemand
from .._outcomes import Named
from .._requirements import Group
from .._text import NOLABEL, attempt, one_line
from ..job import AbstractJob, AnyJob
from .secrets import MASK, Hidden

if TYPE_CHECKING:
    from .. import _options
else:
    _options = OnDemand("_options")

__all__ = [
    "Argument",
    "Command",
    "Target",
    "Variables",
    "as_argument",
    "check_argv",
    "check_input",
    "check_job_options",
    "check_on_line",
    "checked_env",
    "checked_grace",
    "checked_keep",
    "checked_path",
    "checked_target",
    "environment",
    "is_encodable",
    "jobs_among",
    "shown_line",
    "shown_texts",
]

FROM_FILE = """CommandJob("sh", "-c", 'exec "$@" < "$0"', path, program, *arguments)"""
"""How to write a command that reads a file; `input` takes data in memory."""

IGNORES_CASE = os.name == "nt"
"""Windows doesn't distinguish ``Path`` from ``PATH``, and `os.environ` has the latter."""

LONGEST_LINE = 120
"""How much of a command line is shown (characters)."""

Argument: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes] | float | Hidden"
"""What can be an argument of a command, besides jobs."""

Variables: TypeAlias = "Mapping[str, Argument | None]"
"""What is added to the environment."""

Target: TypeAlias = "str | IO[Any] | int | None"
"""Where a stream goes: a path, an open file, `DEVNULL` or `STDOUT`; ``None`` keeps it."""


class Command(NamedTuple):
    """A command that is ready to start."""

    job: Named
    """The job that runs it, for messages."""
    argv: tuple[str | bytes, ...]
    """The program and its arguments."""
    shown: tuple[str, ...]
    """The same as strings, with ``***`` for secrets."""
    input: str | bytes | None
    """What the program reads from its stdin; ``None`` means nothing."""
    cwd: str | None
    """The folder in which the program runs; ``None`` means the current one."""
    env: dict[str, str] | None
    """The whole environment; ``None`` means the environment of this process."""
    stdout: Target
    stderr: Target
    grace: float
    """How long the program has between SIGTERM and SIGKILL (seconds)."""
    secrets: tuple[bytes, ...]
    """The secrets to hide in all this, longest first."""

    def __repr__(self) -> str:
        return f"Command({shown_line(self.shown)!r})"


OWN_OPTIONS = "input cwd env check text keep on_line grace stdout stderr".split()  # noqa: SIM905
OWN_ENCODING = ": text is in UTF-8; with text=False, decode the bytes as you like"
ADVICE = {
    "shell": ': there is no shell, unless you write CommandJob("sh", "-c", line)',
    "args": ": give the program and its arguments one by one, CommandJob(*argv)",
    "stdin": f": give data as input; a program reads a file as {FROM_FILE}",
    "capture_output": ": the output is kept, unless stdout or stderr say where it goes",
    "encoding": OWN_ENCODING,
    "errors": OWN_ENCODING,
}


def check_job_options(given: Iterable[str]) -> None:
    """Check the names of the options that are passed on to `AbstractJob`.

    Raises:
        TypeError: there is no such option; for options of `subprocess`, it gives advice.
    """
    for name in given:
        _options.check_options("CommandJob", [name], OWN_OPTIONS, ADVICE.get(name, ""))


# -- arguments


def check_argv(argv: tuple[object, ...]) -> None:
    """Check the arguments of a `CommandJob`.

    Raises:
        TypeError: one of them is not a str, bytes, a path, a number or a job.
        ValueError: there are none, the program's name is empty, or one contains a NUL.
    """
    for place, argument in enumerate(argv):
        if not isinstance(argument, AbstractJob):
            as_argument(argument, f"argument {place}" if place else "the program")
    if not argv or (not isinstance(argv[0], AbstractJob) and not _plain(argv[0])):
        raise ValueError(
            "CommandJob() got no program: give it and its arguments one by one, as in "
            'CommandJob("ls", "-l")'
        )


def as_argument(argument: object, what: str) -> str | bytes:
    """Return an argument as the program gets it.

    Args:
        argument: a str, bytes, a path, a number, or a secret.
        what: what to call it in messages.

    Raises:
        TypeError: it is none of these.
        ValueError: it contains a NUL.
    """
    text = _plain(argument)
    if text is None:
        raise TypeError(
            f"{what} of a command must be a str, bytes, a path, a number or a job, not "
            f"{argument!r}{_remedy(argument)}"
        )
    if (b"\0" if isinstance(text, bytes) else "\0") in cast("Any", text):
        shown = one_line(repr(argument), 80)
        raise ValueError(f"{what} of a command can't have a NUL character in it: {shown}")
    if not is_encodable(text):
        raise ValueError(
            f"{what} of a command can't be encoded in {sys.getfilesystemencoding()}: "
            f"{one_line(repr(argument), 80)}"
        )
    return text


def is_encodable(text: str | bytes) -> bool:
    """Return whether the system can encode a text. JSON, for one, can have lone surrogates."""
    if not text.isascii():
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            return False
    return True


def _plain(argument: object) -> str | bytes | None:
    if isinstance(argument, Hidden):
        return argument.value
    if isinstance(argument, (str, bytes)):
        return argument
    if isinstance(argument, os.PathLike):
        path: str | bytes = os.fspath(cast("os.PathLike[str]", argument))
        return path
    if isinstance(argument, Decimal) or as_number(argument) is not None:
        return str(argument)
    return None


def _remedy(argument: object) -> str:
    if isinstance(argument, (list, tuple)):
        return ": give the items one by one, as in CommandJob(*argv)"
    if isinstance(argument, Group):
        return ": give the job whose result is meant, such as sequence.jobs[-1]"
    return ""


def jobs_among(things: Iterable[object]) -> tuple[AnyJob, ...]:
    """Return the jobs among some things, each once, in order."""
    jobs: list[AnyJob] = [it for it in things if isinstance(it, AbstractJob)]
    return tuple(dict.fromkeys(jobs))


def shown_line(argv: Iterable[object]) -> str:
    """Return a command line as one would type it, shortened, with ``***`` for secrets.

    Example:
        >>> shown_line(["echo", "a b", Hidden("password"), 3])
        "echo 'a b' *** 3"
    """
    return one_line(" ".join(map(_shown, argv)), LONGEST_LINE)


def shown_texts(argv: Iterable[object]) -> tuple[str, ...]:
    """Return arguments as strings, with ``***`` for secrets."""
    return tuple(MASK if isinstance(it, Hidden) else _text(it) for it in argv)


def _shown(argument: object) -> str:
    if isinstance(argument, Hidden) or (isinstance(argument, str) and argument == MASK):
        return MASK
    if isinstance(argument, AbstractJob):
        return f"$({attempt(_label_of, cast('AnyJob', argument))})"
    return shlex.quote(_text(argument))


def _label_of(job: AnyJob) -> str:
    return str(job.text_label() or NOLABEL if job.label is None else job.label)


def _text(argument: object) -> str:
    return os.fsdecode(_plain(argument) or "")


# -- the other parameters


def check_input(data: object) -> None:
    """Check the input of a command.

    Raises:
        TypeError: it is not a str, bytes or a job.
    """
    if data is None or isinstance(data, (str, bytes, Hidden, AbstractJob)):
        return
    raise TypeError(
        f"input must be a str, bytes, a job or None, not {type(data).__name__}"
        f"{_remedy_of_input(data)}"
    )


def _remedy_of_input(data: object) -> str:
    if isinstance(data, os.PathLike) or hasattr(data, "read"):
        return f": a program reads a file as {FROM_FILE}"
    return _remedy(cast("object", data)) if isinstance(data, Group) else ""


def checked_path(parameter: str, path: object) -> str | None:
    """Return a path as a str, or ``None``.

    Raises:
        TypeError: it is neither a path nor ``None``.
        ValueError: it contains a NUL.
    """
    if path is None:
        return None
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"{parameter} must be a path or None, not {path!r}")
    text = os.fsdecode(cast("str", path))
    if "\0" in text:
        raise ValueError(f"{parameter} can't have a NUL character in it: {path!r}")
    if not is_encodable(text):
        raise ValueError(f"{parameter} can't be encoded: {path!r}")
    return text


def checked_env(env: Mapping[Any, Any] | None) -> Variables:
    """Return the changes of the environment; ``None`` as a value removes a variable.

    Raises:
        TypeError: it is not a mapping, or a name or value is of the wrong type.
        ValueError: a name is empty or contains ``=``, or there is a NUL somewhere.
    """
    if env is None:
        return {}
    if not isinstance(env, Mapping):
        raise TypeError(f"env must be a mapping of names to values, or None, not {env!r}")
    for name, value in env.items():
        check_variable(name, value)
    names = (os.fsdecode(name) for name in env)
    if IGNORES_CASE:
        names = (name.upper() for name in names)
    return dict(zip(names, env.values(), strict=True))


def check_variable(name: object, value: object) -> None:
    """Check a variable of the environment.

    Raises:
        TypeError: the name or the value is of the wrong type.
        ValueError: the name is empty or contains ``=``, or there is a NUL somewhere.
    """
    if not isinstance(name, (str, bytes)):
        raise TypeError(f"the names in env must be str, not {name!r}")
    text = os.fsdecode(name)
    if not text or "=" in text or "\0" in text or not is_encodable(text):
        raise ValueError(f"env has the name {name!r}, which no variable can have")
    if isinstance(value, AbstractJob):
        raise TypeError(
            f"the variable {text} is a job, and only arguments and input may be jobs: make the "
            "CommandJob in a job that requires this one"
        )
    if value is not None:
        as_argument(value, f"the variable {text}")


def environment(added: Variables) -> dict[str, str] | None:
    """Return the environment of this process with some changes; ``None`` if there are none."""
    if not added:
        return None
    changed: dict[str, object] = {**os.environ, **added}
    return {name: _text(value) for name, value in changed.items() if value is not None}


def checked_target(stream: str, target: object) -> Target:
    """Return where a stream goes.

    Raises:
        TypeError: it is not a path, a file of the system, or a suitable constant of
            `subprocess`.
        ValueError: a path contains a NUL.
    """
    constants = (subprocess.DEVNULL, subprocess.STDOUT)[: 1 + (stream == "stderr")]
    if target is None or (isinstance(target, int) and target in constants):
        return cast("Target", target)
    if isinstance(target, (str, bytes, os.PathLike)):
        return checked_path(stream, cast("object", target))
    try:
        cast("Any", target).fileno()
    except (AttributeError, OSError, ValueError):
        raise TypeError(
            f"{stream} must be a path, an open file of the system, or None to keep the output "
            f"in the result, not {target!r}"
        ) from None
    return cast("IO[Any]", target)


def checked_keep(keep: object) -> int:
    """Return how many bytes to keep.

    Raises:
        TypeError: it is not an int.
        ValueError: it is negative.
    """
    number: object = as_number(keep)
    if not isinstance(number, int):
        raise TypeError(f"keep must be a number of bytes, not {keep!r}")
    if number < 0:
        raise ValueError(f"keep must be 0 bytes or more, not {keep!r}")
    return number


def checked_grace(grace: float) -> float:
    """Return how long a program has to end after SIGTERM (seconds).

    Raises:
        TypeError: it is not a number.
        ValueError: it is negative or NaN.
    """
    seconds = checked_seconds("grace", grace)
    if seconds is None:
        raise TypeError("grace must be a number of seconds, not None: math.inf has no end")
    return seconds


def check_on_line(on_line: Callable[..., object] | None) -> None:
    """Check the function that is called for each line.

    Raises:
        TypeError: it can't be called, or is a coroutine function.
    """
    if on_line is None:
        return
    if not callable(on_line):
        raise TypeError(
            f"on_line must be a function of a stream and a line, or None, not {on_line!r}"
        )
    if inspect.iscoroutinefunction(on_line):
        raise TypeError(
            f"on_line must be a plain function, since nobody would await {on_line!r}: let it "
            "put the lines in an asyncio.Queue"
        )
