"""`timeout`: how long a run may take, on the clock of the loop."""

from __future__ import annotations

import asyncio
import math
import time

import pytest

from asynciojobs import AlreadyRunningError, Job, PureScheduler, Scheduler


@pytest.mark.parametrize("timeout", [2, 2.5, True + 1])
def test_a_timeout_ends_the_run(every_loop, timeout):
    job = Job(asyncio.sleep, 9)
    assert PureScheduler(job, timeout=timeout).run() is False
    assert (job.is_done(), job.ended_at) == (False, timeout)


def test_a_timed_out_run_says_so(every_loop):
    scheduler = PureScheduler(Job(asyncio.sleep, 9), timeout=2.5)
    scheduler.run()
    assert (
        scheduler.failed_time_out(),
        scheduler.failed_critical(),
        scheduler.why(),
    ) == (True, False, "TIMED OUT after 2.5s; running: <Job `sleep()`>")


def test_a_run_within_its_timeout_is_fine(every_loop):
    scheduler = PureScheduler(Job(asyncio.sleep, 2), timeout=2.5)
    assert scheduler.run() is True
    assert (
        scheduler.failed_time_out(),
        scheduler.failed_critical(),
        scheduler.why(),
    ) == (False, False, "FINE")


@pytest.mark.parametrize("timeout", [None, math.inf, 10**15, 1e300])
def test_a_timeout_may_be_very_long(every_loop, timeout):
    assert PureScheduler(Job(asyncio.sleep, 1e6), timeout=timeout).run() is True


def test_an_infinite_timeout_works_in_a_loop_that_needs_integers(fake_time):
    def make():
        loop = fake_time()
        call_at = loop.call_at
        loop.call_at = lambda when, *args, **options: call_at(int(when), *args, **options)
        return loop

    scheduler = PureScheduler(Job(asyncio.sleep, 1), timeout=math.inf)
    assert scheduler.run(loop_factory=make) is True


def test_a_timeout_too_large_for_a_float_is_refused():
    scheduler = PureScheduler()
    with pytest.raises(ValueError, match=r"^timeout must be a number that a float can hold$"):
        scheduler.timeout = 10**400
    assert scheduler.timeout is None


def test_a_timeout_names_five_jobs_that_ran_and_counts_those_that_waited(every_loop):
    running = [Job(asyncio.sleep, 9, label=f"r{n}") for n in range(8)]
    waiting = [Job(asyncio.sleep, 1, required=running[0]) for _ in range(3)]
    scheduler = PureScheduler(
        Job(asyncio.sleep, 1, label="done"), *running, *waiting, timeout=2, jobs_window=7
    )
    scheduler.run()
    assert scheduler.why() == (
        "TIMED OUT after 2s; running: <Job `r0`>, <Job `r1`>, <Job `r2`>, <Job `r3`>, "
        "<Job `r4`> and 2 more; waiting: 4"
    )


def test_a_timeout_names_jobs_at_all_depths_and_forever_jobs_last(every_loop):
    monitor = Job(asyncio.sleep, 9, label="monitor", forever=True)
    waiting = Scheduler(Job(asyncio.sleep, 1), Job(asyncio.sleep, 1), label="later")
    rack = Scheduler(Job(asyncio.sleep, 9, label="host3"), label="rack")
    boots = Scheduler(monitor, Job(asyncio.sleep, 1), rack, label="boots")
    waiting.requires(boots)
    scheduler = Scheduler(
        boots, Job(asyncio.sleep, 9, label="z"), waiting, timeout=2, label="n"
    )
    with pytest.raises(TimeoutError) as caught:
        scheduler.run()
    named = "<Job `boots > rack > host3`>, <Job `z`>, <Job `boots > monitor`>"
    unfinished = f"; running: {named}; waiting: 2"
    assert (scheduler.why(), str(caught.value)) == (
        f"TIMED OUT after 2s{unfinished}",
        f"<Scheduler `n`> took more than 2s{unfinished}",
    )


def test_a_timeout_names_a_nested_scheduler_in_which_nothing_runs(every_loop):
    class Slow(Scheduler):
        async def co_run(self):
            await asyncio.sleep(9)
            return await super().co_run()

    slow = Slow(Job(asyncio.sleep, 1), label="slow")
    scheduler = PureScheduler(Scheduler(slow, label="boots"), timeout=2)
    scheduler.run()
    assert scheduler.why() == ("TIMED OUT after 2s; running: <Slow `boots > slow`>; waiting: 1")


