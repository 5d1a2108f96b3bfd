"""`FakeClock`: the time of a test, which moves as fast as the program lets it."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TypeVar

from asynciojobs import Watch, use_loop_factory
from asynciojobs.watch import use_clocks

from ._hands import LATEST, Hands, ticks
from ._loop import FakeLoop
from ._standin import StandIn

__all__ = ["FakeClock"]

T = TypeVar("T")

_make_loop: ContextVar[Callable[[], asyncio.AbstractEventLoop] | None] = ContextVar(
    "asynciojobs_testkit loop factory", default=None
)
new_event_loop = StandIn(asyncio.events, "new_event_loop")


class FakeClock:
    """A clock that moves to the next timer as soon as nothing else can happen.

    It holds still while there is real work: threads, subprocesses, an `external()` block.
    It goes on from one run to the next.

    Args:
        start: the time at first (seconds).
        autojump: the time moves by itself; else by `advance()` only.
        horizon: how far it may move by itself while no job starts or ends (seconds);
            ``math.inf`` is no limit. One timer, however long, is let pass.
        real_limit: how long one run may take (real seconds); likewise.
        seed: shuffles the order in which ready tasks go on, always in the same way.
        wall: the time of day at `start`; ``None`` is the real one, always.

    Raises:
        ValueError: `start`, `horizon` or `real_limit` is not a number that makes sense.

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
        if not abs(start) <= LATEST:
            raise ValueError(f"start must be a time, of {LATEST:g} s at most, not {start!r}")
        check_positive("horizon", horizon)
        check_positive("real_limit", real_limit)
        self._hands = Hands(start=start, autojump=autojump, seed=seed)
        self._horizon = horizon
        self._real_limit = real_limit
        self._start = self._hands.seconds
        self._wall = wall
        self.seed = seed

    def __repr__(self) -> str:
        return f"<FakeClock at {self.time:.15g} s>"

    @property
    def time(self) -> float:
        """The time, in seconds, exact to the microsecond."""
        return self._hands.seconds

    @property
    def jumps(self) -> int:
        """How many times the clock has moved."""
        return self._hands.jumps

    @property
    def real_elapsed(self) -> float:
        """How long all runs took, in real seconds."""
        return self._hands.real_elapsed()

    # -- running something under it

    def loop_factory(self) -> asyncio.AbstractEventLoop:
        """Make an event loop on this clock.

        It is what ``asyncio.Runner(loop_factory=clock.loop_factory)`` takes, and anyio's
        and pytest-asyncio's options of that name. The loop may be given there as well: it
        is its own factory.
        """
        return FakeLoop(self._hands, horizon=self._horizon, real_limit=self._real_limit)

    def run(self, awaitable: Awaitable[T]) -> T:
        """Run an awaitable in a loop of its own on this clock, and return its result.

        Raises:
            DeadlockError: nothing is left to wait for.
            RunawayError: the run went past the horizon, or took too long for real.
            LeftoverError: the run has left something behind.
            RuntimeError: called inside of a running loop.
            BaseException: what the awaitable raises.
        """
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("clock.run() makes a loop of its own: await it in this one")
        with self.installed(), asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(wait_for(awaitable))

    @contextlib.contextmanager
    def installed(self) -> Generator[FakeClock]:
        """Have all that is run in a block run on this clock.

        That is ``scheduler.run()``, ``shutdown()``, ``standalone_run()`` and
        ``asyncio.run()``, and watches follow it. Other threads are not concerned.

        Raises:
            LeftoverError: tasks are still alive after a run, exceptions were never
                retrieved, coroutines never awaited; said at the end of the block.
            RuntimeError: uvloop is in use, whose time can't be replaced.
        """
        refuse_uvloop()
        with contextlib.ExitStack() as stack:
            stack.enter_context(use_loop_factory(self.loop_factory))
            stack.enter_context(use_clocks(lambda: self.time, self._time_of_day))
            stack.enter_context(asyncio_run_makes(self.loop_factory))
            stack.enter_context(self._hands.leftovers.watching_coroutines())
            try:
                yield self
            except BaseException:
                self.forget_leftovers()
                raise
            self.check_leftovers()

    def check_leftovers(self) -> None:
        """Look for what the runs so far have left behind; `installed()` does it at its end.

        Raises:
            LeftoverError: there is something.
        """
        __tracebackhide__ = True
        self._hands.leftovers.check()

    def forget_leftovers(self) -> None:
        """Forget what the runs so far have left behind."""
        self._hands.leftovers.clear()

    def watch(self, message: str | None = None) -> Watch:
        """Return a watch on this clock; silent, unless it has a message."""
        with use_clocks(lambda: self.time, self._time_of_day):
            return Watch(message, show_elapsed=message is not None)

    def _time_of_day(self) -> datetime:
        if self._wall is None:
            return datetime.now()
        return self._wall + timedelta(seconds=self.time - self._start)

    # -- moving it

    async def advance(self, seconds: float) -> None:
        """Move the time on, each timer on the way firing at its own time.

        What a timer sets off goes on, until nothing can run, before the time moves again.

        Args:
            seconds: how far.

        Raises:
            ValueError: it is negative, or infinite.
            RuntimeError: somebody else is moving the time, or the loop is not of this clock.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a clock is advanced by 0 seconds or more, not by {seconds!r}")
        target = self._hands.now + int(ticks(seconds))
        await self._running_loop().steering.advance_to(target)

    async def advance_to(self, t: float) -> None:
        """Move the time on to a moment; see `advance()`.

        Args:
            t: the moment (seconds, on this clock).

        Raises:
            ValueError: it is past, or infinite.
            RuntimeError: see `advance()`.
        """
        if not self.time <= t < math.inf:
            raise ValueError(f"the time is {self.time:.15g} s, and can't be moved to {t!r}")
        await self._running_loop().steering.advance_to(int(ticks(t)))

    async def settle(self) -> None:
        """Let everything run that can, until only time can make a difference.

        Raises:
            RuntimeError: the loop is not of this clock.
        """
        await self._running_loop().steering.settle()

    def _running_loop(self) -> FakeLoop:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, FakeLoop) or not loop.is_on(self._hands):
            raise RuntimeError(
                f"{loop!r} is not on this clock, and can't be moved by it: run the program "
                "by clock.run(), or under clock.installed()"
            )
        return loop

    # -- holding it

    @contextlib.contextmanager
    def external(self) -> Generator[None]:
        """Hold the time during a block that waits for something that the clock can't see.

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
        with self._hands.external():
            yield


