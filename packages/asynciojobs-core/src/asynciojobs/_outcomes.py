"""How far a job has come, and how a run ended."""

from __future__ import annotations

import contextlib
import enum
from typing import NamedTuple, Protocol, TypeAlias

__all__ = [
    "DONE",
    "FINE",
    "IDLE",
    "RUNNING",
    "SCHEDULED",
    "SKIPPED",
    "STOPPED",
    "Broken",
    "Cancelled",
    "CriticalFailure",
    "Fine",
    "Named",
    "Phase",
    "Refused",
    "Stopped",
    "TimedOut",
    "Verdict",
    "add_note_once",
    "exception_text",
]


class Named(Protocol):
    """Anything that a message can name: a job, or a scheduler."""

    __slots__ = ()

    def repr_main(self) -> str:
        """Return a short text such as ``<Job `fetch`>``."""
        ...


class Phase(enum.Enum):
    """How far a job has come. The values are the words that people read."""

    IDLE = "idle"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    STOPPED = "stopped"
    """It was started, and cancelled by the end of its run."""
    DONE = "done"
    SKIPPED = "skipped"
    """It was not started, since a job that it depends on failed."""

    # Each member is a single object. The hash of Enum is Python code, six times as slow, and
    # views count the phases of all jobs.
    __hash__ = object.__hash__


# On Python 3.11 an attribute of an enum class costs ten times as much as a global.
IDLE = Phase.IDLE
SCHEDULED = Phase.SCHEDULED
RUNNING = Phase.RUNNING
STOPPED = Phase.STOPPED
DONE = Phase.DONE
SKIPPED = Phase.SKIPPED


def exception_text(exception: BaseException) -> str:
    """Return ``Type:text`` for an exception, even if its ``__str__`` raises."""
    try:
        text = str(exception)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a user's __str__ may raise anything
        text = f"(its __str__ raised {type(error).__name__})"
    return f"{type(exception).__name__}:{text}"


def add_note_once(exception: BaseException, note: str) -> None:
    """Add a note to an exception, unless it has it already, or takes no notes."""
    with contextlib.suppress(Exception):
        if note not in getattr(exception, "__notes__", ()):
            exception.add_note(note)


# The verdict on a run: one of these small classes. `why()` returns `str()` of it, and `words`
# is its short form.


class Fine:
    """All jobs that the run waited for have ended, and no critical one raised."""

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "FINE"

    def __reduce__(self) -> str:
        return "FINE"  # the one object below

    def __str__(self) -> str:
        return self.words


class TimedOut(NamedTuple):
    """The deadline came first."""

    timeout: float
    """The time that was allowed, in seconds."""
    running: tuple[str, ...] = ()
    """The names of the first few jobs that were running then."""
    more: int = 0
    """How many more were running (jobs)."""
    waiting: int = 0
    """How many had not started (jobs)."""

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "TIMED OUT"

    def __str__(self) -> str:
        return f"{self.words} after {self.timeout}s{self.unfinished()}"

    def unfinished(self) -> str:
        """Return which jobs had not ended, as the end of a sentence."""
        text = ""
        if self.running:
            more = f" and {self.more} more" if self.more else ""
            text = f"; running: {', '.join(self.running)}{more}"
        return f"{text}; waiting: {self.waiting}" if self.waiting else text


class CriticalFailure(NamedTuple):
    """A critical job raised. If the run went on all the same, others may have raised, too."""

    job: Named
    exception: BaseException
    others: tuple[str, ...] = ()
    """The names of the first few other critical jobs that raised."""
    more: int = 0
    """How many more raised (jobs)."""

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "CRITICAL FAILURE"

    def __str__(self) -> str:
        raised = exception_text(self.exception)
        text = f"{self.words}: {self.job.repr_main()} raised {raised}"
        return f"{text}; {self.also_raised()}" if self.others else text

    def also_raised(self, where: str = "") -> str:
        """Return how many other critical jobs raised, and which, as a part of a sentence.

        Args:
            where: where they are, as in `` in <Scheduler `reboot`>``.
        """
        count = len(self.others) + self.more
        more = f" and {self.more} more" if self.more else ""
        jobs = "critical jobs" if count > 1 else "critical job"
        return f"{count} other {jobs} raised{where}: {', '.join(self.others)}{more}"


class Stopped(NamedTuple):
    """The user stopped the run, and it is fine."""

    reason: str

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "STOPPED"

    def __str__(self) -> str:
        return f"{self.words}: {self.reason}"


class Cancelled:
    """The task that waited for the run was cancelled."""

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "CANCELLED"

    def __str__(self) -> str:
        return self.words


class Broken(NamedTuple):
    """An exception ended the run at once, and `co_run()` raises it.

    It is the ``KeyboardInterrupt`` or ``SystemExit`` of a job, or the error about a job that
    can't join the run.
    """

    exception: BaseException

    @property
    def is_exit(self) -> bool:
        """Whether it is a ``KeyboardInterrupt`` or ``SystemExit``."""
        return isinstance(self.exception, KeyboardInterrupt | SystemExit)

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "BROKEN OFF"

    def __str__(self) -> str:
        return f"{self.words}: {exception_text(self.exception)}"


class Refused(NamedTuple):
    """The run was refused before anything started.

    It keeps the text of the error: the error itself would keep the frames of the call alive.
    """

    reason: str

    @property
    def words(self) -> str:
        """How the run ended, in short."""
        return "REFUSED"

    def __str__(self) -> str:
        return f"{self.words}: {self.reason}"


Verdict: TypeAlias = Fine | TimedOut | CriticalFailure | Stopped | Cancelled | Broken | Refused

FINE = Fine()
