"""The example and the benchmark that need other processes, small."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from kinds import EVERYTHING

ROOT = Path(__file__).parents[2]

if not EVERYTHING:
    pytest.importorskip("distributed", reason="./hatchw run engines:test has distributed")


def output_of(*command: str) -> str:
    """Run a program of the checkout; return what it prints, its digits as zeros."""
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r"\d", "0", done.stdout)


def test_the_corpus_is_counted_alike_by_processes_and_by_dask(tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.py").write_text("one two two")
    engines = ["--engine", "threads", "processes", "dask"]
    parts = ["--workers", "2", "--parts", "3"]
    assert output_of("examples/corpus.py", str(tmp_path), *engines, *parts) == (
        "engine       seconds  jobs   MB through the driver\n"
        "threads         0.00     0                    0.00\n"
        "processes       0.00     0                    0.00\n"
        "dask            0.00     0                    0.00\n"
        "Most frequent: two 0, one 0\n"
    )


def test_the_benchmark_prints_both_ratios():
    small = ["--chains", "2", "--links", "2", "--seconds", "0", "--megabytes", "1"]
    lines = output_of("-m", "benchmarks.dask_calls", *small, "--rounds", "1").splitlines()
    ratio = r"[ 0]{8}[ 0]{8}   0\.00 \(0\.00 to 0\.00\)"
    expected = [
        r"times in ms                                   ours  theirs   ours / theirs",
        rf"0 chains of 0 calls of 0 ms {{15}}{ratio}, at most 0\.0: (pass|FAIL)",
        rf"0 chain of 0 calls of 0 ms {{16}}{ratio}",
        rf"0 × 0 MB merged, theirs: by values {{8}}{ratio}, at most 0\.0: (pass|FAIL)",
    ]
    matches = [bool(re.fullmatch(*pair)) for pair in zip(expected, lines, strict=True)]
    assert matches == [True] * 4
