"""HTML and SVG as text. Whatever is not markup already is escaped, so nothing is forgotten."""

from __future__ import annotations

from typing import TypeAlias

from ._inert import escaped

__all__ = ["Child", "Markup", "element", "join", "scrolling"]

VOID = frozenset({"input", "meta"})


class Markup(str):
    """Text that is HTML. Any other text is escaped when it is put into an element."""

    __slots__ = ()


Child: TypeAlias = Markup | str | None
"""The content of an element; ``None`` is nothing."""


def element(tag: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Return an element.

    Args:
        tag: its name.
        children: its content. Text that is not `Markup` is escaped.
        attributes: an underscore in a name becomes a hyphen, and one at the end is dropped.
            ``True`` writes only the name; ``None`` and ``False`` write nothing.

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
    """Return a box for content that may be wider than the window; the keyboard scrolls it, too.

    Args:
        label: describes it to readers who can't see it.
        children: its content.
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
