"""Forever jobs: a run does not wait for their end, and cancels them at its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from asynciojobs import Job, Limit, PureScheduler, Scheduler, Sequence


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


def test_a_regular_job_that_requires_a_forever_job_starts_at_its_end(every_loop):
    background = Job(asyncio.sleep, 3, forever=True)
    beside, after = Job(asyncio.sleep, 1), Job(asyncio.sleep, 1, required=background)
    assert PureScheduler(background, beside, after).run() is True
    assert (background.ended_at, after.started_at, after.ended_at) == (3, 3, 4)


def test_a_forever_scheduler_in_the_middle_of_a_sequence_is_waited_for(every_loop):
    steps = [Job(asyncio.sleep, 1) for _ in range(3)]
    middle = Scheduler(steps[1], forever=True)
    assert PureScheduler(Sequence(steps[0], middle, steps[2])).run() is True
    assert [step.ended_at for step in steps] == [1, 2, 3]


def test_a_required_forever_job_that_raises_lets_the_others_go_on(every_loop):
    background = Job(fails, 2, forever=True, critical=False)
    after = Job(asyncio.sleep, 1, required=background)
    assert PureScheduler(background, after).run() is True
    assert after.ended_at == 3


STALLED = (
    "<Job `after`> waits for <Job `background`>, which is a forever job{}: nothing else has "
    "been running for 1 s"
)


def endless(label="background"):
    return Job(asyncio.sleep, 99, forever=True, label=label)


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_a_run_that_waits_for_an_endless_job_says_so_once(every_loop, caplog):
    background = endless()
    after = Job(asyncio.sleep, 1, required=background, label="after")
    beside = Job(asyncio.sleep, 5)
    scheduler = PureScheduler(background, endless("beside"), beside, after, timeout=30)
    assert (scheduler.run(), scheduler.failed_time_out()) == (False, True)
    assert warnings_of(caplog) == [STALLED.format("")]


def test_a_run_that_waits_for_a_limit_of_an_endless_job_says_so_once(every_loop, caplog):
    tap = Limit(1, "tap")
    capture = Job(asyncio.sleep, 99, forever=True, label="capture", limits=tap)
    other = Job(asyncio.sleep, 99, forever=True, label="other", limits=tap)
    beside = Job(asyncio.sleep, 5, limits=Limit(1, "beside"))
    after = [Job(asyncio.sleep, 1, limits=tap, label=f"after {n}") for n in range(2)]
    scheduler = PureScheduler(capture, other, beside, *after, timeout=30)
    assert (scheduler.run(), scheduler.failed_time_out()) == (False, True)
    assert warnings_of(caplog) == [
        (
            "<Job `after 0`> waits for <Limit `tap` 0 of 1 free>, and <Job `capture`>, which is "
            "a forever job, holds slots of it: nothing else has been running for 1 s"
        )
    ]


def test_a_run_that_waits_for_a_limit_of_another_run_is_not_worth_a_warning(in_loop, caplog):
    tap = Limit(1, "tap")
    holds = PureScheduler(Job(asyncio.sleep, 9, limits=tap))
    waits = PureScheduler(endless(), Job(asyncio.sleep, 1, limits=tap))

    async def both():
        return await asyncio.gather(holds.co_run(), waits.co_run())

    assert in_loop(both()) == [True, True]
    assert warnings_of(caplog) == []


@pytest.mark.parametrize(
    ("count", "more"), [(1, ", and 1 more job waits"), (2, ", and 2 more jobs wait")]
)
def test_the_warning_counts_the_other_jobs_that_wait(every_loop, caplog, count, more):
    background = endless()
    waiting = [
        Job(asyncio.sleep, 1, required=background, label="after") for _ in range(count + 1)
    ]
    PureScheduler(background, *waiting, timeout=30).run()
    assert warnings_of(caplog) == [STALLED.format(more)]


def test_the_warning_is_about_regular_jobs_that_wait_for_a_forever_job_itself(
    every_loop, caplog
):
    background = endless()
    beside = Job(asyncio.sleep, 1, forever=True, required=background)
    after = Job(asyncio.sleep, 1, required=background, label="after")
    last = Job(asyncio.sleep, 1, required=after)
    PureScheduler(background, beside, after, last, timeout=30).run()
    assert warnings_of(caplog) == [STALLED.format("")]


def test_the_end_of_another_forever_job_does_not_repeat_the_warning(every_loop, caplog):
    background = endless()
    beside = Job(asyncio.sleep, 0.5, forever=True)
    after = Job(asyncio.sleep, 1, required=background, label="after")
    PureScheduler(background, beside, after, timeout=30).run()
    assert [record.getMessage() for record in caplog.records] == [STALLED.format("")]


def test_nothing_is_logged_if_the_run_ends_before_the_warning(in_loop, caplog):
    async def main():
        background = endless()
        after = Job(asyncio.sleep, 1, required=background)
        await PureScheduler(background, after, timeout=0.5).co_run()
        await asyncio.sleep(5)

    in_loop(main())
    assert caplog.records == []


def test_a_forever_job_that_ends_in_time_is_not_worth_a_warning(every_loop, caplog):
    first = Job(asyncio.sleep, 0.75, forever=True)
    second = Job(asyncio.sleep, 0.5, required=first)
    third = Job(asyncio.sleep, 1.5, forever=True)
    scheduler = PureScheduler(first, second, third, Job(asyncio.sleep, 0, required=third))
    assert (scheduler.run(), warnings_of(caplog)) == (True, [])


def test_the_wait_is_counted_anew_after_each_job_that_ends(every_loop, caplog):
    chain = Sequence(
        *(Job(asyncio.sleep, 0.75, forever=number % 2 == 0) for number in range(6))
    )
    assert (PureScheduler(chain).run(), warnings_of(caplog)) == (True, [])


def test_a_job_that_joins_may_require_a_forever_job(every_loop, caplog):
    async def adder():
        scheduler.add(Job(asyncio.sleep, 1, required=background, label="after"))

    background = endless()
    scheduler = PureScheduler(background, Job(adder), timeout=30)
    assert scheduler.run() is False
    assert warnings_of(caplog) == [STALLED.format("")]


def test_a_job_that_joins_ends_the_wait(every_loop, caplog):
    async def adder():
        await asyncio.sleep(0.75)
        scheduler.add(Job(asyncio.sleep, 5))

    first = Job(adder, forever=True)
    second = Job(asyncio.sleep, 6, forever=True)
    scheduler = PureScheduler(first, second, Job(asyncio.sleep, 0, required=second))
    assert (scheduler.run(), warnings_of(caplog)) == (True, [])


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
