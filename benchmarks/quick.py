"""Compares the engine with two of thirty lines, in fresh processes; see README.md."""

from __future__ import annotations

import argparse
from statistics import median

from benchmarks.compare.child import child
from benchmarks.rounds import ratios, turns

CONTENDERS = ("ours", "counter", "ranks")
SHAPES = ("independent", "chain", "shuffled", "layered", "window", "fan", "nested")
RUNS = 2  # of a process, which reports the quicker one


def milliseconds(contender: str, shape: str, jobs: int) -> float:
    """Return the processor time of building and running, in a fresh process."""
    return float(child(contender, shape, jobs, "--runs", str(RUNS))["cpu"]) * 1000


def compare(shape: str, jobs: int, rounds: int) -> str:
    """Return a line: medians of the times, and of our ratios to the others, by rounds."""
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for name in turns(CONTENDERS, rounds):
        times[name].append(milliseconds(name, shape, jobs))
    ours, *others = times.values()
    cells = "".join(f"{median(column):9.1f}" for column in (ours, *others))
    return cells + "".join(f"   {ratios(ours, other):.3f}" for other in others)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:quick", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs (10000)")
    parser.add_argument("--rounds", type=int, default=10, help="how many rounds (10)")
    options = parser.parse_args()
    first, *others = CONTENDERS
    heads = "".join(f"{name:>9}" for name in CONTENDERS)
    heads += "".join(f"   {f'{first} / {other}':22}" for other in others)
    print(f"{'CPU, ms':12}{heads}".rstrip())
    for shape in SHAPES:
        print(f"{shape:12}{compare(shape, options.jobs, options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
