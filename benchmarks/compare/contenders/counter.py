"""The reference: a generic engine as one writes it in half an hour, without the corners."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER", "CounterEngine", "Node"]


class Node:
    """A job: what it runs."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self.coroutine = coroutine


class CounterEngine:
    """Counters, a task and a done-callback a job, for a mapping as graphlib takes it."""

    def __init__(self, requirements: Mapping[Node, Sequence[Node]], window: int | None) -> None:
        self.window = window or len(requirements)
        self.missing = {node: len(required) for node, required in requirements.items()}
        self.followers: dict[Node, list[Node]] = {node: [] for node in requirements}
        for node, required in requirements.items():
            for requirement in required:
                self.followers[requirement].append(node)
        self.ready = deque(node for node, count in self.missing.items() if not count)
        self.tasks: dict[asyncio.Task[object], Node] = {}
        self.left = len(requirements)

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = self.loop.create_future()
        self.start_ready()
        await self.over

    def start_ready(self) -> None:
        while self.ready and len(self.tasks) < self.window:
            node = self.ready.popleft()
            task = self.loop.create_task(node.coroutine)
            self.tasks[task] = node
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


class Counter(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        nodes = [Node(work(number)) for number in shape.numbers]
        requirements = {
            node: [nodes[rank] for rank in required]
            for node, required in zip(nodes, shape.requirements, strict=True)
        }
        return CounterEngine(requirements, shape.window).run


CONTENDER = Counter()
