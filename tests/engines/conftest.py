"""Each test that takes `executor` is run on each kind that is installed here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from kinds import EVERYTHING, KINDS, Kind, Place


def available(kind: Kind) -> Kind:
    """Return a kind; skip the test where it is not installed, unless all must be."""
    if kind.missing and not EVERYTHING:
        pytest.skip(f"{kind.missing} is not installed: ./hatchw run engines:test has it")
    return kind


@pytest.fixture(scope="module", params=KINDS, ids=[kind.name for kind in KINDS])
def kind(request: pytest.FixtureRequest) -> Kind:
    """A kind of executor."""
    return available(request.param)


@pytest.fixture(scope="module")
def place(kind: Kind) -> Iterator[Place]:
    """An executor of that kind, for several tests, and how to run what uses it."""
    with kind.make() as place:
        yield place


@pytest.fixture(scope="module")
def executor(place: Place) -> object:
    """The executor."""
    return place.executor


@pytest.fixture(scope="module")
def in_loop(place: Place) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine in a loop where the executor can be used."""
    return place.run
