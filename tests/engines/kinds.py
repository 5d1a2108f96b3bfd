"""What calls of jobs are made by, each kind as one entry of `KINDS`."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from asynciojobs.engine import Engine

__all__ = ["EVERYTHING", "KINDS", "WORKERS", "Kind"]

EVERYTHING = os.environ.get("ASYNCIOJOBS_TEST_ENGINES") == "all"
"""Leave no kind out, and send what is large: ./hatchw run engines:test sets that."""

WORKERS = 2
"""How many calls each kind runs at once."""


@dataclass(frozen=True)
class Kind:
    """A kind of executor, and how far it goes.

    Args:
        name: how it is called.
        make: makes one with `WORKERS` workers, for the time of a ``with`` block.
        needs: the modules without which it can't be made.
        in_threads: it calls in this process: nothing is pickled, and a function that runs is
            waited for.
        hands_over_handles: it is an engine, whose results are handles.
        sends_closures: it pickles functions that are in no module.
        believed_cancelled: it says that a call was cancelled whether that runs or not.
        cancels_within: how long it may take until a call can't begin any more (seconds).
        sends_errors_back: that a result can't be pickled ends the call.
        unpicklable: the type of what comes of an exception that can't be unpickled.
        calls_again: a call whose worker dies is called again by another; else the pool is dead.
    """

    name: str
    make: Callable[[], AbstractContextManager[Executor | Engine]]
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
        """The modules that are not here, as text; "" if there are none."""
        found = importlib.util.find_spec
        return ", ".join(module for module in self.needs if found(module) is None)


def threads() -> AbstractContextManager[Executor]:
    return ThreadPoolExecutor(WORKERS)


def processes() -> AbstractContextManager[Executor]:
    # Python 3.12 warns of a fork in a process that has threads.
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(WORKERS, mp_context=context)


@contextmanager
def loky() -> Iterator[Executor]:
    # The reusable one is one for all: a test that kills it would kill that of the others.
    pool: Any = importlib.import_module("loky").ProcessPoolExecutor(WORKERS)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, kill_workers=True)


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
]
