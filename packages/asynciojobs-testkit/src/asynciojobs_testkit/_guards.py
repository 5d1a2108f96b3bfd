"""The guards of an installed clock: new loops are on it, and no other loop runs."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Iterator
from typing import Any

from asynciojobs._blocks import Block

from ._inforce import CheckedRun, check_run, in_force
from ._monkeypatch import PatchedFunction

__all__ = ["guards", "make_loop"]

new_event_loop = PatchedFunction(asyncio.events, "new_event_loop")  # asyncio.Runner calls it
run_by_runner = PatchedFunction(asyncio.Runner, "run")


def make_loop() -> asyncio.AbstractEventLoop:
    """Make a loop on the clock that is in force in this thread, if any."""
    installation = in_force()
    if installation is not None:
        return installation.make_loop()
    loop: asyncio.AbstractEventLoop = new_event_loop.original()
    return loop


def check_runner(runner: asyncio.Runner, coroutine: Any, **options: Any) -> Any:
    """Run a coroutine in a Runner, if its loop may run.

    This catches uvloop if it is imported only after the clock was installed.
    """
    __tracebackhide__ = True
    check_run(runner.get_loop(), coroutine)
    return run_by_runner.original(runner, coroutine, **options)


class LoopGuard:
    """Checks the loops of a class before they run.

    Args:
        kind: the class.
    """

    def __init__(self, kind: type) -> None:
        self._until_complete = PatchedFunction(kind, "run_until_complete")
        self._forever = PatchedFunction(kind, "run_forever")

    def blocks(self) -> Iterator[Block[None]]:
        """Yield the blocks in which the loops are checked."""

        def run_until_complete(loop: asyncio.AbstractEventLoop, future: Any) -> Any:
            __tracebackhide__ = True
            with CheckedRun(loop, future):
                return self._until_complete.original(loop, future)

        def run_forever(loop: asyncio.AbstractEventLoop) -> None:
            __tracebackhide__ = True
            check_run(loop)
            self._forever.original(loop)

        yield self._until_complete.replaced_by(run_until_complete)
        yield self._forever.replaced_by(run_forever)


guard_of = functools.cache(LoopGuard)


def guards() -> Iterator[Block[None]]:
    """Yield the blocks in which new loops are on the clock, and all loops are checked."""
    yield new_event_loop.replaced_by(make_loop)
    yield run_by_runner.replaced_by(check_runner)
    yield from guard_of(asyncio.BaseEventLoop).blocks()
    if uvloop := sys.modules.get("uvloop"):
        yield from guard_of(uvloop.Loop).blocks()
