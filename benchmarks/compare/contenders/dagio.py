"""The peer dagio: the methods of a class, decorated with the names of those they require."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]

depends: Any = import_module("dagio").depends

Method = Callable[[object], Coroutine[Any, Any, object]]


def method(work: Work, number: int) -> Method:
    def run(_self: object) -> Coroutine[Any, Any, object]:
        return work(number)

    return run


async def end(_self: object) -> None:
    pass


class Dagio(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        methods: dict[str, Method] = {}
        for rank, required in enumerate(shape.requirements):
            plain = method(work, shape.first + rank)
            names = (f"job{other}" for other in required)
            methods[f"job{rank}"] = depends(*names)(plain) if required else plain
        # One method is called, and runs what it requires: all that nothing else requires.
        methods["everything"] = depends(*(f"job{rank}" for rank in shape.last))(end)
        dag: Any = type("Dag", (), methods)()
        everything: Program = dag.everything
        return everything


CONTENDER = Dagio()
