"""Context managers that let exceptions pass as they are.

`contextlib.contextmanager` sets the ``__traceback__`` of each exception that passes. If a class
can't be changed, such as a frozen dataclass, another error is raised in its place.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

__all__ = ["Block", "VariableBlock"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Block(Generic[T_co]):
    """A context manager, which also works as a decorator of functions."""

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function. Each call is a block of its own, so any thread may call it."""

        @functools.wraps(function)
        def call(*args: P.args, **kwds: P.kwargs) -> R:
            with copy.copy(self):
                return function(*args, **kwds)

        return call

    def __enter__(self) -> T_co:
        raise NotImplementedError  # pragma: no cover - abstract

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        raise NotImplementedError  # pragma: no cover - abstract


class VariableBlock(Block[None], Generic[T]):
    """A block in which a context variable has another value.

    Args:
        variable: the context variable.
        value: its value in the block.
    """

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable = variable
        self._value = value

    def __enter__(self) -> None:
        self._token: Token[T] = self._variable.set(self._value)

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)
