"""Which part of a call could not be pickled, found out after the fact."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["unpicklable_part"]

SENDING_BACK = "_sendback_result"
"""What the workers of the standard library and of loky call to send a result."""


def unpicklable_part(
    error: Exception,
    executor: object,
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> str | None:
    """Return which part of a call could not be pickled, if that is why the call failed.

    To pickle things before each call, just to see, would cost as much as to send them. So they
    are pickled once more after a failure of the right type, and the same must come out.

    Args:
        error: the failure.
        executor: what was to run the call.
        function: the function that was to be called.
        args: its arguments.
        kwargs: those that have names.

    Returns:
        text such as ``argument 2``; ``None`` if it is not that.
    """
    pickle = sys.modules.get("pickle")  # who has tried to pickle has imported it
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
    """Return what pickles for an executor: beyond the standard library, cloudpickle."""
    own = type(executor).__module__.partition(".")[0] == "concurrent"
    cloudpickle = None if own else sys.modules.get("cloudpickle")
    dumps: Callable[[object], bytes] = (cloudpickle or pickle).dumps
    return dumps


def parts_of(
    function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Yield the parts of a call, each with how it is told."""
    yield f"its function {function!r}", function
    for index, argument in enumerate(args, 1):
        yield f"argument {index} of its function (of type {type(argument).__name__})", argument
    for name, argument in kwargs.items():
        yield f"argument {name!r} of its function (of type {type(argument).__name__})", argument


def comes_from(error: BaseException, other: Exception) -> bool:
    """Tell whether an exception, or one that it came from, says the same as another one."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if type(link) is type(other) and str(link) == str(other):
            return True
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return False
