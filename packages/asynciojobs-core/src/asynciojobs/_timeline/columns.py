"""Texts that line up in a terminal: cut to a width, or padded to it."""

from __future__ import annotations

import unicodedata

from .._widths import columns_of, columns_of_sign, signs_of

__all__ = ["cut", "padded"]


def cut(text: str, limit: int) -> str:
    """Return the text as one line of at most `limit` columns; a `…` replaces what is cut off.

    Example:
        >>> cut("reboot", 6), cut("rebooting", 6), cut("再起動する", 6)
        ('reboot', 'reboo…', '再起…')
    """
    text = "".join(" " if unicodedata.category(it) == "Cc" else it for it in text)
    if columns_of(text) <= limit:
        return text
    signs = [*signs_of(text)]
    width = columns_of(text) + 1  # with the ellipsis
    while width > limit:
        width -= columns_of_sign(signs.pop())
    return "".join([*signs, "…"])


def padded(text: str, width: int) -> str:
    """Return the text, padded with spaces on the right to a width (columns)."""
    return text + " " * (width - columns_of(text))
