"""`Observers`: the observers of a scheduler, and of the schedulers nested in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeAlias

from .. import _log
from .._names import name_in_run
from .._outcomes import Named

__all__ = ["Observers"]

Callback: TypeAlias = Callable[[Any], object]

Kind: TypeAlias = Literal[
    "scheduled", "started", "done", "failed", "skipped", "cancelled", "restored", "shutdown"
]
"""What happened to a job. These are the values of `EventKind`, which is only for observers."""


class Observers:
    """The observers of a job set: its own, and those of the job set around it.

    They form a tree, like the job sets. In a run without observers, only `heard` is checked.
    """

    __slots__ = ("callbacks", "heard", "inner", "outer")

    new_event: ClassVar[Callable[[Any, str, float], object]]
    """Returns the `JobEvent` of a job, a kind and a time (seconds).

    `_events` puts it here. It is imported with the first observer: most programs have none.
    """

    def __init__(self) -> None:
        self.heard: bool = False  # == bool(callbacks) or (outer is not None and outer.heard)
        self.callbacks: dict[object, Callback] = {}  # by the place that attach() returned
        self.outer: Observers | None = None
        self.inner: dict[Observers, None] = {}  # the observers whose `outer` is this object

    def enclose(self, inner: Observers) -> None:
        """Report the events of an inner job set here too, from now on."""
        if inner.outer is self:
            return
        if inner.outer is not None:
            inner.outer.part(inner)
        if inner.inner:
            self._leave(inner)
        inner.outer = self
        self.inner[inner] = None
        if self.heard:
            inner.refresh()

    def part(self, inner: Observers) -> None:
        """Stop reporting the events of an inner job set here."""
        if inner.outer is self:
            del self.inner[inner]
            inner.outer = None
            inner.refresh()

    def _leave(self, outer: Observers) -> None:
        """Forget that this one was inside the other one, if it was.

        By editing their `jobs`, two schedulers can be turned inside out. The tree would then
        have a cycle, and an event would go round forever.
        """
        node: Observers | None = self
        while node is not None and node.outer is not outer:
            node = node.outer
        if node is not None:
            outer.part(node)

    def attach(self, callback: Callback) -> object:
        """Add an observer; return a place for `detach()`, since equal observers may exist."""
        place = object()
        self.callbacks[place] = callback
        self.refresh()
        return place

    def detach(self, place: object) -> None:
        """Remove an observer, by the place that `attach()` returned."""
        del self.callbacks[place]
        self.refresh()

    def tell(self, job: Named, kind: Kind, time: float) -> None:
        """Pass an event to all observers; log what they raise.

        Args:
            job: the job.
            kind: what happened to it.
            time: when, on the clock of the event loop (seconds).
        """
        event = Observers.new_event(job, kind, time)
        node: Observers | None = self
        while node is not None:
            for callback in tuple(node.callbacks.values()):
                try:
                    callback(event)
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException:  # noqa: BLE001 - it is logged
                    _log.error("an observer raised at %s %s", kind, name_in_run(job))
            node = node.outer

    def refresh(self) -> None:
        """Update `heard` here and in all inner ones."""
        pending: list[Observers] = [self]
        while pending:
            node = pending.pop()
            node.heard = bool(node.callbacks) or (node.outer is not None and node.outer.heard)
            pending.extend(node.inner)
