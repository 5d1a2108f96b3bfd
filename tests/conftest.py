"""What all tests share: loops whose time jumps, so that no test sleeps for real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from asynciojobs import use_loop_factory
from asynciojobs_testkit import FakeClock


def loop_from_zero() -> asyncio.AbstractEventLoop:
    """Return a loop in virtual time, on a clock of its own: each run begins at 0."""
    return FakeClock().loop_factory()


@pytest.fixture
def fake_time() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Under this fixture, `scheduler.run()` and its like jump through time, each from 0 on."""
    with use_loop_factory(loop_from_zero):
        yield loop_from_zero
