"""Blocks don't change the exceptions that pass, even those that can't be changed."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import CallJob, Job, PureScheduler, Scheduler, Watch, use_loop_factory
from asynciojobs.watch import use_clocks
from asynciojobs_testkit import FakeClock, Timeline


@dataclasses.dataclass(frozen=True)
class Refused(Exception):
    """None of its attributes can be set, not even ``__traceback__``."""

    host: str


@dataclasses.dataclass(frozen=True)
class Stop(KeyboardInterrupt):
    """The same, as a BaseException, which leaves each run."""

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


# -- threads


def loop_and_watch():
    """Return the class of the loops made here, and whether a watch is fake."""
    loop = Job(current_loop).standalone_run()
    return type(loop).__name__, Watch(show_elapsed=False)._clock() == 5


def of_a_thread(function, *args):
    """Return the result of a function in a new thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def fake_settings():
    return use_loop_factory(CLOCK.loop_factory), use_clocks(lambda: 5.0)


REAL = ("_UnixSelectorEventLoop", False) if os.name == "posix" else ("ProactorEventLoop", False)
FAKE = ("FakeLoop", True)


def test_settings_are_those_of_one_thread():
    loops, clocks = fake_settings()
    with loops, clocks:
        assert loop_and_watch() == FAKE
        assert of_a_thread(loop_and_watch) == REAL


def test_a_thread_that_inherits_the_context_does_not_inherit_the_settings():
    # This is what asyncio.to_thread() and sys.flags.thread_inherit_context do.
    loops, clocks = fake_settings()
    with loops, clocks:
        assert of_a_thread(contextvars.copy_context().run, loop_and_watch) == REAL


def test_such_a_thread_has_settings_of_its_own():
    def nested():
        before = loop_and_watch()
        loops, clocks = fake_settings()
        with loops, clocks:
            inside = loop_and_watch()
        return before, inside, loop_and_watch()

    loops, clocks = fake_settings()
    with loops, clocks:
        assert of_a_thread(contextvars.copy_context().run, nested) == (REAL, FAKE, REAL)
        assert loop_and_watch() == FAKE


def test_the_functions_of_calljob_and_to_thread_do_not_get_the_settings():
    async def call():
        return await asyncio.to_thread(loop_and_watch)

    loops, clocks = fake_settings()
    jobs = [CallJob(loop_and_watch), Job(call)]
    with loops, clocks:
        assert Scheduler(*jobs).run()
    assert [job.result() for job in jobs] == [REAL, REAL]


def test_tasks_and_copies_of_the_context_have_the_settings():
    async def task():
        return Watch(show_elapsed=False)._clock()

    async def main():
        return await asyncio.gather(task(), asyncio.create_task(task()))

    loops, clocks = fake_settings()
    with loops, clocks:
        assert contextvars.copy_context().run(loop_and_watch) == FAKE
        assert asyncio.run(main()) == [5, 5]


def test_a_task_that_enters_a_block_does_not_affect_others():
    async def inside():
        with use_clocks(lambda: 5.0):
            entered.set()
            await looked.wait()

    async def outside():
        await entered.wait()
        looked.set()
        return Watch(show_elapsed=False)._clock() == 5

    async def main():
        return await asyncio.gather(inside(), outside())

    entered, looked = asyncio.Event(), asyncio.Event()
    assert asyncio.run(main()) == [None, False]
