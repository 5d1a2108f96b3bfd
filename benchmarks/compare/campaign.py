"""Verifies the order of the jobs, measures, and prints the tables and limits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from math import inf
from statistics import median
from typing import NamedTuple, TypeAlias

from benchmarks.rounds import Spread, in_turn, medians, ratios, table, verdict

from .child import ChildError, child, python
from .contenders import CONTENDERS
from .shapes import SHAPES

Key: TypeAlias = tuple[str, str]  # a contender and a shape

MILLION = 1_000_000
PEERS = [name for name, it in CONTENDERS.items() if it.role == "peer"]
SIZES = [1_000, 10_000, 100_000, MILLION]
LARGEST = {"ours": MILLION, "reference": 100_000, "peer": 10_000}
VERIFIED = 1_000  # jobs in the runs that verify the order
FEW = 10_000  # jobs in the runs that a million are compared with
TICKED = 100_000  # jobs that run beside the ticker
STOP = 20.0  # a peer that takes longer is stopped (seconds)

REFERENCES = (
    ("counter", "independent", 0.8),
    ("counter", "fan", 0.8),
    ("counter", "chain", 1.1),
    ("counter", "shuffled", 1.1),
    ("counter", "window", 1.1),
    ("counter", "layered", 1.5),
    ("TaskGroup", "independent", 1),
)
BYTES = {"window": 400, "independent": 1000}  # of each job, if there are a million
GROWTH = 1.5
IMPORT_LIMIT = 10  # ms
LATE = 5  # ms

IMPORT = """
import asyncio, time
start = time.perf_counter()
import asynciojobs
print(time.perf_counter() - start)
"""


class Run(NamedTuple):
    """What a run took, in its own process."""

    build: float  # seconds
    run: float  # seconds
    cpu: float  # processor time of both (seconds)
    peak: int  # bytes more than the process had before

    @property
    def total(self) -> float:
        return self.build + self.run


Runs: TypeAlias = dict[Key, list[Run]]  # with some number of jobs, round by round


def keys_of(options: argparse.Namespace, jobs: int, number: int) -> Iterator[Key]:
    """Go through a round: shape after shape, and for each the contenders in turn."""
    fit = [name for name in options.contenders if jobs <= LARGEST[CONTENDERS[name].role]]
    for shape in options.shapes:
        able = [name for name in fit if CONTENDERS[name].why_not(shape) is None]
        yield from ((name, shape) for name in in_turn(able, number))


def verify(options: argparse.Namespace) -> Iterator[str]:
    """Verify the order of the jobs in separate runs; yield what was wrong."""
    for contender, shape in keys_of(options, VERIFIED, 0):
        try:
            faults = child(contender, shape, VERIFIED, "verify", timeout=STOP)
        except ChildError as error:
            faults = [error]
        yield from (f"{contender}, {shape}: {fault}" for fault in faults)


def measure(options: argparse.Namespace, jobs: int, left_out: dict[Key, str]) -> Runs:
    """Run all with so many jobs; note failures, and skip that contender on that shape later."""
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
    return Run(**child(contender, shape, jobs, timeout=STOP if contender in PEERS else None))


def growth(shape: str, jobs: int) -> tuple[float, Run]:
    """Return our time per job with many jobs over that with few, and the large run."""
    few = median(run_once("ours", shape, FEW).total for _ in range(3)) / FEW
    many = run_once("ours", shape, jobs)
    return many.total / jobs / few, many


class Limit(NamedTuple):
    """A limit on the median of what was measured."""

    text: str
    bound: float
    spread: Spread


def over(runs: Runs, other: str, shape: str) -> Spread | None:
    """Return our time over that of another, by rounds, if both ran."""
    ours, theirs = (runs.get((name, shape)) for name in ("ours", other))
    if not ours or not theirs:
        return None
    return ratios((run.total for run in ours), (run.total for run in theirs))


def limits_of(jobs: int, runs: Runs) -> Iterator[Limit]:
    """Yield the limits on our time, and on the peers' where each does best."""
    for other, shape, bound in REFERENCES:
        if jobs >= 10_000 and (spread := over(runs, other, shape)):
            yield Limit(f"{shape}, N = {jobs:,}: ours / {other}", bound, spread)
    for peer in PEERS:
        shapes = [shape for name, shape in runs if name == peer]
        found = [(spread, shape) for shape in shapes if (spread := over(runs, peer, shape))]
        if found:
            spread, shape = max(found)
            yield Limit(f"{shape}, N = {jobs:,}: ours / {peer}, at its best", 1, spread)


