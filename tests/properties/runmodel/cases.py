"""The cases, as plain data: scripts of jobs, groups of jobs, and events from outside.

Times are integers, in milliseconds. The `repr()` of a case is Python code that makes the same
case; defaults are left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "Act",
    "Add",
    "Cancel",
    "Case",
    "Group",
    "Hook",
    "Leaf",
    "Member",
    "Needs",
    "Poke",
    "Resize",
    "Stop",
    "all_in",
    "groups_in",
    "leaves_in",
    "members_of",
]

End: TypeAlias = Literal["returns", "raises", "cancels itself", "exits"]
Reaction: TypeAlias = Literal["heeds", "raises", "returns", "is deaf"]
Needs: TypeAlias = "tuple[tuple[str, int], ...]"
"""How many slots of each limit."""


class Plain:
    """Shows only what is not the default."""

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={value!r}"
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, field.name)) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Poke(Plain):
    """Cancel the task of another job."""

    after: int
    """The delay, from the start of the job that does it."""
    target: str


@dataclass(frozen=True, repr=False)
class Cancel(Plain):
    """Call the `cancel()` of a job or a nested group."""

    after: int
    target: str


@dataclass(frozen=True, repr=False)
class Stop(Plain):
    """Call the `stop()` of a group."""

    after: int
    target: str


@dataclass(frozen=True, repr=False)
class Resize(Plain):
    """Set the number of slots of a limit."""

    after: int
    target: str
    slots: int


@dataclass(frozen=True, repr=False)
class Add(Plain):
    """Add jobs to a group."""

    after: int
    group: str
    members: tuple[Member, ...]
    before: tuple[str, ...] = ()
    """Jobs of the group that are made to require the first of the new ones."""


Act: TypeAlias = Poke | Cancel | Stop | Resize | Add


@dataclass(frozen=True, repr=False)
class Leaf(Plain):
    """A job that does what its script says."""

    name: str
    takes: int = 1
    ends: End = "returns"
    """How it ends when its time is over."""
    when_cancelled: Reaction = "heeds"
    """How it reacts if it is cancelled earlier; a deaf job goes on to its end."""
    cleanup: int = 0
    """How long it goes on after a cancellation; a second one cuts that short."""
    forever: bool = False
    critical: bool = True
    requires: tuple[str, ...] = ()
    limits: Needs = ()
    timeout: int | None = None
    acts: tuple[Act, ...] = ()
    shutdown_takes: int = 0
    shutdown_ends: Literal["returns", "raises", "exits"] = "returns"
    shutdown_deaf: bool = False


@dataclass(frozen=True, repr=False)
class Group(Plain):
    """A scheduler."""

    name: str
    members: tuple[Member, ...] = ()
    window: int | None = None
    timeout: int | None = None
    shutdown_timeout: int | None = 1000
    keep_going: bool = False
    forever: bool = False
    critical: bool = True
    requires: tuple[str, ...] = ()
    limits: Needs = ()


Member: TypeAlias = Leaf | Group


@dataclass(frozen=True, repr=False)
class Hook(Plain):
    """Something that an observer does, once, when an event of a job happens."""

    name: str
    event: str
    act: Act


@dataclass(frozen=True, repr=False)
class Case(Plain):
    """A scheduler, and what happens to it."""

    root: Group
    pure: bool = False
    """The root is a PureScheduler."""
    runs: int = 1
    """After each run it is shut down, twice."""
    limits: Needs = ()
    """How many slots each limit has at first."""
    cancels: tuple[int, ...] = ()
    """When the first run is cancelled from outside."""
    calls: tuple[Act, ...] = ()
    """What the user does during the first run; the delays are from its start."""
    turns: int = 0
    """How many turns of the loop later the user does it."""
    hooks: tuple[Hook, ...] = ()
    """What observers do."""
    shutdown_at: int | None = None
    """When the user shuts it down while it runs for the first time."""
    seed: int | None = None
    """Shuffles the ready callbacks."""
    eager: bool = False
    """With eager tasks, where Python has them."""


def all_in(group: Group) -> Iterator[Member]:
    """Return all members of a group, at all depths, including newcomers."""
    pending: list[Member] = list(group.members)
    while pending:
        member = pending.pop(0)
        yield member
        if isinstance(member, Group):
            pending.extend(member.members)
        else:
            pending.extend(new for act in member.acts for new in members_of(act))


def members_of(act: Act) -> tuple[Member, ...]:
    """Return the jobs that an act adds."""
    return act.members if isinstance(act, Add) else ()


def leaves_in(group: Group) -> list[Leaf]:
    """Return the jobs of a group that are not groups, at all depths."""
    return [member for member in all_in(group) if isinstance(member, Leaf)]


def groups_in(group: Group) -> list[Group]:
    """Return a group, and the groups in it, at all depths."""
    return [group, *(member for member in all_in(group) if isinstance(member, Group))]
