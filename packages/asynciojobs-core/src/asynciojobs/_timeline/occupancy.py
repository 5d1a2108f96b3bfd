"""`Occupancy`: who held the slots of a window or of a limit, and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Generic, TypeAlias, TypeVar

__all__ = ["Holding", "Occupancy"]

T = TypeVar("T")


Holding: TypeAlias = tuple[T, int, float, float]
"""Who held slots, how many, since when, and until when (seconds, both on the same clock)."""


class Occupancy(Generic[T]):
    """Who held some slots, and when. It is made in O(n log n); each question takes O(log n).

    Args:
        holdings: who held how many slots. Holdings that took no time are ignored, since no job
            can have waited for their slots.
    """

    def __init__(self, holdings: Iterable[Holding[T]]) -> None:
        # Columns: the garbage collector would walk over 100,000 tuples again and again.
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
        """Return who gave slots back last, and when (seconds); ``None`` if nobody did.

        Args:
            after: ignore slots that were given back at this moment or earlier (seconds).
            until: ignore slots that were given back later than this (seconds).
            above: ignore slots that were given back while no more than this were taken (slots).
        """
        place = bisect_right(self._ends, until) - 1
        place = -1 if place < 0 else self._last_above(above)[place]
        if place < 0 or self._ends[place] <= after:
            return None
        return self._holders[place], self._ends[place]

    def _last_above(self, above: int) -> list[int]:
        """Return, for each end, the index of the last end so far that counts; -1 if none does.

        An end counts if more slots than `above` were taken just before it. The answer for each
        `above` is kept; it takes O(n log n) the first time.
        """
        found = self._lasts.get(above)
        if found is None:
            places = (
                place if self.taken_before(end) > above else -1
                for place, end in enumerate(self._ends)
            )
            found = self._lasts[above] = list(accumulate(places, max))
        return found
