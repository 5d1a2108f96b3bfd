"""`RealWork`: the work of a loop that takes real time."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from asynciojobs._text import listed

__all__ = ["RealWork", "on_threads", "other_threads", "plural"]

DEFAULT_EXECUTOR = "asyncio_"
"""The prefix of thread names of default executors. A loop knows what these threads do."""


class RealWork:
    """The threads, subprocesses, executor calls and commands that a loop has started."""

    def __init__(self) -> None:
        # Each of these may contain some that have ended; `in_flight()` drops them.
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
        """Return the work in progress, as texts such as ``1 thread``."""
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


def other_threads() -> list[str]:
    """Return the names of threads that may do real work unknown to any loop."""
    here = (threading.current_thread(), threading.main_thread())
    return [
        thread.name
        for thread in threading.enumerate()
        if thread not in here
        and not isinstance(thread, threading._DummyThread)  # was not started by the program
        and not thread.name.startswith(DEFAULT_EXECUTOR)
    ]


def on_threads(names: Sequence[str]) -> str:
    """Return a hint for a waiting run, if there are threads that it may be waiting for."""
    if not names:
        return ""
    subject = "thread" if len(names) == 1 else "threads"
    verb = "is" if len(names) == 1 else "are"
    return (
        f", but {subject} {listed(names, limit=3)} {verb} alive: if the run waits for what "
        f"happens there, wait inside `with clock.external():`"
    )
