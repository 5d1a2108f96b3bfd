"""Quoting for DOT: all text of users goes through here."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["attribute_list", "quoted", "without_controls"]

KEYWORDS = frozenset({"digraph", "edge", "graph", "node", "strict", "subgraph"})

# What XML forbids or browsers don't show: the control characters C0 and C1, except tabs and
# line feeds; surrogates, which UTF-8 can't encode either; and two code points that are not
# characters.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# In a label, a backslash starts an escape (`\N` is the name of the node), and `&` an entity.
ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "&": "&amp;"})


def quoted(value: object) -> str:
    r"""Return a DOT string that is drawn as exactly the text of the value.

    Example:
        >>> print(quoted('C:\\new "one" & <b>two</b>'))
        "C:\\new \"one\" &amp; <b>two</b>"
    """
    return f'"{without_controls(str(value)).translate(ESCAPES)}"'


def without_controls(text: str) -> str:
    """Return the text with U+FFFD for each character that no picture can show."""
    return text if text.isprintable() else CONTROLS.sub("\ufffd", text)


def attribute_list(attributes: Mapping[str, object]) -> str:
    """Return the attributes as DOT text, without brackets."""
    return " ".join(f"{_name(name)}={quoted(value)}" for name, value in attributes.items())


def _name(name: str) -> str:
    is_plain = name.isidentifier() and name.isascii() and name.lower() not in KEYWORDS
    return name if is_plain else quoted(name)
