"""Which clock is in force in each thread, and which loops may run there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from asynciojobs._blocks import Block

from ._clockstate import ClockState

__all__ = ["CheckedRun", "Installation", "Place", "in_force", "is_cleanup", "objection"]

CLEANUP_COROUTINES = {"shutdown_asyncgens", "shutdown_default_executor"}
"""The methods of a loop that a Runner awaits before it closes the loop."""

REMEDY = (
    "Install the clock before that loop is made, or make the loop with `clock.loop_factory()`; "
    'with pytest-asyncio, `loop_scope="function"` gives a test or an async fixture a loop of '
    "its own"
)


class Installation(Block[None]):
    """A block in which a clock is in force, in the thread that enters it.

    Args:
        clock: the clock, for messages.
        state: its state.
        make_loop: makes the loops of the block.

    Attributes:
        is_over: whether the block has ended.
    """

    def __init__(
        self,
        clock: object,
        state: ClockState,
        make_loop: Callable[[Installation], asyncio.AbstractEventLoop],
    ) -> None:
        self.clock = clock
        self.state = state
        self.is_over = False
        self._make_loop = make_loop

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop that may run only during this block."""
        return self._make_loop(self)

    def __enter__(self) -> None:
        here.installations.append(self)

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        here.installations.remove(self)


class OutOfForce(Block[None]):
    """A block in which no clock is in force, in the thread that enters it."""

    def __enter__(self) -> None:
        self._before, here.installations = here.installations, []

    def __exit__(self, *_: object) -> None:
        here.installations = self._before


class Here(threading.local):
    """What we know about one thread.

    Attributes:
        installations: the installed clocks; the last one is in force.
        checked: the loops that may run now, since `CheckedRun` has checked them.
    """

    def __init__(self) -> None:
        self.installations: list[Installation] = []
        self.checked: list[object] = []


here = Here()


def in_force() -> Installation | None:
    """Return the installation of the clock that is in force in this thread."""
    return here.installations[-1] if here.installations else None


class Place:
    """Where a loop on a fake clock may run.

    Args:
        state: the state of its clock.
        installation: the block that made the loop; ``None`` if a user made it with
            `loop_factory()`.
    """

    def __init__(self, state: ClockState, installation: Installation | None) -> None:
        self._state = state
        self._installation = installation
        self._made_under = in_force()

    def objection(self, loop: object) -> str:
        """Return why the loop must not run here; empty if it may.

        A loop that a user made on another clock may run, unless it is older than the
        installation.
        """
        current = in_force()
        if current is None:
            made_for = self._installation
            if made_for is None or not made_for.is_over:
                return ""
            return (
                f"{loop!r} was made for {made_for.clock!r}, which is no longer installed: "
                "make a new loop, or install the clock for as long as that loop is in use"
            )
        if self._state is current.state or self._made_under is current:
            return ""
        return f"{loop!r} is on another clock, while {current.clock!r} is installed. {REMEDY}"


def objection(loop: object) -> str:
    """Return why a loop must not run in this thread; empty if it may. The loop may be any."""
    place = getattr(loop, "place", None)
    if isinstance(place, Place):
        return place.objection(loop)
    current = in_force()
    if current is None:
        return ""
    if is_of_uvloop(loop):
        return refusal_of_uvloop(loop)
    return f"{loop!r} keeps real time, while {current.clock!r} is installed. {REMEDY}"


def is_of_uvloop(thing: object) -> bool:
    """Return whether a loop or a policy belongs to uvloop."""
    return type(thing).__module__.partition(".")[0] == "uvloop"


def refusal_of_uvloop(thing: object) -> str:
    """Return the message about a loop or a policy of uvloop."""
    return (
        f"a FakeClock can't move the time of {thing!r}, which uvloop keeps for itself: "
        "leave uvloop out of this test"
    )


def check_run(loop: object, future: object = None) -> None:
    """Check that a loop may run in this thread.

    Args:
        loop: the loop.
        future: what it is about to run. If the loop must not run, a coroutine is closed, as it
            would otherwise warn that it was never awaited.

    Raises:
        RuntimeError: it must not.
    """
    __tracebackhide__ = True
    reason = "" if loop in here.checked else objection(loop)
    if reason:
        if asyncio.iscoroutine(future):
            future.close()
        raise RuntimeError(reason)


class CheckedRun(Block[None]):
    """A block in which a loop runs a future, if it may. Any loop may clean up.

    Args:
        loop: the loop.
        future: the future or the coroutine.
    """

    def __init__(self, loop: object, future: object) -> None:
        self._loop = loop
        self._future = future

    def __enter__(self) -> None:
        __tracebackhide__ = True
        if not is_cleanup(self._future):
            check_run(self._loop, self._future)
        here.checked.append(self._loop)

    def __exit__(self, *_: object) -> None:
        here.checked.remove(self._loop)


def is_cleanup(future: object) -> bool:
    """Return whether a Runner runs this to clean up its loop, not as part of the program.

    That is the `gather()` of the tasks that it cancels, or one of `CLEANUP_COROUTINES`.
    """
    if asyncio.isfuture(future):
        return not isinstance(future, asyncio.Task)
    return getattr(future, "__name__", "") in CLEANUP_COROUTINES
