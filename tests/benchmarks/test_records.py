"""The records of the benchmark: pairs, medians, bytes a job, and the limits on them."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs_testkit import FakeClock
from benchmarks.compare import child
from benchmarks.compare.campaign import Records, Run
from benchmarks.compare.child import tick_beside, worst
from benchmarks.compare.contenders import load
from benchmarks.compare.report import Check, ahead_of, check_all
from benchmarks.compare.shapes import make


def run(contender: str, seconds: float, *, number: int = 0, shape: str = "chain") -> Run:
    return Run(contender, shape, 10_000, number, seconds / 4, seconds * 3 / 4, cpu=0, peak=0)


def records(*runs: Run) -> Records:
    return Records(runs=list(runs))


def test_a_ratio_is_of_runs_of_the_same_round():
    found = records(
        run("ours", 1.0, number=0),
        run("dagio", 2.0, number=0),
        run("ours", 3.0, number=1),
        run("dagio", 2.0, number=1),
        run("ours", 2.0, number=2),
        run("dagio", 2.0, number=2),
    )
    assert found.ratios("dagio", "chain", 10_000) == [0.5, 1.5, 1.0]


def test_a_run_without_its_pair_has_no_ratio():
    found = records(run("ours", 1.0, number=0), run("dagio", 2.0, number=1))
    assert found.ratios("dagio", "chain", 10_000) == []


def test_the_time_of_a_run_is_of_build_and_run():
    assert Run("ours", "chain", 100, 0, build=1.0, run=2.0, cpu=0.0, peak=0).total == 3.0


def test_of_several_runs_in_a_process_the_least_times_count(monkeypatch: pytest.MonkeyPatch):
    times = iter([(3.0, 1.0, 4.0), (1.0, 2.0, 3.0), (2.0, 3.0, 5.0)])

    async def build_and_run(*_: object) -> tuple[float, float, float]:
        return next(times)

    monkeypatch.setattr(child, "build_and_run", build_and_run)
    found = child.measure(load("ours"), make("chain", 100), 3)
    assert (found["build"], found["run"], found["cpu"]) == (1.0, 1.0, 3.0)


def test_the_bytes_of_a_job_are_over_those_of_its_coroutine():
    found = Records(runs=[Run("ours", "chain", 100, 0, 1.0, 1.0, 1.0, peak=50_000)])
    found.held[100] = 20_000
    assert found.bytes_per_job("ours", "chain", 100) == [300]


def test_the_bytes_of_a_job_are_not_known_without_those_of_the_coroutines():
    found = Records(runs=[Run("ours", "chain", 100, 0, 1.0, 1.0, 1.0, peak=50_000)])
    assert found.bytes_per_job("ours", "chain", 100) == []


@pytest.mark.parametrize(
    ("value", "strict", "verdict"),
    [
        (None, False, "not measured"),
        (0.9, False, "pass"),
        (1.0, False, "pass"),
        (1.0, True, "fail"),
        (1.1, False, "fail"),
    ],
)
def test_the_verdict_of_a_limit(value: float | None, strict: bool, verdict: str):
    assert Check("a limit", 1.0, value, strict=strict).verdict == verdict


def test_a_limit_on_a_ratio_tells_the_spread():
    found = records(
        run("ours", 1.0),
        run("counter", 2.0),
        run("ours", 3.0, number=1),
        run("counter", 2.0, number=1),
    )
    (check,) = (check for check in check_all(found) if check.value is not None)
    assert check == Check("chain, N = 10,000: ours / counter", 1.1, 1.0, detail="0.50 to 1.50")


def test_a_peer_that_is_ahead_on_one_shape_is_found():
    found = records(
        run("ours", 1.0),
        run("dagio", 2.0),
        run("ours", 3.0, shape="fan"),
        run("dagio", 2.0, shape="fan"),
    )
    check = ahead_of("dagio", found)
    assert check == Check(
        "every shape: ours / dagio", 1.0, 1.5, detail="fan, N = 10,000: 1.50", strict=True
    )
    assert check.verdict == "fail"


def test_a_peer_that_is_behind_on_every_shape_is_named_with_its_best():
    found = records(run("ours", 1.0), run("dagio", 2.0))
    assert ahead_of("dagio", found) == Check(
        "every shape: ours / dagio", 1.0, 0.5, detail="chain, N = 10,000", strict=True
    )


def test_without_records_no_limit_was_measured():
    assert {check.verdict for check in check_all(Records())} == {"not measured"}


def test_a_job_of_a_million_is_compared_with_one_of_ten_thousand():
    found = Records(growth={"chain": [1.7, 1.6, 1.2]})
    (check,) = (check for check in check_all(found) if check.limit.startswith("chain: a job"))
    assert check.value == 1.6
    assert check.verdict == "fail"


def test_seconds_are_told_in_milliseconds():
    found = Records(imports=[0.008, 0.009, 0.011])
    (check,) = (check for check in check_all(found) if check.limit.startswith("import"))
    assert check == Check(
        "import asynciojobs, over import asyncio", 10.0, 9.0, "ms", "8.00 to 11.00"
    )


def test_a_ticker_is_never_late_on_a_clock_that_jumps():
    with asyncio.Runner(loop_factory=FakeClock().loop_factory) as runner:
        late = runner.run(tick_beside(load("ours"), make("independent", 1000)))
    assert late == pytest.approx({"idle": 0, "starting": 0, "running": 0, "ending": 0})


def test_a_tick_counts_for_the_part_of_the_run_that_it_is_late_in():
    # due and come; the run is called at 1, its first job ends at 2 and its last at 3
    ticks = [(0.5, 0.6), (0.9, 1.1), (1.5, 2.1), (2.5, 2.8), (2.8, 3.2)]
    late = worst(ticks, 1.0, 2.0, 3.0)
    assert late == pytest.approx({"idle": 0.1, "starting": 0.6, "running": 0.3, "ending": 0.4})
