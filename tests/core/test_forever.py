"""Forever jobs: a run does not wait for their end, and cancels them at its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from asynciojobs import ForeverRequirementError, Job, PureScheduler, Scheduler


def tidy(seconds: float, done: list[str]) -> Callable[[], object]:
    """Return a function that works forever, and takes some time to end when cancelled."""

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(seconds)
            done.append("tidy")

    return work


async def fails(seconds=0):
    await asyncio.sleep(seconds)
    raise ValueError("no")


async def fails_in_clean_up():
    try:
        await asyncio.Event().wait()
    finally:
        raise ValueError("in clean-up")


def test_a_forever_job_is_awaited_after_its_cancellation(in_loop):
    async def main():
        done = []
        scheduler = PureScheduler(Job(asyncio.sleep, 1), Job(tidy(0.5, done), forever=True))
        return await scheduler.co_run(), done, asyncio.get_running_loop().time()

    assert in_loop(main()) == (True, ["tidy"], 1.5)


def test_a_forever_job_that_ends_early_is_done(every_loop):
    job = Job(asyncio.sleep, 1, "early", forever=True)
    assert PureScheduler(job, Job(asyncio.sleep, 2)).run() is True
    assert job.result() == "early"


def test_a_critical_forever_job_that_raises_aborts(every_loop):
    regular = Job(asyncio.sleep, 9)
    scheduler = PureScheduler(Job(fails, 1, forever=True, critical=True), regular)
    assert scheduler.run() is False
    assert (regular.is_done(), regular.ended_at) == (False, 1)


def test_a_forever_job_that_raises_and_is_not_critical_changes_nothing(every_loop):
    regular = Job(asyncio.sleep, 9)
    scheduler = PureScheduler(Job(fails, 1, forever=True, critical=False), regular)
    assert (scheduler.run(), regular.ended_at) == (True, 9)


def test_a_critical_forever_job_whose_clean_up_raises_makes_the_run_fail(every_loop):
    job = Job(fails_in_clean_up, forever=True, critical=True)
    scheduler = PureScheduler(job, Job(asyncio.sleep, 1))
    assert scheduler.run() is False
    assert (scheduler.failed_critical(), str(job.raised_exception())) == (
        True,
        "in clean-up",
    )


def test_a_forever_job_whose_clean_up_raises_and_is_not_critical_is_done(every_loop):
    job = Job(fails_in_clean_up, forever=True, critical=False)
    scheduler = PureScheduler(job, Job(asyncio.sleep, 1))
    assert scheduler.run() is True
    assert str(job.raised_exception()) == "in clean-up"


def test_all_forever_jobs_are_awaited_even_if_one_fails_in_its_clean_up(in_loop):
    async def main():
        done = []
        scheduler = PureScheduler(
            Job(fails_in_clean_up, forever=True),
            Job(tidy(3, done), forever=True),
            Job(asyncio.sleep, 1),
        )
        return await scheduler.co_run(), done

    assert in_loop(main()) == (False, ["tidy"])


def test_forever_jobs_alone_run_until_they_end(every_loop):
    jobs = [Job(asyncio.sleep, seconds, forever=True) for seconds in (1, 3)]
    assert PureScheduler(*jobs).run() is True
    assert [job.ended_at for job in jobs] == [1, 3]


def test_forever_jobs_alone_run_until_the_timeout(every_loop):
    scheduler = PureScheduler(Job(asyncio.Event().wait, forever=True), timeout=5)
    assert (scheduler.run(), scheduler.failed_time_out()) == (False, True)


def test_forever_jobs_alone_run_until_they_are_cancelled(in_loop):
    async def main():
        done = []
        scheduler = PureScheduler(Job(tidy(1, done), forever=True))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_run(), 5)
        return done, asyncio.get_running_loop().time()

    assert in_loop(main()) == (["tidy"], 6)


def test_a_group_of_background_jobs_can_be_nested(in_loop):
    async def main():
        done = []
        group = Scheduler(*(Job(tidy(1, done), forever=True) for _ in range(2)), forever=True)
        fine = await PureScheduler(group, Job(asyncio.sleep, 5)).co_run()
        return fine, done, group.is_done(), asyncio.get_running_loop().time()

    assert in_loop(main()) == (True, ["tidy", "tidy"], False, 6)


def test_a_forever_job_may_require_a_regular_one(every_loop):
    first = Job(asyncio.sleep, 1)
    forever = Job(asyncio.sleep, 99, forever=True, required=first)
    last = Job(asyncio.sleep, 2, required=first)
    assert PureScheduler(first, forever, last).run() is True
    assert (forever.started_at, forever.ended_at) == (1, 3)


def test_a_forever_job_may_require_a_forever_job(every_loop):
    first = Job(asyncio.sleep, 1, forever=True)
    second = Job(asyncio.sleep, 99, forever=True, required=first)
    assert PureScheduler(first, second, Job(asyncio.sleep, 2)).run() is True
    assert (second.started_at, second.ended_at) == (1, 2)


def test_a_forever_job_that_was_not_started_at_the_end_is_idle(every_loop):
    first = Job(asyncio.sleep, 9, forever=True)
    second = Job(asyncio.sleep, 9, forever=True, required=first)
    assert PureScheduler(first, second, Job(asyncio.sleep, 1)).run() is True
    assert second.is_idle() is True


def test_a_forever_job_after_the_last_regular_one_is_not_started(every_loop):
    last = Job(asyncio.sleep, 1)
    forever = Job(asyncio.sleep, 9, forever=True, required=last)
    assert PureScheduler(last, forever).run() is True
    assert forever.is_running() is False


def test_a_regular_job_that_requires_a_forever_job_is_refused(every_loop):
    background = Job(asyncio.sleep, 1, forever=True, label="background")
    after = Job(asyncio.sleep, 1, required=background, label="after")
    with pytest.raises(
        ForeverRequirementError,
        match=r"^<Job `after`> requires <Job `background`>, which runs forever, so it "
        r"could never start: drop the requirement, or give both the same `forever`$",
    ):
        PureScheduler(background, after).run()


def test_a_job_that_becomes_forever_while_it_runs_is_still_waited_for(every_loop):
    async def becomes_forever():
        job.forever = True
        await asyncio.sleep(2)

    job = Job(becomes_forever)
    assert PureScheduler(job, Job(asyncio.sleep, 1)).run() is True
    assert (job.is_done(), job.ended_at) == (True, 2)


def test_a_job_that_becomes_regular_while_it_runs_is_still_cancelled(every_loop):
    async def becomes_regular():
        job.forever = False
        await asyncio.sleep(9)

    job = Job(becomes_regular, forever=True)
    assert PureScheduler(job, Job(asyncio.sleep, 1)).run() is True
    assert (job.is_done(), job.ended_at) == (False, 1)


def test_a_forever_job_that_had_to_wait_takes_no_slot(every_loop):
    first = Job(asyncio.sleep, 1)
    background = Job(asyncio.sleep, 9, forever=True, required=first)
    last = Job(asyncio.sleep, 1, required=first)
    PureScheduler(first, background, last, jobs_window=1).run()
    assert (background.started_at, last.started_at) == (1, 1)
