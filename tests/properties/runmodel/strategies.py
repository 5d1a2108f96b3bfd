"""Random cases, for hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from .cases import Add, Case, Group, Leaf, Member, Poke

__all__ = ["cases"]

T = TypeVar("T")

DEEPEST = 3
NUMBERS = [st.integers(0, n) for n in range(64)]
SEEDS = st.none() | st.integers(0, 2**16)


class Maker:
    """Draws one case.

    Args:
        draw: the function that hypothesis gives.
        spread: make times that hardly ever coincide; otherwise they often do.
    """

    def __init__(self, draw: Callable[..., Any], *, spread: bool) -> None:
        self.draw = draw
        self.spread = spread
        self.count = 0
        self.times = 0
        self.left = 1 + self.below(10)  # members to be made
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
        """Return a time that hardly any other time, or sum of times, is equal to."""
        if not self.spread:
            return self.below(4)
        self.times += 1
        return 100 * (1 + self.below(longest)) + (self.times * self.times * 31) % 97

    def maybe_time(self, percent: int, longest: int = 20) -> int | None:
        return self.time(longest) if self.happens(percent) else None

    # -- a case

    def case(self) -> Case:
        return Case(
            root=self.group("root", depth=0),
            pure=self.happens(30),
            runs=1 + self.happens(25),
            cancels=self.cancels(),
            shutdown_at=self.maybe_time(10, 30),
            seed=self.draw(SEEDS),
            eager=self.happens(30),
        )

    def cancels(self) -> tuple[int, ...]:
        if not self.happens(25):
            return ()
        first = self.time(40)
        return (first, first + self.time(8)) if self.happens(50) else (first,)

    def group(self, name: str, *, depth: int, **options: Any) -> Group:
        members: list[Member] = []
        self.around.append((name, members))
        for _ in range(self.below(6 if depth else 8)):
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
            **options,
        )

    def timeout(self) -> int | None:
        if self.happens(5):
            return 0
        return self.maybe_time(30, 40)

    def member(
        self, siblings: Sequence[Member], depth: int, *, regular: bool = False
    ) -> Member:
        self.left -= 1
        forever = not regular and self.happens(20)
        options: dict[str, Any] = {
            "forever": forever,
            "critical": not self.happens(50),
            "requires": self.requires(siblings),
        }
        if depth < DEEPEST and self.happens(25):
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
        self.leaves.append(name)
        return Leaf(
            name,
            takes=takes,
            ends=self.end(),
            when_cancelled=reaction,
            cleanup=self.cleanup(reaction),
            acts=acts,
            **self.shutdown(),
            **options,
        )

    def end(self) -> Any:
        if not self.happens(30):
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

    def acts(self) -> tuple[Poke | Add, ...]:
        if not self.happens(20):
            return ()
        return (self.one_of(self.poke, self.add)(),)

    def poke(self) -> Poke | Add:
        if not self.leaves:
            return self.add()
        return Poke(self.time(), self.leaves[self.below(len(self.leaves))])

    def add(self) -> Add:
        around = self.around
        group, members = around[-1 - self.below(len(around))]
        if self.done and self.happens(15):  # a complete group, which may have ended
            group, members = self.done[self.below(len(self.done))], []
        self.around = [(group, members)]
        before = self.before(members)
        known = [] if before else list(members)  # otherwise there might be a cycle
        new: list[Member] = [self.member(known, DEEPEST - 1, regular=bool(before))]
        if self.happens(50):
            new.append(self.member([*known, *new], DEEPEST - 1))
        self.around = around
        return Add(self.time(), group, tuple(new), before)

    def before(self, members: Sequence[Member]) -> tuple[str, ...]:
        if not members or not self.happens(30):
            return ()
        return (members[-1 - self.below(len(members))].name,)


@st.composite
def cases(draw: Callable[..., Any], *, spread: bool) -> Case:
    """Return a strategy for cases.

    Args:
        draw: given by hypothesis.
        spread: with times that hardly ever coincide, for exact comparisons; otherwise with
            times that often coincide.
    """
    return Maker(draw, spread=spread).case()
