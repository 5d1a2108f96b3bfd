"""What works in Pyodide, and the messages if something can't; `smoke.mjs` runs it there."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import asynciojobs
from asynciojobs import CallJob, Job, PureScheduler, Scheduler, Sequence


async def step(result=None, seconds=0.01):
    await asyncio.sleep(seconds)
    return result


async def fail():
    raise ValueError("no")


def message_of(call, kind):
    """Return the message of the error that a call raises."""
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"{call} raised nothing")


# -- runs


async def test_nested_schedulers():
    boot = Scheduler(
        Sequence(Job(step, 1, label="on"), Job(step, 2, label="ping")), label="boot"
    )
    last = Job(step, 3, label="last", required=boot)
    scheduler = Scheduler(boot, last)
    assert await scheduler.co_run() is True
    assert (boot.result(), last.result(), scheduler.why()) == (True, 3, "FINE")
    assert await scheduler.co_shutdown() is True


async def test_a_window():
    running = most = 0

    async def count():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1

    assert await Scheduler(*(Job(count) for _ in range(10)), jobs_window=3).co_run() is True
    assert most == 3


async def test_a_timeout():
    slow = Job(step, None, 60, label="slow")
    scheduler = PureScheduler(Job(step), slow, timeout=0.1)
    began = time.monotonic()
    assert await scheduler.co_run() is False
    assert time.monotonic() - began < 30
    assert scheduler.why() == "TIMED OUT after 0.1s; running: <Job `slow`>"


async def test_a_critical_job_and_a_forever_job():
    monitor = Job(step, None, 60, forever=True)
    scheduler = PureScheduler(monitor, Job(fail, label="fail", critical=True))
    assert await scheduler.co_run() is False
    assert scheduler.why().startswith("CRITICAL FAILURE")
    assert "■" in str(monitor)  # stopped


async def test_a_cancelled_run():
    job = Job(step, None, 60)
    task = asyncio.create_task(PureScheduler(job).co_run())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert "■" in str(job)


async def test_a_job_that_joins_the_run():
    late = Job(step, "late")

    async def add():
        scheduler.add(late)

    scheduler = PureScheduler(Job(add))
    assert await scheduler.co_run() is True
    assert late.result() == "late"


# -- texts


async def test_lists_and_pictures_as_text():
    scheduler = Scheduler(Sequence(Job(step, 1, label="a"), Scheduler(Job(step), label="b")))
    await scheduler.co_run()
    scheduler.list()
    scheduler.debrief()
    assert scheduler.dot_format(status=True).startswith("digraph asynciojobs {")
    assert scheduler.mermaid_format().startswith("flowchart LR")


# -- what is impossible there


async def test_run_says_what_to_write():
    assert message_of(Scheduler().run, RuntimeError) == (
        "this call makes an event loop of its own, but in Pyodide one is always running: "
        "write `await scheduler.co_run()`"
    )


async def test_calls_block_the_loop_and_the_log_says_so_once():
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    log = logging.getLogger("asynciojobs")
    log.addHandler(handler)
    words = CallJob(str.split, "to be or not to be", label="split")
    count = CallJob(len, words)
    assert await Scheduler(words, count).co_run() is True
    log.removeHandler(handler)
    assert count.result() == 6
    ((level, message),) = [(it.levelname, it.getMessage()) for it in records]
    assert level == "WARNING"
    assert message.startswith("Pyodide has no threads: <CallJob `split`> calls its function in")


async def test_a_pool_has_no_threads():
    job = CallJob(len, "four", executor=ThreadPoolExecutor(1), label="j", critical=False)
    assert await PureScheduler(job).co_run() is True
    assert str(job.raised_exception()) == (
        "<CallJob `j`> can't start, since its ThreadPoolExecutor has no thread for it (can't "
        "start new thread): Pyodide has none, so leave out `executor`, or make it an "
        "`async def`"
    )


async def test_the_testkit_without_its_clock():
    from asynciojobs_testkit import FakeJob, Timeline, dag

    def import_clock():
        from asynciojobs_testkit import FakeClock  # noqa: F401

    said = message_of(import_clock, ImportError)
    assert said.startswith("FakeClock can't work in Pyodide")
    scheduler = dag("a>b", takes=0.01)
    scheduler.add(FakeJob("alone"))
    with Timeline(scheduler) as timeline:
        assert await scheduler.co_run() is True
    timeline.assert_order("a", "b")


async def main():
    tests = [it for name, it in globals().items() if name.startswith("test_")]
    for test in tests:
        await test()
        print("passed:", test.__name__)
    place = f"Python {sys.version.split()[0]}, {sys.platform}"
    print(f"asynciojobs {asynciojobs.__version__} on {place}: {len(tests)} passed, 0 failed")
