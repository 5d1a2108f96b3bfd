"""Requirements, in whatever form they are given: one, a group, or any nesting of iterables.

What they are is told by a class, `kind`, since jobs stand on this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeAlias, TypeVar, cast

__all__ = ["Distinct", "Group", "Requirements", "distinct", "flatten", "one_by_one"]

T = TypeVar("T")

Requirements = Any
"""A job, a sequence, ``None``, or any nesting of iterables of these."""

Distinct: TypeAlias = "T | tuple[T, ...] | None"
"""The only one, or a tuple of several, each of them once."""


class Group(Generic[T]):
    """What can stand where one can, and is several: a sequence."""

    __slots__ = ()

    def _members(self) -> Iterable[T]:
        """Return what to take when this is put in a scheduler."""
        raise NotImplementedError  # pragma: no cover - abstract

    def _last_jobs(self) -> Iterable[T]:
        """Return what must be done for this to be done."""
        raise NotImplementedError  # pragma: no cover - abstract


def distinct(requirements: Requirements, kind: type[T]) -> Distinct[T]:
    """Return what `flatten` finds, once each: the only one, or else a tuple.

    Raises:
        TypeError: see `flatten`.
    """
    given: list[Any] = [requirements]
    if isinstance(requirements, list):
        given = requirements  # pyright: ignore[reportUnknownVariableType]
    for requirement in given:
        if not isinstance(requirement, kind):
            given = flatten(given, kind)
            break
    return given[0] if len(given) == 1 else tuple(dict.fromkeys(given)) or None


def one_by_one(requirements: Distinct[T]) -> tuple[T, ...]:
    """Return them as a tuple, however many they are."""
    if requirements is None:
        return ()
    if isinstance(requirements, tuple):
        return cast("tuple[T, ...]", requirements)
    return (requirements,)


def flatten(requirements: Iterable[Requirements], kind: type[T]) -> list[T]:
    """Return what is in any nesting of iterables of requirements, groups and ``None``.

    Raises:
        TypeError: something else is in there.
    """
    # A stack of iterators, since users may nest lists as deep as they like.
    stack = [iter(requirements)]
    found: list[Any] = []
    while stack:
        for item in stack[-1]:
            if isinstance(item, kind):
                found.append(item)
            elif isinstance(item, Group):
                found.extend(cast("Group[T]", item)._last_jobs())
            elif item is not None:
                stack.append(_iterator(item))
                break
        else:
            stack.pop()
    return found


def _iterator(item: Any) -> Iterator[Requirements]:
    if isinstance(item, str | bytes):  # iterables of themselves
        raise TypeError(f"a requirement must be a job or a sequence, not {item!r}")
    try:
        return iter(item)
    except TypeError:
        raise TypeError(f"a requirement must be a job or a sequence, not {item!r}") from None
