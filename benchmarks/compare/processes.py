"""Starts what is measured, each in a fresh process, and reads what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .contenders import BASELINE
from .records import Failure, Run, Tick

__all__ = ["faults_of", "held_by", "import_time", "run_once", "ticker"]

ROOT = Path(__file__).parents[2]

IMPORT = """
import asyncio, time
start = time.perf_counter()
import asynciojobs
print(time.perf_counter() - start)
"""


class ChildError(Exception):
    """A child gave no answer; the text is its last line, or that it took too long."""


def python(*arguments: str, timeout: float | None = None) -> Any:
    """Run Python with these arguments, and return the JSON that it prints.

    Raises:
        ChildError: it failed, or took longer than `timeout` seconds.
    """
    command = [sys.executable, *arguments]
    # Users have their modules compiled, unless this variable says otherwise.
    env = {name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    try:
        child = subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChildError(f"over {timeout:g} s") from None
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"ended with {child.returncode}"]
        raise ChildError(lines[-1])
    return json.loads(child.stdout.splitlines()[-1])


def child(
    contender: str, shape: str, jobs: int, *options: str, timeout: float | None = None
) -> Any:
    module = "benchmarks.compare.child"
    return python("-m", module, contender, shape, str(jobs), *options, timeout=timeout)


def run_once(
    contender: str, shape: str, jobs: int, number: int, timeout: float | None
) -> Run | Failure:
    """Run one contender on one shape; `timeout` is in seconds."""
    try:
        told = child(contender, shape, jobs, timeout=timeout)
    except ChildError as error:
        return Failure(contender, shape, jobs, str(error))
    return Run(contender, shape, jobs, number, told["build"], told["run"], told["peak"])


def faults_of(contender: str, shape: str, jobs: int) -> list[str]:
    """Return what was wrong with the order of a run, nothing if all was right."""
    try:
        faults: list[str] = child(contender, shape, jobs, "--verify", timeout=60)["faults"]
    except ChildError as error:
        return [str(error)]
    return faults


def held_by(jobs: int) -> int:
    """Return what the coroutines of so many jobs take (bytes)."""
    peak: int = child(BASELINE.name, "independent", jobs)["peak"]
    return peak


def import_time() -> float:
    """Return how long `import asynciojobs` takes after `import asyncio` (seconds)."""
    seconds: float = python("-c", IMPORT)
    return seconds


def ticker(jobs: int) -> Tick:
    """Return how late a ticker is that runs beside so many jobs."""
    return Tick(**python("-m", "benchmarks.compare.ticker", str(jobs)))
