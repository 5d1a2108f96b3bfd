"""One run in a process of its own, which prints its measurements as a line of JSON.

python -m benchmarks.compare.child CONTENDER SHAPE N [verify | tick | --runs RUNS]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from .contenders import Contender, load
from .shapes import SHAPES, AnyCoroutine, Recorder, Shape, nothing, yielding

ROOT = Path(__file__).parents[2]
STATUS = Path("/proc/self/status")
PERIOD = 0.01  # of the ticker (seconds)


class ChildError(Exception):
    """A child gave no answer; the text is its last line, or that it took too long."""


def python(*arguments: str, timeout: float | None = None, checkout: Path | None = None) -> Any:
    """Run Python in a fresh process, and return the JSON that it prints.

    It has the packages of the environment, unless it gets those of a checkout. `timeout` is in
    seconds.
    """
    # Users have compiled modules, unless this variable is set.
    env = {name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if checkout is not None:
        env["PYTHONPATH"] = os.pathsep.join(map(str, checkout.glob("packages/*/src")))
    run = partial(subprocess.run, capture_output=True, check=True, text=True)
    try:
        done = run([sys.executable, *arguments], cwd=ROOT, env=env, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise ChildError(f"over {timeout:g} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"ended with {error.returncode}"]
        raise ChildError(lines[-1]) from None
    return json.loads(done.stdout.splitlines()[-1])


def child(contender: str, shape: str, jobs: int, *options: str, **how: Any) -> Any:
    """Run this module as a program; `how` is for `python()`."""
    return python("-m", __name__, contender, shape, str(jobs), *options, **how)


def memory(field: str) -> int:
    """Return ``VmRSS`` or ``VmHWM``: the memory of the process now, or at its peak (bytes)."""
    if not STATUS.exists():  # on Linux, the peak of `getrusage` begins with the parent's
        import resource

        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


async def build_and_run(contender: Contender, shape: Shape) -> tuple[float, float, float]:
    """Return the time of building and of running, and the processor time of both (seconds)."""
    work = yielding if shape.name == "yielding" else nothing
    start, cpu = time.perf_counter(), time.process_time()
    program = contender.program(shape, work)
    built = time.perf_counter()
    await program()
    ended = time.perf_counter()
    return built - start, ended - built, time.process_time() - cpu


def measure(contender: Contender, shape: Shape, runs: int) -> dict[str, float]:
    """Return the shortest times of some runs, with the garbage collector on, as for users."""
    gc.collect()
    before = memory("VmRSS")
    times: list[tuple[float, float, float]] = []
    for _ in range(runs):
        gc.collect()
        times.append(asyncio.run(build_and_run(contender, shape)))
    build, run, cpu = map(min, zip(*times, strict=True))
    return {"build": build, "run": run, "cpu": cpu, "peak": max(memory("VmHWM") - before, 0)}


async def verify(contender: Contender, shape: Shape) -> list[str]:
    """Run once, and return what was wrong with the order; empty if nothing was."""
    recorder = Recorder(shape)
    await contender.program(shape, recorder)()
    return recorder.verdict()


async def tick_beside(contender: Contender, shape: Shape) -> dict[str, float]:
    """Tick every 10 ms beside the jobs; return how late the worst ticks were."""
    loop = asyncio.get_running_loop()
    ticks: list[tuple[float, float]] = []  # when it was due, and when it came
    times: list[float] = []  # of the first and the last job

    def tick(due: float) -> None:
        ticks.append((due, loop.time()))
        due = loop.time() + PERIOD
        loop.call_at(due, tick, due)

    async def note() -> None:
        times.append(loop.time())

    def work(number: int, *_results: object) -> AnyCoroutine:
        return note() if number in (0, shape.size - 1) else nothing(number)

    program = contender.program(shape, work)
    tick(loop.time())
    await program()
    return worst(ticks, *times)


def worst(ticks: list[tuple[float, float]], began: float, ended: float) -> dict[str, float]:
    """Return the worst lateness before the first job, and from then to the last job."""
    starting = [came - due for due, came in ticks if due < began]
    running = [came - due for due, came in ticks if due >= began and came < ended]
    return {"starting": max(starting, default=0.0), "running": max(running, default=0.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender")
    parser.add_argument("shape")
    parser.add_argument("jobs", type=int)
    parser.add_argument("mode", nargs="?", choices=("verify", "tick"))
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    contender, shape = load(options.contender), SHAPES[options.shape](options.jobs)
    match options.mode:
        case "verify":
            told: object = asyncio.run(verify(contender, shape))
        case "tick":
            told = asyncio.run(tick_beside(contender, shape))
        case _:
            told = measure(contender, shape, options.runs)
    print(json.dumps(told), flush=True)
    os._exit(0)  # freeing a million objects would measure nothing


if __name__ == "__main__":
    main()
