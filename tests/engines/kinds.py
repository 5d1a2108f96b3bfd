"""The kinds of executors that can call functions for jobs, one entry of `KINDS` each."""

from __future__ import annotations

import asyncio
import importlib.util
import multiprocessing
import os
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from asynciojobs.engine import Engine

__all__ = ["EVERYTHING", "KINDS", "WORKERS", "Kind", "Place"]

EVERYTHING = os.environ.get("ASYNCIOJOBS_TEST_ENGINES") == "all"
"""Require all kinds, and send large data: ./hatchw run engines:test sets this."""

WORKERS = 2
"""How many calls each kind runs at once."""


class Place(NamedTuple):
    """An executor, and how to run a coroutine that uses it."""

    executor: Executor | Engine
    run: Callable[[Coroutine[Any, Any, Any]], Any] = asyncio.run


@dataclass(frozen=True)
class Kind:
    """A kind of executor, and its abilities.

    Args:
        name: its name in the tests.
        make: makes an executor with `WORKERS` workers, for a ``with`` block.
        needs: the modules that it needs.
        in_threads: whether it calls functions in this process, so nothing is pickled, and a
            function that has begun is waited for.
        hands_over_handles: whether it is an engine, whose results are handles.
        sends_closures: whether it can pickle functions that are in no module.
        believed_cancelled: whether it reports a call as cancelled even if that is running.
        cancels_within: how long a cancelled call may still begin (seconds).
        sends_errors_back: whether a call fails if its result can't be pickled.
        unpicklable: the type of the error if an exception can't be unpickled.
        calls_again: whether another worker makes the call if one dies; otherwise the pool is
            broken.
    """

    name: str
    make: Callable[[], AbstractContextManager[Place]]
    needs: tuple[str, ...] = ()
    in_threads: bool = False
    hands_over_handles: bool = False
    sends_closures: bool = False
    believed_cancelled: bool = False
    cancels_within: float = 0.0
    sends_errors_back: bool = True
    unpicklable: str = "BrokenPoolError"
    calls_again: bool = False

    @property
    def missing(self) -> str:
        """The needed modules that are not installed, as text; "" if there are none."""
        found = importlib.util.find_spec
        return ", ".join(module for module in self.needs if found(module) is None)


@contextmanager
def threads() -> Iterator[Place]:
    with ThreadPoolExecutor(WORKERS) as pool:
        yield Place(pool)


@contextmanager
def processes() -> Iterator[Place]:
    # Python 3.12 warns about forks in a process that has threads.
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        yield Place(pool)


@contextmanager
def loky() -> Iterator[Place]:
    # Not loky's reusable executor: all tests share it, so one test could kill it for others.
    pool: Any = importlib.import_module("loky").ProcessPoolExecutor(WORKERS)
    try:
        yield Place(pool)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


LOCAL: dict[str, object] = {
    "n_workers": WORKERS,
    "threads_per_worker": 1,
    "processes": True,
    "host": "127.0.0.1",
    "dashboard_address": "127.0.0.1:0",
    "worker_dashboard_address": None,
}
"""The options of a Dask cluster for tests: processes on this machine, over loopback."""


@contextmanager
def dask_executor() -> Iterator[Place]:
    """Dask's own executor, whose client has its loop in a thread."""
    module: Any = importlib.import_module("distributed")
    with module.LocalCluster(**LOCAL) as cluster, module.Client(cluster) as client:
        yield Place(client.get_executor(pure=False))


@contextmanager
def dask_engine() -> Iterator[Place]:
    """Our engine, whose client lives in the loop of the runs."""
    module: Any = importlib.import_module("distributed")
    engine: Any = importlib.import_module("asynciojobs.dask")

    async def open_both() -> tuple[Any, Any]:
        cluster = await module.LocalCluster(**LOCAL, asynchronous=True)
        return cluster, await module.Client(cluster, asynchronous=True)

    async def close_both(cluster: Any, client: Any) -> None:
        await client.close()
        await cluster.close()

    with asyncio.Runner() as runner:
        cluster, client = runner.run(open_both())
        try:
            yield Place(engine.DaskEngine(client), runner.run)
        finally:
            runner.run(close_both(cluster, client))


KINDS = [
    Kind(
        "threads",
        threads,
        in_threads=True,
        sends_closures=True,
        unpicklable="TwoWords",
    ),
    Kind("processes", processes),
    Kind("loky", loky, needs=("loky",), sends_closures=True),
    Kind(
        "dask-executor",
        dask_executor,
        needs=("distributed",),
        sends_closures=True,
        believed_cancelled=True,
        cancels_within=0.5,
        sends_errors_back=False,
        unpicklable="TwoWords",
        calls_again=True,
    ),
    Kind(
        "dask-engine",
        dask_engine,
        needs=("distributed",),
        hands_over_handles=True,
        sends_closures=True,
        cancels_within=0.5,
        unpicklable="TwoWords",
        calls_again=True,
    ),
]
