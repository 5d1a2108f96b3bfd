"""Reading a journal in any state.

A crash can leave garbage at the end: a partial line, zeros, or other bytes. Nothing in it was
reported as safe, so it can be cut off. Bytes that are not a whole record, but have one behind
them, are damage: what is missing may have been reported as safe.
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
"""How much is read at a time (bytes)."""

LONGEST_HEADER = 1 << 20
"""A longer first line can't be a journal's header (bytes)."""

START = MAGIC + b"%d " % VERSION
"""The first bytes of a journal of this version."""

VERSION_SEEN = re.compile(re.escape(MAGIC) + rb"([1-9][0-9]{0,8}) ")


class Reading:
    """One pass over a journal.

    Args:
        file: the file, at its beginning.
        path: its name, for messages.

    Attributes:
        header: the header; ``None`` if the journal is new and has none.
        end: where the last whole line ends (bytes). The file can be cut there.
        size: how much was read (bytes).
        damage: where the first damage begins (bytes); ``None`` if there is none.

    Raises:
        JournalError: it is not a journal, or has a newer version.
    """

    def __init__(self, file: BinaryIO, path: object) -> None:
        line = file.readline(LONGEST_HEADER)
        self.header: Header | None = decode_header(line)
        self.size = len(line)
        self.end = 0 if self.header is None else self.size
        self.damage: int | None = None
        self._file = file
        # What follows `end`. It is a torn line, unless a whole record comes after it.
        self._rest = bytearray(line[self.end :])
        if self.header is None:
            check_start(line, file, path)

    def __iter__(self) -> Iterator[JournalRecord]:
        """Yield the whole records, in order. This works once.

        `end`, `size` and `damage` are final only after that.
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
        # A record at the very beginning of the rest has no line feed: it is torn.
        for record in records_inside(bytes(rest), self.end, start=1):
            self._note_damage()
            yield record

    def _note_damage(self) -> None:
        if self.damage is None:
            self.damage = self.end


def check_start(line: bytes, file: BinaryIO, path: object) -> None:
    """Check that a first line that is not a header may be the remainder of one.

    Raises:
        JournalError: it is not a journal, or has a newer version.
    """
    seen = VERSION_SEEN.match(line)
    if seen is not None and int(seen[1]) > VERSION:
        raise JournalError(
            path,
            f"has version {int(seen[1])} of the format, and this version of asynciojobs knows "
            f"no more than version {VERSION}",
            "use the version of asynciojobs that wrote it, or another file",
        )
    begin = line.rstrip(b"\0")
    if not (begin.startswith(START) or START.startswith(begin) or record_follows(file)):
        raise JournalError(
            path,
            "is not an asynciojobs journal, but another kind of file",
            "give the journal another name, or move that file away",
        )


def record_follows(file: BinaryIO) -> bool:
    """Return whether the next line is a whole record. The file position stays the same."""
    place = file.tell()
    line = file.readline(LONGEST_HEADER)
    file.seek(place)
    return decode(line) is not None


def damaged(path: object, offset: int) -> JournalError:
    """Return the error for a file that is damaged before its end."""
    quoted = shlex.quote(str(path))
    return JournalError(
        path,
        f"is damaged at byte {offset}, and whole records come after that",
        "Journal.read() shows what is whole; restore the file from a backup, or move it away, "
        f"or go on with what is before the damage: truncate -s {offset} {quoted}",
        offset=offset,
    )


def check_is_file(path: Path, given: object) -> None:
    """Check that a path is a regular file before it is opened: opening a pipe would hang.

    Args:
        path: the path.
        given: the path as the caller gave it, for messages.

    Raises:
        JournalError: it is a folder, a pipe, or something else.
        FileNotFoundError: there is nothing at that path.
        OSError: the system can't say what it is.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise JournalError(given, "is a folder", "give the path of a file")
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "not a regular file"
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
            path,
            f"can't be read ({why(error)})",
            "check the path and the permissions of the file",
        ) from error


def read_records(path: str | os.PathLike[str]) -> Iterator[JournalRecord]:
    """Yield the records of a journal, even while another process writes it.

    Whatever a crash left at the end is ignored. So is damage, with a warning in the log.

    Args:
        path: the file.

    Raises:
        JournalError: it can't be read, is not a journal, or has a newer version.
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
    """Return the header of a journal; ``None`` if the journal is new or its header damaged.

    Args:
        path: the file.

    Raises:
        JournalError: it can't be read, is not a journal, or has a newer version.
    """
    with opened(path) as file:
        return Reading(file, path).header
