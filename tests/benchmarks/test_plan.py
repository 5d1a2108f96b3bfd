"""The plan of the benchmark: what runs in which order, and what is not run again."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.compare import campaign
from benchmarks.compare.campaign import (
    Key,
    Run,
    Runs,
    growth,
    keys_of,
    main,
    measure,
    parse,
    run_once,
)
from benchmarks.compare.child import ChildError, child

REFERENCES = ("ours", "TaskGroup", "counter")


def test_a_round_goes_through_all_contenders_of_a_shape_before_the_next():
    options = parse(["--shapes", "chain", "fan", "--contenders", "ours", "counter"])
    assert list(keys_of(options, 1000, 0)) == [
        ("ours", "chain"),
        ("counter", "chain"),
        ("ours", "fan"),
        ("counter", "fan"),
    ]


def test_each_round_begins_with_another_contender():
    options = parse(["--shapes", "chain", "--contenders", *REFERENCES])
    orders = [[name for name, _ in keys_of(options, 1000, number)] for number in range(4)]
    assert orders == [
        ["ours", "TaskGroup", "counter"],
        ["TaskGroup", "counter", "ours"],
        ["counter", "ours", "TaskGroup"],
        ["ours", "TaskGroup", "counter"],
    ]


@pytest.mark.parametrize(
    ("jobs", "names"),
    [
        (10_000, ["ours", "counter", "dagio"]),
        (10_001, ["ours", "counter"]),
        (100_000, ["ours", "counter"]),
        (100_001, ["ours"]),
    ],
)
def test_large_numbers_of_jobs_are_not_for_everybody(
    jobs: int, names: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("benchmarks.compare.contenders.find_spec", lambda name: name)
    options = parse(["--shapes", "chain", "--contenders", "counter", "dagio"])
    assert [name for name, _ in keys_of(options, jobs, 0)] == names


def test_what_a_contender_cannot_do_is_not_run():
    options = parse(["--shapes", "window", "--contenders", "dagio"])
    assert list(keys_of(options, 1000, 0)) == [("ours", "window")]


def test_we_are_always_in():
    options = parse(["--contenders", "dagio", "counter"])
    assert options.contenders == ["ours", "dagio", "counter"]


# -- contenders that are not run again


def measured(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[Any], left_out: dict[Key, str]
) -> Runs:
    """Measure only ourselves in as many rounds as there are outcomes: seconds, or an error."""
    left = list(outcomes)

    def python(*_arguments: str, **_how: object) -> dict[str, float]:
        outcome = left.pop(0)
        if isinstance(outcome, ChildError):
            raise outcome
        return {"build": 0.0, "run": outcome, "cpu": 0.0, "peak": 0}

    monkeypatch.setattr("benchmarks.compare.child.python", python)
    rounds = ["--rounds", str(len(outcomes))]
    options = parse(["--shapes", "fan", "--contenders", "ours", *rounds])
    return measure(options, 1000, left_out)


def test_a_contender_is_run_once_a_round(monkeypatch: pytest.MonkeyPatch):
    left_out: dict[Key, str] = {}
    (runs,) = measured(monkeypatch, [6.0, 7.0], left_out).values()
    assert [run.run for run in runs] == [6.0, 7.0]
    assert left_out == {}


def test_a_contender_that_failed_is_left_out_and_not_run_again(
    monkeypatch: pytest.MonkeyPatch,
):
    left_out: dict[Key, str] = {}
    errors = [ChildError("RecursionError"), ChildError("another")]
    assert measured(monkeypatch, [6.0, *errors], left_out) == {}
    assert left_out == {("ours", "fan"): "RecursionError, N = 1,000"}


@pytest.mark.parametrize(("name", "limit"), [("dagio", 20.0), ("ours", None), ("held", None)])
def test_only_peers_have_a_limit_on_their_time(
    monkeypatch: pytest.MonkeyPatch, name: str, limit: float | None
):
    def python(*_arguments: str, timeout: float | None) -> dict[str, float]:
        assert timeout == limit
        return {"build": 0.0, "run": 0.0, "cpu": 0.0, "peak": 0}

    monkeypatch.setattr("benchmarks.compare.child.python", python)
    run_once(name, "fan", 1000)


def test_a_million_jobs_are_compared_with_few_beside_them(monkeypatch: pytest.MonkeyPatch):
    seconds = {10_000: iter((0.5, 0.25, 1.0)), 1_000_000: iter((75.0,))}
    monkeypatch.setattr(
        campaign, "run_once", lambda _name, _shape, jobs: Run(0.0, next(seconds[jobs]), 0.0, 0)
    )
    grown, run = growth("fan", 1_000_000)
    assert run == Run(0.0, 75.0, 0.0, 0)
    assert grown == pytest.approx(1.5)


# -- in processes


def test_a_process_tells_what_it_measured():
    run = run_once("ours", "chain", 100)
    assert 0 < run.build < run.total
    assert run.cpu > 0


def test_a_process_that_fails_tells_why():
    with pytest.raises(ChildError, match="^KeyError: 'nobody'$"):
        run_once("nobody", "chain", 100)


def test_a_process_looks_at_the_order():
    assert child("counter", "layered", 100, "verify", timeout=60) == []


def test_a_process_that_takes_too_long_is_stopped():
    with pytest.raises(ChildError, match=r"^over 0\.01 s$"):
        child("ours", "chain", 100, timeout=0.01)


def test_a_wrong_order_ends_the_program(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(campaign, "child", lambda *_, **__: ["job 1 ran twice"])
    with pytest.raises(SystemExit) as caught:
        main(["--contenders", "ours", "--shapes", "chain"])
    assert caught.value.code == (
        "The order of the jobs was wrong:\nours, chain: job 1 ran twice"
    )
