"""Limits in a run: which job gets their slots next.

A job takes the slots of all its limits, and its slot of the window, in one step. Until then it
holds none. So plain jobs can't wait for each other in a cycle. Nested schedulers with limits
could: they hold slots while jobs inside them wait for others. Two rules prevent that;
`docs/design/limits.md` explains them.

- A nested scheduler gets its limits only if the state is safe afterwards; see `holders`.
- A job inside such a scheduler does not wait behind jobs outside it. So each limit has a line
  for each such scheduler, and one for all other jobs. The other jobs wait behind all jobs that
  came earlier, so that those inside are not starved.

Each line is first come, first served. If the first job can't start because it needs another
limit too, the others wait behind it. So jobs that need one limit can't starve a job that needs
two. Jobs whose window is full don't hold up others.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .._dag.jobset import JobSet, nesting
from .._outcomes import SCHEDULED
from .._threads import call_in_loop, runs_elsewhere
from ..job import AnyJob, needs_of, phase_of, terms_of
from ..limit import Desk, Limit, Terms, desk_of
from .claims import MostNeeded, check_loop, claims_of, most_needed, most_needed_by, most_of
from .holders import (
    Holder,
    Needed,
    can_end,
    claim_more,
    holder_around,
    is_within,
    needed_by,
    together,
)
from .lines import Gate, Line, Waiting, first_rank, firsts, line_of, new_rank
from .queue import Queue
from .roster import Roster

__all__ = ["LimitedJobs"]

if TYPE_CHECKING:

    class LimitedRun(Protocol):
        """The part of a `Run` that is used here."""

        job_set: JobSet
        roster: Roster
        queue: Queue

        def wake(self) -> None: ...


class LimitedJobs:
    """The jobs of a run that have limits.

    Args:
        run: the run.
        loop: its event loop.

    Attributes:
        run: as above.
        holder: the innermost scheduler around the run that holds slots.
        holders: the nested schedulers of the run that hold slots.
        coming: the nested schedulers that wait for slots.
    """

    __slots__ = ("_forever", "_loop", "_regular", "_used", "coming", "holder", "holders", "run")

    def __init__(self, run: LimitedRun, loop: asyncio.AbstractEventLoop) -> None:
        self.run = run
        self.holder = holder_around(run.job_set)
        self.holders: dict[AnyJob, Holder] = {}
        self.coming: dict[AnyJob, Holder] = {}
        self._loop = loop
        self._regular = Gate(self, run.queue)
        self._forever = Gate(self, None)
        self._used: dict[Desk, None] = {}  # in use by this run

    def register(self, asking: Mapping[Terms, AnyJob], job_sets: Iterable[Any]) -> None:
        """Take note of the limits that new jobs of the run need.

        Args:
            asking: the limits of these jobs, each with a job that has them.
            job_sets: the nested schedulers among these jobs. If they hold slots, they also need
                what the jobs inside them need.

        Raises:
            LimitError: a job could never start.
            RuntimeError: a limit is in use in another event loop.
        """
        holders = filter(needed_by, job_sets)
        # Check all before registering any: a refused run must leave nothing behind.
        every = [most_needed(asking), *(most_needed_by(it, nesting(it)) for it in holders)]
        self._claim(most_of(every))

    def _claim(self, needs: MostNeeded) -> None:
        for limit in needs:
            check_loop(limit, self._loop)
        if self.holder is not None:
            claim_more(self.holder, needs)
        self.reserve(needs)

    def reserve(self, needs: MostNeeded) -> None:
        """Reserve limits during the run, so that none gets too small for its jobs.

        Args:
            needs: the most slots of each limit that a job needs, even one deep inside.
        """
        for limit, (count, job) in needs.items():
            desk = desk_of(limit)
            if desk.loop is not self._loop:
                desk.open(self._loop, functools.partial(change, desk, self._loop), can_end)
            self._used[desk] = None
            known, _ = desk.users.get(self, (0, job))
            if count > known:
                desk.users[self] = count, job

    # -- a job, from the queue to its end

    def ask(self, job: AnyJob, *, forever: bool) -> bool:
        """Make a job wait for its limits; return whether it has any.

        If its slots are free, it is cleared at once.

        Raises:
            LimitError: it could never start.
        """
        terms = terms_of(job)
        if terms is None or not terms.desks:
            return False
        desks = terms.desks
        if isinstance(job, JobSet):
            self._prepare(job, desks)
        elif len(desks) == 1 and not forever and self._ask_one(job, desks):
            return True
        gate = self._forever if forever else self._regular
        waiting = Waiting(new_rank(), job)
        for desk in desks:
            line_of(desk, self.holder).add(gate, waiting)
        serve(desks, self.run)
        return True

    def _prepare(self, job_set: Any, desks: Needed) -> None:
        """Check a nested scheduler again: jobs may have been added since the last check."""
        levels = list(nesting(job_set))
        self._claim(most_needed_by(job_set, levels))
        self.coming[job_set] = Holder(job_set, desks, claims_of(levels), self.holder)

    def _ask_one(self, job: AnyJob, desks: Needed) -> bool:
        """Make a job wait for its only limit, or clear it, in the simple cases.

        Fast path: 2 µs a job, if all jobs have the same limit.
        """
        ((desk, count),) = desks.items()
        if not desk.lines and desk.free >= count:
            desk.free -= count
            self.run.queue.free -= 1
            self.run.queue.cleared.append(job)
            return True
        line: Line | None = desk.lines.get(self.holder)
        lane = None if line is None else line.lanes.get(self._regular)
        if lane is None:
            return False
        lane.append(Waiting(new_rank(), job))  # it can't start before those in front of it
        return True

    def pass_on(self, job: AnyJob) -> AnyJob | None:
        """Return a job of the same run that takes over the slots of one that has ended.

        Fast path: 2 µs a job, if all jobs have the same limit. If it returns ``None``, the
        caller must give the slots back, and the right jobs then get them.
        """
        terms = terms_of(job)
        if terms is None or len(terms.desks) != 1 or self._regular.parked:
            return None
        (desk,) = terms.desks
        line: Line | None = desk.lines.get(self.holder)
        if line is None or len(desk.lines) > 1 or len(line.lanes) > 1 or desk.free < 0:
            return None
        lane = line.lanes.get(self._regular)
        follower = None if lane is None else lane[0].job
        if (
            follower is None
            or terms_of(follower) is not terms
            or phase_of(follower) is not SCHEDULED
            or isinstance(follower, JobSet)
            or isinstance(job, JobSet)
        ):
            return None
        line.drop_first(self._regular)
        return follower

    def give_back(self, job: AnyJob, *, held: bool) -> None:
        """Take back what a job holds, and let others start.

        Args:
            job: a job that has ended.
            held: whether it held its slots, or only waited for them.
        """
        terms = terms_of(job)
        if terms is None:
            return
        desks: Iterable[Desk] = terms.desks
        if held:
            for desk, count in terms.desks.items():
                desk.free += count
            if self.holders and job in self.holders:
                desks = self.holders.pop(job).leave()
        if self._regular.parked:
            desks = dict.fromkeys([*desks, *self._unparked()])
        for desk in desks:
            if desk.lines:
                serve(desks, self.run)
                break

    def awaited(self, job: AnyJob) -> list[tuple[Limit, bool]]:
        """Return the limits that a job waits for; none if it waits for its window.

        Returns:
            each limit, and whether it has too few free slots. If not, the job waits for its
            turn: others come first, or a nested scheduler might otherwise wait forever.
        """
        needs = needs_of(job)
        short = [(limit, True) for limit, count in needs.items() if desk_of(limit).free < count]
        if short:
            return short
        may_start = self._regular.is_open() or job in self.run.roster.forever
        return [(limit, False) for limit in needs] if may_start else []

    def waits_for(self, job: AnyJob) -> str:
        """Return what a job with limits waits for, in words."""
        limits = self.awaited(job)
        words = [repr(limit) if short else f"its turn at {limit!r}" for limit, short in limits]
        return " and ".join(words) or "a slot of the window"

    def turn_gate(self) -> None:
        """Let jobs start that waited for a slot of the window, or behind such jobs."""
        gate = self._regular
        if not gate.is_open():
            serve(self.held_up(), self.run)
        elif gate.parked:
            serve(self._unparked(), self.run)

    def _unparked(self) -> Collection[Desk]:
        """Return the limits where jobs waited for a slot of the window, if one is free now."""
        gate = self._regular
        if not gate.is_open():
            return ()
        parked, gate.parked = gate.parked, {}
        for line in parked:
            line.unpark(gate)
        return parked.values()

    def held_up(self) -> Iterable[Desk]:
        """Return the limits where others may be waiting behind jobs whose window is full."""
        gate = self._regular
        if gate.is_open():
            return ()
        lines = [(desk, desk.lines.get(self.holder)) for desk in self._used]
        return [desk for desk, line in lines if line is not None and line.is_held_up_by(gate)]

    # -- the end of the run

    def close(self, cleared: Iterable[AnyJob]) -> None:
        """Withdraw all waiting jobs, and take back slots of jobs that will not start any more.

        Args:
            cleared: the jobs that have slots, but did not start.
        """
        self._withdraw()
        for job in cleared:
            self.give_back(job, held=True)
        serve(self._used, self.run)

    def _withdraw(self) -> None:
        for desk in self._used:
            line: Line | None = desk.lines.get(self.holder)
            if line is not None:
                line.close_lane(self._regular)
                line.close_lane(self._forever)

    def leave(self) -> None:
        """Stop using the limits: no job of the run is alive."""
        self._withdraw()  # the loop of the run may be lost before the run's end
        for desk in self._used:
            desk.users.pop(self, None)
            if not desk.users:
                desk.close()
        del self._regular, self._forever  # avoid a cycle: they refer to this object


def change(desk: Desk, loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Change a limit by calling a function in the thread of its loop; then start jobs."""

    def call() -> None:
        function()
        serve(together((desk,)), None)

    if runs_elsewhere(loop):
        call_in_loop(loop, call, "set the slots of a limit")
    else:
        call()


