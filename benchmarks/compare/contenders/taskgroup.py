"""`asyncio.TaskGroup`: a task a job, which awaits the ends of what it requires."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

AnyCoroutine = Coroutine[Any, Any, object]


async def run(coroutines: list[AnyCoroutine]) -> None:
    async with asyncio.TaskGroup() as group:
        for coroutine in coroutines:
            group.create_task(coroutine)


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


def with_ends(shape: Shape, coroutines: list[AnyCoroutine]) -> list[AnyCoroutine]:
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in coroutines]
    return [
        after([ends[rank] for rank in required], coroutine, end)
        for required, coroutine, end in zip(shape.requirements, coroutines, ends, strict=True)
    ]


class TaskGroup(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        coroutines: list[AnyCoroutine] = [work(number) for number in shape.numbers]
        if shape.window:
            semaphore = asyncio.Semaphore(shape.window)
            coroutines = [within(semaphore, coroutine) for coroutine in coroutines]
        elif not shape.is_free:
            coroutines = with_ends(shape, coroutines)
        return partial(run, coroutines)


CONTENDER = TaskGroup()
