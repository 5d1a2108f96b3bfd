"""`Line`: the jobs that wait at one limit, in order of arrival."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .._outcomes import SCHEDULED
from ..job import AnyJob, phase_of
from ..limit import Desk

__all__ = ["Gate", "Line", "Waiting", "first_rank", "firsts", "line_of", "new_rank"]

new_rank: Callable[[], int] = itertools.count().__next__
"""Numbers the jobs of all runs in the order in which they ask for their limits."""


if TYPE_CHECKING:

    class HasSlots(Protocol):
        """The part of a `Queue` that is used here."""

        free: int


class Waiting:
    """A job that waits for its limits, and its rank."""

    __slots__ = ("job", "rank")

    def __init__(self, rank: int, job: AnyJob) -> None:
        self.rank = rank
        self.job = job


class Gate:
    """What else jobs of a run need to start: an open window, or nothing for forever jobs.

    Args:
        limits: the limited jobs of the run.
        queue: the queue with the window; ``None`` for forever jobs.

    Attributes:
        limits: as above.
        queue: as above.
        parked: the lines that were checked while the window was full, each with its limit.
    """

    __slots__ = ("limits", "parked", "queue")

    def __init__(self, limits: Any, queue: HasSlots | None) -> None:
        self.limits = limits
        self.queue = queue
        self.parked: dict[Line, Desk] = {}

    def is_open(self) -> bool:
        """Return whether the window allows a job to start."""
        return self.queue is None or self.queue.free > 0


class Line:
    """The jobs that wait at one limit, in lanes: one lane for each gate.

    Args:
        desk: the limit.
        holder: the holder around these jobs, if any.

    Attributes:
        lanes: the jobs behind each gate. No lane is empty.
    """

    __slots__ = ("_desk", "_heads", "_holder", "lanes")

    def __init__(self, desk: Desk, holder: object) -> None:
        self._desk = desk
        self._holder = holder
        self.lanes: dict[Gate, deque[Waiting]] = {}
        # A heap of the rank of the first job of each lane that is not parked. Some ranks are
        # out of date, and then too small, or their lane is gone.
        self._heads: list[tuple[int, Gate]] = []

    def add(self, gate: Gate, waiting: Waiting) -> None:
        """Put a job at the end of its lane."""
        lane = self.lanes.get(gate)
        if lane is None:
            self.lanes[gate] = deque([waiting])
            heapq.heappush(self._heads, (waiting.rank, gate))
        else:
            lane.append(waiting)

    def first(self) -> tuple[Gate, Waiting] | None:
        """Return the first job whose gate is open; amortized O(log n) for n gates."""
        heads = self._heads
        while heads:
            rank, gate = heads[0]
            lane = self.lanes.get(gate)
            if lane is None:
                heapq.heappop(heads)
            elif lane[0].rank != rank:
                heapq.heapreplace(heads, (lane[0].rank, gate))
            elif phase_of(lane[0].job) is not SCHEDULED:  # it was cancelled in the meantime
                self.drop_first(gate)
            elif gate.is_open():
                return gate, lane[0]
            else:
                gate.parked[self] = self._desk
                heapq.heappop(heads)
        return None

    def is_held_up_by(self, gate: Gate) -> bool:
        """Return whether jobs behind this closed gate may be ahead of others."""
        return gate in self.lanes and self not in gate.parked

    def drop_first(self, gate: Gate) -> None:
        """Remove the first job of a lane."""
        lane = self.lanes[gate]
        lane.popleft()
        if not lane:
            self.close_lane(gate)

    def close_lane(self, gate: Gate) -> None:
        """Remove all jobs of a lane. A line without lanes is forgotten."""
        self.lanes.pop(gate, None)
        if not self.lanes:
            self._desk.lines.pop(self._holder, None)

    def unpark(self, gate: Gate) -> None:
        """Consider a lane again, since its gate is open."""
        if gate in self.lanes:
            heapq.heappush(self._heads, (self.lanes[gate][0].rank, gate))


def line_of(desk: Desk, holder: object) -> Line:
    """Return the line at a limit for the jobs inside a holder, or inside none.

    It is made if it does not exist.
    """
    line: Line | None = desk.lines.get(holder)
    if line is None:
        line = desk.lines[holder] = Line(desk, holder)
    return line


def firsts(desk: Desk) -> list[tuple[Gate, Waiting]]:
    """Return the first job of each line at a limit, in order of arrival."""
    found = [line.first() for line in tuple(desk.lines.values())]
    return sorted(filter(None, found), key=lambda it: it[1].rank)


def first_rank(desk: Desk) -> float:
    """Return the rank of the first waiting job at a limit."""
    found = firsts(desk)
    return found[0][1].rank if found else math.inf
