"""`Run`: one run of a job set, from its start to its verdict.

The idea is that a job waits for one of its requirements at a time. At the end of that one it
waits for the next that is not done; if there is none, it is ready. Each requirement is looked
at once, and each job started once, so a run is O(V+E).

- A job is a task. What is to be done at its end is done inside of that task, in its last
  step: see `Driver`, which this is made on.
- The window is a count of slots that are taken, and a queue of jobs that are ready.
- Jobs are started in slices, one a loop turn. A hundred thousand ready jobs are never a
  hundred thousand tasks if they are short, and timers and sockets get their turn.
- The deadline is a timer of the loop. So a job's own `TimeoutError`, and somebody's
  cancellation of the run, can't be taken for it.
- There is one way out, `_end()`: it settles the verdict, cancels what is left, and wakes
  `verdict()`, which waits for that. Whatever a step of the engine raises goes there as well,
  since the event loop would only log it.

`docs/design/engine.md` has the reasons, and what was tried and left.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections import deque
from collections.abc import Collection, Iterable
from operator import attrgetter

from . import _log
from ._admission import (
    NOBODY,
    admit,
    check_all,
    check_sound,
    enroll,
    look_again,
    next_unmet,
    reset,
    wait_for,
    waits,
)
from ._digraph import closure, find_cycle
from ._driver import Driver, JobTask
from ._errors import CycleError
from ._events import EventKind
from ._jobset import JobSet
from ._lifecycle import Phase
from ._queries import AnyJob, Level, nesting
from ._verdict import FINE, Broken, Cancelled, CriticalFailure, TimedOut, Verdict
from ._waiting import warn_of_deaf
from .job import AbstractJob

__all__ = ["Run"]

SLICE = 50
"""How many jobs are started in one turn of the event loop (jobs).

