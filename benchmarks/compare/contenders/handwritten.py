"""asyncio, written by hand by somebody who knows the shape."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from ..shapes import Shape, layer_width
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

Coroutines = list[Coroutine[Any, Any, object]]


async def all_at_once(_shape: Shape, coroutines: Coroutines) -> None:
    await asyncio.gather(*coroutines)


async def one_by_one(_shape: Shape, coroutines: Coroutines) -> None:
    for coroutine in coroutines:
        await coroutine


async def in_their_order(shape: Shape, coroutines: Coroutines) -> None:
    for rank in shape.order:
        await coroutines[rank]


async def layer_by_layer(_shape: Shape, coroutines: Coroutines) -> None:
    width = layer_width(len(coroutines))
    for start in range(0, len(coroutines), width):
        await asyncio.gather(*coroutines[start : start + width])


async def by_workers(shape: Shape, coroutines: Coroutines) -> None:
    assert shape.window is not None
    left = iter(coroutines)
    await asyncio.gather(*(take_from(left) for _ in range(shape.window)))


async def take_from(left: Iterator[Coroutine[Any, Any, object]]) -> None:
    for coroutine in left:
        await coroutine


async def out_and_in(_shape: Shape, coroutines: Coroutines) -> None:
    await coroutines[0]
    await asyncio.gather(*coroutines[1:-1])
    await coroutines[-1]


PROGRAMS: dict[str, Callable[[Shape, Coroutines], Coroutine[Any, Any, object]]] = {
    "chain": one_by_one,
    "shuffled": in_their_order,
    "layered": layer_by_layer,
    "window": by_workers,
    "fan": out_and_in,
}


class HandWritten(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        coroutines = [work(number) for number in shape.numbers]
        return partial(PROGRAMS.get(shape.name, all_at_once), shape, coroutines)


CONTENDER = HandWritten()
