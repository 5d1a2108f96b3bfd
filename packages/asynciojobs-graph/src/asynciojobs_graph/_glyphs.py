"""Signs that a program can't draw because it only has a few fonts of its own.

That program is graphviz-pure, when it draws a PNG or a JPEG. An SVG has the text itself, and
its viewer has the fonts.
"""

from __future__ import annotations

from collections.abc import Iterable

from asynciojobs._badge import UNICODE
from asynciojobs._outcomes import Phase
from asynciojobs._widths import has_width

from ._quoting import quoted

__all__ = ["missing_signs", "probe_of", "signs_to_probe", "with_similar_signs"]

SIMILAR = str.maketrans(
    {UNICODE.fine: "√", UNICODE.raised: "×", UNICODE.phases[Phase.RUNNING]: "►", "↷": "→"}
)
"""Signs of our listings that these fonts lack, each with a similar one."""

MISSING = "\ue000"
"""A private-use character: the fonts only have the picture for missing signs for it."""

PROBE = (
    "graph {{ graph [margin=0] a [label={} fontname=Helvetica fontsize=14 shape=plaintext "
    "fixedsize=true width=0.4 height=0.4] }}\n"
)
PNG_END = b"IEND\xaeB`\x82"


def with_similar_signs(text: str) -> str:
    """Return the text, with our signs that these fonts lack replaced by similar ones."""
    return text.translate(SIMILAR)


def signs_to_probe(text: str) -> list[str]:
    """Return the characters of a text that the fonts may lack, each once."""
    if text.isascii():
        return []
    distinct = dict.fromkeys(text)
    return [sign for sign in distinct if not sign.isascii() and has_width(sign)]


def probe_of(signs: Iterable[str]) -> str:
    """Return a DOT text with a graph for a missing sign, then one for each of these signs."""
    return "".join(PROBE.format(quoted(sign)) for sign in (MISSING, *signs))


def missing_signs(signs: Iterable[str], pictures: bytes) -> list[str]:
    """Return the signs that look like a missing one.

    Args:
        signs: the signs of the probe.
        pictures: the PNG pictures of the probe, one after another.
    """
    missing, *drawn = pictures.split(PNG_END)
    return [sign for sign, picture in zip(signs, drawn, strict=False) if picture == missing]
