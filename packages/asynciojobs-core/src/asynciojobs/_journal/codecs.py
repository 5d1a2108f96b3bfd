"""How the result of a job is turned into bytes and back."""

from __future__ import annotations

import json
import math
import pickle
import reprlib
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Codec", "JSONCodec", "PickleCodec", "dumps_or_reason"]

DEEPEST = 100
"""How deep lists and dicts may be nested in a result (levels)."""


encode_json = json.JSONEncoder(separators=(",", ":")).encode


class Codec(Protocol):
    """Writes results and reads them back, such as `JSONCodec` and `PickleCodec`.

    Attributes:
        name: stored in the header of a journal, so that no other codec reads its results.
    """

    @property
    def name(self) -> str: ...

    def dumps(self, value: object) -> bytes:
        """Return a result as bytes.

        Raises:
            Exception: it can't be recorded; the message says why.
        """
        ...

    def loads(self, data: bytes) -> object:
        """Return a result equal to the one that `dumps()` was given, of the same types.

        Raises:
            Exception: it can't be loaded. Asking for the result then raises `JournalError`.
        """
        ...


class JSONCodec:
    """Writes results as JSON, but only if they come back equal and of the same types.

    ``None``, bools, ints, finite floats, strings and lists do, and dicts whose keys are
    strings. Their subclasses don't. A tuple is refused, since it would come back as a list.

    Example:
        >>> JSONCodec().dumps({"mean": 2.5})
        b'{"mean":2.5}'
        >>> JSONCodec().dumps({"point": (1, 2)})
        Traceback (most recent call last):
            ...
        ValueError: its result['point'] is a tuple, which JSON gives back as a list
    """

    name = "json"

    def dumps(self, value: object) -> bytes:
        """Return a result as JSON, in ASCII.

        Raises:
            ValueError: it would come back changed; the message says where and why.
        """
        objection = objection_to(value)
        if objection is not None:
            raise ValueError(f"its result{objection}")
        return encode_json(value).encode("ascii")

    def loads(self, data: bytes) -> object:
        """Return the result.

        Raises:
            ValueError: the data is not JSON.
        """
        value: object = json.loads(data)
        return value


class PickleCodec:
    """Writes results with `pickle`: nearly everything can be recorded.

    **Loading a pickle runs code.** Anyone who can change the journal, or the files beside it,
    can make your program do anything. Use this codec only if nobody else can write there. A
    pickle refers to classes by name. If a class was renamed, asking for such a result raises
    `JournalError`; call `Journal.forget()` to run the job again.

    Example:
        >>> codec = PickleCodec()
        >>> codec.loads(codec.dumps((1, 2)))
        (1, 2)
    """

    name = "pickle"

    def dumps(self, value: object) -> bytes:
        """Return a result as a pickle.

        Raises:
            Exception: it can't be pickled.
        """
        return pickle.dumps(value, protocol=5)

    def loads(self, data: bytes) -> object:
        """Return the result. This runs whatever code the pickle asks for.

        Raises:
            Exception: it can't be loaded.
        """
        value: object = pickle.loads(data)
        return value


def dumps_or_reason(codec: Codec, value: object) -> bytes | str:
    """Return a result as bytes; or the reason why it can't be recorded, in words.

    Args:
        codec: any codec. The text of each `Exception` it raises is a reason.
        value: the result.

    Example:
        >>> dumps_or_reason(JSONCodec(), float("nan"))
        'its result is nan, which JSON does not have'
    """
    try:
        data = codec.dumps(value)
    except ValueError as error:
        return str(error) or "its codec refuses it"
    except Exception as error:  # noqa: BLE001 - users write codecs and __reduce__()
        return f"the codec {codec.name!r} raised {type(error).__name__}: {error}"
    if type(data) is not bytes:
        return f"the codec {codec.name!r} returned {type(data).__name__} instead of bytes"
    return data


# -- what JSON would change


def objection_to(value: object, depth: int = 0) -> str | None:
    """Return where and why a value would come back changed; ``None`` if it would not.

    The text continues a sentence that begins with the value: ``['a'][0] is a tuple, which …``.

    Args:
        value: the value.
        depth: how many lists and dicts are around it.
    """
    kind = type(value)
    if kind in SINGLE:
        return SINGLE[kind](value)
    if kind not in CONTAINERS:
        return f" is {named_type(value)}, which JSON {change_of(value)}"
    if depth == DEEPEST:
        return f" is nested more than {DEEPEST} levels deep"
    return CONTAINERS[kind](value, depth + 1)


def no_objection(_: object) -> None:
    """Accept ``None``, ``True`` and ``False``."""


def objection_to_int(value: int) -> str | None:
    """Refuse a number that is too long for Python to read back."""
    too_long = value.bit_length() > MOST_BITS
    return " is a number with more digits than Python reads" if too_long else None


def objection_to_float(value: float) -> str | None:
    """Refuse infinity and NaN."""
    return None if math.isfinite(value) else f" is {value!r}, which JSON does not have"


def objection_to_text(value: str) -> str | None:
    """Refuse lone surrogates: two of them could come back as one character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return " has half a character in it (a lone surrogate), which JSON may change"
    return None


def objection_in_list(value: list[object], depth: int) -> str | None:
    """Check the items of a list."""
    for index, item in enumerate(value):
        found = objection_to(item, depth)
        if found is not None:
            return f"[{index}]{found}"
    return None


def objection_in_dict(value: dict[object, object], depth: int) -> str | None:
    """Check the keys and values of a dict."""
    for key, item in value.items():
        if type(key) is not str:
            return f" has the key {reprlib.repr(key)}, and JSON keys are strings"
        if objection_to_text(key) is not None:
            return f" has the key {key!a}, with half a character in it (a lone surrogate)"
        found = objection_to(item, depth)
        if found is not None:
            return f"[{reprlib.repr(key)}]{found}"
    return None


def named_type(value: object) -> str:
    """Return the name of a value's type, with an article: ``a tuple``."""
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOUaeiou" else f"a {name}"


def change_of(value: object) -> str:
    """Return what JSON does with a value whose type it does not have."""
    for kind, other in (
        (tuple, "a list"),
        (list, "a list"),
        (dict, "a dict"),
        (str, "a str"),
        (int, "an int"),
        (float, "a float"),
    ):
        if isinstance(value, kind):
            return f"gives back as {other}"
    return "does not have"


MOST_BITS = 14_000
"""Python reads at most 4300 digits; that is 14,284 bits."""

# The types that come back unchanged. Their subclasses don't.
SINGLE: dict[type, Callable[[Any], str | None]] = {
    type(None): no_objection,
    bool: no_objection,
    int: objection_to_int,
    float: objection_to_float,
    str: objection_to_text,
}
CONTAINERS: dict[type, Callable[[Any, int], str | None]] = {
    list: objection_in_list,
    dict: objection_in_dict,
}
