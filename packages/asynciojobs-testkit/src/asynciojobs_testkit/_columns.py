"""How wide a text is in a terminal, in columns."""

from __future__ import annotations

import unicodedata

__all__ = ["columns_of", "cut", "padded"]

JOINER = "\N{ZERO WIDTH JOINER}"
AS_EMOJI = "\N{VARIATION SELECTOR-16}"
SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
INVISIBLE = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that are drawn onto the one before, or not at all."""


def cut(text: str, limit: int) -> str:
    """Return the text in one line of at most so many columns; a `…` stands for the rest.

    Example:
        >>> cut("reboot", 6), cut("rebooting", 6), cut("再起動する", 6)
        ('reboot', 'reboo…', '再起…')
    """
    text = "".join(" " if unicodedata.category(it) == "Cc" else it for it in text)
    if columns_of(text) <= limit:
        return text
    signs = signs_of(text)
    width = columns_of(text) + 1  # with the ellipsis
    while width > limit:
        width -= columns_of_sign(signs.pop())
    return "".join([*signs, "…"])


def padded(text: str, width: int) -> str:
    """Return the text with spaces after it, up to a width in columns."""
    return text + " " * (width - columns_of(text))


def columns_of(text: str) -> int:
    r"""Return how many columns a text takes.

    Example:
        >>> columns_of("node"), columns_of("ノード"), columns_of("cafe\u0301")
        (4, 6, 4)
    """
    return len(text) if text.isascii() else sum(map(columns_of_sign, signs_of(text)))


def signs_of(text: str) -> list[str]:
    """Return what is seen as one sign each: a character, and those that change it."""
    signs: list[str] = []
    for character in text:
        if signs and belongs_to(signs[-1], character):
            signs[-1] += character
        else:
            signs.append(character)
    return signs


def belongs_to(sign: str, character: str) -> bool:
    """Return whether a character belongs to the sign before it."""
    if sign[-1] == JOINER or character in SKIN_TONES:
        return True
    if len(sign) == 1 and is_half_flag(sign):
        return is_half_flag(character)
    return unicodedata.category(character) in INVISIBLE


def is_half_flag(character: str) -> bool:
    """Return whether a character is half of a flag: one of the two letters of its country."""
    return "\N{REGIONAL INDICATOR SYMBOL LETTER A}" <= character <= "\U0001f1ff"


def columns_of_sign(sign: str) -> int:
    """Return how many columns a sign takes: none, one or two."""
    if AS_EMOJI in sign or (len(sign) == 2 and is_half_flag(sign[1])):
        return 2
    if unicodedata.category(sign[0]) in INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(sign[0]) in "WF" else 1
