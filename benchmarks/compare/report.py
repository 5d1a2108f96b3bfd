"""The limits that asynciojobs sets itself, the tables as lines of text, and the JSON."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from asynciojobs import __version__
from benchmarks.rounds import Spread, medians

from .campaign import MILLION, Options, Records
from .contenders import CONTENDERS
from .shapes import SHAPES

FORMAT = 2  # of the JSON

REFERENCES = (
    ("counter", "independent", 0.8),
    ("counter", "fan", 0.8),
    ("counter", "chain", 1.1),
    ("counter", "shuffled", 1.1),
    ("counter", "window", 1.1),
    ("counter", "layered", 1.5),
    ("TaskGroup", "independent", 1),
)
BYTES = {"window": 400, "independent": 1000}
GROWTH = 1.5
IMPORT = 10  # ms
LATE = 5  # ms


@dataclass(frozen=True)
class Check:
    """A limit, and what was measured."""

    limit: str
    bound: float
    value: float | None  # the median, unless it was not measured
    unit: str = "×"
    detail: str = ""
    strict: bool = False  # the bound itself is too much

    @property
    def verdict(self) -> Literal["pass", "fail", "not measured"]:
        if self.value is None:
            return "not measured"
        kept = self.value < self.bound if self.strict else self.value <= self.bound
        return "pass" if kept else "fail"


def check(limit: str, bound: float, values: list[float], unit: str = "×") -> Check:
    """Check the median of what was measured."""
    if not values:
        return Check(limit, bound, None, unit)
    spread = Spread.of(values)
    return Check(limit, bound, spread.median, unit, f"{spread.low:.2f} to {spread.high:.2f}")


def check_all(records: Records) -> Iterator[Check]:
    """Check every limit."""
    for other, shape, bound in REFERENCES:
        for jobs in (10_000, 100_000):
            limit = f"{shape}, N = {jobs:,}: ours / {other}"
            yield check(limit, bound, records.ratios(other, shape, jobs))
    for contender in CONTENDERS.values():
        if contender.role == "peer":
            yield ahead_of(contender.name, records)
    for shape in SHAPES:
        limit = f"{shape}: a job of 1,000,000 / one of 10,000"
        yield check(limit, GROWTH, records.growth.get(shape, []))
    for shape, bound in BYTES.items():
        values = records.bytes_per_job("ours", shape, MILLION)
        yield check(f"{shape}, N = 1,000,000: memory a job", bound, values, "bytes")
    imports = [seconds * 1000 for seconds in records.imports]
    yield check("import asynciojobs, over import asyncio", IMPORT, imports, "ms")
    late = [tick["running"] * 1000 for tick in records.ticks]
    yield check("ticker of 10 ms beside 100,000 jobs: worst tick", LATE, late, "ms")


def ahead_of(peer: str, records: Records) -> Check:
    """Check the shape on which a peer does best; name all on which it is ahead of us."""
    ratios: list[tuple[float, str]] = []
    for shape, jobs in {(run.shape, run.jobs) for run in records.runs if run.contender == peer}:
        if found := records.ratios(peer, shape, jobs):
            ratios.append((Spread.of(found).median, f"{shape}, N = {jobs:,}"))
    limit = f"every shape: ours / {peer}"
    if not ratios:
        return Check(limit, 1, None, strict=True)
    worst, where = max(ratios)
    ahead = [f"{where}: {ratio:.2f}" for ratio, where in sorted(ratios)[::-1] if ratio >= 1]
    return Check(limit, 1, worst, detail="; ".join(ahead) or where, strict=True)


def lines(options: Options, records: Records) -> Iterator[str]:
    """Yield all that is printed at the end."""
    for jobs in options.sizes:
        yield from tables(options, records, jobs)
    if records.left_out:
        yield from ("", "Left out")
    for reason, where in records.left_out.items():
        everywhere = len(where) == len(options.shapes)
        yield f"{reason} ({'every shape' if everywhere else '; '.join(where)})"
    yield from ("", "Worst tick of a 10 ms ticker beside 100,000 instant jobs, ms")
    for part in ("idle", "starting", "running", "ending"):
        late = Spread.of([tick[part] * 1000 for tick in records.ticks])
        yield f"{part:10}{format(late, '.1f'):>22}"
    yield from limit_lines([*check_all(records)])


def tables(options: Options, records: Records, jobs: int) -> Iterator[str]:
    seen = {run.contender for run in records.runs if run.jobs == jobs}
    names = [name for name in CONTENDERS if name in seen]

    def ratio(shape: str, name: str) -> str:
        found = records.ratios(name, shape, jobs)
        return f"{Spread.of(found):.2f}" if found else "-"

    def times(shape: str, name: str) -> str:
        runs = records.of(name, shape, jobs)
        found = medians((run.build / jobs * 1e6, run.run / jobs * 1e6) for run in runs)
        return " + ".join(f"{time:.1f}" for time in found) or "-"

    def memory(shape: str, name: str) -> str:
        found = records.bytes_per_job(name, shape, jobs)
        return f"{Spread.of(found).median:,.0f}" if found else "-"

    for role in ("reference", "peer"):
        columns = [name for name in names if CONTENDERS[name].role == role]
        heading = f"N = {jobs:,}: time of ours / of the {role}s, median (min to max)"
        yield from table(heading, options.shapes, columns, ratio)
    yield from table(f"N = {jobs:,}: build + run, µs a job", options.shapes, names, times)
    heading = f"N = {jobs:,}: peak memory over the coroutines, bytes a job"
    yield from table(heading, options.shapes, names, memory)


def table(
    heading: str, rows: list[str], columns: list[str], cell: Callable[[str, str], str]
) -> Iterator[str]:
    """Yield a table whose columns are as wide as they must be, if it has any."""
    if not columns:
        return
    body = [[row, *(cell(row, column) for column in columns)] for row in rows]
    grid = [["", *columns], *body]
    widths = [max(map(len, cells)) for cells in zip(*grid, strict=True)]
    yield from ("", heading)
    for first, *rest in grid:
        padded = (text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *padded])


def limit_lines(checks: list[Check]) -> Iterator[str]:
    """Yield a line for each limit that was measured, and how many have each verdict."""
    yield from ("", "Limits")
    width = max(len(check.limit) for check in checks)
    for check in checks:
        if check.value is not None:
            bound = f"{'<' if check.strict else '≤'} {check.bound:g} {check.unit}"
            detail = f"({check.detail})" if check.detail else ""
            line = f"{check.verdict}  {check.limit:{width}}  {check.value:8.2f} {bound:12} "
            yield f"{line}{detail}".rstrip()
    counts = Counter(check.verdict for check in checks)
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())


def as_json(options: Options, records: Records) -> dict[str, Any]:
    """Return all that was measured; README.md tells how to read it."""
    return {
        "format": FORMAT,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "asynciojobs": __version__,
        "options": vars(options) | {"json": str(options.json)},
        **asdict(records),
        "limits": [asdict(check) | {"verdict": check.verdict} for check in check_all(records)],
    }
