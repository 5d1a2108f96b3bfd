"""Values as texts, to find out whether an argument has changed.

Plain values are compared: JSON values, bytes, sets, tuples, named tuples, dataclasses, paths,
enums, dates. A job is compared by its key. For anything else, only the type counts.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import pathlib
from collections.abc import Callable, Iterable
from typing import Any, cast

from .._calls.containers import Template
from .._commands.secrets import Hidden
from ..job import AbstractJob, AnyJob
from .modules import module_name

__all__ = ["SINGLE", "Values", "is_a", "type_name"]

SINGLE = (
    type(None),
    bool,
    int,
    float,
    str,
    bytes,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
)
"""The types of values without parts. `datetime.datetime` is a `datetime.date`."""

DEEPEST = 100
"""How deep containers may be nested in a value that is compared (levels)."""


class Values:
    """Makes texts of values.

    Args:
        key_of: returns the key of a job.
    """

    def __init__(self, key_of: Callable[[AnyJob], str]) -> None:
        self._key_of = key_of

    def text_of(self, value: object) -> tuple[str, bool]:
        """Return a value as text, and whether all of it is compared."""
        writing = Writing(self._key_of)
        text = writing.text_of(value)
        return text, writing.compared


class Writing:
    """The text of one value, while it is being written."""

    def __init__(self, key_of: Callable[[AnyJob], str]) -> None:
        self.compared = True
        self._key_of = key_of
        self._around: list[int] = []  # the ids of the containers that we are inside

    def text_of(self, value: Any) -> str:
        """Return a value as text."""
        if isinstance(value, AbstractJob):
            return f"job {self._key_of(cast('AnyJob', value))!r}"
        if isinstance(value, enum.Enum):
            return f"{type_name(value)}.{value.name or self.text_of(value.value)}"
        if isinstance(value, SINGLE):
            return single_text(value)
        if isinstance(value, pathlib.PurePath):
            return f"path {str(value)!r}"
        if isinstance(value, Hidden):
            return f"hidden {self.text_of(value.value)}"
        if id(value) in self._around or len(self._around) == DEEPEST:
            return self._by_type(value)
        self._around.append(id(value))
        try:
            return self._container_text(value)
        finally:
            self._around.pop()

    def _container_text(self, value: Any) -> str:
        if is_a(value, list, tuple):
            return f"{type_name(value)}[{self._joined(value)}]"
        if is_a(value, dict):
            return self._fields(value, value.items())
        if is_a(value, set, frozenset):
            return f"{type_name(value)}{{{', '.join(sorted(map(self.text_of, value)))}}}"
        if isinstance(value, Template):
            return f"{value.kind.__name__}[{self._joined(value.parts)}]"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            return self._fields(value, [(it, getattr(value, it, None)) for it in names])
        return self._by_type(value)

    def _joined(self, values: Iterable[object]) -> str:
        return ", ".join(map(self.text_of, values))

    def _fields(self, value: object, items: Iterable[tuple[object, object]]) -> str:
        texts = sorted(f"{self.text_of(name)}: {self.text_of(item)}" for name, item in items)
        return f"{type_name(value)}{{{', '.join(texts)}}}"

    def _by_type(self, value: object) -> str:
        self.compared = False
        return f"a {type_name(value)}"


def is_a(value: object, *kinds: type) -> bool:
    """Same as `isinstance()`, but type checkers don't narrow item types to Unknown."""
    return isinstance(value, kinds)


def single_text(value: Any) -> str:
    """Return a value without parts as text, the same for equal values of a type."""
    if isinstance(value, int):  # Python refuses to write long ints in decimal
        return f"{type_name(value)} {int.__format__(value, 'x')}"
    for kind in (float, str, bytes):
        if isinstance(value, kind):
            return f"{type_name(value)} {kind.__repr__(cast('Any', value))}"
    return f"{type_name(value)} {value!r}"


def type_name(value: object) -> str:
    """Return the name of a value's type, with its module unless it is built in."""
    kind = type(value)
    module = module_name(kind.__module__)
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
