"""`FakeLoop`: asyncio's own loop, in virtual time.

A loop asks its selector to wake it when there is I/O, or after a number of seconds. This is the
only place where an asyncio program lets time pass. So this is where the clock decides: wait for
real work, jump to the next timer, or raise because there is nothing to wait for. The cost is
one ``select(0)`` a turn; a jump is O(1).

- The time is an integer number of microseconds (ticks), and each timer is rounded to a tick. Of
  timers at the same tick, the one made first fires first. The loop's resolution is half a tick.
  At very late times, floats are coarser than ticks, and the resolution is that of the floats.
- A jump goes to the first timer of the loop's heap. The timeout passed to the selector won't
  do: it is a difference of floats, and asyncio limits it to a day.
- Errors are raised from `run_forever()`, so no job can swallow them. First all tasks are
  cancelled and run to their end, within limits, so no task is left for the caller to wait for.

`docs/design/testkit.md` has the reasons, and the alternatives that were rejected.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Generator
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

from ._clockstate import LATEST_EXACT, TICKS_PER_SECOND, ClockState, ticks
from ._duetime import DueTime
from ._errors import ClockError, DeadlockError, RunawayError
from ._explain import coroutine_of, last_progress, name_of_waiter, outermost, who_waits
from ._inforce import CheckedRun, Installation, Place, check_run
from ._realtime import RealBudget, time
from ._realwork import on_threads, other_threads
from ._selector import IdleSelector, ShuffledReady
from ._steering import Steering
from ._trackingloop import TrackingLoop

__all__ = ["FakeLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Task = asyncio.Task[Any]

HALF_TICK = 0.5 / TICKS_PER_SECOND
"""A timer that is due within this time is due now (seconds)."""

REAL_WORK_POLL = 0.05
"""How long to wait for real work before checking again (real seconds)."""

REAL_CLOCK = "a loop may wait for a clock that is real, such as time.monotonic()"
"""The other reason for a run to make no progress."""

CLEAN_UP_ROUNDS = 100
"""How often to cancel the tasks after an error before closing them by force."""

CLEAN_UP_LIMIT = 2.0
"""How much real time these rounds may take together (seconds)."""


class FakeLoop(TrackingLoop):
    """A loop whose time is that of a clock.

    Args:
        state: the state of the clock.
        horizon: how far the clock may jump while no job starts or ends (seconds).
        real_limit: how much real time one run may take (seconds); see `RealBudget`.
        installation: the block that makes this loop; ``None`` if a user makes it.

    Attributes:
        steering: moves the time by hand.
        place: knows where this loop may run.
    """

    # Attributes of asyncio's loop that its type stubs leave out.
    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]  # a heap; its first timer is never a cancelled one
    _clock_resolution: float

    def __init__(
        self,
        state: ClockState,
        *,
        horizon: float,
        real_limit: float,
        installation: Installation | None = None,
    ) -> None:
        self._state = state
        self.place = Place(state, installation)
        self.steering = Steering(state)
        self._horizon = horizon
        self._real_limit = real_limit
        self._horizon_end = math.inf  # where the horizon of the current run is (ticks)
        self._budget = RealBudget(math.inf)  # the real time that it may take
        self._cleaning_up = False  # tasks are being cancelled because of an error
        self._ran_away = False  # a run ended with a RunawayError
        self._real_timers: list[asyncio.TimerHandle] = []  # timers in real time
        self._ranks = itertools.count()  # of timers, in the order of their creation
        selector = IdleSelector(self._turn, self._idle, self._note_wait)
        super().__init__(selector, state.leftovers)
        self._clock_resolution = HALF_TICK
        if state.order is not None:
            self._ready = ShuffledReady(state.order)

    def time(self) -> float:
        """Return the time of the clock, in seconds."""
        return self._state.seconds

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call a function at a moment. Equal timers fire in the order of their creation.

        Raises:
            ValueError: the moment is not a number (NaN).
        """
        due = DueTime(when, next(self._ranks))
        return super().call_at(due, callback, *args, context=context)

    def __call__(self) -> FakeLoop:
        """Return this loop; if it is closed, a new one. So a loop is also a loop factory."""
        if not self.is_closed():
            return self
        return FakeLoop(self._state, horizon=self._horizon, real_limit=self._real_limit)

    def real_time(self) -> float:
        """Return the real time, in seconds; `CommandJob` uses it for its programs."""
        return time.monotonic()

    def call_later_in_real_time(
        self, seconds: float, callback: Callable[[], object]
    ) -> asyncio.TimerHandle:
        """Call a function later, in real seconds; `CommandJob` does so for its programs.

        Such a timer does not move the time of the clock, and does not hold it either.
        """
        when = self.real_time() + seconds
        handle = asyncio.TimerHandle(when, callback, (), self)
        self._real_timers.append(handle)
        return handle

    def _call_real_timers(self) -> None:
        """Let the real timers that are due run in this turn."""
        now = self.real_time()
        due = [timer for timer in self._real_timers if timer.when() <= now]
        if due:
            self._real_timers = [timer for timer in self._real_timers if timer.when() > now]
            self._ready.extend(timer for timer in due if not timer.cancelled())

    def is_on(self, state: ClockState) -> bool:
        """Return whether this loop runs on the clock of that state."""
        return self._state is state

    # -- what happens in a turn

    def _turn(self) -> None:
        """Begin a turn of the loop, unless the run has taken too long.

        Raises:
            RunawayError: it has.
        """
        if isinstance(self._ready, ShuffledReady):
            self._ready.begin_turn()
        if self.time() > LATEST_EXACT:
            self._clock_resolution = 2 * math.ulp(self.time())
        if self._real_timers:
            self._call_real_timers()
        if self._budget.is_spent():
            self._give_up(RunawayError, self._runaway_reason())

    def _note_wait(self, seconds: float) -> None:
        self._budget.note_wait(seconds)

    def _idle(self) -> float:
        """Decide what happens next, when nothing can run.

        Returns:
            how long to wait for I/O (real seconds).

        Raises:
            DeadlockError: nothing is left to wait for.
            RunawayError: the run is past its horizon.
        """
        state = self._state
        timer = self._next_timer()
        if timer <= state.now or self._ready:
            # Another loop of this clock has moved the time, or a real timer is due.
            return 0
        if self._held_by():
            return REAL_WORK_POLL
        if not self._cleaning_up and self.steering.wake_one():
            return 0
        if timer < math.inf and timer <= self._latest_jump():
            self._jump(int(timer))
        elif self._cleaning_up or not self.steering.finish_advance():
            self._give_up(DeadlockError, self._deadlock_reason(timer))
        return 0

    def _latest_jump(self) -> float:
        """Return the latest moment that the clock may jump to (ticks)."""
        if self._state.autojump or self._cleaning_up:
            return math.inf
        return self._state.now if self.steering.target is None else self.steering.target

    def _next_timer(self) -> float:
        """Return when the first timer is due, in ticks; infinity if there is none."""
        if not self._scheduled:
            return math.inf
        return ticks(self._scheduled[0].when())

    def _jump(self, moment: int) -> None:
        if self._state.now >= self._horizon_end and self.steering.target is None:
            self._extend_horizon()
        self._state.jump(moment)

    def _extend_horizon(self) -> None:
        """Move the horizon on if a job has started or ended since it was set.

        Raises:
            RunawayError: no job has.
        """
        latest = max(ticks(last_progress(self)) + ticks(self._horizon), self._horizon_end)
        if latest > self._state.now:
            self._horizon_end = latest
        else:
            self._give_up(
                RunawayError,
                f"no job has started or ended for {self._horizon:.15g} s, which is the "
                f"horizon: a heartbeat may hide a deadlock, or {REAL_CLOCK}",
            )

    def _runaway_reason(self) -> str:
        limit = f"the run takes more than {self._real_limit:g} real seconds"
        return limit if self._held_by() else f"{limit}: {REAL_CLOCK}"

    def _deadlock_reason(self, timer: float) -> str:
        if timer == math.inf:
            return f"nothing is left to wait for{on_threads(other_threads())}"
        return (
            f"the next timer is at {timer / TICKS_PER_SECOND:.15g} s, and the time is moved by "
            "advance() only"
        )

    def _held_by(self) -> list[str]:
        """Return the real work that holds the time, as texts."""
        return self.work.in_flight() + self._state.open_blocks()

    async def shutdown_default_executor(self, *args: Any, **options: Any) -> None:
        """Wait for the threads of the default executor; the time stands still meanwhile.

        After a `RunawayError`, neither this nor `close()` waits, because a thread may never
        end.
        """
        if self._ran_away:
            return
        with self._state.external():
            await super().shutdown_default_executor(*args, **options)

    # -- errors

    def _give_up(self, kind: type[ClockError], reason: str) -> None:
        """Raise an error with a report; while cleaning up after an error, stop instead."""
        if self._cleaning_up:
            self.stop()
            return
        work = self._held_by()
        held = f"; the time is held by {', '.join(work)}" if work else ""
        text = f"at {self.time():.15g} s, {reason}{held}"
        raise kind(text, self.time(), who_waits(self))

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until a future is done.

        Raises:
            BaseException: see `run_forever()`; whatever the future raises.
        """
        with CheckedRun(self, future):
            return super().run_until_complete(future)

    def run_forever(self) -> None:
        """Run until `stop()` is called.

        Raises:
            DeadlockError: nothing is left to wait for.
            RunawayError: the run is past its horizon, or takes too much real time.
            RuntimeError: this loop must not run here: another clock is installed, or its own is
                no longer installed.
        """
        check_run(self)
        self._set_limits(self._real_limit)
        with self._state.running(self):
            try:
                super().run_forever()
            except ClockError as error:
                self._ran_away = self._ran_away or isinstance(error, RunawayError)
                for name in self._clean_up():
                    error.add_note(f"{name} was deaf to cancellation, and is closed by force")
                raise

    def _set_limits(self, real_limit: float) -> None:
        self._horizon_end = self._state.now + ticks(self._horizon)
        self._budget = RealBudget(real_limit)

    def _clean_up(self) -> list[str]:
        """Cancel all tasks, and run them to their end; return which were closed by force."""
        self._cleaning_up = True
        self._set_limits(CLEAN_UP_LIMIT)
        try:
            # Outermost tasks first: their runs cancel the jobs. If we cancelled the jobs as
            # well, the second cancellation would interrupt their clean-up.
            self._cancel(outermost(asyncio.all_tasks(self)))
            for _ in range(CLEAN_UP_ROUNDS):
                tasks = asyncio.all_tasks(self)
                if not tasks or self._budget.is_spent():
                    break
                self._cancel(tasks)
            return self._close_by_force(asyncio.all_tasks(self))
        finally:
            self._cleaning_up = False

    def _cancel(self, tasks: Collection[Task]) -> None:
        """Cancel tasks, and run until they have ended or nothing can happen."""
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        # gather() retrieves all exceptions, so asyncio reports none as never retrieved.
        gathered = asyncio.gather(*tasks, return_exceptions=True)
        gathered.add_done_callback(self._stop_cleaning)
        super().run_forever()
        gathered.remove_done_callback(self._stop_cleaning)

    def _stop_cleaning(self, _: object) -> None:
        if self._cleaning_up:  # a callback of an earlier round may come too late
            self.stop()

    def _close_by_force(self, tasks: set[Task]) -> list[str]:
        """Close tasks by force, and forget them; return their names."""
        names = [name for task in tasks if (name := name_of_waiter(task))]
        for task in tasks:
            # The coroutine may ignore GeneratorExit, or raise any exception.
            with contextlib.suppress(BaseException):
                coroutine_of(task).close()
        self._set_limits(CLEAN_UP_LIMIT)
        self._cancel(tasks)  # the tasks end now, because their coroutines are closed
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            asyncio.tasks._unregister_task(task)
        return sorted(names)
