"""`FakeClock`: a clock that runs asyncio programs in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from asynciojobs import Watch, use_loop_factory
from asynciojobs._blocks import Block
from asynciojobs.watch import use_clocks

from ._clockstate import LATEST_EXACT, ClockState, ticks
from ._guards import guards, make_loop
from ._inforce import Installation, OutOfForce, is_of_uvloop, refusal_of_uvloop
from ._loop import FakeLoop
from ._pyodide import refuse_pyodide
from ._realtime import time

__all__ = ["FakeClock"]

T = TypeVar("T")

LATEST_YEAR = datetime.max.year - 200
"""The time of day must start before this year, as a clock is exact for 136 years."""


class FakeClock:
    """A clock that jumps to the next timer as soon as nothing else can happen.

    It stands still during real work: threads, subprocesses, an `external()` block. Its time
    continues from one run to the next.

    Args:
        start: the initial time (seconds).
        autojump: whether the clock jumps automatically. If not, only `advance()` and
            `advance_to()` move it.
        horizon: how far the clock may jump while no job starts or ends (seconds);
            ``math.inf`` means no limit. A single sleep may be longer.
        real_limit: how much real time one run may take (seconds). The processor time of its
            thread counts, and the time it waits for real work. So runs don't fail because the
            machine is busy. If the thread is blocked, the run ends after ten times as long.
            ``math.inf`` means no limit.
        seed: shuffles the order in which ready tasks run. The same seed gives the same order.
        wall: the time of day at `start`. With ``None``, the time of day is the real one.

    Raises:
        TypeError: `wall` is not a datetime.
        ValueError: `start` is too large or not finite, a limit is not above 0, or `wall` is
            too late.
        RuntimeError: Python runs in Pyodide, which has no sockets.

    Example:
        >>> import asyncio
        >>> clock = FakeClock()
        >>> clock.run(asyncio.sleep(3600, "an hour later"))
        'an hour later'
        >>> clock.time
        3600.0
    """

    def __init__(
        self,
        *,
        start: float = 0.0,
        autojump: bool = True,
        horizon: float = 30 * 86400,
        real_limit: float = 30.0,
        seed: int | None = None,
        wall: datetime | None = None,
    ) -> None:
        refuse_pyodide()
        if not abs(start) <= LATEST_EXACT:
            raise ValueError(
                f"start must be a time, of {LATEST_EXACT:g} s at most, not {start!r}"
            )
        check_positive("horizon", horizon)
        check_positive("real_limit", real_limit)
        check_wall(wall)
        self._state = ClockState(start=start, autojump=autojump, seed=seed)
        self._horizon = horizon
        self._real_limit = real_limit
        self._start = self._state.seconds
        self._wall = wall
        self.seed = seed

    def __repr__(self) -> str:
        return f"<FakeClock at {self.time:.15g} s>"

    @property
    def time(self) -> float:
        """The time, in seconds, exact to the microsecond."""
        return self._state.seconds

    @property
    def jumps(self) -> int:
        """How many times the clock has jumped to a timer."""
        return self._state.jumps

    @property
    def real_elapsed(self) -> float:
        """How long all runs took together, in real seconds."""
        return self._state.real_elapsed()

    # -- running a program on this clock

    def loop_factory(self) -> asyncio.AbstractEventLoop:
        """Make an event loop on this clock.

        Pass this method to ``asyncio.Runner(loop_factory=clock.loop_factory)``, or to the
        options of that name in anyio and pytest-asyncio. You can also pass a loop there: when
        called, it returns itself.

        Example:
            >>> import asyncio
            >>> clock = FakeClock()
            >>> with asyncio.Runner(loop_factory=clock.loop_factory) as runner:
            ...     runner.run(asyncio.sleep(60, "a minute later"))
            'a minute later'
            >>> clock.time
            60.0
        """
        return self._make_loop(None)

    def _make_loop(self, installation: Installation | None) -> FakeLoop:
        return FakeLoop(
            self._state,
            horizon=self._horizon,
            real_limit=self._real_limit,
            installation=installation,
        )

    def run(self, awaitable: Awaitable[T]) -> T:
        """Run an awaitable in a new loop on this clock, and return its result.

        Raises:
            DeadlockError: nothing is left to wait for.
            RunawayError: the run went past the horizon, or took too much real time.
            LeftoverError: the run left something behind.
            RuntimeError: a loop is already running.
            BaseException: whatever the awaitable raises.

        Example:
            >>> import asyncio
            >>> FakeClock().run(asyncio.sleep(3600, "an hour later"))
            'an hour later'
        """
        if asyncio._get_running_loop() is not None:
            raise RuntimeError(
                "clock.run() makes a loop of its own: await the awaitable in the running loop"
            )
        with self.installed(), asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(wait_for(awaitable))

    def installed(self) -> Block[FakeClock]:
        """Use this clock for everything that runs inside a block.

        This covers ``scheduler.run()``, ``shutdown()``, ``standalone_run()``,
        ``asyncio.run()`` and watches. Other threads keep real time, even those of
        `asyncio.to_thread()` and `CallJob`. In this thread, no loop can run that is not on the
        clock.

        Raises:
            LeftoverError: a run left tasks alive, exceptions that were never retrieved, or
                coroutines that were never awaited. It is raised at the end of the block.
            RuntimeError: a loop that is not on this clock is running; or uvloop, whose time
                can't be replaced, is in use.

        Example:
            >>> import asyncio
            >>> from asynciojobs import Job, Scheduler
            >>> with FakeClock().installed() as clock:
            ...     Scheduler(Job(asyncio.sleep, 60)).run(), clock.time
            (True, 60.0)
        """
        return InstalledBlock(self)

    def blocks(self) -> Iterator[Block[None]]:
        """Yield the blocks that `installed()` consists of, outermost first.

        Example:
            >>> import contextlib
            >>> from asynciojobs import Watch
            >>> clock = FakeClock(start=5)
            >>> with contextlib.ExitStack() as stack:
            ...     for block in clock.blocks():
            ...         _ = stack.enter_context(block)
            ...     Watch(show_elapsed=False).seconds()
            0.0
        """
        installation = Installation(self, self._state, self._make_loop)
        yield installation
        yield use_loop_factory(installation.make_loop)
        yield use_clocks(lambda: self.time, self._time_of_day)
        yield from guards()
        yield self._state.leftovers.watching_coroutines()

    def check_running_loop(self) -> None:
        """Check that no loop is running in this thread, except one on this clock.

        Raises:
            RuntimeError: another loop is running.

        Example:
            >>> clock = FakeClock()
            >>> async def main():
            ...     clock.check_running_loop()
            >>> clock.run(main())
        """
        loop = asyncio._get_running_loop()
        if loop is not None and not self._owns(loop):
            raise RuntimeError(
                f"{loop!r} is running, and is not on {self!r}: install the clock before that "
                "loop is made, or make the loop with `clock.loop_factory()`"
            )

    def _owns(self, loop: asyncio.AbstractEventLoop) -> bool:
        return isinstance(loop, FakeLoop) and loop.is_on(self._state)

    def check_leftovers(self) -> None:
        """Check that the runs so far left nothing behind; `installed()` does so at its end.

        Raises:
            LeftoverError: they did leave something.

        Example:
            >>> clock = FakeClock()
            >>> with clock.installed():
            ...     clock.check_leftovers()
        """
        __tracebackhide__ = True
        self._state.leftovers.check()

    def forget_leftovers(self) -> None:
        """Forget what the runs so far left behind.

        Example:
            >>> import asyncio
            >>> async def main():
            ...     asyncio.get_running_loop().create_future().set_exception(OSError("no disk"))
            >>> with FakeClock().installed() as clock:
            ...     asyncio.run(main())
            ...     clock.forget_leftovers()
        """
        self._state.leftovers.clear()

    def watch(self, message: str | None = None) -> Watch:
        """Return a watch on this clock. It prints nothing unless it has a message.

        Example:
            >>> import asyncio
            >>> clock = FakeClock()
            >>> watch = clock.watch()
            >>> clock.run(asyncio.sleep(61.5)), watch.elapsed()
            (None, '061.500')
        """
        with use_clocks(lambda: self.time, self._time_of_day):
            return Watch(message, show_elapsed=message is not None)

    def _time_of_day(self) -> datetime:
        if self._wall is None:
            return datetime.now()
        return self._wall + timedelta(seconds=self.time - self._start)

    # -- moving the time by hand

    async def advance(self, seconds: float) -> None:
        """Move the time forward. Each timer on the way fires at its own time.

        After a timer fires, the program runs until nothing more can run. Only then does the
        time move again.

        Args:
            seconds: how far to move the time.

        Raises:
            ValueError: `seconds` is negative or not finite.
            RuntimeError: another call is moving the time, or the running loop is not on this
                clock.

        Example:
            >>> import asyncio
            >>> clock = FakeClock(autojump=False)
            >>> async def main():
            ...     task = asyncio.create_task(asyncio.sleep(60, "awake"))
            ...     await clock.advance(59)
            ...     before = task.done()
            ...     await clock.advance(1)
            ...     return before, task.result()
            >>> clock.run(main())
            (False, 'awake')
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a clock is advanced by 0 seconds or more, not by {seconds!r}")
        target = self._state.now + int(ticks(seconds))
        await self._running_loop().steering.advance_to(target)

    async def advance_to(self, t: float) -> None:
        """Move the time forward to a moment; see `advance()`.

        Args:
            t: the moment (seconds, on this clock).

        Raises:
            ValueError: `t` is in the past or not finite.
            RuntimeError: see `advance()`.

        Example:
            >>> clock = FakeClock(autojump=False)
            >>> clock.run(clock.advance_to(60)), clock.time
            (None, 60.0)
        """
        if not self.time <= t < math.inf:
            raise ValueError(f"the time is {self.time:.15g} s, and can't be moved to {t!r}")
        await self._running_loop().steering.advance_to(int(ticks(t)))

    async def settle(self) -> None:
        """Let the program run until it can only wait for the time to move.

        Raises:
            RuntimeError: the running loop is not on this clock.

        Example:
            >>> import asyncio
            >>> clock = FakeClock(autojump=False)
            >>> async def main():
            ...     task = asyncio.create_task(asyncio.sleep(0, "done"))
            ...     await clock.settle()
            ...     return task.result()
            >>> clock.run(main())
            'done'
        """
        await self._running_loop().steering.settle()

    def _running_loop(self) -> FakeLoop:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, FakeLoop) or not loop.is_on(self._state):
            raise RuntimeError(
                f"{loop!r} is not on this clock, and can't be moved by it: run the program "
                "by clock.run(), or under clock.installed()"
            )
        return loop

    # -- other clocks

    def followed_by(self, move: Callable[[float], object]) -> Block[None]:
        """Make other clocks follow this one during a block.

        This is for tools such as freezegun, which fake `datetime.now()` and `time.monotonic()`.

        Args:
            move: called with the time of this clock (seconds), at the beginning of the block
                and whenever the time moves, before any timer fires.

        Example:
            >>> import asyncio
            >>> clock = FakeClock()
            >>> times = []
            >>> with clock.followed_by(times.append):
            ...     clock.run(asyncio.sleep(3600))
            >>> times
            [0.0, 3600.0]
        """
        return self._state.followed_by(move)

    # -- holding the time

    def external(self) -> Block[None]:
        """Hold the time during a block that waits for real work the clock can't see.

        Example:
            >>> import asyncio
            >>> from concurrent.futures import ThreadPoolExecutor
            >>> clock = FakeClock()
            >>> async def ask(pool):
            ...     with clock.external():
            ...         return await asyncio.wrap_future(pool.submit(sum, [1, 2]))
            >>> with ThreadPoolExecutor() as pool:
            ...     clock.run(ask(pool))
            3
        """
        return self._state.external()


