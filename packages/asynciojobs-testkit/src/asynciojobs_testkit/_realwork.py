"""`RealWork`: what a loop waits for that takes real time."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["RealWork", "plural"]


class RealWork:
    """The threads, subprocesses and calls that a loop has started, and not seen the end of."""

    def __init__(self) -> None:
        self._threads: set[asyncio.Future[Any]] = set()  # some may be done
        self._processes: set[asyncio.SubprocessTransport] = set()  # some may have ended
        self._calls: set[asyncio.Future[Any]] = set()  # some may be done

    def add_thread(self, thread: asyncio.Future[Any]) -> None:
        """Take note of a thread; its future is done at its end, or when nobody awaits it."""
        self._threads.add(thread)

    def add_process(self, process: asyncio.SubprocessTransport) -> None:
        """Take note of a subprocess."""
        self._processes.add(process)

    def add_call(self, call: asyncio.Future[Any]) -> None:
        """Take note of a call by an executor; its future is done as that of a thread is."""
        self._calls.add(call)

    def in_flight(self) -> list[str]:
        """Return what goes on, as texts such as ``1 thread``."""
        if not (self._threads or self._processes or self._calls):
            return []
        self._threads = {it for it in self._threads if not it.done()}
        self._processes = {it for it in self._processes if it.get_returncode() is None}
        self._calls = {it for it in self._calls if not it.done()}
        counts = (
            (len(self._threads), "thread"),
            (len(self._processes), "subprocess"),
            (len(self._calls), "executor call"),
        )
        return [plural(count, noun) for count, noun in counts if count]


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}es" if noun.endswith("s") else f"{count} {noun}s"