@pytest.mark.parametrize("nested", [False, True])
def test_a_timeout_does_not_name_a_scheduler_if_an_earlier_job_in_it_runs(every_loop, nested):
    first = Job(asyncio.sleep, 9, label="a")
    following = Job(asyncio.sleep, 1)
    if nested:
        following = Scheduler(following)
    following.requires(first)
    scheduler = PureScheduler(Scheduler(first, following, label="boots"), timeout=2)
    scheduler.run()
    assert scheduler.why() == "TIMED OUT after 2s; running: <Job `boots > a`>; waiting: 1"


def test_a_timeout_counts_no_forever_jobs_that_waited(every_loop):
    first = Job(asyncio.sleep, 9, label="a")
    waiting = [Job(asyncio.sleep, 1, required=first, forever=forever) for forever in (1, 0)]
    empty = Scheduler(required=first)
    scheduler = PureScheduler(first, *waiting, empty, timeout=2)
    scheduler.run()
    assert scheduler.why() == "TIMED OUT after 2s; running: <Job `a`>; waiting: 1"


def test_a_timeout_counts_nothing_that_has_ended(every_loop):
    inner = Scheduler(Job(asyncio.sleep, 9), timeout=1, critical=False)
    scheduler = PureScheduler(inner, Job(asyncio.sleep, 9, label="a"), timeout=2)
    scheduler.run()
    assert scheduler.why() == "TIMED OUT after 2s; running: <Job `a`>"


def test_a_timeout_ends_a_run_whose_jobs_can_not_be_listed(every_loop):
    async def tangle():
        inner.jobs.add(inner)
        await asyncio.sleep(9)

    inner = Scheduler(Job(tangle), label="inner")
    scheduler = PureScheduler(inner, timeout=1)
    assert (scheduler.run(), scheduler.why()) == (False, "TIMED OUT after 1s")


def test_a_timeout_after_another_end_changes_nothing(every_loop):
    async def fail():
        raise OSError("x")

    async def clean_up_slowly():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(5)

    scheduler = PureScheduler(Job(fail), Job(clean_up_slowly), timeout=2)
    scheduler.run()
    assert scheduler.why() == "CRITICAL FAILURE: <Job `fail()`> raised OSError:x"


def test_a_timeout_of_zero_expires_before_a_job_starts(every_loop):
    job = Job(asyncio.sleep, 0)
    scheduler = PureScheduler(job, timeout=0)
    assert (scheduler.run(), scheduler.why(), job.is_running()) == (
        False,
        "TIMED OUT after 0s; waiting: 1",
        False,
    )


def test_a_job_that_fails_in_the_clean_up_after_a_timeout_schedules_no_successors(every_loop):
    async def fail_when_cancelled():
        try:
            await asyncio.sleep(9)
        finally:
            raise ValueError

    job = Job(fail_when_cancelled, critical=False)
    after = Job(asyncio.sleep, 1, required=job)
    PureScheduler(job, after, timeout=1).run()
    assert (job.is_done(), after.is_idle()) == (True, True)


def test_an_empty_scheduler_ends_within_a_timeout_of_zero(every_loop):
    assert PureScheduler(timeout=0).run() is True


def test_the_timeout_expires_while_jobs_that_await_nothing_are_added(every_loop):
    async def at_once():
        pass

    async def add_another():
        await asyncio.sleep(0.25)
        scheduler.add(Job(add_another))

    scheduler = PureScheduler(Job(at_once), Job(add_another), timeout=1.1)
    assert (scheduler.run(), scheduler.failed_time_out(), len(scheduler)) == (
        False,
        True,
        6,
    )


def test_the_timeout_does_not_depend_on_the_wall_clock(every_loop, monkeypatch):
    async def the_clock_is_set():
        for name in ("time", "time_ns"):
            monkeypatch.setattr(time, name, lambda: 10**15)
        await asyncio.sleep(1)

    assert PureScheduler(Job(the_clock_is_set), timeout=2).run() is True


def test_a_critical_scheduler_raises_timeout_error(every_loop):
    scheduler = Scheduler(Job(asyncio.sleep, 9), timeout=1.5, label="s")
    with pytest.raises(
        TimeoutError,
        match=r"^<Scheduler `s`> took more than 1\.5s; running: <Job `sleep\(\)`>$",
    ):
        scheduler.run()


def test_a_scheduler_that_is_not_critical_returns_false(every_loop):
    assert Scheduler(Job(asyncio.sleep, 9), timeout=1, critical=False).run() is False


def test_the_timeout_error_of_a_job_is_not_that_of_the_scheduler(every_loop):
    async def own():
        async with asyncio.timeout(1):
            await asyncio.sleep(9)

    scheduler = PureScheduler(Job(own), timeout=5)
    assert (
        scheduler.run(),
        scheduler.failed_time_out(),
        scheduler.failed_critical(),
    ) == (False, False, True)


