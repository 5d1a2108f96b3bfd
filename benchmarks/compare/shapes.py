"""The shapes of work, from which every contender builds the same jobs, and what these do."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

Requirements: TypeAlias = Sequence[tuple[int, ...]]
Kind: TypeAlias = Literal["nothing", "yielding", "reply"]
AnyCoroutine: TypeAlias = Coroutine[Any, Any, object]
# Makes the coroutine of a job from its number; some peers add results of what it requires.
Work: TypeAlias = Callable[..., AnyCoroutine]
# What a contender builds: it is called and awaited once.
Program: TypeAlias = Callable[[], AnyCoroutine]

LAYERS = 10
FANOUT = 10
WINDOW = 100
TURNS = 4  # of the event loop, from one reply to the next
PARTS = 100  # nested schedulers; a shape has at least as many jobs


@dataclass(frozen=True)
class Shape:
    """Which jobs there are, what each requires, and what they do."""

    name: str
    requirements: Requirements  # for each job, the ranks of the jobs that it requires
    last: Sequence[int]  # the ranks of the jobs that no other requires
    window: int | None = None  # how many may run at once
    kind: Kind = "nothing"  # a job does nothing, takes a turn of the loop, or awaits a reply
    first: int = 0  # the number of the first job: not 0 in the parts of a nested shape
    parts: tuple[Shape, ...] = ()  # what is nested in it; it has no jobs of its own then
    order: Sequence[int] = ()  # for a shuffled chain, the ranks as they must run

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + len(self.requirements))

    @property
    def size(self) -> int:
        return len(self.requirements) + sum(part.size for part in self.parts)


def free(
    name: str, n: int, window: int | None = None, kind: Kind = "nothing", first: int = 0
) -> Shape:
    """Return jobs without requirements."""
    return Shape(name, [()] * n, range(n), window, kind, first)


def graph(name: str, requirements: Requirements, order: Sequence[int] = ()) -> Shape:
    required = {rank for ranks in requirements for rank in ranks}
    last = [rank for rank in range(len(requirements)) if rank not in required]
    return Shape(name, requirements, last, order=order)


def chain(n: int) -> Shape:
    return graph("chain", [(rank - 1,) if rank else () for rank in range(n)])


def shuffled(n: int) -> Shape:
    """Return a chain whose jobs are created in another order."""
    order = random.Random(1).sample(range(n), n)
    requirements: list[tuple[int, ...]] = [()] * n
    for before, after in pairwise(order):
        requirements[after] = (before,)
    return graph("shuffled", requirements, order)


def layered(n: int) -> Shape:
    """Return ten layers; each job requires ten of the layer before."""
    width = layer_width(n)

    def required(rank: int) -> tuple[int, ...]:
        above = (rank // width - 1) * width
        return tuple(above + (rank * 7 + k) % width for k in range(FANOUT))

    return graph("layered", [required(rank) if rank >= width else () for rank in range(n)])


def layer_width(n: int) -> int:
    return max(n // LAYERS, FANOUT)


def fan(n: int) -> Shape:
    """Return one job, those that require it, and one that requires all of these."""
    between: Requirements = [(0,)] * (n - 2)
    return graph("fan", [(), *between, tuple(range(1, n - 1))])


def nested(n: int) -> Shape:
    size = n // PARTS
    parts = (free("independent", size, first=k * size) for k in range(PARTS))
    return Shape("nested", [], [], parts=tuple(parts))


SHAPES: dict[str, Callable[[int], Shape]] = {
    "independent": lambda n: free("independent", n),
    "chain": chain,
    "shuffled": shuffled,
    "layered": layered,
    "window": lambda n: free("window", n, window=WINDOW),
    "fan": fan,
    "trickle": lambda n: free("trickle", n, kind="reply"),
    "nested": nested,
    "yielding": lambda n: free("yielding", n, kind="yielding"),
}


def make(name: str, n: int) -> Shape:
    """Return the shape of that name with `n` jobs, at least 100."""
    return SHAPES[name](n)


async def nothing(_number: int, *_results: object) -> None:
    pass


async def yielding(_number: int, *_results: object) -> None:
    await asyncio.sleep(0)


class Replies:
    """Jobs that wait as for a network, and the network: one reply every four loop turns."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.all_wait = asyncio.Event()

    async def __call__(self, _number: int, *_results: object) -> None:
        reply = asyncio.get_running_loop().create_future()
        self.waiting.append(reply)
        if len(self.waiting) == self.expected:
            self.all_wait.set()
        await reply

    async def answer(self) -> None:
        """Wait until all jobs wait, then give each its reply."""
        await self.all_wait.wait()
        while self.waiting:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            self.waiting.popleft().set_result(None)


class Recorder:
    """Jobs that check that what they require is done, and how many of them run at once."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.running: set[int] = set()
        self.ended: set[int] = set()
        self.most = 0
        self.faults: list[str] = []

    async def __call__(self, number: int, *_results: object) -> None:
        self.enter(number)
        await asyncio.sleep(0)
        self.running.discard(number)
        self.ended.add(number)

    def enter(self, number: int) -> None:
        if number in self.running or number in self.ended:
            self.faults.append(f"job {number} ran twice")
        # Nested jobs require nothing; of all others the number is the rank.
        required = () if self.shape.parts else self.shape.requirements[number]
        for early in [rank for rank in required if rank not in self.ended]:
            self.faults.append(f"job {number} ran before job {early}, which it requires")
        self.running.add(number)
        self.most = max(self.most, len(self.running))

    def verdict(self) -> list[str]:
        """Return all that was wrong, once the run is over."""
        faults = list(self.faults)
        if left_out := self.shape.size - len(self.ended):
            faults.append(f"{left_out} jobs did not come to their end")
        if self.shape.window and self.most > self.shape.window:
            faults.append(f"{self.most} jobs ran at once, in a window of {self.shape.window}")
        return faults
