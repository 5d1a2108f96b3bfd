"""What was measured: runs, what failed, and the few numbers that are not of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

__all__ = ["Failure", "Records", "Run", "Spread", "Tick"]


class Spread(NamedTuple):
    """The middle of some numbers, and the ends."""

    median: float
    low: float
    high: float
    pairs: int

    @classmethod
    def of(cls, values: list[float]) -> Spread | None:
        """Return the spread of some numbers, ``None`` if there are none."""
        if not values:
            return None
        return cls(median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Run:
    """One run, in a process of its own."""

    contender: str
    shape: str
    jobs: int
    round: int
    build: float
    """Seconds, as `run`."""
    run: float
    peak: int
    """Bytes, over what the process had before building."""

    @property
    def total(self) -> float:
        return self.build + self.run


@dataclass(frozen=True)
class Failure:
    """A run that came to no end, and why."""

    contender: str
    shape: str
    jobs: int
    reason: str


@dataclass(frozen=True)
class Tick:
    """How late the worst tick of a ticker was (seconds)."""

    idle: float
    """With nothing else in the loop."""
    starting: float
    """Due before the first job ran: the run looks whether its jobs can be run."""
    running: float
    ending: float
    """After the last job ran: the run ends."""


@dataclass
class Records:
    runs: list[Run] = field(default_factory=list[Run])
    failures: list[Failure] = field(default_factory=list[Failure])
    held: dict[int, int] = field(default_factory=dict[int, int])
    """By the number of jobs, the bytes that their coroutines take."""
    growth: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """By shape, our time for a job of a million over that of one of ten thousand."""
    imports: list[float] = field(default_factory=list[float])
    """Seconds of `import asynciojobs` after `import asyncio`."""
    ticks: list[Tick] = field(default_factory=list[Tick])

    def of(self, contender: str, shape: str, jobs: int) -> list[Run]:
        wanted = (contender, shape, jobs)
        return [run for run in self.runs if (run.contender, run.shape, run.jobs) == wanted]

    def ratios(self, other: str, shape: str, jobs: int) -> Spread | None:
        """Return our time over that of another, of the pairs that ran in the same round."""
        ours = {run.round: run.total for run in self.of("ours", shape, jobs)}
        theirs = self.of(other, shape, jobs)
        return Spread.of([ours[run.round] / run.total for run in theirs if run.round in ours])

    def time_per_job(self, contender: str, shape: str, jobs: int) -> float | None:
        """Return the median of build and run (seconds a job)."""
        spread = Spread.of([run.total / jobs for run in self.of(contender, shape, jobs)])
        return spread and spread.median

    def bytes_per_job(self, contender: str, shape: str, jobs: int) -> float | None:
        """Return the median of the peaks, over the coroutines that the user holds."""
        spread = Spread.of([float(run.peak) for run in self.of(contender, shape, jobs)])
        if spread is None or jobs not in self.held:
            return None
        return (spread.median - self.held[jobs]) / jobs
