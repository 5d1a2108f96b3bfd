"""A test that takes `executor` runs once for each kind of executor that is installed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from kinds import EVERYTHING, KINDS, Kind, Place


def available(kind: Kind) -> Kind:
    """Return a kind; if it is not installed, skip the test, unless all kinds are required."""
    if kind.missing and not EVERYTHING:
        pytest.skip(f"{kind.missing} is not installed: ./hatchw run engines:test has it")
    return kind


@pytest.fixture(scope="module", params=KINDS, ids=[kind.name for kind in KINDS])
def kind(request: pytest.FixtureRequest) -> Kind:
    """A kind of executor."""
    return available(request.param)


@pytest.fixture(scope="module")
def place(kind: Kind) -> Iterator[Place]:
    """An executor of that kind, shared by several tests, and how to run coroutines with it."""
    with kind.make() as place:
        yield place


@pytest.fixture(scope="module")
def executor(place: Place) -> object:
    """The executor."""
    return place.executor


@pytest.fixture(scope="module")
def in_loop(place: Place) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """A function that runs a coroutine in a loop where the executor can be used."""
    return place.run
