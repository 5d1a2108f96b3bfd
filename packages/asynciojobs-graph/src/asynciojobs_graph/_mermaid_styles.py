"""Styles in Mermaid: DOT attributes as CSS, and the classes that nodes share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .style import COLOR

__all__ = ["StyleClasses", "css_of", "styles_in"]

COLOR_VALUE = re.compile("[A-Za-z]+|#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")
WIDTH = re.compile(r"\d+(?:\.\d+)?")
DASHES = {"dashed": "6 4", "dotted": "2 3"}


class StyleClasses:
    """The style classes of a text: one for each style except the default."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], str] = {}  # by the suggested name and the CSS
        self.members: dict[str, list[str]] = {}  # the ids of the nodes, by class name
        self.css: dict[str, str] = {}  # by class name

    def add(self, node_id: str, css: str, suggested_name: str) -> None:
        """Put a node in the class for its CSS. The class is made if it is new."""
        if not css:
            return
        key = suggested_name, css
        if key not in self.names:
            self.names[key] = self.new_class(suggested_name, css)
        self.members[self.names[key]].append(node_id)

    def new_class(self, suggested_name: str, css: str) -> str:
        """Make a class and return its name, with a number added if needed to make it unique."""
        is_taken = suggested_name in self.css
        name = f"{suggested_name}{len(self.css)}" if is_taken else suggested_name
        self.css[name] = css
        self.members[name] = []
        return name

    def lines(self) -> Iterator[str]:
        """Yield two lines for each class: its CSS, and its nodes."""
        for name, css in self.css.items():
            yield f"classDef {name} {css}"
            yield f"class {','.join(self.members[name])} {name}"


def css_of(attributes: Mapping[str, object]) -> str:
    """Return DOT attributes as the CSS of a Mermaid class; defaults are left out.

    Example:
        >>> css_of({"style": "rounded,dashed", "color": "red", "penwidth": 2})
        'stroke:red,stroke-width:2px,stroke-dasharray:6 4'
    """
    styles = styles_in(attributes)
    filled = _color(attributes.get("fillcolor")) if "filled" in styles else None
    width = str(attributes.get("penwidth", 2 if "bold" in styles else 1))
    color = _color(attributes.get("color"))
    found = {
        "stroke": color if color != COLOR else None,
        "stroke-width": f"{width}px" if WIDTH.fullmatch(width) and float(width) != 1 else None,
        "stroke-dasharray": next((DASHES[name] for name in styles if name in DASHES), None),
        "fill": filled,
        # Fills are chosen for black text, but the page's theme may have white text.
        "color": _color(attributes.get("fontcolor")) or ("#000000" if filled else None),
    }
    return ",".join(f"{name}:{value}" for name, value in found.items() if value)


def styles_in(attributes: Mapping[str, object]) -> list[str]:
    """Return the values of the attribute ``style``, such as ``rounded`` and ``dashed``."""
    return [name.strip() for name in str(attributes.get("style", "")).split(",")]


def _color(value: object) -> str | None:
    """Return a colour that CSS knows too."""
    text = str(value)
    return text if value is not None and COLOR_VALUE.fullmatch(text) else None
