"""`FakeLoop`: asyncio's own loop, in virtual time.

A loop asks its selector to be woken by I/O, or after so many seconds, and that is the one place
where a program of asyncio lets time pass. There the clock decides: wait for real work,
move the time to the next timer, or tell that nothing is left to wait for. It costs one
``select(0)`` a turn; a jump is O(1).

- The time is an integer, in microseconds, and the loop's resolution half of that. So a timer is
  due exactly at the tick that it is rounded to. Where floats are coarser than ticks, it is what
  they tell apart.
- The jump goes to the first timer of the heap. The timeout that the selector is given is a
  difference of floats, cut to a day.
- Errors leave by `run_forever()`, so no job can swallow them. Before they do, all tasks are
  cancelled and run to their end, within limits: whoever runs the loop finds none to wait for.

`docs/design/testkit.md` has the reasons, and what was tried and left.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Collection
from typing import Any

from ._errors import ClockError, DeadlockError, RunawayError
from ._explain import coroutine_of, last_progress, name_of_waiter, outermost, who_waits
from ._hands import LATEST, TICKS_PER_SECOND, Hands, ticks
from ._notingloop import NotingLoop
from ._selector import IdleSelector, ShuffledReady
from ._steering import Steering

__all__ = ["FakeLoop"]

Task = asyncio.Task[Any]

HALF_TICK = 0.5 / TICKS_PER_SECOND
"""Timers that are due within this are due now (seconds)."""

REAL_SLICE = 0.05
"""How long real work is waited for at a time (real seconds)."""

CLEAN_UP_ROUNDS = 100
"""How often tasks are cancelled after an error before they are closed by force."""

CLEAN_UP_LIMIT = 2.0
"""How long that may take (real seconds)."""


class FakeLoop(NotingLoop):
    """A loop whose time is that of a clock.

    Args:
        hands: the time, and what may move it.
        horizon: how far the time may move while no job starts or ends (seconds).
        real_limit: how long such a run may take (real seconds).

    Attributes:
        steering: moves the time by hand.
    """

    # What we use of asyncio's loop, and its type stubs leave out.
    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]  # a heap, and a cancelled timer is not its first
    _clock_resolution: float

    def __init__(self, hands: Hands, *, horizon: float, real_limit: float) -> None:
        self._hands = hands
        self.steering = Steering(hands)
        self._horizon = horizon
        self._real_limit = real_limit
        self._end_of_time = math.inf  # of the run that goes on (ticks)
        self._end_of_patience = math.inf  # likewise, on the real clock (seconds)
        self._cleaning_up = False  # an error is on its way out
        self._ran_away = False  # an error was that a run took too long, or went too far
        super().__init__(IdleSelector(self._turn, self._idle), hands.leftovers)
        self._clock_resolution = HALF_TICK
        if hands.order is not None:
            self._ready = ShuffledReady(hands.order)

    def time(self) -> float:
        """Return the time of the clock, in seconds."""
        return self._hands.seconds

    def __call__(self) -> FakeLoop:
        """Return this loop, or one like it if it is closed: it is a loop factory as well."""
        if not self.is_closed():
            return self
        return FakeLoop(self._hands, horizon=self._horizon, real_limit=self._real_limit)

    def is_on(self, hands: Hands) -> bool:
        """Tell whether these are what moves the time here."""
        return self._hands is hands

    # -- what happens in a turn

    def _turn(self) -> None:
        """Begin a turn, unless there have been too many."""
        if isinstance(self._ready, ShuffledReady):
            self._ready.begin_turn()
        if self.time() > LATEST:
            self._clock_resolution = 2 * math.ulp(self.time())
        if time.monotonic() > self._end_of_patience:
            self._give_up(RunawayError, f"it takes more than {self._real_limit:g} real seconds")

    def _idle(self) -> float:
        """Nothing can run: let something happen, or tell that nothing will.

        Returns:
            how long to wait for I/O (real seconds).
        """
        hands = self._hands
        timer = self._next_timer()
        if timer <= hands.now:
            return 0
        if self._real_work():
            return REAL_SLICE
        if not self._cleaning_up and self.steering.wake():
            return 0
        if timer < math.inf and timer <= self._reach():
            self._jump(int(timer))
        elif self._cleaning_up or not self.steering.arrive():
            self._give_up(DeadlockError, self._why_nothing_happens(timer))
        return 0

    def _reach(self) -> float:
        """Return how far the time may move (ticks)."""
        if self._hands.autojump or self._cleaning_up:
            return math.inf
        return self._hands.now if self.steering.target is None else self.steering.target

    def _next_timer(self) -> float:
        """Return the moment of the first timer, in ticks; infinity if there is none."""
        if not self._scheduled:
            return math.inf
        when = self._scheduled[0].when()
        if when < self.time() + self._clock_resolution:
            return self._hands.now
        return max(ticks(when), self._hands.now + 1)

    def _jump(self, moment: int) -> None:
        if self._hands.now >= self._end_of_time and self.steering.target is None:
            self._look_for_progress()
        self._hands.jump(moment)

    def _look_for_progress(self) -> None:
        """Put the end of time off, if a job has started or ended since it was set."""
        latest = max(ticks(last_progress(self)) + ticks(self._horizon), self._end_of_time)
        if latest > self._hands.now:
            self._end_of_time = latest
        else:
            self._give_up(
                RunawayError,
                f"no job has started or ended for {self._horizon:.15g} s, which is the "
                "horizon: a heartbeat may hide a deadlock",
            )

    def _why_nothing_happens(self, timer: float) -> str:
        if timer == math.inf:
            return "nothing is left to wait for"
        return (
            f"the next timer is at {timer / TICKS_PER_SECOND:.15g} s, and the time is moved by "
            "advance() only"
        )

    def _real_work(self) -> list[str]:
        """Return what holds the time, as texts."""
        return self.work.in_flight() + self._hands.blocks()

    async def shutdown_default_executor(self, *args: Any, **options: Any) -> None:
        """Wait for the threads, as a loop does; so does the time.

        After a runaway, the one that it waited for may never end: `close()` leaves it alone.
        """
        if self._ran_away:
            return
        with self._hands.external():
            await super().shutdown_default_executor(*args, **options)

    # -- the end by an error

    def _give_up(self, kind: type[ClockError], reason: str) -> None:
        if self._cleaning_up:
            self.stop()
            return
        work = self._real_work()
        held = f"; the time is held by {', '.join(work)}" if work else ""
        text = f"at {self.time():.15g} s, {reason}{held}"
        raise kind(text, self.time(), who_waits(self))

    def run_forever(self) -> None:
        """Run until `stop()`, as a loop does.

        Raises:
            DeadlockError: nothing is left to wait for.
            RunawayError: the run is past its horizon, or takes too long for real.
        """
        self._set_limits(self._real_limit)
        with self._hands.running(self):
            try:
                super().run_forever()
            except ClockError as error:
                self._ran_away = self._ran_away or isinstance(error, RunawayError)
                for name in self._clean_up():
                    error.add_note(f"{name} was deaf to cancellation, and is closed by force")
                raise

    def _set_limits(self, real_limit: float) -> None:
        self._end_of_time = self._hands.now + ticks(self._horizon)
        self._end_of_patience = time.monotonic() + real_limit

    def _clean_up(self) -> list[str]:
        """Cancel all tasks and let them run to their end; return who was closed by force."""
        self._cleaning_up = True
        self._set_limits(CLEAN_UP_LIMIT)
        try:
            # A job that is cancelled by its run, and by us, would be disturbed in its clean-up.
            self._cancel(outermost(asyncio.all_tasks(self)))
            for _ in range(CLEAN_UP_ROUNDS):
                tasks = asyncio.all_tasks(self)
                if not tasks or time.monotonic() > self._end_of_patience:
                    break
                self._cancel(tasks)
            return self._abandon(asyncio.all_tasks(self))
        finally:
            self._cleaning_up = False

    def _cancel(self, tasks: Collection[Task]) -> None:
        """Cancel tasks, and run until they have ended, or nothing happens any more."""
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        # gather() looks at all exceptions, so none is told to be never retrieved.
        gathered = asyncio.gather(*tasks, return_exceptions=True)
        gathered.add_done_callback(self._stop_cleaning)
        super().run_forever()
        gathered.remove_done_callback(self._stop_cleaning)

    def _stop_cleaning(self, _: object) -> None:
        if self._cleaning_up:  # else it comes late, from a round that had its end before
            self.stop()

    def _abandon(self, tasks: set[Task]) -> list[str]:
        """Close tasks by force, and forget them; return their names."""
        names = [name for task in tasks if (name := name_of_waiter(task))]
        for task in tasks:
            # It may be as deaf to GeneratorExit, or raise what it likes.
            with contextlib.suppress(BaseException):
                coroutine_of(task).close()
        self._set_limits(CLEAN_UP_LIMIT)
        self._cancel(tasks)  # they learn that their coroutines are closed
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            asyncio.tasks._unregister_task(task)
        return sorted(names)
