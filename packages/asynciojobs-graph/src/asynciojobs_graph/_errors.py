"""The errors of drawing a picture."""

from __future__ import annotations

from typing import Any

from asynciojobs._errors import by_data

__all__ = ["DrawingError", "MissingProgramError"]

STDERR_LIMIT = 2000
"""How many characters of stderr a message quotes: the last ones, which name the cause."""


class MissingProgramError(RuntimeError):
    """No drawing program was found."""


class DrawingError(RuntimeError):
    """The drawing program failed, or returned no picture.

    Attributes:
        program: the path of the program.
        reason: what went wrong, in a few words.
        stderr: everything that the program wrote to its standard error.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, program: str, reason: str, stderr: str) -> None:
        self.program = program
        self.reason = reason
        self.stderr = stderr
        said = stderr.strip()[-STDERR_LIMIT:]
        message = f"{program} {reason}"
        super().__init__(f"{message}: {said}" if said else f"{message}, and said nothing")
