"""`JournalFile`: a journal that is open for writing.

Each line is either whole on the disk, or not there: a write that fails is taken back. After a
failed fsync, nobody knows what is on the disk: Linux drops the data, and the next fsync reports
success. So everything that was not synced before is taken back, and nothing more is written.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path

from .. import _log
from .._errors import JournalError
from .blobs import Blobs
from .disk import BINARY, PRIVATE, sync_file, sync_folder, why, write_all
from .locks import Holder, lock
from .reading import BUFFER, Reading, check_is_file, damaged
from .records import Header, JournalRecord, decode, encode_header

__all__ = ["JournalFile", "open_journal"]

FLAGS = os.O_RDWR | os.O_APPEND | BINARY


def open_journal(
    path: str | os.PathLike[str],
    take: Callable[[JournalRecord], object],
    *,
    create: bool = True,
    sync: bool = True,
) -> JournalFile:
    """Open a journal, lock it, read it, and cut off what a crash left at its end.

    Args:
        path: the file. If there is none, it is made, readable only by its owner.
        take: called with each record, in order.
        create: ``False`` refuses a file that does not exist.
        sync: whether what is written survives a power loss.

    Raises:
        JournalError: it is open elsewhere, is not a journal, has a newer version, is damaged
            before its end, or can't be written.
    """
    descriptor = opened(path, create=create)
    try:
        holder = Holder(Path(os.path.realpath(path)))
        inode = inode_of(descriptor)
        lock(descriptor, path, holder, is_ours=inode in open_files)
    except BaseException:
        os.close(descriptor)
        raise
    # From here on, a forked child closes its copy of the file; see abandon_all().
    file = JournalFile(path, descriptor, holder, sync=sync)
    open_files[inode] = weakref.ref(file)
    try:
        file.read(take)
    except BaseException:
        file.close()
        raise
    return file


def opened(path: str | os.PathLike[str], *, create: bool) -> int:
    """Open a file for reading and writing.

    Raises:
        JournalError: it can't be opened.
    """
    try:
        try:
            check_is_file(Path(path), path)
        except FileNotFoundError:
            if not create:
                raise
            return os.open(path, FLAGS | os.O_CREAT, PRIVATE)
        return os.open(path, FLAGS)
    except FileNotFoundError:
        if create:
            raise JournalError(
                path, "is in a folder that does not exist", "make the folder first"
            ) from None
        raise JournalError(
            path, "does not exist", "check the path, or begin a new one, without resume=True"
        ) from None
    except OSError as error:
        raise JournalError(
            path,
            f"can't be opened for writing ({why(error)})",
            "check the permissions of the file and its folder; to look into it, Journal.read() "
            "is enough",
        ) from error


class JournalFile:
    """A journal that this process has open, with its lock; see `open_journal()`.

    Its methods block. Any thread may call them, but only one at a time.

    Args:
        path: the file, as it was given.
        descriptor: the open file, locked.
        holder: the note that says who has the lock.
        sync: whether what is written survives a power loss.

    Attributes:
        path: the file, as it was given.
        header: the first line; ``None`` in a new journal, until `begin()`.
        blobs: the large results beside it.
        is_abandoned: whether this is a forked child, to which the journal does not belong.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        descriptor: int,
        holder: Holder,
        *,
        sync: bool,
    ) -> None:
        self.path: Path = Path(path)
        self.header: Header | None = None
        self.is_abandoned: bool = False
        self._file = Path(os.path.realpath(path))  # so that a link leads to the same blobs
        self._sync = sync
        self._descriptor = descriptor
        self._end = 0  # where the last whole line ends (bytes)
        self._safe = 0  # everything before it is on the disk (bytes); not more than `_end`
        self._refusal: JournalError | None = None  # why nothing more may be written
        self.blobs: Blobs = Blobs(self._file.with_name(f"{self._file.name}.d"), path, sync=sync)
        self._release = weakref.finalize(self, release, descriptor, holder)

    # -- opening

    def read(self, take: Callable[[JournalRecord], object]) -> None:
        """Read all records, once, and make the file ready for more; see `open_journal()`.

        Args:
            take: called with each record.

        Raises:
            JournalError: the file is damaged before its end, or can't be written.
        """
        try:
            with open(self._descriptor, "rb", buffering=BUFFER, closefd=False) as file:
                reading = Reading(file, self.path)
                for record in reading:
                    take(record)
        except OSError as error:
            raise self._failure("can't be read", error) from error
        if reading.damage is not None:
            raise damaged(self.path, reading.damage)
        self.header = reading.header
        self._end = reading.end
        self._cut(reading.size - reading.end)
        self._secure()
        self.blobs.tidy()

    def _cut(self, torn: int) -> None:
        """Cut off the bytes that a crash left after the last whole line."""
        if not torn:
            return
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            raise self._failure("can't be cut off where a crash left it", error) from error
        _log.warn(
            "the journal %r ended in the middle of a record, as after a crash: the last %d "
            "bytes are cut off, and the jobs that they were about run again",
            str(self.path),
            torn,
        )

    def _secure(self) -> None:
        """Sync what was read: its writer may have been killed before its sync."""
        if self._sync and self._end:
            try:
                sync_file(self._descriptor)
            except OSError as error:
                raise self._failure("can't be synced to its disk", error) from error
        self._safe = self._end

    def begin(self, header: Header) -> None:
        """Write the header of a new journal.

        Raises:
            JournalError: the disk is full, or the file can't be written for another reason.
        """
        self.write(encode_header(header))
        if self._sync:
            self.sync()
            try:
                sync_folder(self._file.parent)
            except OSError as error:
                self._take_back(0)
                raise self._failure("can't be synced to its disk", error) from error
        self.header = header

    # -- writing

    def check_usable(self) -> None:
        """Check that this process may write.

        Raises:
            JournalError: the file is closed, an fsync failed, or this is a forked child.
        """
        if self._refusal is not None:
            raise self._refusal

    def write(self, data: bytes) -> None:
        """Append whole lines. If that fails, none of them is in the file.

        Raises:
            JournalError: the write failed, for example because the disk is full; or see
                `check_usable()`.
        """
        self.check_usable()
        try:
            write_all(self._descriptor, data)
            self._end += len(data)
        except BaseException as error:
            self._take_back(self._end)
            if isinstance(error, OSError):
                raise self._failure("can't be written", error) from error
            raise

    def sync(self) -> None:
        """Wait until all that was written is on the disk.

        Raises:
            JournalError: it may not be. Nothing more can be written.
        """
        self.check_usable()
        end = self._end
        try:
            sync_file(self._descriptor)
        except OSError as error:
            self._take_back(self._safe)
            self._refusal = self._failure("can't be synced to its disk", error)
            raise self._refusal from error
        self._safe = end

    def _take_back(self, end: int) -> None:
        """Truncate the file to a length, which is the end of a line (bytes)."""
        self._end = end
        try:
            os.ftruncate(self._descriptor, end)
        except OSError as error:
            self._refusal = self._failure("can't be cut after a write that failed", error)

    def _failure(self, problem: str, error: OSError) -> JournalError:
        return JournalError(
            self.path,
            f"{problem} ({why(error)})",
            "check the disk, and run again: what was recorded before is safe",
        )

    # -- results

    def result_of(self, record: JournalRecord) -> bytes | None:
        """Return the result of a record, wherever it is.

        Args:
            record: a record of this journal, with or without its result; see `light()`.

        Returns:
            ``None`` if there is none, or it differs from what was recorded.
        """
        if record.result is not None:
            return record.result
        if record.blob is not None:
            return self.blobs.load(record.blob)
        return self._inline_result(record)

    def has_result(self, record: JournalRecord) -> bool:
        """Return whether `result_of()` would return a result."""
        if record.blob is not None:
            return self.blobs.is_whole(record.blob)
        return self.result_of(record) is not None

    def _inline_result(self, record: JournalRecord) -> bytes | None:
        if record.place < 0:
            return None
        try:
            with self._file.open("rb") as file:
                file.seek(record.place)
                found = decode(file.readline())
        except OSError:
            return None
        return found.result if found is not None and found.light() == record else None

    # -- the end

    def close(self) -> None:
        """Close the file, and give up the lock. In a forked child this does nothing."""
        if self._release.alive:
            self._refusal = JournalError(self.path, "is closed", "open it again")
            self._release()

    def abandon(self) -> None:
        """Leave the file to the process that forked this one."""
        if self._release.detach() is None:
            return
        self.is_abandoned = True
        self._refusal = JournalError(
            self.path,
            "belongs to the process that this one was forked from",
            "write it there, or open another journal here",
        )
        os.close(self._descriptor)


open_files: dict[tuple[int, int], weakref.ref[JournalFile]] = {}
"""The journals that this process has open, by device and inode."""


def inode_of(descriptor: int) -> tuple[int, int]:
    """Return the device and inode of a file, which all its names share."""
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def release(descriptor: int, holder: Holder) -> None:
    """Give up a lock. Delete the note first, while it can't yet be another process's."""
    open_files.pop(inode_of(descriptor), None)
    holder.forget()
    os.close(descriptor)


def abandon_all() -> None:
    """Close all journals in a forked child; otherwise it would keep their locks."""
    for reference in list(open_files.values()):
        file = reference()
        if file is not None:
            file.abandon()
    open_files.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=abandon_all)
