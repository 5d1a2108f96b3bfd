"""A few runs in a stock event loop, in real time."""

from __future__ import annotations

import asyncio
import time

from asynciojobs import Job, PureScheduler, Scheduler


def test_a_timeout_ends_a_run_in_real_time():
    job = Job(asyncio.sleep, 60)
    before = time.monotonic()
    assert PureScheduler(job, timeout=0.01).run() is False
    assert 0.009 <= time.monotonic() - before < 30


def test_a_duration_is_in_real_seconds():
    job = Job(asyncio.sleep, 0.01)
    PureScheduler(Scheduler(job)).run()
    assert 0.009 <= job.duration() < 30


def test_a_thread_can_end_a_job():
    job = Job(asyncio.to_thread, time.monotonic)
    assert PureScheduler(job).run() is True


def test_jobs_overlap_in_real_time():
    jobs = [Job(asyncio.sleep, 0.005) for _ in range(100)]
    before = time.monotonic()
    PureScheduler(*jobs).run()
    assert time.monotonic() - before < 0.5
