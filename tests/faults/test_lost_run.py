"""The loop of a run is closed while its task is kept: the scheduler can be used again."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from asynciojobs import AlreadyRunningError, Job, PureScheduler, Scheduler

TURNS = 12
"""Enough for all jobs to start that can start."""


def sleeper(**options):
    return Job(asyncio.sleep, 9, **options)


def flat(job):
    return Scheduler(job, sleeper(required=job), label="s")


def nested(job):
    return Scheduler(flat(job))


def twice_nested(job):
    return Scheduler(nested(job), sleeper())


@pytest.fixture(params=[flat, nested, twice_nested])
def scheduler(request):
    return request.param(sleeper(label="a"))


@pytest.fixture(params=range(1, TURNS + 1))
def turns(request):
    return request.param


def lose(scheduler, turns=TURNS):
    """Begin a run in a loop, close the loop, and return the task, which the test keeps."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # asyncio complains about pending tasks
    task = loop.create_task(scheduler.co_run())
    for _ in range(turns):
        loop.call_soon(loop.stop)
        loop.run_forever()
    assert not task.done()
    loop.close()
    return task


def innermost(scheduler):
    (inner,) = {job for job in scheduler.iterate_jobs(True) if str(job.label) == "s"}
    return inner


@pytest.fixture(autouse=True)
def collected():
    """Collect what a lost run leaves, so that no later test hears of its coroutines."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        gc.collect()


pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def test_the_scheduler_runs_again(fake_time, scheduler, turns):
    lost = lose(scheduler, turns)
    assert (scheduler.run(), lost.done()) == (True, False)


def test_a_nested_scheduler_runs_by_itself(fake_time, scheduler):
    lost = lose(scheduler)
    assert (innermost(scheduler).run(), lost.done()) == (True, False)


def test_the_scheduler_runs_inside_another_one(fake_time, scheduler):
    lost = lose(scheduler)
    assert (PureScheduler(scheduler).run(), lost.done()) == (True, False)


def test_jobs_can_be_added(fake_time, scheduler):
    lost = lose(scheduler)
    new = scheduler.add(sleeper())
    assert (scheduler.run(), new.is_done(), lost.done()) == (True, True, False)


def test_jobs_can_be_removed(fake_time, scheduler):
    lost = lose(scheduler)
    innermost(scheduler).keep_only(())
    assert (scheduler.run(), lost.done()) == (True, False)


def test_the_end_of_the_lost_run_does_not_affect_the_next_run(fake_time, scheduler):
    async def main():
        run = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(1)
        lost.clear()
        gc.collect()
        with pytest.raises(AlreadyRunningError):
            await scheduler.co_run()
        late = innermost(scheduler).add(sleeper())
        return await run, late.ended_at

    lost = [lose(scheduler)]
    with asyncio.Runner(loop_factory=fake_time) as runner:
        assert runner.run(main()) == (True, 10)


def test_a_loop_that_is_only_stopped_is_not_lost(scheduler):
    loop = asyncio.new_event_loop()
    task = loop.create_task(scheduler.co_run())
    loop.call_soon(loop.stop)
    loop.run_forever()
    with pytest.raises(AlreadyRunningError):
        asyncio.run(scheduler.co_run())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_coroutines_that_were_never_started_are_closed(fake_time):
    started, waiting = asyncio.sleep(9), asyncio.sleep(9)
    first = Job(started)
    scheduler = Scheduler(first, Job(waiting, required=first))
    lost = lose(scheduler)
    scheduler.remove(first)
    assert (waiting.cr_frame, started.cr_frame is None, lost.done()) == (None, False, False)


@pytest.mark.parametrize("make", [flat, nested])
def test_a_job_that_outlives_a_lost_run_runs_again(fake_time, make):
    job = sleeper(label="kept")
    lost = lose(make(job))
    lost._log_destroy_pending = False
    del lost
    gc.collect()
    assert job.cancel() is False
    assert Scheduler(job).run() is True
