"""Times asynciojobs against an engine of thirty lines; see README.md beside this file."""

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
    both = load("ours"), load("counter")
    pairs = [[milliseconds(each, shape) for each in both] for _ in range(rounds)]
    ratios = [mine / theirs for mine, theirs in pairs]
    mine, theirs = (median(times) for times in zip(*pairs, strict=True))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return f"{mine:8.1f} {theirs:8.1f}   {median(ratios):.2f} ({spread})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:quick", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs (10000)")
    parser.add_argument("--rounds", type=int, default=7, help="how many pairs of runs (7)")
    options = parser.parse_args()
    print(f"{'shape':12} {'ours/ms':>8} {'ref./ms':>8}   ratio, build and run")
    for name in SHAPES:
        print(f"{name:12} {compare(make(name, options.jobs), options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
