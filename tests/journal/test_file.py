"""A journal that is open for writing: who may write, and what a failure leaves behind."""

from __future__ import annotations

import dataclasses
import errno
import gc
import os
import signal
import stat
import weakref

import pytest

from asynciojobs._errors import JournalError
from asynciojobs._journal import disk, locks
from asynciojobs._journal import file as journal_file
from asynciojobs._journal.reading import read_header, read_records
from asynciojobs._journal.records import Header, JournalRecord, encode, encode_header

HEADER = Header("0123456789abcdef", "night", "json")
FIRST, SECOND = (JournalRecord("run", run=number) for number in (1, 2))

HOLD = """
import sys
from asynciojobs._journal.file import open_journal
file = open_journal(sys.argv[1], print)
print("open", flush=True)
sys.stdin.read()
"""


def failing(number):
    """Return a function that fails as the system does."""

    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.fixture
def synced(monkeypatch):
    """The files and folders that were synced, by their inodes."""
    found = []
    fsync = os.fsync

    def note(descriptor):
        found.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return found


# -- opening


def test_a_new_journal_is_for_its_owner_only(path, opening):
    opening()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_mode_of_an_existing_file_is_kept(path, opening):
    path.touch(0o640)
    path.chmod(0o640)
    opening()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_journal_has_its_header_once_it_has_begun(path, opening):
    file, found = opening()
    assert (file.header, found) == (None, [])
    file.begin(HEADER)
    assert (file.header, read_header(path)) == (HEADER, HEADER)


def test_a_new_journal_is_on_the_disk_with_its_name(path, opening, synced):
    opening()[0].begin(HEADER)
    assert synced == [path.stat().st_ino, path.parent.stat().st_ino]


def test_without_sync_nothing_is_brought_to_the_disk(path, opening, synced, lines):
    path.write_bytes(lines[0])
    opening(sync=False)[0].write(lines[1])
    opening(path.with_name("new"), sync=False)[0].begin(HEADER)
    assert synced == []


def test_what_is_read_is_on_the_disk_before_anybody_builds_on_it(path, opening, synced, lines):
    # another process wrote it, and was killed before its fsync
    path.write_bytes(b"".join(lines))
    opening()
    assert synced == [path.stat().st_ino]


def test_a_symbolic_link_leads_to_the_journal(path, opening, lines, records):
    path.write_bytes(b"".join(lines))
    link = path.with_name("link")
    link.symlink_to(path)
    file, found = opening(link)
    assert found == records
    digest = file.blobs.store(b"large")
    assert (path.with_name(f"{path.name}.d") / digest).exists()


def test_a_relative_path_is_that_of_the_beginning(path, opening, monkeypatch, records, lines):
    monkeypatch.chdir(path.parent)
    path.write_bytes(b"".join(lines))
    file, found = opening("night.journal")
    monkeypatch.chdir("/")
    assert file.result_of(found[2].light()) == records[2].result


def test_without_create_there_must_be_a_file(path, opening):
    with pytest.raises(
        JournalError,
        match=f"^the journal '{path}' does not exist: check the path, or begin a new one, "
        "without resume=True$",
    ):
        opening(create=False)
    assert not path.exists()


def test_without_create_a_file_is_opened(path, opening, lines):
    path.write_bytes(lines[0])
    assert opening(create=False)[0].header == HEADER


def test_the_folder_must_exist(path, opening):
    path = path / "deeper"
    with pytest.raises(
        JournalError,
        match=f"^the journal '{path}' is in a folder that does not exist: make the folder "
        "first$",
    ):
        opening(path)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EMFILE])
def test_a_file_that_can_t_be_opened_for_writing_is_refused(path, opening, monkeypatch, number):
    path.touch()
    monkeypatch.setattr(os, "open", failing(number))
    text = os.strerror(number)
    with pytest.raises(JournalError) as caught:
        opening()
    assert str(caught.value) == (
        f"the journal '{path}' can't be opened for writing ({text[0].lower()}{text[1:]}): "
        "check the permissions of the file and its folder; to look into it, Journal.read() is "
        "enough"
    )


