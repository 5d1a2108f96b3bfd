"""Times calls in other processes: by a pool, on a Dask cluster, and what each costs."""

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
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from math import inf
from operator import concat, sub
from typing import Any, TypeAlias

import distributed
import psutil

from asynciojobs import CallJob, Job, Scheduler
from asynciojobs.dask import DaskEngine
from asynciojobs.engine import Engine
from benchmarks.rounds import (
    Contender,
    Contenders,
    comparison,
    measured,
    medians,
    table,
    timed,
)

AnyExecutor: TypeAlias = Executor | Engine | None
Others: TypeAlias = list[list[psutil.Popen]]  # the processes of each further column
Rows: TypeAlias = list[tuple[str, ...]]

# How many times the time of another CallJob may take.
MAP_LIMIT = 1.3
CHAINS_LIMIT = 1.1
VALUES_LIMIT = 0.5

COLUMNS = ("driver", "scheduler", "workers")
untyped: Any = distributed  # most of it has no types


def nothing() -> None: ...


async def nothing_at_all() -> None: ...


def work(seconds: float, _: object = None) -> float:
    """Compute for a while, like a function that is worth a process of its own."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


async def by_jobs(executor: AnyExecutor, jobs: int, function: Any, *args: object) -> None:
    """Make and run independent jobs of one call each."""
    made = (CallJob(function, *args, executor=executor) for _ in range(jobs))
    assert await Scheduler(*made).co_run()


async def compare(
    what: str, calls: int, contenders: Contenders, rounds: int, limit: float
) -> None:
    """Run them in turns, and print how the first compares with the others."""
    times = await measured(contenders, rounds, timed)
    print(*table(comparison(what, calls, times, limit)), "", sep="\n", flush=True)


# -- bench:calls


async def by_map(pool: ProcessPoolExecutor, calls: int, seconds: float, chunk: int) -> None:
    for _ in pool.map(work, [seconds] * calls, chunksize=chunk):
        pass


async def pool(options: argparse.Namespace) -> None:
    calls, seconds = options.calls, options.seconds
    with ProcessPoolExecutor(options.workers) as executor:
        await by_map(executor, 100, seconds, 1)  # the pool starts its processes
        contenders: dict[str, Contender] = {
            "CallJob": partial(by_jobs, executor, calls, work, seconds)
        }
        for chunk in (1, 10, 100):
            by_chunks = partial(by_map, executor, calls, seconds, chunk)
            contenders[f"map(), chunks of {chunk}"] = by_chunks
        what = f"{calls} calls of {seconds * 1000:g} ms"
        await compare(what, calls, contenders, options.rounds, MAP_LIMIT)


# -- bench:dask


@asynccontextmanager
async def cluster(count: int) -> AsyncGenerator[tuple[Any, Others], None]:
    """Start Dask's scheduler and some workers, each as a process; end them later."""
    # Dask advises against sending large objects, but that is what we measure.
    warnings.filterwarnings("ignore", "Sending large graph")
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/scheduler.json"  # workers and clients wait for it
        common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", file]
        processes = [started("scheduler", *common, "--port", "0")]
        try:
            worker = ("worker", *common, "--no-nanny", "--nthreads", "1")
            processes += [started(*worker) for _ in range(count)]
            async with untyped.Client(scheduler_file=file, asynchronous=True) as client:
                await client.wait_for_workers(count)
                await by_hand(client, 10, 10, 0)  # the workers import what they need
                yield client, [processes[:1], processes[1:]]
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait()


