"""The loop is lost during a shutdown: the coroutines are closed, and log no complaints.

The loop is stopped for good and closed; or its tasks are collected while it still exists, or
while another loop runs. asyncio's own messages about pending tasks are ignored.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import AbstractJob, CallJob, Job, Scheduler

TURNS = 12
"""Enough for each `co_shutdown()` to have begun."""

NEVER_BEGUN = [
    f"RuntimeWarning(\"coroutine '{it}' was never awaited\")"
    for it in ("serve", "JobTasks.drive")
]
"""Python's own messages about tasks that the loop never started."""


class Hanging(AbstractJob):
    """Its shutdown waits for a future that nobody else keeps, so all of it can be collected."""

    async def co_run(self):
        pass

    async def co_shutdown(self):
        await asyncio.get_running_loop().create_future()


class Sleeping(Hanging):
    async def co_shutdown(self):
        await asyncio.sleep(9)


class Deaf(Hanging):
    """Its shutdown goes on after it is cancelled."""

    async def co_shutdown(self):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(9)
        await asyncio.get_running_loop().create_future()


def flat(kind, **options):
    return Scheduler(kind(label="a"), kind(label="b"), shutdown_timeout=None, **options)


def nested(kind):
    return Scheduler(flat(kind), shutdown_timeout=None)


def shut_down(scheduler):
    return [scheduler.co_shutdown()]


def shut_down_twice(scheduler):
    return [scheduler.co_shutdown(), scheduler.co_shutdown()]


def run(scheduler):
    return [scheduler.co_run()]


SCENARIOS = [
    (flat, shut_down),
    (flat, shut_down_twice),
    (nested, shut_down),
    (nested, shut_down_twice),
    (nested, run),
]


@pytest.fixture
def complaints(monkeypatch):
    """All messages of Python and of the project."""
    said = []
    monkeypatch.setattr("sys.unraisablehook", lambda it: said.append(repr(it.exc_value)))
    for name in ("asynciojobs", "concurrent.futures"):
        log = logging.getLogger(name)
        monkeypatch.setattr(log, "handle", lambda record: said.append(record.getMessage()))
    return said


def close(loop):
    loop.close()


def collect(loop):
    gc.collect()
    loop.close()


def collect_in_another_loop(loop):
    async def main():
        gc.collect()

    asyncio.run(main())
    loop.close()


def take_turns(loop, count):
    for _ in range(count):
        loop.call_soon(loop.stop)
        loop.run_forever()


def lose(coroutines, turns, how):
    """Begin coroutines in a loop, and lose the loop."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    tasks = [loop.create_task(coroutine) for coroutine in coroutines]
    take_turns(loop, turns)
    assert not any(task.done() for task in tasks)
    coroutines.clear()
    tasks.clear()
    how(loop)
    gc.collect()


@pytest.mark.parametrize(("make", "begin"), SCENARIOS)
@pytest.mark.parametrize("how", [close, collect, collect_in_another_loop])
def test_losing_the_loop_in_a_shutdown_logs_nothing(complaints, make, begin, how):
    coroutines = begin(make(Hanging))
    left = weakref.WeakSet(coroutines)
    lose(coroutines, TURNS, how)
    assert (complaints, list(left)) == ([], [])


@pytest.mark.parametrize("turn", range(1, TURNS + 1))
@pytest.mark.parametrize(("make", "begin"), SCENARIOS)
def test_closing_the_loop_in_any_turn_logs_nothing(complaints, make, begin, turn):
    lose(begin(make(Sleeping)), turn, close)
    assert [said for said in complaints if said not in NEVER_BEGUN] == []


def test_losing_the_loop_while_a_cancelled_shutdown_ends_logs_nothing(complaints):
    async def cancelled():
        call = asyncio.ensure_future(flat(Deaf).co_shutdown())
        for _ in range(4):
            await asyncio.sleep(0)
        call.cancel()
        await call

    lose([cancelled()], TURNS, close)
    assert complaints == []


def test_a_shutdown_can_be_closed_while_its_loop_runs_and_its_calls_go_on(complaints):
    served = []

    class Slow(Hanging):
        async def co_shutdown(self):
            await asyncio.sleep(0)
            served.append(self.label)

    async def main():
        coroutine = flat(Slow).co_shutdown()
        coroutine.send(None)
        await asyncio.sleep(0)
        coroutine.close()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert (served, complaints) == (["a", "b"], [])


def test_what_a_shutdown_raises_as_its_loop_is_lost_is_logged(complaints):
    class Failing(Hanging):
        async def co_shutdown(self):
            try:
                await super().co_shutdown()
            finally:
                raise ValueError(self.label)

    lose(shut_down(flat(Failing)), TURNS, close)
    assert sorted(complaints) == [
        f"co_shutdown() of <Failing `{label}`> raised" for label in "ab"
    ]


def test_a_shutdown_is_not_complete_if_its_loop_was_lost(complaints):
    scheduler = flat(Hanging)
    lose(shut_down(scheduler), TURNS, close)
    assert scheduler.shutdown() is False
    assert [*map(repr, scheduler.shutdown_failures().values())] == ["GeneratorExit()"] * 2


def test_a_shutdown_does_not_wait_for_a_call_whose_loop_is_closed(fake_time):
    scheduler = flat(Sleeping)
    loop = asyncio.new_event_loop()
    held = loop.create_task(scheduler.co_shutdown())
    take_turns(loop, TURNS)
    loop.close()
    assert (held.done(), scheduler.shutdown()) == (False, False)


def test_collecting_a_lost_call_does_not_end_the_next_one(fake_time):
    scheduler = flat(Sleeping)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    held = [loop.create_task(scheduler.co_shutdown())]
    take_turns(loop, TURNS)
    loop.close()
    scheduler.add(Sleeping())

    async def main():
        first = asyncio.ensure_future(scheduler.co_shutdown())
        await asyncio.sleep(1)
        held.clear()
        gc.collect()
        await scheduler.co_shutdown()
        return first.done(), asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=fake_time) as runner:
        assert runner.run(main()) == (True, 9)


def test_jobs_whose_shutdown_had_not_begun_are_left_to_the_next_call(complaints):
    served = []

    async def serve(label):
        served.append(label)

    jobs = [Job(asyncio.sleep, 1, coshutdown=lambda _, it=it: serve(it)) for it in "ab"]
    scheduler = Scheduler(*jobs)
    lose(shut_down(scheduler), 1, close)
    assert (scheduler.shutdown(), served) == (True, ["a", "b"])


class Remote:
    """An engine whose calls never end."""

    async def start(self, function, args, kwargs):
        await asyncio.get_running_loop().create_future()

    async def fetch(self, handle):
        pass


@pytest.mark.parametrize("cancelled", [False, True])
def test_losing_the_loop_while_functions_run_logs_nothing(complaints, cancelled):
    def block():
        begun.wait()
        go_on.wait()

    begun, go_on = threading.Barrier(3), threading.Event()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    with ThreadPoolExecutor() as pool, ThreadPoolExecutor() as of_the_loop:
        loop.set_default_executor(of_the_loop)
        kinds = {"executor": pool}, {"executor": Remote()}, {}
        jobs = [CallJob(block, **kind) for kind in kinds]
        tasks = [loop.create_task(Scheduler(*jobs).co_run())]
        take_turns(loop, TURNS)
        begun.wait()
        if cancelled:
            tasks[0].cancel()
        take_turns(loop, TURNS)
        assert not tasks.pop().done()
        loop.close()
        gc.collect()
        go_on.set()
    assert complaints == []
