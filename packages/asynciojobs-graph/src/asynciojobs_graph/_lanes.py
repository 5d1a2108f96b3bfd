"""Lanes, whose intervals don't overlap, as on the threads of a trace."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

__all__ = ["Interval", "lanes"]


class Interval(NamedTuple):
    """A time from its beginning to its end, which no longer belongs to it."""

    begin: int
    end: int


def lanes(intervals: Iterable[Interval]) -> list[int]:
    """Return a lane for each interval, numbered from 0, using as few as possible; O(n log n).

    If several lanes are free, the first is used.

    Example:
        >>> lanes([Interval(0, 5), Interval(0, 3), Interval(3, 4), Interval(5, 9)])
        [1, 0, 0, 0]
    """
    given = list(intervals)
    found = [0] * len(given)
    busy: list[tuple[int, int]] = []  # the end of the last interval of a lane, and the lane
    free: list[int] = []
    for index in sorted(range(len(given)), key=given.__getitem__):
        begin, end = given[index]
        while busy and busy[0][0] <= begin:
            heappush(free, heappop(busy)[1])
        lane = found[index] = heappop(free) if free else len(busy)
        heappush(busy, (end, lane))
    return found
