"""Which runs there are, in which order, how each is made, and the records of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.rounds import in_turn

from .child import ChildError, child, python
from .contenders import BASELINE, CONTENDERS

MILLION = 1_000_000
LARGEST = {"ours": MILLION, "reference": 100_000, "peer": 10_000}
LARGEST_IN_FULL = {"ours": MILLION, "reference": MILLION, "peer": 100_000}
VERIFIED = 1_000  # jobs of the runs in which the order is verified
FEW = 10_000  # jobs that a million are compared with
TICKED = 100_000  # jobs beside the ticker
STOP = 60.0  # a peer is stopped after that (seconds)

IMPORT = """
import asyncio, time
start = time.perf_counter()
import asynciojobs
print(time.perf_counter() - start)
"""


class Options(argparse.Namespace):
    """What the user asks for; the defaults are those of the command line."""

    sizes: list[int]
    shapes: list[str]
    contenders: list[str]
    rounds: int
    full: bool
    patience: float  # with peers (seconds)
    json: Path


@dataclass(frozen=True)
class Run:
    """One run, in a process of its own."""

    contender: str
    shape: str
    jobs: int
    round: int
    build: float  # seconds
    run: float  # seconds
    cpu: float  # processor time of both (seconds)
    peak: int  # bytes, over what the process had before

    @property
    def total(self) -> float:
        return self.build + self.run


@dataclass
class Records:
    runs: list[Run] = field(default_factory=list[Run])
    # by contender and reason, the shapes that are not in the tables
    left_out: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    # by the number of jobs, the bytes of the coroutines alone
    held: dict[int, int] = field(default_factory=dict[int, int])
    # by shape, our time for a job of a million over that of one of ten thousand
    growth: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    # seconds of `import asynciojobs` after `import asyncio`
    imports: list[float] = field(default_factory=list[float])
    # by part of a run, how late the worst tick was (seconds)
    ticks: list[dict[str, float]] = field(default_factory=list[dict[str, float]])

    def leave_out(self, contender: str, reason: str, where: str) -> None:
        self.left_out.setdefault(f"{contender}: {reason}", []).append(where)

    def of(self, contender: str, shape: str, jobs: int) -> list[Run]:
        wanted = (contender, shape, jobs)
        return [run for run in self.runs if (run.contender, run.shape, run.jobs) == wanted]

    def ratios(self, other: str, shape: str, jobs: int) -> list[float]:
        """Return our time over that of another, for each round in which both ran."""
        ours = {run.round: run.total for run in self.of("ours", shape, jobs)}
        theirs = self.of(other, shape, jobs)
        return [ours[run.round] / run.total for run in theirs if run.round in ours]

    def bytes_per_job(self, contender: str, shape: str, jobs: int) -> list[float]:
        """Return the peaks, over the coroutines that the user holds."""
        if jobs not in self.held:
            return []
        return [(run.peak - self.held[jobs]) / jobs for run in self.of(contender, shape, jobs)]


class Step(NamedTuple):
    """A run that is to be made."""

    contender: str
    shape: str
    jobs: int
    round: int


def rounds_of(options: Options, jobs: int) -> int:
    """Return how many rounds there are: of a million jobs, one, or three in full."""
    return min(options.rounds, 3 if options.full else 1) if jobs >= MILLION else options.rounds


def steps(options: Options, jobs: int, number: int) -> Iterator[Step]:
    """Go through a round: shape after shape, and for each the contenders in turn."""
    largest = LARGEST_IN_FULL if options.full else LARGEST
    fit = [name for name in options.contenders if jobs <= largest[CONTENDERS[name].role]]
    for shape in options.shapes:
        able = [name for name in fit if CONTENDERS[name].why_not(shape) is None]
        for name in in_turn(able, number):
            yield Step(name, shape, jobs, number)


def verify(options: Options) -> Iterator[str]:
    """Verify the order of the jobs in runs of their own; yield what was wrong."""
    for step in steps(options, min(VERIFIED, *options.sizes), 0):
        try:
            faults = child(*step[:3], "--verify", timeout=STOP)
        except ChildError as error:
            faults = [error]
        for fault in faults:
            yield f"{step.contender}, {step.shape}, {step.jobs} jobs: {fault}"


class Campaign:
    """Makes all runs, once."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.records = Records()
        self.given_up: set[tuple[str, str]] = set()  # peers, and the shapes they are bad at

    def measure(self) -> Records:
        """Make all runs; stderr shows how far it is."""
        start = time.monotonic()
        self.measure_others()
        for jobs in self.options.sizes:
            self.records.held[jobs] = child(BASELINE.name, "independent", jobs)["peak"]
            rounds = rounds_of(self.options, jobs)
            for number in range(rounds):
                now = f"{time.monotonic() - start:4.0f} s: N = {jobs:,}"
                print(f"{now}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                for step in steps(self.options, jobs, number):
                    self.take(step)
        return self.records

    def measure_others(self) -> None:
        """Measure the import and the ticker, and note which shapes are left out."""
        python("-c", IMPORT)  # the first one compiles
        for _ in range(2 * self.options.rounds + 1):
            self.records.imports.append(python("-c", IMPORT))
        for _ in range(self.options.rounds):
            self.records.ticks.append(child("ours", "independent", TICKED, "--ticker"))
        for name in self.options.contenders:
            for shape in self.options.shapes:
                if reason := CONTENDERS[name].why_not(shape):
                    self.records.leave_out(name, reason, shape)

    def take(self, step: Step) -> None:
        """Make one run, unless a peer was too slow there, or failed."""
        if step[:2] in self.given_up:
            return
        is_peer = CONTENDERS[step.contender].role == "peer"
        try:
            if step.contender == "ours" and step.jobs == MILLION:
                run = self.run_beside_few(step)
            else:
                run = run_once(step, STOP if is_peer else None)
        except ChildError as error:
            where = f"{step.shape}, N = {step.jobs:,}"
            self.records.leave_out(step.contender, str(error), where)
            is_good = False
        else:
            self.records.runs.append(run)
            is_good = run.total <= self.options.patience
        if is_peer and not is_good:
            self.given_up.add(step[:2])

    def run_beside_few(self, step: Step) -> Run:
        """Note how the time of a job grows, too.

        Few are run here: when the runs of that size had their turn, the machine may have been
        slower or faster.
        """
        runs = [run_once(step._replace(jobs=FEW)) for _ in range(3)]
        few = median(run.total / run.jobs for run in runs)
        run = run_once(step)
        self.records.growth.setdefault(step.shape, []).append(run.total / run.jobs / few)
        return run


def run_once(step: Step, timeout: float | None = None) -> Run:
    """Make a run in a fresh process; `timeout` is in seconds."""
    return Run(*step, **child(*step[:3], timeout=timeout))
