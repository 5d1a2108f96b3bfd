"""The site: its pages, what they include from elsewhere, and the names in the reference.

mkdocs checks the rest when it builds the site, since `./hatchw run docs` makes warnings errors.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

import asynciojobs
from asynciojobs._badge import UNICODE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGES = ["asynciojobs", "asynciojobs_graph", "asynciojobs_testkit"]
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def load(name):
    """Import a module that mkdocs loads from docs/."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = load("site_hooks")


# -- the reference


INTERNAL = {"timeline.bottleneck_of", "timeline.timeline_of"}
"""Names that modules of the core have for the methods of schedulers, not for users."""


def documented():
    """Return the names on the pages of the reference: those of directives, and of headings."""
    text = "\n".join(path.read_text("utf-8") for path in DOCS.glob("reference*.md"))
    return re.findall(r"^(?:::: |### .*[{] #)(\S+)", text, re.MULTILINE)


def public_names(package):
    return [name for name in importlib.import_module(package).__all__ if name != "__version__"]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_reference_has_all_public_names(package):
    found = documented()
    missing = [name for name in public_names(package) if f"{package}.{name}" not in found]
    assert missing == [], (
        f"the reference lacks them: add a line '::: {package}.{missing[0]}' to the section of "
        "docs/reference.md, or docs/reference-testkit.md, where users look for it"
    )


def test_the_reference_has_what_only_modules_of_the_core_have():
    found = documented()
    missing = [
        f"{module.name}.{name}"
        for module in pkgutil.iter_modules(asynciojobs.__path__)
        if not module.name.startswith("_") and module.name != "dask"  # it needs a package
        for name in importlib.import_module(f"asynciojobs.{module.name}").__all__
        if f"{module.name}.{name}" not in INTERNAL
        and not {f"asynciojobs.{name}", f"asynciojobs.{module.name}.{name}"} & {*found}
    ]
    assert missing == [], (
        f"the reference lacks them: add a line '::: asynciojobs.{missing[0]}' to "
        "docs/reference.md, or name it in INTERNAL if it is not for users"
    )


def test_the_reference_has_each_name_once():
    found = documented()
    assert sorted({*found}) == sorted(found)


@pytest.mark.parametrize("page", ["cheat-sheet.md", "reference.md"])
def test_all_signs_are_explained(page):
    signs = [*UNICODE[:4], *UNICODE.phases.values()]
    text = (DOCS / page).read_text("utf-8")
    assert sorted(re.findall(r"\| `([^\w\s])`(?= \| [`i\w])", text)) == sorted(signs)


# -- what pages include from elsewhere


def test_the_home_page_has_no_text_of_its_own():
    home = (DOCS / "index.md").read_text("utf-8")
    _, front_matter, body = home.split("---\n", 2)
    assert front_matter == "hide: [navigation, toc]\n"
    assert "".join(re.sub(r"<.*?>", "", hooks.NOTE.sub("", body)).split()) == "#asynciojobs"


def test_the_home_page_says_what_the_readme_says():
    readme = (ROOT / "README.md").read_text("utf-8")
    home = hooks.assembled((DOCS / "index.md").read_text("utf-8"), "docs/index.md")
    for heading in ("## Where to start", "## Install", "## What it can do"):
        assert heading in home
    assert readme.partition("```python")[0].partition("\n")[2].strip() in home
    assert [*re.findall(r"```python\n.*?```", readme, re.DOTALL)] == [
        *re.findall(r"```python\n.*?```", home, re.DOTALL)
    ]


@pytest.mark.parametrize("page", [*hooks.PAGES.values()])
def test_the_links_in_what_a_page_shows_lead_somewhere(page):
    text = hooks.assembled((ROOT / page).read_text("utf-8"), page)
    assert "<!-- from" not in text
    for target in re.findall(r"\]\(([^)#:\s]+)", hooks.FENCED.sub("", text)):
        found = (ROOT / page).parent / target
        assert found.exists(), target
        assert found.resolve().is_relative_to(DOCS), target


