"""`Hands`: what the loops of one clock share, so that the time goes on from loop to loop."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Generator

from ._leftovers import Leftovers
from ._realwork import plural

__all__ = ["LATEST", "TICKS_PER_SECOND", "Hands", "ticks"]

TICKS_PER_SECOND = 1_000_000
"""The time is counted in microseconds."""

LATEST = 2.0**32
"""Beyond this, a float does not tell two microseconds apart (seconds)."""


def ticks(seconds: float) -> int | float:
    """Return seconds as ticks, rounded to a whole number; infinity stays what it is."""
    count = seconds * TICKS_PER_SECOND
    return count if math.isinf(count) else round(count)


class Hands:
    """The time, and what may move it.

    Args:
        start: the time at first (seconds).
        autojump: the time moves by itself.
        seed: shuffles the order of ready tasks; ``None`` does not.
    """

    def __init__(self, *, start: float, autojump: bool, seed: int | None) -> None:
        self.now: int = round(start * TICKS_PER_SECOND)  # never goes back (ticks)
        self.jumps = 0
        self.autojump = autojump
        self.order = None if seed is None else random.Random(seed)
        self.leftovers = Leftovers()
        self._external = 0  # external() blocks that are open
        self._real = 0.0  # real seconds of the runs that are over
        self._running_since: dict[object, float] = {}  # loop: real time

    # -- the time

    @property
    def seconds(self) -> float:
        """The time, in seconds."""
        return self.now / TICKS_PER_SECOND

    def jump(self, moment: int) -> None:
        """Set the time to a later moment (ticks)."""
        self.now = max(self.now, moment)
        self.jumps += 1

    # -- real work

    @contextlib.contextmanager
    def external(self) -> Generator[None]:
        """Hold the time while something real goes on that the clock can't see."""
        self._external += 1
        try:
            yield
        finally:
            self._external -= 1

    def blocks(self) -> list[str]:
        """Return the `external()` blocks that are open, as a text, if there are any."""
        return [plural(self._external, "external() block")] if self._external else []

    # -- real time

    @contextlib.contextmanager
    def running(self, loop: object) -> Generator[None]:
        """Count the real time of a run."""
        started = self._running_since[loop] = time.monotonic()
        try:
            yield
        finally:
            del self._running_since[loop]
            self._real += time.monotonic() - started

    def real_elapsed(self) -> float:
        """Return the real seconds that all runs took, the one that goes on included."""
        now = time.monotonic()
        return self._real + sum(now - started for started in self._running_since.values())
