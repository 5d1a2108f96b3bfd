"""What users write for jobs: one, a sequence, or collections of these.

The functions take the class of the jobs as `kind`, since jobs stand on this module.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeAlias, TypeVar, cast

__all__ = [
    "Distinct",
    "Group",
    "Requirements",
    "as_collection",
    "as_tuple",
    "distinct",
    "flatten",
    "members_of",
]

T = TypeVar("T")

Requirements = Any
"""A job, a sequence, ``None``, or any nesting of iterables of these."""

Distinct: TypeAlias = "T | tuple[T, ...] | None"
"""Nothing, the only one, or a tuple of several different ones."""


class Group(Generic[T]):
    """Several jobs that can be written where one can: a sequence."""

    __slots__ = ()

    jobs: list[T]
    """All of them."""

    def _last_jobs(self) -> Iterable[T]:
        """Return the jobs that must be done for the group to be done."""
        raise NotImplementedError  # pragma: no cover - abstract


# -- requirements


def distinct(requirements: Requirements, kind: type[T]) -> Distinct[T]:
    """Return what `flatten` finds, without repetitions.

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


def as_tuple(requirements: Distinct[T]) -> tuple[T, ...]:
    """Return distinct requirements as a tuple."""
    if requirements is None:
        return ()
    if isinstance(requirements, tuple):
        return cast("tuple[T, ...]", requirements)
    return (requirements,)


def flatten(requirements: Iterable[Requirements], kind: type[T]) -> list[T]:
    """Return the jobs in any nesting of iterables of jobs, groups and ``None``.

    Raises:
        TypeError: there is something else in it.
    """
    # A stack of iterators rather than recursion: users may nest lists to any depth.
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
    if isinstance(item, str | bytes):  # each character of a string is a string again
        raise TypeError(f"a requirement must be a job or a sequence, not {item!r}")
    if hasattr(type(cast("object", item)), "co_run"):  # the jobs in it are not meant
        raise TypeError(
            f"a requirement must be a job or a sequence, not {item!r}: a scheduler that is to "
            "be nested must be a Scheduler"
        )
    try:
        return iter(item)
    except TypeError:
        raise TypeError(f"a requirement must be a job or a sequence, not {item!r}") from None


# -- members of a scheduler


def as_collection(things: Any, kind: type[Any]) -> Iterable[Any]:
    """Return a collection of jobs and groups; a single one makes a collection of one."""
    # A nested scheduler is iterable, and it is one job.
    if isinstance(things, (kind, Group)) or not isinstance(things, Iterable):
        return (things,)
    return things  # pyright: ignore[reportUnknownVariableType]


def members_of(things: Iterable[Any], kind: type[T]) -> list[T]:
    """Return the jobs of a collection of jobs and groups.

    Raises:
        TypeError: there is something else in it.
    """
    jobs: list[T] = []
    for thing in things:
        if isinstance(thing, kind):
            jobs.append(thing)
        elif isinstance(thing, Group):
            jobs.extend(cast("Group[T]", thing).jobs)
        else:
            raise TypeError(_not_a_member(thing, kind))
    return jobs


def _not_a_member(thing: object, kind: type[object]) -> str:
    rule = f"a scheduler is made of jobs and sequences, not of {thing!r}"
    if inspect.isroutine(thing) or inspect.isawaitable(thing):
        return f"{rule}: make a job of it, Job(function, *args)"
    if isinstance(thing, type):
        remedy = f": it is a class, so make a job of it, {thing.__name__}(…)"
        return rule + remedy * issubclass(thing, kind)
    if hasattr(thing, "co_run"):
        return f"{rule}: a scheduler that is to be nested must be a Scheduler"
    if isinstance(thing, Iterable) and not isinstance(thing, str | bytes):
        return f"{rule}: give its elements with a star, Scheduler(*jobs), or use update(jobs)"
    return rule
