"""What all tests share: loops whose time jumps, so that no test sleeps for real."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator

import pytest

from asynciojobs import use_loop_factory
from asynciojobs_testkit import FakeClock


def pytest_collection_finish() -> None:
    """Spare the garbage collector all that there is before the first test.

    That is pytest, and thousands of tests, which a `gc.collect()` would go through each time.
    """
    gc.collect()
    gc.freeze()


def loop_from_zero() -> asyncio.AbstractEventLoop:
    """Return a loop in virtual time, on a clock of its own: each run begins at 0."""
    return FakeClock().loop_factory()


@pytest.fixture
def fake_time() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Under this fixture, `scheduler.run()` and its like jump through time, each from 0 on."""
    with use_loop_factory(loop_from_zero):
        yield loop_from_zero
