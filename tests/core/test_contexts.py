"""Context variables: each job starts in a copy of the context of the caller of co_run()."""

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar

import pytest

from asynciojobs import Job, PureScheduler, Scheduler

variable = ContextVar("variable", default="unset")


async def read():
    return variable.get()


async def write(value):
    variable.set(value)


def test_a_job_sees_what_the_caller_of_co_run_set(in_loop):
    async def main():
        variable.set("by the caller")
        job = Job(read)
        await PureScheduler(job).co_run()
        return job.result()

    assert in_loop(main()) == "by the caller"


def test_a_job_of_any_depth_sees_what_the_caller_of_co_run_set(in_loop):
    async def main():
        variable.set("by the caller")
        job = Job(read)
        await Scheduler(Scheduler(Scheduler(job))).co_run()
        return job.result()

    assert in_loop(main()) == "by the caller"


def test_a_job_sees_what_the_caller_of_run_set(every_loop):
    token = variable.set("by the caller")
    try:
        job = Job(read)
        PureScheduler(job).run()
    finally:
        variable.reset(token)
    assert job.result() == "by the caller"


def test_what_a_job_sets_does_not_leave_the_run(in_loop):
    async def main():
        await PureScheduler(Job(write, "by a job")).co_run()
        return variable.get()

    assert in_loop(main()) == "unset"


def test_what_a_job_sets_is_not_seen_by_its_successors(every_loop):
    first = Job(write, "by the first")
    second = Job(read, required=first)
    PureScheduler(first, second).run()
    assert second.result() == "unset"


def test_what_a_job_sets_is_not_seen_by_the_job_that_gets_its_slot(every_loop):
    second = Job(read)
    PureScheduler(Job(write, "by the first"), second, jobs_window=1).run()
    assert second.result() == "unset"


def test_what_a_job_sets_is_not_seen_by_the_jobs_that_it_adds(every_loop):
    async def add():
        variable.set("by the adder")
        scheduler.add(new)

    new = Job(read)
    scheduler = PureScheduler(Job(add))
    scheduler.run()
    assert new.result() == "unset"


def test_what_a_failing_job_sets_is_not_seen_by_its_successors(every_loop):
    async def write_and_fail():
        variable.set("by the first")
        raise ValueError

    first = Job(write_and_fail, critical=False)
    second = Job(read, required=first)
    PureScheduler(first, second).run()
    assert second.result() == "unset"


def test_what_a_nested_job_sets_is_not_seen_outside(every_loop):
    nested = Scheduler(Job(write, "inside"))
    after = Job(read, required=nested)
    PureScheduler(nested, after).run()
    assert after.result() == "unset"


def test_what_is_set_after_the_start_of_the_run_is_not_seen(in_loop):
    async def main():
        variable.set("before")
        first = Job(asyncio.sleep, 1)
        job = Job(read, required=first)
        run = asyncio.ensure_future(PureScheduler(first, job).co_run())
        await asyncio.sleep(0)
        variable.set("after")
        await run
        return job.result()

    assert in_loop(main()) == "before"


def test_a_job_after_the_first_slice_has_the_same_context(in_loop):
    async def main():
        variable.set("by the caller")
        jobs = [Job(read) for _ in range(1000)]
        await PureScheduler(*jobs).co_run()
        return {job.result() for job in jobs}

    assert in_loop(main()) == {"by the caller"}


# -- eager tasks start inside the last step of another job


@pytest.fixture
def eager_loop(fake_time):
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        pytest.skip("there are no eager tasks before Python 3.12")

    def make():
        loop = fake_time()
        loop.set_task_factory(factory)
        return loop

    return make


async def fail():
    raise ValueError("of the job before")


@pytest.mark.parametrize("ends", [fail, read])
def test_an_eager_job_does_not_see_how_the_job_before_it_ended(eager_loop, ends):
    async def before():
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        await ends()

    async def look():
        tasks.append(asyncio.current_task())
        seen.append(sys.exception())
        raise KeyError("own")

    tasks, seen = [], []
    first = Job(before, critical=False)
    second = Job(look, critical=False, required=first)
    assert PureScheduler(first, second).run(loop_factory=eager_loop) is True
    assert (seen, tasks[0] is tasks[1]) == ([None], False)
    assert second.raised_exception().__context__ is None


def test_an_eager_job_of_a_nested_scheduler_does_not_see_it_either(eager_loop):
    async def look():
        return sys.exception()

    first, second = Job(fail, critical=False), Job(look)
    first_in = Scheduler(first)
    assert PureScheduler(first_in, Scheduler(second, required=first_in)).run(
        loop_factory=eager_loop
    )
    assert second.result() is None
