"""Context managers that don't change the exceptions that pass through them.

`contextlib.contextmanager` sets the ``__traceback__`` of each exception that passes through. If
an exception can't be changed, such as a frozen dataclass, this raises another error instead.
"""

from __future__ import annotations

import copy
import functools
import inspect
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

__all__ = ["Block", "Setting", "SharedSetting"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


RUNS_LATER = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)


class Block(Generic[T_co]):
    """A context manager that also works as a decorator of functions."""

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function. Each call enters its own block, so any thread may call it.

        Raises:
            TypeError: the function is a coroutine or generator function, so its code would run
                after the block has ended.
        """
        if any(is_kind(function) for is_kind in RUNS_LATER):
            raise TypeError(
                f"a block can't decorate {function!r}, which would run after the block has "
                "ended: use `with` inside the function"
            )

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


class Setting(Generic[T]):
    """A value that blocks set for the context and the thread that enter them.

    A copy of a context may run in another thread. `asyncio.to_thread()` makes such a copy; so
    does each new thread if ``sys.flags.thread_inherit_context`` is set, as on free-threaded
    builds. In these threads, the setting has its default value.

    Args:
        name: the name of the context variable.
        default: the value outside all blocks.
    """

    def __init__(self, name: str, default: T) -> None:
        # The thread that entered the block, and the value. The thread is identified by an
        # object, since its number is reused after its end.
        self._variable: ContextVar[tuple[object, T]] = ContextVar(name)
        self._default = default

    def get(self) -> T:
        """Return the value of the innermost block; the default if there is none."""
        thread, value = self._variable.get((None, self._default))
        return value if thread is here.mark else self._default

    def block(self, value: T) -> Block[None]:
        """Return a block in which the setting has another value."""
        return SettingBlock(self._variable, value)


class SettingBlock(Block[None], Generic[T]):
    """A block in which a setting has another value.

    Args:
        variable: the context variable of the setting.
        value: its value in the block.
    """

    def __init__(self, variable: ContextVar[tuple[object, T]], value: T) -> None:
        self._variable = variable
        self._value = value

    def __enter__(self) -> None:
        self._token = self._variable.set((here.mark, self._value))

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)


class SharedSetting(Setting[T]):
    """A setting whose blocks also apply to other threads and tasks that are in no block.

    If several blocks are open, the one whose context was copied applies there, as with
    `asyncio.to_thread()`; otherwise the one entered last.
    """

    def __init__(self, name: str, default: T) -> None:
        super().__init__(name, default)
        self._open: list[T] = []  # the values of the open blocks, in order of entry

    def get(self) -> T:
        """Return the value of the block that applies here; the default if none is open."""
        entered, value = self._variable.get((None, self._default))
        candidates = tuple(self._open)  # other threads enter and leave
        if entered is here.mark or any(value is it for it in candidates):
            return value
        return candidates[-1] if candidates else self._default

    def block(self, value: T) -> Block[None]:
        """Return a block in which the setting has another value."""
        return SharedBlock(self._variable, value, self._open)


class SharedBlock(SettingBlock[T]):
    """A block in which a shared setting has another value.

    Args:
        variable: the context variable of the setting.
        value: its value in the block.
        open_values: the values of all open blocks.
    """

    def __init__(
        self, variable: ContextVar[tuple[object, T]], value: T, open_values: list[T]
    ) -> None:
        super().__init__(variable, value)
        self._open = open_values

    def __enter__(self) -> None:
        super().__enter__()
        self._open.append(self._value)

    def __exit__(self, *_: object) -> None:
        last = max(i for i, value in enumerate(self._open) if value is self._value)
        del self._open[last]
        super().__exit__()


class Here(threading.local):
    """Distinguishes threads.

    Attributes:
        mark: an object that no other thread has or ever had.
    """

    def __init__(self) -> None:
        self.mark = object()


here = Here()
