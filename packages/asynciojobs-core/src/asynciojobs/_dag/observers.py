"""`Observers`: the observers of a scheduler, and of the schedulers that are nested in it.

Each event costs a run about a microsecond. So there is a second kind of listener for views that
ask the jobs how far they are, now and then: a `Watcher` learns of nothing but the beginning and
the end of each run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from .. import _log
from .._names import name_in_run
from .._outcomes import Named

__all__ = ["Observers", "Watcher"]

Callback: TypeAlias = Callable[[Any], object]


if TYPE_CHECKING:

    class Event(Protocol):
        """What observers receive: a `JobEvent`. This is the part of it that the log needs."""

        @property
        def job(self) -> Named:
            """The job."""
            ...

        @property
        def kind(self) -> str:
            """What happened to it."""
            ...


class Watcher(Protocol):
    """What wants to know when the runs of a job set begin and end, and nothing in between."""

    def begin(self, now: float) -> None:
        """A run begins, at a time on the clock of its loop (seconds). Nothing was started."""
        ...

    def end(self, now: float) -> None:
        """The run has ended, and nothing of it is alive. `why()` says how it ended."""
        ...


class Observers:
    """The observers of a job set: its own, and those of the job set around it.

    They form a tree, as the job sets do. If nobody observes a run, it only tests `heard`, or
    `heard_ready` at the event that a job is ready: not all observers want to hear of that.

    Attributes:
        watchers: those who learn of the beginning and the end of each run of this job set.
    """

    __slots__ = ("callbacks", "heard", "heard_ready", "inner", "outer", "readers", "watchers")

    def __init__(self) -> None:
        self.heard: bool = False  # == bool(callbacks) or (outer is not None and outer.heard)
        self.heard_ready: bool = False  # the same with `readers`
        self.callbacks: dict[object, Callback] = {}  # by what attach() returned
        self.readers: set[object] = set()  # of these, those that hear of ready jobs, too
        self.watchers: list[Watcher] = []
        self.outer: Observers | None = None
        self.inner: dict[Observers, None] = {}  # those whose `outer` is this one

    def enclose(self, inner: Observers) -> None:
        """From now on, report the events of an inner job set here too."""
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
        """No longer report the events of an inner job set here."""
        if inner.outer is self:
            del self.inner[inner]
            inner.outer = None
            inner.refresh()

    def _leave(self, outer: Observers) -> None:
        """Forget that this one was inside the other one, if it was.

        Two schedulers can be turned inside out by editing their `jobs`. The tree would have a
        cycle then, and an event would go round for ever.
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
                only as long as another observer needs them.

        Returns:
            what `detach()` needs, since observers may be equal.
        """
        place = object()
        self.callbacks[place] = callback
        if ready:
            self.readers.add(place)
        self.refresh()
        return place

    def detach(self, place: object) -> None:
        """Remove an observer, by what `attach()` returned for it."""
        del self.callbacks[place]
        self.readers.discard(place)
        self.refresh()

    def tell_watchers(self, now: float, *, begins: bool) -> None:
        """Tell all watchers that a run begins, or has ended; log what they raise."""
        for watcher in tuple(self.watchers):
            try:
                (watcher.begin if begins else watcher.end)(now)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: BLE001 - it is logged
                _log.error("%r raised when a run %s", watcher, "began" if begins else "ended")

    def tell(self, event: Event) -> None:
        """Pass an event to all observers; log what they raise."""
        node: Observers | None = self
        while node is not None:
            for callback in tuple(node.callbacks.values()):
                try:
                    callback(event)
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException:  # noqa: BLE001 - it is logged
                    _log.error(
                        "an observer raised at %s %s", event.kind, name_in_run(event.job)
                    )
            node = node.outer

    def refresh(self) -> None:
        """Bring `heard` and `heard_ready` up to date, here and in all inner ones."""
        pending: list[Observers] = [self]
        while pending:
            node = pending.pop()
            outer = node.outer
            node.heard = bool(node.callbacks) or (outer is not None and outer.heard)
            node.heard_ready = bool(node.readers) or (outer is not None and outer.heard_ready)
            pending.extend(node.inner)
