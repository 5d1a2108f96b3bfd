"""How wide text is in Helvetica.

The drawing program may have no fonts to measure text, and the browser that shows the picture
may have different ones.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate

from asynciojobs._widths import has_width, is_emoji, is_wide, signs_of

__all__ = ["fitted", "padded", "width_in_ems"]

SPACE = 0.278  # the width of a space in Helvetica, in ems
NARROW = frozenset("!'(),-./:;I[\\]`fijlrt{|} ")
WIDE = frozenset("%&@MWmw")
EMOJI = 1.3  # emoji are wider than they are high, in ems


def width_in_ems(text: str) -> float:
    """Return about how wide the widest line of a text is, in ems (1 em is the font size)."""
    return max(map(_width_of_line, text.split("\n")))


def fitted(text: str, ems: float) -> str:
    """Return text of one line, cut so that it is not much wider than this.

    Example:
        >>> fitted("iiiiiiiiii", 10), fitted("mmmmmmmmmm", 5)
        ('iiiiiiiiii', 'mmmm…')
    """
    if width_in_ems(text) <= ems:
        return text
    signs = list(signs_of(text))
    widths = list(accumulate(map(_width_of_sign, signs)))
    count = bisect_right(widths, ems - _width("…"))
    return f"{''.join(signs[:count]).rstrip()}…"


def padded(text: str) -> str:
    """Return the text, with spaces around its widest line if that would get too little room.

    A program without fonts measures each byte of a non-ASCII character like a space.
    """
    if text.isascii():
        return text
    lines = text.split("\n")
    widest = max(range(len(lines)), key=lambda row: _width_of_line(lines[row]))
    missing = _width_of_line(lines[widest]) - sum(map(_width_without_fonts, lines[widest]))
    spaces = " " * max(0, math.ceil(missing / SPACE / 2))
    lines[widest] = f"{spaces}{lines[widest]}{spaces}"
    return "\n".join(lines)


def _width_of_line(line: str) -> float:
    return sum(map(_width_of_sign, signs_of(line)))


def _width_of_sign(sign: str) -> float:
    """Return the width of a sign in Helvetica, in ems, or a little more."""
    if sign.isascii():
        return _width_of_ascii(sign)
    return EMOJI if is_emoji(sign) else sum(map(_width, filter(has_width, sign)))


def _width(character: str) -> float:
    if character.isascii():
        return _width_of_ascii(character)
    if is_wide(character):
        return 1
    return 0.85 if character.isupper() else 0.65


def _width_of_ascii(character: str) -> float:
    if character in NARROW:
        return 0.333
    if character in WIDE:
        return 0.95
    return 0.72 if character.isupper() else 0.58


def _width_without_fonts(character: str) -> float:
    """Return the width that a program without fonts assumes for a character, in ems."""
    return _width(character) if character.isascii() else len(character.encode()) * SPACE
