"""The report of the benchmark: tables and limits."""

from __future__ import annotations

from benchmarks.compare.campaign import Limit, Run, Runs, limit_lines, table_of
from benchmarks.rounds import Spread

RUNS: Runs = {
    ("ours", "chain"): [Run(0.002, 0.002, 0.004, 500_000), Run(0.002, 0.004, 0.006, 500_000)],
    ("counter", "chain"): [Run(0.001, 0.003, 0.004, 300_000)] * 2,
    ("counter", "fan"): [Run(0.001, 0.003, 0.004, 300_000)],
}


def test_the_table_of_a_number_of_jobs():
    assert list(table_of(1000, RUNS, held=200_000)) == [
        "",
        "N = 1,000                     ours / it  µs a job, build + run  bytes a job",
        "chain         ours  1.00 (1.00 to 1.00)              2.0 + 3.0          300",
        "chain      counter  1.25 (1.00 to 1.50)              1.0 + 3.0          100",
        "fan        counter                    -              1.0 + 3.0          100",
    ]


def test_a_limit_passes_or_fails():
    limits = [
        Limit("a short one", 1, Spread(0.5, 0.4, 0.6)),
        Limit("one that is longer", 400, Spread(512.0, 512.0, 512.0)),
        Limit("at the bound", 1.1, Spread(1.1, 1.0, 1.2)),
    ]
    assert list(limit_lines(limits)) == [
        "",
        "Limits                               measured",
        "a short one               0.50 (0.40 to 0.60)    at most 1: pass",
        "one that is longer  512.00 (512.00 to 512.00)  at most 400: FAIL",
        "at the bound              1.10 (1.00 to 1.20)  at most 1.1: pass",
    ]
