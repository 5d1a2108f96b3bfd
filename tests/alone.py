"""Run the core with nothing else installed: the docstrings, and the errors of missing extras.

    python -I -S tests/alone.py      # the core of this checkout, and the standard library

Without -S, and with asynciojobs installed, it uses the installed one.
"""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import logging
import pkgutil
import re
import sys
from collections.abc import Callable
from pathlib import Path

if importlib.util.find_spec("asynciojobs") is None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "packages/asynciojobs-core/src"))

import asynciojobs

OTHERS = ["asynciojobs_graph", "asynciojobs_testkit", "distributed", "graphviz", "pytest"]
EXTRAS = {"asynciojobs.dask"}
"""Modules of the core that need another package."""

DRAWING = re.compile(r".*\.(dot_\w+|export_as_\w+|graph|mermaid_format)")
"""Names that need asynciojobs-graph, so their examples can't run here."""


def run_examples() -> int:
    """Run the examples in all docstrings; return how many there are."""
    attempted = 0
    modules = pkgutil.iter_modules(asynciojobs.__path__, "asynciojobs.")
    for name in {found.name for found in modules} - EXTRAS:
        runner = doctest.DocTestRunner()
        for test in doctest.DocTestFinder().find(importlib.import_module(name)):
            if not DRAWING.fullmatch(test.name):
                runner.run(test)
        if runner.failures:
            raise SystemExit(f"{runner.failures} examples of {name} failed")
        attempted += runner.tries
    return attempted


def refusal_of(extra: Callable[[], object]) -> str:
    """Return the error message of an extra that is not installed."""
    try:
        extra()
    except ImportError as error:
        return str(error)
    raise SystemExit("an extra that is not installed raised no ImportError")


def main() -> None:
    if there := [name for name in OTHERS if importlib.util.find_spec(name)]:
        raise SystemExit(f"not alone: {', '.join(there)} can be imported")
    logging.getLogger("asynciojobs").addHandler(
        logging.NullHandler()
    )  # some failures are meant
    count = run_examples()
    if not count:
        raise SystemExit("there are no examples")
    print(f"{count} examples ran in {asynciojobs.__path__[0]}")
    print(refusal_of(asynciojobs.Scheduler().dot_format))
    for name in EXTRAS:
        print(refusal_of(lambda name=name: importlib.import_module(name)))


if __name__ == "__main__":
    main()
