"""`DueTime`: when a timer is due, and which of two equal timers goes first."""

from __future__ import annotations

from typing import Self

from ._clockstate import TICKS_PER_SECOND, ticks

__all__ = ["DueTime"]


class DueTime(float):
    """A moment in seconds, rounded to a tick. Of two equal ones, the one made first is less.

    asyncio keeps timers in a heap, which does not define the order of equal timers. It compares
    these moments.

    Args:
        moment: the moment (seconds).
        rank: how many timers were made before it.

    Raises:
        ValueError: the moment is not a number (NaN).

    Example:
        >>> first, second = DueTime(0.1 + 0.2, 0), DueTime(0.3, 1)
        >>> first == second == 0.3, first < second, second < first
        (True, True, False)
    """

    __slots__ = ("_key",)
    _key: tuple[float, int]

    def __new__(cls, moment: float, rank: int) -> Self:
        seconds = ticks(moment) / TICKS_PER_SECOND
        due = super().__new__(cls, seconds)
        due._key = (seconds, rank)
        return due

    def __lt__(self, other: float) -> bool:
        if isinstance(other, DueTime):
            return self._key < other._key
        return super().__lt__(other)
