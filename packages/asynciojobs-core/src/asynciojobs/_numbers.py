"""Numbers that users give, checked where they are given."""

from __future__ import annotations

import math
import operator
import sys

__all__ = ["checked_seconds", "checked_window"]

LARGEST_FLOAT = sys.float_info.max


def checked_seconds(parameter: str, seconds: float | None) -> float | None:
    """Return a number of seconds, or ``None``.

    Raises:
        TypeError: it is something else.
        ValueError: it is negative, or not a number.
    """
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{parameter} must be a number of seconds, or None, not {seconds!r}")
    if not seconds >= 0:
        raise ValueError(f"{parameter} must be 0 seconds or more, not {seconds!r}")
    if LARGEST_FLOAT < seconds < math.inf:  # an int that no clock can be added to
        raise ValueError(f"{parameter} must be a number that a float can hold")
    return seconds


def checked_window(jobs: int) -> int:
    """Return a number of jobs.

    Raises:
        TypeError: it is something else.
        ValueError: it is negative.
    """
    rule = f"jobs_window must be a number of jobs, or None or 0 for no limit, not {jobs!r}"
    if isinstance(jobs, bool):
        raise TypeError(rule)
    try:
        window = operator.index(jobs)
    except TypeError:
        raise TypeError(rule) from None
    if window < 0:
        raise ValueError(rule)
    return window
