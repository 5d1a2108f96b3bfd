"""`jobs_window`: how many jobs run at once."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import CallJob, Job, PureScheduler, Scheduler


class Meter:
    """Makes jobs, and counts how many of them run at once."""

    def __init__(self):
        self.alive = self.most = 0
        self.order = []

    def job(self, seconds=1, name=None, error=None, **options):
        async def metered():
            self.order.append(name)
            self.alive += 1
            self.most = max(self.most, self.alive)
            try:
                await asyncio.sleep(seconds)
                if error is not None:
                    raise error
            finally:
                self.alive -= 1

        return Job(metered, **options)


@pytest.mark.parametrize(
    ("window", "most"), [(None, 7), (0, 7), (1, 1), (3, 3), (7, 7), (50, 7)]
)
def test_a_window_limits_how_many_jobs_run_at_once(every_loop, window, most):
    meter = Meter()
    PureScheduler(*(meter.job() for _ in range(7)), jobs_window=window).run()
    assert meter.most == most


@pytest.mark.parametrize(("window", "took"), [(1, 6), (2, 3), (3, 2), (4, 2), (6, 1)])
def test_a_window_is_used_fully(every_loop, window, took):
    jobs = [Job(asyncio.sleep, 1) for _ in range(6)]
    PureScheduler(*jobs, jobs_window=window).run()
    assert max(job.ended_at for job in jobs) == took


def test_jobs_get_slots_in_the_order_in_which_they_became_ready(every_loop):
    meter = Meter()
    PureScheduler(*(meter.job(name=number) for number in range(20)), jobs_window=3).run()
    assert meter.order == list(range(20))


def test_a_successor_queues_after_jobs_that_were_ready_before(every_loop):
    meter = Meter()
    first = meter.job(name="first")
    then = meter.job(name="then", required=first)
    PureScheduler(first, then, meter.job(name="other"), jobs_window=1).run()
    assert meter.order == ["first", "other", "then"]


def test_a_nested_scheduler_takes_one_slot(every_loop):
    nested = [Scheduler(Job(asyncio.sleep, 1)) for _ in range(3)]
    PureScheduler(*nested, jobs_window=1).run()
    assert [scheduler.started_at for scheduler in nested] == [0, 1, 2]


def test_the_jobs_of_a_nested_scheduler_take_no_slot(every_loop):
    meter = Meter()
    nested = Scheduler(*(meter.job() for _ in range(5)))
    PureScheduler(nested, jobs_window=1).run()
    assert meter.most == 5


def test_a_nested_window_limits_only_the_nested_jobs(every_loop):
    inside, outside = Meter(), Meter()
    PureScheduler(
        Scheduler(*(inside.job() for _ in range(5)), jobs_window=2),
        *(outside.job() for _ in range(5)),
    ).run()
    assert (inside.most, outside.most) == (2, 5)


def test_the_slot_of_a_nested_scheduler_is_kept_until_it_is_shut_down(every_loop):
    async def slowly():
        await asyncio.sleep(0.5)

    nested = Scheduler(Job(asyncio.sleep, 1, coshutdown=slowly))
    after = Job(asyncio.sleep, 1)
    PureScheduler(nested, after, jobs_window=1).run()
    assert after.started_at == 1.5


def test_a_forever_job_takes_no_slot(every_loop):
    meter = Meter()
    PureScheduler(
        *(Job(asyncio.sleep, 99, forever=True) for _ in range(3)),
        *(meter.job() for _ in range(4)),
        jobs_window=2,
    ).run()
    assert meter.most == 2


def test_forever_jobs_start_even_if_the_window_is_full(every_loop):
    regular = [Job(asyncio.sleep, 1) for _ in range(3)]
    forever = [Job(asyncio.sleep, 99, forever=True) for _ in range(3)]
    PureScheduler(*regular, *forever, jobs_window=1).run()
    assert [job.started_at for job in forever] == [0, 0, 0]


def test_the_end_of_a_forever_job_frees_no_slot(every_loop):
    meter = Meter()
    PureScheduler(
        Job(asyncio.sleep, 0.5, forever=True),
        *(meter.job() for _ in range(4)),
        jobs_window=1,
    ).run()
    assert meter.most == 1


def test_a_scheduler_of_only_forever_jobs_is_not_limited(every_loop):
    jobs = [Job(asyncio.sleep, 1, forever=True) for _ in range(4)]
    PureScheduler(*jobs, jobs_window=1).run()
    assert [job.started_at for job in jobs] == [0, 0, 0, 0]


def test_a_job_that_fails_gives_its_slot_back(every_loop):
    meter = Meter()
    jobs = [meter.job(error=ValueError(), critical=False) for _ in range(4)]
    assert PureScheduler(*jobs, jobs_window=2).run() is True
    assert (meter.most, max(job.ended_at for job in jobs)) == (2, 2)


def test_a_job_that_is_cancelled_gives_its_slot_back(every_loop):
    async def cancels_itself():
        asyncio.current_task().cancel()
        await asyncio.sleep(1)

    jobs = [Job(cancels_itself, critical=False) for _ in range(4)]
    last = Job(asyncio.sleep, 1)
    assert PureScheduler(*jobs, last, jobs_window=1).run() is True
    assert (last.started_at, last.ended_at) == (0, 1)


def test_a_job_that_becomes_forever_while_it_runs_gives_its_slot_back(every_loop):
    async def becomes_forever():
        first.forever = True
        await asyncio.sleep(1)

    first = Job(becomes_forever)
    others = [Job(asyncio.sleep, 1) for _ in range(2)]
    assert PureScheduler(first, *others, jobs_window=1).run() is True
    assert [job.started_at for job in others] == [1, 2]


def test_a_forever_job_that_becomes_regular_while_it_runs_frees_no_slot(every_loop):
    async def becomes_regular():
        first.forever = False
        await asyncio.sleep(0.5)

    first = Job(becomes_regular, forever=True)
    others = [Job(asyncio.sleep, 1) for _ in range(3)]
    assert PureScheduler(first, *others, jobs_window=1).run() is True
    assert [job.started_at for job in others] == [0, 1, 2]


def test_a_second_run_has_all_its_slots(every_loop):
    async def fails():
        raise ValueError

    scheduler = PureScheduler(
        Job(asyncio.sleep, 9), Job(asyncio.sleep, 9), Job(fails), jobs_window=3
    )
    scheduler.run()
    meter = Meter()
    scheduler.update(meter.job() for _ in range(2))
    assert scheduler.run() is False
    assert scheduler.failed_critical() is True


def test_a_hundred_thousand_jobs_go_through_a_window(fast_loop):
    meter = Meter()
    jobs = [meter.job() for _ in range(100_000)]
    assert PureScheduler(*jobs, jobs_window=100).run() is True
    assert (meter.most, jobs[-1].ended_at) == (100, 1000)


def test_a_window_of_a_hundred_never_has_more_than_a_hundred_tasks(fast_loop):
    most = 0

    async def count():
        nonlocal most
        await asyncio.sleep(1)
        if not most:
            most = len(asyncio.all_tasks())

    PureScheduler(*(Job(count) for _ in range(1000)), jobs_window=100).run()
    assert most <= 101


@pytest.mark.parametrize("window", [True, 1.0, "3", [1]])
def test_a_window_that_is_not_a_number_of_jobs_is_refused(window):
    with pytest.raises(
        TypeError,
        match=r"^jobs_window must be a number of jobs, or None or 0 for no limit, not ",
    ):
        PureScheduler(jobs_window=window)


def test_a_negative_window_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^jobs_window must be a number of jobs, or None or 0 for no limit, "
        r"not -1$",
    ):
        PureScheduler(jobs_window=-1)


def test_a_window_limits_nested_schedulers_of_many_jobs(every_loop):
    crowds = [Scheduler(*(Job(asyncio.sleep, 1) for _ in range(60))) for _ in range(6)]
    PureScheduler(*crowds, jobs_window=3).run()
    assert [crowd.started_at for crowd in crowds] == [0, 0, 0, 1, 1, 1]


# -- a window that is changed during the run


def changed(at, window, jobs, **options):
    """Return when jobs that take 2 s start, if another one changes the window meanwhile."""

    async def change():
        await asyncio.sleep(at)
        scheduler.jobs_window = window

    sleepers = [Job(asyncio.sleep, 2) for _ in range(jobs)]
    scheduler = PureScheduler(Job(change, forever=True), *sleepers, **options)
    assert scheduler.run() is True
    return [job.started_at for job in sleepers]


def test_a_larger_window_starts_jobs_at_once(every_loop):
    assert changed(1, 3, 4, jobs_window=1) == [0, 1, 1, 2]


def test_no_window_starts_all_jobs_at_once(every_loop):
    assert changed(1, None, 4, jobs_window=1) == [0, 1, 1, 1]


def test_a_smaller_window_counts_as_jobs_end(every_loop):
    assert changed(1, 1, 5, jobs_window=3) == [0, 0, 0, 2, 4]


def test_a_window_is_set_in_the_thread_of_the_run(every_loop):
    def change():
        scheduler.jobs_window = 2

    first, second = Job(asyncio.sleep, 2), Job(asyncio.sleep, 2)
    scheduler = PureScheduler(CallJob(change, forever=True), first, second, jobs_window=1)
    assert scheduler.run() is True
    assert (first.started_at, second.started_at) == (0, 0)


def test_a_window_that_is_changed_as_the_run_ends_changes_nothing(every_loop):
    async def change():
        try:
            await asyncio.sleep(9)
        finally:
            scheduler.jobs_window = 5

    scheduler = PureScheduler(Job(change, forever=True), Job(asyncio.sleep, 1), jobs_window=1)
    assert (scheduler.run(), scheduler.jobs_window) == (True, 5)


def test_a_window_is_changed_again_and_again(every_loop):
    async def change():
        for window in (3, 1, 2):
            await asyncio.sleep(0.75)
            scheduler.jobs_window = window

    sleepers = [Job(asyncio.sleep, 2) for _ in range(5)]
    scheduler = PureScheduler(Job(change, forever=True), *sleepers, jobs_window=1)
    assert scheduler.run() is True
    assert [job.started_at for job in sleepers] == [0, 0.75, 0.75, 2.75, 2.75]
