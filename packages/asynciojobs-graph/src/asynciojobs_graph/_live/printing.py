"""`Printing`: catches what a program prints and logs while rows are drawn in its terminal."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from .modes import is_terminal

__all__ = ["Printing"]


class Printing:
    """Replaces ``sys.stdout`` and ``sys.stderr``, if they are terminals.

    Log handlers keep the streams that they were set up with, so they get the new ones, too.

    Args:
        heard: called after a line was printed, in the thread that printed it.
    """

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._lock = threading.Lock()
        self._printed: list[str] = []
        self._taken: list[tuple[str, TextIO, Stream]] = []
        self._handlers: list[tuple[Any, TextIO]] = []
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and is_terminal(stream):
                self._taken.append((name, stream, Stream(stream, self._note)))
        for name, stream, ours in self._taken:
            setattr(sys, name, ours)
            for handler in _handlers_of(stream):
                handler.setStream(ours)
                self._handlers.append((handler, stream))

    def close(self) -> None:
        """Restore the streams."""
        for name, stream, ours in self._taken:
            if getattr(sys, name) is ours:  # the program may have put another one there
                setattr(sys, name, stream)
        for handler, stream in self._handlers:
            if any(handler.stream is ours for _, _, ours in self._taken):
                handler.setStream(stream)
        self._taken, self._handlers = [], []

    def take(self, *, rest: bool = False) -> str:
        """Return the lines that were printed since the last call.

        Args:
            rest: whether to return text without a line end, too.
        """
        with self._lock:
            text = "".join(self._printed)
            cut = len(text) if rest else text.rfind("\n") + 1
            self._printed = [text[cut:]] if text[cut:] else []
            return text[:cut]

    def _note(self, text: str) -> None:
        with self._lock:
            self._printed.append(text)
        if "\n" in text:
            self._heard()


class Stream:
    """A stream that notes what is written to it; the stream behind it does everything else."""

    def __init__(self, behind: TextIO, note: Callable[[str], None]) -> None:
        self._behind = behind
        self._note = note

    def write(self, text: str) -> int:
        """Note a text, to be shown above the rows."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._note(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Note several texts."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Do nothing: frames are written whole."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


def _handlers_of(stream: TextIO) -> Iterator[Any]:
    """Yield the handlers of the log that write to a stream."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if getattr(handler, "stream", None) is stream and hasattr(handler, "setStream"):
                yield handler
