"""`WhatIf`: the findings of `what_if()`, as rows, as a table and as a curve."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from asynciojobs._text import counted, duration_text
from asynciojobs._timeline.gantt import rounding

from ._curve import Curve, Point, curves_as_svg

__all__ = ["WhatIf", "WhatIfRow"]

GOOD = 1.05
"""A setting is good if it takes at most this many times as long as the best one."""

GRAHAM = "More slots can also be slower (Graham 1969): only what is in this table was tried."


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """How long a run takes with one setting.

    Attributes:
        jobs_window: how many jobs may run at once; ``None`` means no limit (jobs).
        limits: how many slots each varied limit has, by its label.
        makespan: how long the run takes; with several runs, the median (seconds). It is
            ``math.inf`` if a job needs more slots than a limit has.
        least: how long the shortest of the runs takes (seconds).
        most: how long the longest one takes (seconds).
        lower_bound: no run with these durations can take less (seconds). It is the longest
            path, or the work divided by the slots of the window or of a limit.
        busy: how much of the window's slots was used, from 0 to 1. Without a window, it is
            that of the limit that was used most; ``None`` if there is none.
        fine: whether the runs succeeded: no timeout expired.

    Example:
        >>> from asynciojobs_testkit import dag, what_if
        >>> found = what_if(dag("a b c"), jobs_window=[1, 3], durations=lambda job: 60)
        >>> row = found[0]
        >>> row.jobs_window, row.makespan, row.lower_bound, row.busy, row.fine
        (1, 180.0, 180.0, 1.0, True)
    """

    jobs_window: int | None
    limits: Mapping[str, int]
    makespan: float
    least: float
    most: float
    lower_bound: float
    busy: float | None
    fine: bool

    @property
    def size(self) -> tuple[bool, int]:
        """How large the setting is; the smaller one comes first."""
        slots = sum(self.limits.values())
        return self.jobs_window is None, slots + (self.jobs_window or 0)

    def has_at_most(self, other: WhatIfRow) -> bool:
        """Return whether this setting has at most as many slots of each kind as another one.

        Example:
            >>> from asynciojobs_testkit import dag, what_if
            >>> found = what_if(dag("a b c"), jobs_window=[1, 3], durations=lambda job: 60)
            >>> found[0].has_at_most(found[1]), found[1].has_at_most(found[0])
            (True, False)
        """
        mine, its = self.jobs_window or math.inf, other.jobs_window or math.inf
        return mine <= its and all(self.limits[it] <= other.limits[it] for it in self.limits)


class WhatIf(Sequence[WhatIfRow]):
    """How long a scheduler would take, as a sequence of rows, one for each setting.

    ``str()`` returns a table.

    Args:
        rows: the rows, at least one.

    Attributes:
        rows: as above.

    Example:
        >>> from asynciojobs_testkit import dag, what_if
        >>> found = what_if(dag("a b c"), jobs_window=[1, 3], durations=lambda job: 60)
        >>> len(found), [row.makespan for row in found], found.smallest_good.jobs_window
        (2, [180.0, 60.0], 3)
    """

    def __init__(self, rows: Iterable[WhatIfRow]) -> None:
        self.rows: tuple[WhatIfRow, ...] = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> WhatIfRow: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[WhatIfRow, ...]: ...

    def __getitem__(self, index: int | slice) -> WhatIfRow | tuple[WhatIfRow, ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<WhatIf of {counted(len(self.rows), 'setting')}>"

    @property
    def smallest_good(self) -> WhatIfRow | None:
        """The smallest setting that takes at most 5 % longer than the best one.

        ``None`` if no run succeeded.
        """
        fine = [row for row in self.rows if row.fine]
        best = min((row.makespan for row in fine), default=0.0)
        good = [row for row in fine if row.makespan <= GOOD * best]
        return min(good, key=lambda row: (row.size, row.makespan), default=None)

    @property
    def slower(self) -> list[tuple[WhatIfRow, WhatIfRow]]:
        """The settings that take longer although they have more slots.

        Each is the second of a pair. The first is the best setting that has fewer.
        """
        found: list[tuple[WhatIfRow, WhatIfRow]] = []
        fine = [row for row in self.rows if row.fine]
        for row in fine:
            less = [other for other in fine if other is not row and other.has_at_most(row)]
            best = min(less, key=lambda other: other.makespan, default=row)
            if best.makespan < row.makespan:
                found.append((best, row))
        return found

    def __str__(self) -> str:
        names = list(self.rows[0].limits)
        spread = ["least", "most"] if self._varies() else []
        head = ("window", *names, "seconds", *spread, "bound", "busy", "")
        table = [head, *map(self._cells, self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ("  ".join(map(str.rjust, row[:-1], widths)) + f"  {row[-1]}" for row in table)
        return "\n".join([*map(str.rstrip, lines), *self._sentences()])

    def _varies(self) -> bool:
        return any(row.least != row.most for row in self.rows)

    def _cells(self, row: WhatIfRow) -> tuple[str, ...]:
        number = rounding(max([it.most for it in self.rows if it.most < math.inf], default=0))
        return (
            window_text(row.jobs_window),
            *map(str, row.limits.values()),
            number(row.makespan) if row.makespan < math.inf else "never",
            *([number(row.least), number(row.most)] if self._varies() else []),
            number(row.lower_bound),
            "" if row.busy is None else f"{100 * row.busy:.0f} %",
            self._remark(row),
        )

    def _remark(self, row: WhatIfRow) -> str:
        if row.makespan == math.inf:
            return "a job needs more slots"
        if not row.fine:
            return "timed out"
        return "smallest good" if row is self.smallest_good else ""

    def _sentences(self) -> Iterator[str]:
        for less, row in self.slower:
            yield (
                f"{setting_text(row)} is slower than {setting_text(less)}: "
                f"{duration_text(row.makespan)} rather than {duration_text(less.makespan)}."
            )
        yield GRAHAM

    def export_as_svgfile(self, filename: str | os.PathLike[str]) -> str:
        """Draw how long a run takes as a curve, with the lower bound as a dashed line.

        If a limit was varied too, there is one curve for each number of its slots.

        Args:
            filename: the name of the file; ``.svg`` is added unless it is there.

        Returns:
            the name of the file.

        Raises:
            OSError: the file can't be written.

        Example:
            >>> from asynciojobs_testkit import dag, what_if
            >>> found = what_if(dag("a b c"), jobs_window=[1, 3], durations=lambda job: 60)
            >>> found.export_as_svgfile("windows")
            'windows.svg'
        """
        name = os.fspath(filename)
        path = Path(name if name.endswith(".svg") else f"{name}.svg")
        write_whole(path, self._svg())
        return str(path)

    def _svg(self) -> str:
        axis = self._axis()
        curves: dict[str, list[WhatIfRow]] = {}
        for row in self.rows:
            curves.setdefault(setting_text(row, without=axis), []).append(row)
        good = self.smallest_good
        places = [
            (number, rows.index(good))
            for number, rows in enumerate(curves.values())
            if good in rows
        ]
        drawn = [
            Curve(name, [point_of(row, axis) for row in rows]) for name, rows in curves.items()
        ]
        x_label = "jobs_window" if axis is None else f"slots of {axis}"
        return curves_as_svg(drawn, x_label, places[0] if places else None)

    def _axis(self) -> str | None:
        """Return the limit on the x axis; ``None`` for the window."""
        if len({row.jobs_window for row in self.rows}) > 1:
            return None
        return next(iter(self.rows[0].limits), None)


# -- how it is shown


def window_text(window: int | None) -> str:
    """Return a window as text."""
    return "none" if window is None else str(window)


def setting_text(row: WhatIfRow, *, without: str | None = "") -> str:
    """Return a setting in words.

    Args:
        row: the setting.
        without: a limit to leave out; ``None`` leaves out the window.
    """
    parts = [] if without is None else [f"jobs_window={window_text(row.jobs_window)}"]
    parts += [f"{name}={count}" for name, count in row.limits.items() if name != without]
    return ", ".join(parts)


def point_of(row: WhatIfRow, axis: str | None) -> Point:
    """Return a point of the curve."""
    mark = window_text(row.jobs_window) if axis is None else str(row.limits[axis])
    return Point(mark, row.makespan if row.fine else None, row.lower_bound)


def write_whole(path: Path, text: str) -> None:
    """Write a file, or leave it as it was.

    Raises:
        OSError: it can't be written.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(text, "utf-8")
        new.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
