"""`Identity`: what a journal needs to know of a job besides its label; `Work`: what it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["PLAIN", "Identity", "Work", "checked_identity", "named", "numbered"]


class Identity(NamedTuple):
    """How a journal knows a job again. Most jobs have none, and are known by their label."""

    key: str | None
    """The name of the job among those of its scheduler; ``None`` means its label."""
    journaled: bool
    """Whether it is recorded."""
    version: str | None
    """What stands for the source of its function; ``None`` means that the source counts."""


PLAIN = Identity(None, True, None)
"""What a job without such options has."""


def checked_identity(key: str | None, journaled: object, version: object) -> Identity:
    """Return what users said about a job.

    Raises:
        TypeError: the key is not text, or the version is neither text nor a number.
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
    """What a job does, as a journal compares it with what it did before."""

    function: object
    """What is called, or the coroutine; ``None`` if the class of the job says it all."""
    arguments: Mapping[str, object]
    """What it is called with, by names that people read."""


def numbered(args: Iterable[object]) -> dict[str, object]:
    """Return arguments by position, by names that people read."""
    return {f"argument {number}": value for number, value in enumerate(args, 1)}


def named(kwargs: Mapping[str, object]) -> dict[str, object]:
    """Return arguments by name, by names that people read."""
    return {f"argument `{name}`": value for name, value in kwargs.items()}
