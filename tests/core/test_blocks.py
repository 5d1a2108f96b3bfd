"""Blocks let exceptions pass as they are, those that can't be changed too."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, Watch, use_loop_factory
from asynciojobs.watch import use_clocks
from asynciojobs_testkit import FakeClock, Timeline


@dataclasses.dataclass(frozen=True)
class Refused(Exception):
    """None of its attributes can be set, not even ``__traceback__``."""

    host: str


@dataclasses.dataclass(frozen=True)
class Stop(KeyboardInterrupt):
    """The same, for what leaves each run."""

    host: str


async def current_loop():
    return asyncio.get_running_loop()


CLOCK = FakeClock()

BLOCKS = {
    "use_loop_factory": lambda: use_loop_factory(CLOCK.loop_factory),
    "use_clocks": lambda: use_clocks(lambda: 5.0),
    "installed": FakeClock().installed,
    "external": CLOCK.external,
    "observe": lambda: PureScheduler().observe(print),
    "Timeline": lambda: Timeline(PureScheduler()),
}

blocks = pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
errors = pytest.mark.parametrize("kind", [Refused, Stop])


@errors
@blocks
def test_an_exception_that_can_not_be_changed_leaves_a_block(block, kind):
    error = kind("n1")
    with pytest.raises(kind) as caught, block():
        raise error
    assert caught.value is error


@errors
@blocks
def test_an_exception_of_a_job_leaves_a_block(block, kind):
    error = kind("n1")

    async def fail():
        raise error

    with pytest.raises(kind) as caught, block():
        Scheduler(Job(fail)).run(loop_factory=CLOCK.loop_factory)
    assert caught.value is error


@errors
def test_an_exception_leaves_clock_run(kind):
    error = kind("n1")

    async def fail():
        with CLOCK.external():
            raise error

    with pytest.raises(kind) as caught:
        CLOCK.run(fail())
    assert caught.value is error


@blocks
def test_a_block_ends_after_such_an_exception(block):
    with pytest.raises(Refused), block():
        raise Refused("n1")
    loop = Job(current_loop).standalone_run()
    assert type(loop).__module__.startswith("asyncio.")
    assert Watch(show_elapsed=False).seconds() < 5


@pytest.mark.parametrize("block", [lambda: use_clocks(lambda: 5.0), FakeClock().installed])
def test_a_block_is_a_decorator_too(block):
    @block()
    def countdown(number):
        """Count down."""
        return [number, *countdown(number - 1)] if number else [Watch(show_elapsed=False)]

    assert (countdown.__name__, countdown.__doc__) == ("countdown", "Count down.")
    *numbers, watch = countdown(2)
    assert (numbers, watch.seconds()) == ([2, 1], 0)


def test_threads_may_call_a_decorated_function_at_the_same_time():
    both = threading.Barrier(2, timeout=10)

    @use_loop_factory(CLOCK.loop_factory)
    def run():
        both.wait()
        answer = Scheduler(Job(asyncio.sleep, 3600)).run()
        both.wait()
        return answer

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: run(), range(2))) == [True, True]


def test_a_block_can_be_used_again():
    block = use_clocks(lambda: 5.0)
    for _ in range(2):
        with block:
            pass
    with block:
        assert Watch(show_elapsed=False).seconds() == 0
