"""Who is compared with the references: we and the peers, and what these can't do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from asynciojobs import Job, Scheduler

from . import references
from .shapes import AnyCoroutine, Program, Shape, Work, free

NO_WINDOW = "it has no limit on how many run at once"
MADE_IN_ORDER = "a job must be made after those that it requires"
NO_AWAIT = "its jobs are plain functions, which can't await"


@dataclass(frozen=True)
class Contender:
    """Builds a program for a shape, in a running event loop."""

    name: str
    role: Literal["ours", "reference", "peer", "baseline"]
    build: Callable[[Shape, Work], Program]  # makes the jobs, in whatever way is natural here
    nests: bool = False  # `build` takes shapes that have parts
    module: str = "asyncio"  # what must be installed
    # by the name of a shape: why it is left out
    cannot: Mapping[str, str] = field(default_factory=dict[str, str])

    def why_not(self, shape: str) -> str | None:
        """Return why a shape can't be run, if it can't."""
        if find_spec(self.module) is None:
            return "it is not installed"
        return self.cannot.get(shape)

    def program(self, shape: Shape, work: Work) -> Program:
        """Make the program of any shape; that of nested ones has jobs that run the parts."""
        if self.nests or not shape.parts:
            return self.build(shape, work)
        programs = [self.build(part, work) for part in shape.parts]

        def run_part(number: int, *_results: object) -> AnyCoroutine:
            return programs[number]()

        return self.build(free("programs", len(programs)), run_part)


def ours(shape: Shape, work: Work) -> Program:
    return scheduler(shape, work).co_run


def scheduler(shape: Shape, work: Work) -> Scheduler:
    """Use asynciojobs as its README shows."""
    if shape.parts:
        return Scheduler(*(scheduler(part, work) for part in shape.parts))
    return Scheduler(*jobs_of(shape, work), jobs_window=shape.window)


def jobs_of(shape: Shape, work: Work) -> list[Job[object]]:
    jobs: list[Job[object]]
    if shape.order:
        jobs = [Job(work(number)) for number in shape.numbers]
        for job, required in zip(jobs, shape.requirements, strict=True):
            job.requires([jobs[rank] for rank in required])
        return jobs
    jobs = []
    for number, required in zip(shape.numbers, shape.requirements, strict=True):
        if required:
            jobs.append(Job(work(number), required=[jobs[rank] for rank in required]))
        else:
            jobs.append(Job(work(number)))
    return jobs


def async_dag(shape: Shape, work: Work) -> Program:
    """Nodes are given the nodes that they require."""
    nodes: list[Any] = []
    with import_module("async_dag").build_dag() as manager:
        for number, required in zip(shape.numbers, shape.requirements, strict=True):
            node = manager.add_node(partial(work, number), *(nodes[rank] for rank in required))
            nodes.append(node)
    return partial(manager.invoke, None)


def dagio(shape: Shape, work: Work) -> Program:
    """Jobs are methods of a class, decorated with the names of those that they require."""
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
    # The method that is called runs what it requires: all that nothing else requires.
    methods["everything"] = depends(*(f"job{rank}" for rank in shape.last))(everything)
    dag: Any = type("Dag", (), methods)()
    return partial(dag.everything)


def aiodag(shape: Shape, work: Work) -> Program:
    """Tasks are given the tasks that they require, and start when they are made."""

    async def run_part(number: int, *_results: object) -> None:
        await aiodag(shape.parts[number], work)()

    if shape.parts:
        return aiodag(free("parts", len(shape.parts)), run_part)
    task: Any = import_module("aiodag").task
    tasks: list[asyncio.Task[object]] = []
    for number, required in zip(shape.numbers, shape.requirements, strict=True):
        make_task = task(work, *(tasks[rank] for rank in required))
        tasks.append(make_task(number))
    return partial(asyncio.wait, tasks)


def dask(shape: Shape, work: Work) -> Program:
    """Jobs are delayed functions, in threads, since dask knows no coroutines."""
    peer: Any = import_module("dask")

    def call(number: int, *_results: object) -> None:
        """Run a coroutine that needs no event loop: cheaper than a loop for each."""
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


IN_ORDER = {"window": NO_WINDOW, "shuffled": MADE_IN_ORDER}
FUNCTIONS = {"shuffled": MADE_IN_ORDER, "yielding": NO_AWAIT}

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("ours", "ours", ours, nests=True),
        Contender("by-hand", "reference", references.by_hand),
        Contender("TaskGroup", "reference", references.task_group),
        Contender("counter", "reference", references.counter),
        Contender("ranks", "reference", references.ranks),
        Contender("graphlib", "reference", references.graphlib),
        Contender("async-dag", "peer", async_dag, False, "async_dag", IN_ORDER),
        Contender("dagio", "peer", dagio, False, "dagio", {"window": NO_WINDOW}),
        Contender("aiodag", "peer", aiodag, True, "aiodag", IN_ORDER),
        Contender("dask", "peer", dask, False, "dask", FUNCTIONS),
    )
}

BASELINE = Contender("held", "baseline", references.held, nests=True)


def load(name: str) -> Contender:
    """Return a contender, with its module imported, so that this is not measured."""
    contender = BASELINE if name == BASELINE.name else CONTENDERS[name]
    import_module(contender.module)
    return contender
