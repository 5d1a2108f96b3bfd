"""`RealWork`: what a loop waits for that takes real time."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["RealWork", "plural"]


class RealWork:
    """The threads and subprocesses that a loop has started, and not seen the end of."""

    def __init__(self) -> None:
        self._threads: set[asyncio.Future[Any]] = set()  # some may be done
        self._processes: set[asyncio.SubprocessTransport] = set()  # some may have ended

    def add_thread(self, thread: asyncio.Future[Any]) -> None:
        """Take note of a thread; its future is done at its end, or when nobody awaits it."""
        self._threads.add(thread)

    def add_process(self, process: asyncio.SubprocessTransport) -> None:
        """Take note of a subprocess."""
        self._processes.add(process)

    def in_flight(self) -> list[str]:
        """Return what goes on, as texts such as ``1 thread``."""
        if not (self._threads or self._processes):
            return []
        self._threads = {it for it in self._threads if not it.done()}
        self._processes = {it for it in self._processes if it.get_returncode() is None}
        counts = ((len(self._threads), "thread"), (len(self._processes), "subprocess"))
        return [plural(count, noun) for count, noun in counts if count]


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}es" if noun.endswith("s") else f"{count} {noun}s"
