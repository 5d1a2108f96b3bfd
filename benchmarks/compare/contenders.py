"""The contenders: asynciojobs, the references, and the peers, with what these can't do.

The references are asyncio by hand, the standard library, and an engine of thirty lines.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from typing import Any, Literal

from asynciojobs import Job, Scheduler

from .shapes import LAYERS, AnyCoroutine, Program, Shape, Work

REASONS = {  # why a shape is left out
    "window": "it has no limit on how many run at once",
    "shuffled": "a job must be made after those that it requires",
    "yielding": "its jobs are plain functions, which can't await",
}


@dataclass(frozen=True)
class Contender:
    """Builds a program for a shape, in a running event loop."""

    role: Literal["ours", "reference", "peer", "baseline"]
    build: Callable[[Shape, Work], Program]  # makes the jobs, in the way that is natural here
    cannot: Sequence[str] = ()  # shapes that are left out
    module: str = "asyncio"  # the module that must be installed
    nests: bool = False  # whether `build` takes shapes that have parts

    def why_not(self, shape: str) -> str | None:
        """Return why a shape can't be run, if it can't."""
        if find_spec(self.module) is None:
            return "it is not installed"
        return REASONS[shape] if shape in self.cannot else None

    def program(self, shape: Shape, work: Work) -> Program:
        """Make the program of any shape; for nested shapes, its jobs run the parts."""
        if self.nests or not shape.parts:
            return self.build(shape, work)
        programs = [self.build(part, work) for part in shape.parts]

        def run_part(number: int, *_results: object) -> AnyCoroutine:
            return programs[number]()

        return self.build(Shape("programs", [()] * len(programs)), run_part)


def ours(shape: Shape, work: Work) -> Program:
    return scheduler(shape, work).co_run


def scheduler(shape: Shape, work: Work) -> Scheduler:
    """Use asynciojobs as its README shows."""
    if shape.parts:
        return Scheduler(*(scheduler(part, work) for part in shape.parts))
    return Scheduler(*jobs_of(shape, work), jobs_window=shape.window)


def jobs_of(shape: Shape, work: Work) -> list[Job[object]]:
    jobs: list[Job[object]] = []
    if shape.order:
        jobs += (Job(work(number)) for number in shape.numbers)
        for job, required in zip(jobs, shape.requirements, strict=True):
            job.requires([jobs[rank] for rank in required])
        return jobs
    for number, required in zip(shape.numbers, shape.requirements, strict=True):
        if required:
            jobs.append(Job(work(number), required=[jobs[rank] for rank in required]))
        else:
            jobs.append(Job(work(number)))
    return jobs


# -- the references


def coroutines_of(shape: Shape, work: Work) -> list[AnyCoroutine]:
    return [work(number) for number in shape.numbers]


def by_hand(shape: Shape, work: Work) -> Program:
    """Use asyncio like someone who knows the shape."""
    coroutines = coroutines_of(shape, work)

    async def run() -> None:
        match shape.name:
            case "chain" | "shuffled":
                await one_by_one(coroutines[rank] for rank in shape.order or shape.numbers)
            case "layered":
                width = len(coroutines) // LAYERS
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
    """Use asyncio.TaskGroup: one task a job, which awaits the ends of its requirements."""
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


class Counting:
    """The engine of thirty lines: counters, and a task and a done-callback for each job."""

    def __init__(
        self,
        requirements: Iterable[tuple[Any, Iterable[Any]]],
        missing: Any,  # for each node, how many of its requirements have not ended
        followers: Any,  # for each node, the nodes that require it
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
    """Count for a mapping from each node to its requirements, as for graphlib."""
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
    """Count for nodes numbered from 0, with lists instead of dictionaries."""
    coroutine_of = coroutines_of(shape, work).__getitem__
    missing = [len(required) for required in shape.requirements]
    followers: list[list[int]] = [[] for _ in missing]
    requirements = enumerate(shape.requirements)
    return Counting(requirements, missing, followers, coroutine_of, shape.window).run


def held(shape: Shape, work: Work) -> Program:
    """Only hold the coroutines, as users do: memory is counted from there."""
    coroutines = [work(number) for number in range(shape.size)]

    async def close() -> None:
        for coroutine in coroutines:
            coroutine.close()

    return close


# -- the peers


def async_dag(shape: Shape, work: Work) -> Program:
    """Nodes get the nodes that they require."""
    nodes: list[Any] = []
    with import_module("async_dag").build_dag() as manager:
        for number, required in zip(shape.numbers, shape.requirements, strict=True):
            node = manager.add_node(partial(work, number), *(nodes[rank] for rank in required))
            nodes.append(node)
    return partial(manager.invoke, None)


def dagio(shape: Shape, work: Work) -> Program:
    """Jobs are methods of a class, decorated with the names of their requirements."""
    depends: Any = import_module("dagio").depends

    def method(number: int) -> Callable[[object], AnyCoroutine]:
        return lambda _self: work(number)

    async def everything(_self: object) -> None:
        pass

    methods: dict[str, Any] = {}
    for rank, required in enumerate(shape.requirements):
        plain = method(shape.first + rank)
        names = (f"job{other}" for other in required)
        methods[f"job{rank}"] = depends(*names)(plain) if required else plain
    # The method that is called runs its requirements: all jobs that nothing else requires.
    methods["everything"] = depends(*(f"job{rank}" for rank in shape.last))(everything)
    dag: Any = type("Dag", (), methods)()
    return partial(dag.everything)


def aiodag(shape: Shape, work: Work) -> Program:
    """Tasks get the tasks that they require, and start when they are made."""

    async def run_part(number: int, *_results: object) -> None:
        await aiodag(shape.parts[number], work)()

    if shape.parts:
        return aiodag(Shape("parts", [()] * len(shape.parts)), run_part)
    task: Any = import_module("aiodag").task
    tasks: list[asyncio.Task[object]] = []
    for number, required in zip(shape.numbers, shape.requirements, strict=True):
        make_task = task(work, *(tasks[rank] for rank in required))
        tasks.append(make_task(number))
    return partial(asyncio.wait, tasks)


def dask(shape: Shape, work: Work) -> Program:
    """Jobs are delayed functions in threads, since dask does not support coroutines."""
    peer: Any = import_module("dask")

    def call(number: int, *_results: object) -> None:
        """Run a coroutine that needs no event loop; cheaper than a loop for each."""
        for _ in work(number).__await__():
            pass

    async def run() -> None:
        last = [nodes[rank] for rank in shape.last]
        peer.compute(*last, scheduler="threads", num_workers=shape.window)

    job = peer.delayed(call, name="job", pure=False, traverse=False)
    nodes: list[Any] = []
    for number, required in zip(shape.numbers, shape.requirements, strict=True):
        nodes.append(job(number, *(nodes[rank] for rank in required)))
    return run


CONTENDERS = {
    "ours": Contender("ours", ours, nests=True),
    "by-hand": Contender("reference", by_hand),
    "TaskGroup": Contender("reference", task_group),
    "counter": Contender("reference", counter),
    "ranks": Contender("reference", ranks),
    "async-dag": Contender("peer", async_dag, ("window", "shuffled"), "async_dag"),
    "dagio": Contender("peer", dagio, ("window",), "dagio"),
    "aiodag": Contender("peer", aiodag, ("window", "shuffled"), "aiodag", nests=True),
    "dask": Contender("peer", dask, ("shuffled", "yielding"), "dask"),
}

BASELINE = Contender("baseline", held, nests=True)


def load(name: str) -> Contender:
    """Return a contender with its module imported, so that the import is not measured."""
    contender = BASELINE if name == "held" else CONTENDERS[name]
    import_module(contender.module)
    return contender
