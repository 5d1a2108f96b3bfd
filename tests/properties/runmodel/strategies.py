"""Random cases, for hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

from .cases import (
    Act,
    Add,
    Cancel,
    Case,
    Group,
    Hook,
    Leaf,
    Member,
    Needs,
    Poke,
    Resize,
    Stop,
    all_in,
    groups_in,
    members_of,
)

__all__ = ["THEMES", "cases"]

T = TypeVar("T")

DEEPEST = 3
NUMBERS = [st.integers(0, n) for n in range(64)]
SEEDS = st.none() | st.integers(0, 2**16)


@dataclass(frozen=True)
class Theme:
    """What cases are about. Most numbers are chances (per cent)."""

    more: int = 0
    """How many more members each group has."""
    limits: int = 50
    needs: int = 45
    """The chance that a job needs a certain limit."""
    holding: int = 50
    """The chance that schedulers need limits as well."""
    ends: int = 30
    """The chance that a job does not end by returning."""
    timeouts: int = 30
    acts: int = 25
    going: int = 25
    """The chance that a scheduler keeps going."""
    critical: int = 50
    forever: int = 20
    nested: int = 25
    delays: int = 0
    """The chance that jobs of a nested scheduler wait for a first one: limits come late."""


THEMES = {
    "all": Theme(),
    "limits": Theme(
        more=2,
        limits=100,
        needs=80,
        ends=5,
        timeouts=5,
        acts=5,
        forever=5,
        nested=40,
        delays=90,
    ),
    "failures": Theme(more=2, limits=20, ends=50, timeouts=5, acts=5, going=80, critical=80),
}


class Maker:
    """Draws one case.

    Args:
        draw: the function that hypothesis gives.
        spread: make times that hardly ever coincide; otherwise they often do.
        theme: one of `THEMES`; ``None`` means any.
    """

    def __init__(
        self, draw: Callable[..., Any], *, spread: bool, theme: str | None = None
    ) -> None:
        self.draw = draw
        self.spread = spread
        self.theme = THEMES[theme or self.one_of(*THEMES)]
        self.count = 0
        self.times = 0
        self.left = 1 + self.below(10) + 3 * self.theme.more  # members to be made
        # If schedulers hold some, no job that joins has any,
        # and the numbers of slots stay what they are: see docs/design/model.md.
        self.limits = 1 + self.below(3) if self.happens(self.theme.limits) else 0
        self.holding = self.happens(self.theme.holding)
        self.joining = 0  # more than 0 for jobs that join a run
        self.leaves: list[str] = []
        self.done: list[str] = []  # groups that were made
        self.around: list[tuple[str, list[Member]]] = []  # groups being made, with members

    def below(self, n: int) -> int:
        """Return one of 0, 1, …, n - 1; smaller numbers make simpler cases."""
        return int(self.draw(NUMBERS[n - 1]))

    def happens(self, percent: int) -> bool:
        return self.below(20) >= 20 - percent // 5

    def one_of(self, first: T, *others: T) -> T:
        options = [first, *others]
        return options[self.below(len(options))]

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def time(self, longest: int = 20) -> int:
        """Return a time that hardly any other time, or sum of times, equals."""
        if not self.spread:
            return self.below(4)
        self.times += 1
        return 100 * (1 + self.below(longest)) + (self.times * self.times * 31) % 97

    def maybe_time(self, percent: int, longest: int = 20) -> int | None:
        return self.time(longest) if self.happens(percent) else None

    # -- a case

    def case(self) -> Case:
        root = self.group("root", depth=0)
        return Case(
            root=root,
            pure=self.happens(30),
            runs=1 + self.happens(25),
            limits=self.slots(root),
            cancels=self.cancels(),
            calls=self.calls(root),
            turns=0 if self.spread else self.below(6),
            hooks=() if self.spread or not self.happens(40) else (self.hook(root),),
            shutdown_at=self.maybe_time(10, 30),
            seed=self.draw(SEEDS),
            eager=self.happens(30),
        )

    def slots(self, root: Group) -> Needs:
        """Return how many slots each limit has: as many as one job may need, or more."""
        most = most_needed(root)
        return tuple((name, most[name] + self.below(2)) for name in sorted(most))

    def calls(self, root: Group) -> tuple[Act, ...]:
        count = 1 + self.below(2) if self.happens(30) else 0
        return tuple(self.call(root) for _ in range(count))

    def call(self, root: Group) -> Act:
        """Return what a user does to a job, a group, or a limit."""
        most = most_needed(root)
        if most and not self.holding and self.happens(40):
            name = self.one_of(*sorted(most))
            return Resize(self.time(30), name, 1 + self.below(most[name] + 1))
        if self.happens(30):
            return Stop(self.time(30), self.one_of(*(group.name for group in groups_in(root))))
        late = [member.name for group in groups_in(root)[1:] for member in group.members]
        if late and self.happens(50):  # perhaps before its group has begun
            return Cancel(self.time(5), self.one_of(*late))
        names = [member.name for member in all_in(root)]
        return (
            Cancel(self.time(30), self.one_of(*names)) if names else Stop(self.time(), "root")
        )

    def hook(self, root: Group) -> Hook:
        name = self.one_of("root", *(member.name for member in all_in(root)))
        event = self.one_of("started", "done", "failed", "scheduled", "cancelled", "skipped")
        return Hook(name, event, self.call(root))

    def cancels(self) -> tuple[int, ...]:
        if not self.happens(25):
            return ()
        first = self.time(40)
        return (first, first + self.time(8)) if self.happens(50) else (first,)

    def group(self, name: str, *, depth: int, **options: Any) -> Group:
        members: list[Member] = []
        if depth and self.happens(self.theme.delays):
            members.append(Leaf(self.name("j"), takes=self.time(10)))
        self.around.append((name, members))
        for _ in range(self.below(6 if depth else 8) + self.theme.more):
            if self.left > 0:
                members.append(self.member(members, depth))
        self.around.pop()
        self.done.append(name)
        return Group(
            name,
            members=tuple(reversed(members) if self.happens(20) else members),
            window=self.one_of(None, 1, 2, 3),
            timeout=self.timeout(),
            shutdown_timeout=self.one_of(1000, None, 1000, self.time(5) or 1),
            keep_going=self.happens(self.theme.going),
            limits=self.needs() if self.holding and depth and not self.joining else (),
            **options,
        )

    def needs(self) -> Needs:
        """Return how many slots of which limits a job needs."""
        names = "ABC"[: self.limits]
        return tuple(
            (name, 1 + self.happens(30)) for name in names if self.happens(self.theme.needs)
        )

    def timeout(self) -> int | None:
        if self.happens(5) and self.theme.timeouts > 5:
            return 0
        return self.maybe_time(self.theme.timeouts, 40)

    def member(
        self, siblings: Sequence[Member], depth: int, *, regular: bool = False
    ) -> Member:
        self.left -= 1
        forever = not regular and self.happens(self.theme.forever)
        options: dict[str, Any] = {
            "forever": forever,
            "critical": not self.happens(100 - self.theme.critical),
            "requires": self.requires(siblings),
        }
        if depth and siblings and not options["requires"] and self.theme.delays:
            options["requires"] = (siblings[0].name,)
        if depth < DEEPEST and self.happens(self.theme.nested):
            return self.group(self.name("g"), depth=depth + 1, **options)
        return self.leaf(**options)

    def requires(self, siblings: Sequence[Member]) -> tuple[str, ...]:
        possible = [member.name for member in siblings]
        if not possible:
            return ()
        chosen = {possible[-1 - self.below(len(possible))] for _ in range(self.below(3))}
        return tuple(name for name in possible if name in chosen)

    def leaf(self, **options: Any) -> Leaf:
        name = self.name("j")
        reaction = self.one_of("heeds", "heeds", "heeds", "raises", "returns", "is deaf")
        takes = self.time(30)
        acts = self.acts()
        joins = self.joining and self.holding
        self.leaves.append(name)
        return Leaf(
            name,
            takes=takes,
            ends=self.end(),
            when_cancelled=reaction,
            cleanup=self.cleanup(reaction),
            limits=() if joins else self.needs(),
            timeout=self.own_timeout(),
            acts=acts,
            **self.shutdown(),
            **options,
        )

    def own_timeout(self) -> int | None:
        if not self.happens(self.theme.timeouts):
            return None
        return 0 if self.happens(10) else self.time(25)

    def end(self) -> Any:
        if not self.happens(self.theme.ends):
            return "returns"
        return self.one_of("raises", "raises", "raises", "cancels itself", "exits")

    def cleanup(self, reaction: str) -> int:
        if reaction == "is deaf" or (reaction == "heeds" and not self.happens(50)):
            return 0
        return self.time(15)

    def shutdown(self) -> dict[str, Any]:
        if not self.happens(25):
            return {}
        return {
            "shutdown_takes": self.maybe_time(70) or 0,
            "shutdown_ends": self.one_of("returns", "returns", "raises", "exits"),
            "shutdown_deaf": self.happens(15),
        }

    # -- what jobs do to others

    def acts(self) -> tuple[Act, ...]:
        if not self.happens(self.theme.acts):
            return ()
        return (self.one_of(self.poke, self.add, self.cancel, self.stop)(),)

    def poke(self) -> Act:
        if not self.leaves:
            return self.add()
        return Poke(self.time(), self.leaves[self.below(len(self.leaves))])

    def cancel(self) -> Act:
        """Cancel a job, a group that is complete, or a group around."""
        names = [*self.leaves, *self.done, *(name for name, _ in self.around[1:])]
        return Cancel(self.time(), names[-1 - self.below(len(names))]) if names else self.stop()

    def stop(self) -> Act:
        names = [*self.done, *(name for name, _ in self.around)]
        return Stop(self.time(), names[-1 - self.below(len(names))])

    def add(self) -> Add:
        around = self.around
        group, members = around[-1 - self.below(len(around))]
        if self.done and self.happens(15):  # a complete group, which may have ended
            group, members = self.done[self.below(len(self.done))], []
        self.around = [(group, members)]
        self.joining += 1
        before = self.before(members)
        known = [] if before else list(members)  # otherwise there might be a cycle
        new: list[Member] = [self.member(known, DEEPEST - 1, regular=bool(before))]
        if self.happens(50):
            new.append(self.member([*known, *new], DEEPEST - 1))
        self.around = around
        self.joining -= 1
        return Add(self.time(), group, tuple(new), before)

    def before(self, members: Sequence[Member]) -> tuple[str, ...]:
        if not members or not self.happens(30):
            return ()
        return (members[-1 - self.below(len(members))].name,)


def most_needed(group: Group) -> dict[str, int]:
    """Return the most slots that a job inside a group needs, with the groups around it."""
    most: dict[str, int] = {}
    for member in group.members:
        collect(member, {}, most)
    return most


def collect(member: Member, around: dict[str, int], most: dict[str, int]) -> None:
    """Add up what a member needs, and what the groups around it hold."""
    held = dict(around)
    for name, count in member.limits:
        held[name] = held.get(name, 0) + count
        most[name] = max(most.get(name, 0), held[name])
    if isinstance(member, Group):
        for inner in member.members:
            collect(inner, held, most)
    else:
        for act in member.acts:
            for new in members_of(act):
                collect(new, {}, most)


@st.composite
def cases(draw: Callable[..., Any], *, spread: bool, theme: str | None = None) -> Case:
    """Return a strategy for cases.

    Args:
        draw: given by hypothesis.
        spread: with times that hardly ever coincide, for exact comparisons; otherwise with
            times that often coincide.
        theme: what they are about, one of `THEMES`; ``None`` means any of them.
    """
    return Maker(draw, spread=spread, theme=theme).case()
