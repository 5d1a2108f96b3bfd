"""What the documents show is what happens."""

from __future__ import annotations

import multiprocessing
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    "README.md",
    "docs/tutorial.md",
    "docs/howto.md",
    "docs/journal.md",
    "docs/limits.md",
    "docs/when-something-fails.md",
    "docs/reference.md",
    "docs/design/architecture.md",
    "packages/asynciojobs-graph/README.md",
]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(document):
    """Return the Python blocks, each with the plain block that is directly behind it."""
    text = (ROOT / document).read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    for block, behind in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] == "python":
            shown = behind is not None and not text[block.end() : behind.start()].strip()
            yield block[2], behind[2] if shown else ""


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The folder where the examples draw, with the program that drew what is in docs/images."""
    monkeypatch.chdir(tmp_path)
    # Graphviz itself is not found, only what the examples run.
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("echo", "grep", "printf", "seq", "sh", "wc"):
        (programs / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("ASYNCIOJOBS_DOT", raising=False)
    return tmp_path


def without_places(svg):
    """Return the text of a picture but for what versions of a program may differ in."""
    return re.sub(r"-?\d+(\.\d+)?", "0", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))


@pytest.fixture
def no_forks(monkeypatch):
    """Pools start their processes anew: Python 3.12 warns of a fork where there are threads."""
    spawning = multiprocessing.get_context("spawn")
    monkeypatch.setattr(multiprocessing, "get_context", lambda method=None: spawning)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_examples_print_and_draw_what_is_shown(
    document, capsys, fake_time, drawn, no_forks
):
    names = {"__name__": document}
    for code, output in examples(document):
        exec(compile(code, document, "exec", dont_inherit=True), names)
        assert capsys.readouterr().out == output
    for picture in drawn.glob("*.svg"):
        shown = ROOT / "docs/images" / picture.name
        assert f"images/{picture.name})" in (ROOT / document).read_text("utf-8")
        # if this fails: ./hatchw run pictures
        assert without_places(shown.read_text("utf-8")) == without_places(
            picture.read_text("utf-8")
        )


def test_each_picture_is_drawn_by_the_code_beside_it():
    code = "".join(block for document in DOCUMENTS for block, _ in examples(document))
    for picture in (ROOT / "docs/images").iterdir():
        assert f'export_as_svgfile("{picture.stem}"' in code


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_have_examples(document):
    assert list(examples(document))


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
