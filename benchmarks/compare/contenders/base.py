"""`Contender`: builds a program for a shape, and tells how it nests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from ..shapes import Shape, independent
from ..work import Work

__all__ = ["Contender", "Program"]

Program = Callable[[], Coroutine[Any, Any, object]]
"""What was built; call and await it once to run it."""


class Contender(ABC):
    """Both methods are called in a running event loop."""

    @abstractmethod
    def build(self, shape: Shape, work: Work) -> Program:
        """Make the jobs of a shape, from coroutines or what else is natural here."""

    def nest(self, shape: Shape, work: Work) -> Program:
        """Make the parts of a shape, and one more program whose jobs run these."""
        programs = [self.build(part, work) for part in shape.parts]

        def run_part(number: int, *_results: object) -> Coroutine[Any, Any, object]:
            return programs[number]()

        return self.build(independent(len(programs)), run_part)

    def program(self, shape: Shape, work: Work) -> Program:
        """Make the program of any shape."""
        return self.nest(shape, work) if shape.parts else self.build(shape, work)