@pytest.mark.parametrize("file", [*hooks.PAGES])
def test_a_link_to_a_file_that_has_a_page_leads_to_the_page(file):
    page = Path(hooks.PAGES[file]).name
    assert (
        hooks.relinked(f"[it]({file}#part)", "README.md", "docs/x.md") == f"[it]({page}#part)"
    )


def test_a_link_is_changed_for_the_folder_of_the_page():
    text = (
        "[a](../docs/limits.md) ![b](../docs/images/b.svg) [c](#here) [d](https://d.example/e)"
    )
    assert hooks.relinked(text, "packages/README.md", "docs/design/page.md") == (
        "[a](../limits.md) ![b](../images/b.svg) [c](#here) [d](https://d.example/e)"
    )


def test_links_in_code_are_left_alone():
    text = "```python\nprint([f](docs/x.md))\n```"
    assert hooks.relinked(text, "README.md", "docs/x.md") == text


def test_the_name_of_a_file_is_the_title_of_its_block():
    text = "```python lab.py\nx\n```\n\n```text deadlock\ny\n```\n\n```\nz\n```"
    assert hooks.relinked(text, "README.md", "docs/x.md") == (
        '```python title="lab.py"\nx\n```\n\n```text\ny\n```\n\n```\nz\n```'
    )


def test_a_picture_leads_to_itself():
    text = "![two\nboxes](images/a.svg)\n\n```text\n![x](y.svg)\n```"
    assert hooks.with_large_pictures(text) == (
        "[![two\nboxes](images/a.svg)](images/a.svg)\n\n```text\n![x](y.svg)\n```"
    )


def test_a_section_that_is_not_there_is_an_error():
    with pytest.raises(LookupError, match=r"^there is no heading '## Nowhere'$"):
        hooks.assembled("<!-- from README.md: ## Nowhere -->", "docs/x.md")


PROSE = [*PAGES, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md"]
PROSE += [f"../packages/{name.replace('_', '-')}/README.md" for name in PACKAGES[1:]]


@pytest.mark.parametrize("page", PROSE)
def test_lists_in_lists_are_indented_as_the_site_wants_it(page):
    text = hooks.FENCED.sub("", (DOCS / page).read_text("utf-8"))
    assert re.findall(r"^ {1,3}[-*] .*", text, re.MULTILINE) == []


# -- what a page needs


def pages_for_users():
    """Return the pages with examples; those about the design say themselves what they need."""
    texts = {page: (DOCS / page).read_text("utf-8") for page in PAGES}
    with_code = [page for page, text in texts.items() if "```python" in text]
    return [page for page in with_code if not page.startswith(("design/", "reference"))]


@pytest.mark.parametrize("page", pages_for_users())
def test_a_page_says_what_it_needs_before_anything_else(page):
    first = (DOCS / page).read_text("utf-8").partition("\n## ")[0]
    assert "*You need: " in first, (
        f"docs/{page} has examples: say below its title which packages they need, as in "
        "'*You need: asynciojobs; for the picture also asynciojobs-graph.*'"
    )


# -- the navigation


def test_all_pages_are_in_the_navigation():
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert sorted(re.findall(r": (\S+\.md)$", settings, re.MULTILINE)) == PAGES


# -- what is checked in the finished site


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png">',
        '<link rel="stylesheet" href="http://fonts.example/x.css">',
    ],
)
def test_a_page_that_needs_another_host_is_a_fault(html):
    (fault,) = hooks.faults_of(html)
    assert fault.startswith("it needs ")


def test_an_example_in_prose_is_a_fault():
    html = "<p>&gt;&gt;&gt; x = 1</p><pre><code>&gt;&gt;&gt; y</code></pre>"
    assert hooks.faults_of(html) == ["this example is prose: '>>> x = 1'"]


def test_a_block_that_is_not_read_as_one_is_a_fault():
    (fault,) = hooks.faults_of("<p>```python lab.py x = 1 ```</p>")
    assert fault.startswith("this example is prose: ")


def test_a_page_with_links_and_code_is_fine():
    html = '<a href="https://example.org">x</a><img src="a.svg"><code>&gt;&gt;&gt;</code> done'
    assert hooks.faults_of(html) == []
