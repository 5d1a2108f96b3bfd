"""How `rounds` takes turns, and what its lines say."""

from __future__ import annotations

import asyncio
import math
import re
from pathlib import Path

import pytest

from benchmarks import quick
from benchmarks.compare.child import ROOT, ChildError
from benchmarks.rounds import (
    Spread,
    comparison,
    measured,
    medians,
    ratios,
    table,
    timed,
    turns,
    verdict,
)


def test_each_round_begins_with_another_contender():
    assert "".join(turns("abc", 3)) == "abcbcacab"


def test_two_contenders_alternate_as_a_b_b_a():
    assert "".join(turns("ab", 4)) == "abbaabba"


def test_nobody_takes_no_turns():
    assert list(turns("", 3)) == []


def test_each_contender_is_measured_once_a_round():
    ran: list[str] = []

    async def run(name: str) -> None:
        ran.append(name)

    async def measure(contender) -> int:
        await contender()
        return len(ran)

    contenders = {name: lambda name=name: run(name) for name in "ab"}
    assert asyncio.run(measured(contenders, 3, measure)) == {"a": [1, 4, 5], "b": [2, 3, 6]}
    assert "".join(ran) == "abbaab"


def test_a_ratio_is_of_values_of_the_same_round():
    assert ratios([1.0, 3.0, 2.0], [2.0, 2.0, 2.0]) == Spread(1.0, 0.5, 1.5)


def test_a_spread_is_written_with_its_ends():
    assert f"{Spread.of([3.0, 1.0, 2.5]):.1f}" == "2.5 (1.0 to 3.0)"


def test_each_column_has_its_median():
    assert medians([(1.0, 5.0), (2.0, 4.0), (9.0, 3.0)]) == [2.0, 4.0]


def test_a_run_takes_time():
    wall, cpu = asyncio.run(timed(lambda: asyncio.sleep(0)))
    assert wall > 0
    assert cpu >= 0


@pytest.mark.parametrize(
    ("value", "told"),
    [(1.2, "at most 1.3: pass"), (1.3, "at most 1.3: pass"), (1.4, "at most 1.3: FAIL")],
)
def test_the_verdict_on_a_limit(value: float, told: str):
    assert verdict(value, 1.3) == told


def test_the_columns_of_a_table_are_as_wide_as_they_must_be():
    assert list(table([("", "x", "yy"), ("a", "1", "22222"), ("bbb", "-", "4")])) == [
        "     x     yy",
        "a    1  22222",
        "bbb  -      4",
    ]


def rows(*walls):
    return [(wall, 0.1) for wall in walls]


def test_the_comparison_has_the_median_of_the_ratios_of_each_round():
    times = {"CallJob": rows(1.2, 3.0, 1.0), "map()": rows(1.0, 1.0, 1.0)}
    assert comparison("1000 calls", 1000, times, 1.3) == [
        ("1000 calls", "ms", "µs a call here", "CallJob over it", ""),
        ("CallJob", "1200", "100", "1.00 (1.00 to 1.00)", ""),
        ("map()", "1000", "100", "1.20 (1.00 to 3.00)", "at most 1.3: pass"),
    ]


def test_a_comparison_without_a_limit_has_no_verdict():
    times = {"ours": rows(1.0), "theirs": rows(1.0)}
    assert comparison("a chain", 10, times, math.inf)[2][-1] == ""


# -- bench:quick


@pytest.fixture
def took(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Say how long each takes, in the order of the processes; the test checks the order."""
    left: list[tuple[str, float]] = []

    def milliseconds(engine: quick.Engine, _shape: str, _jobs: int) -> float:
        title, time = left.pop(0)
        assert engine.title == title
        return time

    monkeypatch.setattr(quick, "milliseconds", milliseconds)
    return left


def test_a_quick_line_has_the_times_and_the_ratios(took: list[tuple[str, float]]):
    took += [("ours", 4.0), ("counter", 8.0), ("ranks", 5.0)]
    took += [("counter", 8.0), ("ranks", 4.0), ("ours", 6.0)]
    assert quick.compare(quick.engines_of(None), "chain", 1000, 2, 1) == (
        "      5.0      8.0      4.5   0.625 (0.500 to 0.750)   1.150 (0.800 to 1.500)"
    )


def test_a_round_against_another_checkout_is_of_means(took: list[tuple[str, float]]):
    took += [("this", 4.0), ("other", 5.0), ("other", 3.0), ("this", 8.0)]
    took += [("this", 2.0), ("other", 2.0), ("other", 6.0), ("this", 6.0)]
    engines = [quick.Engine("this", "ours", ROOT), quick.Engine("other", "ours", ROOT)]
    assert quick.compare(engines, "chain", 1000, 2, 2) == (
        "      5.0      4.0   1.250 (1.000 to 1.500)"
    )


def test_the_engine_of_the_other_checkout_is_what_is_measured(tmp_path: Path):
    package = tmp_path / quick.PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("1 / 0")
    this, other = quick.engines_of(tmp_path)
    assert quick.milliseconds(this, "chain", 100) > 0
    with pytest.raises(ChildError, match="^ZeroDivisionError: division by zero$"):
        quick.milliseconds(other, "chain", 100)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path):
    message = f"{tmp_path} is no checkout: it has no {quick.PACKAGE}"
    with pytest.raises(SystemExit, match=f"^{re.escape(message)}$"):
        quick.engines_of(tmp_path)
