"""Room on the stack: near the recursion limit, a run could not end in an orderly way."""

from __future__ import annotations

__all__ = ["ROOM", "check_stack_room"]

ROOM = 60
"""What a run, or a shutdown, and its end may need, in asyncio's debug mode (nested calls)."""


def check_stack_room(calls: int = ROOM) -> None:
    """Raise, before anything starts, unless this many calls can still be nested.

    Python raises `RecursionError` in whatever function reaches the limit. That may be the one
    that cancels the jobs that are left. Then they would outlive the run, or the run would
    wait for ever.

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
            "leaves fewer here: start it from a function that is not so deep"
        ) from None


def _nest(calls: int) -> None:
    if calls:
        _nest(calls - 1)