A task and what hangs on it are some five objects for the garbage collector, which looks at the
young ones each time that there are 700 more of them. Jobs of one or two turns stay below that.
"""

SWALLOWED_AFTER = 0.01
"""A job that returns a value this long after its cancellation was deaf to it (seconds)."""

# On Python 3.11 an attribute of an enum class costs ten times a global.
SCHEDULED, _, DONE, FAILED, CANCELLED, _ = EventKind
PHASE_SCHEDULED, PHASE_RUNNING, PHASE_DONE = Phase.SCHEDULED, Phase.RUNNING, Phase.DONE

RANK = attrgetter("_rank")

NO_LIMIT = 10**9
"""Slots of a run without a window: more than fit in memory, and quick to count with (jobs)."""


class Run(Driver):
    """One run of a job set; it is made for that, and thrown away.

    Args:
        job_set: the jobs to run.
        window: how many regular jobs may run at once; ``None`` or 0 is no limit (jobs).
        timeout: how long the run may take; ``None`` is no limit (seconds).
    """

    def __init__(self, job_set: JobSet, *, window: int | None, timeout: float | None) -> None:
        super().__init__(job_set)
        self._context = contextvars.copy_context()  # each job starts in a copy of it
        self._timeout = timeout
        self._jobs: list[AnyJob] = []  # those that carry _mark; users may edit the set
        self._slots = window or NO_LIMIT
        self._free = self._slots  # the others are taken by regular jobs in _tasks
        self._ready: deque[AnyJob] = deque()  # regular, scheduled, not started
        self._ready_forever: deque[AnyJob] = deque()  # the same for forever jobs
        self._forever: set[AnyJob] = set()  # what they were when they came; flags may change
        self._awaited = 0  # jobs whose end is waited for: regular ones, or else forever ones
        self._only_forever = True  # there are none but forever jobs
        self._starting = False  # _start_ready() is at work, or will be in the next turn
        self._newcomers: list[AnyJob] = []  # added during the run, and not taken in yet
        self._shuffled = False  # those who wait for a job may not stand in order
        self._grown = False  # jobs have been added during the run
        self._late = False  # some that waited already were made to require others
        self._verdict: Verdict | None = None  # settled once it is not None
        self._ended_at = 0.0  # when the verdict was settled
        self._over: asyncio.Future[None] = self._loop.create_future()  # done with _verdict

    @property
    def settled(self) -> Verdict | None:
        """How the run ended; ``None`` as long as it goes on."""
        return self._verdict

    async def verdict(self) -> Verdict:
        """Run the jobs, and return how that ended; nothing of it is alive then.

        Raises:
            AlreadyRunningError: the job set, or a job of it, takes part in another run.
            ValueError: the jobs can't be run; nothing was started.
            CancelledError: the caller was cancelled.
            BaseException: a KeyboardInterrupt or SystemExit that a job raised, or what is
                wrong with a job that was added on the way.
        """
        entries = self._open()
        try:
            await self._go_through(entries)
        except asyncio.CancelledError:
            # Cancelled, and a job raised KeyboardInterrupt in its clean-up: that leaves.
            self._raise_exit()
            raise
        return self._answer()

    async def _go_through(self, entries: list[AnyJob]) -> None:
        """Start, and wait until it is over and all that was started has ended."""
        deadline = None
        try:
            deadline = self._set_deadline()
            self._begin(entries)
            await self._over
        except asyncio.CancelledError:
            self._end(Cancelled())
            raise
        except GeneratorExit:  # the loop is gone, its tasks with it: nothing to wait for
            if self._loop.is_running():  # ... or else the run was closed, and can't wait
                self._end(Cancelled())
            self._tasks.clear()
            raise
        except BaseException as error:  # noqa: BLE001 - _answer() raises it
            self._end(Broken(error))
        finally:
            if deadline is not None:
                deadline.cancel()
            try:
                if self._tasks:
                    await self._wait_out()
            finally:
                self.let_go()

    def _raise_exit(self) -> None:
        match self._verdict:
            case Broken(KeyboardInterrupt() | SystemExit() as error):
                raise error
            case _:
                pass

    def _answer(self) -> Verdict:
        assert self._verdict is not None
        if isinstance(self._verdict, Broken):
            raise self._verdict.exception
        return self._verdict

    # -- the beginning

    def _open(self) -> list[AnyJob]:
        """Check that all can run, take the jobs in, and return those that require nothing."""
        job_set = self._job_set
        job_set._check_not_running()
        job_set._started_by = None
        levels = list(nesting(job_set, unless_checked_by=self._outermost))
        _, self._jobs, directly = levels[0]
        if directly:
            self._nests = True
            # A shutdown that went before this run is forgotten at all depths, checked or not.
            if any(isinstance(job, AbstractJob) and job._shutdown_given for job in directly):
                levels = list(nesting(job_set))
            check_all(levels[1:])
        entries, forever, in_order = admit(job_set, self._jobs, self._mark)
        self._shuffled = not in_order
        self._take_in(levels)
        job_set._live_run = self
        self._expect(len(self._jobs), forever)
        return entries

    def _take_in(self, levels: Iterable[Level]) -> None:
        """Prepare job sets that have been checked: they run in this run, or are nested."""
        for job_set, jobs, below in levels:
            reset(job_set, jobs)
            job_set._checked_by = self._outermost
            for inner in below:  # those who observe it hear of what is in there
                job_set._observers.enclose(inner._observers)

    def _expect(self, count: int, forever: set[AnyJob]) -> None:
        """Count the jobs whose end is waited for: forever jobs only if there are no others."""
        self._forever |= forever
        regular = count - len(forever)
        if regular and self._only_forever:
            self._only_forever = False
            self._awaited = 0
        self._awaited += len(forever) if self._only_forever else regular

    def _set_deadline(self) -> asyncio.TimerHandle | None:
        if self._timeout is None or self._timeout == math.inf:
            return None
        when = self._loop.time() + self._timeout
        return self._loop.call_at(when, self._end, TimedOut(self._timeout))

    def _begin(self, entries: list[AnyJob]) -> None:
        if self._forever or self._observers.heard:
            for job in entries:
                self._make_ready(job)
        else:  # the usual case, without a call for each
            for job in entries:
                job._phase = PHASE_SCHEDULED
            self._ready.extend(entries)
        if not self._awaited:
            self._end(FINE)
        elif self._timeout == 0:
            self._end(TimedOut(0))
        else:
            self._context.run(self._start_ready)

    # -- a job, from its requirements to its end

    def _make_ready(self, job: AnyJob) -> None:
        """Put a job in the queue, its requirements being met."""
        if self._grown and self._has_late_requirements(job):
            return
        job._phase = PHASE_SCHEDULED
        if self._observers.heard:
            self._observers.tell(job, SCHEDULED, self._time())
        if job in self._forever:
            self._ready_forever.append(job)
        else:
            self._ready.append(job)

    def _start_ready(self, now: float | None = None) -> None:
        """Start the jobs in the queue, as far as the window and the slice go."""
        self._starting = True
        if now is None:
            now = self._time()
        try:
            if self._start_plain_tasks(now) if self._is_plain() else self._start_any(now):
                self._starting = False
            else:
                self._loop.call_soon(self._start_ready, context=self._context)
        except BaseException as error:  # noqa: BLE001 - the loop would only log it
            self._end(Broken(error))

    def _is_plain(self) -> bool:
        """Tell whether nothing is to be looked at between the starts of two jobs.

        Then the tasks are asyncio's own, whatever else the loop is.
        """
        return not (
            self._verdict is not None
            or self._ready_forever
            or self._observers.heard
            or not self._plain_loop
            or self._loop.get_task_factory() is not None
        )

    def _start_plain_tasks(self, now: float) -> bool:
        """Start regular jobs, without asking the loop; tell whether that was all."""
        ready, tasks, drive, loop = self._ready, self._tasks, self._drive, self._loop
        count = min(len(ready), self._free, SLICE)
        to_come = 0  # jobs that nested job sets will start in the next turn
        for started in range(1, count + 1):
            job = ready.popleft()
            job._phase = PHASE_RUNNING
            job._noted_start = now
            label = job.label
            name = label if type(label) is str else job._task_name
            tasks[job] = JobTask(drive(job), loop=loop, name=name)
            if self._nests and isinstance(job, JobSet):
                to_come += len(job.jobs)
                if to_come >= SLICE:
                    self._free -= started
                    return False
        self._free -= count
        return count < SLICE

    def _start_any(self, now: float) -> bool:
        """Start jobs of any kind in any loop; tell whether that was all."""
        for _ in range(SLICE):
            if self._verdict is not None:
                return True
            if self._ready_forever:
                self._start(self._ready_forever.popleft(), now)
            elif self._ready and self._free:
                self._free -= 1
                self._start(self._ready.popleft(), now)
            else:
                return True
        return False

    def _returned(self, job: AnyJob, value: object) -> None:
        self._tasks.pop(job, None)
        job._outcome = value
        job._phase = PHASE_DONE
        now = job._noted_end = self._time()
        if self._observers.heard:
            self._observers.tell(job, DONE, now)
        if self._verdict is None:
            self._release(job, now)
        elif now > self._ended_at + SWALLOWED_AFTER:
            warn_of_deaf(job, f"went on for {now - self._ended_at:.3g}s, to its end")

    def _raised(self, job: AnyJob, error: BaseException) -> None:
        self._tasks.pop(job, None)
        now = self._loop.time()
        cancelled = self._verdict is not None and isinstance(error, asyncio.CancelledError)
        if cancelled:
            job._noted_end = now
        else:
            job._keep_failure(error, now)
        if self._observers.heard:
            self._observers.tell(job, CANCELLED if cancelled else FAILED, now)
        job._discard_unstarted()
        if cancelled:
            return
        going_on = self._verdict is None
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self._end(Broken(error))
        elif job.critical:
            self._end(CriticalFailure(job, error))
        elif going_on:
            self._release(job, now)

    def _release(self, job: AnyJob, now: float) -> None:
        """Have the jobs that waited for a job wait for another one, or else start."""
        held = job._holds
        job._holds = None
        if held is not NOBODY:
            self._go_on([held] if isinstance(held, AbstractJob) else held or [])
        if self._forever and job in self._forever:
            self._awaited -= self._only_forever
        else:
            self._free += 1
            self._awaited -= 1
        if self._late:
            self._check_waits()
        if not self._awaited:
            self._end(FINE)
        elif (self._ready or self._ready_forever) and not self._starting:
            self._context.run(self._start_ready, now)

    def _go_on(self, followers: list[AnyJob]) -> None:
        """Let jobs wait for the next of their requirements, or start, if all are done."""
        if self._shuffled and len(followers) > 1:
            followers.sort(key=RANK)
        for follower in followers:
            if follower._unmet and (requirement := next_unmet(follower)) is not None:
                wait_for(requirement, follower)
                self._shuffled = True
            elif self._grown or self._forever or self._observers.heard:
                self._make_ready(follower)
            else:  # the usual case, without a call
                follower._phase = PHASE_SCHEDULED
                self._ready.append(follower)

    # -- jobs that are added on the way

    def join(self, jobs: Collection[AnyJob]) -> None:
        """Take jobs into the run; they are waited for from now on.

        Their requirements are looked at in the next turn of the loop, so that a user may add
        several jobs, and say what they require, in any order.
        """
        if not self._newcomers:
            # First, since it raises near the recursion limit: nobody would take them in.
            self._loop.call_soon(self._admit_newcomers, context=self._context)
        enroll(jobs, self._mark)
        self._grown = True
        self._expect(len(jobs), {job for job in jobs if job.forever})
        self._jobs.extend(jobs)
        self._newcomers.extend(jobs)

    def _admit_newcomers(self) -> None:
        newcomers, self._newcomers = self._newcomers, []
        if self._verdict is not None:
            return
        try:
            self._check_newcomers(newcomers)
            entries = [job for job in newcomers if not look_again(job, self._forever)]
            for job in entries:
                self._make_ready(job)
            if self._late:
                self._check_waits()
            if not self._starting:
                self._start_ready()
        except BaseException as error:  # noqa: BLE001 - the loop would only log it
            self._end(Broken(error))

    def _check_newcomers(self, newcomers: list[AnyJob]) -> None:
        check_sound(newcomers)
        for rank, job in enumerate(newcomers, len(self._jobs) - len(newcomers)):
            job._forget_run()
            job._rank = rank
            if isinstance(job, JobSet):
                self._nests = True
                levels = list(nesting(job))
                check_all(levels)
                self._take_in(levels)
                self._job_set._observers.enclose(job._observers)
        among: Collection[AnyJob] = newcomers
        if self._late:  # some may have been made to require these
            among = closure(unfinished_requirements, newcomers)
        if cycle := find_cycle({job: job._requirements() for job in among}):
            raise CycleError(cycle)

    def _has_late_requirements(self, job: AnyJob) -> bool:
        """Tell whether a job was made to require others since it was enrolled.

        That is what a job does that adds others, and lets a last one wait for them.
        """
        if not look_again(job, self._forever):
            return False
        self._late = self._shuffled = True
        upstream = closure(unfinished_requirements, [job])
        if cycle := find_cycle({other: unfinished_requirements(other) for other in upstream}):
            raise CycleError(cycle)
        return True

    def _check_waits(self) -> None:
        """Raise if nothing goes on any more, since jobs wait for each other.

        The sets do not tell of such a cycle if one was edited meanwhile: a job goes on to wait
        for what is taken out of its set.
        """
        going_on = self._tasks if self._only_forever else self._free < self._slots
        coming = self._ready_forever if self._only_forever else self._ready
        if going_on or coming or self._newcomers:
            return
        if cycle := find_cycle(waits(self._jobs)):
            raise CycleError(cycle)

    # -- the end

    def _end(self, verdict: Verdict) -> None:
        """Settle how the run ends, and cancel what is left.

        The first verdict stays, but for two: a run that was fine is not if its clean-up
        fails, and what must leave the run does so in any case.
        """
        settled = self._verdict
        if settled is None or settled is FINE or isinstance(verdict, Broken):
            self._verdict = verdict
            if isinstance(settled, Broken):
                _log.error(
                    "%s was to raise this, until a job raised what must leave it",
                    self._job_set.repr_main(),
                    exception=settled.exception,
                )
        if settled is not None:
            return
        self._ended_at = self._time()
        for job, task in tuple(self._tasks.items()):
            self._cancel(job, task)
        if not self._over.done():  # it is if the run was cancelled from outside
            self._over.set_result(None)

    def is_lost(self) -> bool:
        """Tell whether it will never go on, since its event loop is closed."""
        return self._loop.is_closed()

    def let_go(self) -> None:
        """Take the marks of the run from the jobs, and close what was never started.

        That is its end; for one that is lost it comes again once its task is collected.
        """
        if self._job_set._live_run is self:
            self._job_set._live_run = None
        if self._verdict is FINE and not self._forever and not self._grown:
            return  # all jobs have come to their end
        for job in self._jobs:
            # One that came to its end here may take part in another run by now.
            if job._holds is not None and job._mark is self._mark:
                job._holds = None
                job._unmet = ()
                if job.ended_at is None:
                    job._discard_unstarted()


def unfinished_requirements(job: AnyJob) -> list[AnyJob]:
    """Return the requirements of a job that take part in the run, and are not done."""
    return [other for other in job._requirements() if other._holds is not None]
