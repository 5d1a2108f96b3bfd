"""Starting a program, and explaining why it failed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, Any, TypeAlias

from .._names import name_in_run
from .arguments import Command, Target
from .output import STDERR, STDOUT

__all__ = ["started", "targets"]

Program: TypeAlias = "subprocess.Popen[bytes]"

Opened: TypeAlias = "IO[Any] | int"

NONBLOCK = getattr(os, "O_NONBLOCK", 0)
"""Windows has none."""


def started(command: Command) -> Program:
    """Start a program as the leader of its own process group, without a terminal.

    If this process has a terminal, the program gets its own session, which has none. In the
    same session, the system would stop the program as soon as it asked for a password there.

    Raises:
        FileNotFoundError: the program, its working folder, or the folder for its output is
            missing.
        PermissionError: one of them can't be used.
        OSError: the system can't start it.
    """
    with contextlib.ExitStack() as files:
        stdout, stderr = targets(command, files)
        session = has_terminal()
        try:
            return subprocess.Popen(
                command.argv,
                bufsize=0,
                stdin=subprocess.DEVNULL if command.input is None else subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                cwd=command.cwd,
                env=command.env,
                start_new_session=session,
                process_group=None if session else 0,
            )
        except OSError as error:
            failure = explained(error, command)
    raise failure  # raised here, without a context whose frames would keep the job


def has_terminal() -> bool:
    """Return whether this process has a terminal, so that programs need their own session.

    Sessions cost time: on a busy machine, Linux delays the processes of a new session.
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True


def targets(command: Command, files: contextlib.ExitStack) -> tuple[Opened, Opened]:
    """Return where a command's stdout and stderr go: files, or constants of `subprocess`.

    Args:
        command: the command.
        files: closes the files opened here.

    Raises:
        OSError: a file can't be opened.
        ValueError: a file is closed.
    """
    stdout = opened(command, STDOUT, command.stdout, files)
    if command.stderr is not None and command.stderr == command.stdout:
        return stdout, stdout
    return stdout, opened(command, STDERR, command.stderr, files)


def opened(
    command: Command, stream: str, target: Target, files: contextlib.ExitStack
) -> Opened:
    """Open the file that a stream goes to."""
    if target is None:
        return subprocess.PIPE
    if isinstance(target, int):
        return target
    begin = f"{name_in_run(command.job)} can't start: its {stream}"
    try:
        if isinstance(target, str):
            return files.enter_context(open(target, "wb", opener=without_waiting))
        if hasattr(target, "flush"):
            target.flush()  # earlier output comes first
        target.fileno()
    except ValueError:
        failure: Exception = ValueError(f"{begin} is a file that is closed: {target!r}")
    except OSError as error:
        why = why_not(error, target)
        failure = OSError(error.errno, f"{begin} {why}", file_name(target))
    else:
        return target
    raise failure


def without_waiting(path: str, flags: int) -> int:
    """Open a file. Waiting for a reader of a named pipe would block the whole event loop."""
    file = os.open(path, flags | NONBLOCK, 0o666)
    if NONBLOCK:
        os.set_blocking(file, True)
    return file


def why_not(error: OSError, target: str | IO[Any]) -> str:
    """Return why an output file can't be used."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        hint = tilde_hint(file_name(target))
        return f"can't be written, since its folder does not exist{hint}"
    if error.errno == errno.ENXIO and isinstance(target, str) and Path(target).is_fifo():
        return "is a named pipe that nobody reads"
    return f"can't be written: {error.strerror or error}"


def file_name(target: str | IO[Any]) -> str:
    """Return the name of a file as it is shown."""
    return target if isinstance(target, str) else str(getattr(target, "name", target))


def explained(error: OSError, command: Command) -> OSError:
    """Return an error of the same type that says what is wrong."""
    why, file = reason(error, command)
    return OSError(error.errno, f"{name_in_run(command.job)} can't start: {why}", file)


def reason(error: OSError, command: Command) -> tuple[str, str]:
    """Return what is wrong, and the name of the file concerned."""
    number, program, cwd = error.errno, command.shown[0], command.cwd
    if cwd is not None and (error.filename == cwd or not Path(cwd).is_dir()):
        return of_folder(Path(cwd)), cwd
    if number == errno.E2BIG:
        return "its arguments are too long for the system: give data as input", program
    if number in (errno.EMFILE, errno.ENFILE):
        return "too many files are open: a jobs_window limits how many run at once", program
    if number in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENOEXEC):
        return of_program(program, command)
    return str(error.strerror or error), program


def of_folder(cwd: Path) -> str:
    """Return why a program can't run in some folder."""
    if not cwd.exists():
        return f"its cwd does not exist{tilde_hint(str(cwd))}"
    return "its cwd can't be entered" if cwd.is_dir() else "its cwd is not a folder"


def of_program(program: str, command: Command) -> tuple[str, str]:
    """Return why a program can't be executed, and the name of its file."""
    if Path(program).name == program:
        env = os.environ if command.env is None else command.env
        path = env.get("PATH", os.defpath)
        file = shutil.which(program, os.F_OK, path)
        where = f"; PATH is {path or 'empty'}"
    else:
        folder = Path(command.cwd or Path.cwd())
        file = str(folder / program) if (folder / program).exists() else None
        where = "" if Path(program).is_absolute() else f"; it was looked for in {folder}"
    if file is None:
        hint = blank_hint(program) or tilde_hint(program)
        return f"there is no such program{hint}{where}", program
    return of_file(Path(file)), file


def blank_hint(program: str) -> str:
    """Return a hint for users who gave a whole command line as the program."""
    words = program.split()
    if len(words) < 2:
        return ""
    given = ", ".join(f'"{word}"' for word in words[:3])
    return f", so give the program and its arguments one by one, as in CommandJob({given})"


def tilde_hint(path: str) -> str:
    """Return a hint for users who expect a shell to expand ``~``."""
    return " (a ~ is only for shells: use Path.expanduser())" if path.startswith("~") else ""


def of_file(file: Path) -> str:
    """Return why an existing file can't be executed."""
    if file.is_dir():
        return "this is a folder, not a program"
    if not os.access(file, os.X_OK):
        return "the file is not executable (chmod +x makes it so)"
    with contextlib.suppress(OSError), file.open("rb") as script:
        first = os.fsdecode(script.readline(256))
        if first.startswith("#!") and first[2:].strip():
            interpreter = first[2:].split()[0]
            return (
                f"its first line names {interpreter} as its interpreter, which does not exist"
            )
    return (
        "the file is neither a program for this machine, nor a script whose first line names "
        "an interpreter, as in #!/bin/sh"
    )
