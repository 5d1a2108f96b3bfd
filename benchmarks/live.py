"""Times runs that somebody watches against the same runs when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import platform
import pty
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median
from typing import TextIO, TypeAlias

from asynciojobs import Job, JobEvent, PureScheduler
from asynciojobs_graph import live

from .rounds import table, turns

Watching: TypeAlias = Callable[[PureScheduler], AbstractContextManager[object]]

JOBS = 10_000
ROUNDS = {10: 9, None: 31}
"""How many rounds there are with a window, and without."""


def terminal() -> TextIO:
    """Return a terminal; what is written to it is read by another process, as in real life."""
    reader, writer = pty.openpty()
    if os.fork() == 0:
        os.close(writer)
        with contextlib.suppress(OSError):  # at the end of this process
            while os.read(reader, 65536):
                pass
        os._exit(0)
    os.close(reader)
    return os.fdopen(writer, "w", encoding="utf-8")


def seconds_of(window: int | None, watching: Watching) -> tuple[float, float]:
    """Return how long a run takes, and its processor time (seconds)."""
    jobs = [Job(asyncio.sleep, 0.001, label=f"job {number}") for number in range(JOBS)]
    scheduler = PureScheduler(*jobs, jobs_window=window)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    with watching(scheduler):
        scheduler.run()
    return time.perf_counter() - wall, time.process_time() - cpu


def compare(window: int | None, kinds: dict[str, Watching]) -> None:
    """Print what each kind of watching adds, as medians of pairs with a run without it."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for name in turns(kinds, ROUNDS[window]):
        seconds[name].append(seconds_of(window, kinds[name]))
    alone = seconds["nobody"]
    usual = median(wall for wall, _ in alone)
    rows = [[f"jobs_window={window}", "ms", "processor, ms", "more, ms", "of the run"]]
    for name, found in seconds.items():
        more = median(mine[1] - other[1] for mine, other in zip(found, alone, strict=True))
        times = [f"{median(column) * 1000:.1f}" for column in zip(*found, strict=True)]
        rows.append([name, *times, f"{more * 1000:+.1f}", f"{more / usual:+.1%}"])
    print("\n".join(table(rows)))


def main() -> None:
    """Measure."""
    print(f"{JOBS} jobs of 1 ms, Python {platform.python_version()}, ", end="")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    screen = terminal()
    kinds: dict[str, Watching] = {
        "nobody": lambda _: contextlib.nullcontext(),
        "an observer": lambda scheduler: scheduler.observe(deque[JobEvent]().append),
        "lines": lambda scheduler: live(scheduler, mode="lines", stream=screen),
        "rows": lambda scheduler: live(scheduler, mode="terminal", stream=screen),
    }
    for window in ROUNDS:
        compare(window, kinds)


if __name__ == "__main__":
    main()
