"""The program: verifies, measures, prints the tables, draws the plot and writes the JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .campaign import measure_all, verify_all
from .contenders import CONTENDERS
from .plan import Options
from .plot import draw
from .records import Records
from .report import as_json, lines
from .shapes import PARTS, SHAPES

__all__ = ["main", "parse"]

RESULTS = Path(__file__).parents[1] / "results"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    usual = Options()
    parser = argparse.ArgumentParser(prog="bench:compare", description=__doc__)
    add = parser.add_argument
    add("--shapes", nargs="+", choices=SHAPES, default=usual.shapes, metavar="SHAPE")
    add("--sizes", nargs="+", type=size, default=usual.sizes, metavar="N")
    add("--contenders", nargs="+", choices=CONTENDERS, default=usual.contenders, metavar="NAME")
    add("--rounds", type=int, default=usual.rounds, help="pairs of runs (%(default)s)")
    add("--full", action="store_true", help="the references too with 1,000,000 jobs")
    add("--patience", type=float, default=usual.patience, help="with peers (%(default)s s)")
    add("--json", type=Path, default=RESULTS / "compare.json", help="where to (%(default)s)")
    add("--plot", type=Path, default=RESULTS / "compare.svg", help="where to (%(default)s)")
    return parser.parse_args(arguments)


def size(text: str) -> int:
    """Read a number of jobs, as in 10000, 10_000 or 10,000."""
    jobs = int(text.replace(",", ""))
    if jobs < PARTS:
        raise argparse.ArgumentTypeError(f"the shapes need {PARTS} jobs at least, not {jobs}")
    return jobs


def options_of(given: argparse.Namespace) -> Options:
    return Options(
        sizes=tuple(given.sizes),
        shapes=tuple(given.shapes),
        contenders=("ours", *(name for name in given.contenders if name != "ours")),
        rounds=given.rounds,
        full=given.full,
        patience=given.patience,
    )


def verify(options: Options) -> None:
    faults = list(verify_all(options))
    if faults:
        sys.exit("\n".join(["The order of the jobs was wrong:", *faults]))
    print("The order of the jobs was right: every contender, every shape.", flush=True)


def write(options: Options, records: Records, given: argparse.Namespace) -> None:
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(as_json(options, records), indent=1) + "\n")
    print(f"\nWritten: {given.json}")
    try:
        given.plot.parent.mkdir(parents=True, exist_ok=True)
        draw(options, records, given.plot)
    except ImportError:
        print("No plot: that needs matplotlib, pip install matplotlib")
    else:
        print(f"Written: {given.plot}")


def main(arguments: list[str] | None = None) -> None:
    given = parse(arguments)
    options = options_of(given)
    verify(options)
    records = measure_all(options)
    print(*lines(options, records), sep="\n")
    write(options, records, given)


if __name__ == "__main__":
    main()
