"""Where `run()` and the other synchronous methods get their event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from . import _pyodide
from ._blocks import Block, Setting
from ._stack import ROOM, check_stack_room

__all__ = ["LoopFactory", "run_synchronously", "use_loop_factory"]

T = TypeVar("T")

LOOP = 30
"""The stack needed to make an event loop and run something in it (nested calls)."""

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]
"""Makes a new event loop, as ``asyncio.new_event_loop`` does."""

_loop_factory = Setting[LoopFactory | None]("asynciojobs loop factory", None)


def use_loop_factory(factory: LoopFactory) -> Block[None]:
    """Make synchronous methods that are called in a block get their loop from `factory`.

    These methods are ``run()``, ``orchestrate()``, ``shutdown()`` and ``standalone_run()``.
    Their argument ``loop_factory`` overrides it. Other threads are not affected, not even those
    that the block starts, nor functions called with ``asyncio.to_thread()``.

    Args:
        factory: makes a new event loop.

    Raises:
        TypeError: `factory` can't be called, for example because it is a loop itself.

    Example:
        >>> import asyncio
        >>> from asynciojobs import Job, Scheduler, use_loop_factory
        >>> with use_loop_factory(asyncio.SelectorEventLoop):
        ...     Scheduler(Job(asyncio.sleep(0))).run()
        True
    """
    _check(factory)
    return _loop_factory.block(factory)


def run_synchronously(
    coroutine: Callable[[], Coroutine[Any, Any, T]],
    *,
    loop_factory: LoopFactory | None,
    instead: str,
    before_close: Callable[[asyncio.AbstractEventLoop], None] = lambda _: None,
) -> T:
    """Run a coroutine in a new event loop, and return its result.

    Args:
        coroutine: returns the coroutine. It is called only if the coroutine will be awaited.
        loop_factory: makes the loop. With ``None``, the factory of `use_loop_factory` makes it,
            or asyncio if there is none.
        instead: what to write instead of this call inside a running loop.
        before_close: called with the loop when the coroutine has ended or was abandoned.

    Raises:
        RuntimeError: the caller is inside a running loop.
        TypeError: `loop_factory` can't be called.
    """
    if loop_factory is not None:
        _check(loop_factory)
    if _in_running_loop():
        raise RuntimeError(_refusal(instead))
    check_stack_room(ROOM + LOOP)  # otherwise a loop could be left half made or half closed
    with asyncio.Runner(loop_factory=loop_factory or _loop_factory.get()) as runner:
        try:
            return runner.run(coroutine())
        finally:
            before_close(runner.get_loop())


def _check(factory: object) -> None:
    if not callable(factory):
        raise TypeError(
            f"a loop factory must be a function that makes an event loop, not {factory!r}: "
            "give the function itself, such as asyncio.new_event_loop"
        )


def _refusal(instead: str) -> str:
    """Return why a call can't make its own loop, and what to write instead."""
    if _pyodide.IN_PYODIDE:
        return (
            "this call makes an event loop of its own, but in Pyodide one is always running: "
            f"write `{instead}`"
        )
    return (
        "this call makes an event loop of its own, and can't be made inside a running one: "
        f"write `{instead}` there"
    )


def _in_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
