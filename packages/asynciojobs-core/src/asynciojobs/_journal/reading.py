"""Reading a journal in whatever state it is.

What a crash leaves is at the end: a line that was cut off, zeros, or other bytes. Nobody was
promised anything of it, so it can be cut off. What is not whole and has a whole record behind
it is damage, since what is missing may have been promised.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from .. import _log
from .._errors import JournalError
from .disk import why
from .records import (
    MAGIC,
    VERSION,
    Header,
    JournalRecord,
    decode,
    decode_header,
    records_inside,
)

__all__ = ["BUFFER", "Reading", "check_is_file", "damaged", "read_header", "read_records"]

BUFFER = 1 << 20
"""How much is read at once (bytes)."""

LONGEST_HEADER = 1 << 20
"""A first line that is longer than this is not ours (bytes)."""

START = MAGIC + b"%d " % VERSION
"""The first bytes of a journal of this version."""

VERSION_SEEN = re.compile(re.escape(MAGIC) + rb"([1-9][0-9]{0,8}) ")


class Reading:
    """One pass over a journal.

    Args:
        file: the file, at its beginning.
        path: its name, for messages.

    Attributes:
        header: the header; ``None`` if there is none, since the journal is new.
        end: where the last whole line ends (bytes). The file can be cut there.
        size: how much was read (bytes).
        damage: where the first damage begins (bytes); ``None`` if there is none.

    Raises:
        JournalError: it is no journal, or one of a newer version.
    """

    def __init__(self, file: BinaryIO, path: object) -> None:
        line = file.readline(LONGEST_HEADER)
        self.header: Header | None = decode_header(line)
        self.size = len(line)
        self.end = 0 if self.header is None else self.size
        self.damage: int | None = None
        self._file = file
        # What follows `end`: it is torn, unless a whole record comes after it.
        self._rest = bytearray(line[self.end :])
        if self.header is None:
            check_start(line, file, path)

    def __iter__(self) -> Iterator[JournalRecord]:
        """Yield the records that are whole, in their order. This works once.

        Only then, `end`, `size` and `damage` are final.
        """
        rest = self._rest
        for line in self._file:
            record = decode(line, self.size)
            self.size += len(line)
            if record is None:
                rest += line
                continue
            if rest:
                self._note_damage()
                yield from records_inside(bytes(rest), self.end)
                rest.clear()
            yield record
            self.end = self.size
        # A record at the very beginning of the rest lacks its line feed: it is torn.
        for record in records_inside(bytes(rest), self.end, start=1):
            self._note_damage()
            yield record

    def _note_damage(self) -> None:
        if self.damage is None:
            self.damage = self.end


def check_start(line: bytes, file: BinaryIO, path: object) -> None:
    """Check that a first line that is no header may be what is left of one.

    Raises:
        JournalError: it is no journal, or one of a newer version.
    """
    seen = VERSION_SEEN.match(line)
    if seen is not None and int(seen[1]) > VERSION:
        raise JournalError(
            path,
            f"has version {int(seen[1])} of the format, and this version of asynciojobs knows "
            f"no more than version {VERSION}",
            "take the asynciojobs that wrote it, or another file",
        )
    begin = line.rstrip(b"\0")
    if not (begin.startswith(START) or START.startswith(begin) or record_follows(file)):
        raise JournalError(
            path,
            "is no journal of asynciojobs, but another kind of file",
            "give the journal another name, or move that file away",
        )


def record_follows(file: BinaryIO) -> bool:
    """Tell whether the next line is a whole record. The file stays where it is."""
    place = file.tell()
    line = file.readline(LONGEST_HEADER)
    file.seek(place)
    return decode(line) is not None


def damaged(path: object, offset: int) -> JournalError:
    """Return the error of a file that is damaged before its end."""
    quoted = shlex.quote(str(path))
    return JournalError(
        path,
        f"is damaged at byte {offset}, and whole records come after that",
        "Journal.read() shows what is whole; restore the file from a backup, or move it away, "
        f"or go on with what is before the damage: truncate -s {offset} {quoted}",
        offset=offset,
    )


def check_is_file(path: Path, given: object) -> None:
    """Check that a path is that of a file, before it is opened: a pipe would hang.

    Args:
        path: the path.
        given: the path as it was given, for messages.

    Raises:
        JournalError: it is a folder, a pipe, or something else.
        FileNotFoundError: there is nothing.
        OSError: the system does not say.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise JournalError(given, "is a folder", "give the path of a file")
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "no regular file"
        raise JournalError(given, f"is {kind}", "give the path of a file")


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Open a journal to read it.

    Raises:
        JournalError: it can't be read.
    """
    try:
        check_is_file(Path(path), path)
        with Path(path).open("rb", buffering=BUFFER) as file:
            yield file
    except FileNotFoundError:
        raise JournalError(path, "does not exist", "check the path") from None
    except OSError as error:
        raise JournalError(
            path, f"can't be read ({why(error)})", "check the path and the rights of the file"
        ) from error


def read_records(path: str | os.PathLike[str]) -> Iterator[JournalRecord]:
    """Yield the records of a journal, also of one that another process is writing.

    What a crash left at the end is passed over. So is damage, with a warning in the log.

    Args:
        path: the file.

    Raises:
        JournalError: it can't be read, is no journal, or has a newer version.
    """
    with opened(path) as file:
        reading = Reading(file, path)
        yield from reading
        if reading.damage is not None:
            _log.warn(
                "the journal %r is damaged at byte %d: these are the records that are whole",
                str(path),
                reading.damage,
            )


def read_header(path: str | os.PathLike[str]) -> Header | None:
    """Return the header of a journal; ``None`` if the journal is new, or its header damaged.

    Args:
        path: the file.

    Raises:
        JournalError: it can't be read, is no journal, or has a newer version.
    """
    with opened(path) as file:
        return Reading(file, path).header
