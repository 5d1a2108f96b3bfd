"""Fake jobs do what their arguments say."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest

from asynciojobs import PureScheduler, Scheduler
from asynciojobs_testkit import FakeJob


@pytest.fixture(autouse=True)
def clock(fake_clock):
    return fake_clock


def test_a_job_takes_the_time_given(clock):
    FakeJob(takes=3600).standalone_run()
    assert clock.time == 3600.0


def test_a_job_returns_its_result():
    assert FakeJob(result=42).standalone_run() == 42


@pytest.mark.parametrize("raises", [ZeroDivisionError, ZeroDivisionError("by zero")])
def test_a_job_raises_after_the_time_given(clock, raises):
    with pytest.raises(ZeroDivisionError):
        FakeJob(takes=5, raises=raises).standalone_run()
    assert clock.time == 5.0


def test_a_job_can_run_again():
    job = FakeJob(takes=1, raises=ZeroDivisionError("by zero"), critical=False)
    scheduler = Scheduler(job)
    assert [scheduler.run(), scheduler.run()] == [True, True]
    assert job.runs == 2


def test_a_job_can_be_changed_between_runs(clock):
    job = FakeJob(takes=1)
    scheduler = Scheduler(job)
    scheduler.run()
    job.takes, job.returns = 5, "changed"
    scheduler.run()
    assert (clock.time, job.result()) == (6.0, "changed")


def test_a_cancelled_job_takes_time_to_clean_up(clock):
    job = FakeJob(takes=10, cleanup=0.5)
    PureScheduler(job, timeout=1).run()
    assert (clock.time, job.cancellations, job.is_done()) == (1.5, 1, False)


def test_a_deaf_job_ignores_its_cancellations(clock, caplog):
    job = FakeJob(takes=9.5, deaf=99)
    PureScheduler(job, timeout=1).run()
    assert (clock.time, job.cancellations, job.is_done()) == (9.5, 9, True)


def test_a_job_may_ignore_only_the_first_cancellation(clock, caplog):
    job = FakeJob(takes=10, deaf=1)
    PureScheduler(job, timeout=1).run()
    assert (clock.time, job.cancellations, job.is_done()) == (2.0, 2, False)


def test_an_endless_job_can_be_a_forever_job(clock):
    scheduler = Scheduler(FakeJob(takes=2), FakeJob(takes=math.inf, forever=True))
    assert scheduler.run()
    assert clock.time == 2.0


def test_a_shutdown_takes_the_time_given(clock):
    job = FakeJob(shutdown_takes=0.5)
    scheduler = Scheduler(job)
    scheduler.run()
    assert scheduler.shutdown()
    assert (clock.time, job.shutdowns) == (0.5, 1)


def test_a_shutdown_raises_the_exception_given():
    job = FakeJob(shutdown_raises=ZeroDivisionError)
    scheduler = Scheduler(job)
    scheduler.run()
    assert not scheduler.shutdown()
    assert isinstance(scheduler.shutdown_failures()[job], ZeroDivisionError)


def test_it_has_the_options_of_any_job():
    first, scheduler = FakeJob("first"), Scheduler()
    job = FakeJob("a", critical=False, forever=True, required=first, scheduler=scheduler)
    assert (job.label, job.critical, job.forever) == ("a", False, True)
    assert job.required == {first}
    assert scheduler.jobs == {job}


@pytest.mark.parametrize("parameter", ["takes", "cleanup", "shutdown_takes"])
@pytest.mark.parametrize("seconds", [-1, -0.001, -math.inf, math.nan])
def test_a_time_that_is_negative_or_nan_is_refused(parameter, seconds):
    message = re.escape(f"{parameter} must be 0 seconds or more, not {seconds!r}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        FakeJob("a", **{parameter: seconds})


def test_times_may_be_numbers_of_other_packages(fake_time):
    job = FakeJob("a", takes=Fraction(3, 2))
    PureScheduler(job).run()
    assert job.duration() == 1.5


@pytest.mark.parametrize("parameter", ["takes", "cleanup", "shutdown_takes"])
@pytest.mark.parametrize("seconds", [None, "1"])
def test_a_time_that_is_not_a_number_is_refused(parameter, seconds):
    message = re.escape(f"{parameter} must be a number of seconds, not {seconds!r}")
    with pytest.raises(TypeError, match=f"^{message}$"):
        FakeJob("a", **{parameter: seconds})


@pytest.mark.parametrize("parameter", ["raises", "shutdown_raises"])
@pytest.mark.parametrize("raised", ["no disk", int, 5])
def test_an_object_that_is_not_an_exception_is_refused(parameter, raised):
    message = re.escape(
        f"{parameter} must be an exception or an exception class, not {raised!r}"
    )
    with pytest.raises(TypeError, match=f"^{message}$"):
        FakeJob("a", **{parameter: raised})


def test_a_negative_number_of_cancellations_is_refused():
    with pytest.raises(ValueError, match=r"^deaf must be 0 cancellations or more, not -1$"):
        FakeJob("a", deaf=-1)
