"""The lock of a journal: only one process writes, and its lock ends with the process.

The lock is on the journal itself (`flock`), so it works whatever name a process opens it by. A
forked child inherits the lock, and would keep it for its whole life. So children close their
copy of the file at once; see `file.py`. A small file beside the journal says which process has
the lock. It is only used for messages.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

from .._errors import JournalError
from .disk import PRIVATE, why

if sys.platform == "win32":  # pragma: no cover - Windows
    import msvcrt
else:
    import fcntl

__all__ = ["Holder", "lock"]

TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
"""The `errno` values for a lock that another process holds."""

FAR_AWAY = 1 << 40
"""The byte that is locked on Windows. It is beyond the end, so the file can be read."""


def lock(descriptor: int, path: object, holder: Holder, *, is_ours: bool) -> None:
    """Lock a journal, or refuse it. Closing the file releases the lock.

    Args:
        descriptor: the open file.
        path: its name, for messages.
        holder: the note that says who has the lock.
        is_ours: whether this process has the file open already.

    Raises:
        JournalError: it is locked already, or the file system has no locks.
    """
    try:
        take(descriptor)
    except OSError as error:
        if error.errno in TAKEN:
            raise taken(path, holder, is_ours=is_ours) from None
        raise JournalError(
            path,
            f"can't be locked ({why(error)})",
            "put it on a disk of this machine: its file system has no locks",
        ) from error
    holder.note()


def take(descriptor: int) -> None:
    """Take the lock.

    Raises:
        OSError: another process has it.
    """
    if sys.platform == "win32":  # pragma: no cover - Windows
        os.lseek(descriptor, FAR_AWAY, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def taken(path: object, holder: Holder, *, is_ours: bool) -> JournalError:
    """Return the error for a journal that is open already."""
    if is_ours:
        return JournalError(
            path,
            "is open in this program already",
            "use that Journal object, or close it first",
        )
    pid = holder.pid()
    process = "another process" if pid is None else f"the process {pid}"
    return JournalError(
        path,
        f"is in use by {process}",
        "wait until it has ended, or give this run a journal of its own",
    )


class Holder:
    """The small file that says which process has the lock. It has no other use.

    Args:
        file: the path of the journal, without symbolic links.
    """

    def __init__(self, file: Path) -> None:
        self._note = file.with_name(f"{file.name}.pid")

    def note(self) -> None:
        """Write down that this process has the lock. If that fails, go on without the note."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with contextlib.suppress(OSError):
            descriptor = os.open(self._note, flags, PRIVATE)
            try:
                os.write(descriptor, b"%d\n" % os.getpid())
            finally:
                os.close(descriptor)

    def pid(self) -> int | None:
        """Return the process that has the lock; ``None`` if it is not known."""
        try:
            return int(self._note.read_bytes())
        except (OSError, ValueError):
            return None

    def forget(self) -> None:
        """Delete the file. Only the process with the lock may do this."""
        with contextlib.suppress(OSError):
            self._note.unlink()
