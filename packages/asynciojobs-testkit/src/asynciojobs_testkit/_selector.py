"""The selector of a fake loop, and its queue of ready callbacks."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ._realtime import time

__all__ = ["IdleSelector", "ShuffledReady"]

SOCKET_GRACE = 0.01
"""How long sockets have to answer before the time moves (real seconds)."""

OWN_FILES = 1
"""The number of files that a loop without I/O selects on: one end of its wake-up pipe."""

Events = list[tuple[selectors.SelectorKey, int]]


class IdleSelector(selectors.BaseSelector):
    """A selector that asks a function what to do when the loop would sleep.

    If something has happened on a socket, it first gives the sockets some time. Sockets that
    are merely open get none.

    Args:
        turn: called in each turn of the loop.
        idle: called when nothing can run; returns how long to wait for I/O (real seconds).
        waited: called after each wait, with its length (real seconds). If the machine was too
            busy to end it in time, the excess does not count.
    """

    def __init__(
        self,
        turn: Callable[[], None],
        idle: Callable[[], float],
        waited: Callable[[float], None],
    ) -> None:
        self._real = selectors.DefaultSelector()
        self._turn = turn
        self._idle = idle
        self._waited = waited
        self._wakeup: int | None = None  # the wake-up pipe, which a loop registers first
        self._stirred = False  # whether something has happened on a socket since the last grace

    def select(self, timeout: float | None = None) -> Events:
        """Return the I/O that is ready, as any selector does; see `IdleSelector`."""
        self._turn()
        events = self._real.select(0)
        if events:
            self._note(events)
            return events
        if timeout is not None and timeout <= 0:
            return events
        if self._stirred:
            self._stirred = False
            if len(self._real.get_map()) > OWN_FILES and (events := self._wait(SOCKET_GRACE)):
                return events
        wait = self._idle()
        return self._wait(wait) if wait else []

    def stir(self) -> None:
        """Note that something has happened on a socket."""
        self._stirred = True

    def _note(self, events: Events) -> None:
        if any(key.fd != self._wakeup for key, _ in events):
            self.stir()

    def _wait(self, seconds: float) -> Events:
        begin = time.monotonic()
        events = self._real.select(seconds)
        self._note(events)
        self._waited(min(time.monotonic() - begin, seconds))
        return events

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Forward to the real selector."""
        key = self._real.register(fileobj, events, data)
        if self._wakeup is None:
            self._wakeup = key.fd
        else:
            self.stir()
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Forward to the real selector."""
        self.stir()
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Forward to the real selector."""
        self.stir()
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Forward to the real selector."""
        return self._real.get_map()

    def close(self) -> None:
        """Forward to the real selector."""
        self._real.close()


class ShuffledReady(deque[asyncio.Handle]):
    """The ready callbacks of a loop. Once a turn, the tasks among them are shuffled.

    asyncio promises to call other callbacks in order, and relies on that. So only the steps of
    tasks swap places; all other callbacks keep theirs.

    Args:
        order: the source of randomness.
    """

    def __init__(self, order: random.Random) -> None:
        super().__init__()
        self._order = order
        self._shuffled = True  # whether this turn's shuffle is done

    def begin_turn(self) -> None:
        """Shuffle before the next callback is taken."""
        self._shuffled = False

    def popleft(self) -> asyncio.Handle:
        """Return the next callback."""
        if not self._shuffled:
            self._shuffled = True
            self._shuffle()
        return super().popleft()

    def _shuffle(self) -> None:
        places = [place for place, handle in enumerate(self) if is_step(handle)]
        if len(places) < 2:
            return
        handles = list(self)
        steps = [handles[place] for place in places]
        self._order.shuffle(steps)
        for place, step in zip(places, steps, strict=True):
            handles[place] = step
        self.clear()
        self.extend(handles)


def is_step(handle: asyncio.Handle) -> bool:
    """Return whether a callback is the next step of a task."""
    owner = getattr(getattr(handle, "_callback", None), "__self__", None)
    return isinstance(owner, asyncio.Task)
