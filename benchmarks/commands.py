"""Times commands: `CommandJob("true")`, and the same by hand."""

from __future__ import annotations

import argparse
import asyncio
from asyncio.subprocess import DEVNULL, PIPE, create_subprocess_exec
from collections.abc import Iterator
from functools import partial
from math import inf
from statistics import quantiles

from asynciojobs import CommandJob, Scheduler
from benchmarks.rounds import Contenders, Times, measured, table, timed, verdict

LIMIT = 1.1  # a CommandJob may take this many times as long as by hand
OURS, BY_HAND = "CommandJob", "by hand"


async def by_job() -> None:
    await CommandJob("true").co_run()


async def by_hand(*, session: bool = False) -> None:
    process = await create_subprocess_exec(
        "true", stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=session
    )
    await process.communicate()


async def without_output() -> None:
    process = await create_subprocess_exec("true")
    await process.wait()


async def many_jobs(count: int, window: int) -> None:
    await Scheduler(*(CommandJob("true") for _ in range(count)), jobs_window=window).co_run()


async def many_by_hand(count: int, window: int, *, session: bool = False) -> None:
    slots = asyncio.Semaphore(window)

    async def one() -> None:
        async with slots:
            await by_hand(session=session)

    await asyncio.gather(*(one() for _ in range(count)))


async def compare(what: str, contenders: Contenders, rounds: int, limit: float) -> None:
    """Run them in turns, and print how the first compares with the others."""
    found = await measured(contenders, rounds, timed)
    print(*table(rows(what, found, limit)), "", sep="\n", flush=True)


def rows(what: str, found: Times, limit: float) -> Iterator[tuple[str, ...]]:
    """Yield a row for each: the quartiles in ms, and our first quartile over theirs.

    If the machine has other work, the other values suffer most.
    """
    yield what, "25 %", "median", "75 %", "CommandJob over it", ""
    quarters = {name: quantiles((wall for wall, _ in it), n=4) for name, it in found.items()}
    for name, cells in quarters.items():
        ratio = quarters[OURS][0] / cells[0]
        quartiles = (f"{quartile * 1000:.2f}" for quartile in cells)
        told = verdict(ratio, limit) if name == BY_HAND else ""
        yield name, *quartiles, f"{ratio:.2f}", told


async def run(options: argparse.Namespace) -> None:
    single: Contenders = {
        OURS: by_job,
        BY_HAND: by_hand,
        "by hand, in a session of its own": partial(by_hand, session=True),
        "by hand, without its output": without_output,
    }
    await compare("one at a time, ms", single, options.calls, LIMIT)
    size = options.many, options.window
    many: Contenders = {
        OURS: partial(many_jobs, *size),
        BY_HAND: partial(many_by_hand, *size),
        "by hand, in sessions of their own": partial(many_by_hand, *size, session=True),
    }
    what = f"{size[0]} commands, {size[1]} at a time, ms"
    await compare(what, many, options.rounds, inf)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench:commands", description=__doc__)
    for option, value in {"calls": 500, "many": 200, "window": 20, "rounds": 15}.items():
        parser.add_argument(f"--{option}", type=int, default=value)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