def serve(desks: Iterable[Desk], here: LimitedRun | None) -> None:
    """Give slots to the jobs that are first in line, as long as there are enough.

    Jobs at several limits may need the same slot of a window, so the earliest job comes first.

    Args:
        desks: the limits that have free slots, or new jobs in line.
        here: the run that calls this; it will look at its queue. Other runs are woken.
    """
    pending = deque(desk for desk in desks if desk.lines)
    if len(pending) > 1:
        pending = deque(sorted(pending, key=first_rank))
    while pending:
        desk = pending.popleft()
        if desk.free <= 0:
            continue
        for gate, waiting in firsts(desk):
            if may_start(gate, waiting.job):
                clear(gate, waiting.job, here)
                pending.extend(needed_by(waiting.job))
                pending.extend(gate.limits.held_up())
                break


def may_start(gate: Gate, job: AnyJob) -> bool:
    """Return whether a job can have its slots now, at all its limits."""
    for desk, count in needed_by(job).items():
        first = line_of(desk, gate.limits.holder).first()
        if desk.free < count or first is None or first[1].job is not job:
            return False
        if len(desk.lines) > 1 and is_behind_others(desk, first[1], gate.limits.holder):
            return False
    holder: Holder | None = gate.limits.coming.get(job)
    return holder is None or holder.is_safe()


def is_behind_others(desk: Desk, waiting: Waiting, holder: Holder | None) -> bool:
    """Return whether a job in another line of a limit came earlier.

    Args:
        desk: the limit.
        waiting: the first job of its line.
        holder: the holder around it. Only jobs further inside count; all do without a holder.
    """
    for inner, line in tuple(desk.lines.items()):
        if inner is not holder and is_within(inner, holder):
            first = line.first()
            if first is not None and first[1].rank < waiting.rank:
                return True
    return False


def clear(gate: Gate, job: AnyJob, here: LimitedRun | None) -> None:
    """Give a job its slots. It starts in this turn of the loop, or in the next one."""
    for desk, count in needed_by(job).items():
        line_of(desk, gate.limits.holder).drop_first(gate)
        desk.free -= count
    holder: Holder | None = gate.limits.coming.pop(job, None)
    if holder is not None:
        gate.limits.holders[job] = holder
        holder.enter()
    if gate.queue is not None:
        gate.queue.free -= 1
    run = gate.limits.run
    run.queue.cleared.append(job)
    if run is not here:
        run.wake()
