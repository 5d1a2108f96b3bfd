"""Times calls on a Dask cluster: DaskEngine against Client.submit() by hand; see README.md."""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, NamedTuple, TypeAlias

import distributed

from asynciojobs import CallJob, Scheduler
from asynciojobs.dask import DaskEngine
from asynciojobs.engine import Engine

# Of what Dask does, much has no types.
AnyClient: TypeAlias = Any
Contender: TypeAlias = Callable[[], Awaitable[None]]

CHAINS_LIMIT = 1.1
"""How much longer than chains by hand DaskEngine may take (times)."""

TREE_LIMIT = 0.5
"""Which part of the time through values DaskEngine may take for the tree (times)."""

PARTS = 4
"""What the tree merges."""


class Chains(NamedTuple):
    """Chains of calls, side by side."""

    chains: int
    links: int
    seconds: float

    def __str__(self) -> str:
        what = "chain" if self.chains == 1 else "chains"
        return f"{self.chains} {what} of {self.links} calls of {self.seconds * 1000:g} ms"


def work(seconds: float, _: object = None) -> float:
    """Compute for a while; it does not sleep."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


def payload(size: int) -> bytes:
    return bytes(size)


def merge(one: bytes, two: bytes) -> bytes:
    return one + two


async def chains_by_hand(client: AnyClient, shape: Chains) -> None:
    """Submit all at once; Dask starts a call on the end of the one before."""
    last: list[Any] = []
    for _ in range(shape.chains):
        future = None
        for _ in range(shape.links):
            future = client.submit(work, shape.seconds, future, pure=False)
        last.append(future)
    await asyncio.gather(*(future.exception() for future in last))


async def chains_by_jobs(engine: Engine, shape: Chains) -> None:
    scheduler = Scheduler()
    for _ in range(shape.chains):
        job = None
        for _ in range(shape.links):
            job = CallJob(work, shape.seconds, job, executor=engine, scheduler=scheduler)
    assert await scheduler.co_run()


async def tree(engine: Engine, size: int) -> None:
    """Make parts, merge two and two, and look at the end how much there is."""
    jobs = [CallJob(payload, size, executor=engine) for _ in range(PARTS)]
    level: Sequence[CallJob[Any]] = jobs
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [CallJob(merge, *pair, executor=engine) for pair in pairs]
        jobs += level
    length = CallJob(len, *level, executor=engine)
    assert await Scheduler(*jobs, length).co_run()
    assert await length.fetch() == PARTS * size


class Pair(NamedTuple):
    """The times of one round (seconds)."""

    ours: float
    theirs: float


class ThroughValues:
    """The same engine, whose handles are the values: each comes here, and goes out again."""

    def __init__(self, engine: DaskEngine) -> None:
        self.engine = engine

    async def start(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
    ) -> object:
        return await self.engine.fetch(await self.engine.start(function, args, kwargs))

    async def fetch(self, handle: object) -> object:
        return handle


@asynccontextmanager
async def client_of_a_local_cluster(workers: int) -> AsyncGenerator[AnyClient, None]:
    untyped: Any = distributed
    async with (
        untyped.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            asynchronous=True,
        ) as cluster,
        untyped.Client(cluster, asynchronous=True) as client,
    ):
        yield client


async def times_of(ours: Contender, theirs: Contender, rounds: int) -> list[Pair]:
    """Run both in turns, the other one first each time."""
    pairs: list[Pair] = []
    for number in range(rounds):
        if number % 2:
            second = await timed(theirs)
            pairs.append(Pair(await timed(ours), second))
        else:
            pairs.append(Pair(await timed(ours), await timed(theirs)))
    return pairs


async def timed(contender: Contender) -> float:
    gc.collect()
    begin = time.perf_counter()
    await contender()
    return time.perf_counter() - begin


def report(what: str, pairs: Sequence[Pair], limit: float | None) -> str:
    """Return a line; the ratio is the median of those of the rounds."""
    ours, theirs = (median(column) for column in zip(*pairs, strict=True))
    ratios = [pair.ours / pair.theirs for pair in pairs]
    ratio = median(ratios)
    line = (
        f"{what:42}{ours * 1000:8.0f}{theirs * 1000:8.0f}   "
        f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    if limit is None:
        return line
    return f"{line}, at most {limit}: {'pass' if ratio <= limit else 'FAIL'}"


async def measure(options: argparse.Namespace) -> None:
    print(f"{'times in ms':42}    ours  theirs   ours / theirs")
    async with client_of_a_local_cluster(options.workers) as client:
        engine = DaskEngine(client)
        await chains_by_hand(client, Chains(10, 10, 0))  # the workers import what they need
        for shape, limit in (
            (Chains(options.chains, options.links, options.seconds), CHAINS_LIMIT),
            (Chains(1, options.links, options.seconds), None),
        ):
            pairs = await times_of(
                functools.partial(chains_by_jobs, engine, shape),
                functools.partial(chains_by_hand, client, shape),
                options.rounds,
            )
            print(report(str(shape), pairs, limit), flush=True)
        size = options.megabytes * 2**20
        pairs = await times_of(
            functools.partial(tree, engine, size),
            functools.partial(tree, ThroughValues(engine), size),
            options.rounds,
        )
        what = f"{PARTS} × {options.megabytes} MB merged, theirs: by values"
        print(report(what, pairs, TREE_LIMIT))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:dask", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes of the cluster (2)")
    parser.add_argument("--chains", type=int, default=20, help="side by side (20)")
    parser.add_argument("--links", type=int, default=20, help="calls of a chain (20)")
    parser.add_argument("--seconds", type=float, default=0.01, help="of each call (0.01)")
    parser.add_argument("--megabytes", type=int, default=32, help="of a part of the tree (32)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (5)")
    # Dask advises not to send what is large, which is what is measured.
    warnings.filterwarnings("ignore", "Sending large graph")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
