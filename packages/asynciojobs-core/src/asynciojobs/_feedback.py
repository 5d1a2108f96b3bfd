"""Printing: the lines of `list()` and similar methods, and the events of a verbose run.

Printing never fails. If stdout is closed or missing, or can't show a sign, less is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from ._events import JobEvent
from .watch import Watch, wall_clock_text

__all__ = ["feedback", "say"]


def say(lines: Iterable[str], file: TextIO | None = None) -> None:
    """Print lines, as far as stdout can show them.

    Args:
        lines: the lines.
        file: where to print instead of stdout.
    """
    for line in lines:
        try:
            _print(line, file)
        except (OSError, ValueError):  # a pipe without a reader, or a closed file
            return


def _print(line: str, file: TextIO | None) -> None:
    try:
        print(line, file=file)
    except UnicodeEncodeError:
        encoding = getattr(file or sys.stdout, "encoding", None) or "ascii"
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=file)


def feedback(watch: Watch | None) -> Callable[[JobEvent], None]:
    """Return an observer that prints each event, with the time.

    Args:
        watch: gives the time; ``None`` means the time of day.
    """

    def show(event: JobEvent) -> None:
        time = wall_clock_text() if watch is None else watch.elapsed()
        say([f"{time} {event.kind:>9} {event.job.repr_main()}"])

    return show
