"""The report of the benchmark: tables, limits and JSON."""

from __future__ import annotations

import json

import pytest

from asynciojobs import __version__
from benchmarks.compare.__main__ import parse
from benchmarks.compare.campaign import Records, Run
from benchmarks.compare.report import Check, as_json, limit_lines, lines, table

SHAPES = ["chain", "window"]
OPTIONS = parse(["--sizes", "1000", "--shapes", *SHAPES, "--contenders", "counter", "dagio"])


@pytest.fixture
def records() -> Records:
    return Records(
        runs=[
            Run("ours", "chain", 1000, 0, 0.002, 0.002, 0.004, peak=500_000),
            Run("counter", "chain", 1000, 0, 0.001, 0.003, 0.004, peak=300_000),
            Run("ours", "chain", 1000, 1, 0.002, 0.004, 0.006, peak=500_000),
            Run("counter", "chain", 1000, 1, 0.001, 0.003, 0.004, peak=300_000),
        ],
        left_out={
            "dagio: it has no limit on how many run at once": ["window"],
            "counter: RuntimeError: no": ["window, N = 1,000"],
            "aiodag: it is not installed": ["chain", "window"],
        },
        held={1000: 200_000},
        imports=[0.009],
        ticks=[{"idle": 0.001, "starting": 0.01, "running": 0.003, "ending": 0.002}],
    )


def test_the_columns_of_a_table_are_as_wide_as_they_must_be():
    cells = {("a", "x"): "1", ("a", "yy"): "22222", ("bbb", "x"): "-", ("bbb", "yy"): "4"}
    assert list(table("Heading", ["a", "bbb"], ["x", "yy"], lambda *at: cells[at])) == [
        "",
        "Heading",
        "     x     yy",
        "a    1  22222",
        "bbb  -      4",
    ]


def test_what_is_printed_before_the_limits(records: Records):
    text = "\n".join(lines(OPTIONS, records))
    assert (
        text.partition("\nLimits")[0]
        == """
N = 1,000: time of ours / of the references, median (min to max)
                    counter
chain   1.25 (1.00 to 1.50)
window                    -

N = 1,000: build + run, µs a job
             ours    counter
chain   2.0 + 3.0  1.0 + 3.0
window          -          -

N = 1,000: peak memory over the coroutines, bytes a job
        ours  counter
chain    300      100
window     -        -

Left out
dagio: it has no limit on how many run at once (window)
counter: RuntimeError: no (window, N = 1,000)
aiodag: it is not installed (every shape)

Worst tick of a 10 ms ticker beside 100,000 instant jobs, ms
idle            1.0 (1.0 to 1.0)
starting     10.0 (10.0 to 10.0)
running         3.0 (3.0 to 3.0)
ending          2.0 (2.0 to 2.0)
"""
    )


def test_limits_that_were_not_measured_are_counted():
    checks = [
        Check("a short one", 1.0, 0.5, detail="0.40 to 0.60"),
        Check("one that is longer", 400, 512.0, "bytes"),
        Check("every shape", 1.0, 1.0, strict=True),
        Check("another", 1.0, None),
    ]
    assert list(limit_lines(checks)) == [
        "",
        "Limits",
        "pass  a short one             0.50 ≤ 1 ×        (0.40 to 0.60)",
        "fail  one that is longer    512.00 ≤ 400 bytes",
        "fail  every shape             1.00 < 1 ×",
        "2 fail, 1 pass, 1 not measured",
    ]


def test_a_table_without_columns_is_left_out():
    assert list(table("Heading", ["a"], [], lambda *_: "")) == []


def test_the_json_has_all_that_was_measured(records: Records):
    told = json.loads(json.dumps(as_json(OPTIONS, records)))
    assert list(told) == [
        "format",
        "python",
        "machine",
        "asynciojobs",
        "options",
        "runs",
        "left_out",
        "held",
        "growth",
        "imports",
        "ticks",
        "limits",
    ]
    assert (told["format"], told["asynciojobs"]) == (2, __version__)
    assert told["options"] == {
        "sizes": [1000],
        "shapes": ["chain", "window"],
        "contenders": ["ours", "counter", "dagio"],
        "rounds": 5,
        "full": False,
        "patience": 5,
        "json": str(OPTIONS.json),
    }
    assert told["runs"][0] == {
        "contender": "ours",
        "shape": "chain",
        "jobs": 1000,
        "round": 0,
        "build": 0.002,
        "run": 0.002,
        "cpu": 0.004,
        "peak": 500_000,
    }
    assert told["left_out"] == records.left_out
    assert told["held"] == {"1000": 200_000}
    assert told["imports"] == [0.009]
    assert told["ticks"] == records.ticks


def test_a_limit_in_the_json(records: Records):
    found = [limit for limit in as_json(OPTIONS, records)["limits"] if limit["unit"] == "ms"]
    assert found[0] == {
        "limit": "import asynciojobs, over import asyncio",
        "bound": 10,
        "value": 9.0,
        "unit": "ms",
        "detail": "9.00 to 9.00",
        "strict": False,
        "verdict": "pass",
    }
