"""Times asynciojobs against engines of thirty lines; see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import gc
from statistics import median

from benchmarks.compare.child import timed
from benchmarks.compare.contenders import Contender, load
from benchmarks.compare.shapes import Shape, make
from benchmarks.compare.work import nothing

SHAPES = ("independent", "chain", "shuffled", "layered", "window", "fan", "nested")


def milliseconds(contender: Contender, shape: Shape) -> float:
    gc.collect()
    return sum(asyncio.run(timed(contender, shape, nothing))) * 1000


def compare(shape: Shape, rounds: int) -> str:
    contenders = [load(name) for name in ("ours", "counter", "ranks")]
    times = [[milliseconds(each, shape) for each in contenders] for _ in range(rounds)]
    medians = "".join(f"{median(column):9.1f}" for column in zip(*times, strict=True))
    return f"{medians}   {ratio(times, 1)}   {ratio(times, 2)}"


def ratio(times: list[list[float]], other: int) -> str:
    ratios = [row[0] / row[other] for row in times]
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:quick", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs (10000)")
    parser.add_argument("--rounds", type=int, default=7, help="how many pairs of runs (7)")
    options = parser.parse_args()
    print(f"{'build and run':12}  ours/ms  counter    ranks   ours/counter          ours/ranks")
    for name in SHAPES:
        print(f"{name:12}{compare(make(name, options.jobs), options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
