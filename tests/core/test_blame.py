"""Which part of a call could not be pickled, as far as an error shows."""

from __future__ import annotations

import pickle
import threading

import pytest

from asynciojobs._calls.pickling import unpicklable_part


class Pool:
    """Replaces an executor from outside the standard library."""


def at_the_top(*args, **kwargs): ...


def error_of(thing):
    """Return the exception of pickling something."""
    try:
        pickle.dumps(thing)
    except Exception as error:
        return error
    raise AssertionError


def chained(error):
    """Return an error of another type that comes from this one."""
    try:
        raise TypeError("could not send it") from error
    except TypeError as outer:
        return outer


LOCK = threading.Lock()
ERROR = error_of(LOCK)  # a TypeError
LAMBDA = lambda: 1  # noqa: E731 - a function that can't be pickled


def part_of(error, function=at_the_top, *args, **kwargs):
    return unpicklable_part(error, Pool(), function, args, kwargs)


def test_a_function_is_named():
    assert part_of(error_of(LAMBDA), LAMBDA) == f"its function {LAMBDA!r}"


def test_an_argument_is_named_by_its_place():
    assert part_of(ERROR, at_the_top, 1, LOCK) == "argument 2 of its function (of type lock)"


def test_an_argument_is_named_by_its_name():
    assert part_of(ERROR, a=1, b=LOCK) == "argument 'b' of its function (of type lock)"


def test_an_error_that_came_from_that_of_an_argument_tells_as_well():
    assert part_of(chained(ERROR), at_the_top, LOCK) == (
        "argument 1 of its function (of type lock)"
    )


def test_an_error_of_pickle_itself_blames_the_first_that_can_not_be_pickled():
    error = pickle.PicklingError("could not send it")
    assert part_of(error, at_the_top, LOCK) == "argument 1 of its function (of type lock)"


@pytest.mark.parametrize("error", [TypeError("mine"), AttributeError("mine")])
def test_an_error_of_the_function_itself_blames_nothing(error):
    assert part_of(error, LAMBDA, LOCK) is None


def test_an_error_of_another_type_blames_nothing():
    assert part_of(ValueError(str(ERROR)), at_the_top, LOCK) is None


def test_where_all_can_be_pickled_nothing_is_blamed():
    assert part_of(pickle.PicklingError("could not send it"), at_the_top, 1) is None


def test_an_error_that_comes_from_itself_ends():
    error, other = TypeError("a"), TypeError("b")
    error.__context__, other.__context__ = other, error
    assert part_of(error, at_the_top, LOCK) is None


def test_the_worker_tells_that_a_result_could_not_be_sent_back():
    error = chained(OSError("File process.py, in _sendback_result"))
    assert part_of(error) == "what its function returned or raised"
