"""Task factories that wrap each coroutine in another one, like those of tracing tools."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, use_loop_factory


def wrapping(loop, coroutine, **options):
    async def wrapped():
        return await coroutine

    return asyncio.Task(wrapped(), loop=loop, **options)


@pytest.fixture(autouse=True)
def wrapped(fake_time):
    """Make all loops wrap their tasks."""

    def make():
        loop = fake_time()
        loop.set_task_factory(wrapping)
        return loop

    with use_loop_factory(make):
        yield


async def fail():
    raise ValueError


def test_jobs_run():
    first, last = (Job(asyncio.sleep, 1, result) for result in ("one", "two"))
    last.requires(first)
    assert PureScheduler(first, Scheduler(Job(asyncio.sleep, 1)), last).run() is True
    assert (first.result(), last.result(), last.ended_at) == ("one", "two", 2)


def test_a_job_that_runs_is_cancelled():
    job = Job(asyncio.sleep, 9)
    assert PureScheduler(job, timeout=1).run() is False
    assert (job.is_running(), job.is_done(), job.ended_at) == (True, False, 1)


def test_a_job_that_is_cancelled_has_time_to_clean_up():
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(1)

    job = Job(clean_up)
    assert PureScheduler(job, timeout=1).run() is False
    assert (job.is_done(), job.ended_at) == (False, 2)


def test_a_job_that_is_cancelled_before_its_first_step_has_ended():
    job = Job(asyncio.sleep(9))
    assert PureScheduler(Job(fail), job).run() is False
    assert (job.is_running(), job.is_done(), job.ended_at) == (True, False, 0)


def test_a_nested_scheduler_that_is_cancelled_before_its_first_step_is_shut_down():
    served = []

    async def shut(*_):
        await asyncio.sleep(1)
        served.append(asyncio.get_running_loop().time())

    nested = Scheduler(Job(asyncio.sleep, 9, coshutdown=shut), shutdown_timeout=2)
    assert PureScheduler(Job(fail), nested).run() is False
    assert (served, nested.ended_at) == ([1], 1)


def test_a_job_that_another_one_cancels_before_its_first_step_has_failed():
    async def cancel_victim():
        for task in asyncio.all_tasks():
            if task.get_name() == "victim":
                task.cancel()

    victim = Job(asyncio.sleep(9), label="victim", critical=False)
    last = Job(asyncio.sleep, 1, required=victim)
    assert PureScheduler(Job(cancel_victim), victim, last).run() is True
    assert (type(victim.raised_exception()), last.is_done()) == (asyncio.CancelledError, True)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_factory_that_raises_ends_the_run(error):
    def refuse(loop, coroutine, **options):
        loop.set_task_factory(None)
        raise error

    async def main():
        asyncio.get_running_loop().set_task_factory(refuse)
        await scheduler.co_run()

    job = Job(asyncio.sleep(1))
    scheduler = PureScheduler(job)
    with pytest.raises(error):
        Job(main).standalone_run()
    assert job.is_done() is False


class MinimalTask(asyncio.Future):
    """The minimum that asyncio accepts as a task."""

    def set_name(self, name):
        pass


def test_a_factory_may_make_tasks_without_any_details():
    def make(loop, coroutine, **options):
        made = MinimalTask(loop=loop)
        task = asyncio.Task(coroutine, loop=loop)
        task.add_done_callback(lambda _: made.set_result(None))
        return made

    async def main():
        asyncio.get_running_loop().set_task_factory(make)
        return await scheduler.co_run()

    job = Job(asyncio.sleep, 1, "result")
    scheduler = PureScheduler(job)
    assert (Job(main).standalone_run(), job.result()) == (True, "result")


def test_a_job_that_a_factory_never_begins_has_been_cancelled():
    def make(loop, coroutine, **options):
        loop.set_task_factory(None)  # so that asyncio's own coroutines begin
        made = MinimalTask(loop=loop)
        made.set_result(None)
        return made

    async def main():
        asyncio.get_running_loop().set_task_factory(make)
        return await scheduler.co_run()

    job = Job(asyncio.sleep(1), critical=False)
    scheduler = PureScheduler(job)
    assert Job(main).standalone_run() is True
    assert type(job.raised_exception()) is asyncio.CancelledError
