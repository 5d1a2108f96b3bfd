"""Finds out, after a call failed, what could not be pickled or unpickled."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from typing import Any

from .._text import one_line

__all__ = ["unpicklable_part", "unpickling_failure"]

SENDING_BACK = "_sendback_result"
"""The function that sends a result from a worker of the standard library or of loky."""


def unpicklable_part(
    error: Exception,
    executor: object,
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> str | None:
    """Return the part of a call that could not be pickled, if that is why it failed.

    Checking the parts before each call would cost as much as sending them. So they are pickled
    again only after a failure of the right type, to see which part fails in the same way.

    Args:
        error: the failure.
        executor: the executor of the call.
        function: the function of the call.
        args: its positional arguments.
        kwargs: its keyword arguments.

    Returns:
        text such as ``argument 2``; ``None`` if the call failed for another reason.
    """
    pickle = sys.modules.get("pickle")  # if something was pickled, this is imported
    if pickle is None or not isinstance(
        error, pickle.PicklingError | AttributeError | TypeError
    ):
        return None
    if SENDING_BACK in str(error.__cause__):
        return "what its function returned or raised"
    dumps = dumps_of(executor, pickle)
    for part, thing in parts_of(function, args, kwargs):
        try:
            dumps(thing)
        except Exception as again:  # noqa: BLE001 - __reduce__() of users may raise anything
            if isinstance(error, pickle.PicklingError) or comes_from(error, again):
                return part
    return None


def dumps_of(executor: object, pickle: Any) -> Callable[[object], bytes]:
    """Return the function an executor pickles with, that of pickle or of cloudpickle."""
    own = type(executor).__module__.partition(".")[0] == "concurrent"
    cloudpickle = None if own else sys.modules.get("cloudpickle")
    dumps: Callable[[object], bytes] = (cloudpickle or pickle).dumps
    return dumps


def parts_of(
    function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Yield the parts of a call, each with what to call it in messages."""
    yield f"its function {function!r}", function
    for index, argument in enumerate(args, 1):
        yield f"argument {index} of its function (of type {type(argument).__name__})", argument
    for name, argument in kwargs.items():
        yield f"argument {name!r} of its function (of type {type(argument).__name__})", argument


def comes_from(error: BaseException, other: Exception) -> bool:
    """Return whether an exception, or one of its causes, is like another one."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if type(link) is type(other) and str(link) == str(other):
            return True
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return False


UNPICKLED_THERE = "A task has failed to un-serialize"
"""The beginning of loky's message if a worker could not unpickle a call."""

QUOTES = ("'''", '"""', "")
"""The lines that pools put around the text of a traceback."""

IMPORTS = (
    "make sure that the workers can import all that the call needs, and make another pool for "
    "the next run"
)
EXCEPTION_CLASSES = (
    "if it is an exception, have its class pass all arguments of its __init__() to "
    "super().__init__(), or define __reduce__(); and make another pool for the next run"
)

IN_READING = "in _recv"
"""In the traceback of a pool that could not read from a worker, since it was killed."""


def unpickling_failure(error: BrokenExecutor) -> tuple[str, str] | None:
    """Return why a pool is broken, if something could not be unpickled.

    A pool of the standard library or of loky fails all its calls if it can't unpickle what a
    worker sent. It does not say which call it was, but the cause of its error has the text of
    the traceback. If a worker was killed, there is no cause.

    Args:
        error: the error of the pool.

    Returns:
        what happened, with the unpickling exception, and what to do about it.
    """
    text = str(error.__cause__ or "")
    if not text or IN_READING in text:
        return None
    exception = one_line(last_exception(text))
    if str(error).startswith(UNPICKLED_THERE):
        reason = f"the function or an argument of a call can't be unpickled there: {exception}"
        return reason, IMPORTS
    reason = f"what a call returned or raised can't be unpickled here: {exception}"
    return reason, EXCEPTION_CLASSES


def last_exception(text: str) -> str:
    """Return the end of a traceback's text: the lines after the last frame."""
    lines = [line for line in text.splitlines() if line not in QUOTES]
    frames = [number for number, line in enumerate(lines) if line.startswith("  ")]
    return "\n".join(lines[frames[-1] + 1 if frames else 0 :])
