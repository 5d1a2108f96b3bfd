"""Text of users for HTML, SVG and JSON: it is shown, and does nothing else.

All text that a program may have put into a label, a result or a traceback goes through here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from asynciojobs._text import one_line

__all__ = ["escaped", "inert", "inert_line", "inert_path"]

LONGEST = 20_000
"""How many characters of a text are kept, unless the caller says otherwise."""

LONGEST_LINE = 300
"""The same for text shown on one line, such as a label."""

LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")

PLANES = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
"""The last two code points of each plane, which are not characters."""

FORBIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: XML forbids them, HTML frowns on them
    "\ud800-\udfff"  # halves of pairs, which UTF-8 can't encode
    f"\ufdd0-\ufdef{PLANES}"  # not characters
    "\u202a-\u202e\u2066-\u2069"  # they would reverse the text that follows
    "]"
)


def inert(text: str, limit: int = LONGEST) -> str:
    r"""Return the text, with U+FFFD for each character that could do more than be shown.

    Line ends of all kinds become ``\n``. Text longer than the limit is shortened in the
    middle.

    Args:
        text: any text.
        limit: how many characters are kept.

    Example:
        >>> inert("one\r\ntwo\x00\u202e"), inert("abcdefgh", limit=4)
        ('one\ntwo��', 'ab … gh')
    """
    if len(text) > limit:
        text = f"{text[: limit // 2]} … {text[-(limit // 2) :]}"
    if text.isprintable():
        return text
    return FORBIDDEN.sub("\ufffd", LINE_ENDS.sub("\n", text))


def inert_line(text: str, limit: int = LONGEST_LINE) -> str:
    """Return the same on one line, like a label."""
    return inert(one_line(text, limit)).expandtabs(1)


def inert_path(labels: Iterable[str]) -> str:
    """Return the labels of a job, after those of the schedulers around it, as a path.

    Example:
        >>> inert_path(["boots", "host 3"])
        'boots > host 3'
    """
    return " > ".join(map(inert_line, labels))


def escaped(text: str, limit: int = LONGEST) -> str:
    """Return the inert text, escaped for HTML and XML and for their attributes.

    Example:
        >>> print(escaped("</script> & 'x'"))
        &lt;/script&gt; &amp; &#x27;x&#x27;
    """
    return html.escape(inert(text, limit))
