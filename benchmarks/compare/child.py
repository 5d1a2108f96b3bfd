"""One run, in a process of its own, which prints what it measured as a line of JSON.

python -m benchmarks.compare.child CONTENDER SHAPE N [--verify]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path

from .contenders import Contender, load
from .shapes import Shape, make
from .work import Recorder, Replies, Work, nothing, yielding

__all__ = ["measure", "timed", "verify"]

STATUS = Path("/proc/self/status")


def memory(field: str) -> int:
    """Return ``VmRSS`` or ``VmHWM``: what the process has, or had at most (bytes).

    Linux keeps the latter through fork and exec in what `getrusage` tells, so that it would
    be that of the parent; elsewhere that is all there is.
    """
    if not STATUS.exists():
        import resource

        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


async def timed(contender: Contender, shape: Shape, work: Work) -> tuple[float, float]:
    """Return how long building took, and running (seconds)."""
    start = time.perf_counter()
    program = contender.program(shape, work)
    built = time.perf_counter()
    await program()
    return built - start, time.perf_counter() - built


async def with_its_work(contender: Contender, shape: Shape) -> tuple[float, float]:
    if shape.kind == "nothing":
        return await timed(contender, shape, nothing)
    if shape.kind == "yielding":
        return await timed(contender, shape, yielding)
    replies = Replies(shape.size)
    network = asyncio.create_task(replies.answer())
    times = await timed(contender, shape, replies)
    await network
    return times


def measure(contender: Contender, shape: Shape) -> dict[str, float | int]:
    """Build and run once; the garbage collector is on, as users have it."""
    gc.collect()
    before = memory("VmRSS")
    build, run = asyncio.run(with_its_work(contender, shape))
    peak = max(memory("VmHWM") - before, 0)
    return {"build": build, "run": run, "total": build + run, "peak": peak}


async def recorded(contender: Contender, shape: Shape) -> list[str]:
    recorder = Recorder(shape)
    await contender.program(shape, recorder)()
    return recorder.verdict()


def verify(contender: Contender, shape: Shape) -> list[str]:
    """Run once, and return what was wrong with the order, nothing if all was right."""
    return asyncio.run(recorded(contender, shape))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender")
    parser.add_argument("shape")
    parser.add_argument("jobs", type=int)
    parser.add_argument("--verify", action="store_true")
    options = parser.parse_args()
    contender, shape = load(options.contender), make(options.shape, options.jobs)
    if options.verify:
        print(json.dumps({"faults": verify(contender, shape)}))
    else:
        print(json.dumps(measure(contender, shape)))
    sys.stdout.flush()
    os._exit(0)  # taking a million objects apart would measure nothing


if __name__ == "__main__":
    main()
