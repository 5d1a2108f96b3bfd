"""`live()`: shows a run while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Collection, Generator
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from asynciojobs import EventKind, JobEvent, PureScheduler
from asynciojobs._badge import signs_for
from asynciojobs._bridge import install_command
from asynciojobs._log import error

from ._live.lines import LinesDisplay
from ._live.modes import Mode, chosen_mode, wants_colours
from ._live.progress import Progress

if TYPE_CHECKING:
    from asynciojobs import Journal

__all__ = ["live"]

SHARE = 20
"""Drawing waits this many times as long as the last drawing took, so it takes 5 % at most."""


class Display(Protocol):
    """What shows a run.

    Attributes:
        frame: how long to wait for more events before they are drawn (seconds).
        idle: how long to wait if there are none (seconds).
    """

    frame: float
    idle: float

    def draw(
        self,
        progress: Progress,
        events: Collection[JobEvent],
        began: float,
        now: float,
        end: str | None,
    ) -> None:
        """Show how far the run is.

        Args:
            progress: how far it is.
            events: what has happened since the last call; the progress has counted it.
            began: when the run began, on the clock of the loop (seconds).
            now: on the same clock (seconds).
            end: how the run ended; ``None`` while it goes on.
        """
        ...

    def close(self) -> None:
        """Show nothing more."""
        ...


@contextlib.contextmanager
def live(
    scheduler: PureScheduler,
    *,
    mode: str = "auto",
    stream: TextIO | None = None,
    journal: Journal | None = None,
) -> Generator[None, None, None]:
    """Show the runs of a scheduler while they go on, in a ``with`` block around them.

    In a terminal, these are a few rows: how many jobs are done, failed, skipped and waiting,
    the failures by name, and the jobs that run, each with its time, and the last line of output
    if it is a command. This needs rich: ``pip install "asynciojobs[live]"``. What the program
    prints and logs goes above these rows.

    Without rich, and in files and CI logs, a line is written for each change, and one a minute
    that says what runs. In a notebook, the output of the cell shows the status picture.

    Whatever goes wrong with the display is logged once, and changes nothing in a run.

    Args:
        scheduler: the scheduler. Nested schedulers have rows of their own.
        mode: ``terminal``, ``lines``, ``off``, or ``auto``, which chooses by the stream and by
            the environment variables ``TERM`` and ``CI``. ``NO_COLOR``, ``FORCE_COLOR`` and
            ``COLUMNS`` count, too.
        stream: where to write; by default it is ``sys.stderr``.
        journal: has the durations of earlier runs, so the first row can say about how long
            this run still takes.

    Raises:
        ValueError: there is no such mode.
        ImportError: the mode is ``terminal``, and rich is not installed.

    Example:
        >>> import sys
        >>> from asynciojobs import PrintJob, Scheduler
        >>> scheduler = Scheduler(PrintJob("hello"))
        >>> with live(scheduler, mode="off"):
        ...     scheduler.run()
        hello
        True
    """
    display = _display(scheduler, mode, stream)
    if display is None:
        yield
        return
    view = View(scheduler, display, journal)
    with scheduler.observe(view.hear):
        try:
            yield
        finally:
            view.close()


def _display(scheduler: PureScheduler, mode: str, stream: TextIO | None) -> Display | None:
    """Return what shows a run; ``None`` shows nothing."""
    stream = sys.stderr if stream is None else stream
    chosen = chosen_mode(mode, stream, os.environ)
    if chosen is Mode.OFF or stream is None:
        return None
    if chosen is Mode.NOTEBOOK:
        show = import_module("IPython.display").display
        in_notebook: Display = _module("notebook").NotebookDisplay(scheduler, show)
        return in_notebook
    if chosen is Mode.TERMINAL:
        return _terminal(stream)
    encoding = getattr(stream, "encoding", None)
    signs = signs_for(encoding)
    return LinesDisplay(
        stream,
        signs=signs,
        ascii_only=signs.fine.isascii(),
        colours=wants_colours(os.environ),
    )


def _terminal(stream: TextIO) -> Display:
    try:
        module = _module("terminal")
    except ModuleNotFoundError as missing:
        raise ImportError(
            f"the live view in a terminal needs rich: {install_command('live')}", name="rich"
        ) from missing
    display: Display = module.TerminalDisplay(stream, os.environ)
    return display


def _module(name: str) -> Any:
    """Return a module that needs a package which may not be installed."""
    return import_module(f"._live.{name}", __package__)


class View:
    """Hears the events of a scheduler, and lets a display draw now and then.

    Events are kept until the next drawing, so hearing one costs little. Timers of the event
    loop say when to draw; there is no thread.

    Args:
        scheduler: the scheduler.
        display: shows its runs.
        journal: has the durations of earlier runs.
    """

    def __init__(
        self, scheduler: PureScheduler, display: Display, journal: Journal | None = None
    ) -> None:
        self._scheduler = scheduler
        self._journal = journal
        self._display: Display | None = display  # None once it has failed
        self._events: list[JobEvent] = []
        self._progress: Progress | None = None  # of the run that goes on
        self._timer: asyncio.TimerHandle | None = None
        # The loop in which the timer draws events; None if it waits for the idle time.
        self._soon: asyncio.AbstractEventLoop | None = None
        self._cost = 0.0  # of the last drawing (seconds)
        self._now = 0.0  # when it was, on the clock of the loop (seconds)

    def hear(self, event: JobEvent) -> None:
        """Keep an event for the next drawing."""
        if self._display is None:
            return
        self._events.append(event)
        loop = asyncio.get_running_loop()
        if self._soon is not loop:
            self._set_timer(loop, self._display.frame)
            self._soon = loop

    def _set_timer(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(max(seconds, SHARE * self._cost), self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = self._soon = None
        self._draw(loop.time())
        if self._display is not None and self._progress is not None:
            self._set_timer(loop, self._display.idle)

    def close(self) -> None:
        """Draw the last time."""
        if self._timer is not None:
            self._timer.cancel()
        self._draw(None)
        if self._display is not None:
            self._guarded(self._display, self._display.close)

    def _draw(self, now: float | None) -> None:
        """Draw what has happened. Without a time, use the last one that is known."""
        display = self._display
        if display is None:
            return
        started = perf_counter()
        self._guarded(display, lambda: self._draw_runs(display, now))
        self._cost = perf_counter() - started

    def _draw_runs(self, display: Display, now: float | None) -> None:
        events, self._events = self._events, []
        progress = self._progress
        if progress is None:
            events = [event for event in events if event.kind is not EventKind.SHUTDOWN]
            if not events:
                return
            progress = self._new_progress()
        began = self._scheduler.started_at or 0.0
        while (count := progress.take(events)) < len(events):
            # The rest is of another run. How this one ended can't be known any more.
            last = events[max(count, 1) - 1].time
            display.draw(progress, events[:count], began, last, "ended")
            events = events[count:]
            progress = self._new_progress()
        end = self._scheduler.ended_at
        if end is not None:
            display.draw(progress, events, began, end, self._scheduler.why())
            self._progress = None
        else:
            self._now = self._now if now is None else now
            display.draw(progress, events, began, self._now, None)
            self._progress = progress

    def _new_progress(self) -> Progress:
        durations = None if self._journal is None else self._journal.durations()
        return Progress(self._scheduler, durations)

    def _guarded(self, display: Display, act: Callable[[], None]) -> None:
        """Do something with the display; if it fails, do without one from now on."""
        try:
            act()
        except Exception:  # noqa: BLE001 - it is logged
            self._display = None
            with contextlib.suppress(Exception):
                display.close()  # it must not keep what the program prints
            error("the live view failed; the run goes on without it")
