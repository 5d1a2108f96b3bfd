"""Checks of what users pass to `CallJob`: functions and executors."""

from __future__ import annotations

import functools
import inspect
from concurrent.futures import Executor
from types import FunctionType, MethodType

from ..engine import Engine

__all__ = [
    "as_executor_or_engine",
    "check_function",
    "is_coroutine_function",
]

GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def is_coroutine_function(function: object) -> bool:
    """Return whether this is a coroutine function, or an object whose calls are one."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - the one of its class
    )


def check_function(function: object, executor: object) -> None:
    """Check that a `CallJob` can call a function.

    Raises:
        TypeError: it can't be called, is a generator function, or can't run in an executor.
    """
    if inspect.isawaitable(function):
        raise TypeError(
            f"CallJob() calls a function, and {function!r} is a coroutine already: take "
            "Job(coroutine), or give the function, CallJob(function, *args)"
        )
    if not callable(function):
        raise TypeError(
            f"CallJob() calls a function, not {function!r}: give the function itself, without "
            "calling it"
        )
    check_no_generators(function)
    if executor is not None and is_coroutine_function(function):
        raise TypeError(
            f"{function!r} is a coroutine function, which is awaited in the event loop: leave "
            "`executor` out, or give a plain function"
        )


def check_no_generators(function: object) -> None:
    """Refuse a generator function, since calling it would not run its code.

    Raises:
        TypeError: it is one.
    """
    flags = flags_of_code(function)
    if not flags & GENERATORS:
        return
    if flags & inspect.CO_ASYNC_GENERATOR:
        kind, remedy = "an async generator", "[it async for it in function(*args)]"
    else:
        kind, remedy = "a generator", "list(function(*args))"
    raise TypeError(
        f"{function!r} is {kind} function, and a call of it runs nothing: give a function that "
        f"returns what it yields, such as {remedy}"
    )


def flags_of_code(function: object) -> int:
    """Return the flags of a callable's code; 0 if it is not written in Python.

    Calling `inspect.isgeneratorfunction()` and `inspect.isasyncgenfunction()` would take longer
    than all the rest of making a `CallJob`.
    """
    while isinstance(function, functools.partial):
        function = function.func
    if not isinstance(function, (FunctionType, MethodType)):
        function = getattr(type(function), "__call__", None)  # noqa: B004 - of its class
    if isinstance(function, MethodType):
        function = function.__func__
    return function.__code__.co_flags if isinstance(function, FunctionType) else 0


def as_executor_or_engine(executor: object) -> tuple[Executor | None, Engine | None]:
    """Return a pair of an executor and an engine. At least one of them is ``None``.

    Raises:
        TypeError: it is neither an executor, nor an engine, nor ``None``.
    """
    if executor is None:
        return None, None
    if isinstance(executor, Executor):
        return executor, None
    if isinstance(executor, Engine) and not isinstance(executor, type):
        return None, executor
    raise TypeError(
        "executor must be None for a thread, an instance of concurrent.futures.Executor, or an "
        f"engine, which has start() and fetch(), not {executor!r}"
        + (", whose get_executor() returns one" if hasattr(executor, "get_executor") else "")
    )
