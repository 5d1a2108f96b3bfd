"""PNG pictures are complete, and not empty."""

from __future__ import annotations

import struct
import zlib

import pytest

from asynciojobs import AbstractJob, Scheduler
from asynciojobs_graph._programs import draw

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DPI = 96
POINTS = 72


def chunks(data):
    """Yield the parts of a PNG file, and compare their checksums."""
    assert data.startswith(SIGNATURE)
    place = len(SIGNATURE)
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        yield kind, body
        place += 12 + length


def test_a_png_is_complete_and_has_the_size_of_the_svg(drawn):
    a = AbstractJob(label="a")
    scheduler = Scheduler(a, Scheduler(AbstractJob(label="漢字"), label="in", required=a))
    parts = list(chunks(draw(scheduler.dot_format(), "png")))
    assert (parts[0][0], parts[-1]) == (b"IHDR", (b"IEND", b""))
    size = struct.unpack(">II", parts[0][1][:8])
    expected = [points * DPI / POINTS for points in drawn(scheduler).size]
    assert size == pytest.approx(expected, abs=2)
    pixels = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    assert len(set(pixels)) > 5  # it is not all white
