"""Counts the most frequent words in a folder of texts, in many processes.

    python corpus.py                                    # Python's own sources, in threads
    python corpus.py --engine threads processes dask    # one after another, compared
    python corpus.py ~/books --suffix .txt --engine dask --address tcp://127.0.0.1:8786

**Jobs.** One job lists the files, and splits them into parts of about the same size.  One
job for each part counts its words.  Other jobs merge the counts of four jobs each, until
one count is left.  All of them are `CallJob`s, and each has the jobs before it as arguments:
nothing else says which job requires which.  The same function builds the jobs for each
engine.

**Engines.** With *threads*, nothing has to be sent, but Python lets only one thread compute
at a time.  *Processes* compute in parallel; each result comes back to this process, and
goes out again with each call that needs it.  *Dask* keeps results in its workers, and sends
them from worker to worker.  By default it starts workers on this machine.  With `--address`
it uses a cluster, whose workers must see the files under the same path.

**Output.** The program prints the time of each run, without the start of its processes.  It
also prints how many bytes of results went through this process.  These are counted after
the run: each result is pickled once more, and counts once for each time that it was sent.

Exit status: 0 counted; 1 not counted, because a file or the cluster can't be reached, or
distributed is not installed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import pickle
import re
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from asynciojobs import CallJob, MissingDaskPackageError, Scheduler
from asynciojobs.engine import Engine

ENGINES = ("threads", "processes", "dask")
PATIENCE = 10  # how long to wait for a cluster (seconds)
FAN = 4  # how many counts are merged at once
HEADLINE = str(__doc__).partition("\n")[0]
LEFT_OUT = {"__pycache__", "site-packages"}  # installed packages are not Python's own

Words = Counter[str]
Opening: TypeAlias = Callable[
    [argparse.Namespace], AbstractAsyncContextManager[Executor | Engine]
]


# --- the work; this part knows nothing about jobs


def split(root: str, suffix: str, parts: int) -> list[list[str]]:
    """Return the files of a tree in parts of about the same size.

    Each file goes to the part that is smallest so far.
    """
    found = sorted((path.stat().st_size, str(path)) for path in texts(root, suffix))
    shares: list[list[str]] = [[] for _ in range(parts)]
    sizes = [0] * parts
    for size, path in reversed(found):
        smallest = sizes.index(min(sizes))
        shares[smallest].append(path)
        sizes[smallest] += size
    return shares


def texts(root: str, suffix: str) -> Iterator[Path]:
    """Yield the files of a tree whose names end with the suffix."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        yield from (Path(folder, name) for name in names if name.endswith(suffix))


def count(shares: list[list[str]], number: int) -> Words:
    """Return how often each word is in the files of one part."""
    words: Words = Counter()
    for path in shares[number]:
        text = Path(path).read_text("utf-8", errors="replace")
        words.update(re.findall(r"[^\W\d_]{2,}", text.lower()))
    return words


def merge(*counts: Words) -> Words:
    """Return the sum of some counts."""
    total: Words = Counter()
    for words in counts:
        total.update(words)
    return total


def frequent(words: Words, length: int) -> list[tuple[str, int]]:
    """Return the most frequent words; equally frequent ones in alphabetical order."""
    return sorted(words.items(), key=lambda item: (-item[1], item[0]))[:length]


# --- the scenario, the same for each engine


def scenario(options: argparse.Namespace, executor: Executor | Engine) -> list[CallJob[Any]]:
    """Return the jobs; the last one has the answer."""
    shares = call(executor, split, options.root, options.suffix, options.parts)
    level = [call(executor, count, shares, number) for number in range(options.parts)]
    jobs = [shares, *level]
    while len(level) > 1:
        groups = [level[i : i + FAN] for i in range(0, len(level), FAN)]
        level = [call(executor, merge, *group) for group in groups]
        jobs += level
    return [*jobs, call(executor, frequent, *level, options.top)]


def call(executor: Executor | Engine, function: Any, *args: object) -> CallJob[Any]:
    return CallJob(function, *args, executor=executor)


# --- engines


