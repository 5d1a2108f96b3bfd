"""The frame of a page that is mailed: it loads nothing, and runs only our own script."""

from __future__ import annotations

import base64
import hashlib

from ._markup import Markup, element
from ._resources import text_of

__all__ = ["page"]


def page(title: str, *body: Markup) -> str:
    """Return a whole HTML page.

    Its policy forbids everything but the one style sheet and the one script, which it names by
    their hashes. So what somebody smuggled into the page could neither run nor fetch anything.

    Args:
        title: of the window.
        body: what is shown.
    """
    style = Markup(f"{text_of('_report.css')}{text_of('_chart.css')}")
    script = Markup(text_of("_report.js"))
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        # html.escape() would be right too, but people read this line.
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )
    whole = element("html", head, element("body", *body, element("script", script)), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _hash(text: str) -> str:
    """Return how a policy names a text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
