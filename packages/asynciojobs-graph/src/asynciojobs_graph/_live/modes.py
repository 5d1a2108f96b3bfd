"""Where and how a run is shown: in a terminal, as lines, in a notebook, or not at all."""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, TextIO

__all__ = ["Mode", "chosen_mode", "in_notebook", "wants_colours"]

NO = ("", "0", "false", "no")


class Mode(enum.StrEnum):
    """How a run is shown."""

    AUTO = "auto"
    """Depends on where it is shown."""
    TERMINAL = "terminal"
    """A few rows that are drawn again and again. This needs rich."""
    LINES = "lines"
    """A line for each change, without control codes."""
    NOTEBOOK = "notebook"
    """A picture, and the counts."""
    OFF = "off"
    """Nothing is shown."""


def chosen_mode(mode: str, stream: TextIO | None, environ: Mapping[str, str]) -> Mode:
    """Return how to show a run; it is never ``AUTO``.

    Args:
        mode: what the user asks for.
        stream: a file or a terminal in which to show it; ``None`` if there is none.
        environ: the environment variables; ``CI`` and ``TERM`` count.

    Raises:
        ValueError: there is no such mode.
    """
    names = [each.value for each in Mode if each is not Mode.NOTEBOOK]
    if mode not in names:
        raise ValueError(f"mode must be one of {', '.join(map(repr, names))}, not {mode!r}")
    if mode != Mode.AUTO:
        return Mode(mode)
    if in_notebook():
        return Mode.NOTEBOOK
    if stream is None:  # as under pythonw
        return Mode.OFF
    dumb = environ.get("TERM", "").lower() in ("dumb", "unknown")
    plain = dumb or environ.get("CI", "").lower() not in NO or find_spec("rich") is None
    return Mode.LINES if plain or not is_terminal(stream) else Mode.TERMINAL


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal. A closed stream is not."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError, OSError):
        return False


def in_notebook() -> bool:
    """Return whether the program runs in the kernel of a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return bool(shell) and hasattr(shell, "kernel")


def wants_colours(environ: Mapping[str, str]) -> bool:
    """Return whether lines have colours: with ``FORCE_COLOR``, but not with ``NO_COLOR``."""
    return bool(environ.get("FORCE_COLOR")) and not environ.get("NO_COLOR")
