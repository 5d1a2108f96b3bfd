"""The peer aiodag: tasks that are given the tasks they require."""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from typing import Any

from ..shapes import Shape, independent
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

task: Any = import_module("aiodag").task


class Aiodag(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        tasks: list[asyncio.Task[object]] = []
        for number, required in zip(shape.numbers, shape.requirements, strict=True):
            make_task = task(work, *(tasks[rank] for rank in required))
            tasks.append(make_task(number))
        return partial(asyncio.wait, tasks)

    def nest(self, shape: Shape, work: Work) -> Program:
        """Its tasks start when they are made, so those of a part are made by its task."""

        async def run_part(number: int, *_results: object) -> None:
            await self.build(shape.parts[number], work)()

        return self.build(independent(len(shape.parts)), run_part)


CONTENDER = Aiodag()
