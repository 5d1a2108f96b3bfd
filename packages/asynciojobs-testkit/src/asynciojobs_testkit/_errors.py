"""The errors of the testkit, and the reports in their messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from asynciojobs import AbstractJob
from asynciojobs._errors import by_data

__all__ = [
    "ClockError",
    "DeadlockError",
    "LeftoverError",
    "RunawayError",
    "UnscriptedCommandError",
    "Waiting",
]

MAX_LINES = 30
"""How many lines about jobs and tasks a message has at most."""

NUMBER_OF_TASK = re.compile(r"(?<=<Task 'Task-)\d+(?=')")
"""The number in a task name that asyncio made up."""


class Waiting(NamedTuple):
    """A job, or a task that belongs to no job, that has not ended.

    Example:
        >>> import asyncio
        >>> from asynciojobs import Job, Scheduler
        >>> from asynciojobs_testkit import FakeClock
        >>> async def wait():
        ...     await asyncio.Event().wait()
        >>> try:
        ...     FakeClock().run(Scheduler(Job(wait, label="wait")).co_run())
        ... except DeadlockError as error:
        ...     [(it.name, it.state) for it in error.waiting]
        [('<Job `wait`>', 'running')]
    """

    name: str
    """``<Job `fetch`>``, or ``<Task 'Task-1'>``."""
    state: str
    """``idle``, ``scheduled`` or ``running``."""
    unmet: tuple[str, ...]
    """The names of the requirements that are not done."""
    awaits: str
    """What it awaits, and where: ``Future pending at scenario.py:12, in fetch``."""
    job: AbstractJob[object] | None
    """The job; ``None`` for a task that belongs to no job."""

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
        time: when it happened, on the clock (seconds).
        waiting: the jobs and tasks that had not ended.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, reason: str, time: float, waiting: Sequence[Waiting]) -> None:
        self.time = time
        self.waiting: list[Waiting] = list(waiting)
        lines = lines_on(self.waiting)
        heading = f"{reason}; still waiting:" if lines else reason
        super().__init__("\n".join([heading, *lines]))


class DeadlockError(ClockError):
    """A run is still waiting, but nothing can happen any more."""


class RunawayError(ClockError):
    """A run made no progress up to the horizon of the clock, or took too much real time."""


def lines_on(waiting: Sequence[Waiting]) -> list[str]:
    """Return the lines about jobs and tasks: equal lines once, and only the first few.

    Tasks with names made up by asyncio are equal if only their numbers differ.
    """
    alike: dict[str, list[Waiting]] = {}
    for it in waiting:
        alike.setdefault(NUMBER_OF_TASK.sub("", str(it)), []).append(it)
    groups = list(alike.values())
    lines = [f"  {like[0]}{more(len(like) - 1)}" for like in groups[:MAX_LINES]]
    rest = sum(map(len, groups[MAX_LINES:]))
    return [*lines, f"  … and {rest} more"] if rest else lines


def more(count: int) -> str:
    """Return the end of a line that represents others, too."""
    return f" (and {count} more like this)" if count else ""


class LeftoverError(AssertionError):
    """A run under a fake clock left something behind.

    Attributes:
        leftovers: a line for each thing that was left behind.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, leftovers: Sequence[str]) -> None:
        self.leftovers: list[str] = list(leftovers)
        super().__init__(
            "\n".join(["the run has left something behind:", *(f"  {it}" for it in leftovers)])
        )


class UnscriptedCommandError(AssertionError):
    """A job ran a command for which the test has no script.

    Attributes:
        line: the command line.
        nearest: the most similar pattern; ``None`` if nothing was scripted.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, line: str, nearest: str | None = None) -> None:
        self.line = line
        self.nearest = nearest
        near = "" if nearest is None else f" (the nearest pattern is {nearest!r})"
        super().__init__(
            f"the command {line!r} is not scripted{near}: write fake_commands({line!r}) first"
        )
