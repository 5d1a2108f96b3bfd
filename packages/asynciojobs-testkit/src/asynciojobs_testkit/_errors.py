"""What the clock raises when a run can't go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asynciojobs import AbstractJob
from asynciojobs._errors import by_data

__all__ = ["ClockError", "DeadlockError", "LeftoverError", "RunawayError", "Waiting"]

SHOWN = 30
"""Jobs and tasks that a message names (lines)."""


class Waiting(NamedTuple):
    """A job, or a task that is of no job, which has not come to its end."""

    name: str
    """``<Job `fetch`>``, or ``<Task 'Task-1'>``."""
    state: str
    """``idle``, ``scheduled`` or ``running``."""
    unmet: tuple[str, ...]
    """The names of the requirements that are not done."""
    awaits: str
    """What it awaits, and where: ``Future pending at scenario.py:12, in fetch``."""
    job: AbstractJob[object] | None
    """The job; ``None`` for a task that is of no job."""

    def __str__(self) -> str:
        parts = [f"{self.name} {self.state}"]
        if self.unmet:
            parts.append(f"requires {', '.join(self.unmet)}")
        if self.awaits:
            parts.append(f"awaits {self.awaits}")
        return ", ".join(parts)


class ClockError(RuntimeError):
    """A run under a fake clock can't go on.

    Attributes:
        time: when that was, on the clock (seconds).
        waiting: who had not come to an end.
    """

    __reduce__ = by_data

    def __init__(self, reason: str, time: float, waiting: Sequence[Waiting]) -> None:
        self.time = time
        self.waiting = list(waiting)
        lines = [f"  {line}" for line in self.waiting[:SHOWN]]
        if len(self.waiting) > SHOWN:
            lines.append(f"  … and {len(self.waiting) - SHOWN} more")
        heading = f"{reason}; who waits:" if lines else reason
        super().__init__("\n".join([heading, *lines]))


class DeadlockError(ClockError):
    """Nothing is left that could happen, and somebody waits."""


class RunawayError(ClockError):
    """A run went past the horizon of the clock without progress, or took too long for real."""


class LeftoverError(AssertionError):
    """A run under a fake clock has left something behind.

    Attributes:
        leftovers: what, one line for each.
    """

    __reduce__ = by_data

    def __init__(self, leftovers: Sequence[str]) -> None:
        self.leftovers = list(leftovers)
        super().__init__(
            "\n".join(["the run has left something behind:", *(f"  {it}" for it in leftovers)])
        )
