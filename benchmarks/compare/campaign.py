"""Which runs there are, in which order, and how each is made."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple, TypeAlias

from benchmarks.rounds import in_turn

from .child import ChildError, child, python
from .contenders import CONTENDERS

Key: TypeAlias = tuple[str, str]  # a contender and a shape

MILLION = 1_000_000
LARGEST = {"ours": MILLION, "reference": 100_000, "peer": 10_000}
VERIFIED = 1_000  # jobs of the runs in which the order is verified
FEW = 10_000  # jobs that a million are compared with
TICKED = 100_000  # jobs beside the ticker
STOP = 20.0  # a peer is stopped after that (seconds)

IMPORT = """
import asyncio, time
start = time.perf_counter()
import asynciojobs
print(time.perf_counter() - start)
"""


class Run(NamedTuple):
    """What a run took, in a process of its own."""

    build: float  # seconds
    run: float  # seconds
    cpu: float  # processor time of both (seconds)
    peak: int  # bytes, over what the process had before

    @property
    def total(self) -> float:
        return self.build + self.run


Runs: TypeAlias = dict[Key, list[Run]]  # of some number of jobs, round by round


def keys_of(options: argparse.Namespace, jobs: int, number: int) -> Iterator[Key]:
    """Go through a round: shape after shape, and for each the contenders in turn."""
    fit = [name for name in options.contenders if jobs <= LARGEST[CONTENDERS[name].role]]
    for shape in options.shapes:
        able = [name for name in fit if CONTENDERS[name].why_not(shape) is None]
        yield from ((name, shape) for name in in_turn(able, number))


def verify(options: argparse.Namespace) -> Iterator[str]:
    """Verify the order of the jobs in runs of their own; yield what was wrong."""
    for contender, shape in keys_of(options, VERIFIED, 0):
        try:
            faults = child(contender, shape, VERIFIED, "verify", timeout=STOP)
        except ChildError as error:
            faults = [error]
        yield from (f"{contender}, {shape}: {fault}" for fault in faults)


def measure(options: argparse.Namespace, jobs: int, left_out: dict[Key, str]) -> Runs:
    """Make all runs of so many jobs; note who fails, and run it no more on that shape."""
    runs: Runs = {}
    for number in range(options.rounds):
        progress = f"N = {jobs:,}, round {number + 1} of {options.rounds}"
        print(progress, file=sys.stderr, flush=True)
        for key in keys_of(options, jobs, number):
            if key in left_out:
                continue
            try:
                runs.setdefault(key, []).append(run_once(*key, jobs))
            except ChildError as error:
                left_out[key] = f"{error}, N = {jobs:,}"
                del runs[key]
    return runs


def run_once(contender: str, shape: str, jobs: int) -> Run:
    is_peer = contender in CONTENDERS and CONTENDERS[contender].role == "peer"
    return Run(**child(contender, shape, jobs, timeout=STOP if is_peer else None))


def bytes_of_coroutines(jobs: int) -> int:
    """Return the memory of what the user holds anyway."""
    return run_once("held", "independent", jobs).peak


def growth(shape: str, jobs: int) -> tuple[float, Run]:
    """Return our time for a job of many over one of few beside it, and the large run."""
    few = median(run_once("ours", shape, FEW).total for _ in range(3)) / FEW
    many = run_once("ours", shape, jobs)
    return many.total / jobs / few, many


def imports(rounds: int) -> list[float]:
    """Return the times of `import asynciojobs` after `import asyncio` (seconds)."""
    return [python("-c", IMPORT) for _ in range(2 * rounds + 2)][1:]  # the first one compiles


def ticks(rounds: int) -> list[dict[str, float]]:
    """Return how late the worst tick was in each part of a run (seconds)."""
    return [child("ours", "independent", TICKED, "tick") for _ in range(rounds)]
