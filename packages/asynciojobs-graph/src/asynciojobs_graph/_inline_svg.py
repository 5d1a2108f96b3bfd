"""The SVG of a drawing program, made safe to be part of a page.

A user's `dot_style()` may have put links, images, scripts and styles into it. A page sent by
mail must not fetch anything, so only elements that draw are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from ._markup import Markup, element, join

__all__ = ["inline_svg"]

GRADIENTS = frozenset({"linearGradient", "radialGradient"})
ELEMENTS = GRADIENTS | frozenset(
    "svg g title path polygon polyline ellipse text tspan defs stop".split()  # noqa: SIM905
)
LINKS = "a"
"""Their contents are kept."""

ATTRIBUTES = frozenset(
    (  # noqa: SIM905 - easier to read
        "width height viewBox transform d points x y cx cy rx ry r x1 y1 x2 y2 fx fy offset "
        "fill stroke stroke-width stroke-dasharray opacity fill-opacity stroke-opacity "
        "stop-color stop-opacity gradientUnits text-anchor font-family font-size font-weight "
        "font-style text-decoration"
    ).split()
)


def inline_svg(svg: bytes, label: str) -> Markup:
    """Return an SVG as an element of a page, with only what draws.

    Args:
        svg: the output of the drawing program.
        label: describes it to readers who can't see it.

    Raises:
        ElementTree.ParseError: it is not XML.
    """
    root = ElementTree.fromstring(svg)
    drawn = join(*(_kept(child) for child in root))
    return element("svg", drawn, **_attributes(root), role="img", aria_label=label)


def _kept(node: ElementTree.Element) -> Markup | None:
    name = _local(node.tag)
    if name != LINKS and name not in ELEMENTS:
        return None
    inside = join(node.text and node.text.strip("\n"), *(_kept(child) for child in node))
    return inside if name == LINKS else element(name, inside, **_attributes(node))


def _attributes(node: ElementTree.Element) -> dict[str, str]:
    """Return the attributes that draw. Ids are kept only where pictures use them."""
    pairs = [*node.attrib.items(), *_declarations(node)]
    kept = {
        name: value
        for name, value in pairs
        if name in ATTRIBUTES and ("(" not in value or name == "transform" or "(#" in value)
    }
    if _local(node.tag) in GRADIENTS and "id" in node.attrib:
        kept["id"] = node.attrib["id"]
    return kept


def _declarations(node: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the declarations of a style attribute, which a page's policy may forbid."""
    for declaration in node.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        yield name.strip(), value.strip()


def _local(name: object) -> str:
    """Return the name of an element without its namespace; empty for a comment."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""
