"""`Occupancy`: who held the slots of a window or of a limit, and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Generic, TypeAlias, TypeVar

__all__ = ["Holding", "Occupancy"]

T = TypeVar("T")


Holding: TypeAlias = tuple[T, int, float, float]
"""Who held slots for some time, how many, from when, and until when: both on the same clock
(seconds)."""


class Occupancy(Generic[T]):
    """Who held some slots, and when. It takes O(n log n) to make, and O(log n) to ask.

    Args:
        holdings: who held how many slots. Those that took no time are ignored, since nobody
            can have waited for them.
    """

    def __init__(self, holdings: Iterable[Holding[T]]) -> None:
        # Lists of plain values, since the garbage collector would look at 100,000 holdings.
        holders: list[T] = []
        slots: list[int] = []
        starts: list[float] = []
        ends: list[float] = []
        for holder, count, start, end in holdings:
            if start < end:
                holders.append(holder)
                slots.append(count)
                starts.append(start)
                ends.append(end)
        by_start = sorted(range(len(starts)), key=starts.__getitem__)
        by_end = sorted(range(len(ends)), key=ends.__getitem__)
        self._starts = [starts[index] for index in by_start]
        self._ends = [ends[index] for index in by_end]
        self._holders = [holders[index] for index in by_end]
        self._taken = [0, *accumulate(slots[index] for index in by_start)]
        self._given_back = [0, *accumulate(slots[index] for index in by_end)]
        self._lasts: dict[int, list[int]] = {}

    def taken_before(self, moment: float) -> int:
        """Return how many slots were taken just before a moment (seconds)."""
        taken = self._taken[bisect_left(self._starts, moment)]
        return taken - self._given_back[bisect_left(self._ends, moment)]

    def last_given_back(self, after: float, until: float, above: int) -> tuple[T, float] | None:
        """Return who gave slots back last in a span of time, and when (seconds).

        Args:
            after: the span begins behind this moment.
            until: the span ends with this moment.
            above: only moments count just before which more slots than this were taken.
        """
        place = bisect_right(self._ends, until) - 1
        place = -1 if place < 0 else self._last_above(above)[place]
        if place < 0 or self._ends[place] <= after:
            return None
        return self._holders[place], self._ends[place]

    def _last_above(self, above: int) -> list[int]:
        """Return, for each end, the place of the last one up to it that counts, or -1.

        It takes O(n log n) once for each number.
        """
        found = self._lasts.get(above)
        if found is None:
            places = (
                place if self.taken_before(end) > above else -1
                for place, end in enumerate(self._ends)
            )
            found = self._lasts[above] = list(accumulate(places, max))
        return found