def lowest_descriptor():
    """Return the number that the next open file gets; it shows whether one was left open."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_while_it_is_read_gives_up_the_lock(path, opening, lines, records, kind):
    path.write_bytes(b"".join(lines))

    def refuse(_):
        raise kind

    before = lowest_descriptor()
    with pytest.raises(kind) as caught:
        journal_file.open_journal(path, refuse)
    assert (lowest_descriptor(), list(path.parent.iterdir())) == (before, [path])
    assert opening()[1] == records
    assert caught.value.__traceback__ is not None  # it holds all that was being made


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_refused_lock_leaves_no_open_file(path, opening, monkeypatch, kind):
    def refuse(*_):
        raise kind

    before = lowest_descriptor()
    with monkeypatch.context() as patch:
        patch.setattr(locks.fcntl, "flock", refuse)
        with pytest.raises((JournalError, KeyboardInterrupt)):
            opening()
    assert lowest_descriptor() == before


# -- the lock


def test_the_same_journal_twice_is_refused(path, opening):
    opening()
    with pytest.raises(
        JournalError,
        match=f"^the journal '{path}' is open in this program already: use that Journal "
        "object, or close it first$",
    ):
        opening()


@pytest.mark.parametrize("make", [os.link, os.symlink])
def test_the_same_journal_by_another_name_is_refused(path, opening, make):
    opening()
    other = path.with_name("other")
    make(path, other)
    with pytest.raises(JournalError, match="is open in this program already"):
        opening(other)


def test_a_second_process_is_refused_by_the_number_of_the_first(path, opening, program):
    holder = program(HOLD, path)
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(
        JournalError,
        match=f"^the journal '{path}' is in use by the process {holder.pid}: wait until it has "
        "ended, or give this run a journal of its own$",
    ):
        opening()


def test_a_second_process_is_refused_if_the_first_is_not_known(path, opening, program):
    holder = program(HOLD, path)
    holder.stdout.readline()
    path.with_name("night.journal.pid").write_text("?")
    with pytest.raises(JournalError, match=f"^the journal '{path}' is in use by another proce"):
        opening()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_goes_with_the_process(path, opening, program, end):
    holder = program(HOLD, path)
    holder.stdout.readline()
    holder.send_signal(end)
    holder.wait()
    assert opening()[1] == []


def test_closing_gives_up_the_lock(path, opening):
    opening()[0].close()
    assert sorted(path.parent.iterdir()) == [path]
    opening()


def test_closing_twice_is_closing_once(path, opening):
    file, _ = opening()
    file.close()
    other, _ = opening()
    file.close()
    other.begin(HEADER)
    assert read_header(path) == HEADER


def test_a_journal_that_is_dropped_gives_up_the_lock(path, opening):
    journal_file.open_journal(path, print)
    gc.collect()
    assert opening()[0].header is None


def test_reading_does_not_give_up_the_lock(path, opening, lines):
    path.write_bytes(b"".join(lines))
    opening()
    list(read_records(path))
    with pytest.raises(JournalError, match="is open in this program already"):
        opening()


def test_a_disk_without_locks_is_refused(path, opening, monkeypatch):
    monkeypatch.setattr(locks.fcntl, "flock", failing(errno.ENOLCK))
    with pytest.raises(
        JournalError,
        match=rf"^the journal '{path}' can't be locked \(no locks available\): put it on a "
        "disk of this machine: its file system has no locks$",
    ):
        opening()


def test_a_folder_that_takes_no_note_of_the_holder_is_no_error(path, opening):
    path.with_name("night.journal.pid").mkdir()
    file, _ = opening()
    file.close()
    assert opening()[1] == []


# -- a forked child

FORK = """
import os, sys
from asynciojobs._journal.file import open_journal
from asynciojobs._journal.records import JournalRecord, encode
file = open_journal(sys.argv[1], repr)
child = os.fork()
if child == 0:
    try:
        file.write(encode(JournalRecord("run", run=9)))
    except Exception as error:
        file.close()
        os.write(1, b"%d %s\\n" % (os.getpid(), str(error).encode()))
    sys.stdin.read()
    sys.exit()