def test_a_nested_scheduler_has_its_own_timeout(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 9), timeout=1, critical=False)
    after = Job(asyncio.sleep, 3, required=nested)
    outer = PureScheduler(nested, after, timeout=5)
    assert outer.run() is True
    assert (nested.failed_time_out(), after.started_at) == (True, 1)


def test_the_timeout_of_a_critical_nested_scheduler_is_a_critical_failure(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 9), timeout=1, label="n")
    outer = PureScheduler(nested)
    assert outer.run() is False
    assert (outer.failed_time_out(), outer.failed_critical(), outer.why()) == (
        False,
        True,
        (
            "CRITICAL FAILURE: <Scheduler `n`> raised "
            "TimeoutError:<Scheduler `n`> took more than 1s; running: "
            "<Job `sleep()`>"
        ),
    )


def test_a_nested_timeout_counts_from_the_start_of_the_nested_run(every_loop):
    gate = Job(asyncio.sleep, 5)
    nested = Scheduler(Job(asyncio.sleep, 9), timeout=2, required=gate, critical=False)
    PureScheduler(gate, nested).run()
    assert (nested.started_at, nested.ended_at) == (5, 7)


def test_an_outer_timeout_ends_nested_jobs(every_loop):
    job = Job(asyncio.sleep, 9)
    outer = PureScheduler(Scheduler(Scheduler(job)), timeout=2)
    assert outer.run() is False
    assert (job.is_running(), job.is_done(), job.ended_at) == (True, False, 2)


def test_an_outer_timeout_is_not_a_timeout_of_the_nested_scheduler(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 9), timeout=7)
    PureScheduler(nested, timeout=2).run()
    assert (nested.failed_time_out(), nested.is_done()) == (False, False)


def test_outer_and_inner_timeouts_of_the_same_length_end_both(every_loop):
    nested = Scheduler(Job(asyncio.sleep, 9), timeout=2)
    outer = PureScheduler(nested, timeout=2)
    assert outer.run() is False
    assert outer.failed_time_out() is True


def test_the_clean_up_after_a_timeout_is_awaited(in_loop):
    async def slow():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    async def main():
        fine = await PureScheduler(Job(slow), timeout=2).co_run()
        return fine, asyncio.get_running_loop().time()

    assert in_loop(main()) == (False, 5)


def test_a_timeout_during_the_clean_up_of_forever_jobs_changes_nothing(every_loop):
    async def slow():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(0.9)

    scheduler = PureScheduler(Job(asyncio.sleep, 1), Job(slow, forever=True), timeout=1.5)
    assert (scheduler.run(), scheduler.failed_time_out()) == (True, False)


def test_a_second_run_has_its_whole_timeout(every_loop):
    scheduler = PureScheduler(Job(asyncio.sleep, 2), timeout=3)
    assert [scheduler.run(), scheduler.run()] == [True, True]


@pytest.mark.parametrize("parameter", ["timeout", "shutdown_timeout"])
@pytest.mark.parametrize("seconds", [-1, -0.5, math.nan, -math.inf])
def test_a_negative_timeout_or_nan_is_refused(parameter, seconds):
    with pytest.raises(
        ValueError, match=rf"^{parameter} must be 0 seconds or more, not {seconds}$"
    ):
        PureScheduler(**{parameter: seconds})


@pytest.mark.parametrize("parameter", ["timeout", "shutdown_timeout"])
@pytest.mark.parametrize("seconds", ["3", True, [1], 1j])
def test_a_timeout_that_is_not_a_number_is_refused(parameter, seconds):
    with pytest.raises(
        TypeError,
        match=rf"^{parameter} must be a number of seconds, or None, not ",
    ):
        PureScheduler(**{parameter: seconds})


def test_the_run_raises_what_the_loop_raises_for_the_timer(in_loop):
    async def main():
        def refuse(*_, **__):
            del loop.call_at
            raise ZeroDivisionError

        loop = asyncio.get_running_loop()
        loop.call_at = refuse
        await PureScheduler(job, timeout=1).co_run()

    job = Job(asyncio.sleep, 1)
    with pytest.raises(ZeroDivisionError):
        in_loop(main())
    assert job.is_idle()


def test_a_timeout_can_not_be_changed_during_the_run(every_loop):
    async def change():
        with pytest.raises(AlreadyRunningError):
            scheduler.timeout = 9

    scheduler = PureScheduler(Job(change), timeout=5)
    assert (scheduler.run(), scheduler.timeout) == (True, 5)
