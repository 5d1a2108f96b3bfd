"""How much one driver, and one scheduler of Dask, can do; see docs/design/scale.md.

It measures processor time, which hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import tracemalloc
import warnings
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias

import distributed
import psutil

from asynciojobs import CallJob, Job, Scheduler
from asynciojobs.dask import DaskEngine
from benchmarks.calls import AnyExecutor, by_jobs
from benchmarks.rounds import Contender, measured, medians, timed

Processes: TypeAlias = Sequence[psutil.Process]
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


async def by_hand(client: Any, total: int) -> None:
    futures = [client.submit(nothing, pure=False) for _ in range(total)]
    await asyncio.gather(*(future.exception() for future in futures))


def batches(name: str, executor: AnyExecutor, total: int) -> dict[str, Contender]:
    """Return the ways to make so many calls: by ones, tens, hundreds, nested schedulers."""
    return {
        name: partial(by_jobs, executor, total, nothing),
        "  10 calls a job": partial(by_jobs, executor, total // 10, batch, 10),
        "  100 calls a job": partial(by_jobs, executor, total // 100, batch, 100),
        "  a scheduler of 100 jobs a job": partial(by_jobs, executor, total // 100, part, 100),
    }


def used_by(processes: Processes) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


async def cost_of(others: Sequence[Processes], run: Contender) -> list[float]:
    """Return the processor time of a run (seconds): here, and in other processes."""
    before = [used_by(processes) for processes in others]
    _, here = await timed(run)
    if others:
        await asyncio.sleep(0.3)  # Dask forgets the tasks
    after = [used_by(processes) for processes in others]
    return [here, *(b - a for a, b in zip(before, after, strict=True))]


async def print_costs(
    contenders: Mapping[str, Contender], others: Sequence[Processes], rounds: int, unit: float
) -> None:
    """Print a line for each: medians, in the unit (seconds)."""
    found = await measured(contenders, rounds, partial(cost_of, others))
    for what, costs in found.items():
        print_row(what, *(f"{cost / unit:.1f}" for cost in medians(costs)))


def print_row(what: str, *cells: str) -> None:
    print(f"{what:48}{''.join(f'{cell:>12}' for cell in cells)}", flush=True)


async def print_transfers(client: Any, others: Sequence[Processes], rounds: int) -> None:
    """Print what it costs to move much data, in either direction and not at all."""
    size = MEGABYTES * 2**20
    addresses = [*await client.run(os.getpid)]
    one, two = (DaskEngine(client, workers=address) for address in addresses)
    made = CallJob(bytes, size, executor=one)
    await Scheduler(made).co_run()
    there_and_back: dict[str, Contender] = {
        "from here to a worker": partial(by_jobs, DaskEngine(client), 1, len, bytes(size)),
        "from a worker to here": made.fetch,
    }
    await print_costs(there_and_back, others, rounds, 1e-3)
    # Once: from then on, both workers have it.
    across = {"from worker to worker": partial(by_jobs, two, 1, len, made.result())}
    await print_costs(across, others, 1, 1e-3)


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
    print_row(name, *(f"{size / total:.0f}" for size in (made, done, peak)))


@asynccontextmanager
async def cluster() -> AsyncGenerator[tuple[Any, list[Processes]], None]:
    """Start the scheduler of Dask and its workers, each a process; end them."""
    untyped: Any = distributed
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/scheduler.json"  # workers and clients wait for it
        common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", file]
        processes = [started("scheduler", *common, "--port", "0")]
        try:
            worker = ("worker", *common, "--no-nanny", "--nthreads", "1")
            processes += [started(*worker) for _ in range(WORKERS)]
            async with untyped.Client(scheduler_file=file, asynchronous=True) as client:
                await client.wait_for_workers(WORKERS)
                scheduler, *workers = (psutil.Process(process.pid) for process in processes)
                yield client, [[scheduler], workers]
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait()


def started(program: str, *options: str) -> subprocess.Popen[bytes]:
    """Start a program of Dask in this Python; it prints nothing."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def measure_here(total: int, rounds: int) -> None:
    """Print what a call costs without Dask."""
    with ThreadPoolExecutor(WORKERS) as threads, ProcessPoolExecutor(WORKERS) as processes:
        for executor in (None, threads, processes):
            await by_jobs(executor, 100, nothing)  # what starts once, starts here
        contenders: dict[str, Contender] = {
            "CallJob, threads of the loop": partial(by_jobs, None, total, nothing),
            "CallJob, ThreadPoolExecutor": partial(by_jobs, threads, total, nothing),
            **batches("CallJob, ProcessPoolExecutor", processes, total),
        }
        await print_costs(contenders, [], rounds, total / 1e6)


async def measure(total: int, rounds: int) -> None:
    columns = ("here", "scheduler", "workers")
    print_row(f"µs a call, of {total}", *columns)
    await measure_here(total, rounds)
    async with cluster() as (client, others):
        engine = DaskEngine(client)
        await by_jobs(engine, 100, nothing)
        contenders = batches("CallJob, DaskEngine", engine, total)
        contenders["Client.submit(), by hand"] = partial(by_hand, client, total)
        await print_costs(contenders, others, rounds, total / 1e6)
        print()
        print_row(f"ms for {MEGABYTES} MB", *columns)
        await print_transfers(client, others, rounds)
        print()
        print_row("bytes a job", "made", "done", "peak")
        await print_bytes("CallJob, DaskEngine", engine, total)
    await print_bytes("CallJob, threads of the loop", None, total)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:scale", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (5)")
    options = parser.parse_args()
    # Dask advises against sending large objects, which is what is measured.
    warnings.filterwarnings("ignore", "Sending large graph")
    asyncio.run(measure(options.calls, options.rounds))


if __name__ == "__main__":
    main()
