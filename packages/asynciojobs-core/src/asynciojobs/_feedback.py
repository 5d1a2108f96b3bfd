"""Printing: what `list()` and its sisters write, and what a verbose run tells on its way.

Printing never fails: where stdout is closed, gone or can't show a sign, less is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from ._badge import Signs, signs_for
from ._events import JobEvent
from .watch import Watch, wall_clock_text

__all__ = ["current_signs", "feedback", "say"]


def current_signs() -> Signs:
    """Return the signs of the badge that stdout can show."""
    return signs_for(getattr(sys.stdout, "encoding", None))


def say(lines: Iterable[str]) -> None:
    """Print lines, as far as stdout allows."""
    for line in lines:
        try:
            _print(line)
        except (OSError, ValueError):  # a pipe without a reader, or a closed file
            return


def _print(line: str) -> None:
    try:
        print(line)
    except UnicodeEncodeError:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        print(line.encode(encoding, "backslashreplace").decode(encoding))


def feedback(watch: Watch | None) -> Callable[[JobEvent], None]:
    """Return an observer that prints each event, with the time.

    Args:
        watch: tells the time; ``None`` is the time of day.
    """

    def tell(event: JobEvent) -> None:
        time = wall_clock_text() if watch is None else watch.elapsed()
        say([f"{time} {event.kind:>9} {event.job.repr_main()}"])

    return tell
