"""Several threads at once, each with its own schedulers, observers and clock.

On a free-threaded build they really run at the same time.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, Watch
from asynciojobs_testkit import DeadlockError, FakeClock, FakeJob, LeftoverError, Timeline

THREADS = 6
ROUNDS = 3


@pytest.fixture
def all_at_once():
    """Return a function that calls another one in several threads, with their numbers."""

    def call(function, inherit):
        def begin(number):
            together.wait()
            return function(number)

        together = threading.Barrier(THREADS, timeout=30)
        with ThreadPoolExecutor(THREADS) as pool:
            futures = [
                pool.submit(contextvars.copy_context().run, begin, number)
                if inherit
                else pool.submit(begin, number)
                for number in range(THREADS)
            ]
            return [future.result() for future in futures]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns often, where only one can run
    yield call
    sys.setswitchinterval(interval)


def scenario(number):
    """Return a scheduler that takes `number` + 3 seconds, with a nested one."""
    first = FakeJob("first", takes=1)
    inner = Scheduler(
        *(FakeJob(takes=1) for _ in range(2)),
        jobs_window=1,
        label="inner",
        required=first,
    )
    bad = FakeJob("bad", takes=0.5, raises=ValueError("no disk"), required=first)
    bad.critical = False
    last = FakeJob("last", takes=number, required=(inner, bad), shutdown_takes=0.25)
    return Scheduler(first, inner, bad, last)


async def running_loop():
    return asyncio.get_running_loop()


def one_thread(number):
    """Use a clock in all ways; return what was seen."""
    seen = []
    assert type(asyncio.run(running_loop())).__module__.startswith("asyncio.")
    for _ in range(ROUNDS):
        events = []
        scheduler = scenario(number)
        with FakeClock().installed() as clock, Timeline(scheduler) as timeline:
            watch = Watch(show_elapsed=False)
            with scheduler.observe(lambda _, found=events: found.append(threading.get_ident())):
                assert scheduler.run()
                assert scheduler.shutdown()
            asyncio.run(asyncio.sleep(10))
            seen.append((clock.time, watch.seconds(), timeline.end("last")))
        assert set(events) == {threading.get_ident()}
    return seen, len(events)


@pytest.mark.parametrize("inherit", [False, True])
def test_each_thread_has_its_own_clock(all_at_once, inherit):
    with FakeClock(start=1000).installed() as clock:
        found = all_at_once(one_thread, inherit)
        asyncio.run(asyncio.sleep(1))
    assert clock.time == 1001
    counts = {count for _, count in found}
    assert len(counts) == 1
    for number, (seen, _) in enumerate(found):
        end = number + 3.0
        assert seen == [(end + 10.25, end + 10.25, end)] * ROUNDS


def test_each_thread_has_its_own_errors(all_at_once):
    async def stay():
        name = f"stray of {threading.get_ident()}"
        return asyncio.create_task(asyncio.sleep(100), name=name)

    def stuck(number):
        job = Job(asyncio.Event().wait, label=f"job {number}")
        with pytest.raises(DeadlockError) as caught, FakeClock().installed():
            PureScheduler(job).run()
        names = [waiting.name for waiting in caught.value.waiting]
        with pytest.raises(LeftoverError) as left:
            FakeClock().run(stay())
        return (
            names,
            str(left.value).count("stray of"),
            str(threading.get_ident()) in str(left.value),
        )

    for number, found in enumerate(all_at_once(stuck, inherit=True)):
        assert found == ([f"<Job `job {number}`>"], 1, True)


def test_everything_is_restored_after_the_threads(all_at_once):
    before = (
        asyncio.events.new_event_loop,
        asyncio.Runner.run,
        asyncio.BaseEventLoop.run_until_complete,
        asyncio.BaseEventLoop.run_forever,
    )
    all_at_once(one_thread, inherit=True)
    assert before == (
        asyncio.events.new_event_loop,
        asyncio.Runner.run,
        asyncio.BaseEventLoop.run_until_complete,
        asyncio.BaseEventLoop.run_forever,
    )


# -- what a clock costs: on such a build, each garbage collection is a full one


@pytest.fixture
def collections(monkeypatch):
    """Return a list that grows by one for each collection of garbage."""
    found = []
    collect = gc.collect
    monkeypatch.setattr(gc, "collect", lambda *args: [found.append(args), collect(*args)])
    return found


def test_a_block_of_a_clock_collects_garbage_once(collections):
    clock = FakeClock()
    with clock.installed():
        Scheduler(FakeJob()).run()
        clock.check_leftovers()
    assert len(collections) == 1


def test_each_block_and_each_task_is_looked_at(collections):
    clock = FakeClock()
    with clock.installed():
        clock.check_leftovers()
        asyncio.run(asyncio.sleep(0))
    with clock.installed():
        pass
    assert len(collections) == 3


def test_a_coroutine_in_a_cycle_is_found_in_each_block():
    def drop():
        cycle = [running_loop()]
        cycle.append(cycle)

    clock = FakeClock()
    for _ in range(2):
        with pytest.raises(LeftoverError, match="coroutine running_loop"), clock.installed():
            drop()
