"""The limits that asynciojobs sets itself, and whether the records keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from .contenders import CONTENDERS
from .plan import MILLION
from .records import Records, Spread
from .shapes import SHAPES

__all__ = ["Check", "check_all"]

SIZES = (10_000, 100_000)

AGAINST_COUNTER = {
    "independent": 0.8,
    "fan": 0.8,
    "chain": 1.1,
    "shuffled": 1.1,
    "window": 1.1,
    "layered": 1.5,
}
BYTES = {"window": 400.0, "independent": 1000.0}
GROWTH = 1.5
IMPORT = 10.0
LATE = 5.0


@dataclass(frozen=True)
class Check:
    """A limit, and what was measured."""

    limit: str
    bound: float
    value: float | None
    """``None``: it was not measured."""
    unit: str = "×"
    detail: str = ""
    strict: bool = False
    """The bound itself is too much."""

    @property
    def verdict(self) -> Literal["pass", "fail", "not measured"]:
        if self.value is None:
            return "not measured"
        kept = self.value < self.bound if self.strict else self.value <= self.bound
        return "pass" if kept else "fail"


def check_all(records: Records) -> list[Check]:
    """Check every limit."""
    return [
        *(against_counter(records)),
        *(against_task_group(records)),
        *(ahead_of_peers(records)),
        *(growth(records)),
        *(memory(records)),
        import_time(records),
        lateness(records),
    ]


def against_counter(records: Records) -> Iterator[Check]:
    for shape, bound in AGAINST_COUNTER.items():
        for jobs in SIZES:
            yield ratio_check(records, "counter", shape, jobs, bound)


def against_task_group(records: Records) -> Iterator[Check]:
    for jobs in SIZES:
        yield ratio_check(records, "TaskGroup", "independent", jobs, 1.0)


def ratio_check(records: Records, other: str, shape: str, jobs: int, bound: float) -> Check:
    limit = f"{shape}, N = {jobs:,}: ours / {other}"
    spread = records.ratios(other, shape, jobs)
    if spread is None:
        return Check(limit, bound, None)
    return Check(limit, bound, spread.median, detail=f"{spread.low:.2f}–{spread.high:.2f}")


def ahead_of_peers(records: Records) -> Iterator[Check]:
    for entry in CONTENDERS.values():
        if entry.role == "peer":
            yield ahead_of(records, entry.name)


def ahead_of(records: Records, peer: str) -> Check:
    """Check the shape on which a peer does best."""
    ratios: list[tuple[float, str]] = []
    for shape, jobs in measured(records, peer):
        spread = records.ratios(peer, shape, jobs)
        if spread is not None:
            ratios.append((spread.median, f"{shape}, N = {jobs:,}"))
    limit = f"every shape: ours / {peer}"
    if not ratios:
        return Check(limit, 1.0, None, strict=True)
    worst = max(ratios)[0]
    behind = [f"{where}: {ratio:.2f}" for ratio, where in sorted(ratios)[::-1] if ratio >= 1]
    return Check(limit, 1.0, worst, detail="; ".join(behind or [max(ratios)[1]]), strict=True)


def measured(records: Records, contender: str) -> Iterable[tuple[str, int]]:
    return {(run.shape, run.jobs): None for run in records.runs if run.contender == contender}


def growth(records: Records) -> Iterator[Check]:
    for shape in SHAPES:
        limit = f"{shape}: a job of 1,000,000 / one of 10,000"
        spread = Spread.of(records.growth.get(shape, []))
        yield Check(limit, GROWTH, spread and spread.median)


def memory(records: Records) -> Iterator[Check]:
    for shape, bound in BYTES.items():
        value = records.bytes_per_job("ours", shape, MILLION)
        yield Check(f"{shape}, N = 1,000,000: memory a job", bound, value, "bytes")


def import_time(records: Records) -> Check:
    limit = "import asynciojobs, over import asyncio"
    return in_milliseconds(limit, IMPORT, Spread.of(records.imports))


def lateness(records: Records) -> Check:
    limit = "ticker of 10 ms beside 100,000 jobs: worst tick"
    return in_milliseconds(limit, LATE, Spread.of([tick.running for tick in records.ticks]))


def in_milliseconds(limit: str, bound: float, spread: Spread | None) -> Check:
    if spread is None:
        return Check(limit, bound, None, "ms")
    detail = f"{spread.low * 1000:.1f}–{spread.high * 1000:.1f}"
    return Check(limit, bound, spread.median * 1000, "ms", detail)