@asynccontextmanager
async def threads(options: argparse.Namespace) -> AsyncGenerator[Executor, None]:
    with ThreadPoolExecutor(options.workers) as pool:
        yield pool


@asynccontextmanager
async def processes(options: argparse.Namespace) -> AsyncGenerator[Executor, None]:
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        yield pool


@asynccontextmanager
async def dask(options: argparse.Namespace) -> AsyncGenerator[Engine, None]:
    from asynciojobs.dask import DaskEngine  # if it is missing, this says what to install

    distributed: Any = sys.modules["distributed"]
    here = {"n_workers": options.workers, "threads_per_worker": 1, "host": "127.0.0.1"}
    async with (
        nullcontext(options.address)
        if options.address
        else distributed.LocalCluster(
            **here, dashboard_address="127.0.0.1:0", asynchronous=True
        ) as cluster,
        distributed.Client(cluster, asynchronous=True, timeout=PATIENCE) as client,
    ):
        yield DaskEngine(client)


# --- a run


class Told(NamedTuple):
    """The outcome of a run."""

    seconds: float
    jobs: int
    megabytes: float
    answer: list[tuple[str, int]]


async def run(name: str, options: argparse.Namespace) -> Told:
    """Count with one engine."""
    engines: dict[str, Opening] = {"threads": threads, "processes": processes, "dask": dask}
    async with engines[name](options) as executor:
        await Scheduler(*(call(executor, len, "") for _ in range(options.workers))).co_run()
        jobs = scenario(options, executor)
        began = time.perf_counter()
        await Scheduler(*jobs).co_run()
        answer = await jobs[-1].fetch()
        seconds = time.perf_counter() - began
        sent = {"threads": 0, "processes": to_and_fro(jobs), "dask": size_of(answer)}
        return Told(seconds, len(jobs), sent[name] / 1e6, answer)


def to_and_fro(jobs: Sequence[CallJob[Any]]) -> int:
    """Return the bytes of results that come back, and go out with each call that needs them."""
    calls = Counter(giver for job in jobs for giver in job.required)
    return sum(size_of(job.result()) * (1 + calls[job]) for job in jobs)


def size_of(thing: object) -> int:
    """Return how large the pickle of something is (bytes)."""
    return len(pickle.dumps(thing, pickle.HIGHEST_PROTOCOL))


async def compare(options: argparse.Namespace) -> None:
    """Run each engine, and print a line of the table for it."""
    answers: list[list[tuple[str, int]]] = []
    print(f"{'engine':12}{'seconds':>8}{'jobs':>6}{'MB through the driver':>24}")
    for name in options.engine:
        told = await run(name, options)
        answers.append(told.answer)
        print(f"{name:12}{told.seconds:8.2f}{told.jobs:6}{told.megabytes:24.2f}", flush=True)
    assert answers == answers[:1] * len(answers), "the engines don't agree"
    print("Most frequent:", ", ".join(f"{word} {times:,}" for word, times in answers[0]))


# --- the command


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="corpus.py", description=HEADLINE)
    stdlib = sysconfig.get_path("stdlib")
    parser.add_argument("root", nargs="?", default=stdlib, help="the tree (%(default)s)")
    parser.add_argument("--suffix", default=".py", help="of the files (%(default)s)")
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=["threads"])
    parser.add_argument("--address", help="of the scheduler of a Dask cluster, for dask")
    parser.add_argument("--workers", type=positive, default=os.cpu_count(), help="%(default)s")
    parser.add_argument("--parts", type=positive, default=32, help="(%(default)s)")
    parser.add_argument("--top", type=positive, default=5, help="how many words (%(default)s)")
    options = parser.parse_args(arguments)
    if options.address and "dask" not in options.engine:
        parser.error("--address is for --engine dask")
    options.root = str(Path(options.root).absolute())
    if not Path(options.root).is_dir():
        parser.error(f"{options.root} is no folder")
    if next(texts(options.root, options.suffix), None) is None:
        parser.error(f"{options.root} has no files that end with {options.suffix}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = parsed(arguments)
    try:
        asyncio.run(compare(options))
    except (MissingDaskPackageError, OSError) as error:
        print(f"corpus.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
