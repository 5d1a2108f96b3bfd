"""`Worker`: a thread that lives while it has work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import Generic, TypeVar

__all__ = ["Worker"]

T = TypeVar("T")

LINGER = 0.1
"""How long the thread waits for more before it ends (seconds).

The interpreter waits for it at exit, at most this long. So the thread is not a daemon, and no
item is lost.
"""


class Worker(Generic[T]):
    """Calls a function with the items put so far, in a thread, one call after another.

    Args:
        work: the function. It must not raise.
    """

    def __init__(self, work: Callable[[Sequence[T]], None]) -> None:
        self._work = work
        self._changed = Condition()  # guards what follows
        self._items: list[T] = []  # put, but not yet taken by the thread
        self._thread: Thread | None = None  # None if the next item needs a new one
        self._is_closed = False

    def put(self, items: Sequence[T]) -> None:
        """Hand some items to the thread, without waiting.

        Raises:
            RuntimeError: no thread can be started, since the platform has none or the
                interpreter is exiting. The items are not taken.
        """
        with self._changed:
            if self._thread is None:
                thread = Thread(target=self._run, name="asynciojobs journal", daemon=False)
                thread.start()
                self._thread = thread
            self._items += items
            self._changed.notify()

    def close(self) -> None:
        """Wait until all items are processed and the thread has ended."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while items := self._next():
            self._work(items)

    def _next(self) -> Sequence[T]:
        """Wait for items and return them; return none when the thread must end."""
        with self._changed:
            while not self._items and not self._is_closed and self._changed.wait(LINGER):
                pass
            items, self._items = self._items, []
            if not items:
                self._thread = None
            return items
