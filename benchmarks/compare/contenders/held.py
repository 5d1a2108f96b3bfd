"""No contender, but what memory is counted from: the coroutines that the user holds."""

from __future__ import annotations

from ..shapes import Shape, independent
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]


class Held(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        coroutines = [work(number) for number in shape.numbers]

        async def close() -> None:
            for coroutine in coroutines:
                coroutine.close()

        return close

    def nest(self, shape: Shape, work: Work) -> Program:
        return self.build(independent(shape.size), work)


CONTENDER = Held()
