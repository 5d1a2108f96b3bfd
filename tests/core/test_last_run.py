"""What a scheduler says about its last run: how it ended, and how long it took."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence


@pytest.fixture
def jobs():
    return [AbstractJob(label=label) for label in "abcd"]


@pytest.fixture(params=[PureScheduler, Scheduler])
def scheduler_class(request):
    return request.param


async def sleep_and_fail(seconds):
    await asyncio.sleep(seconds)
    raise OSError("no disk")


@pytest.mark.parametrize(("number", "shown"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_the_name_of_a_pure_scheduler_counts_its_jobs(jobs, number, shown):
    assert PureScheduler(*jobs[:number]).repr_main() == f"<PureScheduler of {shown}>"


def test_str_tells_how_a_run_ended_and_how_long_it_took(every_loop):
    scheduler = PureScheduler(
        Job(asyncio.sleep, 0.2), Job(asyncio.sleep, 1.2), Job(asyncio.sleep, 9, forever=True)
    )
    scheduler.run()
    shown = "<PureScheduler of 3 jobs> 2D + 1X + 0R + 0I = 3, FINE after 1.2 s"
    assert (str(scheduler), repr(scheduler)) == (shown, shown)


def test_str_of_a_scheduler_tells_the_same_of_an_outermost_run(every_loop):
    scheduler = Scheduler(Job(asyncio.sleep, 75), label="s")
    before = str(scheduler)
    scheduler.run()
    assert (before, str(scheduler), repr(scheduler)) == (
        "<Scheduler `s`> 0D + 0R + 1I = 1",
        "<Scheduler `s`> 1D + 0R + 0I = 1, FINE after 1 min 15 s",
        "<Scheduler `s`> 1D + 0R + 0I = 1, FINE after 1 min 15 s",
    )


@pytest.mark.parametrize(
    ("jobs", "options", "end"),
    [
        ([Job(sleep_and_fail, 2)], {}, "1D + 0R + 0I = 1, CRITICAL FAILURE after 2.0 s"),
        (
            [Job(asyncio.sleep, 9)],
            {"timeout": 3},
            "0D + 1X + 0R + 0I = 1, TIMED OUT after 3.0 s",
        ),
        ([], {}, "0D + 0R + 0I = 0, FINE after < 1 ms"),
    ],
)
def test_repr_tells_each_end(every_loop, jobs, options, end):
    scheduler = PureScheduler(*jobs, **options)
    scheduler.run()
    assert repr(scheduler).partition("> ")[2] == end


def test_repr_tells_that_a_run_was_cancelled(in_loop):
    async def cancel_it():
        async with asyncio.timeout(2):
            await scheduler.co_run()

    scheduler = PureScheduler(Job(asyncio.sleep, 9))
    with pytest.raises(TimeoutError):
        in_loop(cancel_it())
    shown = "<PureScheduler of 1 job> 0D + 1X + 0R + 0I = 1, CANCELLED after 2.0 s"
    assert repr(scheduler) == shown


def test_repr_tells_that_a_run_broke_off(every_loop):
    async def leave():
        raise SystemExit(3)

    scheduler = PureScheduler(Job(leave))
    with pytest.raises(SystemExit):
        scheduler.run()
    assert repr(scheduler).endswith("1D + 0R + 0I = 1, BROKEN OFF after < 1 ms")


def test_repr_tells_that_a_run_was_refused(every_loop):
    job = Job(asyncio.sleep, 1)
    scheduler = PureScheduler(job)
    scheduler.run()
    job.requires(AbstractJob())
    with pytest.raises(ValueError, match="which is not in the same scheduler"):
        scheduler.run()
    shown = "<PureScheduler of 1 job> 1D + 0R + 0I = 1, REFUSED"
    assert (repr(scheduler), scheduler.duration()) == (shown, 1)


def test_repr_during_the_run_says_so(every_loop):
    async def look():
        return repr(scheduler), scheduler.started_at, scheduler.ended_at, scheduler.duration()

    job = Job(look)
    scheduler = PureScheduler(job)
    scheduler.run()
    scheduler.run()  # nothing of the first run is left
    assert job.result() == (
        "<PureScheduler of 1 job> 0D + 1R + 0I = 1, running",
        0,
        None,
        None,
    )


def test_a_scheduler_that_never_ran_has_no_times(scheduler_class, jobs):
    scheduler = scheduler_class(*jobs)
    times = scheduler.started_at, scheduler.ended_at, scheduler.duration()
    assert times == (None, None, None)


def test_an_outermost_run_has_its_times(every_loop, in_loop, scheduler_class):
    async def wait_and_run():
        await asyncio.sleep(2)
        await scheduler.co_run()

    scheduler = scheduler_class(Job(asyncio.sleep, 3))
    in_loop(wait_and_run())
    times = scheduler.started_at, scheduler.ended_at, scheduler.duration()
    assert times == (2, 5, 3)


def test_a_nested_run_has_the_times_of_its_job(every_loop):
    async def shut_down():
        await asyncio.sleep(0.5)

    inner = Scheduler(Job(asyncio.sleep, 3, coshutdown=shut_down), label="s")
    PureScheduler(Sequence(Job(asyncio.sleep, 1), inner)).run()
    times = inner.started_at, inner.ended_at, inner.duration()
    assert (times, str(inner)) == (
        (1, 4.5, 3.5),
        "<Scheduler `s`> 1D + 0R + 0I = 1, FINE after 3.5 s",
    )


def test_the_times_of_a_scheduler_are_those_of_its_last_run(every_loop):
    first = Job(asyncio.sleep, 1)
    inner = Scheduler(Job(asyncio.sleep, 3))
    outer = PureScheduler(first, inner)
    inner.requires(first)
    found = []
    for scheduler in (outer, inner, outer):
        inner.requires(first, remove=scheduler is inner)
        scheduler.run()
        found.append((inner.started_at, inner.ended_at))
    assert found == [(1, 4), (0, 3), (1, 4)]


def test_a_scheduler_that_ran_alone_has_no_times_while_it_waits_in_another_run(every_loop):
    async def look():
        return inner.started_at, inner.ended_at, str(inner)

    first = Job(look)
    inner = Scheduler(Job(asyncio.sleep, 3), label="s")
    inner.run()
    inner.requires(first)
    PureScheduler(first, inner).run()
    assert first.result() == (None, None, "<Scheduler `s`> 0D + 0R + 1I = 1")
