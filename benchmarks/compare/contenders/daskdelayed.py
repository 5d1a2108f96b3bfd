"""The peer dask.delayed: plain functions in threads, since it knows no coroutines."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

dask: Any = import_module("dask")


def call(work: Work, number: int, *_results: object) -> None:
    """Run a coroutine that needs no event loop: cheaper than a loop for each."""
    for _ in work(number).__await__():
        pass


async def compute(nodes: list[Any], threads: int | None) -> None:
    dask.compute(*nodes, scheduler="threads", num_workers=threads)


class DaskDelayed(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        return partial(compute, self.nodes(shape, work), shape.window)

    def nodes(self, shape: Shape, work: Work) -> list[Any]:
        job = dask.delayed(partial(call, work), name="job", pure=False, traverse=False)
        nodes: list[Any] = []
        for number, required in zip(shape.numbers, shape.requirements, strict=True):
            nodes.append(job(number, *(nodes[rank] for rank in required)))
        return [nodes[rank] for rank in shape.last]

    def nest(self, shape: Shape, work: Work) -> Program:
        parts = [self.nodes(part, work) for part in shape.parts]
        inner = (partial(dask.compute, *part, scheduler="threads") for part in parts)
        outer = [dask.delayed(compute_part)() for compute_part in inner]
        return partial(compute, outer, None)


CONTENDER = DaskDelayed()
