"""`Spans`: the spans of a run, each made when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from .spans import Span
from .table import Table

__all__ = ["Spans"]


class Spans(Sequence[Span]):
    """What became of each job of a run. Each `Span` is made when it is first read, then kept.

    Args:
        table: what is known about the jobs.
        waited: returns how long a job waited for slots, by its place (seconds).
    """

    def __init__(self, table: Table, waited: Callable[[int], float]) -> None:
        self._table = table
        self._waited = waited
        self._made: list[Span | None] = [None] * len(table.jobs)

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, place: int) -> Span: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Span, ...]: ...

    def __getitem__(self, place: int | slice) -> Span | tuple[Span, ...]:
        places = range(len(self._made))[place]
        return self._span(places) if isinstance(places, int) else tuple(map(self._span, places))

    def __iter__(self) -> Iterator[Span]:
        return map(self._span, range(len(self._made)))

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (tuple(self),)  # a plain tuple: nobody else needs the table

    def _span(self, place: int) -> Span:
        span = self._made[place]
        if span is None:
            owner = self._table.levels[place].owner
            if owner is not None and self._made[owner] is None:
                for outer in reversed([*self._table.around(owner)]):  # the outermost first
                    self._made[outer] = self._made[outer] or self._new(outer)
            span = self._made[place] = self._new(place)
        return span

    def _new(self, place: int) -> Span:
        table = self._table
        owner, start = table.levels[place].owner, table.starts[place]
        around = None if owner is None else self._made[owner]
        return Span(
            job=table.jobs[place],
            around=around,
            depth=0 if around is None else around.depth + 1,
            start=start,
            end=table.ends[place],
            outcome=table.outcomes[place],
            ready=table.readys[place],
            waited=self._waited(place),
            seconds=None if start is None else table.stop(place) - start,
        )
