"""Quoting for Mermaid: every label goes through here."""

from __future__ import annotations

import re

__all__ = ["quoted"]

# Spaces and empty lines that HTML would not show. They are written as U+2005, not as U+00A0: a
# browser writes U+00A0 as `&nbsp;` in the SVG, which is then not XML, and JupyterLab shows a
# broken image.
HIDDEN_SPACES = re.compile("^ |(?<= ) | $|^$|\xa0", re.MULTILINE)
SPACE = "\u2005"  # a quarter of an em, as wide as the space of most fonts

# What Mermaid 10 and 11 interpret, even inside quotes. Some versions read a label as Markdown:
# they draw emphasis, code and strikethrough, and replace lists, headings, rules, quotes and
# links by "Unsupported markdown: list". Line ends stay as they are: if a label has `<br/>`,
# Mermaid 11 decodes its entity codes, and then reads it once more.
SPECIAL = re.compile(
    rf"""
    ["{SPACE}]
    | [&<>\\$]                    # HTML, `\n`, formulas such as $$x$$
    | [*`~\[@] | (?<![^\W_])_ | _(?![^\W_])
    | ^[-+=|:\#] | ^\d(?=\d*[.)](?:\s|$))
    | \#(?=\w+;)                  # an entity code
    | :(?=//|fa-)                 # an address, an icon of Font Awesome
    | (?<=[wW]{{3}})\.
    | %(?=[%{{])                  # a comment, a directive
    | (?<=direction)\s            # such as `direction TB`, anywhere in a line
    | \ufb02(?=\xb0) | \xb6(?=\xdf)  # how Mermaid writes # and ; internally
    """,
    re.MULTILINE | re.VERBOSE,
)
CODES = {
    '"': "#quot;",
    "&": "#amp;",
    "<": "#lt;",
    ">": "#gt;",
    # Mermaid decodes these entities twice, so an invisible word joiner follows instead.
    "\ufb02": "\ufb02\u2060",
    "\xb6": "\xb6\u2060",
}
# Mermaid drops the last semicolon of a line that has one of these words anywhere.
LOSES_SEMICOLON = re.compile(r"(?:style|classDef).*:\S*#.*;")


def quoted(label: str) -> str:
    r"""Return a Mermaid string that is drawn as exactly this label.

    Most labels have nothing to quote, and stay readable.

    Example:
        >>> print(quoted('04: say "hello" (twice)\n50% of <b>'))
        "04: say #quot;hello#quot; (twice)
        50% of #lt;b#gt;"
    """
    text = SPECIAL.sub(_code, HIDDEN_SPACES.sub(SPACE, label))
    if LOSES_SEMICOLON.search(text):
        text = text.replace(":", "#58;")
    return f'"{text}"'


def _code(match: re.Match[str]) -> str:
    character = match[0]
    return CODES.get(character) or f"#{ord(character)};"
