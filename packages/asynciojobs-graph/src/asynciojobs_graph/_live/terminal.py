"""`TerminalDisplay`: a few rows at the bottom of a terminal, drawn again and again with rich.

What the program prints appears above these rows. Each frame is one write to the terminal: it
moves the cursor up, erases the rows, writes what was printed, and draws the rows again. The
cursor is never hidden, and no mode of the terminal is changed. So there is nothing to restore,
whatever ends the program.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from itertools import chain
from time import perf_counter
from typing import Any, TextIO

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType, Segments
from rich.text import Text

from asynciojobs._badge import signs_for

from .printing import Printing
from .progress import News, Progress
from .view import Look, Row, rows

__all__ = ["TerminalDisplay"]

PROMPT = 0.1
"""Printed text is shown at once if the last frame is older than this (seconds)."""


class TerminalDisplay:
    """Draws the rows in a terminal.

    Args:
        stream: the terminal.
        environ: the environment variables; rich reads ``NO_COLOR``, ``COLUMNS`` and others.
    """

    frame = 0.1
    """How long to wait for more events (seconds)."""

    idle = 1.0
    """How long to wait if there are none; the times on the screen must go on (seconds)."""

    hears = 0
    """How many events it needs to see (events)."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._console = Console(
            file=stream, force_terminal=True, highlight=False, _environ=environ
        )
        encoding = getattr(stream, "encoding", None)
        self._signs = signs_for(encoding)
        self._ascii = not _can_encode("━│…·", encoding)
        self._rows: list[Text] = []  # those on the screen
        self._lock = threading.RLock()  # other threads print, too
        self._shown_at = 0.0  # when the last frame was drawn, by perf_counter()
        self._printing = Printing(self._print_soon)

    def draw(
        self,
        progress: Progress,
        news: News,  # noqa: ARG002 - `progress` has all that is needed
        began: float,
        now: float,
        end: str | None,
    ) -> None:
        """Draw a frame."""
        width, height = self._console.size
        look = Look(self._signs, max(height - 1, 1), self._ascii)
        found = rows(progress, now - began, now, end, look)
        texts = [_fitted(row, width, self._ascii) for row in found]
        with self._lock:
            self._show(self._printing.take(rest=end is not None), texts)
            if end is not None:
                self._rows = []  # this frame stays

    def close(self) -> None:
        """Write what has been printed, and leave the last frame where it is."""
        self._printing.close()
        with self._lock:
            printed = self._printing.take(rest=True)
            if self._rows:
                self._show(printed, self._rows)
                self._rows = []
            elif printed:
                self._console.file.write(printed)

    def _print_soon(self) -> None:
        """Show what was printed. If a frame has just been drawn, leave it to the next frame."""
        with self._lock:
            if perf_counter() > self._shown_at + PROMPT:
                self._show(self._printing.take(), self._rows)

    def _show(self, printed: str, texts: list[Text]) -> None:
        if not printed and texts == self._rows:
            return
        console = self._console
        with console:  # everything is written at the end of this block, at once
            console.control(_erase(self._rows, console.width))
            for line in printed.removesuffix("\n").split("\n") if printed else ():
                console.print(Text.from_ansi(line), soft_wrap=True)
            # Each row fits, so rich need not wrap it. That saves two thirds of the time.
            pieces = chain.from_iterable(text.render(console, "\n") for text in texts)
            console.print(Segments(pieces), crop=False)
        self._rows = texts
        self._shown_at = perf_counter()


def _fitted(row: Row, width: int, ascii_only: bool) -> Text:
    """Return a row that leaves the last column free, since some terminals wrap there."""
    text = Text.assemble(*row, no_wrap=True)
    text.truncate(max(width - 1, 1), overflow="crop" if ascii_only else "ellipsis")
    return text


def _erase(texts: Iterable[Text], width: int) -> Control:
    """Return the control codes that erase the rows above the cursor.

    If the terminal has become narrower, it has wrapped the rows that no longer fit on a line.
    """
    lines = sum(max(1, -(-text.cell_len // max(width, 1))) for text in texts)
    steps: list[Any] = [ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)]
    steps += [(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * lines
    return Control(*steps)


def _can_encode(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
