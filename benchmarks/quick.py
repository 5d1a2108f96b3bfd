"""Compares the engine with an engine of thirty lines, or with another checkout's."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

from benchmarks.compare.child import ROOT, child
from benchmarks.rounds import ratios, turns

SHAPES = ("independent", "chain", "shuffled", "layered", "window", "fan", "nested")
RUNS = 2  # in each process, which reports the quicker one
PROCESSES = 8  # of each engine in a round, against another checkout
PACKAGE = "packages/asynciojobs-core/src/asynciojobs"


class Engine(NamedTuple):
    title: str
    contender: str
    checkout: Path


def engines_of(against: Path | None) -> list[Engine]:
    if against is None:
        return [Engine(name, name, ROOT) for name in ("ours", "counter", "ranks")]
    if not (against / PACKAGE).is_dir():
        raise SystemExit(f"{against} is no checkout: it has no {PACKAGE}")
    return [Engine("this", "ours", ROOT), Engine("other", "ours", against.resolve())]


def milliseconds(engine: Engine, shape: str, jobs: int) -> float:
    """Return the processor time of building and running, in a fresh process."""
    runs = ("--runs", str(RUNS))
    told = child(engine.contender, shape, jobs, *runs, checkout=engine.checkout)
    return float(told["cpu"]) * 1000


def compare(
    engines: Sequence[Engine], shape: str, jobs: int, rounds: int, processes: int
) -> str:
    """Return a line: medians of the times, and of our ratios to the others, by rounds."""
    times: dict[str, list[float]] = {engine.title: [] for engine in engines}
    for engine in turns(engines, rounds * processes):  # two take turns as A B B A
        times[engine.title].append(milliseconds(engine, shape, jobs))
    starts = range(0, rounds * processes, processes)
    columns = [[mean(all_[i : i + processes]) for i in starts] for all_ in times.values()]
    cells = "".join(f"{median(column):9.1f}" for column in columns)
    return cells + "".join(f"   {ratios(columns[0], other):.3f}" for other in columns[1:])


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:quick", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs (10000)")
    parser.add_argument("--rounds", type=int, default=10, help="how many rounds (10)")
    parser.add_argument("--against", type=Path, metavar="DIR", help="another checkout")
    options = parser.parse_args()
    engines = engines_of(options.against)
    processes = PROCESSES if options.against else 1
    first, *others = (engine.title for engine in engines)
    heads = "".join(f"{title:>9}" for title in (first, *others))
    heads += "".join(f"   {f'{first} / {other}':22}" for other in others)
    print(f"{'CPU, ms':12}{heads}".rstrip())
    for shape in SHAPES:
        line = compare(engines, shape, options.jobs, options.rounds, processes)
        print(f"{shape:12}{line}", flush=True)


if __name__ == "__main__":
    main()
