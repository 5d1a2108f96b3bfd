"""The keyword parameters that jobs share. Only type checkers and messages need them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypedDict

__all__ = ["JobHolder", "JobOptions", "NestedOptions", "check_options"]


class JobHolder(Protocol):
    """The method that a job calls on the scheduler in which it is created."""

    def add(self, job: Any) -> object:
        """Add the job."""
        ...


class NestedOptions(TypedDict, total=False):
    """The keyword parameters that a scheduler has as a job; see `AbstractJob`."""

    forever: bool
    critical: bool
    label: object
    required: Any
    scheduler: JobHolder | None
    limits: Any
    key: str | None
    journaled: bool
    version: object


class JobOptions(NestedOptions, total=False):
    """The keyword parameters that all kinds of jobs share; see `AbstractJob`."""

    timeout: float | None  # a scheduler's timeout limits its runs


def check_options(kind: str, given: Iterable[str], own: Iterable[str], hint: str = "") -> None:
    """Check the names of keyword arguments, with a better message than Python's.

    Args:
        kind: the class that is called.
        given: the names of the arguments.
        own: the options that this class has besides `JobOptions`.
        hint: what to do with an argument that is not an option. ``{name}`` in it is replaced.

    Raises:
        TypeError: there is no option of that name.
    """
    options = NestedOptions if "timeout" in own else JobOptions
    known = (*own, *options.__annotations__)
    for name in given:
        if name not in known:
            raise TypeError(
                f"{kind}() has no option {name!r}, only {', '.join(known)}"
                + hint.format(name=name)
            ) from None
