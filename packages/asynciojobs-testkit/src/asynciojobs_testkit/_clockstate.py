"""`ClockState`: the state that all loops of one clock share."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TypeAlias

from asynciojobs._blocks import Block

from ._leftovers import Leftovers
from ._realtime import time
from ._realwork import plural

__all__ = ["LATEST_EXACT", "TICKS_PER_SECOND", "ClockState", "ticks"]

Follower: TypeAlias = Callable[[float], object]
"""A function that is called with the time (seconds)."""

TICKS_PER_SECOND = 1_000_000
"""The clock counts microseconds."""

LATEST_EXACT = 2.0**32
"""From this time on, floats can't distinguish neighbouring microseconds (seconds)."""


def ticks(seconds: float) -> int | float:
    """Convert seconds to ticks, rounded to a whole number; infinity stays infinity."""
    count = seconds * TICKS_PER_SECOND
    return count if math.isinf(count) else round(count)


class ClockState:
    """The time, how it moves, and what runs share: leftovers, real work and real time.

    Args:
        start: the initial time (seconds).
        autojump: whether the time moves automatically.
        seed: shuffles the order of ready tasks; ``None`` keeps their order.
    """

    def __init__(self, *, start: float, autojump: bool, seed: int | None) -> None:
        self.now: int = round(start * TICKS_PER_SECOND)  # never goes back (ticks)
        self.jumps = 0
        self.runs = 0  # how often a loop has begun to run
        self.autojump = autojump
        self.order = None if seed is None else random.Random(seed)
        self.leftovers = Leftovers()
        self._followers: list[Follower] = []  # called with the time whenever it moves
        self._external = 0  # open external() blocks
        self._real = 0.0  # how long the finished runs took (real seconds)
        self._running_since: dict[object, float] = {}  # when each running loop began (real)

    # -- the time

    @property
    def seconds(self) -> float:
        """The time, in seconds."""
        return self.now / TICKS_PER_SECOND

    def move_to(self, moment: int) -> None:
        """Set the time to a later moment (ticks)."""
        self.now = max(self.now, moment)
        for follower in self._followers:
            follower(self.seconds)

    def jump(self, moment: int) -> None:
        """Set the time to that of a timer (ticks), and count this as a jump."""
        self.move_to(moment)
        self.jumps += 1

    def followed_by(self, follower: Follower) -> Block[None]:
        """Call a function with the time at the beginning of a block, and whenever it moves."""
        return FollowedBlock(self, follower)

    def begin_to_tell(self, follower: Follower) -> None:
        """Call a function with the time, now and from now on."""
        follower(self.seconds)
        self._followers.append(follower)

    def end_telling(self, follower: Follower) -> None:
        """Stop calling a function with the time."""
        self._followers.remove(follower)

    # -- real work

    def external(self) -> Block[None]:
        """Hold the time while the block waits for real work that the clock can't see."""
        return ExternalBlock(self)

    def hold(self, blocks: int) -> None:
        """Count `external()` blocks: 1 more, or 1 less."""
        self._external += blocks

    def open_blocks(self) -> list[str]:
        """Return a text such as ``2 external() blocks``; empty if no block is open."""
        return [plural(self._external, "external() block")] if self._external else []

    # -- real time

    def running(self, loop: object) -> Block[None]:
        """Measure the real time of a run."""
        return RunningBlock(self, loop)

    def note_begin(self, loop: object) -> None:
        """Note that a run begins."""
        self.runs += 1
        self._running_since[loop] = time.monotonic()

    def note_end(self, loop: object) -> None:
        """Note that a run has ended."""
        self._real += time.monotonic() - self._running_since.pop(loop)

    def real_elapsed(self) -> float:
        """Return how long all runs took so far, including those in progress (real seconds)."""
        now = time.monotonic()
        return self._real + sum(now - started for started in self._running_since.values())


class FollowedBlock(Block[None]):
    """A block in which a function is called with the time of the clock.

    Args:
        state: the state of the clock.
        follower: the function.
    """

    def __init__(self, state: ClockState, follower: Follower) -> None:
        self._state = state
        self._follower = follower

    def __enter__(self) -> None:
        self._state.begin_to_tell(self._follower)

    def __exit__(self, *_: object) -> None:
        self._state.end_telling(self._follower)


class ExternalBlock(Block[None]):
    """A block that holds the time.

    Args:
        state: the state of the clock.
    """

    def __init__(self, state: ClockState) -> None:
        self._state = state

    def __enter__(self) -> None:
        self._state.hold(1)

    def __exit__(self, *_: object) -> None:
        self._state.hold(-1)


class RunningBlock(Block[None]):
    """A block in which a loop runs.

    Args:
        state: the state of the clock.
        loop: the loop.
    """

    def __init__(self, state: ClockState, loop: object) -> None:
        self._state = state
        self._loop = loop

    def __enter__(self) -> None:
        self._state.note_begin(self._loop)

    def __exit__(self, *_: object) -> None:
        self._state.note_end(self._loop)
