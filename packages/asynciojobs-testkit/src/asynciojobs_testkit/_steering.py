"""`Steering`: moves the time of a loop by hand, for `settle()` and `advance()`."""

from __future__ import annotations

import asyncio
from collections import deque

from ._clockstate import ClockState

__all__ = ["Steering"]


class Steering:
    """The calls of `settle()` and `advance()` that are waiting in one loop.

    Args:
        state: the state of the clock.
    """

    def __init__(self, state: ClockState) -> None:
        self._state = state
        self._settling: deque[asyncio.Future[None]] = deque()
        # Both are None unless an advance() is in progress.
        self._target: int | None = None  # where it moves the time to (ticks)
        self._arrived: asyncio.Future[None] | None = None  # done when the time gets there

    @property
    def target(self) -> int | None:
        """Where an `advance()` is moving the time to (ticks); ``None`` without one."""
        return self._target

    async def settle(self) -> None:
        """Wait until nothing can run."""
        settled = asyncio.get_running_loop().create_future()
        self._settling.append(settled)
        await settled

    async def advance_to(self, target: int) -> None:
        """Wait until the time has moved to a moment (ticks).

        Raises:
            RuntimeError: another call is already moving the time.
        """
        if self._target is not None:
            raise RuntimeError("the time is being moved: await that advance() first")
        arrived = asyncio.get_running_loop().create_future()
        self._target, self._arrived = target, arrived  # before any await, so no other call can
        try:
            await self.settle()
            await arrived
        finally:
            self._target = self._arrived = None

    def wake_one(self) -> bool:
        """Wake one call of `settle()`; return whether there was one."""
        while self._settling:
            settled = self._settling.popleft()
            if not settled.done():
                settled.set_result(None)
                return True
        return False

    def finish_advance(self) -> bool:
        """Move the time to the target, and wake `advance()`; return whether there was one."""
        if self._target is None or self._arrived is None or self._arrived.done():
            return False
        self._state.move_to(self._target)
        self._arrived.set_result(None)
        return True
