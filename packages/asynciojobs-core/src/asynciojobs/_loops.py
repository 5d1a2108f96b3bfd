"""Where the synchronous entries get their event loop from: one place for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

from ._room import ROOM, make_sure_of_room

__all__ = ["LoopFactory", "run_synchronously", "use_loop_factory"]

T = TypeVar("T")

LOOP = 30
"""What a loop takes around what runs in it, and to be made (calls)."""

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]
"""Makes a new event loop, as ``asyncio.new_event_loop`` does."""

_loop_factory: ContextVar[LoopFactory | None] = ContextVar(
    "asynciojobs loop factory", default=None
)


@contextlib.contextmanager
def use_loop_factory(factory: LoopFactory) -> Generator[None, None, None]:
    """Have the synchronous entries called in this context make their loop by `factory`.

    These are ``run()``, ``orchestrate()``, ``shutdown()`` and ``standalone_run()``; their
    keyword ``loop_factory`` wins over it.

    Args:
        factory: makes a new event loop.

    Raises:
        TypeError: it can't be called; a loop can't, for one.

    Example:
        >>> import asyncio
        >>> from asynciojobs import Job, Scheduler, use_loop_factory
        >>> with use_loop_factory(asyncio.SelectorEventLoop):
        ...     Scheduler(Job(asyncio.sleep(0))).run()
        True
    """
    _check(factory)
    token = _loop_factory.set(factory)
    try:
        yield
    finally:
        _loop_factory.reset(token)


def run_synchronously(
    coroutine: Callable[[], Coroutine[Any, Any, T]],
    *,
    loop_factory: LoopFactory | None,
    instead: str,
) -> T:
    """Run a coroutine in a loop of its own, and return its result.

    Args:
        coroutine: returns the coroutine; called only when it is sure to be awaited.
        loop_factory: makes the loop; ``None`` takes that of `use_loop_factory`, and else
            asyncio's own.
        instead: what a caller inside of a running loop has to write.

    Raises:
        RuntimeError: the caller is inside of a running loop.
        TypeError: `loop_factory` can't be called.
    """
    if loop_factory is not None:
        _check(loop_factory)
    if _in_running_loop():
        raise RuntimeError(
            "this call makes an event loop of its own, and can't be made inside of a "
            f"running one: write `{instead}` there"
        )
    make_sure_of_room(ROOM + LOOP)  # else a loop could be left half made, or half closed
    with asyncio.Runner(loop_factory=loop_factory or _loop_factory.get()) as runner:
        return runner.run(coroutine())


def _check(factory: object) -> None:
    if not callable(factory):
        raise TypeError(
            f"a loop factory must be a function that makes an event loop, not {factory!r}: "
            "give the function itself, such as asyncio.new_event_loop"
        )


def _in_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
