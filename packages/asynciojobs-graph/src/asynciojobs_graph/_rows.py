"""Which jobs of a timeline get a row, and in which order; the SVG and the report share it.

The jobs of each scheduler come in the order in which they started, and those of a nested
scheduler follow its own row. If there are more jobs than rows, those that tell most are kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import AnyJob
from asynciojobs.timeline import Outcome, Span

__all__ = ["Row", "Rows", "counts_text", "rows_of"]


@dataclass(eq=False, slots=True)
class Row:
    """A job in a timeline."""

    span: Span
    holds_back: bool = False
    """The whole run had to wait for it: it is a part of the bottleneck."""
    left_out: Counter[Outcome] = field(default_factory=Counter[Outcome])
    """How many jobs inside of it, at all depths, have no row, by their outcomes."""

    @property
    def is_nested(self) -> bool:
        """Whether it is a nested scheduler."""
        return isinstance(self.span.job, JobSet)


@dataclass(eq=False, slots=True)
class Rows:
    """The rows of a timeline, in order."""

    shown: list[Row]
    left_out: Counter[Outcome] = field(default_factory=Counter[Outcome])
    """How many jobs have no row, at all depths, by their outcomes."""


def rows_of(
    spans: Iterable[Span],
    bottleneck: Iterable[AnyJob] = (),
    *,
    depth: int | None = None,
    most: float = math.inf,
) -> Rows:
    """Return the rows of a timeline, in order; O(n log n).

    Args:
        spans: those of the timeline, each nested scheduler before its jobs.
        bottleneck: the jobs that held the run back.
        depth: how many levels of nested schedulers are open; ``None`` opens all.
        most: how many rows there may be. Those that tell most are kept: what failed, what held
            the run back, the outer levels, then the longest jobs. If a job has a row, so have
            the schedulers around it, and the last ones may be more than `most`.
    """
    held_back = set(bottleneck)
    every = [Row(span, span.job in held_back) for span in spans]
    around = _around(every)
    kept = {row for row in every if depth is None or row.span.depth <= depth}
    if len(kept) > most:
        kept = _most_telling(kept, around, most)
    rows = Rows(list(_in_order(every, around, kept)))
    for row in every:
        if row not in kept:
            _note_left_out(row, around, kept, rows)
    return rows


def counts_text(counts: Counter[Outcome]) -> str:
    """Return how many jobs there are, as in ``1,200 jobs: 1,000 done, 200 skipped``."""
    total = counts.total()
    parts = [f"{counts[outcome]:,} {outcome.value}" for outcome in Outcome if counts[outcome]]
    jobs = "1 job" if total == 1 else f"{total:,} jobs"
    return f"{jobs}: {', '.join(parts)}" if parts else jobs


def _around(rows: Iterable[Row]) -> dict[Row, Row]:
    """Return the nested scheduler around each row that has one."""
    by_span = {id(row.span): row for row in rows}
    return {
        row: by_span[id(row.span.around)]
        for row in by_span.values()
        if row.span.around is not None
    }


def _most_telling(rows: Iterable[Row], around: dict[Row, Row], most: float) -> set[Row]:
    """Return as many of the rows, with those around them; there are more than that."""
    kept: set[Row] = set()
    ranked = iter(sorted(rows, key=_rank))
    while len(kept) < most:
        step: Row | None = next(ranked)
        while step is not None and step not in kept:
            kept.add(step)
            step = around.get(step)
    return kept


def _rank(row: Row) -> tuple[bool, bool, int, float]:
    """Return a key by which the rows that tell most come first."""
    span = row.span
    return (
        span.outcome is not Outcome.FAILED,
        not row.holds_back,
        span.depth,
        -(span.seconds or 0.0),
    )


def _in_order(
    rows: Iterable[Row], around: dict[Row, Row], kept: Collection[Row]
) -> Iterator[Row]:
    """Yield the rows that are kept, those of each scheduler by their starts."""
    inside: dict[Row | None, list[Row]] = {}
    for row in rows:
        if row in kept:
            inside.setdefault(around.get(row), []).append(row)
    levels = [iter(sorted(inside.get(None, ()), key=_start))]
    while levels:
        for row in levels[-1]:
            yield row
            levels.append(iter(sorted(inside.get(row, ()), key=_start)))
            break
        else:
            levels.pop()


def _start(row: Row) -> float:
    return math.inf if row.span.start is None else row.span.start


def _note_left_out(row: Row, around: dict[Row, Row], kept: Collection[Row], rows: Rows) -> None:
    """Count a row that is left out, also for the scheduler around it that has a row."""
    outcome = row.span.outcome
    rows.left_out[outcome] += 1
    holder = around.get(row)
    while holder is not None and holder not in kept:
        holder = around.get(holder)
    if holder is not None:
        holder.left_out[outcome] += 1
