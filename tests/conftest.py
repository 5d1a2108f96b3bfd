"""Shared by all tests: loops whose time jumps, so that no test really sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asynciojobs import use_loop_factory
from asynciojobs_testkit import FakeClock


def pytest_configure() -> None:
    """Let the tests of Hypothesis take their time, since the machine may be busy.

    Hypothesis has this rule itself if it finds that it runs in CI.
    """
    with contextlib.suppress(ImportError):
        from hypothesis import settings

        settings.register_profile("unhurried", deadline=None)
        settings.load_profile("unhurried")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how long all tests take, if all of them run."""
    here = Path(__file__).parent
    given = [(config.invocation_params.dir / name).resolve() for name in config.args]
    if here not in given and here.parent not in given:
        return None
    return (
        "all tests: two to four minutes are usual on two cores; other programs may run "
        "meanwhile, since limits are in processor time"
    )


def pytest_collection_finish() -> None:
    """Hide all objects that exist before the first test from the garbage collector.

    These are pytest and thousands of tests; each `gc.collect()` would look at all of them.
    """
    prepare_hypothesis()
    gc.collect()
    gc.freeze()


def prepare_hypothesis() -> None:
    """Let Hypothesis register its source of randomness, if any test imports it.

    It does so once, in its first test, and asks the garbage collector who refers to the object.
    From Python 3.14 on, only a frozen object does.
    """
    if "hypothesis" in sys.modules:
        from hypothesis import find, settings, strategies

        find(strategies.none(), lambda _: True, settings=settings(database=None))


def loop_from_zero() -> asyncio.AbstractEventLoop:
    """Return a loop in virtual time with its own clock, so that each run begins at 0."""
    return FakeClock().loop_factory()


@pytest.fixture
def fake_time() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Make `scheduler.run()` and similar methods jump through time, each from 0 on."""
    with use_loop_factory(loop_from_zero):
        yield loop_from_zero
