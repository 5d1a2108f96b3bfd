"""Times asynciojobs against an engine of thirty lines; see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from asynciojobs import Job, PureScheduler


class Shape(NamedTuple):
    requirements: list[list[int]]
    """For each job, the ranks of those that it requires."""
    window: int | None = None


def shapes(n: int) -> dict[str, Shape]:
    width = max(n // 10, 10)
    order = random.Random(1).sample(range(n), n)
    shuffled: list[list[int]] = [[] for _ in range(n)]
    for before, after in pairwise(order):
        shuffled[after].append(before)
    return {
        "independent": Shape([[] for _ in range(n)]),
        "chain": Shape([[i - 1] if i else [] for i in range(n)]),
        "shuffled": Shape(shuffled),
        "layered": Shape([above(i, width) for i in range(n)]),
        "window": Shape([[] for _ in range(n)], window=100),
        "fan": Shape([[], *([0] for _ in range(n - 2)), list(range(1, n - 1))]),
    }


def above(i: int, width: int) -> list[int]:
    """Ten jobs of the layer before that of job i."""
    layer = i // width
    return [(layer - 1) * width + (i * 7 + k) % width for k in range(10)] if layer else []


async def nothing() -> None:
    pass


def ours(shape: Shape) -> None:
    jobs = [Job(nothing()) for _ in shape.requirements]
    for job, required in zip(jobs, shape.requirements, strict=True):
        if required:
            job.requires([jobs[rank] for rank in required])
    PureScheduler(*jobs, jobs_window=shape.window).run()


class CounterEngine:
    """The reference: what one writes in half an hour, without any of the corners."""

    def __init__(self, coroutines: list[Coroutine[Any, Any, None]], shape: Shape) -> None:
        self.coroutines = coroutines
        self.window = shape.window or len(coroutines)
        self.missing = [len(required) for required in shape.requirements]
        self.followers: list[list[int]] = [[] for _ in coroutines]
        for rank, required in enumerate(shape.requirements):
            for requirement in required:
                self.followers[requirement].append(rank)
        self.ready = deque(rank for rank, count in enumerate(self.missing) if not count)
        self.tasks: dict[asyncio.Task[None], int] = {}
        self.left = len(coroutines)

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = self.loop.create_future()
        self.start_ready()
        await self.over

    def start_ready(self) -> None:
        while self.ready and len(self.tasks) < self.window:
            rank = self.ready.popleft()
            task = self.loop.create_task(self.coroutines[rank])
            self.tasks[task] = rank
            task.add_done_callback(self.on_done)

    def on_done(self, task: asyncio.Task[None]) -> None:
        for follower in self.followers[self.tasks.pop(task)]:
            self.missing[follower] -= 1
            if not self.missing[follower]:
                self.ready.append(follower)
        self.start_ready()
        self.left -= 1
        if not self.left:
            self.over.set_result(None)


def counter(shape: Shape) -> None:
    engine = CounterEngine([nothing() for _ in shape.requirements], shape)
    asyncio.run(engine.run())


def milliseconds(program: Callable[[Shape], None], shape: Shape) -> float:
    gc.collect()
    start = time.perf_counter()
    program(shape)
    return (time.perf_counter() - start) * 1000


def compare(shape: Shape, rounds: int) -> str:
    pairs = [(milliseconds(ours, shape), milliseconds(counter, shape)) for _ in range(rounds)]
    ratios = [mine / theirs for mine, theirs in pairs]
    mine, theirs = (median(times) for times in zip(*pairs, strict=True))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return f"{mine:8.1f} {theirs:8.1f}   {median(ratios):.2f} ({spread})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs (10000)")
    parser.add_argument("--rounds", type=int, default=7, help="how many pairs of runs (7)")
    options = parser.parse_args()
    print(f"{'shape':12} {'ours/ms':>8} {'ref./ms':>8}   ratio, build and run")
    for name, shape in shapes(options.jobs).items():
        print(f"{name:12} {compare(shape, options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
