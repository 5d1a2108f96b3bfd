"""`Waits`: what the jobs of a run waited for before they started.

- A job was ready when the last of its requirements had ended.
- If it started later, and all slots were taken in between, it waited for slots. Otherwise the
  event loop was late, or a journal was being written: that is not waiting.
- The slot came from the job that gave one back last while all were taken. `host1` and `host2`
  may both have ended before `host3` starts: its slot is then that of `host1`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import repeat

from ..limit import Limit
from .links import Cause
from .occupancy import Holding, Occupancy
from .spans import LinkKind
from .table import Level, Table

__all__ = ["Waits"]

LIMIT = LinkKind.LIMIT

UNSEEN = 0.1
"""A job that started so long after it was ready has waited for its limit, even if nothing here
had the slots: jobs of another scheduler may have had them (seconds)."""


class Waits:
    """What the jobs of a run waited for.

    Args:
        table: what is known about the jobs.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        # As it is now: somebody may change it before they ask.
        self._slots = {limit: limit.slots for its in table.needs.values() for limit in its}
        self._windows: dict[Level, Occupancy[int]] = {}
        self._limits: dict[Limit, Occupancy[int]] | None = None

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
        return 0.0 if start <= ready or self.cause(place) is None else start - ready

    def cause(self, place: int) -> Cause | None:
        """Return what a job waited for between the moment when it was ready and its start."""
        start, ready = self._table.starts[place], self._table.readys[place]
        if start is None or ready is None or start <= ready:
            return None
        last, until = None, -math.inf
        for at, needed, taken in self._places(place):
            above = (at.slots or 0) - needed
            giver, moment = taken.last_given_back(ready, start, above) or (None, start)
            is_full = giver is not None or taken.taken_before(start) > above
            if is_full and moment > until:
                last, until = at._replace(giver=giver), moment
        if last is None and start - ready > UNSEEN:
            return next((at for at, _, _ in self._places(place) if at.kind is LIMIT), None)
        return last

    def _places(self, place: int) -> Iterator[tuple[Cause, int, Occupancy[int]]]:
        """Yield where a job needs slots, how many, and who had them. The limits come first."""
        table = self._table
        for limit, needed in table.needs.get(place, {}).items():
            yield Cause(LIMIT, limit, self._slots[limit]), needed, self._taken_of(limit)
        level = table.levels[place]
        if level.window is not None and place not in table.forever:
            taken = self._taken_in(level)
            yield Cause(LinkKind.SLOT, level.job_set, level.window), 1, taken

    # -- who had the slots

    def _taken_in(self, level: Level) -> Occupancy[int]:
        """Return who held the slots of a window."""
        found = self._windows.get(level)
        if found is None:
            regular = (it for it in level.places if it not in self._table.forever)
            found = self._windows[level] = Occupancy(self._held(zip(regular, repeat(1))))
        return found

    def _taken_of(self, limit: Limit) -> Occupancy[int]:
        """Return who held the slots of a limit."""
        if self._limits is None:
            needs: dict[Limit, list[tuple[int, int]]] = {limit: [] for limit in self._slots}
            for place, its in self._table.needs.items():
                for needed, slots in its.items():
                    needs[needed].append((place, slots))
            self._limits = {it: Occupancy(self._held(by)) for it, by in needs.items()}
        return self._limits[limit]

    def _held(self, needs: Iterable[tuple[int, int]]) -> Iterator[Holding[int]]:
        """Yield the slots that jobs held which need so many, by their places."""
        starts, stop = self._table.starts, self._table.stop
        for place, slots in needs:
            start = starts[place]
            if start is not None:
                yield place, slots, start, stop(place)
