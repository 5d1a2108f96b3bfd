"""Draw the pictures of the documents again: run the examples, and keep what they draw.

./hatchw run pictures
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import tempfile
from pathlib import Path

from asynciojobs import use_loop_factory
from asynciojobs_testkit import FakeClock

DOCS = Path(__file__).parent
PICTURE = re.compile(r"\]\(\S*images/\S+\.svg\)")
"""How a page shows a picture that its examples draw."""

PROGRAMS = "echo grep printf seq sh wc".split()  # noqa: SIM905
"""What the examples run."""


def draw_pictures_of(document: Path) -> None:
    """Run the examples in virtual time, so that the times that they show are exact."""
    names: dict[str, object] = {"__name__": document.name}
    blocks = re.findall(
        r"^```python\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    with (
        use_loop_factory(lambda: FakeClock().loop_factory()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for block in blocks:
            exec(compile(block, document.name, "exec", dont_inherit=True), names)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Not Graphviz itself: graphviz-pure draws, wherever this runs.
        for name in PROGRAMS:
            (Path(folder) / name).symlink_to(shutil.which(name) or name)
        os.environ["PATH"] = folder
        draw_pictures()


def draw_pictures() -> None:
    os.environ.pop("ASYNCIOJOBS_DOT", None)
    images = DOCS / "images"
    images.mkdir(exist_ok=True)
    os.chdir(images)
    for document in [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]:
        if PICTURE.search(document.read_text("utf-8")):
            draw_pictures_of(document)
    for text in (*images.glob("*.dot"), *images.glob("*.txt")):
        text.unlink()


if __name__ == "__main__":
    main()
