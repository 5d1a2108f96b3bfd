"""What the jobs do: nothing, a turn of the loop, wait for a reply, or keep a record."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

from .shapes import Shape

__all__ = ["Recorder", "Replies", "Work", "nothing", "yielding"]

TURNS = 4
"""Of the event loop, from one reply to the next."""


class Work(Protocol):
    """Makes the coroutine of a job; some peers hand over the results of what it required."""

    def __call__(self, number: int, /, *results: object) -> Coroutine[Any, Any, object]: ...


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
        """Once all of them wait, give each its reply."""
        await self.all_wait.wait()
        while self.waiting:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            self.waiting.popleft().set_result(None)


class Recorder:
    """Jobs that look whether what they require is done, and how many of them run at once."""

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
        if (left_out := self.shape.size - len(self.ended)) != 0:
            faults.append(f"{left_out} jobs did not come to their end")
        if self.shape.window and self.most > self.shape.window:
            faults.append(f"{self.most} jobs ran at once, in a window of {self.shape.window}")
        return faults
