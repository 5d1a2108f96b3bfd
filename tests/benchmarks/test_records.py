"""What is computed from the runs: ratios by rounds, limits, and the ticks."""

from __future__ import annotations

import asyncio
import math

import pytest

from asynciojobs_testkit import FakeClock
from benchmarks.compare import campaign, child
from benchmarks.compare.campaign import (
    Limit,
    Run,
    Runs,
    limits_of,
    measure_million,
    other_limits,
    over,
    parse,
)
from benchmarks.compare.child import tick_beside, worst
from benchmarks.compare.contenders import load
from benchmarks.compare.shapes import SHAPES
from benchmarks.rounds import Spread


def runs_of(*seconds: float) -> list[Run]:
    return [Run(time / 4, time * 3 / 4, cpu=0.0, peak=0) for time in seconds]


def test_a_ratio_is_of_runs_of_the_same_round():
    runs: Runs = {
        ("ours", "chain"): runs_of(1.0, 3.0, 2.0),
        ("dagio", "chain"): runs_of(2.0, 2.0, 2.0),
    }
    assert over(runs, "dagio", "chain") == Spread(1.0, 0.5, 1.5)


def test_who_did_not_run_has_no_ratio():
    assert over({("ours", "chain"): runs_of(1.0)}, "dagio", "chain") is None


def test_the_time_of_a_run_is_of_build_and_run():
    assert Run(build=1.0, run=2.0, cpu=0.0, peak=0).total == 3.0


def test_of_several_runs_in_a_process_the_least_times_count(monkeypatch: pytest.MonkeyPatch):
    times = iter([(3.0, 1.0, 4.0), (1.0, 2.0, 3.0), (2.0, 3.0, 5.0)])

    async def build_and_run(*_: object) -> tuple[float, float, float]:
        return next(times)

    monkeypatch.setattr(child, "build_and_run", build_and_run)
    found = child.measure(load("ours"), SHAPES["chain"](100), 3)
    assert (found["build"], found["run"], found["cpu"]) == (1.0, 1.0, 3.0)


def test_a_limit_on_a_ratio_has_the_spread():
    runs: Runs = {
        ("ours", "chain"): runs_of(1.0, 3.0),
        ("counter", "chain"): runs_of(2.0, 2.0),
    }
    text = "chain, N = 10,000: ours / counter"
    assert list(limits_of(10_000, runs)) == [Limit(text, 1.1, Spread(1.0, 0.5, 1.5))]


def test_few_jobs_have_no_limit_over_the_references():
    runs: Runs = {("ours", "chain"): runs_of(1.0), ("counter", "chain"): runs_of(2.0)}
    assert list(limits_of(1000, runs)) == []


def test_a_peer_is_named_with_the_shape_where_it_does_best():
    runs: Runs = {
        ("ours", "chain"): runs_of(1.0),
        ("dagio", "chain"): runs_of(2.0),
        ("ours", "fan"): runs_of(3.0),
        ("dagio", "fan"): runs_of(2.0),
        ("dagio", "nested"): runs_of(2.0),
    }
    text = "fan, N = 1,000: ours / dagio, at its best"
    assert list(limits_of(1000, runs)) == [Limit(text, 1, Spread(1.5, 1.5, 1.5))]


def test_without_runs_there_are_no_limits():
    assert list(limits_of(10_000, {})) == []


def test_a_million_jobs_have_limits_on_growth_and_for_two_shapes_on_memory(
    monkeypatch: pytest.MonkeyPatch,
):
    run = Run(1.0, 2.0, cpu=0.0, peak=310_000_000)
    monkeypatch.setattr(campaign, "growth", lambda *_: (1.25, run))
    options = parse(["--shapes", "fan", "window"])
    grown = Spread(1.25, 1.25, 1.25)
    assert list(measure_million(options, 1_000_000, 10_000_000)) == [
        Limit("fan: a job of 1,000,000 / one of 10,000", 1.5, grown),
        Limit("window: a job of 1,000,000 / one of 10,000", 1.5, grown),
        Limit("window, N = 1,000,000: memory, bytes a job", 400, Spread(300.0, 300.0, 300.0)),
    ]


def test_the_import_and_the_ticker_are_told_in_milliseconds(monkeypatch: pytest.MonkeyPatch):
    times = iter([9.0, 0.25, 0.5, 0.75])  # the first import compiles
    monkeypatch.setattr(campaign, "python", lambda *_: next(times))
    monkeypatch.setattr(campaign, "child", lambda *_: {"starting": 0.25, "running": 0.125})
    assert list(other_limits(1)) == [
        Limit("import asynciojobs, over import asyncio, ms", 10, Spread(500.0, 250.0, 750.0)),
        Limit(
            "worst tick of 10 ms, starting 100,000 jobs, ms", math.inf, Spread(250, 250, 250)
        ),
        Limit("worst tick of 10 ms, running 100,000 jobs, ms", 5, Spread(125, 125, 125)),
    ]


def test_a_ticker_is_never_late_on_a_clock_that_jumps():
    with asyncio.Runner(loop_factory=FakeClock().loop_factory) as runner:
        late = runner.run(tick_beside(load("ours"), SHAPES["independent"](1000)))
    assert late == pytest.approx({"starting": 0, "running": 0})


def test_a_tick_counts_for_the_part_of_the_run_that_it_is_late_in():
    # when it was due, and when it came; the first job ends at 2, the last at 3
    ticks = [(1.5, 2.1), (2.1, 2.2), (2.5, 2.8), (2.8, 3.2)]
    assert worst(ticks, 2.0, 3.0) == pytest.approx({"starting": 0.6, "running": 0.3})


def test_a_part_without_ticks_has_no_late_ones():
    assert worst([], 2.0, 3.0) == {"starting": 0.0, "running": 0.0}
