"""`bench:calls`: who is run when, and what the report says."""

from __future__ import annotations

from benchmarks.calls import MAP, OURS, Times, report, rounds_of


def test_each_round_begins_with_another_contender():
    order: list[str] = []
    contenders = {name: lambda name=name: order.append(name) for name in "abc"}
    rounds_of(contenders, 3)
    assert "".join(order) == "abcbcacab"


def test_each_contender_has_a_time_of_each_round():
    times = rounds_of({name: lambda: None for name in "ab"}, 3)
    assert {name: len(column) for name, column in times.items()} == {"a": 3, "b": 3}


def rows(*walls):
    return [Times(wall, 0.1) for wall in walls]


def test_the_report_has_the_median_of_the_ratios_of_each_round():
    assert list(report({OURS: rows(1.2, 3.0, 1.0), MAP: rows(1.0, 1.0, 1.0)}, 1000)) == [
        (
            "CallJob                 1200 ms,  100 µs a call here   "
            "CallJob takes 1.00 of it (1.00 to 1.00)"
        ),
        (
            "map, chunks of 1        1000 ms,  100 µs a call here   "
            "CallJob takes 1.20 of it (1.00 to 3.00)"
        ),
        "CallJob over map, chunks of 1, at most 1.3: 1.20, pass",
    ]


def test_the_report_says_that_it_took_too_long():
    *_, verdict = report({OURS: rows(1.4), MAP: rows(1.0)}, 1000)
    assert verdict == "CallJob over map, chunks of 1, at most 1.3: 1.40, FAIL"
