"""The tables, as lines of text, and the JSON."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from asynciojobs import __version__

from .contenders import CONTENDERS
from .limits import Check, check_all
from .plan import Options
from .records import Records, Spread

__all__ = ["as_json", "lines"]

FORMAT = 1


def lines(options: Options, records: Records) -> Iterator[str]:
    """Yield all that is printed at the end."""
    for jobs in options.sizes:
        yield from tables(options, records, jobs)
    yield from left_out(options, records)
    yield from singles(records)
    yield from limit_lines(check_all(records))


def tables(options: Options, records: Records, jobs: int) -> Iterator[str]:
    names = contenders_at(records, jobs)
    others = [name for name in names if name != "ours"]
    for role, title in (("reference", "references"), ("peer", "peers")):
        columns = [name for name in others if CONTENDERS[name].role == role]
        if columns:
            heading = f"N = {jobs:,}: time of ours / of the {title}, median (min–max)"
            cell = ratio_cell(records, jobs)
            yield from table(heading, options.shapes, columns, cell)
    if names:
        heading = f"N = {jobs:,}: build + run, µs a job"
        yield from table(heading, options.shapes, names, time_cell(records, jobs))
        heading = f"N = {jobs:,}: peak memory over the coroutines, bytes a job"
        yield from table(heading, options.shapes, names, memory_cell(records, jobs))


def contenders_at(records: Records, jobs: int) -> list[str]:
    seen = {run.contender for run in records.runs if run.jobs == jobs}
    return [name for name in CONTENDERS if name in seen]


def ratio_cell(records: Records, jobs: int) -> Callable[[str, str], str]:
    def cell(shape: str, name: str) -> str:
        spread = records.ratios(name, shape, jobs)
        if spread is None:
            return "-"
        return f"{spread.median:.2f} ({spread.low:.2f}–{spread.high:.2f})"

    return cell


def time_cell(records: Records, jobs: int) -> Callable[[str, str], str]:
    def cell(shape: str, name: str) -> str:
        runs = records.of(name, shape, jobs)
        build = Spread.of([run.build / jobs * 1e6 for run in runs])
        run = Spread.of([run.run / jobs * 1e6 for run in runs])
        return f"{build.median:.1f} + {run.median:.1f}" if build and run else "-"

    return cell


def memory_cell(records: Records, jobs: int) -> Callable[[str, str], str]:
    def cell(shape: str, name: str) -> str:
        value = records.bytes_per_job(name, shape, jobs)
        return "-" if value is None else f"{value:,.0f}"

    return cell


def table(
    heading: str, rows: Iterable[str], columns: Sequence[str], cell: Callable[[str, str], str]
) -> Iterator[str]:
    """Yield a table whose columns are as wide as they must be."""
    body = [[row, *(cell(row, column) for column in columns)] for row in rows]
    grid = [["", *columns], *body]
    widths = [max(map(len, cells)) for cells in zip(*grid, strict=True)]
    yield from ("", heading)
    for first, *rest in grid:
        padded = (text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *padded])


def reasons(options: Options, records: Records) -> dict[str, list[str]]:
    """Return what is not in the tables: by the reason, the contenders and their shapes."""
    found: dict[str, list[str]] = {}
    for name in options.contenders:
        for shape in options.shapes:
            if reason := CONTENDERS[name].why_not(shape):
                found.setdefault(f"{name}: {reason}", []).append(shape)
    for failure in records.failures:
        where = f"{failure.shape}, N = {failure.jobs:,}"
        found.setdefault(f"{failure.contender}: {failure.reason}", []).append(where)
    return found


def left_out(options: Options, records: Records) -> Iterator[str]:
    found = reasons(options, records)
    if found:
        yield from ("", "Left out")
    for reason, where in found.items():
        everywhere = len(where) == len(options.shapes)
        yield f"{reason} ({'every shape' if everywhere else '; '.join(where)})"


def singles(records: Records) -> Iterator[str]:
    yield from ("", "Worst tick of a 10 ms ticker beside 100,000 instant jobs, ms")
    for name in ("idle", "starting", "running", "ending"):
        spread = Spread.of([getattr(tick, name) * 1000 for tick in records.ticks])
        if spread:
            text = f"{spread.median:.1f} ({spread.low:.1f}–{spread.high:.1f})"
            yield f"{name:10}{text:>20}"


def limit_lines(checks: list[Check]) -> Iterator[str]:
    """Yield a line for each limit that was measured, and how many there are of each verdict."""
    yield from ("", "Limits")
    width = max(len(check.limit) for check in checks)
    for check in checks:
        if check.value is not None:
            yield limit_line(check, check.value, width)
    counts = Counter(check.verdict for check in checks)
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())


def limit_line(check: Check, value: float, width: int) -> str:
    bound = f"{'<' if check.strict else '≤'} {check.bound:g} {check.unit}"
    detail = f"({check.detail})" if check.detail else ""
    line = f"{check.verdict}  {check.limit:{width}}  {value:8.2f} {bound:12} {detail}"
    return line.rstrip()


def as_json(options: Options, records: Records) -> dict[str, Any]:
    """Return all that was measured; README.md tells how to read it."""
    return {
        "format": FORMAT,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "asynciojobs": __version__,
        "options": asdict(options),
        "runs": [asdict(run) | {"total": run.total} for run in records.runs],
        "held": [{"jobs": jobs, "bytes": held} for jobs, held in records.held.items()],
        "growth": records.growth,
        "imports": records.imports,
        "ticks": [asdict(tick) for tick in records.ticks],
        "ratios": list(ratio_records(records)),
        "left_out": reasons(options, records),
        "limits": [asdict(check) | {"verdict": check.verdict} for check in check_all(records)],
    }


def ratio_records(records: Records) -> Iterator[dict[str, Any]]:
    cases = {(run.contender, run.shape, run.jobs): None for run in records.runs}
    for name, shape, jobs in cases:
        spread = None if name == "ours" else records.ratios(name, shape, jobs)
        if spread is not None:
            yield {"contender": name, "shape": shape, "jobs": jobs} | spread._asdict()
