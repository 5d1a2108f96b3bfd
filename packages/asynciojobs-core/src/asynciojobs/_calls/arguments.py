"""The arguments of `CallJob`, checked: functions, jobs among the arguments, executors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from concurrent.futures import Executor

from .._requirements import Group
from ..engine import Engine
from ..job import AbstractJob

__all__ = [
    "as_executor_or_engine",
    "check_function",
    "is_coroutine_function",
    "jobs_among",
]


def is_coroutine_function(function: object) -> bool:
    """Tell whether a callable returns a coroutine: a coroutine function, or such an object."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - of its class, not its own
    )


def check_function(function: object, executor: object) -> None:
    """Check that a `CallJob` can call this.

    Raises:
        TypeError: it can't be called, or an executor can't call it.
    """
    if inspect.isawaitable(function):
        raise TypeError(
            f"CallJob() calls a function, and {function!r} is a coroutine already: take "
            "Job(coroutine), or give the function, CallJob(function, *args)"
        )
    if not callable(function):
        raise TypeError(
            f"CallJob() calls a function, and {function!r} is none: give the function itself, "
            "without calling it"
        )
    if executor is not None and is_coroutine_function(function):
        raise TypeError(
            f"{function!r} is a coroutine function, which is awaited in the event loop: leave "
            "`executor` out, or give a plain function"
        )


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


def jobs_among(arguments: Iterable[object]) -> tuple[AbstractJob[object], ...]:
    """Return the jobs among the arguments, without repetitions.

    Raises:
        TypeError: there is a sequence among them.
    """
    arguments = tuple(arguments)
    for argument in arguments:
        if isinstance(argument, Group):
            raise TypeError(
                f"{argument!r} is an argument, and has no result: give the job of it whose "
                "result is meant, such as sequence.jobs[-1]"
            )
    jobs: list[AbstractJob[object]] = [it for it in arguments if isinstance(it, AbstractJob)]
    return tuple(dict.fromkeys(jobs))
