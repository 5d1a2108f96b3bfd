"""`live()`: shows a run while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Generator
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from asynciojobs import JobEvent, PureScheduler
from asynciojobs._badge import signs_for
from asynciojobs._bridge import install_command
from asynciojobs._dag.jobset import state_of
from asynciojobs._log import error

from ._live.lines import LinesDisplay
from ._live.modes import Mode, chosen_mode, wants_colours
from ._live.progress import NOT_SHOWN, News, Progress

if TYPE_CHECKING:
    from asynciojobs import Journal

__all__ = ["live"]

SHARE = 20
"""The view waits this many times as long as the last drawing took, so it costs 5 % at most."""


class Display(Protocol):
    """Anything that shows a run.

    Attributes:
        frame: how long to wait after something has happened before drawing it (seconds).
        idle: how long to wait before drawing again if nothing happens (seconds).
        hears: how many events it needs for each drawing, at most (events).
    """

    frame: float
    idle: float
    hears: int

    def draw(
        self,
        progress: Progress,
        news: News,
        began: float,
        now: float,
        end: str | None,
    ) -> None:
        """Show how far the run is.

        Args:
            progress: how far it is.
            news: what has happened since the last call.
            began: when the run began, on the clock of the loop (seconds).
            now: the present time, on the same clock (seconds).
            end: how the run ended; ``None`` while it goes on.
        """
        ...

    def close(self) -> None:
        """Stop showing the run."""
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

    In a terminal, the view is a few rows. They count the jobs that are done, failed, skipped
    and waiting, name the failures, and list the running jobs. Each running job has its time,
    and a command also has its last line of output. What the program prints and logs appears
    above these rows. This needs rich: ``pip install "asynciojobs[live]"``.

    Without rich, and in files and CI logs, the view writes a line for each change, and once a
    minute a line about the running jobs. In a notebook, the output of the cell shows the status
    picture.

    If the display fails, the log says so once, and the run goes on.

    Args:
        scheduler: the scheduler. Nested schedulers have rows of their own.
        mode: ``terminal``, ``lines``, ``off``, or ``auto``, which chooses by the stream and by
            the environment variables ``TERM`` and ``CI``. ``NO_COLOR``, ``FORCE_COLOR`` and
            ``COLUMNS`` count, too.
        stream: where to write; the default is ``sys.stderr``.
        journal: has the durations of earlier runs. With it, the first row estimates how long
            this run will still take.

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
    with View(scheduler, display, journal):
        yield


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
    """Import a module here, since it needs a package that may not be installed."""
    return import_module(f"._live.{name}", __package__)


class View:
    """Lets a display draw now and then, in a ``with`` block around runs.

    The run calls the view when it begins and when it ends. In between, the view looks at the
    jobs when a timer of the event loop expires; there is no thread. It listens to events only
    to notice the first change after a pause, and to show the first few changes in their exact
    order. So a run of many short jobs does not pay for each event.

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
        self._observers = state_of(scheduler).observers
        self._place: object = None  # what attach() returned; None if it does not listen
        self._events: list[JobEvent] = []  # those heard since the last drawing
        self._began: float | None = None  # when the current run began, on the loop's clock
        self._progress: Progress | None = None  # of this run, once it has been drawn
        self._timer: asyncio.TimerHandle | None = None
        self._is_soon = False  # whether the timer is set to draw a change
        self._cost = 0.0  # how long the last frame took (seconds)
        self._drawn_at = 0.0  # on the clock of the loop (seconds)

    def __enter__(self) -> None:
        self._observers.watch(self)
        self._listen()  # a run may be going on already

    def __exit__(self, *_: object) -> None:
        self._observers.unwatch(self)
        self._pause()
        if self._began is not None:  # the run goes on without a view, or its loop is gone
            self._draw(self._drawn_at)
        if self._display is not None:
            self._guarded(self._display, self._display.close)

    # -- a run

    def begin(self, now: float) -> None:
        """Show a run that begins; see `Watcher`."""
        self._pause()
        self._events, self._progress = [], None
        self._began = self._drawn_at = now
        if self._display is not None:
            self._wait_for_more(self._display)
            if self._display.hears:
                self._listen()

    def end(self, now: float) -> None:
        """Show the end of the run, while its jobs are as it left them."""
        self._pause()
        self._join_late(now)
        self._draw(now, self._scheduler.why())
        self._began = self._progress = None

    def _join_late(self, now: float) -> None:
        """Take in a run that began before the block."""
        if self._began is None:
            started_at = self._scheduler.started_at
            self._began = now if started_at is None else started_at

    def _hear(self, event: JobEvent) -> None:
        """Draw soon, since something has happened."""
        display = self._display
        if display is None or event.kind in NOT_SHOWN:
            return
        self._join_late(event.time)
        if not self._is_soon:
            self._wait_for_more(display)
        self._events.append(event)
        if len(self._events) >= display.hears:
            self._stop_listening()

    def _wait_for_more(self, display: Display) -> None:
        self._set_timer(display.frame)
        self._is_soon = True

    def _set_timer(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(seconds, SHARE * self._cost), self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        started = perf_counter()
        self._is_soon = False
        self._draw(loop.time())
        if self._display is not None:
            self._listen()  # with many nested schedulers, this takes time as well
            self._cost = perf_counter() - started
            self._set_timer(self._display.idle)

    def _pause(self) -> None:
        """Stop listening, and stop the timer."""
        self._stop_listening()
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._is_soon = None, False

    def _listen(self) -> None:
        if self._place is None:
            self._place = self._observers.attach(self._hear, ready=False)

    def _stop_listening(self) -> None:
        if self._place is not None:
            self._observers.detach(self._place)
            self._place = None

    # -- drawing

    def _draw(self, now: float, end: str | None = None) -> None:
        """Draw what has happened until now."""
        display = self._display
        if display is None:
            return
        self._guarded(display, lambda: self._show(display, now, end))
        self._drawn_at = now

    def _show(self, display: Display, now: float, end: str | None) -> None:
        if self._progress is None:
            durations = None if self._journal is None else self._journal.durations()
            self._progress = Progress(self._scheduler, durations)
        news = self._progress.look()
        news.heard, self._events = self._events, []
        assert self._began is not None  # a run goes on
        display.draw(self._progress, news, self._began, now, end)

    def _guarded(self, display: Display, act: Callable[[], None]) -> None:
        """Do something with the display; if that fails, go on without a display."""
        try:
            act()
        except Exception:  # noqa: BLE001 - it is logged
            self._display = None
            self._pause()
            with contextlib.suppress(Exception):
                display.close()  # so that what the program prints is not held back
            error("the live view failed; the run goes on without it")
