"""Draw the pictures of the documents again: run the examples, and keep what they draw.

./hatchw run pictures

The picture of a report is a photograph that Chromium takes. If it is not installed, the old one
stays. The report of the demo is photographed too, if ``./hatchw run demo`` has left it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from asynciojobs import use_loop_factory
from asynciojobs_testkit import FakeClock

DOCS = Path(__file__).parent
PICTURE = re.compile(r"\]\(\S*images/\S+\.(?:svg|png)\)")
"""How a page shows a picture that its examples draw."""

PROGRAMS = "echo grep printf seq sh wc".split()  # noqa: SIM905
"""What the examples run."""

BEGAN = 1896080400.0
"""The time of day at which all examples begin: 2030-01-31, 09:00 UTC."""

SHOWN = (1100, 820)
"""How much of a report its picture shows (pixels)."""

DEMO = DOCS.parent / "verify-environment.html"
SHOWN_OF_DEMO = (1240, 820)
"""Its timeline is wider."""


def draw_pictures_of(document: Path) -> None:
    """Run the examples in virtual time, so that the times that they show are exact."""
    names: dict[str, object] = {"__name__": document.name}
    blocks = re.findall(
        r"^```python\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    with (
        use_loop_factory(lambda: FakeClock().loop_factory()),
        mock.patch("asynciojobs._run.opening.wall_time", return_value=BEGAN),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for block in blocks:
            exec(compile(block, document.name, "exec", dont_inherit=True), names)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Not Graphviz itself: graphviz-pure draws, wherever this runs.
        for name in PROGRAMS:
            (Path(folder) / name).symlink_to(shutil.which(name) or name)
        path = os.environ["PATH"]
        os.environ |= {"PATH": folder, "TZ": "UTC"}
        time.tzset()
        draw_pictures()
        os.environ["PATH"] = path
    photograph()
    for text in (text for kind in ("dot", "txt", "html", "json") for text in glob(kind)):
        text.unlink()


def glob(kind: str) -> list[Path]:
    return sorted((DOCS / "images").glob(f"*.{kind}"))


def draw_pictures() -> None:
    os.environ.pop("ASYNCIOJOBS_DOT", None)
    images = DOCS / "images"
    images.mkdir(exist_ok=True)
    os.chdir(images)
    readmes = [DOCS.parent / "README.md", DOCS.parent / "packages/asynciojobs-graph/README.md"]
    for document in [*readmes, *sorted(DOCS.rglob("*.md"))]:
        if PICTURE.search(document.read_text("utf-8")):
            draw_pictures_of(document)


def photograph() -> None:
    """Take pictures of the tops of the reports."""
    sys.path.insert(0, str(DOCS.parent / "tests" / "graph"))
    from browser import Browser, browser_program

    program = browser_program()
    if program is None:
        print("No browser was found: the pictures of reports are as they were.")
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        shown = dict.fromkeys(glob("html"), SHOWN) | {DEMO: SHOWN_OF_DEMO}
        for report, (width, height) in shown.items():
            if report.exists():
                browser.look_as(width=width, height=height)
                browser.open(report)
                picture = DOCS / "images" / f"{report.stem}.png"
                picture.write_bytes(browser.picture(whole=False))
        browser.close()


if __name__ == "__main__":
    main()
