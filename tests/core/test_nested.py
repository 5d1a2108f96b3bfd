"""Schedulers in schedulers, at any depth."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, Sequence


async def fail(seconds=1.0):
    await asyncio.sleep(seconds)
    raise ValueError("no")


def test_a_nested_scheduler_runs_like_its_jobs_in_its_place(every_loop):
    jobs = [Job(asyncio.sleep, 0.25) for _ in range(4)]
    begin, *middle, end = jobs
    Scheduler(Sequence(begin, Scheduler(Sequence(*middle)), end)).run()
    assert [job.started_at for job in jobs] == [0, 0.25, 0.5, 0.75]


def test_a_nested_scheduler_starts_when_its_requirements_are_done(every_loop):
    first = Job(asyncio.sleep, 2)
    inside = Job(asyncio.sleep, 1)
    PureScheduler(first, Scheduler(inside, required=first)).run()
    assert inside.started_at == 2


def test_a_nested_scheduler_is_done_when_all_its_jobs_are(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 1), Job(asyncio.sleep, 3))
    after = Job(asyncio.sleep, 1, required=nested)
    PureScheduler(nested, after).run()
    assert after.started_at == 3


def test_the_result_of_a_nested_scheduler_is_the_result_of_its_run(every_loop):
    fine = Scheduler(Job(asyncio.sleep, 1))
    bad = Scheduler(Job(fail), critical=False)
    PureScheduler(fine, bad).run()
    assert (fine.result(), bad.result()) == (True, False)


def test_the_forever_jobs_of_a_nested_scheduler_end_with_it(every_loop):
    forever = Job(asyncio.Event().wait, forever=True)
    nested = Scheduler(forever, Job(asyncio.sleep, 1))
    PureScheduler(nested, Job(asyncio.sleep, 5)).run()
    assert forever.ended_at == 1


def test_a_failure_ends_nested_jobs_at_all_depths(every_loop):
    deep = Job(asyncio.sleep, 9)
    PureScheduler(Job(fail), Scheduler(Scheduler(Scheduler(deep)))).run()
    assert (deep.ended_at, deep.is_done()) == (1, False)


def test_a_nested_scheduler_that_is_cancelled_is_never_done(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 9))
    PureScheduler(Job(fail), nested).run()
    assert (nested.is_running(), nested.is_done(), nested.why()) == (
        True,
        False,
        "CANCELLED",
    )


def test_a_nested_scheduler_can_run_alone_afterwards(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 1))
    outer = Scheduler(nested)
    assert [outer.run(), nested.run(), outer.run()] == [True, True, True]


def test_a_nested_scheduler_that_requires_others_runs_alone(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 1), required=Job(asyncio.sleep, 1))
    assert nested.run() is True


def test_a_scheduler_nested_in_itself_is_refused_with_its_name(every_loop):
    inner, outer = Scheduler(label="inner"), Scheduler(label="outer")
    inner.add(outer)
    outer.add(inner)
    with pytest.raises(ValueError, match=r"^<Scheduler `outer`> is nested in itself$"):
        outer.run()


def test_a_pure_scheduler_can_not_be_nested():
    with pytest.raises(TypeError, match=r"^a scheduler is made of jobs and sequences, "):
        Scheduler(PureScheduler())


def test_a_nested_scheduler_that_redefines_co_run_is_run_by_that(every_loop):
    class Twice(Scheduler):
        async def co_run(self):
            return await super().co_run() and await super().co_run()

    runs = []

    async def note():
        runs.append(1)

    nested = Twice(Job(note))
    assert (PureScheduler(nested).run(), runs, nested.result()) == (True, [1, 1], True)


def test_hundreds_of_levels_run(fast_loop):
    deep = Job(asyncio.sleep, 1)
    scheduler = Scheduler(deep)
    for _ in range(300):
        scheduler = Scheduler(scheduler)
    assert (scheduler.run(), deep.ended_at) == (True, 1)


def test_hundreds_of_levels_are_cancelled(fast_loop):
    deep = Job(asyncio.sleep, 9)
    scheduler = Scheduler(deep)
    for _ in range(300):
        scheduler = Scheduler(scheduler)
    scheduler.timeout = 1
    with pytest.raises(TimeoutError):
        scheduler.run()
    assert (deep.ended_at, deep.is_done()) == (1, False)


def test_hundreds_of_levels_are_shut_down(fast_loop):
    served = []

    async def shut(*_):
        served.append(1)

    scheduler = Scheduler(Job(asyncio.sleep, 1, coshutdown=shut))
    for _ in range(300):
        scheduler = Scheduler(scheduler)
    assert (scheduler.shutdown(), served) == (True, [1])
