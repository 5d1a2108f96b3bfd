"""`timeout=` of a job: how long that job may run, on the clock of the loop."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import math
import pickle
import re

import pytest

from asynciojobs import (
    AbstractJob,
    CallJob,
    EventKind,
    Job,
    PrintJob,
    PureScheduler,
    Scheduler,
)


def sleeper(seconds=9.0, **options):
    return Job(asyncio.sleep, seconds, **options)


def at(seconds, act, **options):
    """Return a job that calls a function after some time."""

    async def work():
        await asyncio.sleep(seconds)
        return act()

    return Job(work, **options)


def now():
    return asyncio.get_running_loop().time()


async def deaf(seconds):
    """Ignore all cancellations for a time (seconds)."""
    end = now() + seconds
    while now() < end:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(end - now())
    return "done"


# -- what it does


def test_a_job_that_runs_too_long_is_cancelled_and_has_raised(every_loop):
    job = sleeper(timeout=1.5, label="slow")
    scheduler = PureScheduler(job)
    assert (scheduler.run(), job.ended_at) == (False, 1.5)
    error = job.raised_exception()
    assert (type(error), str(error)) == (TimeoutError, "<Job `slow`> took more than 1.5s")
    assert type(error.__cause__) is asyncio.CancelledError
    assert scheduler.why() == (
        "CRITICAL FAILURE: <Job `slow`> raised TimeoutError:<Job `slow`> took more than 1.5s"
    )
    assert (scheduler.failed_critical(), scheduler.failed_time_out()) == (True, False)


def test_a_job_that_ends_in_time_is_left_alone(every_loop, caplog):
    job = Job(asyncio.sleep, 1, "value", timeout=1.5)
    after = sleeper(2, required=job)
    assert (PureScheduler(job, after).run(), job.result()) == (True, "value")
    assert caplog.messages == []


def test_a_job_that_raises_in_time_has_raised_that(every_loop):
    async def fail():
        raise OSError("x")

    job = Job(fail, timeout=1, critical=False)
    PureScheduler(job, sleeper(3)).run()
    assert repr(job.raised_exception()) == "OSError('x')"


def test_a_job_that_is_not_critical_does_not_end_the_run(every_loop):
    job = sleeper(timeout=1, critical=False)
    after = sleeper(1, required=job)
    assert PureScheduler(job, after).run() is True
    assert (job.result(), after.started_at) == (None, 1)
    assert isinstance(job.raised_exception(), TimeoutError)


def test_jobs_behind_it_are_skipped_if_the_run_keeps_going(every_loop):
    job = sleeper(timeout=1)
    after = sleeper(1, required=job)
    scheduler = PureScheduler(job, after, sleeper(3), keep_going=True)
    assert (scheduler.run(), after.skipped_by(), scheduler.ended_at) == (False, job, 3)


def test_a_critical_scheduler_raises_the_timeout_error(every_loop):
    scheduler = Scheduler(sleeper(timeout=1, label="a"), label="s")
    with pytest.raises(TimeoutError, match=r"^<Job `a`> took more than 1s\n") as caught:
        scheduler.run()
    assert caught.value.__notes__ == ["raised by <Job `a`> in <Scheduler `s`>"]


def test_a_job_deep_inside(every_loop):
    job = sleeper(timeout=1, critical=False)
    assert Scheduler(Scheduler(Scheduler(job))).run() is True
    assert job.ended_at == 1


def test_a_forever_job_has_a_timeout_too(every_loop):
    job = sleeper(timeout=1, forever=True, critical=False)
    assert (PureScheduler(job, sleeper(3)).run(), job.ended_at) == (True, 1)
    assert isinstance(job.raised_exception(), TimeoutError)


def test_a_forever_job_that_the_end_of_the_run_stops_has_not_raised(every_loop):
    job = sleeper(timeout=5, forever=True)
    assert (PureScheduler(job, sleeper(1)).run(), job.raised_exception()) == (True, None)


def test_many_jobs_have_their_own_timeouts(every_loop):
    jobs = [sleeper(999, timeout=n, critical=False) for n in range(100)]
    assert PureScheduler(*jobs).run() is True
    assert [job.ended_at for job in jobs] == list(range(100))


def test_the_events_and_the_listing(every_loop, capsys):
    job = sleeper(timeout=1, label="a", critical=False)
    scheduler = PureScheduler(job)
    events = []
    with scheduler.observe(lambda event: events.append((event.time, str(event.kind)))):
        scheduler.run()
    assert events == [(0, "scheduled"), (0, "started"), (1, "failed")]
    scheduler.list()
    assert capsys.readouterr().out == (
        "1   ✗ ●   <Job `a`> !! exception => TimeoutError:<Job `a`> took more than 1s!!\n"
    )
    assert list(scheduler.failures()) == [job]


def test_the_debrief_shows_where_the_job_was(every_loop, capsys):
    async def wait_for_the_router():
        await asyncio.sleep(9)

    scheduler = PureScheduler(Job(wait_for_the_router, timeout=1))
    scheduler.run()
    scheduler.debrief()
    out = capsys.readouterr().out
    assert "in wait_for_the_router\n" in out
    assert out.endswith("TimeoutError: <Job `wait_for_the_router()`> took more than 1s\n")


def test_a_job_gives_its_slot_back(every_loop):
    waiting = sleeper(1)
    scheduler = PureScheduler(sleeper(timeout=1, critical=False), waiting, jobs_window=1)
    assert (scheduler.run(), waiting.started_at) == (True, 1)


def test_a_scheduler_runs_again(every_loop):
    seconds = [9, 1]

    async def sleep():
        await asyncio.sleep(seconds.pop(0))

    job = Job(sleep, timeout=2)
    scheduler = PureScheduler(job)
    assert (scheduler.run(), scheduler.run(), job.raised_exception()) == (False, True, None)


# -- when its clock runs


def test_the_time_runs_from_the_start_of_the_job(every_loop):
    first = sleeper(5)
    job = sleeper(timeout=2, required=first, critical=False)
    PureScheduler(first, job).run()
    assert (job.started_at, job.ended_at) == (5, 7)


def test_a_job_that_waits_for_a_slot_has_all_its_time(every_loop):
    job = sleeper(1, timeout=2)
    assert (PureScheduler(sleeper(5), job, jobs_window=1).run(), job.ended_at) == (True, 6)


def test_a_job_that_never_starts_has_no_time(every_loop):
    first = sleeper(5)
    job = sleeper(timeout=1, required=first)
    scheduler = PureScheduler(first, job, timeout=3)
    assert (scheduler.run(), job.is_idle(), scheduler.ended_at) == (False, True, 3)


def test_a_newcomer_has_a_timeout(every_loop):
    job = sleeper(timeout=1, critical=False)
    scheduler = PureScheduler(at(1, lambda: scheduler.add(job)), sleeper(1.5))
    assert (scheduler.run(), job.started_at, job.ended_at) == (True, 1, 2)


def test_the_time_does_not_run_while_a_job_is_shut_down(every_loop):
    ended = []

    async def tidy_up(_):
        await asyncio.sleep(3)
        ended.append("tidied up")

    nested = Scheduler(
        Job(asyncio.sleep, 1, coshutdown=tidy_up, timeout=2), shutdown_timeout=None
    )
    assert (PureScheduler(nested).run(), ended) == (True, ["tidied up"])


def test_a_job_may_clean_up_after_its_time(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(5)

    job = Job(clean_up, timeout=1, critical=False)
    assert (PureScheduler(job).run(), job.ended_at) == (True, 6)
    assert str(job.raised_exception()) == "<Job `clean_up()`> took more than 1s"


# -- the numbers


@pytest.mark.parametrize("zero", [0, 0.0, False + 0])
def test_with_zero_a_job_expires_at_once(every_loop, zero, recwarn):
    steps = []

    async def step():
        steps.append("stepped")

    coroutine = step()
    job = Job(coroutine, timeout=zero, label="a", critical=False)
    after = sleeper(1, required=job)
    scheduler = PureScheduler(job, after)
    events = []
    with scheduler.observe(lambda event: event.job is job and events.append(str(event.kind))):
        assert scheduler.run() is True
    assert (steps, coroutine.cr_frame, job.started_at, job.ended_at) == ([], None, 0, 0)
    assert str(job.raised_exception()) == "<Job `a`> took more than 0s"
    assert (events, after.started_at) == (["scheduled", "started", "failed"], 0)
    assert list(recwarn) == []


def test_a_critical_job_with_zero_ends_the_run(every_loop):
    other = sleeper(1)
    scheduler = PureScheduler(sleeper(timeout=0, label="a"), other)
    assert (scheduler.run(), scheduler.why(), scheduler.ended_at) == (
        False,
        "CRITICAL FAILURE: <Job `a`> raised TimeoutError:<Job `a`> took more than 0s",
        0,
    )
    assert other.is_done() is False


def test_slots_are_given_back_by_jobs_with_zero(every_loop):
    jobs = [sleeper(timeout=0, critical=False) for _ in range(200)]
    last = [sleeper(1) for _ in range(4)]
    scheduler = PureScheduler(*jobs, *last, jobs_window=2)
    assert scheduler.run() is True
    assert [job.started_at for job in last] == [0, 0, 1, 1]


@pytest.mark.parametrize("forever", [math.inf, None, 1e300, 10**15])
def test_a_timeout_may_be_very_long(every_loop, forever):
    assert PureScheduler(sleeper(1e6, timeout=forever)).run() is True


def test_numbers_of_other_packages_are_accepted(every_loop):
    fractions = pytest.importorskip("fractions")
    job = sleeper(timeout=fractions.Fraction(3, 2), critical=False)
    PureScheduler(job).run()
    assert job.ended_at == 1.5


@pytest.mark.parametrize(
    ("wrong", "kind", "text"),
    [
        (-1, ValueError, "timeout must be 0 seconds or more, not -1"),
        (math.nan, ValueError, "timeout must be 0 seconds or more, not nan"),
        (10**400, ValueError, "timeout must be a number that a float can hold"),
        ("1", TypeError, "timeout must be a number of seconds, or None, not '1'"),
        (True, TypeError, "timeout must be a number of seconds, or None, not True"),
    ],
)
@pytest.mark.parametrize(
    "make", [sleeper, AbstractJob, lambda **options: CallJob(len, **options)]
)
def test_other_numbers_are_refused(make, wrong, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        make(timeout=wrong)


# -- other kinds of jobs


def test_a_calljob_has_a_timeout(every_loop):
    class Slow:
        async def start(self, function, args, kwargs):
            await asyncio.sleep(9)

        async def fetch(self, handle):
            return handle

    job = CallJob(len, "", executor=Slow(), timeout=3, critical=False, label="a")
    assert PureScheduler(job, sleeper(5)).run() is True
    assert (str(job.raised_exception()), job.ended_at) == ("<CallJob `a`> took more than 3s", 3)


def test_a_class_of_a_user_has_a_timeout(every_loop):
    class Own(AbstractJob):
        async def co_run(self):
            await asyncio.sleep(9)

    job = Own(timeout=1, critical=False, label="a")
    PureScheduler(job).run()
    assert str(job.raised_exception()) == "<Own `a`> took more than 1s"


def test_the_timeout_of_a_scheduler_is_that_of_its_runs(every_loop):
    nested = Scheduler(sleeper(), timeout=1, critical=False, label="n")
    assert PureScheduler(nested).run() is True
    assert (nested.result(), nested.failed_time_out()) == (False, True)


def test_a_printjob_has_none():
    with pytest.raises(TypeError, match="timeout"):
        PrintJob("hello", timeout=1)


class WithAttributes(AbstractJob):
    """It had these attributes before jobs had options of these names."""

    def __init__(self, timeout, limits=None, **options):
        super().__init__(**options)
        self.timeout = timeout
        self.limits = limits

    async def co_run(self):
        await asyncio.sleep(self.timeout)
        return self.timeout, self.limits


class WithProperties(AbstractJob):
    """The same as read-only properties."""

    timeout = property(lambda self: 3)
    limits = property(lambda self: "none")

    async def co_run(self):
        await asyncio.sleep(self.timeout)
        return self.timeout, self.limits


class WithMethods(AbstractJob):
    """The same as methods."""

    def timeout(self):
        return 3

    def limits(self):
        return "none"

    async def co_run(self):
        await asyncio.sleep(self.timeout())
        return self.timeout(), self.limits()


@pytest.mark.parametrize(
    "make",
    [lambda **options: WithAttributes(3, "none", **options), WithProperties, WithMethods],
    ids=["attributes", "properties", "methods"],
)
@pytest.mark.parametrize("copied", [lambda it: it, copy.deepcopy])
def test_classes_with_these_names_of_their_own_work(every_loop, make, copied):
    job = copied(make())
    scheduler = PureScheduler(job, keep_going=True)
    assert (scheduler.run(), job.result(), job.ended_at) == (True, (3, "none"), 3)


def test_a_class_may_have_both_its_own_name_and_ours(every_loop):
    class Both(WithProperties):
        def __init__(self, **options):
            super().__init__(timeout=1, **options)

    job = Both(critical=False)
    assert (PureScheduler(job).run(), job.ended_at, job.timeout) == (True, 1, 3)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_has_the_same_timeout(every_loop, copied):
    scheduler = copied(PureScheduler(Job(asyncio.sleep, 9, timeout=2, critical=False)))
    assert (scheduler.run(), scheduler.ended_at) == (True, 2)


# -- other cancellations, other TimeoutErrors


def test_its_own_timeout_error_is_left_as_it_is(every_loop):
    async def own():
        async with asyncio.timeout(1):
            await asyncio.sleep(9)

    job = Job(own, timeout=2, critical=False)
    PureScheduler(job, sleeper(5)).run()
    error = job.raised_exception()
    assert (type(error), str(error), job.ended_at) == (TimeoutError, "", 1)


@pytest.mark.parametrize("seconds", [1 - 1e-9, 1, 1 + 1e-9])
def test_an_own_timeout_that_expires_in_the_same_turn(every_loop, seconds):
    async def own():
        async with asyncio.timeout(seconds):
            await asyncio.sleep(9)

    job = Job(own, timeout=1, critical=False)
    PureScheduler(job).run()
    assert (type(job.raised_exception()), job.ended_at) == (TimeoutError, 1)


def test_a_cancellation_from_elsewhere_is_left_as_it_is(every_loop):
    job = sleeper(timeout=2, critical=False)
    PureScheduler(job, at(1, lambda: job.cancel("from elsewhere")), sleeper(5)).run()
    error = job.raised_exception()
    assert (type(error), error.args) == (asyncio.CancelledError, ("from elsewhere",))


def test_a_cancellation_that_came_before_the_time_was_over_counts(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3)

    job = Job(clean_up, timeout=2, critical=False)
    PureScheduler(job, at(1, lambda: job.cancel("first"))).run()
    error = job.raised_exception()
    assert (type(error), error.args) == (asyncio.CancelledError, ("first",))


def test_a_cancellation_in_the_clean_up_after_the_time_changes_nothing(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    job = Job(clean_up, timeout=1, critical=False)
    PureScheduler(job, at(2, lambda: job.cancel("later"))).run()
    assert (type(job.raised_exception()), job.ended_at) == (TimeoutError, 2)


def test_a_job_that_swallowed_an_earlier_cancellation_runs_out_of_its_time(every_loop):
    async def go_on():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(9)
        await asyncio.sleep(9)

    job = Job(go_on, timeout=2, critical=False)
    PureScheduler(job, at(1, job.cancel)).run()
    assert (str(job.raised_exception()), job.ended_at) == (
        "<Job `go_on()`> took more than 2s",
        2,
    )


def test_a_job_that_translates_its_cancellation_has_raised_that(every_loop):
    async def translate():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            raise OSError("cut off") from None

    job = Job(translate, timeout=1, critical=False)
    PureScheduler(job).run()
    assert repr(job.raised_exception()) == "OSError('cut off')"


def test_an_exit_in_the_clean_up_is_raised(every_loop):
    async def leave():
        try:
            await asyncio.sleep(9)
        finally:
            raise SystemExit(3)

    with pytest.raises(SystemExit, match=r"^3$"):
        PureScheduler(Job(leave, timeout=1)).run()


# -- jobs that do not obey


def test_a_job_that_returns_at_once_all_the_same_is_done_with_a_warning(every_loop, caplog):
    async def graceful():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(9)
        return "saved"

    job = Job(graceful, timeout=1, label="a")
    assert (PureScheduler(job).run(), job.result()) == (True, "saved")
    assert caplog.record_tuples == [
        (
            "asynciojobs",
            logging.WARNING,
            "<Job `a`> took more than 1s, was cancelled, but still returned after 0s",
        )
    ]


def test_a_deaf_job_is_waited_for_and_named_in_the_log(every_loop, caplog):
    job = Job(deaf, 5, timeout=1, label="a")
    scheduler = PureScheduler(job)
    assert (scheduler.run(), job.result(), scheduler.ended_at) == (True, "done", 5)
    assert caplog.messages == [
        "<Job `a`> was cancelled and is still running, so it is cancelled again each second",
        "<Job `a`> took more than 1s, was cancelled, but still returned after 4s",
    ]


def swallowing(heard, times):
    async def swallow():
        for _ in range(times):
            try:
                await asyncio.sleep(99)
            except asyncio.CancelledError:
                heard.append(now())
        await asyncio.sleep(99)

    return swallow


def test_a_deaf_job_is_cancelled_again_each_second(every_loop):
    heard = []
    job = Job(swallowing(heard, 3), timeout=1, critical=False)
    PureScheduler(job, sleeper(9)).run()
    assert (heard, job.ended_at) == ([1, 2, 3], 4)
    assert isinstance(job.raised_exception(), TimeoutError)


def test_a_job_that_cleans_up_is_not_cancelled_again(every_loop, caplog):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(30)

    job = Job(clean_up, timeout=1, critical=False, label="a")
    PureScheduler(job).run()
    assert (job.ended_at, caplog.messages) == (
        31,
        ["<Job `a`> was cancelled and is still running, so its end is awaited"],
    )


def test_the_end_of_the_run_comes_while_a_job_is_deaf(every_loop, caplog):
    job = Job(deaf, 5, timeout=1, label="a")
    scheduler = PureScheduler(job, timeout=3)
    assert (scheduler.run(), scheduler.failed_time_out(), scheduler.ended_at) == (
        False,
        True,
        5,
    )


def test_the_time_is_over_in_the_turn_of_the_end_of_the_run(every_loop):
    jobs = [sleeper(timeout=2, label=f"{n}") for n in range(2)]
    scheduler = PureScheduler(*jobs, timeout=2)
    assert scheduler.run() is False
    assert scheduler.ended_at == 2


def test_the_time_of_a_job_that_cleans_up_after_the_run_has_ended_is_stopped(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(5)
            ended.append("cleaned up")

    ended = []
    job = Job(clean_up, timeout=3)
    scheduler = PureScheduler(job, timeout=1)
    assert (scheduler.run(), scheduler.ended_at, ended) == (False, 6, ["cleaned up"])
    assert job.raised_exception() is None


# -- together with other features


def test_a_job_is_cancelled_by_its_observer_as_it_starts(every_loop):
    job = sleeper(timeout=0, critical=False)
    scheduler = PureScheduler(job, sleeper(1))

    def cancel(event):
        if event.job is job and event.kind is EventKind.STARTED:
            job.cancel()

    with scheduler.observe(cancel):
        assert scheduler.run() is True
    assert isinstance(job.raised_exception(), TimeoutError)


def test_a_job_ends_in_its_first_step(every_loop):
    async def at_once():
        return "value"

    job = Job(at_once, timeout=1)
    assert (PureScheduler(job, sleeper(3)).run(), job.result()) == (True, "value")


def test_a_task_factory_that_wraps_coroutines(fake_time):
    async def wrap(coroutine):
        return await coroutine

    def factory(loop, coroutine, **options):
        return asyncio.Task(wrap(coroutine), loop=loop, **options)

    def make():
        loop = fake_time()
        loop.set_task_factory(factory)
        return loop

    job = sleeper(timeout=1, critical=False)
    assert (PureScheduler(job).run(loop_factory=make), job.ended_at) == (True, 1)
    assert isinstance(job.raised_exception(), TimeoutError)


def test_no_timer_is_left_after_a_run(in_loop):
    async def main():
        await PureScheduler(sleeper(1, timeout=100), sleeper(1, timeout=1)).co_run()
        loop = asyncio.get_running_loop()
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    assert in_loop(main()) == []


def test_an_infinite_timeout_sets_no_timer(in_loop):
    async def timers():
        return [timer.when() for timer in asyncio.get_running_loop()._scheduled]

    async def main():
        job = Job(timers, timeout=math.inf)
        await PureScheduler(job, sleeper(1, timeout=2)).co_run()
        return job.result()

    assert math.inf not in in_loop(main())


def test_a_job_that_swallowed_an_earlier_cancellation_has_raised_a_timeout_error(every_loop):
    async def go_on():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(9)
        await asyncio.sleep(9)

    job = Job(go_on, timeout=2, critical=False)
    PureScheduler(job, at(1, job.cancel)).run()
    assert type(job.raised_exception()) is TimeoutError


def test_an_earlier_cancellation_is_taken_back_after_the_time_is_over(every_loop):
    async def go_on():
        task = asyncio.current_task()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(9)
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            task.uncancel()
            raise asyncio.CancelledError from None  # without the message, as libraries do

    job = Job(go_on, timeout=1, critical=False)
    PureScheduler(job).run()
    assert (type(job.raised_exception()), job.ended_at) == (TimeoutError, 1)
