"""How a run ended, as one of a few small classes; `str()` of it is what `why()` says."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ._errors import Named

__all__ = [
    "FINE",
    "Broken",
    "Cancelled",
    "CriticalFailure",
    "Fine",
    "TimedOut",
    "Verdict",
    "exception_text",
]


def exception_text(exception: BaseException) -> str:
    """Return ``Type:text`` for an exception, even where its text can't be had."""
    try:
        text = str(exception)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a user's __str__ may raise anything
        text = f"(its __str__ raised {type(error).__name__})"
    return f"{type(exception).__name__}:{text}"


class Fine:
    """All that the run waited for has ended, and no critical job has raised."""

    def __str__(self) -> str:
        return "FINE"


class TimedOut(NamedTuple):
    """The deadline came first."""

    timeout: float
    """What was allowed, in seconds."""

    def __str__(self) -> str:
        return f"TIMED OUT after {self.timeout}s"


class CriticalFailure(NamedTuple):
    """A critical job has raised."""

    job: Named
    exception: BaseException

    def __str__(self) -> str:
        return (
            f"CRITICAL FAILURE: {self.job.repr_main()} raised {exception_text(self.exception)}"
        )


class Cancelled:
    """Who waited for the run has cancelled it."""

    def __str__(self) -> str:
        return "CANCELLED"


class Broken(NamedTuple):
    """Something that is not a failure of a job ended the run: it must leave `co_run()`.

    That is ``KeyboardInterrupt`` and ``SystemExit``, and what is wrong with a job that was
    added to the run while it went on.
    """

    exception: BaseException

    def __str__(self) -> str:
        return f"BROKEN OFF: {exception_text(self.exception)}"


Verdict: TypeAlias = Fine | TimedOut | CriticalFailure | Cancelled | Broken

FINE = Fine()
