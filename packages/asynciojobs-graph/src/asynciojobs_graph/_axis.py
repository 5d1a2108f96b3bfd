"""The axis of a timeline: its ticks and their texts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

__all__ = ["Tick", "clock_text", "ticks"]

MINUTE, HOUR, DAY = 60, 3600, 86400

STEPS = (1, 2, 5, 10, 15, 30, MINUTE, *(MINUTE * n for n in (2, 5, 10, 15, 30)))
LONG_STEPS = (HOUR, *(HOUR * n for n in (2, 3, 6, 12)), DAY)
"""The steps from one second to one day. Shorter and longer steps are 1, 2 or 5 times a power of
ten."""


class Tick(NamedTuple):
    """A place on the axis."""

    seconds: float
    """The time since the run began."""
    text: str
    """The same as text, such as ``30 s``."""
    clock: str
    """The time of day, such as ``14:03:30``."""


def ticks(duration: float, began_at: datetime, most: int = 10) -> list[Tick]:
    """Return the ticks of an axis from 0 to a duration, at round numbers of seconds.

    Args:
        duration: how long the axis is (seconds).
        began_at: the time of day at 0, with its zone.
        most: the largest number of intervals.

    Example:
        >>> nine = datetime(2030, 1, 31, 9, tzinfo=UTC)
        >>> [tick.text for tick in ticks(100, nine, most=5)]
        ['0 s', '30 s', '60 s', '90 s']
    """
    if duration <= 0:
        return [Tick(0, "0 s", clock_text(began_at, 0, 1))]
    step = _step(duration / most)
    decimals = max(0, -math.floor(math.log10(step)))
    count = math.floor(duration / step * (1 + 1e-9))
    return [
        Tick(at := index * step, f"{at:,.{decimals}f} s", clock_text(began_at, at, step))
        for index in range(count + 1)
    ]


def _step(least: float) -> float:
    """Return the smallest round step that is not smaller than this."""
    return next(step for step in _steps(least) if step >= least * (1 - 1e-9))


def _steps(least: float) -> Iterator[float]:
    if least < 1:
        power = 10.0 ** math.floor(math.log10(least))
        yield from (power * factor for factor in (1, 2, 5, 10))
    yield from STEPS
    yield from LONG_STEPS
    power = 10.0 ** max(0, math.floor(math.log10(least / DAY)))
    yield from (power * DAY * factor for factor in (1, 2, 5, 10))


def clock_text(began_at: datetime, seconds: float, step: float) -> str:
    """Return the time of day as text, as exact as a step needs; on other days, with the date.

    Args:
        began_at: the time of day at 0, with its zone.
        seconds: the time since then.
        step: the distance between two such times (seconds).

    Example:
        >>> clock_text(datetime(2030, 1, 31, 23, 59, 59, tzinfo=UTC), 2, 1)
        '02-01 00:00:01'
    """
    moment = moment_at(began_at, seconds)
    decimals = min(6, max(0, -math.floor(math.log10(step))))
    text = f"{moment:%H:%M:%S}"
    if decimals:
        text = f"{text}.{moment.microsecond:06}"[: len(text) + 1 + decimals]
    return text if moment.date() == began_at.date() else f"{moment:%m-%d} {text}"


def moment_at(began_at: datetime, seconds: float) -> datetime:
    """Return the moment that many seconds later, even if clocks were changed in between."""
    later = began_at.astimezone(UTC) + timedelta(seconds=seconds)
    return later.astimezone(began_at.tzinfo)
