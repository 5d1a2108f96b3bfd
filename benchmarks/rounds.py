"""Runs several things in turns, for several rounds, and compares them."""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from math import isinf
from statistics import median
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Contender: TypeAlias = Callable[[], Awaitable[object]]
Contenders: TypeAlias = dict[str, Contender]
Times: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]  # as of `timed()`, by rounds


class Spread(NamedTuple):
    """The median of some numbers, the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the spread of at least one number."""
        ordered = sorted(values)
        return cls(median(ordered), ordered[0], ordered[-1])

    def __format__(self, spec: str) -> str:
        return f"{self.median:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


def ratios(ours: Iterable[float], theirs: Iterable[float]) -> Spread:
    """Return our value over theirs: one ratio a round."""
    return Spread.of(mine / other for mine, other in zip(ours, theirs, strict=True))


def medians(rows: Iterable[Iterable[float]]) -> list[float]:
    """Return the median of each column."""
    return [median(column) for column in zip(*rows, strict=True)]


def verdict(value: float, bound: float) -> str:
    """Return whether a value keeps a limit, or nothing if the bound is infinite."""
    if isinf(bound):
        return ""
    return f"at most {bound:g}: {'pass' if value <= bound else 'FAIL'}"


def in_turn(names: Sequence[T], number: int) -> list[T]:
    """Return the order of a round; each round begins with another contender.

    With two names, this gives A B, B A, A B, and so on.
    """
    start = number % len(names) if names else 0
    return [*names[start:], *names[:start]]


def turns(names: Iterable[T], rounds: int) -> Iterator[T]:
    """Yield whose turn it is, through all rounds."""
    them = list(names)
    for number in range(rounds):
        yield from in_turn(them, number)


async def measured(
    contenders: Contenders, rounds: int, measure: Callable[[Contender], Awaitable[T]]
) -> dict[str, list[T]]:
    """Measure each contender once a round; return what was measured, round by round."""
    found: dict[str, list[T]] = {name: [] for name in contenders}
    for name in turns(contenders, rounds):
        found[name].append(await measure(contenders[name]))
    return found


async def timed(contender: Contender) -> tuple[float, float]:
    """Return the time of one run, and the processor time of this process (seconds)."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await contender()
    return time.perf_counter() - wall, time.process_time() - cpu


def comparison(what: str, calls: int, times: Times, limit: float) -> list[tuple[str, ...]]:
    """Return a row for each; `limit` applies to the first over the second."""
    first, second, *_ = times
    rows: list[tuple[str, ...]] = [(what, "ms", "µs a call here", f"{first} over it", "")]
    for name, column in times.items():
        wall, cpu = medians(column)
        ratio = ratios((wall for wall, _ in times[first]), (wall for wall, _ in column))
        told = verdict(ratio.median, limit) if name == second else ""
        cells = f"{wall * 1000:.0f}", f"{cpu / calls * 1e6:.0f}", f"{ratio:.2f}"
        rows.append((name, *cells, told))
    return rows


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table: first column left, others right; a row may be shorter."""
    grid = list(rows)
    widths = [max(map(len, column)) for column in zip_longest(*grid, fillvalue="")]
    for first, *cells in grid:
        padded = map(str.rjust, cells, widths[1:])
        yield "  ".join([first.ljust(widths[0]), *padded]).rstrip()
