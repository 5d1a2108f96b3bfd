"""The keyword parameters that each kind of job shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypedDict

from ._requirements import Requirements

__all__ = ["JobHolder", "JobOptions", "check_options"]


class JobHolder(Protocol):
    """What a job needs of the scheduler that it is created in."""

    def add(self, job: Any) -> object:
        """Take the job in."""
        ...


class JobOptions(TypedDict, total=False):
    """The keyword parameters that each kind of job shares; see `AbstractJob`."""

    forever: bool
    critical: bool
    label: object
    required: Requirements
    scheduler: JobHolder | None


def check_options(
    kind: str, given: Iterable[str], own: Iterable[str], otherwise: str = ""
) -> None:
    """Check the names of keyword arguments, and tell more than Python does.

    Args:
        kind: what is made of them.
        given: the names.
        own: which options there are besides `JobOptions`.
        otherwise: what to do with an argument that is no option; it has ``{name}``.

    Raises:
        TypeError: a name is no option.
    """
    known = (*own, *JobOptions.__annotations__)
    for name in given:
        if name not in known:
            raise TypeError(
                f"{kind}() has no option {name!r}, only {', '.join(known)}"
                + otherwise.format(name=name)
            ) from None
