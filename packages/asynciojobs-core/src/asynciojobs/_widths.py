"""How many columns a text takes in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

__all__ = ["columns_of", "columns_of_sign", "has_width", "is_emoji", "is_wide", "signs_of"]

JOINER = "\u200d"  # makes one emoji of two
AS_EMOJI = "\ufe0f"  # makes an emoji of the character before it

# Categories of Unicode.
WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})  # combining marks, and format characters
CONTINUING = WITHOUT_WIDTH | {"Mc"}  # also vowel signs that take a column
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
    """Return whether a character belongs to the sign before it."""
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
    """Return whether it is a skin tone, or the vowel or last consonant of a Hangul syllable."""
    return (
        "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _is_half_a_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def is_emoji(sign: str) -> bool:
    """Return whether a sign is an emoji: a picture that takes two columns."""
    is_flag = len(sign) == 2 and _is_half_a_flag(sign[1])
    return AS_EMOJI in sign or is_flag or (sign[0] >= "\U0001f000" and is_wide(sign[0]))


# -- columns


def columns_of(text: str) -> int:
    r"""Return how many columns a text takes in a terminal.

    Example:
        >>> columns_of("node"), columns_of("ノード"), columns_of("cafe\u0301")
        (4, 6, 4)
    """
    return len(text) if text.isascii() else sum(map(columns_of_sign, signs_of(text)))


def columns_of_sign(sign: str) -> int:
    r"""Return how many columns one sign takes.

    Example:
        >>> [*map(columns_of_sign, ("a", "e\u0301", "漢", "\U0001f469\u200d\U0001f467"))]
        [1, 1, 2, 2]
    """
    if sign.isascii():
        return 1
    if is_wide(sign[0]) or is_emoji(sign):
        return 2
    return sum(map(has_width, sign))


def is_wide(character: str) -> bool:
    """Return whether a character takes two columns, as in Chinese and Japanese."""
    return unicodedata.east_asian_width(character) in "WF"


def has_width(character: str) -> bool:
    """Return whether a character takes a column of its own, unlike a combining mark."""
    is_joined = unicodedata.category(character) in WITHOUT_WIDTH
    return not is_joined and not _is_modifier(character)
