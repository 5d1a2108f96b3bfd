"""Each test that takes `executor` is run on each kind that is installed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kinds import EVERYTHING, KINDS, Kind


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
def executor(kind: Kind) -> Iterator[object]:
    """An executor of that kind, for several tests."""
    with kind.make() as executor:
        yield executor
