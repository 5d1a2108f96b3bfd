"""How far a job has come, and how a run ended."""

from __future__ import annotations

import enum
from typing import NamedTuple, Protocol, TypeAlias

__all__ = [
    "DONE",
    "FINE",
    "IDLE",
    "RUNNING",
    "SCHEDULED",
    "Broken",
    "Cancelled",
    "CriticalFailure",
    "Fine",
    "Named",
    "Phase",
    "TimedOut",
    "Verdict",
    "exception_text",
]


class Named(Protocol):
    """Anything that a message can name: a job, or a scheduler."""

    def repr_main(self) -> str:
        """Return a short text such as ``<Job `fetch`>``."""
        ...


class Phase(enum.Enum):
    """How far a job has come. The values are the words that people read.

    A job that was started, and cancelled at the end of its run, stays `RUNNING`: that is how
    far it came.
    """

    IDLE = "idle"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    DONE = "done"


# On Python 3.11 an attribute of an enum class costs ten times as much as a global.
IDLE = Phase.IDLE
SCHEDULED = Phase.SCHEDULED
RUNNING = Phase.RUNNING
DONE = Phase.DONE


def exception_text(exception: BaseException) -> str:
    """Return ``Type:text`` for an exception, even if its ``__str__`` raises."""
    try:
        text = str(exception)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a user's __str__ may raise anything
        text = f"(its __str__ raised {type(error).__name__})"
    return f"{type(exception).__name__}:{text}"


# The verdict on a run: one of these small classes. `str()` of it is what `why()` returns.


class Fine:
    """All jobs that the run waited for have ended, and no critical one raised."""

    def __reduce__(self) -> str:
        return "FINE"  # the one object below

    def __str__(self) -> str:
        return "FINE"


class TimedOut(NamedTuple):
    """The deadline came first."""

    timeout: float
    """The time that was allowed, in seconds."""

    def __str__(self) -> str:
        return f"TIMED OUT after {self.timeout}s"


class CriticalFailure(NamedTuple):
    """A critical job raised."""

    job: Named
    exception: BaseException

    def __str__(self) -> str:
        return (
            f"CRITICAL FAILURE: {self.job.repr_main()} raised {exception_text(self.exception)}"
        )


class Cancelled:
    """The task that waited for the run was cancelled."""

    def __str__(self) -> str:
        return "CANCELLED"


class Broken(NamedTuple):
    """Something other than the failure of a job ended the run, and leaves `co_run()`.

    That is a ``KeyboardInterrupt`` or ``SystemExit``, or the error of a job that can't join
    the run.
    """

    exception: BaseException

    def __str__(self) -> str:
        return f"BROKEN OFF: {exception_text(self.exception)}"


Verdict: TypeAlias = Fine | TimedOut | CriticalFailure | Cancelled | Broken

FINE = Fine()
