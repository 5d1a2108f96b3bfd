"""Times runs with and without a journal, and how long it takes to read a journal."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from asynciojobs import Job, Journal, Scheduler, Sequence
from asynciojobs._journal.records import Header, JournalRecord, encode, encode_header

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


def naps(count: int, seconds: float) -> list[Job[None]]:
    """Return jobs that sleep."""
    return [Job(asyncio.sleep, seconds, label=f"nap {it}") for it in range(count)]


def chain(count: int, seconds: float) -> Scheduler:
    """Return jobs that run one after another."""
    return Scheduler(Sequence(*naps(count, seconds)), label="night")


def window(count: int, seconds: float, size: int) -> Scheduler:
    """Return jobs of which some run at the same time."""
    return Scheduler(*naps(count, seconds), label="night", jobs_window=size)


def seconds_of(function: Callable[[], object]) -> float:
    """Return how long a call takes (seconds)."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def compare(name: str, make: Callable[[], Scheduler], folder: Path, syncs: Syncs) -> None:
    """Print how long a run takes with and without a journal, in turns."""
    plain: list[float] = []
    ratios: list[tuple[float, float, int]] = []
    for number in range(ROUNDS):
        plain.append(seconds_of(make().run))
        with Journal(folder / f"{name} {number}") as journal:
            scheduler, count, before = make(), syncs.count, syncs.seconds
            seconds = seconds_of(lambda: scheduler.run(journal=journal))  # noqa: B023
        spent = syncs.seconds - before
        ratios.append((seconds / plain[-1], seconds / (plain[-1] + spent), syncs.count - count))
    whole, without_syncs, counts = zip(*ratios, strict=True)
    print(
        f"{name:36} {median(plain):6.2f} s   × {median(whole):.2f}   "
        f"× {median(without_syncs):.2f} of it and its {median(counts):.0f} fsyncs"
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
        compare("200 of 10 ms in a chain", lambda: chain(200, 0.01), folder, syncs)
        compare("1000 of 50 ms, window 100", lambda: window(1000, 0.05, 100), folder, syncs)
        compare("10000 of 10 ms, window 100", lambda: window(10_000, 0.01, 100), folder, syncs)
        load(folder, 100_000)


if __name__ == "__main__":
    main()
