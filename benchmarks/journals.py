"""Times runs with and without a journal, and how long it takes to read a journal."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from operator import add
from pathlib import Path
from statistics import median
from typing import Any

from asynciojobs import Job, Journal, Scheduler, Sequence
from asynciojobs._journal.records import Header, JournalRecord, encode, encode_header
from benchmarks.rounds import ratios, turns

ROUNDS = 5


class Syncs:
    """Counts calls of `os.fsync()`, and how long they take (seconds)."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._fsync = os.fsync
        os.fsync = self._timed

    def _timed(self, fd: Any) -> None:
        begin = time.perf_counter()
        self._fsync(fd)
        self.seconds += time.perf_counter() - begin
        self.count += 1


def night(count: int, seconds: float, window: int | None = None) -> Scheduler:
    """Return jobs that sleep, in a chain or some at the same time."""
    naps = [Job(asyncio.sleep, seconds, label=f"nap {it}") for it in range(count)]
    jobs = naps if window else [Sequence(*naps)]
    return Scheduler(*jobs, label="night", jobs_window=window)


def seconds_of(function: Callable[[], object]) -> float:
    """Return how long a call takes (seconds)."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def compare(name: str, make: Callable[[], Scheduler], folder: Path, syncs: Syncs) -> None:
    """Print how long a run takes with and without a journal, in turns."""
    plain: list[float] = []
    journaled: list[float] = []
    spent: list[float] = []
    for has_journal in turns((False, True), ROUNDS):
        scheduler, before = make(), syncs.seconds
        if not has_journal:
            plain.append(seconds_of(scheduler.run))
            continue
        with Journal(folder / f"{name} {len(journaled)}") as journal:
            syncs.count = 0
            journaled.append(seconds_of(partial(scheduler.run, journal=journal)))
            spent.append(syncs.seconds - before)
    without_syncs = ratios(journaled, map(add, plain, spent))
    print(
        f"{name:36} {median(plain):6.2f} s   × {ratios(journaled, plain):.2f}   "
        f"× {without_syncs:.2f} of it and its {syncs.count} fsyncs"
    )


def load(folder: Path, count: int) -> None:
    """Print how long it takes to open a journal."""
    path = folder / "large"
    parts = {"function": "lab.measure", "code": "a" * 32, "argument 1": "b" * 32}
    with path.open("wb") as file:
        file.write(encode_header(Header("0" * 32, "night", "json")))
        for it in range(count):
            key = ("night", f"job {it}")
            file.write(encode(JournalRecord("done", key, 1.5, 1, 1.0, parts, b'["x"]')))
    seconds = [seconds_of(lambda: Journal(path).close()) for _ in range(ROUNDS)]
    print(f"read {count} records: {min(seconds):.2f} to {max(seconds):.2f} s")


def main() -> None:
    """Measure."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load", end=" ")
    print(os.getloadavg()[0])
    syncs = Syncs()
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        compare("200 of 10 ms in a chain", lambda: night(200, 0.01), folder, syncs)
        compare("1000 of 50 ms, window 100", lambda: night(1000, 0.05, 100), folder, syncs)
        compare("10000 of 10 ms, window 100", lambda: night(10_000, 0.01, 100), folder, syncs)
        load(folder, 100_000)


if __name__ == "__main__":
    main()