class NoClock(Block[None]):
    """A block in which no clock is in use, though one is installed."""

    def __enter__(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(OutOfForce())
            stack.enter_context(use_loop_factory(make_loop))
            stack.enter_context(use_clocks(time.monotonic))
            self._parts = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._parts.close()


class InstalledBlock(Block[FakeClock]):
    """A block in which a clock is in use.

    Args:
        clock: the clock.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def __enter__(self) -> FakeClock:
        refuse_uvloop()
        self._clock.check_running_loop()
        with contextlib.ExitStack() as stack:
            for block in self._clock.blocks():
                stack.enter_context(block)
            self._parts = stack.pop_all()
        return self._clock

    def __exit__(self, kind: object, *_: object) -> None:
        __tracebackhide__ = True
        with self._parts:
            if kind is None:
                self._clock.check_leftovers()
            else:
                self._clock.forget_leftovers()


def check_positive(parameter: str, seconds: float) -> None:
    """Check a limit.

    Raises:
        ValueError: it is not above 0.
    """
    if not seconds > 0:
        raise ValueError(
            f"{parameter} must be a number of seconds above 0, or math.inf, not {seconds!r}"
        )


def check_wall(wall: object) -> None:
    """Check a time of day: the clock must stay exact from there on.

    Raises:
        TypeError: it is not a datetime.
        ValueError: it is too late.
    """
    if wall is None:
        return
    if not isinstance(wall, datetime):
        raise TypeError(
            f"wall must be a datetime, not {wall!r}: give datetime(2026, 1, 31, 20, 48), "
            "for example, or datetime.fromtimestamp(…) of a number of seconds"
        )
    if wall.year >= LATEST_YEAR:
        raise ValueError(
            f"wall must be before the year {LATEST_YEAR}, not {wall}: the time of day goes "
            f"on from there, and datetime ends with the year {datetime.max.year}"
        )


async def wait_for(awaitable: Awaitable[T]) -> T:
    """Await an awaitable: a Runner accepts only coroutines."""
    return await awaitable


def refuse_uvloop() -> None:
    """Check that uvloop is not in use.

    Raises:
        RuntimeError: the policy or the running loop belongs to uvloop.
    """
    # Read the variable: asyncio.get_event_loop_policy() would create a policy.
    policy = getattr(asyncio.events, "_event_loop_policy", None)
    for thing in (policy, asyncio._get_running_loop()):
        if is_of_uvloop(thing):
            raise RuntimeError(refusal_of_uvloop(thing))
