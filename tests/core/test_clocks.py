"""All times are those of ``loop.time()``, however that was replaced."""

from __future__ import annotations

import asyncio
import time
from unittest import mock

import pytest

from asynciojobs import Job, PureScheduler, Scheduler

AGES = 1e6
"""How far the replaced clocks are ahead of the real one (seconds)."""


async def nothing():
    await asyncio.sleep(0)


async def fail():
    raise ValueError


async def sleep(record):
    """Note when a job begins and ends, as the loop tells it."""
    loop = asyncio.get_running_loop()
    record.append(loop.time())
    await nothing()
    record.append(loop.time())


def ahead(real):
    """Return a clock that is far ahead of another one."""
    return lambda *args: real(*args) + AGES


def of_the_object(monkeypatch):
    """Replace the clock of each loop object."""
    del monkeypatch  # nothing has to be undone
    loop = asyncio.SelectorEventLoop()
    loop.time = ahead(loop.time)
    return loop


def of_its_class(monkeypatch):
    monkeypatch.setattr(
        asyncio.SelectorEventLoop, "time", ahead(asyncio.BaseEventLoop.time), raising=False
    )
    return asyncio.SelectorEventLoop()


def of_the_base_class(monkeypatch):
    monkeypatch.setattr(asyncio.BaseEventLoop, "time", ahead(asyncio.BaseEventLoop.time))
    return asyncio.SelectorEventLoop()


def of_a_class_of_its_own(monkeypatch):
    del monkeypatch

    class Ahead(asyncio.SelectorEventLoop):
        def time(self):
            return super().time() + AGES

    return Ahead()


def of_the_module_time(monkeypatch):
    monkeypatch.setattr(time, "monotonic", ahead(time.monotonic))
    return asyncio.SelectorEventLoop()


def of_the_module_time_in_asyncio(monkeypatch):
    loop = asyncio.SelectorEventLoop()  # it asks that module for the resolution of the clock
    monkeypatch.setattr("asyncio.base_events.time", mock.Mock(monotonic=ahead(time.monotonic)))
    return loop


def of_nothing(monkeypatch):
    """Replace no clock."""
    del monkeypatch
    return asyncio.SelectorEventLoop()


CLOCKS = [
    of_the_object,
    of_its_class,
    of_the_base_class,
    of_a_class_of_its_own,
    of_the_module_time,
    of_the_module_time_in_asyncio,
    of_nothing,
]


@pytest.fixture(params=CLOCKS, ids=lambda replace: replace.__name__)
def loop(request, monkeypatch):
    """A loop whose clock was replaced."""
    return request.param(monkeypatch)


def run(scheduler, loop):
    """Run a scheduler; return when that began and ended, on the clock of the loop."""
    begun = loop.time()
    scheduler.run(loop_factory=lambda: loop)
    return begun, loop.time()


def test_the_times_of_jobs_and_events_are_those_of_the_loop(loop):
    record, times = [], []
    good, bad = Job(sleep, record), Job(fail, critical=False)
    nested = Scheduler(Job(sleep, record))
    scheduler = PureScheduler(good, bad, nested)
    scheduler.observe(lambda event: times.append(event.time))
    begun, ended = run(scheduler, loop)
    times += record
    for job in (good, bad, nested):
        times += [job.started_at, job.ended_at]
    assert len(times) == 14 + 4 + 6
    assert all(begun <= moment <= ended for moment in times)


def test_the_times_of_jobs_without_observers_are_those_of_the_loop(loop):
    first = Job(nothing)
    last = Job(nothing, required=first)
    begun, ended = run(PureScheduler(first, last), loop)
    times = [begun, first.started_at, first.ended_at, last.started_at, last.ended_at, ended]
    assert times == sorted(times)


def test_a_job_that_ends_long_after_its_cancellation_is_named_by_the_clock_of_the_loop(caplog):
    loop = asyncio.SelectorEventLoop()
    now = [5.0]
    loop.time = lambda: now[0]

    async def go_on():
        try:
            await loop.create_future()
        except asyncio.CancelledError:
            now[0] += 2

    scheduler = PureScheduler(Job(nothing), Job(go_on, forever=True, label="deaf"))
    run(scheduler, loop)
    ours = [record for record in caplog.records if record.name == "asynciojobs"]
    assert [record.getMessage() for record in ours] == [
        "<Job `deaf`> was cancelled and went on for 2s, to its end"
    ]
