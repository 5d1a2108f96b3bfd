"""Random schedulers do what the model says, event by event; see docs/design/model.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, seed, settings
from runmodel.cases import Case
from runmodel.compare import check, compare
from runmodel.strategies import cases

PARTS = 8
"""The work is split in this many tests, so that they can run in parallel."""


def judge_many(part: int, judge: Callable[[Case], object], *, spread: bool, count: int) -> None:
    """Judge a number of cases, always the same ones, so that CI has no surprises."""

    @seed(part)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        print_blob=True,
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
