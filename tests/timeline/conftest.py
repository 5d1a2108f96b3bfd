"""Shared by the tests of timelines: time that jumps, and a terminal of 80 columns."""

from __future__ import annotations

import contextlib

import pytest

from asynciojobs_testkit import FakeClock


@pytest.fixture(autouse=True)
def clock():
    """Let time jump, from 0 on."""
    with FakeClock().installed() as clock:
        yield clock


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """Let the terminal have 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run():
    """Return a function that runs a scheduler, however the run ends, and returns it."""

    def run(scheduler):
        with contextlib.suppress(Exception):
            scheduler.run()
        return scheduler

    return run
