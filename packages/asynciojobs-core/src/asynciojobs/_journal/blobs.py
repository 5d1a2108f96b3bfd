"""Large results: each in a file of its own, named by the digest of its content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from .._errors import JournalError
from .disk import BINARY, PRIVATE, sync_file, sync_folder, why, write_all

__all__ = ["Blobs"]

DIGEST = re.compile(r"[0-9a-f]{64}")

PART = ".part"
"""The suffix of a file that is not complete yet."""


class Blobs:
    """The folder with the large results of a journal. It is made when first needed.

    Args:
        folder: the folder.
        journal: the path of the journal, for messages.
        sync: whether stored results survive a power loss.
    """

    def __init__(self, folder: Path, journal: object, *, sync: bool) -> None:
        self._folder = folder
        self._journal = journal
        self._sync = sync
        self._safe: set[str] = set()  # digests of results known to be on the disk

    def store(self, data: bytes) -> str:
        """Store a result, and return its SHA-256 in hexadecimal digits.

        The file gets its name only when all of it is on the disk, so it is never half a result.

        Raises:
            JournalError: the disk is full, or the file can't be written for another reason.
        """
        digest = hashlib.sha256(data).hexdigest()
        try:
            if self.is_whole(digest):
                self._secure(digest)
            else:
                self._make_folder()
                self._write(digest, data)
        except OSError as error:
            raise JournalError(
                self._journal,
                f"can't store a result of {len(data)} bytes in {str(self._folder)!r} "
                f"({why(error)})",
                "check that folder, and run again: what was recorded before is safe",
            ) from error
        return digest

    def load(self, digest: str) -> bytes | None:
        """Return a result; ``None`` if it is missing, or differs from what was stored."""
        if DIGEST.fullmatch(digest) is None:
            return None
        try:
            data = (self._folder / digest).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def is_whole(self, digest: str) -> bool:
        """Return whether a result is there and unchanged. This reads the whole file."""
        if DIGEST.fullmatch(digest) is None:
            return False
        try:
            with (self._folder / digest).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == digest
        except OSError:
            return False

    def tidy(self) -> None:
        """Delete half-written files that a crash left. Only the lock's owner may call this."""
        for part in self._folder.glob(f"*{PART}"):
            with contextlib.suppress(OSError):
                part.unlink()

    def _make_folder(self) -> None:
        with contextlib.suppress(FileExistsError):
            self._folder.mkdir(mode=0o700)
            if self._sync:
                sync_folder(self._folder.parent)

    def _write(self, digest: str, data: bytes) -> None:
        part = self._folder / f"{digest}{PART}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, PRIVATE)
        try:
            try:
                write_all(descriptor, data)
                if self._sync:
                    sync_file(descriptor)
            finally:
                os.close(descriptor)
            part.replace(self._folder / digest)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        if self._sync:
            sync_folder(self._folder)
        self._safe.add(digest)

    def _secure(self, digest: str) -> None:
        """Sync a result found on the disk: its writer may have been killed before the sync."""
        if not self._sync or digest in self._safe:
            return
        with (self._folder / digest).open("r+b") as file:  # Windows needs write access
            sync_file(file.fileno())
        sync_folder(self._folder)
        self._safe.add(digest)
