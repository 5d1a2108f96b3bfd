"""`RealWork`: the work of a loop that takes real time."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

__all__ = ["RealWork", "plural"]


class RealWork:
    """The threads, subprocesses, executor calls and commands that a loop has started."""

    def __init__(self) -> None:
        # Each set may contain some that have ended; `in_flight()` drops them.
        self._threads: set[asyncio.Future[Any]] = set()
        self._processes: set[asyncio.SubprocessTransport] = set()
        self._calls: dict[asyncio.Future[Any], str] = {}  # each with its kind

    def add_thread(self, thread: asyncio.Future[Any]) -> None:
        """Track a thread until its future is done or cancelled."""
        self._threads.add(thread)

    def add_process(self, process: asyncio.SubprocessTransport) -> None:
        """Track a subprocess until it ends."""
        self._processes.add(process)

    def add_call(self, call: asyncio.Future[Any], kind: str) -> None:
        """Track a call or a command until its future is done or cancelled."""
        self._calls[call] = kind

    def in_flight(self) -> list[str]:
        """Return what is still going on, as texts such as ``1 thread``."""
        if not (self._threads or self._processes or self._calls):
            return []
        self._threads = {it for it in self._threads if not it.done()}
        self._processes = {it for it in self._processes if it.get_returncode() is None}
        self._calls = {it: kind for it, kind in self._calls.items() if not it.done()}
        counts = (
            (len(self._threads), "thread"),
            (len(self._processes), "subprocess"),
            *((count, kind) for kind, count in Counter(self._calls.values()).items()),
        )
        return [plural(count, noun) for count, noun in counts if count]


def plural(count: int, noun: str) -> str:
    """Return a count and its noun, as in ``1 thread`` and ``2 threads``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}es" if noun.endswith("s") else f"{count} {noun}s"