os.waitpid(child, 0)
file.write(encode(JournalRecord("run", run=1)))
"""


def test_a_forked_child_may_not_write(path, program, lines, records):
    path.write_bytes(b"".join(lines))
    parent = program(FORK, path)
    _, _, message = parent.communicate()[0].partition(" ")
    assert message == (
        f"the journal '{path}' belongs to the process that this one was forked from: write it "
        "there, or open another journal here\n"
    )
    assert (parent.returncode, list(read_records(path))) == (0, [*records, FIRST])


def test_a_forked_child_does_not_keep_the_lock(path, program, opening):
    parent = program(FORK, path)
    child = int(parent.stdout.readline().partition(" ")[0])
    parent.kill()
    parent.wait()
    os.kill(child, 0)  # it is alive
    try:
        assert opening()[0].header is None
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_child_leaves_all_journals_alone(path, opening):
    # what happens after a fork, but without one
    file, _ = opening()
    dropped = opening(path.with_name("closed"))[0]
    dropped.close()
    journal_file.open_files[0, 0] = weakref.ref(set())  # a file that was just dropped
    journal_file.abandon_all()
    journal_file.abandon_all()
    file.abandon()
    file.close()
    with pytest.raises(JournalError, match="belongs to the process that this one was forked"):
        file.check_usable()
    assert (file.is_abandoned, dropped.is_abandoned) == (True, False)


# -- failures


def test_a_closed_journal_takes_nothing(path, opening):
    file, _ = opening()
    file.close()
    with pytest.raises(JournalError, match=f"^the journal '{path}' is closed: open it again$"):
        file.write(b"")


@pytest.fixture
def file(opening):
    file, _ = opening()
    file.begin(HEADER)
    file.write(encode(FIRST))
    file.sync()
    return file


def fill_up(monkeypatch, room):
    """Let the disk take only so many more bytes."""
    write = os.write
    left = [room]

    def limited(descriptor, data):
        if not left[0]:
            failing(errno.ENOSPC)()
        done = write(descriptor, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", limited)


@pytest.mark.parametrize("room", [0, 1, 30])
def test_a_full_disk_leaves_what_was_recorded(path, file, monkeypatch, room):
    fill_up(monkeypatch, room)
    with pytest.raises(
        JournalError,
        match=rf"^the journal '{path}' can't be written \(no space left on device\): check "
        "the disk, and run again: what was recorded before is safe$",
    ):
        file.write(encode(SECOND))
    assert path.read_bytes() == encode_header(HEADER) + encode(FIRST)


def test_after_a_full_disk_it_goes_on_when_there_is_room(path, file, monkeypatch):
    with monkeypatch.context() as patch:
        fill_up(patch, 5)
        with pytest.raises(JournalError):
            file.write(encode(SECOND))
    file.write(encode(SECOND))
    assert path.read_bytes() == encode_header(HEADER) + encode(FIRST) + encode(SECOND)


FILL = """
import resource, sys
from asynciojobs._errors import JournalError
from asynciojobs._journal.file import open_journal
from asynciojobs._journal.records import Header, JournalRecord, encode
file = open_journal(sys.argv[1], print)
file.begin(Header("i", "night", "json"))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    for number in range(1000):
        file.write(encode(JournalRecord("run", run=number)))
