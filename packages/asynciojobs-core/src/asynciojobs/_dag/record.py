"""`Record`: what a job set keeps of its last run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from .._failures import portable
from .._names import NOTHING
from .._outcomes import FINE, Refused, Verdict, exception_text

__all__ = ["Record"]


class Record:
    """How the last run of a job set went, and its shutdown. Each run starts a new record."""

    __slots__ = (
        "began",
        "ended_at",
        "joined",
        "next",
        "restored",
        "shut_down_well",
        "shutdown_failures",
        "started_at",
        "verdict",
        "window",
    )

    def __init__(self) -> None:
        # For a nested run, these stay None: the scheduler has the times, like any other job.
        self.started_at: float | None = None
        """When an outermost run began, on the clock of its loop (seconds)."""
        self.ended_at: float | None = None
        """When that run ended (seconds)."""
        self.verdict: Verdict = FINE
        """How the run ended; fine while it goes on."""
        self.began: float | None = None
        """The time of day when it began (seconds since the epoch); ``None`` if it did not."""
        self.window: int | None = None
        """How many regular jobs could run at once (jobs); the smallest, if that changed."""
        self.joined: dict[int, float] | None = None
        """When jobs joined the run, by their `id()` (seconds); ``None`` if none did.

        By id(), since a record must not keep jobs alive. A job that gets the same id later
        either did not start in this run, or joined it, too.
        """
        self.restored: AbstractSet[Any] = NOTHING
        """The jobs that stayed done in the run, at all depths of the outermost scheduler."""
        self.shut_down_well = True
        """``False`` once a `co_shutdown()` has failed or run out of time."""
        self.shutdown_failures: dict[Any, BaseException] = {}
        """The exception of each job's `co_shutdown()`; a TimeoutError if its time ran out."""

        self.next: Record | None = None
        """The record of the next run, if it began before the shutdown of this one ended."""

    def is_used(self) -> bool:
        """Return whether a run has begun or was refused, or its shutdown has failed."""
        return not (self.began is None and self.verdict is FINE and self.shut_down_well)

    def end(self, verdict: Verdict, now: float) -> None:
        """Note how the run ended, at a time (seconds)."""
        self.verdict = verdict
        if self.started_at is not None:
            self.ended_at = now

    def refuse(self, error: Exception) -> None:
        """Note why another run was refused. The rest stays as the last run left it."""
        self.verdict = Refused(exception_text(error))

    def resize(self, window: int | None) -> None:
        """Take note that the window was changed during the run."""
        if window:
            self.window = min(window, self.window or window)

    def join(self, jobs: Iterable[object], now: float) -> None:
        """Take note that jobs joined the run, at a time on its loop's clock (seconds)."""
        if self.joined is None:
            self.joined = {}
        self.joined.update((id(job), now) for job in jobs)

    def joined_at(self, job: object) -> float | None:
        """Return when a job joined the run (seconds); ``None`` if it did not."""
        return None if self.joined is None else self.joined.get(id(job))

    def note_bad_shutdown(self, failures: Mapping[Any, BaseException]) -> None:
        """Note that a shutdown failed, and keep the failures of `co_shutdown()` by job.

        If the next run has begun already, they are noted in its record too, so none is lost.
        """
        record: Record | None = self
        while record is not None:
            record.shut_down_well = False
            record.shutdown_failures.update(failures)
            record = record.next

    def copy(self) -> Record:
        """Return a copy of this record."""
        other = Record()
        other.started_at, other.ended_at = self.started_at, self.ended_at
        other.began, other.window, other.verdict = self.began, self.window, self.verdict
        other.shut_down_well = self.shut_down_well
        other.shutdown_failures = dict(self.shutdown_failures)
        return other

    def __getstate__(self) -> dict[str, Any]:
        failures = [(job, portable(error)) for job, error in self.shutdown_failures.items()]
        return {
            "times": (self.started_at, self.ended_at),
            "verdict": _portable_verdict(self.verdict),
            "began": self.began,
            "window": self.window,
            "well": self.shut_down_well,
            "failures": failures,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.next = self.joined = None
        self.restored = NOTHING
        self.started_at, self.ended_at = state["times"]
        self.verdict = state["verdict"]
        self.began, self.window = state["began"], state["window"]
        self.shut_down_well = state["well"]
        self.shutdown_failures = dict(state["failures"])


def _portable_verdict(verdict: Verdict) -> Verdict:
    """Return a verdict whose exceptions can be copied and pickled with their tracebacks."""
    fields = {name: portable(value) for name, value in vars(verdict).items()}
    if not fields:
        return verdict
    other = object.__new__(type(verdict))
    vars(other).update(fields)
    return other
