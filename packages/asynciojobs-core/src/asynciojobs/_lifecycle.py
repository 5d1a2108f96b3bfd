"""The stations of a job's life, and how it failed if it did."""

from __future__ import annotations

import enum
from types import TracebackType
from typing import NoReturn

__all__ = ["Failure", "Phase"]


class Phase(enum.Enum):
    """How far a job has come; the values are the words that people read.

    A job that was started and then cancelled by the end of its run stays `RUNNING`: that is
    how far it has come.
    """

    IDLE = "idle"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    DONE = "done"


class Failure:
    """The exception of a job, which can be raised any number of times.

    Args:
        exception: what the job raised.
    """

    __slots__ = ("_traceback", "exception")

    def __init__(self, exception: BaseException) -> None:
        self.exception = exception
        self._traceback: TracebackType | None = exception.__traceback__

    def reraise(self) -> NoReturn:
        """Raise the exception with the traceback of its origin, as a ``Future`` does.

        Without that, each raise would add its frames to those of the raise before.
        """
        try:
            raise self.exception.with_traceback(self._traceback)
        finally:
            del self  # this frame is in the traceback: no circle through it
