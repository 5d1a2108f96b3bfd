"""A run that is over keeps nothing alive, and leaves no reference cycles."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import BestSet, CallJob, Job, PureScheduler, Scheduler
from asynciojobs.bestset import InsertionSet

pytestmark = pytest.mark.skipif(
    BestSet is not InsertionSet,
    reason="an OrderedSet of the package orderedset is a reference cycle",
)

# With an exception of any task, CPython 3.12 and later keep the frames below the coroutine,
# down to the caller of run(). The collector finds them.
frames_are_dropped = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="an exception keeps the frames of the loop"
)


class Thing:
    """An argument or a result of a job."""


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def use(thing, seconds=1.0):
    await asyncio.sleep(seconds)
    return thing


async def fail(thing, seconds=0.0):
    await asyncio.sleep(seconds)
    raise ValueError("no")


def gone(*references):
    return [reference() is None for reference in references]


def test_a_job_that_returned_is_freed_with_its_last_reference(every_loop, no_collector):
    job = Job(use, thing := Thing())
    scheduler = PureScheduler(job)
    scheduler.run()
    references = [weakref.ref(each) for each in (job, scheduler, thing)]
    del job, scheduler, thing
    assert gone(*references) == [True] * 3


def test_the_task_of_a_job_is_freed_at_the_end_of_the_job(every_loop, no_collector):
    async def note_task():
        references.append(weakref.ref(asyncio.current_task()))

    async def look():
        await asyncio.sleep(1)
        return gone(*references)

    references = []
    at_the_end = Job(look)
    PureScheduler(Job(note_task), at_the_end).run()
    assert at_the_end.result() == [True]


@frames_are_dropped
def test_a_job_that_raised_is_freed_with_its_last_reference(every_loop, no_collector):
    job = Job(fail, thing := Thing())
    scheduler = PureScheduler(job)
    scheduler.run()
    references = [weakref.ref(each) for each in (job, scheduler, thing)]
    del job, scheduler, thing
    assert gone(*references) == [True] * 3


@frames_are_dropped
def test_a_job_that_raised_is_freed_even_after_a_call_of_result(every_loop, no_collector):
    job = Job(fail, Thing())
    PureScheduler(job).run()
    try:
        job.result()
    except ValueError:
        pass
    reference = weakref.ref(job)
    del job
    assert gone(reference) == [True]


def take(thing):
    return None


def fail_with(thing):
    raise ValueError("no")


@pytest.fixture(params=["thread of the loop", "pool"])
def threads(request):
    if request.param == "pool":
        with ThreadPoolExecutor(1) as pool:
            yield pool
    else:
        yield None


@pytest.mark.parametrize("function", [take, pytest.param(fail_with, marks=frames_are_dropped)])
def test_a_job_that_called_a_function_is_freed_with_its_last_reference(
    every_loop, no_collector, threads, function
):
    job = CallJob(function, thing := Thing(), executor=threads)
    scheduler = PureScheduler(job)
    scheduler.run()
    if threads is not None:  # a thread keeps its last call until the next one
        threads.submit(take, None).result()
    references = [weakref.ref(each) for each in (job, scheduler, thing)]
    del job, scheduler, thing
    assert gone(*references) == [True] * 3


def test_a_result_that_was_passed_on_is_not_kept_by_the_job_that_got_it(
    every_loop, no_collector
):
    giver = CallJob(Thing)
    taker = CallJob(take, giver)
    scheduler = PureScheduler(giver, taker)
    scheduler.run()
    reference = weakref.ref(giver.result())
    giver._forget_run()
    assert gone(reference) == [True]


def test_a_job_that_was_cancelled_is_freed_with_its_last_reference(every_loop, no_collector):
    job = Job(use, thing := Thing(), 9)
    scheduler = PureScheduler(job, timeout=1)
    scheduler.run()
    references = [weakref.ref(each) for each in (job, scheduler, thing)]
    del job, scheduler, thing
    assert gone(*references) == [True] * 3


@frames_are_dropped
def test_a_run_that_is_cancelled_twice_is_freed_with_its_last_reference(in_loop, no_collector):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(1)

    async def main():
        scheduler = PureScheduler(Job(clean_up))
        reference = weakref.ref(scheduler)
        run = asyncio.create_task(scheduler.co_run())
        del scheduler
        for _ in range(2):
            await asyncio.sleep(0.5)
            run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        del run
        await asyncio.sleep(0)
        return gone(reference)

    assert in_loop(main()) == [True]


def test_a_chain_of_jobs_is_freed_with_its_last_reference(every_loop, no_collector):
    jobs = [Job(use, Thing(), 0)]
    for _ in range(10):
        jobs.append(Job(use, Thing(), 0, required=jobs[-1]))
    scheduler = PureScheduler(*jobs)
    scheduler.run()
    references = [weakref.ref(job) for job in jobs]
    del jobs, scheduler
    assert gone(*references) == [True] * 11


def test_a_job_of_a_nested_scheduler_is_freed_with_its_last_reference(every_loop, no_collector):
    job = Job(use, Thing())
    scheduler = Scheduler(Scheduler(job))
    scheduler.run()
    reference = weakref.ref(job)
    del job, scheduler
    assert gone(reference) == [True]


def test_after_a_failure_everything_can_be_collected(every_loop):
    job = Job(fail, thing := Thing())
    scheduler = PureScheduler(job)
    scheduler.run()
    references = [weakref.ref(each) for each in (job, scheduler, thing)]
    del job, scheduler, thing
    gc.collect()
    assert gone(*references) == [True] * 3


def test_after_a_failure_in_a_nested_scheduler_everything_can_be_collected(every_loop):
    job = Job(fail, thing := Thing())
    scheduler = Scheduler(Scheduler(job), critical=False)
    scheduler.run()
    references = [weakref.ref(each) for each in (job, scheduler, thing)]
    del job, scheduler, thing
    gc.collect()
    assert gone(*references) == [True] * 3


def test_after_an_exit_everything_can_be_collected(every_loop):
    async def leave():
        raise KeyboardInterrupt

    job = Job(leave)
    scheduler = Scheduler(Scheduler(job))
    try:
        scheduler.run()
    except KeyboardInterrupt:
        pass
    references = [weakref.ref(each) for each in (job, scheduler)]
    del job, scheduler
    gc.collect()
    assert gone(*references) == [True] * 2


def test_a_finished_run_does_not_keep_the_loop(every_loop):
    loops = []

    def make():
        loop = every_loop()
        loops.append(weakref.ref(loop))
        return loop

    scheduler = PureScheduler(Job(use, 1), Scheduler(Job(use, 1)))
    scheduler.run(loop_factory=make)
    gc.collect()
    assert gone(*loops) == [True]


def test_a_job_that_ends_frees_what_it_used_while_the_run_goes_on(every_loop):
    async def hold():
        thing = Thing()
        references.append(weakref.ref(thing))
        await asyncio.sleep(1)

    async def look():
        await asyncio.sleep(2)
        return gone(*references)

    references = []
    last = Job(look)
    PureScheduler(Job(hold), last).run()
    assert last.result() == [True]


def test_a_new_run_frees_the_results_of_the_last(every_loop, no_collector):
    async def make():
        return Thing()

    job = Job(make)
    scheduler = PureScheduler(job)
    scheduler.run()
    reference = weakref.ref(job.result())
    scheduler.run()
    assert gone(reference) == [True]


def test_a_removed_job_is_not_kept(every_loop):
    job = Job(use, 1)
    scheduler = PureScheduler(job, Job(use, 2))
    scheduler.run()
    scheduler.remove(job)
    reference = weakref.ref(job)
    del job
    gc.collect()
    assert gone(reference) == [True]


def test_a_removed_nested_scheduler_is_not_kept(every_loop):
    nested = Scheduler(Job(use, 1))
    scheduler = PureScheduler(nested, Job(use, 2))
    scheduler.run()
    scheduler.remove(nested)
    reference = weakref.ref(nested)
    del nested
    gc.collect()
    assert gone(reference) == [True]


@pytest.mark.parametrize("how", [use, fail])
def test_the_task_of_a_job_that_ended_is_freed_while_the_run_goes_on(every_loop, how):
    async def work():
        references.append(weakref.ref(asyncio.current_task()))
        return await how(None)

    async def look():
        await asyncio.sleep(2)
        gc.collect()
        return gone(*references)

    references = []
    last = Job(look)
    PureScheduler(Job(work, critical=False), last).run()
    assert last.result() == [True]
