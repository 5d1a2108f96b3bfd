"""How far a job has come, and how a run ended."""

from __future__ import annotations

import contextlib
import enum
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

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
    """It was started, and the end of its run cancelled it."""
    DONE = "done"
    SKIPPED = "skipped"
    """It was not started, because a job that it depends on failed."""

    # Each member is a single object, so its identity will do. Enum's own hash is Python code,
    # which takes six times as long, and live views sort all jobs by their phase.
    if TYPE_CHECKING:

        def __hash__(self) -> int: ...

    else:
        __hash__ = object.__hash__


# On Python 3.11, an attribute of an enum class costs ten times as much as a global.
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
    """Add a note to an exception, unless it has the note already or can't take notes."""
    with contextlib.suppress(Exception):
        if note not in getattr(exception, "__notes__", ()):
            exception.add_note(note)


# The verdict on a run is one of these small classes. `why()` returns its `str()`, and `words`
# is the short form. They are not NamedTuples: Python compiles each NamedTuple at import, and
# five of them would take a twentieth of the time of `import asynciojobs`.


class Ending:
    """The base of the verdicts."""

    words: ClassVar[str]
    """How the run ended, in short."""

    def __str__(self) -> str:
        return self.words


class Fine(Ending):
    """All jobs that the run waited for have ended, and no critical one raised."""

    words = "FINE"

    def __reduce__(self) -> str:
        return "FINE"  # the one object below


class TimedOut(Ending):
    """The timeout expired first.

    Args:
        timeout: the time that was allowed, in seconds.
        running: the names of the first few jobs that were running then.
        more: how many more were running (jobs).
        waiting: how many had not started (jobs).
    """

    words = "TIMED OUT"

    def __init__(
        self, timeout: float, running: tuple[str, ...] = (), more: int = 0, waiting: int = 0
    ) -> None:
        self.timeout = timeout
        self.running = running
        self.more = more
        self.waiting = waiting

    def __str__(self) -> str:
        return f"{self.words} after {self.timeout}s{self.unfinished()}"

    def unfinished(self) -> str:
        """Return which jobs had not ended, to be appended to a sentence."""
        text = ""
        if self.running:
            more = f" and {self.more} more" if self.more else ""
            text = f"; running: {', '.join(self.running)}{more}"
        return f"{text}; waiting: {self.waiting}" if self.waiting else text


class CriticalFailure(Ending):
    """A critical job raised. If the run went on after that, others may have raised, too.

    Args:
        job: the job.
        exception: what it raised.
        others: the names of the first few other critical jobs that raised.
        more: how many more raised (jobs).
    """

    words = "CRITICAL FAILURE"

    def __init__(
        self,
        job: Named,
        exception: BaseException,
        others: tuple[str, ...] = (),
        more: int = 0,
    ) -> None:
        self.job = job
        self.exception = exception
        self.others = others
        self.more = more

    def __str__(self) -> str:
        raised = exception_text(self.exception)
        text = f"{self.words}: {self.job.repr_main()} raised {raised}"
        return f"{text}; {self.also_raised()}" if self.others else text

    def also_raised(self, where: str = "") -> str:
        """Return how many other critical jobs raised, and which, as part of a sentence.

        Args:
            where: where they are, as in `` in <Scheduler `reboot`>``.
        """
        count = len(self.others) + self.more
        more = f" and {self.more} more" if self.more else ""
        jobs = "critical jobs" if count > 1 else "critical job"
        return f"{count} other {jobs} raised{where}: {', '.join(self.others)}{more}"


class Stopped(Ending):
    """The user stopped the run, which counts as successful.

    Args:
        reason: why, in the user's words.
    """

    words = "STOPPED"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.words}: {self.reason}"


class Cancelled(Ending):
    """The task that waited for the run was cancelled."""

    words = "CANCELLED"


class Broken(Ending):
    """An exception ended the run at once, and `co_run()` raises it.

    Args:
        exception: the ``KeyboardInterrupt`` or ``SystemExit`` of a job, or the error about a
            job that can't join the run.
    """

    words = "BROKEN OFF"

    def __init__(self, exception: BaseException) -> None:
        self.exception = exception

    @property
    def is_exit(self) -> bool:
        """Whether it is a ``KeyboardInterrupt`` or ``SystemExit``."""
        return isinstance(self.exception, KeyboardInterrupt | SystemExit)

    def __str__(self) -> str:
        return f"{self.words}: {exception_text(self.exception)}"


class Refused(Ending):
    """The run was refused before anything started.

    Args:
        reason: the message of the error. The error itself would keep its frames alive.
    """

    words = "REFUSED"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.words}: {self.reason}"


Verdict: TypeAlias = Fine | TimedOut | CriticalFailure | Stopped | Cancelled | Broken | Refused

FINE = Fine()
