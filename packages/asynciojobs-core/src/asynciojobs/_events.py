"""What a run tells those who observe it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from . import _log
from .job import AbstractJob

__all__ = ["EventKind", "JobEvent", "Observation", "Observer", "Observers"]


class EventKind(enum.StrEnum):
    """What happened to a job; a string, too."""

    SCHEDULED = "scheduled"
    """Its requirements are met; in a full window it waits now for a slot."""
    STARTED = "started"
    DONE = "done"
    """It returned."""
    FAILED = "failed"
    """It raised."""
    CANCELLED = "cancelled"
    """It had started, and the end of the run has cancelled it."""
    SHUTDOWN = "shutdown"
    """Its `co_shutdown()` is called."""


class JobEvent(NamedTuple):
    """Something that happened to a job."""

    job: AbstractJob[object]
    kind: EventKind
    time: float
    """When, on the clock of the event loop (seconds)."""


Observer: TypeAlias = Callable[[JobEvent], object]
"""Called with each event as it happens, in the thread of the event loop."""


class Observers:
    """Who listens to a job set: its own observers, and those of the job set around it.

    They form a tree, as the job sets do, so that one look at `heard` tells whether anybody
    at all listens; that is all that a run pays for each event when nobody does.
    """

    __slots__ = ("_inner", "_outer", "_own", "heard")

    def __init__(self) -> None:
        self.heard = False  # == bool(self._own) or (self._outer is not None and outer.heard)
        self._own: list[Observer] = []
        self._outer: Observers | None = None
        self._inner: dict[Observers, None] = {}  # those whose _outer is this one

    def enclose(self, inner: Observers) -> None:
        """From now on, tell the observers here what happens in there, too."""
        if inner._outer is self:
            return
        if inner._outer is not None:
            inner._outer.part(inner)
        if inner._inner:
            self._come_out_of(inner)
        inner._outer = self
        self._inner[inner] = None
        if self.heard:
            inner._refresh()

    def part(self, inner: Observers) -> None:
        """No longer tell the observers here what happens in there."""
        if inner._outer is self:
            del self._inner[inner]
            inner._outer = None
            inner._refresh()

    def _come_out_of(self, inner: Observers) -> None:
        """Forget that this one was in there, if it was: a loop of them would be told for ever.

        That is left of two schedulers that were turned round, by editing their `jobs`.
        """
        node: Observers | None = self
        while node is not None and node._outer is not inner:
            node = node._outer
        if node is not None:
            inner.part(node)

    def attach(self, observer: Observer) -> None:
        """Let somebody listen."""
        self._own.append(observer)
        self._refresh()

    def detach(self, observer: Observer) -> None:
        """Let somebody listen no longer."""
        self._own.remove(observer)
        self._refresh()

    def tell(self, job: AbstractJob[object], kind: EventKind, time: float) -> None:
        """Give an event to all who listen; what they raise is logged."""
        event = JobEvent(job, kind, time)
        node: Observers | None = self
        while node is not None:
            for observer in tuple(node._own):
                try:
                    observer(event)
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException:  # noqa: BLE001 - it is logged
                    _log.error("an observer raised at %s %s", kind, job.repr_main())
            node = node._outer

    def _refresh(self) -> None:
        pending: list[Observers] = [self]
        while pending:
            node = pending.pop()
            around = node._outer
            node.heard = bool(node._own) or (around is not None and around.heard)
            pending.extend(node._inner)


class Observation:
    """The handle of an observer: it listens until `close()`, or to the end of a ``with``.

    Args:
        observers: those whom the observer joins.
        observer: called with each event.
    """

    def __init__(self, observers: Observers, observer: Observer) -> None:
        if not callable(observer):
            raise TypeError(f"an observer must be callable with a JobEvent, not {observer!r}")
        self._observers: Observers | None = observers
        self._observer = observer
        observers.attach(observer)

    def close(self) -> None:
        """Stop listening; a second time does nothing."""
        observers, self._observers = self._observers, None
        if observers is not None:
            observers.detach(self._observer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
