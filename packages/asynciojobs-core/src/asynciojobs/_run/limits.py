"""Limits in a run: who gets their slots next, and what can never start.

A job takes the slots of all its limits, and its slot of the window, in one step. Until then it
holds none of them. So jobs alone can't wait for each other in a cycle. Nested schedulers that
have limits could: they hold slots while jobs inside of them wait for others. Two rules prevent
that; `docs/design/limits.md` has the proof.

- A nested scheduler gets its limits only if the state is *safe* afterwards: there is an order
  in which all schedulers that hold slots can end, one after the other (Dijkstra's banker's
  algorithm, EWD 623).
- A job inside of such a scheduler need not wait behind jobs outside of it. Jobs that are
  inside of none wait behind all that came earlier.

Otherwise each limit serves in the order in which jobs could start, but for the limit. If the
first job in its line can't start, since it needs another limit too, the others wait behind it:
so a job that needs two limits is not starved by those that need one. Jobs whose window is full
don't hold up others.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from .._dag.jobset import JobSet, nesting
from .._outcomes import SCHEDULED
from .._threads import call_in_loop, runs_elsewhere
from ..job import AnyJob, needs_of, phase_of, terms_of
from ..limit import Desk, desk_of
from .claims import check_loop, claims_of, most_needed
from .holders import Holder, Needed, can_end, claim_more, holder_around, is_safe, together
from .queue import Queue

__all__ = ["LimitedJobs", "desks_of"]

NOTHING: Needed = {}

ranks = itertools.count()
"""The order in which jobs ask for their limits, over all runs."""


if TYPE_CHECKING:

    class LimitedRun(Protocol):
        """The part of a `Run` that is used here."""

        job_set: JobSet
        queue: Queue

        def wake(self) -> None: ...


class Gate:
    """What else must be open for some jobs of a run: its window, or nothing for forever jobs.

    Args:
        queue: the queue with the window; ``None`` for forever jobs.

    Attributes:
        queue: as above.
        parked: the lines that were served while the window was full, each with its limit.
    """

    __slots__ = ("parked", "queue")

    def __init__(self, queue: Queue | None) -> None:
        self.queue = queue
        self.parked: dict[Line, Desk] = {}

    def is_open(self) -> bool:
        """Tell whether a job may start as far as the window is concerned."""
        return self.queue is None or self.queue.free > 0


class Request:
    """A job that waits for its limits.

    Attributes:
        rank: jobs with a smaller rank came earlier.
        job: the job.
        gate: the gate that it has to pass.
        needs: what it needs.
        lines: the lines that it stands in, one at each limit.
        jobs: the limited jobs of its run.
        holder: the holder that a nested scheduler will be; ``None`` for other jobs.
    """

    __slots__ = ("gate", "holder", "job", "jobs", "lines", "needs", "rank")

    def __init__(self, job: AnyJob, gate: Gate, jobs: LimitedJobs) -> None:
        self.rank = next(ranks)
        self.job = job
        self.gate = gate
        self.needs = desks_of(job)
        self.jobs = jobs
        self.lines = [line_of(desk, jobs.holder) for desk in self.needs]
        self.holder: Holder | None = None
        if isinstance(job, JobSet):
            self.holder = Holder(job, self.needs, claims_of(nesting(job)), jobs.holder)


def desks_of(job: AnyJob) -> Needed:
    """Return how many slots of which limits a job needs."""
    terms = terms_of(job)
    return NOTHING if terms is None else terms.desks


class Line:
    """The jobs that wait at one limit, in lanes: those behind one gate are in one lane."""

    __slots__ = ("heads", "lanes")

    def __init__(self) -> None:
        self.lanes: dict[Gate, deque[Request]] = {}
        # A heap: the rank of the first request of each lane. Some may be out of date.
        self.heads: list[tuple[int, Gate]] = []

    def add(self, request: Request) -> None:
        """Let a request wait at the end."""
        lane = self.lanes.get(request.gate)
        if lane is None:
            self.lanes[request.gate] = deque([request])
            heapq.heappush(self.heads, (request.rank, request.gate))
        else:
            lane.append(request)

    def first(self, desk: Desk) -> Request | None:
        """Return the first request whose gate is open; O(log of the number of gates)."""
        while self.heads:
            rank, gate = self.heads[0]
            lane = self.lanes.get(gate)
            if lane and lane[0].rank == rank:
                if phase_of(lane[0].job) is not SCHEDULED:  # it was cancelled meanwhile
                    self.drop_first()
                    continue
                if gate.is_open():
                    return lane[0]
                gate.parked[self] = desk
            heapq.heappop(self.heads)
        return None

    def is_held_up_by(self, gate: Gate) -> bool:
        """Tell whether jobs behind a gate, which is not open, stand before others."""
        return gate in self.lanes and self not in gate.parked

    def drop_first(self) -> None:
        """Take out what `first()` found."""
        _, gate = heapq.heappop(self.heads)
        lane = self.lanes[gate]
        lane.popleft()
        self.unpark(gate)

    def unpark(self, gate: Gate) -> None:
        """Look at a lane again; forget it if it is empty."""
        lane = self.lanes.get(gate)
        if lane:
            heapq.heappush(self.heads, (lane[0].rank, gate))
        else:
            self.lanes.pop(gate, None)


def line_of(desk: Desk, holder: Holder | None) -> Line:
    """Return the line of those at a limit that are inside of a holder, or of none."""
    line = desk.lines.get(holder)
    if line is None:
        line = desk.lines[holder] = Line()
    return line


class LimitedJobs:
    """The jobs of a run that have limits.

    Args:
        run: the run.
        loop: its event loop.

    Attributes:
        holder: the innermost scheduler around the run that holds slots.
        held: the jobs that hold slots, each with the holder that it is itself, if any.
        asked: the jobs that have asked for their limits.
    """

    __slots__ = ("_forever", "_loop", "_regular", "_used", "asked", "held", "holder", "run")

    def __init__(self, run: LimitedRun, loop: asyncio.AbstractEventLoop) -> None:
        self.run = run
        self.holder = holder_around(run.job_set)
        self.held: dict[AnyJob, Holder | None] = {}
        self.asked: set[AnyJob] = set()
        self._loop = loop
        self._regular = Gate(run.queue)
        self._forever = Gate(None)
        self._used: dict[Desk, None] = {}  # in use by this run

    def register(self, jobs: Collection[AnyJob]) -> None:
        """Take note of the limits that jobs of the run need.

        Raises:
            LimitError: a job could never start.
            RuntimeError: a limit is in use in another event loop.
        """
        inside = [level for job in jobs if isinstance(job, JobSet) for level in nesting(job)]
        needs = most_needed(list(jobs), inside)
        for limit in needs:
            check_loop(limit, self._loop)
        if self.holder is not None:
            claim_more(self.holder, needs)
        for limit, (count, job) in needs.items():
            desk = desk_of(limit)
            if desk.loop is not self._loop:
                desk.open(self._loop, functools.partial(change, desk, self._loop), can_end)
            self._used[desk] = None
            known, _ = desk.users.get(self, (0, job))
            if count > known:
                desk.users[self] = count, job

    def ask(self, job: AnyJob, *, forever: bool) -> None:
        """Let a job wait for its limits. If they are free, it is cleared at once.

        Raises:
            LimitError: it could never start.
        """
        if isinstance(job, JobSet):
            self.register([job])  # jobs may have been added to it since it was checked
        self.asked.add(job)
        request = Request(job, self._forever if forever else self._regular, self)
        for line in request.lines:
            line.add(request)
        serve(request.needs, self.run)

    def give_back(self, job: AnyJob) -> None:
        """Take back what a job holds, and let others start."""
        if job not in self.held:
            serve(desks_of(job), self.run)  # it may have been cancelled as the first in line
            return
        needs: Iterable[Desk] = desks_of(job)
        for desk, count in desks_of(job).items():
            desk.free += count
        holder = self.held.pop(job)
        if holder is not None:
            needs = together([*holder.own, *holder.claim])
            holder.leave()
        serve(needs, self.run)

    def waits_for(self, job: AnyJob) -> str:
        """Return the limits that a job waits for, in words."""
        needs = needs_of(job)
        short = [limit for limit, count in needs.items() if desk_of(limit).free < count]
        return " and ".join(map(repr, short or needs))

    def turn_gate(self) -> None:
        """Let jobs start that had to wait for a slot of the window, or behind jobs that do."""
        gate = self._regular
        if not gate.is_open():
            serve(self.held_up(), self.run)
        elif gate.parked:
            parked, gate.parked = gate.parked, {}
            for line in parked:
                line.unpark(gate)
            serve(sorted(parked.values(), key=lambda desk: first_rank(desk, gate)), self.run)

    def held_up(self) -> Iterable[Desk]:
        """Return the limits where others may stand behind jobs whose window is full."""
        gate = self._regular
        if gate.is_open():
            return ()
        lines = [(desk, desk.lines.get(self.holder)) for desk in self._used]
        return [desk for desk, line in lines if line is not None and line.is_held_up_by(gate)]

    def close(self) -> None:
        """Withdraw all requests, and take back what jobs hold that will not start."""
        self._withdraw()
        for job in [job for job in self.held if phase_of(job) is SCHEDULED]:
            self.give_back(job)
        serve(self._used, self.run)

    def _withdraw(self) -> None:
        for desk in self._used:
            line = desk.lines.get(self.holder)
            if line is not None:
                line.lanes.pop(self._regular, None)
                line.lanes.pop(self._forever, None)
                if not line.lanes:
                    del desk.lines[self.holder]

    def leave(self) -> None:
        """Stop using the limits: no job of the run is alive."""
        self._withdraw()  # the run may have been lost before its end
        for job in list(self.held):
            self.give_back(job)
        for desk in self._used:
            desk.users.pop(self, None)
            if not desk.users:
                desk.close()


def first_rank(desk: Desk, gate: Gate) -> int:
    """Return the rank of the first job behind a gate that waits at a limit."""
    lanes = (line.lanes.get(gate) for line in desk.lines.values())
    return min((lane[0].rank for lane in lanes if lane), default=0)


def serve(desks: Iterable[Desk], here: LimitedRun | None) -> None:
    """Give slots to the jobs that are first in line, as long as there are enough.

    Args:
        desks: the limits that have free slots, or new jobs in line.
        here: the run that calls this, and looks at its queue afterwards. Others are woken.
    """
    pending = deque(desks)
    while pending:
        desk = pending.popleft()
        if desk.free <= 0:
            continue
        for request in firsts(desk):
            if may_start(request):
                start(request, here)
                pending.extend(request.needs)
                pending.extend(request.jobs.held_up())
                break


def change(desk: Desk, loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Call a function that changes a limit, in the thread of its loop, and start jobs."""

    def call() -> None:
        function()
        serve(together((desk,)), None)

    if runs_elsewhere(loop):
        call_in_loop(loop, call, "set the slots of a limit")
    else:
        call()


