"""The references: asyncio by hand, the standard library, and an engine of thirty lines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from operator import attrgetter
from typing import Any, TypeAlias

from .shapes import AnyCoroutine, Program, Shape, Work, layer_width

Coroutines: TypeAlias = list[AnyCoroutine]


def coroutines_of(shape: Shape, work: Work) -> Coroutines:
    return [work(number) for number in shape.numbers]


def by_hand(shape: Shape, work: Work) -> Program:
    """Use asyncio as somebody would who knows the shape."""
    coroutines = coroutines_of(shape, work)

    async def run() -> None:
        match shape.name:
            case "chain":
                await one_by_one(iter(coroutines))
            case "shuffled":
                await one_by_one(coroutines[rank] for rank in shape.order)
            case "layered":
                width = layer_width(len(coroutines))
                for start in range(0, len(coroutines), width):
                    await asyncio.gather(*coroutines[start : start + width])
            case "window":
                left = iter(coroutines)
                await asyncio.gather(*(one_by_one(left) for _ in range(shape.window or 0)))
            case "fan":
                await coroutines[0]
                await asyncio.gather(*coroutines[1:-1])
                await coroutines[-1]
            case _:
                await asyncio.gather(*coroutines)

    return run


async def one_by_one(coroutines: Iterator[AnyCoroutine]) -> None:
    for coroutine in coroutines:
        await coroutine


def task_group(shape: Shape, work: Work) -> Program:
    """Use asyncio.TaskGroup: a task a job, which awaits the ends of what it requires."""
    jobs = coroutines = coroutines_of(shape, work)
    if shape.window:
        semaphore = asyncio.Semaphore(shape.window)

        async def within(coroutine: AnyCoroutine) -> None:
            async with semaphore:
                await coroutine

        jobs = [within(coroutine) for coroutine in coroutines]
    elif any(shape.requirements):
        loop = asyncio.get_running_loop()
        ends: list[asyncio.Future[None]] = [loop.create_future() for _ in coroutines]

        async def after(required: tuple[int, ...], rank: int) -> None:
            for requirement in required:
                await ends[requirement]
            await coroutines[rank]
            ends[rank].set_result(None)

        jobs = [after(required, rank) for rank, required in enumerate(shape.requirements)]

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)

    return run


def graphlib(shape: Shape, work: Work) -> Program:
    """Use graphlib, in the loop that its documentation shows, with tasks."""
    graph: TopologicalSorter[int] = TopologicalSorter()
    for rank, required in enumerate(shape.requirements):
        graph.add(rank, *required)
    coroutines = coroutines_of(shape, work)
    finished: asyncio.Queue[int] = asyncio.Queue()

    async def job(rank: int) -> None:
        await coroutines[rank]
        finished.put_nowait(rank)

    async def run() -> None:
        graph.prepare()
        ready: deque[int] = deque()
        tasks: dict[int, asyncio.Task[None]] = {}
        most = shape.window or len(coroutines)
        while graph.is_active():
            ready.extend(graph.get_ready())
            while ready and len(tasks) < most:
                rank = ready.popleft()
                tasks[rank] = asyncio.create_task(job(rank))
            rank = await finished.get()
            del tasks[rank]
            graph.done(rank)

    return run


class Counting:
    """The engine of thirty lines: counters, a task and a done-callback a job."""

    def __init__(
        self,
        requirements: Iterable[tuple[Any, Iterable[Any]]],
        missing: Any,  # by node, how many of its requirements have not ended
        followers: Any,  # by node, the nodes that require it
        coroutine_of: Callable[[Any], AnyCoroutine],
        window: int | None,
    ) -> None:
        self.missing, self.followers, self.coroutine_of = missing, followers, coroutine_of
        self.ready: deque[Any] = deque()
        self.tasks: dict[asyncio.Task[object], Any] = {}
        self.left = len(missing)
        self.window = window or self.left
        for node, required in requirements:
            if not required:
                self.ready.append(node)
            for requirement in required:
                followers[requirement].append(node)

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = self.loop.create_future()
        self.start_ready()
        await self.over

    def start_ready(self) -> None:
        while self.ready and len(self.tasks) < self.window:
            node = self.ready.popleft()
            task = self.loop.create_task(self.coroutine_of(node))
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


@dataclass(eq=False, slots=True)
class Node:
    coroutine: AnyCoroutine


def counter(shape: Shape, work: Work) -> Program:
    """Count for a mapping from each node to its requirements, as graphlib takes it."""
    nodes = [Node(coroutine) for coroutine in coroutines_of(shape, work)]
    requirements = {
        node: [nodes[rank] for rank in required]
        for node, required in zip(nodes, shape.requirements, strict=True)
    }
    missing = {node: len(required) for node, required in requirements.items()}
    followers: dict[Node, list[Node]] = {node: [] for node in requirements}
    coroutine_of = attrgetter("coroutine")
    return Counting(requirements.items(), missing, followers, coroutine_of, shape.window).run


def ranks(shape: Shape, work: Work) -> Program:
    """Count for nodes that are numbers from 0 on: lists do for the dictionaries."""
    coroutine_of = coroutines_of(shape, work).__getitem__
    missing = [len(required) for required in shape.requirements]
    followers: list[list[int]] = [[] for _ in missing]
    requirements = enumerate(shape.requirements)
    return Counting(requirements, missing, followers, coroutine_of, shape.window).run


def held(shape: Shape, work: Work) -> Program:
    """Only hold the coroutines, as the user does: memory is counted from there."""
    coroutines = [work(number) for number in range(shape.size)]

    async def close() -> None:
        for coroutine in coroutines:
            coroutine.close()

    return close
