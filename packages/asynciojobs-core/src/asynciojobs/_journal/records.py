"""The lines of a journal: how records are written as lines, and lines read as records.

A line is ``LLLLLLLL CCCCCCCC {…}`` and a line feed: the length of the JSON in bytes, its
CRC-32, both as eight hexadecimal digits, and the JSON in ASCII. The first line is the header.
It begins with the words ``asynciojobs journal 1``.

`docs/design/journal.md` gives the reasons.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from zlib import crc32

__all__ = [
    "KINDS",
    "MAGIC",
    "VERSION",
    "Header",
    "JournalRecord",
    "decode",
    "decode_header",
    "encode",
    "encode_header",
    "records_inside",
]

VERSION = 1
"""The version of the format that this module reads and writes."""

MAGIC = b"asynciojobs journal "
"""The first bytes of a journal of any version; the version and a space follow."""

KINDS = frozenset({"run", "started", "done", "failed", "end", "forget"})
"""The kinds of records."""

FRAME = b"%08x %08x "
FRAME_SIZE = 18
ANY_FRAME = re.compile(rb'[0-9a-f]{8} [0-9a-f]{8} (?=\{")')

encode_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
decode_json = json.JSONDecoder().decode


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A record of a journal: what happened to a job, or to a run.

    Attributes:
        kind: ``run`` and ``end`` for the beginning and the end of a run; ``started``, ``done``
            and ``failed`` for a job; ``forget`` if the job's earlier records no longer count.
        key: the keys from the outermost scheduler down to the job; empty for a run.
        time: when it happened (seconds since the epoch, as from `time.time()`).
        run: the number of the run; the first one is 1.
        seconds: how long the job took.
        fingerprint: what the job was made of, in parts.
        result: the result of the job, as written by its codec. ``None`` if this line has none.
        blob: the SHA-256 of a result stored in a file of its own.
        error: the exception of a job that failed; or why the run was not a success.
        place: where the line begins in the file (bytes); -1 if it was not read from a file.

    Example:
        >>> JournalRecord("started", ("night", "load"), run=1).key
        ('night', 'load')
    """

    kind: str
    key: tuple[str, ...] = ()
    time: float = 0.0
    run: int = 0
    seconds: float | None = None
    fingerprint: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    result: bytes | None = None
    blob: str | None = None
    error: str | None = None
    place: int = field(default=-1, compare=False)

    def light(self) -> Self:
        """Return the same record without its result, which can be read from the file later."""
        if self.result is None:
            return self
        # With `dataclasses.replace()`, this would be a sixth of the time to read a journal.
        return type(self)(
            self.kind,
            self.key,
            self.time,
            self.run,
            self.seconds,
            self.fingerprint,
            None,
            self.blob,
            self.error,
            self.place,
        )


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a journal.

    Attributes:
        id: a string that no other journal has.
        root: the key of the outermost scheduler.
        codec: the name of the codec that writes the results.
        version: the version of the format.
    """

    id: str
    root: str
    codec: str
    version: int = VERSION

    @classmethod
    def new(cls, root: str, codec: str) -> Self:
        """Return the header of a new journal."""
        return cls(uuid.uuid4().hex, root, codec)


# -- from records to lines


def encode(record: JournalRecord) -> bytes:
    """Return the line of a record, with its line feed.

    Raises:
        ValueError: a number in the record is not finite.
    """
    fields: dict[str, object] = {
        "kind": record.kind,
        "run": record.run,
        "time": record.time,
    }
    if record.key:
        fields["key"] = record.key
    if record.seconds is not None:
        fields["seconds"] = record.seconds
    if record.fingerprint:
        fields["fingerprint"] = dict(record.fingerprint)
    if record.blob is not None:
        fields["blob"] = record.blob
    if record.error is not None:
        fields["error"] = record.error
    if record.result is not None:
        add_result(fields, record.result)
    return framed(encode_json(fields).encode("ascii"))


def add_result(fields: dict[str, object], result: bytes) -> None:
    """Add a result to the fields of a record: as text if it is ASCII, otherwise in base64."""
    if result.isascii():
        fields["result"] = result.decode("ascii")
    else:
        fields["base64"] = base64.b64encode(result).decode("ascii")


def encode_header(header: Header) -> bytes:
    """Return the first line of a journal, with its line feed."""
    payload = encode_json(dataclasses.asdict(header)).encode("ascii")
    return MAGIC + b"%d " % header.version + framed(payload)


def framed(payload: bytes) -> bytes:
    """Return a line: the length and the CRC, the payload, and a line feed."""
    return FRAME % (len(payload), crc32(payload)) + payload + b"\n"


# -- from lines to records


def decode(line: bytes, place: int = -1) -> JournalRecord | None:
    """Return the record of a line; ``None`` if any bit of the line is wrong.

    Args:
        line: a line with its line feed.
        place: where it begins in its file (bytes).
    """
    payload = line[FRAME_SIZE:-1]
    if line[:FRAME_SIZE] != FRAME % (len(payload), crc32(payload)) or line[-1:] != b"\n":
        return None
    return record_of(payload, place)


def record_of(payload: bytes, place: int) -> JournalRecord | None:
    """Return the record in a payload; ``None`` if there is none, even if the CRC is right."""
    try:
        fields = decode_json(str(payload, "ascii"))
        fields["key"] = tuple(fields.get("key", ()))
        if "result" in fields:
            fields["result"] = fields["result"].encode("ascii")
        elif "base64" in fields:
            fields["result"] = base64.b64decode(fields.pop("base64"), validate=True)
        record = JournalRecord(**fields, place=place)
        return record if record.kind in KINDS else None
    except (AttributeError, RecursionError, TypeError, ValueError):
        return None


def decode_header(line: bytes) -> Header | None:
    """Return the header in a first line; ``None`` if it is damaged or not ours."""
    start = MAGIC + b"%d " % VERSION
    frame, payload = line[len(start) :][:FRAME_SIZE], line[len(start) + FRAME_SIZE : -1]
    if line != start + frame + payload + b"\n" or line != start + framed(payload):
        return None
    try:
        fields: dict[str, Any] = decode_json(str(payload, "ascii"))
        header = Header(**fields)
    except (RecursionError, TypeError, ValueError):
        return None
    return header if header.version == VERSION else None


def records_inside(data: bytes, place: int, *, start: int = 0) -> Iterator[JournalRecord]:
    """Yield the whole records in a damaged stretch, wherever in it they are.

    The damage may have hit the line feed at the end of a record, so that may be missing. A
    string inside a record can't look like a record, since JSON puts a backslash before each
    quotation mark in a string.

    Args:
        data: the stretch.
        place: where it begins in its file (bytes).
        start: where to start looking (bytes from the beginning of `data`).
    """
    for match in ANY_FRAME.finditer(data, start):
        length = int(match[0][:8], 16)
        payload = data[match.end() : match.end() + length]
        if match[0] == FRAME % (len(payload), crc32(payload)):
            record = record_of(payload, place + match.start())
            if record is not None:
                yield record
