"""`Identity`: what a journal needs to know about a job besides its label; and `Work`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["PLAIN", "Identity", "Work", "checked_identity", "named", "numbered"]


class Identity(NamedTuple):
    """How a journal recognizes a job. Most jobs have none: they are known by their label."""

    key: str | None
    """The name of the job within its scheduler; ``None`` means its label."""
    journaled: bool
    """Whether it is recorded."""
    version: str | None
    """What is compared instead of the function's source; ``None`` means the source."""


PLAIN = Identity(None, True, None)
"""The identity of a job without such options."""


def checked_identity(key: str | None, journaled: object, version: object) -> Identity:
    """Check the options about a job's identity, and return them.

    Raises:
        TypeError: the key is not a str, or the version is not a str or a number.
        ValueError: the key is empty.
    """
    if key is not None and not isinstance(key, str):
        raise TypeError(f"key must be text, or None for the label, not {key!r}")
    if key == "":
        raise ValueError("key must not be empty: leave it out, and the label counts")
    if isinstance(version, bool) or not isinstance(version, str | int | float | None):
        raise TypeError(
            f"version must be text or a number, or None for the source, not {version!r}"
        )
    return Identity(key, bool(journaled), None if version is None else str(version))


class Work(NamedTuple):
    """What a job does, for a journal to compare with the last time."""

    function: object
    """What is called, or the coroutine; ``None`` if the job's class says it all."""
    arguments: Mapping[str, object]
    """Its arguments, by readable names."""


def numbered(args: Iterable[object]) -> dict[str, object]:
    """Return positional arguments, by readable names."""
    return {f"argument {number}": value for number, value in enumerate(args, 1)}


def named(kwargs: Mapping[str, object]) -> dict[str, object]:
    """Return keyword arguments, by readable names."""
    return {f"argument `{name}`": value for name, value in kwargs.items()}
