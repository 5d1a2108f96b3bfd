"""Wraps long lines of labels; otherwise a single box could be as wide as the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from asynciojobs._widths import columns_of_sign, is_wide, signs_of

__all__ = ["COLUMNS", "wrapped"]

COLUMNS = 40
"""The largest width of a label's line (columns; a Chinese character takes two)."""

AFTER = frozenset("/\\-_.,:;=&?")  # an overlong word may be broken after these
NOT_FIRST = frozenset({"Pe", "Pf", "Po", "Lm"})  # closing brackets, full stops, and so on
NOT_LAST = frozenset({"Ps", "Pi"})  # opening brackets


def wrapped(text: str) -> str:
    """Return the text with no line wider than 40 columns.

    Lines are broken at spaces, and between the characters of scripts without spaces. An
    overlong word is broken after one of its punctuation marks, or anywhere.

    Example:
        >>> print(wrapped("copy the results of the third measurement to the archive"))
        copy the results of the third
        measurement to the archive
    """
    if len(text) <= COLUMNS and text.isascii():
        return text
    return "\n".join(part for line in text.split("\n") for part in _parts(line))


def _parts(line: str) -> Iterator[str]:
    """Yield the parts of a line, without the spaces where it is broken."""
    part: list[str] = []
    width = 0
    for sign in signs_of(line):
        part.append(sign)
        width += columns_of_sign(sign)
        if width > COLUMNS and sign != " ":
            end = _end_of_line(part)
            yield "".join(part[:end]).rstrip(" ")
            part = part[end:]
            width = sum(map(columns_of_sign, part))
    yield "".join(part)


def _end_of_line(signs: list[str]) -> int:
    """Return how many of these signs fit in a line; the last one does not fit."""
    for may_end in (_is_between_words, _is_in_a_long_word):
        for place in range(len(signs) - 1, 0, -1):
            if may_end(signs[place - 1], signs[place]):
                return place
    return len(signs) - 1


def _is_between_words(before: str, after: str) -> bool:
    if before == " ":
        return True
    return (
        is_wide(before[0])
        and is_wide(after[0])
        and unicodedata.category(before[0]) not in NOT_LAST
        and unicodedata.category(after[0]) not in NOT_FIRST
    )


def _is_in_a_long_word(before: str, after: str) -> bool:
    return before in AFTER and after not in AFTER
