"""The same engine of thirty lines for jobs that are numbers: lists in place of dictionaries.

That is as quick as counting gets, and not generic: nobody's jobs are numbered from 0 on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER", "RankEngine"]


class RankEngine:
    """Counters, a task and a done-callback a job; a job is its rank."""

    def __init__(self, coroutines: list[Coroutine[Any, Any, object]], shape: Shape) -> None:
        self.coroutines = coroutines
        self.window = shape.window or len(coroutines)
        self.missing = [len(required) for required in shape.requirements]
        self.followers: list[list[int]] = [[] for _ in coroutines]
        for rank, required in enumerate(shape.requirements):
            for requirement in required:
                self.followers[requirement].append(rank)
        self.ready = deque(rank for rank, count in enumerate(self.missing) if not count)
        self.tasks: dict[asyncio.Task[object], int] = {}
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

    def on_done(self, task: asyncio.Task[object]) -> None:
        for follower in self.followers[self.tasks.pop(task)]:
            self.missing[follower] -= 1
            if not self.missing[follower]:
                self.ready.append(follower)
        self.start_ready()
        self.left -= 1
        if not self.left:
            self.over.set_result(None)


class Ranks(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        return RankEngine([work(number) for number in shape.numbers], shape).run


CONTENDER = Ranks()
