"""The shapes of work: neutral descriptions from which every contender builds the same jobs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

__all__ = ["SHAPES", "Requirements", "Shape", "independent", "layer_width", "make"]

Requirements = Sequence[tuple[int, ...]]
"""For each job, in the order of creation, the ranks of those that it requires."""

Kind = Literal["nothing", "yielding", "reply"]

LAYERS = 10
FANOUT = 10
WINDOW = 100
PARTS = 100


@dataclass(frozen=True)
class Shape:
    """Which jobs there are, what each requires, and what they do."""

    name: str
    requirements: Requirements
    window: int | None = None
    """How many may run at once."""
    kind: Kind = "nothing"
    """What a job does: nothing at all, a turn of the loop, or wait for a reply."""
    first: int = 0
    """The number of the first job; those of the others follow."""
    parts: tuple[Shape, ...] = ()
    """What is nested in it; it has no other jobs then."""
    last: Sequence[int] = ()
    """The ranks of the jobs that no other requires."""
    order: Sequence[int] = ()
    """For a shuffled chain, the ranks in the order in which they must run."""

    @property
    def numbers(self) -> range:
        """The numbers of the jobs; for those who nest, `first` is not 0."""
        return range(self.first, self.first + len(self.requirements))

    @property
    def size(self) -> int:
        return len(self.requirements) + sum(part.size for part in self.parts)

    @property
    def is_free(self) -> bool:
        """Nothing is required of any job."""
        return not any(self.requirements)


def not_required(requirements: Requirements) -> list[int]:
    required = {rank for ranks in requirements for rank in ranks}
    return [rank for rank in range(len(requirements)) if rank not in required]


def graph(name: str, requirements: Requirements, order: Sequence[int] = ()) -> Shape:
    return Shape(name, requirements, last=not_required(requirements), order=order)


def independent(n: int, first: int = 0) -> Shape:
    return Shape("independent", [()] * n, first=first, last=range(n))


def chain(n: int) -> Shape:
    return graph("chain", [(rank - 1,) if rank else () for rank in range(n)])


def shuffled(n: int) -> Shape:
    """Return a chain whose jobs were created in another order."""
    order = random.Random(1).sample(range(n), n)
    requirements: list[tuple[int, ...]] = [()] * n
    for before, after in pairwise(order):
        requirements[after] = (before,)
    return graph("shuffled", requirements, order)


def layered(n: int) -> Shape:
    """Return ten layers; each job requires ten of the layer before."""
    return graph("layered", [above(rank, layer_width(n)) for rank in range(n)])


def layer_width(n: int) -> int:
    return max(n // LAYERS, FANOUT)


def above(rank: int, width: int) -> tuple[int, ...]:
    layer = rank // width
    if not layer:
        return ()
    return tuple((layer - 1) * width + (rank * 7 + k) % width for k in range(FANOUT))


def window(n: int) -> Shape:
    return replace(independent(n), name="window", window=WINDOW)


def fan(n: int) -> Shape:
    """Return one job, those that require it, and one that requires all of these."""
    between: Requirements = [(0,)] * (n - 2)
    return graph("fan", [(), *between, tuple(range(1, n - 1))])


def trickle(n: int) -> Shape:
    return replace(independent(n), name="trickle", kind="reply")


def nested(n: int) -> Shape:
    size = n // PARTS
    parts = (independent(size, first=k * size) for k in range(PARTS))
    return Shape("nested", [], parts=tuple(parts))


def yielding(n: int) -> Shape:
    return replace(independent(n), name="yielding", kind="yielding")


SHAPES: dict[str, Callable[[int], Shape]] = {
    maker.__name__: maker
    for maker in (
        independent,
        chain,
        shuffled,
        layered,
        window,
        fan,
        trickle,
        nested,
        yielding,
    )
}


def make(name: str, n: int) -> Shape:
    """Return the shape of that name with `n` jobs, which are 100 at least."""
    return SHAPES[name](n)
