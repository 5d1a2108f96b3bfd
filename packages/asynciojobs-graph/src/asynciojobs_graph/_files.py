"""Files that are written as a whole, or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

__all__ = ["write_files"]


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write the files: each one is complete before the first of them takes its place.

    A file that was there keeps its permissions. What is no regular file, such as
    ``/dev/stdout``, can't be replaced, and is written to.

    Raises:
        OSError: a file can't be written; those that were there before are as they were.
    """
    with ExitStack() as stack:
        ready: list[tuple[Path, Path]] = []
        special: list[tuple[Path, bytes]] = []
        for path, data in contents.items():
            if path.exists() and not path.is_file():
                # Not resolved: /dev/stdout may lead to a pipe, which has no path.
                _check(path, path)
                special.append((path, data))
            else:
                target = Path(os.path.realpath(path))  # a symbolic link stays one
                _check(target, path)
                ready.append((_temporary(path, target, data, stack), target))
        for path, data in special:
            path.write_bytes(data)
        for temporary, target in ready:
            temporary.replace(target)


def _check(target: Path, path: Path) -> None:
    """Refuse what opening the target for writing would refuse, and replacing it would not."""
    number = 0
    if target.is_dir():
        number = errno.EISDIR
    elif not target.parent.is_dir():
        number = errno.ENOENT
    elif target.exists() and not os.access(target, os.W_OK):
        number = errno.EACCES
    if number:
        raise OSError(number, os.strerror(number), str(path))  # of the class of that number


def _temporary(path: Path, target: Path, data: bytes, stack: ExitStack) -> Path:
    """Write a file beside the target, that is gone with the stack unless it was renamed.

    It gets the permissions of the target, which are those that are usual here if it is new.
    """
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    stack.callback(_remove, temporary)
    try:
        with temporary.open("xb") as file:
            file.write(data)
    except OSError as error:
        error.filename = str(path)  # its own name would tell nobody anything
        raise
    if target.exists():
        shutil.copymode(target, temporary)
    return temporary


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
