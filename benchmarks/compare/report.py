"""The tables as lines of text, and the limits that asynciojobs sets itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from typing import NamedTuple

from benchmarks.rounds import Spread, medians, ratios, table, verdict

from .campaign import Runs
from .contenders import CONTENDERS
from .shapes import SHAPES

REFERENCES = (
    ("counter", "independent", 0.8),
    ("counter", "fan", 0.8),
    ("counter", "chain", 1.1),
    ("counter", "shuffled", 1.1),
    ("counter", "window", 1.1),
    ("counter", "layered", 1.5),
    ("TaskGroup", "independent", 1),
)
BYTES = {"window": 400, "independent": 1000}  # of a job, of a million
GROWTH = 1.5
IMPORT = 10  # ms
LATE = 5  # ms


class Limit(NamedTuple):
    """A limit on the median of what was measured."""

    text: str
    bound: float
    spread: Spread


def over(runs: Runs, other: str, shape: str) -> Spread | None:
    """Return our time over that of another, by rounds, if both ran."""
    ours, theirs = (runs.get((name, shape)) for name in ("ours", other))
    if not ours or not theirs:
        return None
    return ratios((run.total for run in ours), (run.total for run in theirs))


def limits_of(jobs: int, runs: Runs) -> Iterator[Limit]:
    """Yield those on our time; peers on the shape where each does best."""
    for other, shape, bound in REFERENCES:
        if jobs >= 10_000 and (spread := over(runs, other, shape)):
            yield Limit(f"{shape}, N = {jobs:,}: ours / {other}", bound, spread)
    for peer in [
        contender.name for contender in CONTENDERS.values() if contender.role == "peer"
    ]:
        shapes = [shape for name, shape in runs if name == peer]
        found = [(spread, shape) for shape in shapes if (spread := over(runs, peer, shape))]
        if found:
            spread, shape = max(found)
            yield Limit(f"{shape}, N = {jobs:,}: ours / {peer}, at its best", 1, spread)


def limits_of_million(shape: str, growth: float, bytes_per_job: float) -> Iterator[Limit]:
    text = f"{shape}: a job of 1,000,000 / one of 10,000"
    yield Limit(text, GROWTH, Spread.of([growth]))
    if shape in BYTES:
        text = f"{shape}, N = 1,000,000: memory, bytes a job"
        yield Limit(text, BYTES[shape], Spread.of([bytes_per_job]))


def other_limits(imports: list[float], ticks: list[dict[str, float]]) -> Iterator[Limit]:
    """Yield those on the import and the ticker, in ms; ticks before the first job have none."""
    text = "import asynciojobs, over import asyncio, ms"
    yield Limit(text, IMPORT, Spread.of(time * 1000 for time in imports))
    for part, bound in (("starting", inf), ("running", LATE)):
        late = Spread.of(tick[part] * 1000 for tick in ticks)
        yield Limit(f"worst tick of 10 ms, {part} 100,000 jobs, ms", bound, late)


def limit_lines(limits: Iterable[Limit]) -> Iterator[str]:
    rows = [
        (text, f"{spread:.2f}", verdict(spread.median, bound)) for text, bound, spread in limits
    ]
    yield from ("", *table([("Limits", "measured", ""), *rows]))


def table_of(jobs: int, runs: Runs, held: int) -> Iterator[str]:
    """Yield ratios, times and memory; `held` are the bytes of the coroutines alone."""
    rows = [(f"N = {jobs:,}", "", "ours / it", "µs a job: build", "run", "bytes a job")]
    for shape in SHAPES:
        for name in [name for name in CONTENDERS if (name, shape) in runs]:
            build, run, _, peak = medians(runs[name, shape])
            times = (f"{time / jobs * 1e6:.1f}" for time in (build, run))
            spread = over(runs, name, shape)
            ratio = f"{spread:.2f}" if spread else "-"
            rows.append((shape, name, ratio, *times, f"{(peak - held) / jobs:,.0f}"))
    yield from ("", *table(rows))
