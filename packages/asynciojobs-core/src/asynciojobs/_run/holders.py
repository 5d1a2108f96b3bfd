"""Nested schedulers that hold slots of limits while they run, and when that is safe.

A state is *safe* if there is an order in which all of them can end, one after another, even if
each still needs as much as it ever may (Dijkstra's banker's algorithm, EWD 623). Other jobs
don't
count: they give back their slots when they end, whatever others do.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from .._errors import LimitError
from .._names import run_of
from ..job import AnyJob, terms_of
from ..limit import Desk, Limit, desk_of

__all__ = [
    "Holder",
    "Needed",
    "can_end",
    "claim_more",
    "holder_around",
    "is_within",
    "needed_by",
    "together",
]

Needed: TypeAlias = "Mapping[Desk, int]"
"""How many slots of each limit."""

NOTHING: Needed = {}


class Holder:
    """A nested scheduler that holds slots while it runs.

    Args:
        job_set: the scheduler.
        own: the slots that it holds.
        claim: the most slots that a job inside it may need besides these.
        around: the holder around this one; ``None`` if there is none.
    """

    __slots__ = ("around", "claim", "job_set", "own")

    def __init__(
        self, job_set: AnyJob, own: Needed, claim: Needed, around: Holder | None
    ) -> None:
        self.job_set = job_set
        self.own = own
        self.claim = claim
        self.around = around

    def enter(self) -> None:
        """Register with the limits that it holds or may need."""
        for desk in (*self.own, *self.claim):
            desk.holders[self] = None

    def leave(self) -> dict[Desk, None]:
        """Undo `enter()`; return the limits where others may go on now."""
        desks = together([*self.own, *self.claim])
        for desk in (*self.own, *self.claim):
            desk.holders.pop(self, None)
        return desks

    def is_safe(self) -> bool:
        """Return whether all holders can end if this one gets its slots; O(n²)."""
        desks = together([*self.own, *self.claim])
        left = {holder: None for desk in desks for holder in desk.holders} | {self: None}
        free = {desk: desk.slots for desk in desks}
        for holder in left:
            for desk, count in holder.own.items():
                free[desk] -= count
        while left:
            outer = {holder.around for holder in left}
            able = [it for it in left if it not in outer and it.fits(free)]
            if not able:
                return False
            for holder in able:
                del left[holder]
                for desk, count in holder.own.items():
                    free[desk] += count
        return True

    def fits(self, free: Needed) -> bool:
        """Return whether one job at a time could run inside it with these slots."""
        return all(free[desk] >= count for desk, count in self.claim.items())

    def claim_more(self, limit: Limit, needed: int, job: AnyJob) -> int:
        """Claim more slots of a limit for an added job; return how many the holder itself has.

        Raises:
            LimitError: the limit has fewer slots.
            ValueError: the job might wait for them forever.
        """
        self._check_room(limit, needed, job)
        desk = desk_of(limit)
        earlier = self.claim
        self._change_claim({**earlier, desk: needed})
        if not self.is_safe():
            self._change_claim(earlier)
            raise ValueError(
                f"{job.repr_main()} was added to {self.job_set.repr_main()} while that holds "
                f"slots, and might wait forever for {limit!r}: add it before the run"
            )
        return self.own.get(desk, 0)

    def _check_room(self, limit: Limit, needed: int, job: AnyJob) -> None:
        """Check that a job could start if only this holder and those around it had slots."""
        desk = desk_of(limit)
        holder: Holder | None = self
        while holder is not None:
            held = holder.own.get(desk, 0)
            if held + needed > desk.slots:
                raise LimitError(holder.job_set, job, limit, held, needed)
            needed += held
            holder = holder.around

    def _change_claim(self, claim: Needed) -> None:
        self.leave()
        self.claim = claim
        self.enter()


def claim_more(around: Holder, needs: Mapping[Limit, tuple[int, AnyJob]]) -> None:
    """Make the holders around a run claim what its newly added jobs need.

    Args:
        around: the innermost holder.
        needs: the most slots of each limit that a job of the run needs, and which job.

    Raises:
        LimitError: a job could never start.
        ValueError: it might wait for its slots forever.
    """
    for limit, (count, job) in needs.items():
        holder: Holder | None = around
        needed = count
        while holder is not None and needed > holder.claim.get(desk_of(limit), 0):
            needed += holder.claim_more(limit, needed, job)
            holder = holder.around


def can_end(desk: Desk) -> bool:
    """Return whether all holders at a limit can end, one after another."""
    # The first one checks all the others.
    return all(holder.is_safe() for holder in itertools.islice(desk.holders, 1))


def is_within(inner: Holder | None, outer: Holder | None) -> bool:
    """Return whether a holder is the same as another or nested in it; all are in ``None``."""
    while inner is not None and inner is not outer:
        inner = inner.around
    return inner is outer


def together(desks: Iterable[Desk]) -> dict[Desk, None]:
    """Return some limits, and all others connected with them by the needs of holders."""
    found = dict.fromkeys(desks)
    pending = list(found)
    for desk in pending:  # it grows during the loop
        for holder in desk.holders:
            for other in (*holder.own, *holder.claim):
                if other not in found:
                    found[other] = None
                    pending.append(other)
    return found


def holder_around(job_set: object) -> Holder | None:
    """Return the innermost scheduler around a job set that holds slots, if any."""
    inner: Any = job_set
    while (outer := run_of(inner)) is not None:
        limits = None if outer.extras is None else outer.extras.limits
        holder: Holder | None = None if limits is None else limits.holders.get(inner)
        if holder is not None:
            return holder
        inner = outer.job_set
    return None


def needed_by(job: AnyJob) -> Needed:
    """Return how many slots of which limits a job needs."""
    terms = terms_of(job)
    return NOTHING if terms is None else terms.desks
