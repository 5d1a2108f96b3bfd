"""`Steering`: those who wait in a loop for the clock itself, by `settle()` and `advance()`."""

from __future__ import annotations

import asyncio
from collections import deque

from ._hands import Hands

__all__ = ["Steering"]


class Steering:
    """Who waits in a loop until nothing can run, or until the time is where he moves it.

    Args:
        hands: the time.
    """

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._settling: deque[asyncio.Future[None]] = deque()
        self._target: int | None = None  # where the time is moved to; None if it is not (ticks)
        self._arrived: asyncio.Future[None] | None = None  # pending while there is a target

    @property
    def target(self) -> int | None:
        """Where the time is being moved to, in ticks; ``None`` if nobody moves it."""
        return self._target

    async def settle(self) -> None:
        """Wait until nothing can run."""
        settled = asyncio.get_running_loop().create_future()
        self._settling.append(settled)
        await settled

    async def advance_to(self, target: int) -> None:
        """Wait until the time has been moved to a moment (ticks).

        Raises:
            RuntimeError: somebody else is moving it.
        """
        if self._target is not None:
            raise RuntimeError("the time is being moved: await that advance() first")
        arrived = asyncio.get_running_loop().create_future()
        self._target, self._arrived = target, arrived  # at once, so that nobody else does
        try:
            await self.settle()
            await arrived
        finally:
            self._target = self._arrived = None

    def wake(self) -> bool:
        """Nothing can run: wake one of those who wait for that; tell if there was one."""
        while self._settling:
            settled = self._settling.popleft()
            if not settled.done():
                settled.set_result(None)
                return True
        return False

    def arrive(self) -> bool:
        """No timer is left on the way: set the time to the target; tell if there was one."""
        if self._target is None or self._arrived is None or self._arrived.done():
            return False
        self._hands.now = max(self._hands.now, self._target)
        self._arrived.set_result(None)
        return True
