"""How a command ends: its exit status, and what it says if it can't do its work."""

from __future__ import annotations

import enum

__all__ = ["CommandError", "Status"]


class Status(enum.IntEnum):
    """The exit statuses. A signal ends the program with 128 plus its number."""

    FINE = 0
    FAILED = 1
    """A critical job raised."""
    USAGE = 2
    """The command is wrong, or its target can't be loaded."""
    TIMED_OUT = 3
    CANNOT_RUN = 4
    """The graph has a cycle, for example: nothing was started."""
    INTERRUPTED = 128 + 2
    """Ctrl-C: SIGINT."""


class CommandError(Exception):
    """A command can't do its work. The message is one line: what is wrong, and the remedy.

    Args:
        message: the line.
        status: the exit status.

    Attributes:
        status: as above.
    """

    def __init__(self, message: str, status: Status = Status.USAGE) -> None:
        super().__init__(message)
        self.status = status
