"""The events of a run, as observers receive them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

from ._dag.observers import Observers
from .job import AbstractJob

__all__ = ["EventKind", "JobEvent", "Observation", "Observer"]


class EventKind(enum.StrEnum):
    """What happened to a job. Each kind is also a string.

    Example:
        >>> EventKind.DONE == "done", f"it is {EventKind.SKIPPED}"
        (True, 'it is skipped')
    """

    SCHEDULED = "scheduled"
    """Its requirements are met. If the window is full, it now waits for a slot."""
    STARTED = "started"
    DONE = "done"
    """It returned."""
    FAILED = "failed"
    """It raised."""
    SKIPPED = "skipped"
    """It will not start, since a job that it depends on failed."""
    CANCELLED = "cancelled"
    """It had started, and the end of the run cancelled it."""
    RESTORED = "restored"
    """It stays done, with its result, since the run resumes an earlier one."""
    SHUTDOWN = "shutdown"
    """Its `co_shutdown()` is called."""


class JobEvent(NamedTuple):
    """Something that happened to a job.

    Example:
        >>> from asynciojobs import PrintJob, PureScheduler
        >>> s = PureScheduler(PrintJob("hello"))
        >>> with s.observe(lambda event: print(event.kind, event.job.text_label())):
        ...     s.run()
        scheduled hello
        started hello
        hello
        done hello
        True
    """

    job: AbstractJob[object]
    kind: EventKind
    time: float
    """When it happened, on the clock of the event loop (seconds)."""


def new_event(job: AbstractJob[object], kind: str, time: float) -> JobEvent:
    """Return an event; its kind is given as a word."""
    # The same as JobEvent(...), in half the time: each job has three events.
    event: JobEvent = make_tuple(JobEvent, (job, KINDS[kind], time))
    return event


make_tuple: Any = vars(tuple)["__new__"]  # type checkers have no generic type for tuple.__new__
KINDS: dict[str, EventKind] = {kind.value: kind for kind in EventKind}

Observers.new_event = staticmethod(new_event)

Observer: TypeAlias = Callable[[JobEvent], object]
"""A function that is called with each event as it happens, in the event loop's thread."""


class Observation:
    """A handle on an observer. The observer is called until `close()`, or the end of a block.

    Args:
        observers: the group that the observer joins.
        observer: called with each event.

    Example:
        >>> from asynciojobs import PrintJob, PureScheduler
        >>> s = PureScheduler(PrintJob("hello"))
        >>> with s.observe(print) as observation:
        ...     type(observation).__name__
        'Observation'
    """

    def __init__(self, observers: Observers, observer: Observer) -> None:
        if not callable(observer):
            raise TypeError(f"an observer must be callable with a JobEvent, not {observer!r}")
        self._observers: Observers | None = observers
        self._place = observers.attach(observer)

    def close(self) -> None:
        """Stop listening. Calling it again does nothing.

        Example:
            >>> from asynciojobs import PrintJob, PureScheduler
            >>> s = PureScheduler(PrintJob("hello"))
            >>> observation = s.observe(print)
            >>> observation.close()
            >>> s.run()
            hello
            True
        """
        observers, self._observers = self._observers, None
        if observers is not None:
            observers.detach(self._place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
