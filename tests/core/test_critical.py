"""A critical job that raises ends the run at once; others do not."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import Job, PureScheduler, Scheduler


class Falsy(Exception):
    def __bool__(self):
        return False


class Mute(Exception):
    def __str__(self):
        raise LookupError("no words")


class Equal(Exception):
    """Is equal to anything, like a mock."""

    def __eq__(self, other):
        return True

    __hash__ = None


ODD = [Falsy, Mute, Equal, BaseException, GeneratorExit, TimeoutError]


async def fail(error, seconds=1.0):
    await asyncio.sleep(seconds)
    raise error


def state(scheduler):
    return scheduler.failed_critical(), scheduler.failed_time_out(), scheduler.why()


def test_a_critical_failure_ends_the_run_at_once(every_loop):
    other = Job(asyncio.sleep, 9)
    assert PureScheduler(Job(fail, ValueError()), other).run() is False
    assert (other.is_done(), other.ended_at) == (False, 1)


def test_after_a_critical_failure_ready_jobs_do_not_start(in_loop):
    async def main():
        failing = Job(fail, ValueError("no"), 0)
        others = [Job(asyncio.sleep, 1) for _ in range(1000)]
        fine = await PureScheduler(failing, *others).co_run()
        await asyncio.sleep(5)  # time can jump, because the run leaves nothing busy in the loop
        return fine, any(job.is_running() for job in others[500:])

    assert in_loop(main()) == (False, False)


def test_a_critical_failure_starts_no_successors(every_loop):
    bad = Job(fail, ValueError())
    after = Job(asyncio.sleep, 1, required=bad)
    PureScheduler(bad, after).run()
    assert after.is_idle() is True


def test_a_pure_scheduler_says_why_it_failed(every_loop):
    scheduler = PureScheduler(Job(fail, ValueError("no"), label="bad"))
    scheduler.run()
    assert state(scheduler) == (
        True,
        False,
        "CRITICAL FAILURE: <Job `bad`> raised ValueError:no",
    )


def test_a_scheduler_that_is_not_critical_returns_false(every_loop):
    scheduler = Scheduler(Job(fail, ValueError("no"), label="bad"), critical=False)
    assert (scheduler.run(), *state(scheduler)) == (
        False,
        True,
        False,
        "CRITICAL FAILURE: <Job `bad`> raised ValueError:no",
    )


def test_a_critical_scheduler_raises_the_same_exception(every_loop):
    error = ValueError("no")
    with pytest.raises(ValueError, match=r"^no\nraised by <Job `fail\(\)`>$") as caught:
        Scheduler(Job(fail, error)).run()
    assert caught.value is error


@pytest.mark.parametrize("depth", [1, 3, 20])
def test_the_same_exception_is_raised_from_any_depth(every_loop, depth):
    error = ValueError("deep")
    scheduler = Scheduler(Job(fail, error))
    for _ in range(depth):
        scheduler = Scheduler(scheduler)
    with pytest.raises(ValueError, match=r"^deep\nraised by <Job `fail\(\)`>$") as caught:
        scheduler.run()
    assert caught.value is error


def test_a_nested_failure_stops_at_a_scheduler_that_is_not_critical(every_loop):
    inner = Scheduler(Job(fail, ValueError()))
    middle = Scheduler(inner, critical=False)
    after = Job(asyncio.sleep, 1, required=middle)
    outer = Scheduler(middle, after)
    assert outer.run() is True
    assert (middle.result(), middle.raised_exception(), after.is_done()) == (
        False,
        None,
        True,
    )


def test_a_nested_failure_is_the_exception_of_each_critical_scheduler(every_loop):
    error = ValueError()
    inner = Scheduler(Job(fail, error))
    middle = Scheduler(inner)
    outer = PureScheduler(middle)
    assert outer.run() is False
    assert [job.raised_exception() for job in (inner, middle)] == [error, error]


def test_a_failure_that_is_not_critical_lets_the_others_go_on(every_loop):
    other = Job(asyncio.sleep, 9)
    bad = Job(fail, ValueError(), critical=False)
    assert PureScheduler(bad, other).run() is True
    assert other.ended_at == 9


def test_a_failure_that_is_not_critical_lets_successors_start(every_loop):
    bad = Job(fail, ValueError(), critical=False)
    after = Job(asyncio.sleep, 1, required=bad)
    assert PureScheduler(bad, after).run() is True
    assert after.started_at == 1


def test_a_run_is_fine_if_only_jobs_failed_that_are_not_critical(every_loop):
    scheduler = PureScheduler(Job(fail, ValueError(), critical=False))
    assert (scheduler.run(), *state(scheduler)) == (True, False, False, "FINE")


@pytest.mark.parametrize("kind", ODD)
def test_any_exception_of_a_critical_job_ends_the_run(every_loop, kind):
    error = kind()
    job = Job(fail, error)
    scheduler = PureScheduler(job, Job(asyncio.sleep, 9))
    assert (scheduler.run(), scheduler.failed_critical()) == (False, True)
    assert job.raised_exception() is error


@pytest.mark.parametrize("kind", ODD)
def test_any_exception_passes_nested_schedulers(every_loop, kind):
    error = kind()
    caught = None
    try:
        Scheduler(Scheduler(Job(fail, error)), Job(asyncio.sleep, 9)).run()
    except BaseException as raised:
        caught = raised
    assert caught is error


@pytest.mark.parametrize("kind", ODD)
def test_any_exception_of_a_job_that_is_not_critical_is_kept(every_loop, kind):
    error = kind()
    job = Job(fail, error, critical=False)
    after = Job(asyncio.sleep, 1, required=job)
    assert PureScheduler(job, after).run() is True
    assert job.raised_exception() is error


def test_the_text_of_a_mute_exception_does_not_break_why(every_loop):
    scheduler = PureScheduler(Job(fail, Mute(), label="bad"))
    scheduler.run()
    assert scheduler.why() == (
        "CRITICAL FAILURE: <Job `bad`> raised Mute:(its __str__ raised LookupError)"
    )


def test_of_two_failures_in_one_turn_the_first_is_raised(every_loop):
    errors = [ValueError("first"), ValueError("second")]
    scheduler = Scheduler(*(Job(fail, error) for error in errors))
    with pytest.raises(ValueError, match=r"^first\nraised by <Job `fail\(\)`>$") as caught:
        scheduler.run()
    assert caught.value is errors[0]


def test_a_failure_during_the_clean_up_after_another_is_kept(every_loop):
    async def clumsy():
        try:
            await asyncio.sleep(9)
        finally:
            raise second

    first, second = ValueError("first"), ValueError("second")
    job = Job(clumsy)
    scheduler = Scheduler(Job(fail, first), job)
    with pytest.raises(ValueError, match=r"^first\nraised by <Job `fail\(\)`>$"):
        scheduler.run()
    assert job.raised_exception() is second


def test_a_job_that_becomes_critical_while_it_runs_ends_the_run(every_loop):
    async def becomes_critical():
        job.critical = True
        raise ValueError

    job = Job(becomes_critical, critical=False)
    assert PureScheduler(job).run() is False


def test_a_job_that_is_critical_no_longer_does_not_end_the_run(every_loop):
    async def becomes_harmless():
        job.critical = False
        raise ValueError

    job = Job(becomes_harmless)
    assert PureScheduler(job).run() is True


def test_a_failed_scheduler_runs_again(every_loop):
    error = ValueError()
    runs = []

    async def fails_once():
        runs.append(1)
        if len(runs) == 1:
            raise error

    scheduler = PureScheduler(Job(fails_once))
    assert [scheduler.run(), scheduler.run()] == [False, True]
    assert state(scheduler) == (False, False, "FINE")


def test_a_nested_scheduler_that_a_second_run_does_not_reach_forgets_its_failure(
    every_loop,
):
    gate = Job(asyncio.sleep, 1)
    nested = Scheduler(Job(fail, ValueError()), critical=False, required=gate)
    outer = PureScheduler(gate, nested)
    outer.run()
    outer.timeout = 0.5
    outer.run()
    assert (nested.is_idle(), *state(nested)) == (True, False, False, "FINE")


def test_the_clean_up_of_other_jobs_is_awaited_before_the_exception_is_raised(in_loop):
    async def slow():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(0.5)

    async def main():
        with pytest.raises(ValueError, match=r"^no\nraised by <Job `fail\(\)`>$"):
            await Scheduler(Job(fail, ValueError("no")), Job(slow)).co_run()
        return asyncio.get_running_loop().time()

    assert in_loop(main()) == 1.5


def test_a_job_that_does_not_define_co_run_fails_with_the_name_of_its_class(every_loop):
    from asynciojobs import AbstractJob

    class Lazy(AbstractJob):
        pass

    with pytest.raises(
        NotImplementedError,
        match=r"^Lazy does not define co_run\(\), so its jobs have nothing to run\n"
        r"raised by <Lazy `NOLABEL`>$",
    ):
        Scheduler(Lazy()).run()
