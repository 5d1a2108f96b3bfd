"""The workspace, as its files describe it: members, environments and commands."""

import ast
import os
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENTS: dict[str, Any] = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))[
    "envs"
]
WITH_THE_PACKAGES = ["bench", "default", "engines", "hatch-test", "ordered", "types"]


@pytest.mark.parametrize("name", WITH_THE_PACKAGES)
def test_the_members_of_the_workspace_are_the_three_distributions(name: str):
    patterns = ENVIRONMENTS[name]["workspace"]["members"]
    members = {path.name for pattern in patterns for path in ROOT.glob(pattern)}
    assert members == {"asynciojobs-core", "asynciojobs-graph", "asynciojobs-testkit"}


def test_the_core_is_tested_without_the_graph_package():
    members = ENVIRONMENTS["coreonly"]["workspace"]["members"]
    assert members == ["packages/asynciojobs-core", "packages/asynciojobs-testkit"]


@pytest.mark.parametrize("name", [*WITH_THE_PACKAGES, "build", "coreonly"])
def test_no_environment_installs_the_root(name: str):
    assert ENVIRONMENTS[name]["skip-install"] is True


def test_the_root_is_no_distribution():
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert root.keys() == {"tool"}


@pytest.mark.skipif(os.name == "nt", reason="no executable bit on Windows")
@pytest.mark.parametrize("command", ["hatchw", ".ci/run"])
def test_the_commands_are_executable(command: str):
    assert os.access(ROOT / command, os.X_OK)


def test_the_worlds_have_a_world_for_each_python_of_the_matrix():
    (matrix,) = ENVIRONMENTS["hatch-test"]["matrix"]
    tree = ast.parse((ROOT / "tests/worlds.py").read_text(encoding="utf-8"))
    (versions,) = (
        ast.literal_eval(it.value)
        for it in tree.body
        if isinstance(it, ast.Assign) and ast.unparse(it.targets[0]) == "VERSIONS"
    )
    assert list(versions) == matrix["python"][::-1]


def test_the_workflow_runs_every_python_of_the_matrix_on_every_system():
    (matrix,) = ENVIRONMENTS["hatch-test"]["matrix"]
    text = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^ +python: \[(.*)\]$", text, re.MULTILINE)
    on_linux = re.findall(r'system: ubuntu-latest, python: "(.*?)"', text)
    assert re.findall('"(.*?)"', listed) == on_linux == matrix["python"][::-1]


def test_the_build_builds_every_member():
    script = " ".join(ENVIRONMENTS["build"]["scripts"]["all"])
    members = sorted(path.name for path in (ROOT / "packages").iterdir())
    assert [name for name in members if f"packages/{name}" in script] == members


@pytest.mark.parametrize(
    ("arguments", "is_said"),
    [(["tests"], True), ([], True), (["tests/core"], False), (["tests/a.py::test_a"], False)],
)
def test_a_run_of_all_tests_says_how_long_it_takes(request, arguments, is_said):
    plugins = request.config.pluginmanager.get_plugins()
    file = str(ROOT / "tests/conftest.py")
    (conftest,) = (it for it in plugins if getattr(it, "__file__", None) == file)
    # Without arguments, pytest fills in the folder of pyproject.toml, or its testpaths.
    config = SimpleNamespace(
        args=arguments or [str(ROOT)], invocation_params=SimpleNamespace(dir=ROOT)
    )
    header = conftest.pytest_report_header(config)
    assert ("two to four minutes are usual on two cores" in (header or "")) == is_said
