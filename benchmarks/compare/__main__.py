"""Verifies the order of the jobs, measures, and prints the tables and the limits."""

from __future__ import annotations

import argparse
import sys

from . import report
from .campaign import MILLION, Key, bytes_of_coroutines, growth, imports, measure, ticks, verify
from .contenders import CONTENDERS
from .report import Limit
from .shapes import SHAPES

SIZES = [1_000, 10_000, 100_000, MILLION]


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


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if faults := list(verify(options)):
        sys.exit("\n".join(["The order of the jobs was wrong:", *faults]))
    print("The order of the jobs was right: every contender, every shape.", flush=True)
    limits = [*report.other_limits(imports(options.rounds), ticks(options.rounds))]
    left_out = {
        (name, shape): reason
        for name in options.contenders
        for shape in options.shapes
        if (reason := CONTENDERS[name].why_not(shape))
    }
    for jobs in options.sizes:
        limits += measure_size(options, jobs, left_out)
    if left_out:
        reasons = [f"{name}, {shape}: {reason}" for (name, shape), reason in left_out.items()]
        print("\nLeft out", *reasons, sep="\n")
    print(*report.limit_lines(limits), sep="\n")


def measure_size(
    options: argparse.Namespace, jobs: int, left_out: dict[Key, str]
) -> list[Limit]:
    """Print the tables for so many jobs, and return the limits; a million are only ours."""
    held = bytes_of_coroutines(jobs)
    limits: list[Limit] = []
    if jobs < MILLION:
        runs = measure(options, jobs, left_out)
        limits += report.limits_of(jobs, runs)
    else:
        runs = {}
        for shape in options.shapes:
            grown, run = growth(shape, jobs)
            runs["ours", shape] = [run]
            limits += report.limits_of_million(shape, grown, (run.peak - held) / jobs)
    print(*report.table_of(jobs, runs, held), sep="\n", flush=True)
    return limits


if __name__ == "__main__":
    main()
