"""`Waits`: what the jobs of a run waited for before they started.

- A job was ready when the last of its requirements had ended.
- If it started later, and all slots were taken in between, it waited for slots. Otherwise the
  event loop was late, or a journal was being written. That does not count as waiting.
- The slot came from the last job that gave one back while all were taken. Say `host1` and
  `host2` have all slots, and end one after the other before `host3` starts. Then `host3` got
  the slot of `host1`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from ..limit import Limit
from .links import Cause
from .occupancy import Holding, Occupancy
from .spans import LinkKind
from .table import Level, Table

__all__ = ["Waits"]

LIMIT = LinkKind.LIMIT

UNSEEN = 0.1
"""A job that starts this long after it was ready counts as having waited for its limit, even if
no job of this run had the slots: jobs of other schedulers may have had them (seconds)."""


class Place(NamedTuple):
    """Where jobs wait for slots."""

    cause: Cause
    """What jobs wait for here; its `giver` is left open."""
    slots: int
    taken: Occupancy[int]
    """Who had the slots, and when."""


class Waits:
    """What the jobs of a run waited for.

    Args:
        table: what is known about the jobs.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        # Read now, since the slots may be changed before cause() is called.
        self._slots = {limit: limit.slots for its in table.needs.values() for limit in its}
        self._limits: dict[Limit, Place] | None = None
        self._windows: dict[Level, Place] = {}

    def waited(self, place: int) -> float:
        """Return how long a job waited for slots (seconds)."""
        table = self._table
        start, ready = table.starts[place], table.readys[place]
        if ready is None:
            return 0.0
        if start is None:
            owner, end = table.levels[place].owner, table.ends[place]
            if end is None:
                end = table.duration if owner is None else table.stop(owner)
            return end - ready
        return 0.0 if start <= ready or self._last(place) is None else start - ready

    def cause(self, place: int) -> Cause | None:
        """Return where a job waited for slots after it was ready; ``None`` if it did not."""
        found = self._last(place)
        if found is None:
            return None
        (kind, at, slots, _), giver = found
        return Cause(kind, at, slots, giver)

    def _last(self, place: int) -> tuple[Cause, int | None] | None:
        """Return what a job waited for last, and which job gave it the slot, if known."""
        start, ready = self._table.starts[place], self._table.readys[place]
        if start is None or ready is None or start <= ready:
            return None
        last, until = None, -math.inf
        for (cause, slots, taken), needed in self._places(place):
            giver, moment = taken.last_given_back(ready, start, slots - needed) or (None, start)
            is_full = giver is not None or taken.taken_before(start) > slots - needed
            if is_full and moment > until:
                last, until = (cause, giver), moment
        if last is None and start - ready > UNSEEN:
            causes = (at.cause for at, _ in self._places(place))
            return next(((cause, None) for cause in causes if cause.kind is LIMIT), None)
        return last

    def _places(self, place: int) -> Iterator[tuple[Place, int]]:
        """Yield where a job needs slots, and how many. The limits come first."""
        table = self._table
        if place in table.needs:
            limits = self._limits = self._limits or self._at_limits()
            for limit, needed in table.needs[place].items():
                yield limits[limit], needed
        level = table.levels[place]
        if level.window is not None and place not in table.forever:
            if level not in self._windows:
                self._windows[level] = self._at_window(level, level.window)
            yield self._windows[level], 1

    # -- who had the slots

    def _at_window(self, level: Level, window: int) -> Place:
        regular = (place for place in level.places if place not in self._table.forever)
        taken = Occupancy(self._held(zip(regular, repeat(1))))
        return Place(Cause(LinkKind.SLOT, level.job_set, window), window, taken)

    def _at_limits(self) -> dict[Limit, Place]:
        needs: dict[Limit, list[tuple[int, int]]] = {limit: [] for limit in self._slots}
        for place, its in self._table.needs.items():
            for limit, needed in its.items():
                needs[limit].append((place, needed))
        return {
            limit: Place(Cause(LIMIT, limit, slots), slots, Occupancy(self._held(needs[limit])))
            for limit, slots in self._slots.items()
        }

    def _held(self, needs: Iterable[tuple[int, int]]) -> Iterator[Holding[int]]:
        """Yield which slots were held, and when.

        Args:
            needs: the places of jobs, each with the number of slots that the job needs.
        """
        starts, stop = self._table.starts, self._table.stop
        for place, slots in needs:
            start = starts[place]
            if start is not None:
                yield place, slots, start, stop(place)