def started(program: str, *options: str) -> psutil.Popen:
    """Start one of Dask's programs in this Python; it prints nothing."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *options]
    return psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def by_hand(client: Any, chains: int, links: int, seconds: float) -> None:
    """Submit all at once; Dask starts each call when the one before has ended."""
    last: list[Any] = []
    for _ in range(chains):
        future = None
        for _ in range(links):
            future = client.submit(work, seconds, future, pure=False)
        last.append(future)
    await asyncio.gather(*(future.exception() for future in last))


async def by_chains(engine: Engine, chains: int, links: int, seconds: float) -> None:
    scheduler = Scheduler()
    for _ in range(chains):
        job = None
        for _ in range(links):
            job = CallJob(work, seconds, job, executor=engine, scheduler=scheduler)
    assert await scheduler.co_run()


async def tree(engine: Engine, size: int) -> None:
    """Make four parts, merge them in pairs, and measure the result."""
    call = partial(CallJob[Any], executor=engine)
    parts = [call(bytes, size) for _ in range(4)]
    halves = call(concat, *parts[:2]), call(concat, *parts[2:])
    whole = call(concat, *halves)
    length = call(len, whole)
    assert await Scheduler(*parts, *halves, whole, length).co_run()
    assert await length.fetch() == 4 * size


async def tree_by_values(engine: Engine, size: int) -> None:
    """Do the same, but each value comes here and goes out again."""

    async def call(*call: Any) -> Any:
        return await engine.fetch(await engine.start(call[0], call[1:], {}))

    parts = await asyncio.gather(*(call(bytes, size) for _ in range(4)))
    halves = await asyncio.gather(call(concat, *parts[:2]), call(concat, *parts[2:]))
    assert await call(len, await call(concat, *halves)) == 4 * size


async def dask(options: argparse.Namespace) -> None:
    links, seconds, rounds = options.links, options.seconds, options.rounds
    async with cluster(options.workers) as (client, _):
        engine = DaskEngine(client)
        for chains, limit in ((options.chains, CHAINS_LIMIT), (1, inf)):
            contenders: Contenders = {
                "DaskEngine": partial(by_chains, engine, chains, links, seconds),
                "Client.submit()": partial(by_hand, client, chains, links, seconds),
            }
            what = f"{chains} × {links} calls of {seconds * 1000:g} ms in a row"
            await compare(what, chains * links, contenders, rounds, limit)
        size = options.megabytes * 2**20
        contenders = {
            "DaskEngine": partial(tree, engine, size),
            "through values": partial(tree_by_values, engine, size),
        }
        what = f"4 × {options.megabytes} MB merged"
        await compare(what, 8, contenders, rounds, VALUES_LIMIT)


# -- bench:scale


def batch(calls: int) -> None:
    """Call in a loop, in a worker."""
    for _ in range(calls):
        nothing()


def part(calls: int) -> None:
    """Run a scheduler, in a worker."""
    assert Scheduler(*(Job(nothing_at_all) for _ in range(calls))).run()


def batches(name: str, executor: AnyExecutor, total: int) -> Contenders:
    """Return the ways to make so many calls: one by one, in tens, in hundreds, nested."""
    return {
        name: partial(by_jobs, executor, total, nothing),
        f"{name}, 10 calls a job": partial(by_jobs, executor, total // 10, batch, 10),
        f"{name}, 100 calls a job": partial(by_jobs, executor, total // 100, batch, 100),
        f"{name}, 100 jobs a part": partial(by_jobs, executor, total // 100, part, 100),
    }


def used(others: Others) -> list[float]:
    return [sum(sum(it.cpu_times()[:2]) for it in processes) for processes in others]


async def cost_of(others: Others, run: Contender) -> list[float]:
    """Return the processor time of a run (seconds): here, and in other processes."""
    before = used(others)
    _, here = await timed(run)
    if others:
        await asyncio.sleep(0.3)  # Dask forgets the tasks
    return [here, *map(sub, used(others), before)]


async def costs(contenders: Contenders, others: Others, rounds: int, unit: float) -> Rows:
    """Return a row for each: medians, in the unit (seconds)."""
    found = await measured(contenders, rounds, partial(cost_of, others))
    return [(name, *(f"{it / unit:.1f}" for it in medians(found[name]))) for name in found]


async def transfers(client: Any, others: Others, size: int, rounds: int) -> Rows:
    """Return what it costs to move much data: in, out, and not at all."""
    one, two = (DaskEngine(client, workers=address) for address in await client.run(os.getpid))
    made = CallJob(bytes, size, executor=one)
    await Scheduler(made).co_run()
    send = partial(by_jobs, DaskEngine(client), 1, len, bytes(size))
    there_and_back: Contenders = {
        "from the driver to a worker": send,
        "from a worker to the driver": made.fetch,
    }
    # Once; after that, both workers have it.
    across: Contenders = {"from worker to worker": partial(by_jobs, two, 1, len, made.result())}
    rows = await costs(there_and_back, others, rounds, 1e-3)
    return rows + await costs(across, others, 1, 1e-3)


async def memory(name: str, executor: AnyExecutor, total: int) -> tuple[str, ...]:
    """Return the size of a job before and after its run, if jobs and results are kept."""
    gc.collect()
    tracemalloc.start()
    jobs = [CallJob(nothing, executor=executor) for _ in range(total)]
    scheduler = Scheduler(*jobs)
    made = tracemalloc.get_traced_memory()[0]
    await scheduler.co_run()
    gc.collect()
    done, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (name, *(f"{size / total:.0f}" for size in (made, done, peak)))


async def scale(options: argparse.Namespace) -> None:
    total, rounds, megabytes = options.calls, options.rounds, options.megabytes
    rows: Rows = [(f"µs a call, of {total}", *COLUMNS)]
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (None, threads, processes):
            await by_jobs(executor, 100, nothing)  # starts what starts only once
        contenders = batches("ProcessPoolExecutor", processes, total)
        contenders["ThreadPoolExecutor"] = partial(by_jobs, threads, total, nothing)
        contenders["threads of the loop"] = partial(by_jobs, None, total, nothing)
        rows += await costs(contenders, [], rounds, total / 1e6)
    async with cluster(2) as (client, others):
        engine = DaskEngine(client)
        contenders = batches("DaskEngine", engine, total)
        contenders["Client.submit()"] = partial(by_hand, client, total, 1, 0)
        rows += await costs(contenders, others, rounds, total / 1e6)
        rows += [("",), (f"ms for {megabytes} MB", *COLUMNS)]
        rows += await transfers(client, others, megabytes * 2**20, rounds)
        rows += [("",), ("bytes a job", "made", "done", "peak")]
        rows.append(await memory("DaskEngine", engine, total))
    rows.append(await memory("threads of the loop", None, total))
    print(*table(rows), sep="\n")


COMMANDS: dict[str, tuple[Callable[[Any], Awaitable[None]], dict[str, float]]] = {
    "pool": (pool, {"calls": 2000, "seconds": 0.001, "workers": 2}),
    "dask": (dask, {"chains": 20, "links": 20, "seconds": 0.01, "megabytes": 32, "workers": 2}),
    "scale": (scale, {"calls": 2000, "megabytes": 32}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, (run, defaults) in COMMANDS.items():
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        for option, value in {**defaults, "rounds": 5}.items():
            command.add_argument(f"--{option}", type=type(value), default=value)
    options = parser.parse_args()
    asyncio.run(options.run(options))


if __name__ == "__main__":
    main()
