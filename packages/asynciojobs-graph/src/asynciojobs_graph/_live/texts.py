"""Texts of the live view: on one line, and without characters that move the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from asynciojobs._names import label_of as text_of
from asynciojobs._text import NOLABEL, attempt, one_line
from asynciojobs.commandjob import CommandJob
from asynciojobs.job import AnyJob

__all__ = ["inert", "label_of", "last_line", "name_of"]

LONGEST = 200
"""How long a text may be (characters); a screen is rarely wider."""

CONTROLS = {
    **dict.fromkeys(chain(range(0x20), range(0x7F, 0xA0)), " "),
    **dict.fromkeys(chain(range(0x202A, 0x202F), range(0x2066, 0x206A)), ""),
}
"""Control characters of ASCII and Latin-1 become spaces. Characters that reverse the direction
of the line are removed."""


def inert(text: str) -> str:
    r"""Return a text on one line that does nothing to a terminal.

    Example:
        >>> inert("a\x1b[2Jb\nc")
        'a [2Jb c'
    """
    text = one_line(text, LONGEST)
    return text.encode("utf-8", "replace").decode().translate(CONTROLS)


def label_of(job: AnyJob) -> str:
    """Return the label of a job; if it has none, its class."""
    label = text_of(job)
    return f"<{type(job).__name__}>" if label == NOLABEL else inert(label)


def name_of(path: Iterable[Any]) -> str:
    """Return the label of the last job of a path, after those of the schedulers around it.

    Schedulers without a label are left out.
    """
    *around, job = path
    labels = [label for each in around if (label := text_of(each)) != NOLABEL]
    return " > ".join([*map(inert, labels), label_of(job)])


def last_line(job: AnyJob) -> str:
    """Return the last line that a command has written; "" for other jobs."""
    if not isinstance(job, CommandJob):
        return ""
    lines = (attempt(job.details) or "").splitlines()
    last = lines[-1] if lines else ""
    return inert(last.removeprefix("stdout: ").removeprefix("stderr: ").strip())
