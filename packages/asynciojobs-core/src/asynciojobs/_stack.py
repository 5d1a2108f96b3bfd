"""Room on the stack: close to the recursion limit, a run could not end properly."""

from __future__ import annotations

__all__ = ["ROOM", "check_stack_room"]

ROOM = 60
"""How many nested calls a run or a shutdown may need until it ends, in asyncio's debug mode."""


def check_stack_room(calls: int = ROOM) -> None:
    """Check, before anything starts, that there is room for this many nested calls.

    Python raises `RecursionError` in whatever function reaches the limit. That may be the
    function that cancels the remaining jobs. Then they would outlive the run, or the run would
    wait forever.

    Args:
        calls: how many nested calls are needed.

    Raises:
        RecursionError: there is no room for them.
    """
    try:
        _nest(calls)
    except RecursionError:
        raise RecursionError(
            f"a run, or a shutdown, takes up to {calls} nested calls, and the recursion limit "
            "leaves fewer here: start it from a function that is less deeply nested"
        ) from None


def _nest(calls: int) -> None:
    if calls:
        _nest(calls - 1)