def firsts(desk: Desk) -> list[Request]:
    """Return the first request of each line at a limit, in the order in which they came."""
    found = [line.first(desk) for line in desk.lines.values()]
    return sorted((request for request in found if request is not None), key=by_rank)


by_rank = attrgetter("rank")


def may_start(request: Request) -> bool:
    """Tell whether a job can have its slots now, at all its limits."""
    for line, (desk, count) in zip(request.lines, request.needs.items(), strict=True):
        if desk.free < count or line.first(desk) is not request:
            return False
        if request.jobs.holder is None and is_behind_others(request, desk):
            return False
    return request.holder is None or is_safe(request.holder)


def is_behind_others(request: Request, desk: Desk) -> bool:
    """Tell whether a job in another line, of those at a limit, came earlier."""
    return len(desk.lines) > 1 and firsts(desk)[0] is not request


def start(request: Request, here: LimitedRun | None) -> None:
    """Give a job its slots. It starts in this turn of the loop, or in the next one."""
    for line, (desk, count) in zip(request.lines, request.needs.items(), strict=True):
        line.drop_first()
        desk.free -= count
    if request.holder is not None:
        request.holder.enter()
    request.jobs.held[request.job] = request.holder
    if request.gate.queue is not None:
        request.gate.queue.free -= 1
    run = request.jobs.run
    run.queue.cleared.append(request.job)
    if run is not here:
        run.wake()
