"""Results as bytes: they come back unchanged, or are refused with a reason."""

from __future__ import annotations

import enum
import math
import sys
from collections import OrderedDict
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs._journal.codecs import DEEPEST, JSONCodec, PickleCodec, dumps_or_reason


class Point(NamedTuple):
    x: int
    y: int


class Text(str):
    __slots__ = ()


class Real(float):
    pass


class Colour(enum.IntEnum):
    RED = 1


class Empty:
    pass


def nested(depth, kind=list):
    value = kind()
    for _ in range(depth - 1):
        value = [value] if kind is list else {"a": value}
    return value


def types_of(value):
    """Return a value with the types of all its parts, and the signs of its zeros."""
    if isinstance(value, dict):
        return dict, [(types_of(key), types_of(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [types_of(item) for item in value]
    return type(value), repr(value)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=())) | st.integers(), inner)
    ),
)


@given(VALUES)
def test_json_gives_back_the_same_or_refuses(value):
    data = dumps_or_reason(JSONCodec(), value)
    if isinstance(data, bytes):
        assert data.isascii()
        assert types_of(JSONCodec().loads(data)) == types_of(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**9_000),
        1e300,
        -0.0,
        5e-324,
        "",
        "é\0\U0001f600\u2028",
        [],
        {},
        {"": [{"a": None}]},
        [True, 1, 1.0],
        nested(DEEPEST),
        nested(DEEPEST, dict),
    ],
    ids=lambda value: hex(value)[:9] if type(value) is int else repr(value)[:20],
)
def test_json_takes_what_comes_back(value):
    back = JSONCodec().loads(JSONCodec().dumps(value))
    assert types_of(back) == types_of(value)


SURROGATE = "half a character in it (a lone surrogate)"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ((1, 2), "its result is a tuple, which JSON gives back as a list"),
        (Point(1, 2), "its result is a Point, which JSON gives back as a list"),
        ([1, (2,)], "its result[1] is a tuple, which JSON gives back as a list"),
        ({"a": [(1,)]}, "its result['a'][0] is a tuple, which JSON gives back as a list"),
        ({1: 2}, "its result has the key 1, and JSON keys are strings"),
        ([{None: 2}], "its result[0] has the key None, and JSON keys are strings"),
        ({True: 2}, "its result has the key True, and JSON keys are strings"),
        ({Text("a"): 2}, "its result has the key 'a', and JSON keys are strings"),
        (OrderedDict(a=1), "its result is an OrderedDict, which JSON gives back as a dict"),
        (type("Many", (list,), {})(), "its result is a Many, which JSON gives back as a list"),
        (Text("a"), "its result is a Text, which JSON gives back as a str"),
        (Real(1), "its result is a Real, which JSON gives back as a float"),
        (Colour.RED, "its result is a Colour, which JSON gives back as an int"),
        (Empty, "its result is a type, which JSON does not have"),
        (Empty(), "its result is an Empty, which JSON does not have"),
        ({1, 2}, "its result is a set, which JSON does not have"),
        (b"x", "its result is a bytes, which JSON does not have"),
        (math.nan, "its result is nan, which JSON does not have"),
        ([math.inf], "its result[0] is inf, which JSON does not have"),
        (-math.inf, "its result is -inf, which JSON does not have"),
        ("\ud800", f"its result has {SURROGATE}, which JSON may change"),
        ("\ud83d\ude00", f"its result has {SURROGATE}, which JSON may change"),
        ({"\udce9": 1}, f"its result has the key '\\udce9', with {SURROGATE}"),
        (10**5_000, "its result is a number with more digits than Python reads"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else "",
)
def test_json_refuses_what_would_change_and_says_where(value, reason):
    assert dumps_or_reason(JSONCodec(), value) == reason


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 10_000])
def test_json_refuses_what_is_nested_too_deep(depth, kind):
    reason = dumps_or_reason(JSONCodec(), nested(depth, kind))
    assert reason.endswith(" is nested more than 100 levels deep")


def test_json_refuses_a_list_in_itself():
    value = []
    value.append(value)
    reason = dumps_or_reason(JSONCodec(), value)
    assert reason.endswith("[0][0] is nested more than 100 levels deep")


def test_a_number_that_this_python_would_not_read_is_refused():
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert "640 digits" in dumps_or_reason(JSONCodec(), 10**700)
    finally:
        sys.set_int_max_str_digits(before)


def test_json_loads_nothing_but_json():
    with pytest.raises(ValueError, match="^Expecting value"):
        JSONCodec().loads(b"?")


@pytest.mark.parametrize("value", [(1, 2), Point(1, 2), {1: {2}}, b"x", Colour.RED], ids=repr)
def test_pickle_gives_back_the_same(value):
    back = PickleCodec().loads(PickleCodec().dumps(value))
    assert (back, type(back)) == (value, type(value))


def test_what_pickle_refuses_is_a_reason():
    reason = dumps_or_reason(PickleCodec(), lambda: None)
    assert reason.startswith("the codec 'pickle' raised ")
    assert "lambda" in reason


def test_what_is_nested_too_deep_for_pickle_is_a_reason():
    reason = dumps_or_reason(PickleCodec(), nested(100_000))
    assert reason.startswith("the codec 'pickle' raised RecursionError: ")


class Broken:
    """A codec that does what its arguments say."""

    name = "mine"

    def __init__(self, outcome):
        self._outcome = outcome

    def dumps(self, value):
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (ValueError("too long"), "too long"),
        (ValueError(), "its codec refuses it"),
        (KeyError("a"), "the codec 'mine' raised KeyError: 'a'"),
        ("text", "the codec 'mine' returned str instead of bytes"),
        (bytearray(b"1"), "the codec 'mine' returned bytearray instead of bytes"),
        (b"1", b"1"),
    ],
    ids=repr,
)
def test_a_codec_of_a_user_may_do_anything(outcome, reason):
    assert dumps_or_reason(Broken(outcome), 1) == reason


def test_an_interrupt_is_no_reason():
    with pytest.raises(KeyboardInterrupt):
        dumps_or_reason(Broken(KeyboardInterrupt()), 1)
