"""Times calls on a Dask cluster: DaskEngine against Client.submit() by hand; see README.md."""

from __future__ import annotations

import argparse
import asyncio
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import distributed

from asynciojobs import CallJob, Scheduler
from asynciojobs.dask import DaskEngine
from asynciojobs.engine import Engine
from benchmarks.calls import work
from benchmarks.rounds import Contender, measured, ratios, timed, verdict

CHAINS_LIMIT = 1.1
"""How many times the time of chains by hand DaskEngine may take."""

TREE_LIMIT = 0.5
"""Which part of the time through values DaskEngine may take for the tree."""

PARTS = 4
"""What the tree merges."""

distributed_: Any = distributed  # most of it has no types


async def chains_by_hand(client: Any, chains: int, links: int, seconds: float) -> None:
    """Submit all at once; Dask starts a call at the end of the one before."""
    last: list[Any] = []
    for _ in range(chains):
        future = None
        for _ in range(links):
            future = client.submit(work, seconds, future, pure=False)
        last.append(future)
    await asyncio.gather(*(future.exception() for future in last))


async def chains_by_jobs(engine: Engine, chains: int, links: int, seconds: float) -> None:
    scheduler = Scheduler()
    for _ in range(chains):
        job = None
        for _ in range(links):
            job = CallJob(work, seconds, job, executor=engine, scheduler=scheduler)
    assert await scheduler.co_run()


def merge(one: bytes, two: bytes) -> bytes:
    return one + two


async def tree(engine: Engine, size: int) -> None:
    """Make parts, merge two and two, and measure the result."""
    jobs: list[CallJob[Any]] = [CallJob(bytes, size, executor=engine) for _ in range(PARTS)]
    level: Sequence[CallJob[Any]] = jobs
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [CallJob(merge, *pair, executor=engine) for pair in pairs]
        jobs += level
    length = CallJob(len, *level, executor=engine)
    assert await Scheduler(*jobs, length).co_run()
    assert await length.fetch() == PARTS * size


class ThroughValues:
    """The same engine, but its handles are values: each comes here, and goes out again."""

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


async def compare(
    what: str, ours: Contender, theirs: Contender, rounds: int, limit: float | None
) -> None:
    """Run both in turns, and print a line."""
    times = await measured({"ours": ours, "theirs": theirs}, rounds, timed)
    walls = [[wall * 1000 for wall, _ in column] for column in times.values()]
    ratio = ratios(*walls)
    cells = "".join(f"{median(column):8.0f}" for column in walls)
    told = "" if limit is None else f", {verdict(ratio.median, limit)}"
    print(f"{what:42}{cells}   {ratio:.2f}{told}", flush=True)


async def measure(client: Any, options: argparse.Namespace) -> None:
    print(f"{'times in ms':42}    ours  theirs   ours / theirs")
    rounds, engine = options.rounds, DaskEngine(client)
    await chains_by_hand(client, 10, 10, 0)  # the workers import what they need
    for chains, limit in ((options.chains, CHAINS_LIMIT), (1, None)):
        shape = chains, options.links, options.seconds
        what = f"{chains} {'chain' if chains == 1 else 'chains'} of {options.links} calls"
        await compare(
            f"{what} of {options.seconds * 1000:g} ms",
            partial(chains_by_jobs, engine, *shape),
            partial(chains_by_hand, client, *shape),
            rounds,
            limit,
        )
    size = options.megabytes * 2**20
    what = f"{PARTS} × {options.megabytes} MB merged, theirs: by values"
    by_values = partial(tree, ThroughValues(engine), size)
    await compare(what, partial(tree, engine, size), by_values, rounds, TREE_LIMIT)


async def on_a_local_cluster(options: argparse.Namespace) -> None:
    async with (
        distributed_.LocalCluster(
            n_workers=options.workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            asynchronous=True,
        ) as cluster,
        distributed_.Client(cluster, asynchronous=True) as client,
    ):
        await measure(client, options)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:dask", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes of the cluster (2)")
    parser.add_argument("--chains", type=int, default=20, help="side by side (20)")
    parser.add_argument("--links", type=int, default=20, help="calls of a chain (20)")
    parser.add_argument("--seconds", type=float, default=0.01, help="of each call (0.01)")
    parser.add_argument("--megabytes", type=int, default=32, help="of a part of the tree (32)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (5)")
    # Dask advises against sending large objects, which is what is measured.
    warnings.filterwarnings("ignore", "Sending large graph")
    asyncio.run(on_a_local_cluster(parser.parse_args()))


if __name__ == "__main__":
    main()
