"""How much one driver, and one scheduler of Dask, can do; see docs/design/scale.md.

Processor time is told, rather than time: it hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, NamedTuple, TypeAlias

import distributed
import psutil

from asynciojobs import CallJob, Job, Scheduler
from asynciojobs.dask import DaskEngine
from asynciojobs.engine import Engine

AnyExecutor: TypeAlias = Executor | Engine | None
MEGABYTES = 32
WORKERS = 2


def nothing() -> None: ...


async def nothing_at_all() -> None: ...


def batch(calls: int) -> None:
    """Call in a loop, in a worker."""
    for _ in range(calls):
        nothing()


def part(calls: int) -> None:
    """Run a scheduler, in a worker."""
    assert Scheduler(*(Job(nothing_at_all) for _ in range(calls))).run()


class Costs(NamedTuple):
    """Processor time of this process, of the scheduler of Dask, of its workers (seconds)."""

    here: float
    scheduler: float
    workers: float


class Meter:
    """Reads the processor times of processes.

    Args:
        scheduler: that of Dask.
        workers: those of it.
    """

    def __init__(self, scheduler: int | None = None, workers: Sequence[int] = ()) -> None:
        self.scheduler = [psutil.Process(scheduler)] if scheduler else []
        self.workers = [psutil.Process(pid) for pid in workers]

    def read(self) -> Costs:
        return Costs(time.process_time(), used_by(self.scheduler), used_by(self.workers))

    async def cost_of(self, run: Callable[[], Awaitable[object]]) -> Costs:
        """Return what a run takes, and what is done behind it."""
        gc.collect()
        before = self.read()
        await run()
        here = time.process_time()
        if self.scheduler:
            await asyncio.sleep(0.3)  # it forgets the tasks
        after = self.read()
        differences = [b - a for a, b in zip(before, after, strict=True)]
        return Costs(here - before.here, *differences[1:])

    async def median_of(self, run: Callable[[], Awaitable[object]], rounds: int) -> Costs:
        costs = [await self.cost_of(run) for _ in range(rounds)]
        return Costs(*(median(column) for column in zip(*costs, strict=True)))


def used_by(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def row(what: str, costs: Costs, unit: float) -> str:
    cells = (f"{cost / unit:12.1f}" if cost else " " * 12 for cost in costs)
    return f"{what:48}{''.join(cells)}".rstrip()


# --- calls


async def calls(executor: AnyExecutor, jobs: int, function: Any, *args: object) -> None:
    """Make and run independent jobs of one call each."""
    made = (CallJob(function, *args, executor=executor) for _ in range(jobs))
    assert await Scheduler(*made).co_run()


async def print_calls(name: str, executor: AnyExecutor, meter: Meter, options: Any) -> None:
    """Print what a call costs by an executor; by tens, hundreds, and nested schedulers."""
    total = options.calls
    await calls(executor, 100, nothing)  # what starts, starts; what is imported, is
    kinds: list[tuple[str, int, Any]] = [(name, 1, None)]
    if executor is not None and not isinstance(executor, ThreadPoolExecutor):
        kinds += [(f"  {size} calls a job", size, batch) for size in (10, 100)]
        kinds.append(("  a scheduler of 100 jobs a job", 100, part))
    for what, size, function in kinds:

        async def run(size: int = size, function: Any = function) -> None:
            args = (nothing,) if size == 1 else (function, size)
            await calls(executor, total // size, *args)

        costs = await meter.median_of(run, options.rounds)
        print(row(what, costs, total / 1e6), flush=True)


async def by_hand(client: Any, total: int) -> None:
    futures = [client.submit(nothing, pure=False) for _ in range(total)]
    await asyncio.gather(*(future.exception() for future in futures))


async def print_bytes(name: str, executor: AnyExecutor, total: int) -> None:
    """Print what a job holds before its run and after it, when jobs and results are kept."""
    gc.collect()
    tracemalloc.start()
    jobs = [CallJob(nothing, executor=executor) for _ in range(total)]
    scheduler = Scheduler(*jobs)
    made = tracemalloc.get_traced_memory()[0]
    await scheduler.co_run()
    gc.collect()
    done, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cells = "".join(f"{size / total:12.0f}" for size in (made, done, peak))
    print(f"{name:48}{cells}", flush=True)


# --- bytes


async def print_transfers(client: Any, meter: Meter, rounds: int) -> None:
    """Print what it costs to move much, in either direction and not at all."""
    size = MEGABYTES * 2**20
    engine = DaskEngine(client)
    content = bytes(size)
    addresses = [*await client.run(os.getpid)]
    one, two = (DaskEngine(client, workers=address) for address in addresses)

    def length_there() -> Awaitable[object]:
        return calls(engine, 1, len, content)

    made = CallJob(bytes, size, executor=one)
    await Scheduler(made).co_run()
    print(row("from here to a worker", await meter.median_of(length_there, rounds), 1e-3))
    print(row("from a worker to here", await meter.median_of(made.fetch, rounds), 1e-3))

    async def hand_over() -> None:
        await calls(two, 1, len, made.result())

    print(row("from worker to worker", await meter.median_of(hand_over, 1), 1e-3))


# --- the cluster


@asynccontextmanager
async def cluster() -> AsyncGenerator[tuple[Any, Meter], None]:
    """Start the scheduler of Dask and its workers, each a process; end them."""
    untyped: Any = distributed
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/scheduler.json"  # workers and clients wait for it
        common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", file]
        worker = [*program("worker"), *common, "--no-nanny", "--nthreads", "1"]
        processes = [started([*program("scheduler"), *common, "--port", "0"])]
        try:
            processes += [started(worker) for _ in range(WORKERS)]
            async with untyped.Client(scheduler_file=file, asynchronous=True) as client:
                await client.wait_for_workers(WORKERS)
                scheduler, *workers = (process.pid for process in processes)
                yield client, Meter(scheduler, workers)
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait()


def program(name: str) -> list[str]:
    """Return the command of a program of Dask, in this Python."""
    return [sys.executable, "-m", f"distributed.cli.dask_{name}"]


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a process that prints nothing."""
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def measure(options: argparse.Namespace) -> None:
    heads = "".join(f"{head:>12}" for head in ("here", "scheduler", "workers"))
    print(f"{'µs a call, of ' + str(options.calls):48}{heads}")
    with ThreadPoolExecutor(WORKERS) as threads, ProcessPoolExecutor(WORKERS) as processes:
        await print_calls("CallJob, threads of the loop", None, Meter(), options)
        await print_calls("CallJob, ThreadPoolExecutor", threads, Meter(), options)
        await print_calls("CallJob, ProcessPoolExecutor", processes, Meter(), options)
    async with cluster() as (client, meter):
        engine = DaskEngine(client)
        await print_calls("CallJob, DaskEngine", engine, meter, options)
        costs = await meter.median_of(lambda: by_hand(client, options.calls), options.rounds)
        print(row("Client.submit(), by hand", costs, options.calls / 1e6))
        print(f"\n{f'ms for {MEGABYTES} MB':48}{heads}")
        await print_transfers(client, meter, options.rounds)
        heads = "".join(f"{head:>12}" for head in ("made", "done", "peak"))
        print(f"\n{'bytes a job':48}{heads}")
        await print_bytes("CallJob, DaskEngine", engine, options.calls)
    await print_bytes("CallJob, threads of the loop", None, options.calls)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:scale", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (5)")
    # Dask advises not to send what is large, which is what is measured.
    warnings.filterwarnings("ignore", "Sending large graph")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
