"""What all tests share: a loop whose time jumps, so that no test sleeps for real."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterator

import pytest

from asynciojobs import use_loop_factory


class JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Where a loop would wait for its next timer, moves the time there instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise AssertionError("deadlock: nothing is ready, and no timer is set")
        self.now += timeout
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """A stock loop that takes its time from its selector."""

    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        # Rounded, since the loop computes `timeout` as a difference of two times.
        return round(self.jumping.now, 6)


@pytest.fixture
def fake_time() -> Iterator[type[JumpingLoop]]:
    """Under this fixture, `scheduler.run()` and its like jump through time, from 0 on."""
    with use_loop_factory(JumpingLoop):
        yield JumpingLoop
