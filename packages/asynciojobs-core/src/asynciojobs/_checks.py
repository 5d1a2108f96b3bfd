"""Checks of what users pass in: numbers, coroutines, functions."""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import operator
import sys
from collections.abc import Callable
from types import MethodType
from typing import SupportsIndex, cast

__all__ = [
    "accepts",
    "as_number",
    "callable_label",
    "callable_name",
    "check_journal",
    "check_runnable",
    "checked_seconds",
    "checked_window",
    "close_unstarted",
    "is_method_of",
    "is_used_up_once",
    "not_awaitable",
    "whole_number",
]

LARGEST_FLOAT = sys.float_info.max


# -- numbers


def as_number(thing: object) -> float | None:
    """Return an int or a float; ``None`` if this is not a real number.

    The numbers of other packages, such as NumPy, are converted.
    """
    if type(thing) is int or type(thing) is float:
        return thing
    if isinstance(thing, bool):
        return None
    if hasattr(thing, "__index__") and not isinstance(thing, type):
        return operator.index(cast("SupportsIndex", thing))
    return float(thing) if isinstance(thing, numbers.Real) else None


def checked_seconds(parameter: str, seconds: float | None) -> float | None:
    """Return a number of seconds, or ``None``.

    Raises:
        TypeError: it is neither.
        ValueError: it is negative or NaN.
    """
    if seconds is None:
        return None
    number = as_number(seconds)
    if number is None:
        raise TypeError(f"{parameter} must be a number of seconds, or None, not {seconds!r}")
    seconds = number
    if not seconds >= 0:
        raise ValueError(f"{parameter} must be 0 seconds or more, not {seconds!r}")
    if LARGEST_FLOAT < seconds < math.inf:  # an int that can't be added to a time
        raise ValueError(f"{parameter} must be a number that a float can hold")
    return seconds


def checked_window(jobs: int | None) -> int | None:
    """Return a number of jobs, or ``None``.

    Raises:
        TypeError: it is neither.
        ValueError: it is negative.
    """
    if jobs is None:
        return None
    rule = f"jobs_window must be a number of jobs, or None or 0 for no limit, not {jobs!r}"
    return whole_number(jobs, rule, least=0)


def whole_number(thing: object, rule: str, *, least: int) -> int:
    """Return something as an int.

    Args:
        thing: what the user passed.
        rule: the text of the error.
        least: the smallest number allowed.

    Raises:
        TypeError: it is not a whole number.
        ValueError: it is too small.
    """
    if isinstance(thing, bool):
        raise TypeError(rule)
    try:
        number = operator.index(cast("SupportsIndex", thing))
    except TypeError:
        raise TypeError(rule) from None
    if number < least:
        raise ValueError(rule)
    return number


# -- coroutines, and functions that return one


def check_runnable(parameter: str, thing: object) -> None:
    """Check that a job can be made of something.

    Raises:
        TypeError: it is neither awaitable nor callable.
    """
    if not (inspect.isawaitable(thing) or callable(thing)):
        raise TypeError(
            f"{parameter} must be a coroutine, or a callable that returns one, not {thing!r}: "
            "give the function itself, without calling it"
        )


def not_awaitable(rule: str, returned: object, remedy: str = "") -> str:
    """Return the message about a function that did not return an awaitable.

    Args:
        rule: the beginning of the message. It names the function; ", which" follows.
        returned: the return value of the function.
        remedy: the end of the message: what to do with a plain function.
    """
    if inspect.isasyncgen(returned) or inspect.isgenerator(returned):
        return (
            f"{rule}, which is a generator, since there is a `yield` in it: make it an "
            "`async def` without `yield`, and return one value"
        )
    return (
        f"{rule}, which must return an awaitable, but returned {returned!r}: make it an "
        f"`async def`{remedy}"
    )


def callable_name(thing: object) -> str:
    """Return the qualified name of a function, or of a callable's class; otherwise ``""``.

    A `functools.partial` has the name of its function.
    """
    while isinstance(thing, functools.partial):
        thing = thing.func
    name = getattr(thing, "__qualname__", None)
    if isinstance(name, str):
        return name
    return type(thing).__qualname__ if callable(thing) else ""


def callable_label(thing: object) -> str | None:
    """Return the label of a callable object, which is its class; ``None`` for functions."""
    while isinstance(thing, functools.partial):
        thing = thing.func
    if not callable(thing) or isinstance(getattr(thing, "__qualname__", None), str):
        return None
    return type(thing).__name__


def accepts(function: Callable[..., object], args: tuple[object, ...]) -> bool:
    """Return whether a function can be called with these arguments."""
    try:
        inspect.signature(function).bind(*args)
    except (TypeError, ValueError):
        return False
    return True


def close_unstarted(thing: object) -> bool:
    """Close a coroutine that has not started; return whether it was a coroutine at all."""
    if not inspect.iscoroutine(thing):
        return False
    if inspect.getcoroutinestate(thing) == inspect.CORO_CREATED:
        thing.close()
    return True


def is_used_up_once(thing: object) -> bool:
    """Return whether something is a coroutine or a future, which can't be copied."""
    return inspect.iscoroutine(thing) or hasattr(type(thing), "_asyncio_future_blocking")


def is_method_of(method: object, function: object) -> bool:
    """Return whether a method is this very function, bound to an object.

    Only the function itself counts. A decorator would copy any mark that we put on it. A proxy
    (of ``wrapt``, say) even passes on the ``__func__`` of the method that it wraps.
    """
    return type(method) is MethodType and method.__func__ is function


# -- journals


def check_journal(journal: object) -> None:
    """Check what a user passes as the journal of a run.

    Raises:
        TypeError: it is something else, such as the path of a journal.
    """
    if not hasattr(journal, "begin_session"):
        raise TypeError(
            "journal must be a Journal, as in run(journal=Journal('night.journal')), "
            f"not {journal!r}"
        )
