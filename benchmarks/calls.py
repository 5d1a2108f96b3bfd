"""Times calls by a pool of processes: CallJob against the pool's own map(); see README.md."""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import NamedTuple

from asynciojobs import CallJob, Scheduler

OURS, MAP = "CallJob", "map, chunks of 1"

LIMIT = 1.3
"""How much longer than map() with chunks of one call CallJob may take (times)."""


def work(seconds: float) -> float:
    """Compute for a while, as what is worth another process does; it does not sleep."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


def by_map(pool: ProcessPoolExecutor, calls: int, seconds: float, chunk: int) -> None:
    for _ in pool.map(work, [seconds] * calls, chunksize=chunk):
        pass


def by_jobs(pool: ProcessPoolExecutor, calls: int, seconds: float) -> None:
    scheduler = Scheduler(*(CallJob(work, seconds, executor=pool) for _ in range(calls)))
    assert scheduler.run()


class Times(NamedTuple):
    """What a contender took in one round (seconds)."""

    wall: float
    cpu: float
    """Of this process alone, that of the scheduler."""


def timed(function: Callable[[], None]) -> Times:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def rounds_of(
    contenders: Mapping[str, Callable[[], None]], rounds: int
) -> dict[str, list[Times]]:
    """Run all contenders in turns, another one first in each round."""
    times: dict[str, list[Times]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(timed(contenders[name]))
    return times


def report(times: Mapping[str, list[Times]], calls: int) -> Iterator[str]:
    """Yield a line for each contender, and the verdict; the ratios are those of each round."""
    for name, column in times.items():
        ratios = ratios_of(times, name)
        wall, cpu = (median(them) for them in zip(*column, strict=True))
        yield (
            f"{name:20}{wall * 1000:8.0f} ms, {cpu / calls * 1e6:4.0f} µs a call here"
            f"   CallJob takes {median(ratios):.2f} of it "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    ratio = median(ratios_of(times, MAP))
    verdict = "pass" if ratio <= LIMIT else "FAIL"
    yield f"{OURS} over {MAP}, at most {LIMIT}: {ratio:.2f}, {verdict}"


def ratios_of(times: Mapping[str, list[Times]], name: str) -> list[float]:
    """Return our time over that of a contender, in each round."""
    pairs = zip(times[OURS], times[name], strict=True)
    return [ours.wall / theirs.wall for ours, theirs in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="how many calls (2000)")
    parser.add_argument("--seconds", type=float, default=0.001, help="of each call (0.001)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the pool (2)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is run (7)")
    options = parser.parse_args()
    calls, seconds = options.calls, options.seconds
    with ProcessPoolExecutor(options.workers) as pool:
        by_map(pool, 100, seconds, 1)  # the pool starts its processes
        contenders: dict[str, Callable[[], None]] = {
            OURS: lambda: by_jobs(pool, calls, seconds),
            MAP: lambda: by_map(pool, calls, seconds, 1),
            "map, chunks of 10": lambda: by_map(pool, calls, seconds, 10),
            "map, chunks of 100": lambda: by_map(pool, calls, seconds, 100),
        }
        times = rounds_of(contenders, options.rounds)
    print(f"{calls} calls of {seconds * 1000:g} ms, {options.workers} processes")
    print(*report(times, calls), sep="\n")


if __name__ == "__main__":
    main()
