"""Shared by all tests: loops whose time jumps, so that no test really sleeps."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator

import pytest

from asynciojobs import use_loop_factory
from asynciojobs_testkit import FakeClock


def pytest_collection_finish() -> None:
    """Hide all objects that exist before the first test from the garbage collector.

    These are pytest and thousands of tests; each `gc.collect()` would look at all of them.
    """
    gc.collect()
    gc.freeze()


def loop_from_zero() -> asyncio.AbstractEventLoop:
    """Return a loop in virtual time with its own clock, so that each run begins at 0."""
    return FakeClock().loop_factory()


@pytest.fixture
def fake_time() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Make `scheduler.run()` and the like jump through time, each from 0 on."""
    with use_loop_factory(loop_from_zero):
        yield loop_from_zero
