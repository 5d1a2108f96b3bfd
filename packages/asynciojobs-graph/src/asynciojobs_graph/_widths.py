"""How wide text is: in columns, as in a terminal, and in Helvetica.

The drawing program may have no fonts to measure text with, and the browser that shows the
picture may have other ones.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator

__all__ = ["columns_of", "has_width", "is_wide", "padded", "signs_of", "width_in_ems"]

SPACE = 0.278  # the width of a space in Helvetica, in ems
NARROW = frozenset("!'(),-./:;I[\\]`fijlrt{|} ")
WIDE = frozenset("%&@MWmw")
EMOJI = 1.3  # emoji are wider than they are high, in ems

JOINER = "\u200d"  # makes one emoji of two
AS_EMOJI = "\ufe0f"  # makes an emoji of the character before it

# Categories of Unicode.
WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})  # combining marks, and format characters
CONTINUING = WITHOUT_WIDTH | {"Mc"}  # also the vowel signs that take room
SYMBOLS = frozenset({"Sm", "So"})


# -- signs: what readers see as one character


def signs_of(text: str) -> Iterator[str]:
    r"""Yield the signs of a text: each character with what is drawn on it or joined to it.

    Example:
        >>> [*map(len, signs_of("ae\u0301\U0001f469\u200d\U0001f467"))]
        [1, 2, 3]
    """
    if text.isascii():
        yield from text
        return
    sign = ""
    for character in text:
        if sign and not _continues(sign, character):
            yield sign
            sign = ""
        sign += character
    yield sign


def _continues(sign: str, character: str) -> bool:
    """Tell whether a character belongs to the sign before it."""
    if character.isascii():
        return False
    category = unicodedata.category(character)
    return (
        category in CONTINUING
        or _is_modifier(character)
        or (sign[-1] == JOINER and category in SYMBOLS)
        or (len(sign) == 1 and _is_half_a_flag(sign) and _is_half_a_flag(character))
    )


def _is_modifier(character: str) -> bool:
    """Tell whether it is a skin tone, or the vowel or last consonant of a Hangul syllable."""
    return (
        "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _is_half_a_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_emoji(sign: str) -> bool:
    first = sign[0]
    is_flag = len(sign) == 2 and _is_half_a_flag(first)
    return AS_EMOJI in sign or is_flag or (first >= "\U0001f000" and is_wide(first))


# -- columns


def columns_of(sign: str) -> int:
    """Return how many columns a sign takes in a terminal.

    Example:
        >>> [*map(columns_of, ("a", "e\u0301", "\u6f22", "\U0001f469\u200d\U0001f467"))]
        [1, 1, 2, 2]
    """
    if sign.isascii():
        return 1
    if is_wide(sign[0]) or _is_emoji(sign):
        return 2
    return sum(map(has_width, sign))


def is_wide(character: str) -> bool:
    """Tell whether a character takes two columns, as in Chinese and Japanese."""
    return unicodedata.east_asian_width(character) in "WF"


def has_width(character: str) -> bool:
    """Tell whether a character takes room of its own: no combining mark, say."""
    is_joined = unicodedata.category(character) in WITHOUT_WIDTH
    return not is_joined and not _is_modifier(character)


# -- Helvetica


def width_in_ems(text: str) -> float:
    """Return about how wide the widest line of a text is, in ems (1 em is the font size)."""
    return max(map(_width_of_line, text.split("\n")))


def padded(text: str) -> str:
    """Return the text with spaces around its widest line, if that would get too little room.

    A program without fonts measures each byte of a non-ASCII character as a space.
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
    return EMOJI if _is_emoji(sign) else sum(map(_width, filter(has_width, sign)))


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
