"""Loops for the tests of the engine, which create tasks in each way that it supports.

- noted: the loop has its own `create_task()`, like that of the testkit, which takes notes;
- plain: the loop creates tasks as asyncio does, so the engine can create them itself;
- eager: the loop starts tasks at once, if Python supports that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from asynciojobs import use_loop_factory

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

KINDS = ["noted", "plain", *(["eager"] if hasattr(asyncio, "eager_task_factory") else [])]


@pytest.fixture(params=KINDS)
def every_loop(request: pytest.FixtureRequest, fake_time: LoopFactory) -> Iterator[LoopFactory]:
    """Like ``fake_time``, with each kind of task; the loops must not log anything."""
    logged: list[dict[str, Any]] = []

    def make() -> asyncio.AbstractEventLoop:
        loop = fake_time()
        loop.set_exception_handler(lambda _, context: logged.append(context))
        if request.param == "eager":
            loop.set_task_factory(asyncio.eager_task_factory)
        if request.param == "plain":
            kind = type(loop)
            own = {"create_task": asyncio.BaseEventLoop.create_task}
            loop.__class__ = type(kind.__name__, (kind,), own)
        return loop

    with use_loop_factory(make):
        yield make
    assert logged == []


@pytest.fixture
def fast_loop(every_loop: LoopFactory) -> Iterator[LoopFactory]:
    """For runs of very many jobs: without debug mode, which records each task's origin."""

    def make() -> asyncio.AbstractEventLoop:
        loop = every_loop()
        loop.set_debug(False)
        return loop

    with use_loop_factory(make):
        yield make


@pytest.fixture
def in_loop(every_loop: LoopFactory) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Return a function that runs a coroutine; at its end, no other task may be alive."""

    async def alone(coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await coroutine
        finally:
            assert asyncio.all_tasks() == {asyncio.current_task()}

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=every_loop) as runner:
            return runner.run(alone(coroutine))

    return run
