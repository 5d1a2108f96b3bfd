"""A record as a line, and a line as a record."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs._journal.records import (
    KINDS,
    MAGIC,
    Header,
    JournalRecord,
    decode,
    decode_header,
    encode,
    encode_header,
    records_inside,
)

TEXTS = st.text(st.characters(exclude_categories=()))
TIMES = st.floats(allow_nan=False, allow_infinity=False)
RECORDS = st.builds(
    JournalRecord,
    kind=st.sampled_from(sorted(KINDS)),
    key=st.lists(st.text()).map(tuple),
    time=TIMES,
    run=st.integers(0),
    seconds=st.none() | TIMES,
    fingerprint=st.dictionaries(st.text(), st.text()),
    result=st.none() | st.binary(),
    blob=st.none() | st.text(),
    error=st.none() | st.text(),
)


def line_of(payload):
    return b"%08x %08x " % (len(payload), zlib.crc32(payload)) + payload + b"\n"


@given(RECORDS)
def test_a_record_comes_back_as_it_was(record):
    line = encode(record)
    assert (decode(line, 7), line.isascii(), line.count(b"\n")) == (record, True, 1)


@given(st.builds(Header, id=st.text(), root=st.text(), codec=st.text()))
def test_a_header_comes_back_as_it_was(header):
    line = encode_header(header)
    assert (decode_header(line), line.isascii(), line.count(b"\n")) == (header, True, 1)


def test_a_line_is_the_length_the_crc_and_json():
    line = encode(JournalRecord("started", ("night", "load"), 2.5, 1))
    payload = b'{"kind":"started","run":1,"time":2.5,"key":["night","load"]}'
    assert line == b"0000003c %08x " % zlib.crc32(payload) + payload + b"\n"


def test_a_header_says_first_what_it_is():
    assert encode_header(Header("i", "night", "json")).startswith(b"asynciojobs journal 1 000")


def test_two_new_headers_differ():
    header = Header.new("night", "json")
    assert (header.root, header.codec, header.version) == ("night", "json", 1)
    assert Header.new("night", "json").id != Header.new("night", "json").id


def test_a_record_knows_where_it_was():
    assert decode(encode(JournalRecord("run")), 42).place == 42


def test_a_file_name_that_is_no_unicode_comes_back_in_a_key():
    record = JournalRecord("started", ("caf\udce9",))
    assert decode(encode(record)) == record


def test_a_text_result_is_text_in_the_line():
    assert b'"result":"[1,2]"' in encode(JournalRecord("done", result=b"[1,2]"))


def test_a_binary_result_is_in_base64():
    assert b'"base64":"gAA="' in encode(JournalRecord("done", result=b"\x80\0"))


def test_a_light_record_has_no_result():
    record = JournalRecord("done", ("a",), result=b"1")
    assert record.light() == JournalRecord("done", ("a",))


def test_a_record_without_a_result_is_light_already():
    record = JournalRecord("done", ("a",))
    assert record.light() is record


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="^Out of range float values"):
        encode(JournalRecord("done", time=math.nan))


def test_a_record_is_frozen_and_can_be_pickled():
    record = JournalRecord("done", ("a",), fingerprint={"source": "x"})
    assert pickle.loads(pickle.dumps(record)) == record
    assert len({record, pickle.loads(pickle.dumps(record))}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.kind = "failed"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'{"kind":"other"}',
        b'{"kind":"done","colour":"red"}',
        b'{"key":["a"]}',
        b'{"kind":"done","key":1}',
        b'{"kind":"done","result":1}',
        '{"kind":"done","result":"é"}'.encode(),
        b'{"kind":"done","result":"\\u00e9"}',
        b'{"kind":"done","base64":"a"}',
        b'{"kind":["done"]}',
        b'{"kind":"done","place":1}',
        b'{"kind":' + b"[" * 100_000,
    ],
    ids=lambda payload: payload[:30].decode("latin-1"),
)
def test_a_line_that_is_no_record_of_ours_is_none(payload):
    assert decode(line_of(payload)) is None


@pytest.mark.parametrize("line", [b"", b"\n", b"0" * 18, b"0" * 18 + b"\n", bytes(100)])
def test_a_line_that_is_something_else_is_none(line):
    assert (decode(line), decode_header(line)) == (None, None)


@pytest.mark.parametrize("payload", [b"{", b"[]", b"{}", b"1", b'{"id":"a"}', b"[" * 100_000])
def test_a_header_with_something_else_in_it_is_none(payload):
    assert decode_header(MAGIC + b"1 " + line_of(payload)) is None


def test_a_header_whose_two_versions_differ_is_none():
    payload = json.dumps({"id": "i", "root": "r", "codec": "c", "version": 2}).encode()
    assert decode_header(MAGIC + b"1 " + line_of(payload)) is None


@given(RECORDS, st.data())
def test_a_line_with_a_flipped_bit_is_never_a_record(record, data):
    line = encode(record)
    bit = data.draw(st.integers(0, 8 * len(line) - 1))
    flipped = bytearray(line)
    flipped[bit // 8] ^= 1 << bit % 8
    assert decode(bytes(flipped)) is None


@given(RECORDS, st.data())
def test_a_part_of_a_line_is_never_a_record(record, data):
    line = encode(record)
    assert decode(line[: data.draw(st.integers(0, len(line) - 1))]) is None


# -- whole records in a damaged stretch


def test_records_are_found_between_other_bytes():
    first, second = encode(JournalRecord("run", run=1)), encode(JournalRecord("end", run=1))
    found = list(records_inside(b"xx" + first[:-1] + b"y" + second, 100))
    assert [(it.kind, it.place) for it in found] == [("run", 102), ("end", 102 + len(first))]


def test_records_are_looked_for_from_a_place_on():
    line = encode(JournalRecord("run", run=1))
    assert list(records_inside(line, 0, start=1)) == []


def test_a_frame_whose_json_is_no_record_is_passed_over():
    assert list(records_inside(line_of(b'{"kind":"other"}'), 0)) == []


@given(RECORDS)
def test_a_record_inside_of_a_text_is_not_found(record):
    # a job may return a journal: then its record has one inside
    outer = encode(JournalRecord("done", result=encode(record), error=encode(record).decode()))
    assert list(records_inside(outer[1:], 0)) == []
