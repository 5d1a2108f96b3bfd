"""The shapes of work, from which every contender builds the same jobs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

Requirements: TypeAlias = Sequence[tuple[int, ...]]
AnyCoroutine: TypeAlias = Coroutine[Any, Any, object]
# Makes the coroutine of a job from its number; some peers pass it the requirements' results.
Work: TypeAlias = Callable[..., AnyCoroutine]
# What a contender builds; it is called and awaited once.
Program: TypeAlias = Callable[[], AnyCoroutine]

LAYERS = 10
FANOUT = 10
WINDOW = 100
PARTS = 100  # nested schedulers; a shape has at least this many jobs


@dataclass
class Shape:
    """Which jobs there are, and what each requires."""

    name: str
    requirements: Requirements  # for each job, the ranks of the jobs that it requires
    window: int | None = None  # how many may run at once
    first: int = 0  # the number of the first job; not 0 in the parts of a nested shape
    parts: Sequence[Shape] = ()  # the nested shapes; then it has no jobs of its own
    order: Sequence[int] = ()  # for a shuffled chain, the ranks in the order of the run

    def __post_init__(self) -> None:
        size = len(self.requirements)
        required = {rank for ranks in self.requirements for rank in ranks}
        self.last = [rank for rank in range(size) if rank not in required]
        self.numbers = range(self.first, self.first + size)
        self.size: int = size + sum(part.size for part in self.parts)


def shuffled(n: int) -> Shape:
    """Return a chain whose jobs are created in another order."""
    order = random.Random(1).sample(range(n), n)
    requirements: list[tuple[int, ...]] = [()] * n
    for before, after in pairwise(order):
        requirements[after] = (before,)
    return Shape("shuffled", requirements, order=order)


def layered(n: int) -> Shape:
    """Return ten layers; each job requires ten of the layer before."""
    width = n // LAYERS

    def required(rank: int) -> tuple[int, ...]:
        above = (rank // width - 1) * width
        return tuple(above + (rank * 7 + k) % width for k in range(FANOUT))

    return Shape("layered", [required(rank) if rank >= width else () for rank in range(n)])


def fan(n: int) -> Shape:
    """Return one job, many that require it, and one that requires all of these."""
    between: Requirements = [(0,)] * (n - 2)
    return Shape("fan", [(), *between, tuple(range(1, n - 1))])


def nested(n: int) -> Shape:
    size = n // PARTS
    parts = [Shape("independent", [()] * size, first=k * size) for k in range(PARTS)]
    return Shape("nested", [], parts=parts)


# By name, the function that makes a shape of so many jobs, at least 100.
SHAPES: dict[str, Callable[[int], Shape]] = {
    "independent": lambda n: Shape("independent", [()] * n),
    "chain": lambda n: Shape("chain", [(rank - 1,) if rank else () for rank in range(n)]),
    "shuffled": shuffled,
    "layered": layered,
    "window": lambda n: Shape("window", [()] * n, window=WINDOW),
    "fan": fan,
    "nested": nested,
    "yielding": lambda n: Shape("yielding", [()] * n),
}


async def nothing(_number: int, *_results: object) -> None:
    pass


async def yielding(_number: int, *_results: object) -> None:
    await asyncio.sleep(0)


class Recorder:
    """Jobs that check that their requirements are done, and how many run at once."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.begun: set[int] = set()
        self.ended: set[int] = set()
        self.most = 0
        self.faults: list[str] = []

    async def __call__(self, number: int, *_results: object) -> None:
        if number in self.begun:
            self.faults.append(f"job {number} ran twice")
        # Nested jobs require nothing; for all others, the number is the rank.
        required = () if self.shape.parts else self.shape.requirements[number]
        for early in [rank for rank in required if rank not in self.ended]:
            self.faults.append(f"job {number} ran before job {early}, which it requires")
        self.begun.add(number)
        self.most = max(self.most, len(self.begun) - len(self.ended))
        await asyncio.sleep(0)
        self.ended.add(number)

    def verdict(self) -> list[str]:
        """Return everything that was wrong, after the run."""
        faults = list(self.faults)
        if left_out := self.shape.size - len(self.ended):
            faults.append(f"{left_out} jobs did not come to their end")
        if self.shape.window and self.most > self.shape.window:
            faults.append(f"{self.most} jobs ran at once, in a window of {self.shape.window}")
        return faults
