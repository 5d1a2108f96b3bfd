"""The program: verifies, measures, prints the tables and writes the JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .campaign import MILLION, Campaign, Options, verify
from .contenders import CONTENDERS
from .report import as_json, lines
from .shapes import PARTS, SHAPES

SIZES = [1_000, 10_000, 100_000, MILLION]
RESULT = Path(__file__).parents[1] / "results" / "compare.json"


def parse(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="bench:compare", description=__doc__)
    add = parser.add_argument
    add("--shapes", nargs="+", choices=SHAPES, default=[*SHAPES], metavar="SHAPE")
    add("--sizes", nargs="+", type=size, default=SIZES, metavar="N")
    add("--contenders", nargs="+", choices=CONTENDERS, default=[*CONTENDERS], metavar="NAME")
    add("--rounds", type=int, default=5, help="pairs of runs (%(default)s)")
    add("--full", action="store_true", help="the references too with 1,000,000 jobs")
    add("--patience", type=float, default=5, help="with peers (%(default)s s)")
    add("--json", type=Path, default=RESULT, help="where to (%(default)s)")
    options = parser.parse_args(arguments, Options())
    options.contenders = list(dict.fromkeys(["ours", *options.contenders]))
    return options


def size(text: str) -> int:
    """Read a number of jobs, as in 10000, 10_000 or 10,000."""
    jobs = int(text.replace(",", ""))
    if jobs < PARTS:
        raise argparse.ArgumentTypeError(f"the shapes need {PARTS} jobs at least, not {jobs}")
    return jobs


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if faults := list(verify(options)):
        sys.exit("\n".join(["The order of the jobs was wrong:", *faults]))
    print("The order of the jobs was right: every contender, every shape.", flush=True)
    records = Campaign(options).measure()
    print(*lines(options, records), sep="\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(as_json(options, records), indent=1) + "\n")
    print(f"\nWritten: {options.json}")


if __name__ == "__main__":
    main()
