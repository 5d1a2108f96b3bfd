"""The plan of the benchmark: who runs what in which order, and who is not run again."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.compare import campaign
from benchmarks.compare.__main__ import main, options_of, parse
from benchmarks.compare.plan import Options, Step, rounds_of, steps
from benchmarks.compare.processes import faults_of, run_once
from benchmarks.compare.records import Failure, Records, Run

REFERENCES = ("ours", "TaskGroup", "counter")


def test_a_round_goes_through_all_contenders_of_a_shape_before_the_next():
    options = Options(shapes=("chain", "fan"), contenders=("ours", "counter"))
    assert list(steps(options, 1000, 0)) == [
        Step("ours", "chain", 1000, 0),
        Step("counter", "chain", 1000, 0),
        Step("ours", "fan", 1000, 0),
        Step("counter", "fan", 1000, 0),
    ]


def test_each_round_begins_with_another_contender():
    options = Options(shapes=("chain",), contenders=REFERENCES)
    orders = [[step.contender for step in steps(options, 1000, number)] for number in range(4)]
    assert orders == [
        ["ours", "TaskGroup", "counter"],
        ["TaskGroup", "counter", "ours"],
        ["counter", "ours", "TaskGroup"],
        ["ours", "TaskGroup", "counter"],
    ]


@pytest.mark.parametrize(("full", "names"), [(False, ["ours"]), (True, ["ours", "counter"])])
def test_a_million_jobs_are_for_the_references_only_in_full(full: bool, names: list[str]):
    options = Options(shapes=("chain",), contenders=("ours", "counter"), full=full)
    assert [step.contender for step in steps(options, 1_000_000, 0)] == names


@pytest.mark.parametrize(
    ("rounds", "full", "jobs", "expected"),
    [
        (5, False, 100_000, 5),
        (5, False, 1_000_000, 1),
        (5, True, 1_000_000, 3),
        (1, True, 1_000_000, 1),
    ],
)
def test_rounds_are_fewer_with_a_million_jobs(
    rounds: int, full: bool, jobs: int, expected: int
):
    assert rounds_of(Options(rounds=rounds, full=full), jobs) == expected


def test_what_a_contender_cannot_do_is_no_step():
    options = Options(shapes=("window",), contenders=("ours", "dagio"))
    assert [step.contender for step in steps(options, 1000, 0)] == ["ours"]


def test_we_are_always_in():
    assert options_of(parse(["--contenders", "dagio", "counter"])).contenders == (
        "ours",
        "dagio",
        "counter",
    )


@pytest.mark.parametrize("text", ["10000", "10_000", "10,000"])
def test_a_size_is_written_in_three_ways(text: str):
    assert options_of(parse(["--sizes", text])).sizes == (10_000,)


def test_a_size_that_can_not_be_nested_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["--sizes", "99"])
    assert "the shapes need 100 jobs at least, not 99" in capsys.readouterr().err


# -- who is not run again


def taken(monkeypatch: pytest.MonkeyPatch, contender: str, outcomes: list[Any]) -> Records:
    """Take a step as often as there are outcomes; what is left of these was not run."""
    monkeypatch.setattr(campaign, "run_once", lambda *_, timeout: outcomes.pop(0))
    records = Records()
    for number in range(len(outcomes)):
        campaign.take(Step(contender, "fan", 1000, number), Options(), records)
    return records


def run_of(contender: str, seconds: float) -> Run:
    return Run(contender, "fan", 1000, 0, 0.0, seconds, 0)


def test_a_peer_that_was_slow_is_not_run_again(monkeypatch: pytest.MonkeyPatch):
    slow = run_of("dask", 6.0)
    assert taken(monkeypatch, "dask", [slow, slow]).runs == [slow]


def test_a_reference_may_be_slow(monkeypatch: pytest.MonkeyPatch):
    slow = run_of("counter", 6.0)
    assert taken(monkeypatch, "counter", [slow, slow]).runs == [slow, slow]


def test_a_peer_that_failed_is_not_run_again(monkeypatch: pytest.MonkeyPatch):
    failure = Failure("dagio", "fan", 1000, "RecursionError")
    found = taken(monkeypatch, "dagio", [failure, failure])
    assert (found.runs, found.failures) == ([], [failure])


def test_a_million_jobs_are_compared_with_few_beside_them(monkeypatch: pytest.MonkeyPatch):
    few = [Run("ours", "fan", 10_000, 0, 0.0, seconds, 0) for seconds in (0.5, 0.25, 1.0)]
    many = Run("ours", "fan", 1_000_000, 0, 0.0, 75.0, 0)
    outcomes = [*few, many]
    monkeypatch.setattr(campaign, "run_once", lambda *_, **__: outcomes.pop(0))
    records = Records()
    campaign.take(Step("ours", "fan", 1_000_000, 0), Options(), records)
    assert records.runs == [many]
    assert records.growth == {"fan": [pytest.approx(1.5)]}


# -- in processes


def test_a_process_tells_what_it_measured():
    run = run_once("ours", "chain", 100, 3, 60)
    assert isinstance(run, Run)
    assert (run.contender, run.shape, run.jobs, run.round) == ("ours", "chain", 100, 3)
    assert 0 < run.build < run.total


def test_a_process_that_fails_tells_why():
    found = run_once("nobody", "chain", 100, 0, 60)
    assert found == Failure("nobody", "chain", 100, "KeyError: 'nobody'")


def test_a_process_looks_at_the_order():
    assert faults_of("counter", "layered", 100) == []


def test_a_wrong_order_ends_the_program(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(campaign, "faults_of", lambda *_: ["job 1 ran twice"])
    with pytest.raises(SystemExit) as caught:
        main(["--contenders", "ours", "--shapes", "chain"])
    assert caught.value.code == (
        "The order of the jobs was wrong:\nours, chain, 1000 jobs: job 1 ran twice"
    )
