"""Turns what users pass (a job, a sequence, or collections of these) into lists of jobs.

The functions take the class of the jobs as `kind`, since the module of jobs imports this one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Generic, TypeAlias, TypeVar, cast

__all__ = [
    "Distinct",
    "Group",
    "Requirements",
    "as_collection",
    "as_set",
    "as_tuple",
    "check_same",
    "distinct",
    "flatten",
    "members_of",
    "unique",
]

T = TypeVar("T")
C = TypeVar("C", bound=Collection[Any])

Requirements = Any
"""A job, a sequence, ``None``, or any nesting of iterables of these."""

Distinct: TypeAlias = "T | tuple[T, ...] | None"
"""No job, one job, or a tuple of several different jobs."""


class Group(Generic[T]):
    """Several jobs that can be used like one job: a sequence."""

    __slots__ = ()

    jobs: list[T]
    """All of them."""

    def _last_jobs(self) -> Iterable[T]:
        """Return the jobs that must be done for the group to be done."""
        raise NotImplementedError  # pragma: no cover - abstract


# -- requirements


def distinct(requirements: Requirements, kind: type[T]) -> Distinct[T]:
    """Return the jobs that `flatten` finds, without repetitions.

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
    return given[0] if len(given) == 1 else tuple(as_set(given, dict.fromkeys)) or None


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
        TypeError: it contains something else.
    """
    # A stack of iterators instead of recursion: users may nest lists to any depth.
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
    if hasattr(type(cast("object", item)), "co_run"):  # the scheduler, not the jobs in it
        raise TypeError(
            f"a requirement must be a job or a sequence, not {item!r}: only a Scheduler can be "
            "nested"
        )
    try:
        return iter(item)
    except TypeError:
        raise TypeError(f"a requirement must be a job or a sequence, not {item!r}") from None


# -- jobs in sets

REMEDY = "make jobs of this class equal to themselves only, @dataclass(eq=False)"


def unique(jobs: Collection[T]) -> dict[T, None]:
    """Return jobs without repetitions, in order; see `as_set`."""
    return as_set(jobs, dict.fromkeys)


def as_set(jobs: Collection[T], make: Callable[[Iterable[T]], C]) -> C:
    """Return jobs as a set.

    Args:
        jobs: the jobs.
        make: makes the set.

    Raises:
        ValueError: two different jobs are equal.
        TypeError: a job has no hash.
    """
    try:
        found = make(jobs)
    except TypeError:
        _check_hashable(jobs)
        raise
    if len(found) < len(jobs):
        check_same(jobs, found)
    return found


def check_same(jobs: Iterable[T], members: Collection[T]) -> None:
    """Check that none of the jobs equals a member of a set without being that member.

    Raises:
        ValueError: one of them does.
    """
    for job in jobs:
        if type(job).__eq__ is not object.__eq__ and all(job is not it for it in members):
            other: Any = next(member for member in members if member == job)
            raise ValueError(
                f"{_named(job)} is equal to another {_named(other)}, and a set can hold only "
                f"one of them: {REMEDY}"
            )


def _check_hashable(jobs: Iterable[object]) -> None:
    for job in jobs:
        if type(job).__hash__ is None:
            raise TypeError(
                f"{_named(job)} can't be put in a set, since its class defines __eq__() and no "
                f"__hash__(): {REMEDY}"
            ) from None


def _named(job: Any) -> str:
    name: str = job.repr_main() if hasattr(job, "repr_main") else repr(job)
    return name


# -- members of a scheduler


def as_collection(things: Any, kind: type[Any]) -> Iterable[Any]:
    """Return a collection of jobs and groups; a single one becomes a collection of one."""
    # A nested scheduler is iterable, but it is one job.
    if isinstance(things, (kind, Group)) or not isinstance(things, Iterable):
        return (things,)
    return things  # pyright: ignore[reportUnknownVariableType]


def members_of(things: Iterable[Any], kind: type[T]) -> list[T]:
    """Return the jobs of a collection of jobs and groups.

    Raises:
        TypeError: it contains something else.
    """
    things = tuple(things)
    # Fast path: 50 of 77 ns a job. Without it, the last line would do the same.
    if all(issubclass(each, kind) for each in set(map(type, things))):
        return list(things)
    return [job for thing in things for job in _members(thing, kind)]


def _members(thing: object, kind: type[T]) -> Iterable[T]:
    if isinstance(thing, kind):
        return (thing,)
    if isinstance(thing, Group):
        return cast("Group[T]", thing).jobs
    raise TypeError(_not_a_member(thing, kind))


def _not_a_member(thing: object, kind: type[object]) -> str:
    rule = f"a scheduler is made of jobs and sequences, not of {thing!r}"
    if inspect.isroutine(thing) or inspect.isawaitable(thing):
        return f"{rule}: make a job of it, Job(function, *args)"
    if isinstance(thing, type):
        remedy = f": it is a class, so make a job of it, {thing.__name__}(…)"
        return rule + remedy * issubclass(thing, kind)
    if hasattr(thing, "co_run"):
        return f"{rule}: only a Scheduler can be nested"
    if isinstance(thing, Iterable) and not isinstance(thing, str | bytes):
        return f"{rule}: give its elements with a star, Scheduler(*jobs), or use update(jobs)"
    return rule
