"""Large results, each in a file of its own."""

from __future__ import annotations

import errno
import hashlib
import os
import stat

import pytest

from asynciojobs._errors import JournalError
from asynciojobs._journal.blobs import Blobs

DATA = b"a large result"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "night.journal.d"


@pytest.fixture
def blobs(folder):
    return Blobs(folder, "night.journal", sync=True)


def test_a_result_is_named_by_what_is_in_it(blobs, folder):
    assert (blobs.store(DATA), (folder / DIGEST).read_bytes()) == (DIGEST, DATA)


def test_a_result_comes_back(blobs):
    assert (blobs.load(blobs.store(DATA)), blobs.is_whole(DIGEST)) == (DATA, True)


def test_the_folder_and_its_files_are_for_their_owner_only(blobs, folder):
    blobs.store(DATA)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / DIGEST)]
    assert modes == [0o700, 0o600]


def test_nothing_is_made_before_it_is_needed(blobs, folder):
    blobs.tidy()
    assert (blobs.load(DIGEST), blobs.is_whole(DIGEST), folder.exists()) == (None, False, False)


@pytest.mark.parametrize("data", [b"", DATA[:-1], b"A" + DATA[1:], DATA + b"\0"])
def test_an_altered_result_is_none_and_can_be_stored_again(blobs, folder, data):
    blobs.store(DATA)
    (folder / DIGEST).write_bytes(data)
    assert (blobs.load(DIGEST), blobs.is_whole(DIGEST)) == (None, False)
    assert (blobs.store(DATA), blobs.load(DIGEST)) == (DIGEST, DATA)


def test_a_result_that_is_there_is_not_written_again(blobs, folder):
    blobs.store(DATA)
    before = (folder / DIGEST).stat().st_ino
    blobs.store(DATA)
    assert (folder / DIGEST).stat().st_ino == before


@pytest.mark.parametrize("name", ["../secret", "", DIGEST.upper(), DIGEST + "\n", "x" * 64])
def test_a_name_that_is_no_digest_is_not_looked_for(blobs, folder, name):
    folder.mkdir()
    (folder.parent / "secret").write_bytes(DATA)
    assert (blobs.load(name), blobs.is_whole(name)) == (None, False)


def test_a_result_is_on_the_disk_before_it_has_its_name(blobs, folder, monkeypatch):
    seen = []
    fsync = os.fsync

    def note(descriptor):
        seen.append((os.fstat(descriptor).st_ino, (folder / DIGEST).exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    blobs.store(DATA)
    assert seen == [
        (folder.parent.stat().st_ino, False),
        ((folder / DIGEST).stat().st_ino, False),
        (folder.stat().st_ino, True),
    ]


def test_what_another_process_has_stored_is_brought_to_the_disk_once(
    blobs, folder, monkeypatch
):
    Blobs(folder, "night.journal", sync=False).store(DATA)  # and was killed
    seen = []
    monkeypatch.setattr(os, "fsync", lambda it: seen.append(os.fstat(it).st_ino))
    assert (blobs.store(DATA), blobs.store(DATA)) == (DIGEST, DIGEST)
    assert seen == [(folder / DIGEST).stat().st_ino, folder.stat().st_ino]


def test_without_sync_nothing_is_brought_to_the_disk(folder, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", seen.append)
    blobs = Blobs(folder, "night.journal", sync=False)
    assert (blobs.load(blobs.store(DATA)), blobs.store(DATA), seen) == (DATA, DIGEST, [])


def test_a_full_disk_leaves_nothing(blobs, folder, monkeypatch):
    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalError) as caught:
        blobs.store(DATA)
    assert str(caught.value) == (
        f"the journal 'night.journal' can't store a result of 14 bytes in '{folder}' (no space "
        "left on device): check that folder, and run again: what was recorded before is safe"
    )
    assert list(folder.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_an_error(blobs, folder):
    folder.touch()
    with pytest.raises(
        JournalError, match=r"can't store a result of 14 bytes .*not a directory"
    ):
        blobs.store(DATA)


def test_what_a_crash_has_left_is_deleted(blobs, folder):
    blobs.store(DATA)
    (folder / f"{'0' * 64}.part").write_bytes(b"half")
    (folder / "of somebody.part").mkdir()
    blobs.tidy()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [DIGEST, "of somebody.part"]
    )
