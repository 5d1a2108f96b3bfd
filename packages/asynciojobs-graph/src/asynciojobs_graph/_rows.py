"""Which jobs of a timeline get a row, and in which order, for the SVG and the report.

The jobs of each scheduler come in the order in which they started; those of a nested scheduler
follow its own row. If there are more jobs than rows, the most informative ones are kept.
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
    """Whether it is part of the bottleneck, so that the whole run had to wait for it."""
    left_out: Counter[Outcome] = field(default_factory=Counter[Outcome])
    """How many jobs inside it, at all depths, have no row, by outcome."""

    @property
    def is_nested(self) -> bool:
        """Whether it is a nested scheduler."""
        return isinstance(self.span.job, JobSet)


@dataclass(eq=False, slots=True)
class Rows:
    """The rows of a timeline, in order."""

    shown: list[Row]
    left_out: Counter[Outcome] = field(default_factory=Counter[Outcome])
    """How many jobs have no row, at all depths, by outcome."""


def rows_of(
    spans: Iterable[Span],
    bottleneck: Iterable[AnyJob] = (),
    *,
    depth: int | None = None,
    most: float = math.inf,
) -> Rows:
    """Return the rows of a timeline, in order; O(n log n).

    Args:
        spans: the spans of the timeline, each nested scheduler before its jobs.
        bottleneck: the jobs that held up the run.
        depth: how many levels of nested schedulers are open; ``None`` opens all.
        most: how many rows there may be. The most informative ones are kept: failures, the
            bottleneck, the outer levels, then the longest jobs. If a job has a row, so do the
            schedulers around it; these may exceed `most`.
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
    """Return the nested scheduler around each row, if it has one."""
    by_span = {id(row.span): row for row in rows}
    return {
        row: by_span[id(row.span.around)]
        for row in by_span.values()
        if row.span.around is not None
    }


def _most_telling(rows: Iterable[Row], around: dict[Row, Row], most: float) -> set[Row]:
    """Return that many of the rows, with the rows around them; there are more than that."""
    kept: set[Row] = set()
    ranked = iter(sorted(rows, key=_rank))
    while len(kept) < most:
        step: Row | None = next(ranked)
        while step is not None and step not in kept:
            kept.add(step)
            step = around.get(step)
    return kept


def _rank(row: Row) -> tuple[bool, bool, int, float]:
    """Return a key that sorts the most informative rows first."""
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
    """Yield the rows that are kept, those of each scheduler in order of their starts."""
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
