"""Lanes: each has intervals that don't overlap, as threads in a trace have to."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

__all__ = ["Interval", "lanes"]


class Interval(NamedTuple):
    """From a beginning up to an end, which is not in it any more."""

    begin: int
    end: int


def lanes(intervals: Iterable[Interval]) -> list[int]:
    """Return a lane for each interval, from 0 on; as few lanes as there can be. O(n log n).

    Of the lanes that are free, the first one is taken.

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
