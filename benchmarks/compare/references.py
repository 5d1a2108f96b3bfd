"""The references: asyncio by hand, the standard library, and engines of thirty lines."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

from .shapes import AnyCoroutine, Program, Requirements, Shape, Work, layer_width

Coroutines: TypeAlias = list[AnyCoroutine]


def coroutines_of(shape: Shape, work: Work) -> Coroutines:
    return [work(number) for number in shape.numbers]


def by_hand(shape: Shape, work: Work) -> Program:
    """Use asyncio as somebody would who knows the shape."""
    return partial(run_by_hand, shape, coroutines_of(shape, work))


async def run_by_hand(shape: Shape, coroutines: Coroutines) -> None:
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


async def one_by_one(coroutines: Iterator[AnyCoroutine]) -> None:
    for coroutine in coroutines:
        await coroutine


def task_group(shape: Shape, work: Work) -> Program:
    """Use asyncio.TaskGroup: a task a job, which awaits the ends of what it requires."""
    coroutines = coroutines_of(shape, work)
    if shape.window:
        semaphore = asyncio.Semaphore(shape.window)
        coroutines = [within(semaphore, coroutine) for coroutine in coroutines]
    elif any(shape.requirements):
        loop = asyncio.get_running_loop()
        ends: list[asyncio.Future[None]] = [loop.create_future() for _ in coroutines]
        coroutines = [
            after([ends[rank] for rank in shape.requirements[number]], coroutine, ends[number])
            for number, coroutine in enumerate(coroutines)
        ]
    return partial(in_a_group, coroutines)


async def within(semaphore: asyncio.Semaphore, coroutine: AnyCoroutine) -> None:
    async with semaphore:
        await coroutine


async def after(
    required: list[asyncio.Future[None]], coroutine: AnyCoroutine, end: asyncio.Future[None]
) -> None:
    for requirement in required:
        await requirement
    await coroutine
    end.set_result(None)


async def in_a_group(coroutines: Iterable[AnyCoroutine]) -> None:
    async with asyncio.TaskGroup() as group:
        for coroutine in coroutines:
            group.create_task(coroutine)


def graphlib(shape: Shape, work: Work) -> Program:
    """Use graphlib, in the loop that its documentation shows, with tasks."""
    graph: TopologicalSorter[int] = TopologicalSorter()
    for rank, required in enumerate(shape.requirements):
        graph.add(rank, *required)
    return partial(sort_and_run, graph, coroutines_of(shape, work), shape.window)


async def sort_and_run(
    graph: TopologicalSorter[int], coroutines: Coroutines, window: int | None
) -> None:
    graph.prepare()
    finished: asyncio.Queue[int] = asyncio.Queue()
    ready: deque[int] = deque()
    tasks: dict[int, asyncio.Task[None]] = {}
    most = window or len(coroutines)

    async def job(rank: int) -> None:
        await coroutines[rank]
        finished.put_nowait(rank)

    while graph.is_active():
        ready.extend(graph.get_ready())
        while ready and len(tasks) < most:
            rank = ready.popleft()
            tasks[rank] = asyncio.create_task(job(rank))
        rank = await finished.get()
        del tasks[rank]
        graph.done(rank)


class Counting(ABC):
    """An engine of thirty lines: counters, a task and a done-callback a job."""

    missing: Any  # by job, how many of its requirements have not ended
    followers: Any  # by job, the jobs that require it
    ready: deque[Any]

    def __init__(self, jobs: int, window: int | None) -> None:
        self.tasks: dict[asyncio.Task[object], Any] = {}
        self.left = jobs
        self.window = window or jobs

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = self.loop.create_future()
        self.start_ready()
        await self.over

    @abstractmethod
    def start_ready(self) -> None: ...

    def on_done(self, task: asyncio.Task[object]) -> None:
        for follower in self.followers[self.tasks.pop(task)]:
            self.missing[follower] -= 1
            if not self.missing[follower]:
                self.ready.append(follower)
        self.start_ready()
        self.left -= 1
        if not self.left:
            self.over.set_result(None)


class Node:
    __slots__ = ("coroutine",)

    def __init__(self, coroutine: AnyCoroutine) -> None:
        self.coroutine = coroutine


class Counter(Counting):
    """The generic one: it takes a mapping from each node to its requirements, as graphlib."""

    ready: deque[Node]

    def __init__(self, requirements: dict[Node, list[Node]], window: int | None) -> None:
        super().__init__(len(requirements), window)
        self.missing = {node: len(required) for node, required in requirements.items()}
        self.followers = {node: [] for node in requirements}
        for node, required in requirements.items():
            for requirement in required:
                self.followers[requirement].append(node)
        self.ready = deque(node for node, count in self.missing.items() if not count)

    def start_ready(self) -> None:
        while self.ready and len(self.tasks) < self.window:
            node = self.ready.popleft()
            task = self.loop.create_task(node.coroutine)
            self.tasks[task] = node
            task.add_done_callback(self.on_done)


class Ranks(Counting):
    """The same for nodes that are numbers from 0 on: lists do for the dictionaries."""

    ready: deque[int]

    def __init__(self, requirements: Requirements, coroutines: Coroutines, window: int | None):
        super().__init__(len(requirements), window)
        self.coroutines = coroutines
        self.missing = [len(required) for required in requirements]
        self.followers = [[] for _ in requirements]
        for rank, required in enumerate(requirements):
            for requirement in required:
                self.followers[requirement].append(rank)
        self.ready = deque(rank for rank, count in enumerate(self.missing) if not count)

    def start_ready(self) -> None:
        while self.ready and len(self.tasks) < self.window:
            rank = self.ready.popleft()
            task = self.loop.create_task(self.coroutines[rank])
            self.tasks[task] = rank
            task.add_done_callback(self.on_done)


def counter(shape: Shape, work: Work) -> Program:
    nodes = [Node(coroutine) for coroutine in coroutines_of(shape, work)]
    requirements = {
        node: [nodes[rank] for rank in required]
        for node, required in zip(nodes, shape.requirements, strict=True)
    }
    return Counter(requirements, shape.window).run


def ranks(shape: Shape, work: Work) -> Program:
    return Ranks(shape.requirements, coroutines_of(shape, work), shape.window).run


def held(shape: Shape, work: Work) -> Program:
    """Only hold the coroutines, as the user does: memory is counted from there."""
    coroutines = [work(number) for number in range(shape.size)]

    async def close() -> None:
        for coroutine in coroutines:
            coroutine.close()

    return close