except JournalError as error:
    print(number, error, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
"""


def test_a_real_limit_leaves_what_was_recorded(path, program):
    number, _, message = program(FILL, path).communicate()[0].strip().partition(" ")
    assert message == (
        f"the journal '{path}' can't be written (file too large): check the disk, and run "
        "again: what was recorded before is safe"
    )
    expected = [JournalRecord("run", run=n) for n in range(int(number))]
    assert (len(expected) > 3, list(read_records(path))) == (True, expected)


def test_an_interrupted_write_is_taken_back(path, file, monkeypatch):
    write = os.write

    def interrupted(descriptor, data):
        write(descriptor, data[:4])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            file.write(encode(SECOND))
    file.write(encode(SECOND))
    assert path.read_bytes() == encode_header(HEADER) + encode(FIRST) + encode(SECOND)


def test_after_a_failed_fsync_nothing_is_written(path, file, monkeypatch):
    file.write(encode(SECOND))
    message = (
        rf"^the journal '{path}' can't be synced to its disk \(input/output error\): check "
        "the disk, and run again: what was recorded before is safe$"
    )
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(errno.EIO))
        with pytest.raises(JournalError, match=message):
            file.sync()
    # the next fsync would report success
    for again in (file.sync, file.check_usable, lambda: file.write(encode(SECOND))):
        with pytest.raises(JournalError, match=message):
            again()
    # nobody knows which of it is on the disk
    assert list(read_records(path)) == [FIRST]


def test_after_a_failed_fsync_what_was_read_is_left(path, lines, opening, monkeypatch):
    path.write_bytes(b"".join(lines))
    file, _ = opening()
    file.write(encode(SECOND))
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(JournalError, match="can't be synced to its disk"):
        file.sync()
    assert path.read_bytes() == b"".join(lines)


def test_a_write_that_can_t_be_taken_back_is_the_last_one(path, file, monkeypatch, opening):
    with monkeypatch.context() as patch:
        fill_up(patch, 5)
        patch.setattr(os, "ftruncate", failing(errno.EIO))
        with pytest.raises(JournalError, match="can't be written"):
            file.write(encode(SECOND))
    with pytest.raises(
        JournalError,
        match=rf"^the journal '{path}' can't be cut after a write that failed \(input/output "
        "error",
    ):
        file.write(encode(SECOND))
    file.close()
    assert opening()[1] == [FIRST]


def test_a_header_that_can_t_be_written_leaves_a_new_journal(path, opening, monkeypatch):
    file, _ = opening()
    with monkeypatch.context() as patch:
        fill_up(patch, 7)
        with pytest.raises(JournalError, match="can't be written"):
            file.begin(HEADER)
    assert (file.header, path.read_bytes()) == (None, b"")


def test_a_folder_that_can_t_be_synced_is_an_error(path, opening, monkeypatch):
    file, _ = opening()
    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "sync_folder", failing(errno.EIO))
        with pytest.raises(
            JournalError,
            match=rf"^the journal '{path}' can't be synced to its disk \(input/output error",
        ):
            file.begin(HEADER)
    assert (file.header, path.read_bytes()) == (None, b"")
    file.begin(HEADER)
    assert read_header(path) == HEADER


def test_a_file_that_can_t_be_read_is_not_opened(path, lines, opening):
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=r"can't be read \(bad file descriptor\)"):
        # a fork during the reading closes the file in the child
        journal_file.open_journal(path, lambda _: journal_file.abandon_all())
    assert opening()[0].header == HEADER


def test_a_file_that_can_t_be_synced_is_not_opened(path, lines, opening, monkeypatch):
    path.write_bytes(lines[0])
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(JournalError, match=r"can't be synced to its disk \(input/output error"):
        opening()


def test_a_torn_tail_that_can_t_be_cut_is_an_error(path, lines, opening, monkeypatch):
    path.write_bytes(lines[0] + b"00")
    monkeypatch.setattr(os, "ftruncate", failing(errno.EPERM))
    with pytest.raises(
        JournalError,
        match=r"can't be cut off where a crash left it \(operation not permitted\)",
    ):
        opening()


def test_a_file_system_without_fsync_of_folders_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL))
    disk.sync_folder(tmp_path)


def test_another_failure_of_a_folder_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        disk.sync_folder(tmp_path)


# -- results


def test_a_result_is_read_from_its_line_when_it_is_asked_for(path, lines, opening):
    path.write_bytes(b"".join(lines))
    file, found = opening()
    assert [file.result_of(record) for record in found] == [None, None, b'["x"]']
    assert [file.result_of(record.light()) for record in found] == [None, None, b'["x"]']
    assert [file.has_result(record.light()) for record in found] == [False, False, True]


def test_a_record_that_was_not_read_has_only_its_own_result(file):
    assert file.result_of(JournalRecord("done", ("a",), result=b"1")) == b"1"
    assert file.result_of(JournalRecord("done", ("a",))) is None


def test_a_large_result_is_on_the_disk_as_the_journal_is(file, synced, opening, path):
    digest = file.blobs.store(b"large")
    assert (path.with_name("night.journal.d") / digest).stat().st_ino in synced
    synced.clear()
    opening(path.with_name("other"), sync=False)[0].blobs.store(b"large")
    assert synced == []


def test_opening_deletes_what_a_crash_has_left_of_a_large_result(path, opening):
    folder = path.with_name("night.journal.d")
    folder.mkdir()
    (folder / "0123.part").touch()
    opening()
    assert list(folder.iterdir()) == []


def test_a_large_result_is_read_from_its_file(file):
    record = JournalRecord("done", ("a",), blob=file.blobs.store(b"large"))
    assert (file.result_of(record), file.has_result(record)) == (b"large", True)


def test_a_result_whose_line_was_changed_is_none(path, lines, opening):
    path.write_bytes(b"".join(lines))
    file, found = opening()
    path.write_bytes(b"".join(lines[:-1]) + b"?" * len(lines[-1]))
    assert file.result_of(found[2].light()) is None


def test_a_result_in_the_line_of_another_record_is_none(path, lines, opening):
    path.write_bytes(b"".join(lines))
    file, found = opening()
    other = dataclasses.replace(found[2], key=("other",))
    assert file.result_of(other.light()) is None


def test_a_result_whose_file_is_gone_is_none(path, lines, opening):
    path.write_bytes(b"".join(lines))
    file, found = opening()
    path.unlink()
    assert (file.result_of(found[2].light()), file.has_result(found[2].light())) == (
        None,
        False,
    )
