"""`Writer`: records on their way from the event loop to the disk.

Records appended in one turn of the loop are handed to a thread at the end of the turn. The
thread takes everything that came while it was busy, writes it at once, and syncs once. So jobs
that end together share one fsync, and the loop never waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from .._blocks import Block, Setting
from .file import JournalFile
from .records import JournalRecord, encode
from .worker import Worker

__all__ = ["INLINE", "Store", "Writer", "use_store"]

INLINE = 1_048_576
"""A result up to this size is written into its record (bytes)."""


class Store(Protocol):
    """What a `Writer` writes to: a `JournalFile`, or a test's replacement for it."""

    def write(self, data: bytes) -> None:
        """Append one or more whole lines."""
        ...

    def sync(self) -> None:
        """Wait until all that was written is on the disk."""
        ...


Wrapper: TypeAlias = Callable[[Store], Store]

stores = Setting[Wrapper | None]("asynciojobs journal store", None)


def use_store(wrap: Wrapper) -> Block[None]:
    """Make the runs in a block write to something other than the journal's file.

    This is for tests: the replacement can fail, or stop in the middle of a write, as in a
    crash. Like other settings, it applies to the thread that enters the block.

    Args:
        wrap: called with the file at the start of a run; returns the object to write to.
            Whatever that object raises ends the run.
    """
    return stores.block(wrap)


class Item(NamedTuple):
    """A record on its way.

    Attributes:
        record: the record; ``None`` for a marker after the records appended so far.
        when_safe: called when the record is safe. A marker's is called even if writing failed.
    """

    record: JournalRecord | None
    when_safe: Callable[[], object] | None


class Writer:
    """Writes the records of one run. It is made in the event loop of that run.

    Call its methods in the thread of that loop. Only `close()` blocks. On the fake clock of the
    testkit, and where there are no threads, it writes in the loop.

    Args:
        file: the journal.
        on_error: called in the loop with the first failure, once. After that, nothing more is
            written, and no `when_safe` is called.
        sync: whether to wait for the disk.
        inline: longer results are written to files of their own (bytes).

    Attributes:
        error: the failure; ``None`` if there is none.

    Raises:
        RuntimeError: no event loop is running.
    """

    def __init__(
        self,
        file: JournalFile,
        on_error: Callable[[BaseException], object],
        *,
        sync: bool = True,
        inline: int = INLINE,
    ) -> None:
        self.error: BaseException | None = None
        self._file = file
        self._store = (stores.get() or as_it_is)(file)
        self._on_error = on_error
        self._sync = sync
        self._inline = inline
        self._loop = asyncio.get_running_loop()
        # Callbacks must not see the context of whichever job ended.
        self._context = contextvars.copy_context()
        self._turn: list[Item] = []  # appended in this turn of the loop, not handed over yet
        self._worker = Worker(self._commit)
        # The fake clock of the testkit has this method. It would wait for a thread in real
        # time, and the thread would do its work in a different order each time.
        self._has_thread = not hasattr(self._loop, "note_real_work")

    # -- in the loop

    def append(
        self, record: JournalRecord, when_safe: Callable[[], object] | None = None
    ) -> None:
        """Write a record soon.

        Args:
            record: the record, with its result of any size.
            when_safe: called in the loop once the record is on the disk. For a ``started``
                record, it is enough that it is written.

        Raises:
            JournalError: the journal is closed, or this is a forked child.
        """
        if self.error is None:
            self._file.check_usable()
            self._put(Item(record, when_safe))

    async def drain(self) -> None:
        """Wait until all appended records are safe. Cancelling it only ends the wait.

        Raises:
            BaseException: the failure, if writing failed.
        """
        safe = self._loop.create_future()
        self._put(Item(None, functools.partial(settle, safe)))
        await safe
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Write the remaining records, and wait for the thread to end. It may be called twice.

        It may also be called in another thread, if the loop is lost. It never raises: see
        `error`. In a forked child it does nothing.
        """
        if self._file.is_abandoned:  # a fork copies neither the thread nor its locks
            return
        self._hand_over()
        self._worker.close()

    def _put(self, item: Item) -> None:
        if not self._turn:
            self._loop.call_soon(self._hand_over, context=self._context)
        self._turn.append(item)

    def _hand_over(self) -> None:
        """Give the records of this turn to the thread; without threads, write them here."""
        items, self._turn = self._turn, []
        if not items:
            return
        if self._has_thread:
            try:
                self._worker.put(items)
            except RuntimeError:  # no thread can be started
                self._has_thread = False
            else:
                return
        self._commit(items)

    # -- in the thread

    def _commit(self, items: Sequence[Item]) -> None:
        """Write some records, and notify the loop."""
        if self.error is None:
            try:
                self._write([item.record for item in items if item.record is not None])
            except BaseException as error:  # noqa: BLE001 - the run ends with it
                self.error = error
                self._call_in_loop([functools.partial(self._on_error, error)])
        self._call_in_loop(
            [
                item.when_safe
                for item in items
                if item.when_safe is not None and (self.error is None or item.record is None)
            ]
        )

    def _write(self, records: Sequence[JournalRecord]) -> None:
        if not records:
            return
        self._store.write(b"".join(encode(self._stored(record)) for record in records))
        if self._sync and any(record.kind != "started" for record in records):
            self._store.sync()

    def _stored(self, record: JournalRecord) -> JournalRecord:
        """Return a record; if its result is large, store that in a file of its own."""
        if record.result is None or len(record.result) <= self._inline:
            return record
        digest = self._file.blobs.store(record.result)
        return dataclasses.replace(record, result=None, blob=digest)

    def _call_in_loop(self, calls: Sequence[Callable[[], object]]) -> None:
        if calls:
            with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
                self._loop.call_soon_threadsafe(self._call, deque(calls), context=self._context)

    def _call(self, calls: deque[Callable[[], object]]) -> None:
        """Call functions one after another. If one raises, call the rest in the next turn."""
        try:
            while calls:
                calls.popleft()()
        finally:
            if calls:
                self._loop.call_soon(self._call, calls, context=self._context)


def settle(waiter: asyncio.Future[None]) -> None:
    """End the wait, unless it was cancelled."""
    if not waiter.done():
        waiter.set_result(None)


def as_it_is(store: Store) -> Store:
    """Return a store, unchanged."""
    return store
