"""Compare many thousands of random schedulers with the model.

./hatchw run fuzz --cases 50000

If a run differs, the case is made smaller, and printed as a test.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings
from runmodel import cases as scripts
from runmodel.cases import Case
from runmodel.compare import check, compare
from runmodel.strategies import cases

AT_ONCE = 1000
"""Cases in one run of hypothesis; after each run, the progress is printed."""


class Found(Exception):
    """The model and a run differ; the message is the case as a test."""


def test_code(case: Case, judge: Callable[[Case], object]) -> str:
    """Return a case as the code of a test."""
    names = [name for name in scripts.__all__ if f"{name}(" in repr(case)]
    return "\n".join(
        [
            f"from runmodel.cases import {', '.join(sorted(names))}",
            f"from runmodel.compare import {judge.__name__}",
            "",
            "",
            "def test_what_was_found():",
            f"    {judge.__name__}({case!r})",
        ]
    )


def search(judge: Callable[[Case], object], *, spread: bool, first: int, count: int) -> None:
    """Compare a number of random cases with the model.

    Raises:
        Found: a case is wrong; the smallest one is in the message.
    """
    wrong: list[tuple[Case, BaseException]] = []

    @seed(first)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(spread=spread))
    def judge_all(case: Case) -> None:
        try:
            judge(case)
        except BaseException as error:
            wrong[:] = [(case, error)]  # hypothesis tries the smallest one last
            raise

    try:
        judge_all()
    except BaseException:
        if not wrong:
            raise
        case, error = wrong[0]
        told = "\n".join(f"# {line}" for line in str(error).splitlines()[1:])
        raise Found(f"{test_code(case, judge)}\n\n# {type(error).__name__}\n{told}") from None


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fuzz", description="Compare random schedulers with the model."
    )
    parser.add_argument("--cases", type=int, default=20_000, help="how many (20000)")
    parser.add_argument("--seed", type=int, help="where to begin; one that was printed")
    return parser.parse_args()


def main() -> int:
    """Search, in turns, with times that differ and with times that coincide."""
    arguments = options()
    first = random.randrange(2**31) if arguments.seed is None else arguments.seed
    started = time.monotonic()
    print(f"seed {first}")
    for done in range(0, arguments.cases, AT_ONCE):
        spread = done // AT_ONCE % 3 != 2
        judge = compare if spread else check
        count = min(AT_ONCE, arguments.cases - done)
        try:
            search(judge, spread=spread, first=first + done, count=count)
        except Found as found:
            print(f"after {done} cases:\n\n{found}")
            return 1
        print(f"{done + count} cases, {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
