"""What goes wrong with drawing, each kind of it with its data."""

from __future__ import annotations

from asynciojobs._errors import by_data

__all__ = ["DrawingError", "MissingProgramError"]

SHOWN_OF_STDERR = 2000
"""Characters of what a program said that a message repeats: its end, where the cause is."""


class MissingProgramError(RuntimeError):
    """There is no program that could draw."""


class DrawingError(RuntimeError):
    """A program was to draw, and did not.

    Attributes:
        program: the path of the program.
        reason: what happened to it, in a few words.
        stderr: all that it wrote to its standard error.
    """

    __reduce__ = by_data

    def __init__(self, program: str, reason: str, stderr: str) -> None:
        self.program = program
        self.reason = reason
        self.stderr = stderr
        said = stderr.strip()[-SHOWN_OF_STDERR:]
        super().__init__(f"{program} {reason}{': ' if said else ', and said nothing'}{said}")
