"""`graphlib` and asyncio: the loop that the documentation of `graphlib` shows, with tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

Coroutines = list[Coroutine[Any, Any, object]]


async def run(graph: TopologicalSorter[int], coroutines: Coroutines, window: int) -> None:
    graph.prepare()
    finished: asyncio.Queue[int] = asyncio.Queue()
    ready: deque[int] = deque()
    tasks: dict[int, asyncio.Task[None]] = {}

    async def job(rank: int) -> None:
        await coroutines[rank]
        finished.put_nowait(rank)

    while graph.is_active():
        ready.extend(graph.get_ready())
        while ready and len(tasks) < window:
            rank = ready.popleft()
            tasks[rank] = asyncio.create_task(job(rank))
        rank = await finished.get()
        del tasks[rank]
        graph.done(rank)


class Sorter(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        graph: TopologicalSorter[int] = TopologicalSorter()
        for rank, required in enumerate(shape.requirements):
            graph.add(rank, *required)
        coroutines: Coroutines = [work(number) for number in shape.numbers]
        return partial(run, graph, coroutines, shape.window or len(coroutines))


CONTENDER = Sorter()
