"""Random schedulers do what the model says, event by event; see docs/design/model.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from runmodel import model, play
from runmodel.cases import Case, Group, Leaf
from runmodel.compare import check, compare
from runmodel.strategies import cases

PARTS = 8
"""The work is split into this many tests, so that they can run in parallel."""


def judge_many(part: int, judge: Callable[[Case], object], *, spread: bool, count: int) -> None:
    """Judge a number of cases, always the same ones, so that CI has no surprises.

    A failing case is shown as it is, since making it smaller takes minutes. `fuzz.py` does
    that.
    """

    @seed(part)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(spread=spread))
    def judge_all(case: Case) -> None:
        judge(case)

    judge_all()


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_is_what_the_model_says(part):
    judge_many(part, compare, spread=True, count=250)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_invariants_hold_in_any_order_of_simultaneous_events(part):
    judge_many(part, check, spread=False, count=100)


A_FEW_JOBS = Case(Group("root", (Leaf("j1"), Leaf("j2"), Leaf("j3")), window=1))


def test_a_run_that_takes_too_many_turns_fails(monkeypatch):
    monkeypatch.setattr(play, "TURNS", 3)
    with pytest.raises(AssertionError, match=r"^the run takes more than 3 turns of the loop$"):
        compare(A_FEW_JOBS)


def test_a_model_that_takes_too_many_events_fails(monkeypatch):
    monkeypatch.setattr(model, "MOST_EVENTS", 2)
    with pytest.raises(AssertionError, match=r"^the model takes more than 2 events$"):
        compare(A_FEW_JOBS)
