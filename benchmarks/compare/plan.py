"""Which runs there are, and in which order: in turns, so that noise meets all alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .contenders import CONTENDERS, Entry
from .shapes import SHAPES

__all__ = ["MILLION", "Options", "Step", "rounds_of", "steps"]

MILLION = 1_000_000

LARGEST = {"ours": MILLION, "reference": 100_000, "peer": 10_000}
LARGEST_IN_FULL = {"ours": MILLION, "reference": MILLION, "peer": 100_000}


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    sizes: tuple[int, ...] = (1_000, 10_000, 100_000, MILLION)
    shapes: tuple[str, ...] = tuple(SHAPES)
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    rounds: int = 5
    full: bool = False
    patience: float = 5.0
    """A peer that took longer than that is not run again on the shape (seconds)."""


class Step(NamedTuple):
    """A run that is to be made."""

    contender: str
    shape: str
    jobs: int
    round: int


def rounds_of(options: Options, jobs: int) -> int:
    """Return how many rounds there are: of a million jobs, one, or three in full."""
    return min(options.rounds, 3 if options.full else 1) if jobs >= MILLION else options.rounds


def steps(options: Options, jobs: int, number: int) -> Iterator[Step]:
    """Go through a round: shape after shape, each beginning with another contender."""
    for shape in options.shapes:
        names = [entry.name for entry in taking_part(options, shape, jobs)]
        start = number % max(len(names), 1)
        for name in names[start:] + names[:start]:
            yield Step(name, shape, jobs, number)


def taking_part(options: Options, shape: str, jobs: int) -> Iterator[Entry]:
    largest = LARGEST_IN_FULL if options.full else LARGEST
    for entry in map(CONTENDERS.__getitem__, options.contenders):
        if jobs <= largest[entry.role] and entry.why_not(shape) is None:
            yield entry
