"""Room on the stack: a run that began near the recursion limit could not be ended in order."""

from __future__ import annotations

__all__ = ["ROOM", "make_sure_of_room"]

ROOM = 60
"""What a run, or a shutdown, and its end may take, in the debug mode of asyncio (calls)."""


def make_sure_of_room(calls: int = ROOM) -> None:
    """Raise, before anything is begun, unless so many calls can still be nested here.

    Python raises in whatever function comes to the limit. That may be the one that cancels
    what is left, and then nobody would: what was started would outlive the run, or the run
    wait for ever.

    Args:
        calls: how many.

    Raises:
        RecursionError: they can't.
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
