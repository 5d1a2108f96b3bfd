"""Use the core where there is nothing else: its docstrings, and what it says of drawing.

    python -I -S tests/alone.py      # the core of this checkout, and the standard library

Run by a Python that has asynciojobs installed, without -S, it takes that.
"""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path

if importlib.util.find_spec("asynciojobs") is None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "packages/asynciojobs-core/src"))

import asynciojobs

OTHERS = ["asynciojobs_graph", "asynciojobs_testkit", "graphviz", "pytest"]


def run_examples() -> int:
    """Run the examples in all docstrings; return how many there are."""
    attempted = 0
    for found in pkgutil.iter_modules(asynciojobs.__path__, "asynciojobs."):
        results = doctest.testmod(importlib.import_module(found.name))
        if results.failed:
            raise SystemExit(f"{results.failed} examples of {found.name} failed")
        attempted += results.attempted
    return attempted


def main() -> None:
    if there := [name for name in OTHERS if importlib.util.find_spec(name)]:
        raise SystemExit(f"not alone: {', '.join(there)} can be imported")
    count = run_examples()
    if not count:
        raise SystemExit("there are no examples")
    try:
        asynciojobs.Scheduler().dot_format()
    except ImportError as error:
        print(f"{count} examples ran in {asynciojobs.__path__[0]}; {error}")
    else:
        raise SystemExit("drawing went well without the package that draws")


if __name__ == "__main__":
    main()
