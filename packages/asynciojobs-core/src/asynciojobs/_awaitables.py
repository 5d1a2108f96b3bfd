"""What a job can be made of: awaitables, and functions that return one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CoroutineType

__all__ = ["check_runnable", "close_unstarted", "takes"]


def check_runnable(parameter: str, thing: object) -> None:
    """Check what a job is made of.

    Raises:
        TypeError: it is neither awaitable nor callable.
    """
    if type(thing) is CoroutineType:  # the usual case, and the quickest to tell
        return
    if not (inspect.isawaitable(thing) or callable(thing)):
        raise TypeError(
            f"{parameter} must be a coroutine, or a callable that returns one, not {thing!r}: "
            "give the function itself, without calling it"
        )


def takes(function: Callable[..., object], args: tuple[object, ...]) -> bool:
    """Tell whether a function can be called with these arguments."""
    try:
        inspect.signature(function).bind(*args)
    except (TypeError, ValueError):
        return False
    return True


def close_unstarted(thing: object) -> bool:
    """Close a coroutine that has not started; tell whether it was one."""
    if not inspect.iscoroutine(thing):
        return False
    if inspect.getcoroutinestate(thing) == inspect.CORO_CREATED:
        thing.close()
    return True
