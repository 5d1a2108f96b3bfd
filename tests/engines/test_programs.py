"""Small runs of the example and the benchmarks that need other processes."""

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


LOOPBACK = 'host="127.0.0.1", dashboard_address="127.0.0.1:0"'
"""Further arguments of a cluster in the tests."""


def output_of(*command: str) -> str:
    """Run a program of the checkout; return its output, with zeros for all digits."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,  # earlier than faulthandler's, which would leave the program running
    )
    assert done.returncode == 0, done.stderr  # a worker of Dask may write there when it ends
    return re.sub(r"\d", "0", done.stdout)


def test_processes_and_dask_count_the_corpus_alike(tmp_path):
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


def test_the_page_on_clusters_shows_the_actual_output(tmp_path):
    page = (ROOT / "docs/clusters.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = re.search(r"^```\n(\{.*?\n)```$", page, re.MULTILINE | re.DOTALL)
    program = "\n".join(blocks).replace("LocalCluster(n", f"LocalCluster({LOOPBACK}, n")
    (tmp_path / "program.py").write_text(program, "utf-8")
    assert shown
    assert output_of(str(tmp_path / "program.py")) == re.sub(r"\d", "0", shown[1])


def test_the_measurement_of_scale_prints_its_tables():
    small = ["--rounds", "1", "--calls", "100", "--megabytes", "1"]
    lines = output_of("-m", "benchmarks.calls", "scale", *small).splitlines()
    batches = [", 00 calls a job", ", 000 calls a job", ", 000 jobs a part"]
    assert [line[:36].rstrip() for line in lines] == [
        "µs a call, of 000",
        *(f"ProcessPoolExecutor{batch}" for batch in ("", *batches)),
        "ThreadPoolExecutor",
        "threads of the loop",
        *(f"DaskEngine{batch}" for batch in ("", *batches)),
        "Client.submit()",
        "",
        "ms for 0 MB",
        "from the driver to a worker",
        "from a worker to the driver",
        "from worker to worker",
        "",
        "bytes a job",
        "DaskEngine",
        "threads of the loop",
    ]


def test_the_benchmark_prints_three_comparisons():
    small = ["--chains", "2", "--links", "2", "--seconds", "0", "--megabytes", "1"]
    output = output_of("-m", "benchmarks.calls", "dask", *small, "--rounds", "1")
    cells = r" +0+ +0+  0\.00 \(0\.00 to 0\.00\)"
    limit = r"  at most 0\.0: (pass|FAIL)"
    expected = [
        r"0 × 0 calls of 0 ms in a row +ms +µs a call here +DaskEngine over it",
        rf"DaskEngine {cells}",
        rf"Client\.submit\(\) {cells}{limit}",
        "",
        r"0 × 0 calls of 0 ms in a row +ms +µs a call here +DaskEngine over it",
        rf"DaskEngine {cells}",
        rf"Client\.submit\(\) {cells}",
        "",
        r"0 × 0 MB merged +ms +µs a call here +DaskEngine over it",
        rf"DaskEngine {cells}",
        rf"through values {cells}{limit}",
        "",
    ]
    pairs = zip(expected, output.splitlines(), strict=True)
    assert [bool(re.fullmatch(*pair)) for pair in pairs] == [True] * len(expected)
