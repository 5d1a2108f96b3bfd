"""Starting the ready jobs of a run, as far as the window and the limits allow.

At most one slice of jobs starts in each turn of the event loop. So timers and sockets get
their turn.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from contextvars import Context
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from .._dag.jobset import JobSet
from .._dag.observers import Observers
from .._lazy import OnDemand
from .._names import Mark
from .._outcomes import FINE, SCHEDULED, Broken, Verdict
from ..job import AnyJob
from .queue import SLICE, Queue
from .roster import Roster
from .stopping import cancel_early
from .verdicts import timed_out
from .waitlist import waits_in_run

__all__ = ["begin", "set_deadline", "start_ready", "wake"]

resuming = OnDemand("_run.resuming")

if TYPE_CHECKING:

    class StartingTasks(Protocol):
        """The part of `JobTasks` that is used here."""

        @property
        def time(self) -> Callable[[], float]: ...
        def is_plain(self) -> bool: ...
        def start_plain(self, jobs: deque[AnyJob], count: int, now: float, run: Any) -> int: ...
        def start(self, job: AnyJob, now: float, run: Any) -> None: ...
        def start_expired(
            self, job: AnyJob, error: TimeoutError, now: float, run: Any
        ) -> None: ...

    class StartingRun(Protocol):
        """The part of a `Run` that is used here."""

        job_set: JobSet
        mark: Mark
        nested_mark: Mark
        state: Any
        queue: Queue
        context: Context
        roster: Roster
        observers: Observers

        @property
        def tasks(self) -> StartingTasks: ...
        @property
        def extras(self) -> Any: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...
        def use_extras(self) -> Any: ...
        def make_ready(self, job: AnyJob) -> None: ...
        def is_over(self) -> bool: ...
        def wake(self) -> None: ...
        def end(self, verdict: Verdict) -> None: ...
        def fail(
            self, job: AnyJob, error: BaseException, now: float, *, held: bool = True
        ) -> None: ...


def set_deadline(run: StartingRun, timeout: float | None) -> asyncio.TimerHandle | None:
    """End a run when its timeout expires (seconds); ``None`` means no limit."""
    if timeout is None or timeout == math.inf:
        return None
    when = run.loop.time() + timeout
    return run.loop.call_at(when, lambda: run.end(timed_out(run.job_set, timeout)))


def begin(run: StartingRun, entries: list[AnyJob], timeout: float | None) -> None:
    """Start the jobs that require nothing, unless the run is over already.

    Args:
        run: the run.
        entries: the jobs that require nothing.
        timeout: how long the run may take (seconds).
    """
    if run.nested_mark.restored:
        entries = resuming.tell_restored(run, entries)
    if run.roster.forever or run.observers.heard_ready:
        for job in entries:
            run.make_ready(job)
    else:
        # Fast path: 45 ns a job, 2 % of a run of independent jobs. Without it, make_ready()
        # would do the same.
        for job in entries:
            job._phase = SCHEDULED
        run.queue.ready.extend(entries)
    if not run.roster.awaited:
        run.end(FINE)
    elif timeout == 0:
        run.end(timed_out(run.job_set, 0))
    else:
        cancel_early(run)  # if it cancels any, the others start in the next turn
        if not run.queue.starting:
            run.context.run(start_ready, run)
        if run.extras is not None:
            run.extras.look()


def start_ready(run: StartingRun, now: float | None = None) -> None:
    """Start the jobs in the queue, as far as the window and the slice allow."""
    queue, extras = run.queue, run.extras
    queue.starting = True
    if now is None:
        now = run.tasks.time()
    try:
        if extras is not None and extras.is_cut_off():
            more = False  # this run will be cancelled
        elif run.is_over() or not run.tasks.is_plain():
            more = _start_one_by_one(run, now)
        elif extras is None:
            count = min(len(queue.ready), queue.free, SLICE)
            started = run.tasks.start_plain(queue.ready, count, now, run)
            queue.free -= started
            more = started < count or started == SLICE
        elif extras.plain:
            more = _clear(run, SLICE)
            count = min(len(queue.cleared), SLICE)
            if extras.recording is not None:
                extras.recording.started(islice(queue.cleared, count))
            run.tasks.start_plain(queue.cleared, count, now, run)
            more = more or bool(queue.cleared)
        else:
            more = _start_one_by_one(run, now)
        if more:
            run.loop.call_soon(start_ready, run, context=run.context)
        else:
            queue.starting = False
    except BaseException as error:  # noqa: BLE001 - the loop would only log it
        run.end(Broken(error))


def _clear(run: StartingRun, count: int) -> bool:
    """Give slots to ready jobs, or make them wait for limits; return whether more are left."""
    queue, extras = run.queue, run.extras
    for _ in range(count):
        if not queue.ready or queue.free <= 0:  # below 0 if the window was reduced
            return False
        job = queue.ready.popleft()
        if not waits_in_run(job):  # it was cancelled in the meantime
            continue
        if extras is None or not extras.wait_for_limits(job, forever=False):
            queue.free -= 1
            queue.cleared.append(job)
        if queue.free <= 0 and extras is not None:
            extras.turn_gate()
    return True


def _start_one_by_one(run: StartingRun, now: float) -> bool:
    """Start jobs of all kinds, in any loop; return whether more than a slice are left."""
    queue = run.queue
    for _ in range(SLICE):
        if run.is_over():  # an eager job, or an observer, may end the run
            return False
        more = bool(queue.cleared) or _clear(run, 1)
        if queue.cleared:
            job = queue.cleared.popleft()
            if waits_in_run(job):
                _start(run, job, now)
        elif not more:
            return False
    return True


def _start(run: StartingRun, job: AnyJob, now: float) -> None:
    """Start a job that has its slots, unless it was cancelled in the meantime."""
    extras = run.extras
    if extras is not None and extras.recording is not None:
        extras.recording.started([job])
    if extras is None or extras.deadlines is None:
        run.tasks.start(job, now, run)
    elif (error := extras.deadlines.expired_at_once(job)) is not None:
        run.tasks.start_expired(job, error, now, run)
    else:
        run.tasks.start(job, now, run)
        extras.note_start(job, now)


def wake(run: StartingRun) -> None:
    """Start ready jobs in the next turn of the loop."""
    if not (run.queue.starting or run.loop.is_closed()):
        run.queue.starting = True
        run.loop.call_soon(start_ready, run, context=run.context)
