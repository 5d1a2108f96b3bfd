"""`Observers`: the observers of a scheduler, and of the schedulers nested in it.

Each event costs a run about a microsecond. So there is a second kind of listener, for views
that look at the jobs now and then: a `Watcher` is called only when a run begins and when it
ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from .. import _log
from .._names import name_in_run
from .._outcomes import Named

__all__ = ["Observers", "Watcher"]

Callback: TypeAlias = Callable[[Any], object]

Kind: TypeAlias = Literal[
    "scheduled", "started", "done", "failed", "skipped", "cancelled", "restored", "shutdown"
]
"""What happened to a job. These are the values of `EventKind`, which is only for observers."""

NO_PLACES: frozenset[object] = frozenset()


class Watcher(Protocol):
    """An object that is called when a run begins and when it ends, but not in between."""

    def begin(self, now: float) -> None:
        """A run begins, at a time on the clock of its loop (seconds). No job has started."""
        ...

    def end(self, now: float) -> None:
        """The run has ended, and none of its tasks is alive. `why()` says how it ended."""
        ...


class Observers:
    """The observers of a job set: its own, and those of the job set around it.

    They form a tree, like the job sets. A run without observers only checks `heard`. When a job
    becomes ready, it checks `heard_ready` instead, since not all observers want these events.

    Attributes:
        watchers: the objects to call when a run of this job set begins and ends.
    """

    __slots__ = ("callbacks", "heard", "heard_ready", "inner", "outer", "readers", "watchers")

    new_event: ClassVar[Callable[[Any, str, float], object]]
    """Returns the `JobEvent` of a job, a kind and a time (seconds).

    `_events` puts it here. It is imported with the first observer: most programs have none.
    """

    def __init__(self) -> None:
        self.heard: bool = False  # == bool(callbacks) or (outer is not None and outer.heard)
        self.heard_ready: bool = False  # the same for `readers`
        self.callbacks: dict[object, Callback] = {}  # by the place that attach() returned
        self.readers: frozenset[object] = NO_PLACES  # that want the events of ready jobs, too
        self.watchers: tuple[Watcher, ...] = ()
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
        """If this one was inside the other one, take it out.

        By editing their `jobs`, two schedulers can be turned inside out. The tree would then
        have a cycle, and an event would go round forever.
        """
        node: Observers | None = self
        while node is not None and node.outer is not outer:
            node = node.outer
        if node is not None:
            outer.part(node)

    def attach(self, callback: Callback, *, ready: bool = True) -> object:
        """Add an observer.

        Args:
            callback: called with each event.
            ready: whether it needs the events of the kind ``scheduled``. If not, it gets them
                only while another observer needs them.

        Returns:
            a place for `detach()`, since equal observers may exist.
        """
        place = object()
        self.callbacks[place] = callback
        if ready:
            self.readers |= {place}
        self.refresh()
        return place

    def detach(self, place: object) -> None:
        """Remove an observer, by the place that `attach()` returned."""
        del self.callbacks[place]
        self.readers -= {place}
        self.refresh()

    def watch(self, watcher: Watcher) -> None:
        """Add a watcher."""
        self.watchers = (*self.watchers, watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Remove a watcher."""
        self.watchers = tuple(other for other in self.watchers if other is not watcher)

    def tell_watchers(self, now: float, *, begins: bool) -> None:
        """Call all watchers, since a run begins or has ended; log what they raise.

        Args:
            now: when, on the clock of the event loop (seconds).
            begins: whether it begins; otherwise it has ended.
        """
        for watcher in self.watchers:
            try:
                (watcher.begin if begins else watcher.end)(now)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: BLE001 - it is logged
                _log.error("%r raised when a run %s", watcher, "began" if begins else "ended")

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
        """Update `heard` and `heard_ready` here and in all inner ones."""
        pending: list[Observers] = [self]
        while pending:
            node = pending.pop()
            outer = node.outer
            node.heard = bool(node.callbacks) or (outer is not None and outer.heard)
            node.heard_ready = bool(node.readers) or (outer is not None and outer.heard_ready)
            pending.extend(node.inner)
