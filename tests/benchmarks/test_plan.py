"""The plan of the benchmark: who runs what in which order, and who is not run again."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.compare import campaign
from benchmarks.compare.__main__ import main, parse
from benchmarks.compare.campaign import Campaign, Run, Step, rounds_of, run_once, steps
from benchmarks.compare.child import ChildError, child

REFERENCES = ("ours", "TaskGroup", "counter")


def test_a_round_goes_through_all_contenders_of_a_shape_before_the_next():
    options = parse(["--shapes", "chain", "fan", "--contenders", "ours", "counter"])
    assert list(steps(options, 1000, 0)) == [
        Step("ours", "chain", 1000, 0),
        Step("counter", "chain", 1000, 0),
        Step("ours", "fan", 1000, 0),
        Step("counter", "fan", 1000, 0),
    ]


def test_each_round_begins_with_another_contender():
    options = parse(["--shapes", "chain", "--contenders", *REFERENCES])
    orders = [[step.contender for step in steps(options, 1000, number)] for number in range(4)]
    assert orders == [
        ["ours", "TaskGroup", "counter"],
        ["TaskGroup", "counter", "ours"],
        ["counter", "ours", "TaskGroup"],
        ["ours", "TaskGroup", "counter"],
    ]


@pytest.mark.parametrize(("full", "names"), [(False, ["ours"]), (True, ["ours", "counter"])])
def test_a_million_jobs_are_for_the_references_only_in_full(full: bool, names: list[str]):
    options = parse(["--shapes", "chain", "--contenders", "counter", *["--full"] * full])
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
    options = parse(["--rounds", str(rounds), *["--full"] * full])
    assert rounds_of(options, jobs) == expected


def test_what_a_contender_cannot_do_is_no_step():
    options = parse(["--shapes", "window", "--contenders", "dagio"])
    assert [step.contender for step in steps(options, 1000, 0)] == ["ours"]


def test_we_are_always_in():
    options = parse(["--contenders", "dagio", "counter"])
    assert options.contenders == ["ours", "dagio", "counter"]


@pytest.mark.parametrize("text", ["10000", "10_000", "10,000"])
def test_a_size_is_written_in_three_ways(text: str):
    assert parse(["--sizes", text]).sizes == [10_000]


def test_a_size_that_can_not_be_nested_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["--sizes", "99"])
    assert "the shapes need 100 jobs at least, not 99" in capsys.readouterr().err


# -- who is not run again


def taken(monkeypatch: pytest.MonkeyPatch, step: Step, outcomes: list[Any]) -> Campaign:
    """Take a step in as many rounds as there are outcomes: seconds, or an error."""

    def python(*_arguments: str, **_how: object) -> dict[str, float]:
        outcome = outcomes.pop(0)
        if isinstance(outcome, ChildError):
            raise outcome
        return {"build": 0.0, "run": outcome, "cpu": 0.0, "peak": 0}

    monkeypatch.setattr("benchmarks.compare.child.python", python)
    found = Campaign(parse([]))
    for number in range(len(outcomes)):
        found.take(step._replace(round=number))
    return found


def times_of(found: Campaign) -> list[float]:
    return [run.run for run in found.records.runs]


def test_a_peer_that_was_slow_is_not_run_again(monkeypatch: pytest.MonkeyPatch):
    found = taken(monkeypatch, Step("dask", "fan", 1000, 0), [6.0, 6.0])
    assert times_of(found) == [6.0]


def test_a_peer_that_was_not_slow_is_run_again(monkeypatch: pytest.MonkeyPatch):
    found = taken(monkeypatch, Step("dask", "fan", 1000, 0), [5.0, 5.0])
    assert times_of(found) == [5.0, 5.0]


def test_a_reference_may_be_slow(monkeypatch: pytest.MonkeyPatch):
    found = taken(monkeypatch, Step("counter", "fan", 1000, 0), [6.0, 6.0])
    assert times_of(found) == [6.0, 6.0]


def test_a_peer_that_failed_is_not_run_again(monkeypatch: pytest.MonkeyPatch):
    errors = [ChildError("RecursionError"), ChildError("another")]
    found = taken(monkeypatch, Step("dagio", "fan", 1000, 0), [*errors])
    assert times_of(found) == []
    assert found.records.left_out == {"dagio: RecursionError": ["fan, N = 1,000"]}


def test_a_million_jobs_are_compared_with_few_beside_them(monkeypatch: pytest.MonkeyPatch):
    step = Step("ours", "fan", 1_000_000, 0)
    seconds = {10_000: iter((0.5, 0.25, 1.0)), 1_000_000: iter((75.0,))}
    monkeypatch.setattr(
        campaign,
        "run_once",
        lambda step, *_: Run(*step, 0.0, next(seconds[step.jobs]), cpu=0.0, peak=0),
    )
    found = Campaign(parse([]))
    found.take(step)
    assert times_of(found) == [75.0]
    assert found.records.growth == {"fan": [pytest.approx(1.5)]}


# -- in processes


def test_a_process_tells_what_it_measured():
    run = run_once(Step("ours", "chain", 100, 3), 60)
    assert (run.contender, run.shape, run.jobs, run.round) == ("ours", "chain", 100, 3)
    assert 0 < run.build < run.total
    assert run.cpu > 0


def test_a_process_that_fails_tells_why():
    with pytest.raises(ChildError, match="^KeyError: 'nobody'$"):
        run_once(Step("nobody", "chain", 100, 0), 60)


def test_a_process_looks_at_the_order():
    assert child("counter", "layered", 100, "--verify", timeout=60) == []


def test_a_process_that_takes_too_long_is_stopped():
    with pytest.raises(ChildError, match=r"^over 0\.01 s$"):
        run_once(Step("ours", "chain", 100, 0), 0.01)


def test_a_wrong_order_ends_the_program(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(campaign, "child", lambda *_, **__: ["job 1 ran twice"])
    with pytest.raises(SystemExit) as caught:
        main(["--contenders", "ours", "--shapes", "chain"])
    assert caught.value.code == (
        "The order of the jobs was wrong:\nours, chain, 1000 jobs: job 1 ran twice"
    )
