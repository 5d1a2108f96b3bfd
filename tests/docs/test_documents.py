"""The documents show what really happens."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import re
import shutil
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

RUN_ELSEWHERE = {
    "docs/clusters.md": "tests/engines",  # with the package that it needs
    "docs/command-line.md": "tests/docs/test_command_line.py",  # as commands
    "docs/opentelemetry.md": "tests/docs/test_opentelemetry.py",  # with the packages it needs
    "packages/asynciojobs-testkit/README.md": "tests/testkit",  # with pytest
}
"""Documents with examples that other tests run."""

PICTURE_OF_DEMO = "verify-environment.png"
"""What `./hatchw run demo` leaves, photographed by docs/pictures.py."""


def documents():
    """Return all documents with examples that are run here."""
    paths = ["README.md", "packages/*/README.md", "docs/**/*.md"]
    found = [path.relative_to(ROOT).as_posix() for it in paths for path in ROOT.glob(it)]
    return [
        document
        for document in sorted(found)
        if "```python" in (ROOT / document).read_text("utf-8") and document not in RUN_ELSEWHERE
    ]


DOCUMENTS = documents()


def examples(document):
    """Return the Python blocks, each with the plain block that directly follows it."""
    text = (ROOT / document).read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    for block, behind in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] == "python":
            shown = behind is not None and not text[block.end() : behind.start()].strip()
            yield block[2], behind[2] if shown else ""


@pytest.fixture
def at_nine(monkeypatch):
    """Let all runs begin at the time of day that docs/pictures.py has, in its zone."""
    with monkeypatch.context() as patch:
        patch.setattr("asynciojobs._run.opening.wall_time", lambda: 1896080400.0)
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def drawn(tmp_path, monkeypatch, at_nine):
    """The folder where the examples draw, with the program that drew docs/images."""
    monkeypatch.chdir(tmp_path)
    # Graphviz itself is not found, only what the examples run.
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("echo", "grep", "printf", "seq", "sh", "wc"):
        (programs / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("ASYNCIOJOBS_DOT", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def without_places(svg):
    """Return the text of a picture without what differs between versions of a program."""
    return re.sub(r"-?\d+(\.\d+)?", "0", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))


@pytest.fixture
def no_forks(monkeypatch):
    """Make pools spawn their processes: Python 3.12 warns about forks if there are threads."""
    spawning = multiprocessing.get_context("spawn")
    monkeypatch.setattr(multiprocessing, "get_context", lambda method=None: spawning)


@contextlib.contextmanager
def own_logs():
    """Let the examples set up their logs as in a separate program.

    This is not a fixture, since pytest adds its handlers after those.
    """
    logs = [logging.getLogger(name) for name in (None, "asynciojobs")]
    before = [(log.handlers, log.level, log.propagate) for log in logs]
    logs[0].handlers, logs[1].handlers = [], []
    try:
        yield
    finally:
        for log, (handlers, level, propagate) in zip(logs, before, strict=True):
            log.handlers, log.propagate = handlers, propagate
            log.setLevel(level)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_examples_print_and_draw_what_is_shown(
    document, capsys, fake_time, drawn, no_forks
):
    names = {"__name__": document}
    with own_logs():
        for code, output in examples(document):
            exec(compile(code, document, "exec", dont_inherit=True), names)
            assert capsys.readouterr().out == output
    for report in drawn.glob("*.html"):
        assert f"images/{report.stem}.png)" in (ROOT / document).read_text("utf-8")
        assert (ROOT / "docs/images" / f"{report.stem}.png").exists()
    for picture in drawn.glob("*.svg"):
        shown = ROOT / "docs/images" / picture.name
        assert f"images/{picture.name})" in (ROOT / document).read_text("utf-8")
        drawn_now, kept = (without_places(it.read_text("utf-8")) for it in (picture, shown))
        assert drawn_now == kept, f"{shown} is old: draw it again, with ./hatchw run pictures"


def test_each_picture_is_drawn_by_the_code_beside_it():
    code = "".join(block for document in DOCUMENTS for block, _ in examples(document))
    for picture in (ROOT / "docs/images").iterdir():
        if picture.name == PICTURE_OF_DEMO:
            continue
        methods = {
            ".svg": ["export_as_svgfile", "export_as_timeline"],
            ".png": ["export_as_htmlfile"],  # photographed by docs/pictures.py
        }[picture.suffix]
        assert any(f'{method}("{picture.stem}"' in code for method in methods)


def test_what_runs_elsewhere_has_examples():
    assert all("```python" in (ROOT / it).read_text("utf-8") for it in RUN_ELSEWHERE)
    assert len(DOCUMENTS) > 5


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT) for path in ROOT.glob("docs/**/*.md")), ids=str
)
def test_the_links_between_pages_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text("utf-8")):
        assert (ROOT / target).exists(), target


def test_the_tests_that_the_documents_name_are_there():
    for page in ROOT.glob("docs/**/*.md"):
        for name in re.findall(r"`(tests/[\w/.]+)`", page.read_text("utf-8")):
            assert (ROOT / name).exists(), (page, name)
