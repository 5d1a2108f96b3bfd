"""The frame of a page sent by mail: it loads nothing, and runs only our own script."""

from __future__ import annotations

import base64
import hashlib

from ._markup import Markup, element
from ._resources import text_of

__all__ = ["page"]


def page(title: str, *body: Markup) -> str:
    """Return a whole HTML page.

    Its policy forbids everything except our style sheet and our script, which it names by their
    hashes. So anything smuggled into the page can neither run nor fetch.

    Args:
        title: the title of the window.
        body: the content of the page.
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
        # html.escape() would work too, but people read this line.
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )
    whole = element("html", head, element("body", *body, element("script", script)), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _hash(text: str) -> str:
    """Return the name of a text in a policy."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
