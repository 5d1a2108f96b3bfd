"""`crash_at()`: ends a run like a crash, at a chosen record of its journal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from asynciojobs._blocks import Block
from asynciojobs.journal import Store, use_store

__all__ = ["Crash", "crash_at"]


class Crash(BaseException):
    """Raised by `crash_at()`. No job and no ``except Exception`` should catch it."""


class crash_at:  # noqa: N801 - it is used like a function
    """Make a run with a journal crash: nothing is recorded after its n-th record.

    At that point, `run()` raises `Crash` in the block. After the block, run the scheduler again
    with the same journal, to see that it can be resumed there. If the run has fewer records, it
    ends as usual, and `happened` is false. So a loop over n can end after the last record.

    Args:
        records: how many records are written before the crash.
        torn: whether half of the next record is written, as if the crash came in the middle.

    Attributes:
        happened: whether the crash has come.

    Example:
        >>> import tempfile
        >>> from asynciojobs import Job, Journal, PureScheduler
        >>> async def work():
        ...     return 42
        >>> def run(path):
        ...     job = Job(work, label="work")
        ...     with Journal(path) as journal:
        ...         return PureScheduler(job).run(journal=journal), job.result()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with crash_at(2) as crash:
        ...         try:
        ...             run(f"{folder}/journal")
        ...         except Crash:
        ...             print("crashed")
        ...     print(run(f"{folder}/journal"), crash.happened)
        crashed
        (True, 42) True
    """

    def __init__(self, records: int, *, torn: bool = False) -> None:
        if records < 0:
            raise ValueError(f"a crash comes after 0 records or more, not {records!r}")
        self.happened: bool = False
        self._left = records
        self._torn = torn
        self._block: Block[None] = use_store(lambda store: Crashing(store, self))

    def __enter__(self) -> Self:
        self._block.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._block.__exit__(exc_type, exc_value, traceback)

    def write(self, store: Store, data: bytes) -> None:
        """Write the records before the crash.

        Raises:
            Crash: the crash comes now.
        """
        lines = data.splitlines(keepends=True)
        whole, rest = lines[: self._left], lines[self._left :]
        self._left -= len(whole)
        if not rest and not self.happened:
            store.write(data)
            return
        self.happened = True
        half = rest[0][: len(rest[0]) // 2] if rest and self._torn else b""
        store.write(b"".join([*whole, half]))
        store.sync()
        raise Crash


class Crashing:
    """A store that ends in a crash.

    Args:
        store: the store to write to before the crash.
        crash: decides when the crash comes.
    """

    def __init__(self, store: Store, crash: crash_at) -> None:
        self._store = store
        self._crash = crash

    def write(self, data: bytes) -> None:
        """Append one or more whole lines."""
        self._crash.write(self._store, data)

    def sync(self) -> None:
        """Wait until everything written is on the disk."""
        self._store.sync()