def check_positive(parameter: str, seconds: float) -> None:
    """Raise if a limit is none.

    Raises:
        ValueError: it is not above 0.
    """
    if not seconds > 0:
        raise ValueError(
            f"{parameter} must be a number of seconds above 0, or math.inf, not {seconds!r}"
        )


async def wait_for(awaitable: Awaitable[T]) -> T:
    """Await something; a Runner takes coroutines only."""
    return await awaitable


@contextlib.contextmanager
def asyncio_run_makes(factory: Callable[[], asyncio.AbstractEventLoop]) -> Generator[None]:
    """Have ``asyncio.run()`` take its loop from a factory, in this context."""
    token = _make_loop.set(factory)
    try:
        with new_event_loop.by(make_loop):
            yield
    finally:
        _make_loop.reset(token)


def make_loop() -> asyncio.AbstractEventLoop:
    """Make a loop as this context wants it."""
    loop: asyncio.AbstractEventLoop = (_make_loop.get() or new_event_loop.original)()
    return loop


def refuse_uvloop() -> None:
    """Raise if uvloop makes, or is, the loop here.

    Raises:
        RuntimeError: says what to do.
    """
    # The policy is looked at, and not asked for: that would make one.
    policy = getattr(asyncio.events, "_event_loop_policy", None)
    for thing in (policy, asyncio._get_running_loop()):
        if type(thing).__module__.partition(".")[0] == "uvloop":
            raise RuntimeError(
                f"a FakeClock can't move the time of {thing!r}, which uvloop keeps for itself: "
                "leave uvloop out of this test"
            )
