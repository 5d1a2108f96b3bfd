"""`Queue`: the jobs of a run that are ready to start, and the slots of its window."""

from __future__ import annotations

from collections import deque

from ..job import AnyJob

__all__ = ["NO_LIMIT", "SLICE", "Queue"]

NO_LIMIT = 10**9
"""The slots of a run without a window: more than any run needs."""

SLICE = 50
"""How many jobs are started in one turn of the event loop (jobs).

A task and the objects it holds are about five objects for the garbage collector. It checks
young objects whenever there are 700 new ones. Fifty jobs of one or two turns stay below that.
"""


class Queue:
    """The jobs that are ready to start, in the order in which they became ready.

    Args:
        window: how many regular jobs may run at once; ``None`` or 0 means no limit (jobs).

    Attributes:
        slots: how many slots the window has.
        free: how many are free. Below 0 if the window was reduced in the meantime.
        ready: the jobs that wait for a slot of the window.
        cleared: the jobs that wait for nothing: forever jobs, which take no slot, and jobs that
            got their slot together with their limits.
        starting: whether jobs are being started, or will be in the next turn of the loop.
    """

    __slots__ = ("cleared", "free", "ready", "slots", "starting")

    def __init__(self, window: int | None) -> None:
        self.slots = self.free = window or NO_LIMIT
        self.ready: deque[AnyJob] = deque()
        self.cleared: deque[AnyJob] = deque()
        self.starting = False

    def window(self) -> int | None:
        """Return how many regular jobs may run at once; ``None`` means no limit (jobs)."""
        return None if self.slots == NO_LIMIT else self.slots

    def resize(self, window: int | None) -> None:
        """Change the window. A smaller one takes effect as jobs end."""
        slots = window or NO_LIMIT
        self.free += slots - self.slots
        self.slots = slots
