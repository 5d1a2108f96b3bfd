"""What mkdocs does for our site beside its own work. mkdocs.yml names this file.

Some pages show files from elsewhere in the repository, so that nothing is written twice. A line
such as ``<!-- from README.md: ## Install -->`` stands for that section of the file, and ``<!--
from CHANGELOG.md -->`` for all of it. Links are changed to lead to the same places.

The finished site is checked: no page needs a file of another host, and no example is prose.
What is wrong is a warning, so ``mkdocs build --strict`` fails.
"""

from __future__ import annotations

import logging
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
log = logging.getLogger("mkdocs.site_hooks")

DIRECTIVE = re.compile(r"^<!-- from (?P<file>\S+?)(?:: (?P<heading>.+))? -->$", re.MULTILINE)
LINK = re.compile(r"(?<=\]\()(?P<path>[^)#:\s]+)(?P<anchor>#[^)\s]*)?(?=\))")
FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<path>\S+\.svg)\)")
NAMED = re.compile(r"^(?P<fence> *```\w+) (?P<name>\S+)$", re.MULTILINE)
"""The first line of a block with a name: that of a file, or one that a test looks for."""

TOP = "top"
"""The heading that stands for what is between the title of a file and its first section."""

NOTE = re.compile(r"^On the site, this page shows .*\n", re.MULTILINE)
"""What such a page says where it is shown as it is written, as on a forge."""

PAGES = {
    "README.md": "docs/index.md",
    "CHANGELOG.md": "docs/changelog.md",
    "CONTRIBUTING.md": "docs/contributing.md",
    "SECURITY.md": "docs/security.md",
    "packages/asynciojobs-testkit/README.md": "docs/testing.md",
}
"""The page that shows a file from elsewhere."""


# -- pages


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put the text of other files into a page; mkdocs calls this."""
    return with_large_pictures(assembled(markdown, f"docs/{page.file.src_uri}"))


def with_large_pictures(markdown: str) -> str:
    """Return a text in which each picture leads to itself, where a browser can enlarge it."""
    parts = FENCED.split(markdown)
    large = r"[![\g<text>](\g<path>)](\g<path>)"
    parts[::2] = [PICTURE.sub(large, part) for part in parts[::2]]
    return "".join(parts)


def assembled(markdown: str, page: str) -> str:
    """Return the text of a page, with the text of other files in place of the directives."""
    markdown = NOTE.sub("", markdown)
    return DIRECTIVE.sub(lambda it: text_from(it["file"], it["heading"], page), markdown)


def text_from(file: str, heading: str | None, page: str) -> str:
    """Return the text of a file, or of one section of it, for a page."""
    text = (ROOT / file).read_text("utf-8").strip()
    return relinked(text if heading is None else section(text, heading), file, page)


def section(text: str, heading: str) -> str:
    """Return a section of a text, with its heading.

    Raises:
        LookupError: there is no such heading.
    """
    top, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    if heading == TOP:
        return top.partition("\n")[2].strip()
    for found in sections:
        if found.partition("\n")[0] == heading:
            return found.strip()
    raise LookupError(f"there is no heading {heading!r}")


def relinked(text: str, file: str, page: str) -> str:
    """Return a text of a file for a page: links lead to the same places, blocks have titles."""

    def relink(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), found["path"]))
        shown = posixpath.relpath(PAGES.get(target, target), posixpath.dirname(page))
        return shown + (found["anchor"] or "")

    parts = FENCED.split(text)
    parts[::2] = [LINK.sub(relink, part) for part in parts[::2]]
    parts[1::2] = [NAMED.sub(titled, part) for part in parts[1::2]]
    return "".join(parts)


def titled(found: re.Match[str]) -> str:
    """Return the first line of a block with the name of its file as the title."""
    is_file = "." in found["name"]
    return found["fence"] + (f' title="{found["name"]}"' if is_file else "")


# -- checks


def on_post_build(*, config: Any, **_: Any) -> None:
    """Check the finished site; mkdocs calls this."""
    site = Path(config.site_dir)
    for path in sorted(site.rglob("*.html")):
        for fault in faults_of(path.read_text("utf-8")):
            log.warning("%s: %s", path.relative_to(site), fault)
    for path in sorted(site.rglob("*.css")):
        for url in re.findall(r"url\(['\"]?((?:https?:)?//[^)]+)", path.read_text("utf-8")):
            log.warning("%s needs %s", path.relative_to(site), url)


def faults_of(html: str) -> list[str]:
    """Return what is wrong with a page."""
    reader = Reader()
    reader.feed(html)
    return reader.faults


class Reader(HTMLParser):
    """Reads a page.

    Attributes:
        faults: what is wrong with the page.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._code = 0  # the depth of elements that show code

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in ("pre", "code", "script")
        for name, value in attrs:
            is_loaded = name in ("src", "srcset", "data") or (tag == "link" and name == "href")
            if is_loaded and re.match(r"(https?:)?//", value or ""):
                self.faults.append(f"it needs {value}")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("pre", "code", "script")

    def handle_data(self, data: str) -> None:
        if not self._code and re.search(">>>|```", data):
            self.faults.append(f"this example is prose: {data.strip()[:60]!r}")