def limit_lines(limits: Iterable[Limit]) -> Iterator[str]:
    rows = [
        (text, f"{spread:.2f}", verdict(spread.median, bound)) for text, bound, spread in limits
    ]
    yield from ("", *table([("Limits", "measured", ""), *rows]))


def table_of(jobs: int, runs: Runs, held: int) -> Iterator[str]:
    """Yield ratios, times and memory; `held` are the bytes of the coroutines alone."""
    rows = [(f"N = {jobs:,}", "", "ours / it", "µs a job, build + run", "bytes a job")]
    for shape in SHAPES:
        for name in [name for name in CONTENDERS if (name, shape) in runs]:
            build, run, _, peak = medians(runs[name, shape])
            spread = over(runs, name, shape)
            ratio = f"{spread:.2f}" if spread else "-"
            build_and_run = f"{build / jobs * 1e6:.1f} + {run / jobs * 1e6:.1f}"
            rows.append((shape, name, ratio, build_and_run, f"{(peak - held) / jobs:,.0f}"))
    yield from ("", *table(rows))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench:compare", description=__doc__)
    add = parser.add_argument
    add("--shapes", nargs="+", choices=SHAPES, default=[*SHAPES], metavar="SHAPE")
    add("--sizes", nargs="+", type=int, default=SIZES, metavar="N", help="100 at least")
    add("--contenders", nargs="+", choices=CONTENDERS, default=[*CONTENDERS], metavar="NAME")
    add("--rounds", type=int, default=5, help="pairs of runs (%(default)s)")
    options = parser.parse_args(arguments)
    options.contenders = list(dict.fromkeys(["ours", *options.contenders]))
    return options


def other_limits(rounds: int) -> Iterator[Limit]:
    """Measure the import and the ticker; ticks before the first job have no limit."""
    python("-c", IMPORT)  # the first import compiles
    imports = [python("-c", IMPORT) for _ in range(2 * rounds + 1)]
    text = "import asynciojobs, over import asyncio, ms"
    yield Limit(text, IMPORT_LIMIT, Spread.of(time * 1000 for time in imports))
    ticks = [child("ours", "independent", TICKED, "tick") for _ in range(rounds)]
    for part, bound in (("starting", inf), ("running", LATE)):
        late = Spread.of(tick[part] * 1000 for tick in ticks)
        yield Limit(f"worst tick of 10 ms, {part} {TICKED:,} jobs, ms", bound, late)


def measure_million(options: argparse.Namespace, jobs: int, held: int) -> Iterator[Limit]:
    """Run so many of our jobs, and print the table; yield limits on growth and memory."""
    runs: Runs = {}
    for shape in options.shapes:
        grown, run = growth(shape, jobs)
        runs["ours", shape] = [run]
        text = f"{shape}: a job of {jobs:,} / one of {FEW:,}"
        yield Limit(text, GROWTH, Spread.of([grown]))
        if shape in BYTES:
            text = f"{shape}, N = {jobs:,}: memory, bytes a job"
            yield Limit(text, BYTES[shape], Spread.of([(run.peak - held) / jobs]))
    print(*table_of(jobs, runs, held), sep="\n", flush=True)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if faults := list(verify(options)):
        sys.exit("\n".join(["The order of the jobs was wrong:", *faults]))
    print("The order of the jobs was right: every contender, every shape.", flush=True)
    limits = [*other_limits(options.rounds)]
    left_out = {
        (name, shape): reason
        for name in options.contenders
        for shape in options.shapes
        if (reason := CONTENDERS[name].why_not(shape))
    }
    for jobs in options.sizes:
        held = run_once("held", "independent", jobs).peak  # the user holds this anyway
        if jobs < MILLION:
            runs = measure(options, jobs, left_out)
            print(*table_of(jobs, runs, held), sep="\n", flush=True)
            limits += limits_of(jobs, runs)
        else:
            limits += measure_million(options, jobs, held)
    if left_out:
        reasons = [f"{name}, {shape}: {reason}" for (name, shape), reason in left_out.items()]
        print("\nLeft out", *reasons, sep="\n")
    print(*limit_lines(limits), sep="\n")
