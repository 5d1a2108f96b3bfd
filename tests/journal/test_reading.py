"""Journals in any state: what is whole is read, and nothing else."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs._errors import JournalError
from asynciojobs._journal.reading import Reading, read_header, read_records
from asynciojobs._journal.records import Header, JournalRecord, encode, encode_header

HEADER = Header("0123456789abcdef", "night", "json")
MORE = JournalRecord("end", run=1, error="more")


def is_prefix(found, records):
    return found == records[: len(found)]


def read(path):
    return list(read_records(path))


# -- each prefix of a journal, and each flipped bit


def test_each_prefix_is_readable_and_takes_an_append(path, lines, records, opening):
    whole = b"".join(lines)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        ends = [sum(map(len, lines[: n + 1])) for n in range(len(lines))]
        expected = records[: max(sum(end <= cut for end in ends) - 1, 0)]
        assert read(path) == expected
        file, found = opening(sync=False)
        assert found == expected
        if file.header is None:
            file.begin(HEADER)
        file.write(encode(MORE))
        file.close()
        assert read(path) == [*expected, MORE]


@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\n", b"{"], ids=repr)
def test_each_prefix_with_a_torn_tail_is_cut(path, lines, records, filling, opening):
    whole = b"".join(lines)
    for cut in range(len(lines[0]), len(whole)):
        path.write_bytes(whole[:cut] + filling * 700)
        expected = read(path)
        file, found = opening(sync=False)
        assert found == expected
        assert is_prefix(found, records)
        file.write(encode(MORE))
        file.close()
        assert read(path) == [*expected, MORE]


def test_each_zeroed_tail_of_a_header_is_a_new_journal(path, lines, opening):
    for cut in range(len(lines[0])):
        path.write_bytes(lines[0][:cut] + bytes(600))
        file, found = opening(sync=False)
        assert (file.header, found, path.stat().st_size) == (None, [], 0)
        file.close()


def test_no_flipped_bit_gives_a_wrong_record(lines, records):
    whole = b"".join(lines)
    last = len(whole) - len(lines[-1])
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            reading = Reading(io.BytesIO(flipped), "night.journal")
        except JournalError:
            assert bit // 8 < len(lines[0])
            continue
        found = list(reading)
        if bit // 8 < last:  # more follows, so it is damage
            assert reading.damage is not None
            assert len(found) >= len(records) - 1
            assert all(record in records for record in found)
        else:  # it looks like a record that was not finished
            assert (reading.damage, found) == (None, records[:-1])


def test_no_flipped_bit_gives_a_wrong_journal(path, lines, records, opening):
    whole = b"".join(lines)
    for byte in range(len(whole)):
        flipped = bytearray(whole)
        flipped[byte] ^= 1 << byte % 8
        path.write_bytes(flipped)
        with contextlib.suppress(JournalError):
            file, found = opening(sync=False)
            file.close()
            assert found == records[:-1]


@given(st.data())
def test_no_damage_gives_a_wrong_record(data):
    """Some bytes are replaced, lost or added, at several places."""
    originals = [
        JournalRecord("done", (str(n),), n, 1, result=bytes([n]) * n) for n in range(20)
    ]
    found = bytearray(encode_header(HEADER) + b"".join(map(encode, originals)))
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(found)))
        end = data.draw(st.integers(begin, begin + 300))
        found[begin:end] = data.draw(st.binary(max_size=40) | st.just(bytes(end - begin)))
    try:
        reading = Reading(io.BytesIO(found), "night.journal")
    except JournalError:
        return
    records = list(reading)
    rest = iter(originals)
    assert all(record in rest for record in records)  # in order
    for record in records:
        line = encode(record)[:-1]  # the line feed may be what was damaged
        assert found[record.place :].startswith(line)
    whole = bytes(found[: reading.end])
    if reading.damage is None and reading.header is not None:
        assert whole == encode_header(HEADER) + b"".join(map(encode, records))


# -- what is torn, and what is damage


def test_an_empty_file_is_a_new_journal(path, opening):
    path.touch()
    file, found = opening()
    assert (file.header, found, read(path), read_header(path)) == (None, [], [], None)


def test_a_hole_of_zeros_with_a_whole_record_behind_it_is_damage(path, lines, records):
    path.write_bytes(lines[0] + lines[1] + bytes(len(lines[2])) + lines[3])
    assert read(path) == [records[0], records[2]]


def test_the_place_of_the_damage_is_named(path, lines, opening):
    offset = len(lines[0] + lines[1])
    path.write_bytes(lines[0] + lines[1] + bytes(9) + b"\n" + lines[3])
    with pytest.raises(JournalError) as caught:
        opening()
    assert caught.value.offset == offset
    assert str(caught.value) == (
        f"the journal '{path}' is damaged at byte {offset}, and whole records come after "
        "that: Journal.read() shows what is whole; restore the file from a backup, or move it "
        f"away, or go on with what is before the damage: truncate -s {offset} {path}"
    )


def test_the_advice_about_damage_works(path, lines, records, opening):
    path.write_bytes(lines[0] + lines[1] + b"?" + lines[2][1:] + lines[3])
    with pytest.raises(JournalError) as caught:
        opening()
    os.truncate(path, caught.value.offset)
    assert opening()[1] == records[:1]


def test_a_damaged_journal_is_left_as_it_is(path, lines, opening):
    data = lines[0] + b"?" + lines[1]
    path.write_bytes(data)
    with pytest.raises(JournalError):
        opening()
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == (data, [path])


def test_a_lost_line_feed_in_the_middle_is_damage(path, lines, records, opening):
    path.write_bytes(lines[0] + lines[1] + lines[2][:-1] + b"\x0b" + lines[3])
    with pytest.raises(JournalError, match="is damaged at byte"):
        opening()
    # the record before it is whole, but the one that lost its line feed need not be
    assert [record for record in read(path) if record != records[1]] == [records[0], records[2]]


def test_a_damaged_length_in_the_middle_takes_nothing_with_it(path, lines, records, opening):
    path.write_bytes(lines[0] + lines[1] + b"7" + lines[2][1:] + lines[3])
    with pytest.raises(JournalError, match="is damaged at byte"):
        opening()
    assert read(path) == [records[0], records[2]]


def test_a_damaged_length_at_the_end_is_cut(path, lines, records, opening):
    path.write_bytes(lines[0] + lines[1] + lines[2] + b"7" + lines[3][1:])
    assert opening()[1] == records[:2]


def test_a_second_journal_behind_the_first_is_damage(path, lines, opening):
    path.write_bytes(b"".join(lines) * 2)
    with pytest.raises(JournalError, match=f"is damaged at byte {sum(map(len, lines))}, "):
        opening()


def test_the_first_damage_is_the_one_that_is_named(path, lines, opening):
    path.write_bytes(lines[0] + b"??" + lines[1] + b"??" + lines[2])
    with pytest.raises(JournalError, match=f"is damaged at byte {len(lines[0])}, "):
        opening()


def test_a_damaged_header_is_damage_if_records_follow(path, lines, records, opening):
    path.write_bytes(b"A" + b"".join(lines)[1:])
    with pytest.raises(JournalError, match="is damaged at byte 0, "):
        opening()
    assert read(path) == records


def test_a_torn_tail_is_logged(path, lines, opening, caplog):
    path.write_bytes(lines[0] + lines[1][:-3])
    opening()
    message = (
        f"the journal '{path}' ended in the middle of a record, as after a crash: the last "
        f"{len(lines[1]) - 3} bytes are cut off, and the jobs that they were about run again"
    )
    assert [(it.levelno, it.getMessage()) for it in caplog.records] == [
        (logging.WARNING, message)
    ]


def test_reading_says_in_the_log_where_the_damage_is(path, lines, caplog):
    path.write_bytes(lines[0] + b"?" + lines[1])
    read(path)
    message = (
        f"the journal '{path}' is damaged at byte {len(lines[0])}: these are the records that "
        "are whole"
    )
    assert [it.getMessage() for it in caplog.records] == [message]


def test_reading_is_silent_about_a_torn_tail(path, lines, caplog):
    path.write_bytes(lines[0] + lines[1][:-3])
    assert (read(path), caplog.records) == ([], [])


def test_reading_changes_nothing(path, lines):
    data = lines[0] + lines[1][:-3]
    path.write_bytes(data)
    read(path)
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == (data, [path])


def test_a_journal_can_be_read_while_it_is_open(path, lines, records, opening):
    path.write_bytes(b"".join(lines))
    opening()
    assert (read(path), read_header(path)) == (records, HEADER)


# -- what is not a journal


@pytest.mark.parametrize(
    "data",
    [b"hello\n", b"asynciojobs journal of the year\n", b"\x89PNG\r\n", b"0"],
    ids=repr,
)
def test_another_kind_of_file_is_refused_and_left_as_it_is(path, data, opening):
    path.write_bytes(data)
    with pytest.raises(
        JournalError,
        match=f"^the journal '{path}' is not an asynciojobs journal, but another kind of file: "
        "give the journal another name, or move that file away$",
    ):
        opening()
    with pytest.raises(JournalError, match="is not an asynciojobs journal"):
        read(path)
    assert path.read_bytes() == data


@pytest.mark.parametrize("version", [2, 17])
def test_a_newer_version_is_refused_by_its_number(path, version, opening):
    line = encode_header(Header("i", "night", "json", version))
    path.write_bytes(line + b"something new\n")
    message = (
        f"^the journal '{path}' has version {version} of the format, and this version of "
        "asynciojobs knows no more than version 1: use the version of asynciojobs that wrote "
        "it, or another file$"
    )
    with pytest.raises(JournalError, match=message):
        opening()
    with pytest.raises(JournalError, match=message):
        read_header(path)


@pytest.mark.parametrize("how", ["open", "read"])
def test_a_folder_is_refused(path, opening, how):
    path.mkdir()
    with pytest.raises(
        JournalError, match=f"^the journal '{path}' is a folder: give the path of a file$"
    ):
        opening() if how == "open" else read(path)


@pytest.mark.parametrize("how", ["open", "read"])
def test_a_pipe_is_refused_at_once(path, opening, how):
    os.mkfifo(path)
    with pytest.raises(
        JournalError, match=f"^the journal '{path}' is a pipe: give the path of a file$"
    ):
        opening() if how == "open" else read(path)


def test_a_device_is_refused(opening):
    with pytest.raises(
        JournalError,
        match="^the journal '/dev/null' is not a regular file: give the path of a file$",
    ):
        opening("/dev/null")


def test_reading_a_file_that_is_not_there_is_an_error(path):
    with pytest.raises(
        JournalError, match=f"^the journal '{path}' does not exist: check the path$"
    ):
        read(path)


def test_reading_a_file_that_may_not_be_read_is_an_error(path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    path.touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        JournalError,
        match=rf"^the journal '{path}' can't be read \(permission denied\): check the path and "
        "the permissions of the file$",
    ):
        read(path)


def test_a_disk_that_fails_during_the_reading_is_an_error(path, lines):
    path.write_bytes(b"".join(lines) * 100)
    reading = read_records(path)
    next(reading)
    with pytest.raises(JournalError, match=r"can't be read \(input/output error\)"):
        reading.throw(OSError(5, "Input/output error"))


# -- the cost


def test_a_hundred_thousand_records_are_read_in_two_seconds(path):
    key, parts = ("night", "a job with a usual name"), {"function": "m.f", "source": "ab" * 32}
    line = encode(JournalRecord("done", key, 1.5, 1, 0.25, parts, b'{"mean": [1, 2, 3]}'))
    path.write_bytes(encode_header(HEADER) + line * 100_000)
    begin = time.process_time()
    assert sum(1 for _ in read_records(path)) == 100_000
    assert time.process_time() - begin < 2
