"""HTML and SVG as text: whatever is not markup already is escaped, so nothing is forgotten."""

from __future__ import annotations

from typing import TypeAlias

from ._inert import escaped

__all__ = ["Child", "Markup", "element", "join", "scrolling"]

VOID = frozenset({"input", "meta"})


class Markup(str):
    """Text that is HTML. Any other text is escaped when it is put into an element."""

    __slots__ = ()


Child: TypeAlias = Markup | str | None
"""What is in an element; ``None`` is nothing."""


def element(tag: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Return an element.

    Args:
        tag: its name.
        children: what is in it. Text that is no `Markup` is escaped.
        attributes: an underscore in a name is written as a hyphen, and one at its end is left
            out. ``True`` writes the name alone; ``None`` and ``False`` write nothing.

    Example:
        >>> print(element("td", "a < b", class_="wide", data_sort=1.5, hidden=False))
        <td class="wide" data-sort="1.5">a &lt; b</td>
    """
    start = f"<{tag}{''.join(map(_attribute, attributes.items()))}>"
    return Markup(start if tag in VOID else f"{start}{join(*children)}</{tag}>")


def join(*children: Child) -> Markup:
    """Return several elements and texts as one."""
    return Markup("".join(map(_inside, children)))


def scrolling(label: str, *children: Child, class_: str = "scroll") -> Markup:
    """Return a box for what may be wider than the window; the keyboard scrolls it, too.

    Args:
        label: says what it is to readers who do not see it.
        children: what is in it.
        class_: its style.
    """
    return element("div", *children, class_=class_, role="region", aria_label=label, tabindex=0)


def _inside(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escaped(child)


def _attribute(pair: tuple[str, str | float | bool | None]) -> str:
    name = pair[0].removesuffix("_").replace("_", "-")
    value = pair[1]
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escaped(str(value))}"'
