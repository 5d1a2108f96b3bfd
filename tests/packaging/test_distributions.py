"""The three distributions, as their files describe them before anything is built.

The tests read the files, not the installed metadata: an editable install keeps the version of
the day when it was made.
"""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FOLDERS = ["asynciojobs-core", "asynciojobs-graph", "asynciojobs-testkit"]
VERSION_FILE = ROOT / "packages/asynciojobs-core/src/asynciojobs/version.py"

# The platforms for which graphviz-pure has wheels: (sys_platform, platform_machine). It has no
# sdist.
PLATFORMS_WITH_A_DOT = {
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "x86_64"),
    ("darwin", "arm64"),
    ("win32", "AMD64"),
    ("win32", "ARM64"),
}
PLATFORMS_WITHOUT = {("linux", "riscv64"), ("win32", "x86"), ("freebsd14", "amd64")}


def toml(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


def manifest(folder: str) -> dict[str, Any]:
    return toml(f"packages/{folder}/pyproject.toml")


def project(folder: str) -> dict[str, Any]:
    return manifest(folder)["project"]


def extras() -> dict[str, list[str]]:
    return project("asynciojobs-core")["optional-dependencies"]


def version() -> str:
    *_, assignment = ast.parse(VERSION_FILE.read_text(encoding="utf-8")).body
    assert isinstance(assignment, ast.Assign)
    return ast.literal_eval(assignment.value)


def sources() -> list[Path]:
    return sorted((ROOT / "packages").rglob("*.py"))


# ---- one version


def test_the_version_is_a_literal_in_one_file_only():
    literal = re.compile(r"^__version__\s*(:.*)?=", re.MULTILINE)
    found = [path for path in sources() if literal.search(path.read_text("utf-8"))]
    assert found == [VERSION_FILE]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_distribution_has_a_version_of_its_own(folder: str):
    assert "version" not in project(folder)
    assert project(folder)["dynamic"] == ["version"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_distribution_takes_its_version_from_core(folder: str):
    path = manifest(folder)["tool"]["hatch"]["version"]["path"]
    assert (ROOT / "packages" / folder / path).resolve() == VERSION_FILE


def test_the_version_is_none_of_an_unrelated_distribution_of_the_same_name():
    assert int(version().split(".")[0]) >= 1


def test_the_changelog_knows_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^#+ .*\b{re.escape(version())}\b", changelog, re.MULTILINE)


# ---- pins and dependencies


def test_core_has_no_dependency():
    assert project("asynciojobs-core")["dependencies"] == []


@pytest.mark.parametrize("folder", ["asynciojobs-graph", "asynciojobs-testkit"])
def test_the_others_require_core_in_the_same_version(folder: str):
    assert f"asynciojobs=={version()}" in project(folder)["dependencies"]


@pytest.mark.parametrize("extra", ["graph", "testkit"])
def test_the_extra_for_another_distribution_is_pinned_to_the_same_version(extra: str):
    assert extras()[extra] == [f"asynciojobs-{extra}=={version()}"]


def test_the_extra_live_brings_the_graph_package_and_what_draws_in_a_terminal():
    ours, rich = map(Requirement, extras()["live"])
    assert str(ours) == f"asynciojobs-graph=={version()}"
    assert (rich.name, rich.marker) == ("rich", None)


def test_the_extra_ordered_is_there_and_empty():
    assert extras()["ordered"] == []


def test_the_extra_dask_requires_what_the_engine_imports():
    [requirement] = map(Requirement, extras()["dask"])
    assert (requirement.name, requirement.marker) == ("distributed", None)


@pytest.mark.parametrize(
    ("platform", "machine"), sorted(PLATFORMS_WITH_A_DOT | PLATFORMS_WITHOUT)
)
def test_the_extra_dot_requires_a_wheel_only_where_there_is_one(platform: str, machine: str):
    [requirement] = map(Requirement, extras()["dot"])
    assert requirement.marker
    wanted = requirement.marker.evaluate(
        {"sys_platform": platform, "platform_machine": machine}
    )
    assert requirement.name == "graphviz-pure"
    assert wanted == ((platform, machine) in PLATFORMS_WITH_A_DOT)


# ---- what every distribution contains


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_distribution_needs_the_same_python(folder: str):
    assert project(folder)["requires-python"] == ">=3.11"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_distribution_names_the_pythons_it_is_tested_on(folder: str):
    (matrix,) = toml("hatch.toml")["envs"]["hatch-test"]["matrix"]
    classifiers = project(folder)["classifiers"]
    named = re.findall(
        r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE
    )
    assert named == matrix["python"][::-1]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_distribution_contains_the_licence_of_the_project(folder: str):
    assert project(folder)["license-files"] == ["LICENSE"]
    text = (ROOT / "packages" / folder / "LICENSE").read_text(encoding="utf-8")
    assert text == (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_distribution_is_typed(folder: str):
    name = project(folder)["name"].replace("-", "_")
    assert (ROOT / "packages" / folder / "src" / name / "py.typed").is_file()


DOCUMENTS = ["README.md", *(f"packages/{it}/README.md" for it in FOLDERS)]
DOCUMENTS += sorted(it.relative_to(ROOT).as_posix() for it in ROOT.glob("docs/**/*.md"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_install_commands_pin_the_version(document: str):
    # An index might have something else under our name.
    text = (ROOT / document).read_text(encoding="utf-8")
    commands = re.findall(r'pip install "?(asynciojobs[^"` ]*)', text)
    assert [it for it in commands if not it.endswith(f"=={version()}")] == []
