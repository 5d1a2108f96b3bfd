"""Calls of the system: whole writes, and data that survives a power loss."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

if sys.platform != "win32":  # pragma: no branch - Windows
    import fcntl

__all__ = ["BINARY", "PRIVATE", "sync_file", "sync_folder", "why", "write_all"]

PRIVATE = 0o600
"""The mode of all files of a journal: results may be secrets."""

BINARY: int = getattr(os, "O_BINARY", 0)
"""Without it, Windows would translate line feeds."""

FULL_SYNC: int | None = None
"""On macOS, `fsync` does not reach the disk itself; this `fcntl` command does."""
if sys.platform == "darwin":
    FULL_SYNC = fcntl.F_FULLFSYNC  # pragma: no cover - macOS


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of some data to a file, in as many pieces as the system needs.

    Raises:
        OSError: the system can't; part of the data may be in the file.
    """
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_file(descriptor: int) -> None:
    """Wait until a file is on its disk.

    Raises:
        OSError: it is not, and may never be there.
    """
    if FULL_SYNC is not None:  # pragma: no cover - macOS
        with contextlib.suppress(OSError):  # some file systems don't support it
            fcntl.fcntl(descriptor, FULL_SYNC)
            return
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on its disk. Otherwise a new file may be lost.

    Raises:
        OSError: they are not.
    """
    if sys.platform == "win32":  # pragma: no cover - Windows
        return  # a folder can't be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # the file system has no fsync of folders
            raise
    finally:
        os.close(descriptor)


def why(error: OSError) -> str:
    """Return the system's reason in lower case: "no space left on device"."""
    text = str(error.strerror or error)
    return text[:1].lower() + text[1:]
