"""`jobs_window`, `timeout` and `shutdown_timeout`: the values that a scheduler accepts."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest

from asynciojobs import PureScheduler, Scheduler


class Index:
    """Like an integer of numpy: not an ``int``, but usable as one."""

    def __index__(self) -> int:
        return 3


@pytest.fixture(params=[PureScheduler, Scheduler])
def scheduler_class(request):
    return request.param


@pytest.fixture(params=["timeout", "shutdown_timeout"])
def seconds(request):
    return request.param


# -- jobs_window


@pytest.mark.parametrize("window", [None, 0, 1, 5, 10**9])
def test_a_valid_window_is_kept(scheduler_class, window):
    assert scheduler_class(jobs_window=window).jobs_window == window


def test_no_window_is_the_default(scheduler_class):
    assert scheduler_class().jobs_window is None


def test_a_window_may_be_any_kind_of_integer(scheduler_class):
    assert scheduler_class(jobs_window=Index()).jobs_window == 3


@pytest.mark.parametrize("window", [-1, -(10**9)])
def test_a_negative_window_is_a_value_error(scheduler_class, window):
    rule = f"jobs_window must be a number of jobs, or None or 0 for no limit, not {window!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        scheduler_class(jobs_window=window)


@pytest.mark.parametrize("window", [1.0, 2.5, "3", True, False, [1]], ids=repr)
def test_a_window_that_is_not_an_integer_is_a_type_error(scheduler_class, window):
    rule = f"jobs_window must be a number of jobs, or None or 0 for no limit, not {window!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler_class(jobs_window=window)


def test_a_window_can_be_set_later(scheduler_class):
    scheduler = scheduler_class()
    scheduler.jobs_window = 4
    assert scheduler.jobs_window == 4


def test_setting_an_invalid_window_is_an_error_and_changes_nothing(scheduler_class):
    scheduler = scheduler_class(jobs_window=4)
    with pytest.raises(ValueError, match=r"^jobs_window must be .*, not -1$"):
        scheduler.jobs_window = -1
    assert scheduler.jobs_window == 4


# -- timeouts


@pytest.mark.parametrize("value", [None, 0, 1, 0.5, 0.0, 10**9, math.inf])
def test_a_valid_timeout_is_kept(scheduler_class, seconds, value):
    assert getattr(scheduler_class(**{seconds: value}), seconds) == value


def test_no_timeout_is_the_default(scheduler_class):
    assert scheduler_class().timeout is None


def test_a_shutdown_may_take_one_second_by_default(scheduler_class):
    assert scheduler_class().shutdown_timeout == 1


@pytest.mark.parametrize("value", [-1, -0.001, -math.inf, math.nan], ids=repr)
def test_a_negative_timeout_is_a_value_error(scheduler_class, seconds, value):
    rule = f"{seconds} must be 0 seconds or more, not {value!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        scheduler_class(**{seconds: value})


@pytest.mark.parametrize("value", ["1", True, [1], 1j, Decimal(1)], ids=repr)
def test_a_timeout_that_is_not_a_number_is_a_type_error(scheduler_class, seconds, value):
    rule = f"{seconds} must be a number of seconds, or None, not {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler_class(**{seconds: value})


def test_a_timeout_can_be_set_later(scheduler_class, seconds):
    scheduler = scheduler_class()
    setattr(scheduler, seconds, 7)
    assert getattr(scheduler, seconds) == 7


def test_setting_an_invalid_timeout_is_an_error_and_changes_nothing(scheduler_class, seconds):
    scheduler = scheduler_class(**{seconds: 7})
    rule = f"{seconds} must be a number of seconds, or None, not '1'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        setattr(scheduler, seconds, "1")
    assert getattr(scheduler, seconds) == 7


# -- the others


def test_watch_and_verbose_have_their_defaults(scheduler_class):
    scheduler = scheduler_class()
    assert (scheduler.watch, scheduler.verbose) == (None, False)


def test_an_unknown_keyword_is_a_type_error_that_names_the_options():
    rule = (
        "Scheduler() has no option 'jobs_windows', only jobs_window, timeout, "
        "shutdown_timeout, keep_going, watch, verbose, forever, critical, label, required, "
        "scheduler, limits, key, journaled, version"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        Scheduler(label="s", jobs_windows=2)


def test_the_error_for_an_option_of_a_wrong_type_is_about_the_option():
    rule = "a requirement must be a job or a sequence, not 3"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Scheduler(label="s", required=3)


def test_a_keyword_that_a_subclass_does_not_know_is_a_type_error():
    class Mine(Scheduler):
        pass

    rule = r"AbstractJob\.__init__\(\) got an unexpected keyword argument 'colour'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Mine(colour="red")


def test_a_pure_scheduler_has_no_label():
    rule = r"PureScheduler\.__init__\(\) got an unexpected keyword argument 'label'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        PureScheduler(label="s")
