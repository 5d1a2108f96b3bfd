"""Process groups: how to list and signal their processes. Windows has none."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeAlias

from .process import KILL

__all__ = [
    "SHORTEST_PAUSE",
    "UNKNOWN",
    "end_at_once",
    "has_members",
    "next_pause",
    "send_to_group",
    "status_of",
]

HAS_GROUPS = hasattr(os, "killpg")

Program: TypeAlias = "subprocess.Popen[bytes]"

UNKNOWN = 255
"""The status of a program if it is unknown, as in asyncio."""

LAST_WAIT = 2.0
"""How long to wait for killed processes if the event loop is lost (seconds)."""

PROCESSES = Path("/proc")

SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.256
"""The first pause between two looks at a group (seconds). Each pause is twice the last."""

THOROUGH_PAUSE = 0.03
"""After a pause longer than this, also check for zombies (seconds)."""


def status_of(program: Program) -> int | None:
    """Return the status of a program that has ended, and reap it; otherwise ``None``.

    Returns:
        the status; negative for a signal.

    Raises:
        ChildProcessError: other code of this process has already taken the status.
    """
    if program.returncode is not None or not HAS_GROUPS:
        return program.poll()
    try:
        pid, code = os.waitpid(program.pid, os.WNOHANG)
    except ChildProcessError:
        program.returncode = UNKNOWN
        raise
    if pid:
        program.returncode = os.waitstatus_to_exitcode(code)
    return program.returncode


def send_to_group(program: Program, number: int) -> bool:
    """Send a signal to a program and the processes it started.

    Returns:
        whether this was permitted. If no process is left, that is not an error.
    """
    if not HAS_GROUPS:
        program.terminate()
        return True
    # The system can't reuse the program's number before we have waited for it.
    if program.returncode is None or has_members(program.pid):
        try:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, number)
        except PermissionError:
            # macOS also says so for a group of zombies, but not if the leader is one.
            return can_be_signalled(program.pid)
    return True


def can_be_signalled(pid: int) -> bool:
    """Return whether this user may signal a process; it may have ended already."""
    try:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
    except PermissionError:
        return False
    return True


def next_pause(pause: float) -> float:
    """Return how long to wait until the next look, given the last pause (seconds)."""
    return min(2 * pause, LONGEST_PAUSE)


def has_members(group: int, *, pause: float = 0.0) -> bool:
    """Return whether a group has processes, although its leader was reaped.

    Processes of other users don't count: we couldn't end them.

    Args:
        group: the number of the group.
        pause: how long ago the last look was (seconds). Finding out that only zombies are
            left takes O(processes of the machine), so it is done late, and rarely.
    """
    if not HAS_GROUPS:
        return False
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # In a container, this process may be the one that must reap orphans.
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    # Processes that have ended stay in the group until someone waits for them. If the system
    # has no list of processes, trust the answer to the signal.
    if pause < THOROUGH_PAUSE or not PROCESSES.is_dir():
        return True
    return any(state not in "ZX" for state in states(group))


def states(group: int) -> Iterator[str]:
    """Yield the states of the processes in a group; O(processes of the machine)."""
    for stat in PROCESSES.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended in the meantime
            state, _, its_group, *_ = stat.read_text("latin-1").rpartition(")")[2].split()
            if int(its_group) == group:
                yield state


def end_at_once(program: Program, files: Iterable[IO[bytes]], owner: int) -> None:
    """Kill a program and the processes it started, wait for it, and close its files.

    Args:
        program: the program.
        files: more files to close, besides its pipes.
        owner: the process that started it. In a fork of that process, this does nothing.
    """
    if os.getpid() != owner:
        return
    send_to_group(program, KILL)
    deadline = time.monotonic() + LAST_WAIT
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(LAST_WAIT)
    pause = SHORTEST_PAUSE
    while has_members(program.pid, pause=pause) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = next_pause(pause)
    for file in (program.stdin, program.stdout, program.stderr, *files):
        if file is not None:
            file.close()
