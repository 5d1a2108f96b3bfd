"""A few runs in real time, in the event loops that programs use."""

from __future__ import annotations

import asyncio
import math
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import CallJob, Job, PureScheduler, Scheduler, Sequence, use_loop_factory


def uvloop_loop():
    return pytest.importorskip("uvloop").new_event_loop()


def debugging_loop():
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    return loop


@pytest.fixture(autouse=True, params=[asyncio.new_event_loop, debugging_loop, uvloop_loop])
def real_loop(request):
    with use_loop_factory(request.param):
        yield


def test_a_timeout_ends_a_run_in_real_time():
    job = Job(asyncio.sleep, 60)
    before = time.monotonic()
    assert PureScheduler(job, timeout=0.01).run() is False
    assert 0.009 <= time.monotonic() - before < 30


def test_an_infinite_timeout_never_expires():
    assert PureScheduler(Job(asyncio.sleep, 0), timeout=math.inf).run() is True


def test_a_duration_is_in_real_seconds():
    job = Job(asyncio.sleep, 0.01)
    PureScheduler(Scheduler(job)).run()
    assert 0.009 <= job.duration() < 30


def test_a_thread_can_end_a_job():
    job = Job(asyncio.to_thread, time.monotonic)
    assert PureScheduler(job).run() is True


def test_functions_are_called_by_threads_and_executors():
    with ThreadPoolExecutor(1) as pool:
        numbers = [CallJob(int, "2"), CallJob(int, "3", executor=pool)]
        total = CallJob(pow, *numbers)
        assert (PureScheduler(*numbers, total).run(), total.result()) == (True, 8)


def test_jobs_overlap_in_real_time():
    jobs = [Job(asyncio.sleep, 0.005) for _ in range(100)]
    PureScheduler(*jobs).run()
    took = max(job.ended_at for job in jobs) - min(job.started_at for job in jobs)
    assert sum(job.duration() for job in jobs) > 10 * took


def test_requirements_and_windows_are_respected():
    order = []

    async def note(name):
        order.append(name)
        await asyncio.sleep(0)

    inner = Scheduler(*(Job(note, name, label=name) for name in "bcd"), jobs_window=1)
    scheduler = Scheduler(Sequence(Job(note, "a"), inner, Job(note, "e")))
    assert scheduler.run() is True
    assert order == list("abcde")


def test_a_long_chain_and_many_jobs_end():
    jobs = Sequence(*(Job(asyncio.sleep, 0) for _ in range(300)))
    scheduler = PureScheduler(jobs, *(Job(asyncio.sleep, 0) for _ in range(300)))
    assert scheduler.run() is True
    assert scheduler.stats() == "600D + 0R + 0I = 600"


def test_a_failure_ends_jobs_before_their_first_step():
    async def fail():
        raise OSError("down")

    late = Job(asyncio.sleep, 60)
    nested = Scheduler(Job(asyncio.sleep, 60), label="nested", critical=False)
    scheduler = PureScheduler(Job(fail), late, nested)
    assert scheduler.run() is False
    assert (late.is_done(), late.ended_at is None, nested.is_done()) == (False, False, False)


def test_a_cancellation_leaves_nothing_alive():
    async def main():
        before = asyncio.all_tasks()
        forever = Job(asyncio.sleep, 60, forever=True)
        scheduler = Scheduler(Scheduler(Job(asyncio.sleep, 60)), forever)
        run = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(0.001)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        return asyncio.all_tasks() - before

    PureScheduler(job := Job(main)).run()
    assert job.result() == set()
