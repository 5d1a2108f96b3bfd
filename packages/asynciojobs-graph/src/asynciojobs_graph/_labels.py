"""The texts in a picture: as the user wrote them, as far as a picture can have them."""

from __future__ import annotations

import math
import re
import unicodedata

from asynciojobs._dag.jobset import JobSet
from asynciojobs._dag.outline import iterate_jobs
from asynciojobs._text import attempt
from asynciojobs.job import AnyJob

from ._quoting import without_controls

__all__ = ["LONGEST", "contents", "label_of", "padded", "presentable", "width_in_ems"]

LONGEST = 2500
"""Characters of a label that are drawn.

Graphviz 2 refuses strings of more than 16 KiB, and Mermaid texts of 50,000 characters.
"""

NEW_LINES = re.compile("\r\n|[\r\u2028\u2029]")

SPACE = 0.278  # how wide a space is in Helvetica, in ems
NARROW = frozenset("!'(),-./:;I[\\]`fijlrt{|} ")
BROAD = frozenset("%&@MWmw")


def label_of(job: AnyJob, rank: str) -> str:
    """Return what the picture shows of a job: its graph label, else its rank and its label."""
    label = attempt(job.graph_label)
    return presentable(f"{rank}: {job._shown_text()}" if label is None else label)


def contents(job_set: JobSet) -> str:
    """Return what is inside of a scheduler that stays closed, such as ``12 jobs``."""
    count = sum(1 for _ in iterate_jobs(job_set, scan_schedulers=False))
    return f"{count} job{'' if count == 1 else 's'}"


def presentable(text: str) -> str:
    r"""Return the text without what no picture can show.

    Line ends of all kinds become ``\n``, tabs spaces, control characters U+FFFD; a text that
    is too long ends with an ellipsis.

    Example:
        >>> presentable("one\r\ntwo\t\x1b[31m")
        'one\ntwo �[31m'
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    if text.isprintable():
        return text
    return without_controls(NEW_LINES.sub("\n", text)).expandtabs(4)


def width_in_ems(text: str) -> float:
    """Return about how wide the widest line of a text is, in units of the font's size."""
    return max(map(_width_of_line, text.split("\n")))


def padded(text: str) -> str:
    """Return the text with spaces around its widest line, where that would get too little room.

    A program without fonts takes each byte of what is not ASCII for a space.
    """
    if text.isascii():
        return text
    lines = text.split("\n")
    widest = max(range(len(lines)), key=lambda row: _width_of_line(lines[row]))
    missing = _width_of_line(lines[widest]) - sum(map(_measured, lines[widest]))
    spaces = " " * max(0, math.ceil(missing / SPACE / 2))
    lines[widest] = f"{spaces}{lines[widest]}{spaces}"
    return "\n".join(lines)


def _width_of_line(line: str) -> float:
    return sum(map(_width, line))


def _width(sign: str) -> float:
    """Return how wide a character is in Helvetica, in ems, or wider."""
    if sign.isascii():
        return _width_of_ascii(sign)
    if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf":
        return 0
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.3 if ord(sign) >= 0x1F000 else 1  # emoji are wider than they are high
    return 0.85 if sign.isupper() else 0.65


def _width_of_ascii(sign: str) -> float:
    if sign in NARROW:
        return 0.333
    if sign in BROAD:
        return 0.95
    return 0.72 if sign.isupper() else 0.58


def _measured(sign: str) -> float:
    """Return what a program without fonts takes for the width of a character, in ems."""
    return _width(sign) if sign.isascii() else len(sign.encode()) * SPACE
