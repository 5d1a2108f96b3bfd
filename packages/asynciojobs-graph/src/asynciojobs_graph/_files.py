"""Writes several files, or none of them."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

__all__ = ["path_of", "write_files", "write_with_suffix"]


MOST_LINKS = 40
"""How many symbolic links in a row are followed; Linux follows as many."""


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write these files. Each is complete before the first one takes its place.

    An existing file keeps its permissions, and a symbolic link stays a link. Devices and pipes,
    such as ``/dev/stdout``, can't be replaced, so they are opened and written to.

    Raises:
        OSError: a file can't be written. Existing files are unchanged.
    """
    with ExitStack() as temporaries:
        special = [path for path in contents if path.exists() and not path.is_file()]
        for path in special:
            # Not resolved: /dev/stdout may be a link to a pipe, which has no path.
            _check_writable(path, path)
        moves = [
            _prepare(path, data, temporaries)
            for path, data in contents.items()
            if path not in special
        ]
        for path in special:
            path.write_bytes(contents[path])
        for temporary, target in moves:
            temporary.replace(target)


def path_of(filename: str | os.PathLike[str]) -> Path:
    """Return the path of a file.

    Raises:
        ValueError: there is no name in it.
    """
    path = Path(os.fsdecode(filename))
    if path.name in ("", ".."):
        raise ValueError(f"a file needs a name, and {str(filename)!r} has none")
    return path


def write_with_suffix(filename: str | os.PathLike[str], suffix: str, text: str) -> str:
    """Write a text to a file, in UTF-8; return the name of the file.

    Args:
        filename: its name.
        suffix: added to the name unless it is there, such as ``.svg``.
        text: the text to write.

    Raises:
        ValueError: the file has no name.
        OSError: the file can't be written.
    """
    path = path_of(filename)
    if not path.name.lower().endswith(suffix):
        path = path.with_name(f"{path.name}{suffix}")
    write_files({path: text.encode()})
    return str(path)


def _prepare(path: Path, data: bytes, temporaries: ExitStack) -> tuple[Path, Path]:
    """Write the data to a temporary file; return that file and the target of its move."""
    target = _resolved(path)
    _check_writable(target, path)
    return _temporary(path, target, data, temporaries), target


def _resolved(path: Path) -> Path:
    """Return where a file opened under this name is written; it need not exist.

    Folders must exist, even those that ``..`` leaves again. ``realpath()`` would turn
    ``missing/../file`` into ``file``, and the user could not open the result.
    """
    target = path
    try:
        for _ in range(MOST_LINKS):
            target.parent.stat()  # raises the same as open()
            target = Path(os.path.realpath(target.parent), target.name)
            if not target.is_symlink():
                return target
            target = target.parent / target.readlink()
    except OSError as error:
        error.filename = str(path)
        raise
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _check_writable(target: Path, path: Path) -> None:
    """Refuse a target that can't be opened for writing: replacing it might still succeed."""
    number = 0
    if target.is_dir():
        number = errno.EISDIR
    elif not target.parent.is_dir():
        number = errno.ENOENT
    elif target.exists() and not os.access(target, os.W_OK):
        number = errno.EACCES
    if number:
        # OSError() makes the subclass for the error number, such as IsADirectoryError.
        raise OSError(number, os.strerror(number), str(path))


def _temporary(path: Path, target: Path, data: bytes, temporaries: ExitStack) -> Path:
    """Write the data to a new file beside the target; the stack removes it unless it is moved.

    It gets the permissions of the target if that exists, otherwise the usual ones.
    """
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    temporaries.callback(_remove, temporary)
    try:
        with temporary.open("xb") as file:
            file.write(data)
    except OSError as error:
        error.filename = str(path)  # the user does not know the temporary name
        raise
    if target.exists():
        shutil.copymode(target, temporary)
    return temporary


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
