"""The one way into a DOT text for what a user wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["attribute_list", "quoted", "without_controls"]

KEYWORDS = frozenset({"digraph", "edge", "graph", "node", "strict", "subgraph"})

# What XML forbids or browsers do not show: C0 and C1 controls but tabs and line feeds, halves
# of surrogate pairs, which UTF-8 has not either, and two code points that are no characters.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# In labels a backslash begins an escape (`\N` is the name of the node) and `&` an entity.
ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "&": "&amp;"})


def quoted(value: object) -> str:
    r"""Return the text of a value as a DOT string which is drawn as just that text.

    Example:
        >>> print(quoted('C:\\new "one" & <b>two</b>'))
        "C:\\new \"one\" &amp; <b>two</b>"
    """
    return f'"{without_controls(str(value)).translate(ESCAPES)}"'


def without_controls(text: str) -> str:
    """Return the text with U+FFFD in the place of what no picture can show."""
    return text if text.isprintable() else CONTROLS.sub("\ufffd", text)


def attribute_list(attributes: Mapping[str, object]) -> str:
    """Return the attributes as DOT text, without brackets."""
    return " ".join(f"{_name(name)}={quoted(value)}" for name, value in attributes.items())


def _name(name: str) -> str:
    plain = name.isidentifier() and name.isascii() and name.lower() not in KEYWORDS
    return name if plain else quoted(name)
