"""Times calls by a pool of processes: CallJob against the pool's own map(); see README.md."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from typing import Any, TypeAlias

from asynciojobs import CallJob, Scheduler
from asynciojobs.engine import Engine
from benchmarks.rounds import Contender, measured, medians, ratios, timed, verdict

AnyExecutor: TypeAlias = Executor | Engine | None
OURS, MAP = "CallJob", "map, chunks of 1"

LIMIT = 1.3
"""How many times the time of map() with chunks of one call CallJob may take."""


def work(seconds: float, _: object = None) -> float:
    """Compute for a while, as a function worth another process does; it does not sleep."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


async def by_map(pool: ProcessPoolExecutor, calls: int, seconds: float, chunk: int) -> None:
    for _ in pool.map(work, [seconds] * calls, chunksize=chunk):
        pass


async def by_jobs(executor: AnyExecutor, jobs: int, function: Any, *args: object) -> None:
    """Make and run independent jobs of one call each."""
    made = (CallJob(function, *args, executor=executor) for _ in range(jobs))
    assert await Scheduler(*made).co_run()


def report(times: Mapping[str, list[tuple[float, float]]], calls: int) -> Iterator[str]:
    """Yield a line for each contender, and the verdict; `times` are those of `timed()`."""
    walls = {name: [wall for wall, _ in column] for name, column in times.items()}
    for name, column in times.items():
        wall, cpu = medians(column)
        yield (
            f"{name:20}{wall * 1000:8.0f} ms, {cpu / calls * 1e6:4.0f} µs a call here"
            f"   CallJob takes {ratios(walls[OURS], walls[name]):.2f} of it"
        )
    ratio = ratios(walls[OURS], walls[MAP]).median
    yield f"{OURS} over {MAP}: {ratio:.2f}, {verdict(ratio, LIMIT)}"


async def measure(options: argparse.Namespace) -> None:
    calls, seconds = options.calls, options.seconds
    with ProcessPoolExecutor(options.workers) as pool:
        await by_map(pool, 100, seconds, 1)  # the pool starts its processes
        contenders: dict[str, Contender] = {
            OURS: partial(by_jobs, pool, calls, work, seconds),
            MAP: partial(by_map, pool, calls, seconds, 1),
            "map, chunks of 10": partial(by_map, pool, calls, seconds, 10),
            "map, chunks of 100": partial(by_map, pool, calls, seconds, 100),
        }
        times = await measured(contenders, options.rounds, timed)
    print(f"{calls} calls of {seconds * 1000:g} ms, {options.workers} processes")
    print(*report(times, calls), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="how many calls (2000)")
    parser.add_argument("--seconds", type=float, default=0.001, help="of each call (0.001)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the pool (2)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is run (7)")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
