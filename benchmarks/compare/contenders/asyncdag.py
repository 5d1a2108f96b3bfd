"""The peer async-dag: nodes that are given the nodes they require."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

async_dag = import_module("async_dag")


class AsyncDag(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        nodes: list[Any] = []
        with async_dag.build_dag() as manager:
            for number, required in zip(shape.numbers, shape.requirements, strict=True):
                node = manager.add_node(partial(work, number), *(nodes[r] for r in required))
                nodes.append(node)
        return partial(manager.invoke, None)


CONTENDER = AsyncDag()
