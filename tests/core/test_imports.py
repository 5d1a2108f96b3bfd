"""What is imported: nothing but the standard library, and modules of the core only upwards."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import asynciojobs
from asynciojobs import AbstractJob, PureScheduler

PACKAGE = Path(asynciojobs.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))

LOADED = """
import json, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import asynciojobs
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def tree_of(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))


def imported_from(module):
    """Return the modules of the package that a module imports, for type checkers too."""
    found = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [name.name for name in node.names]
            found.update(names)
    return found


@pytest.fixture(scope="module")
def loaded():
    """Return the modules that `import asynciojobs` loads in a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(PACKAGE.parent)],
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_importing_loads_nothing_outside_of_the_standard_library(loaded):
    # `orderedset` is used where it is installed, in an environment of its own; Cython
    # adds modules of its own to what it compiles.
    ours = {*sys.stdlib_module_names, "asynciojobs", "orderedset", "cython_runtime"}
    found = {name.partition(".")[0] for name in loaded}
    assert {n for n in found - ours if not n.startswith("_cython_")} == set()


@pytest.mark.parametrize(
    "slow",
    [
        "importlib.metadata",
        "asynciojobs_graph",
        "graphviz",
        "dataclasses",
        "concurrent.futures.process",
        "concurrent.futures.thread",
        "multiprocessing",
        "pickle",
    ],
)
def test_importing_does_not_load_what_is_slow_or_optional(loaded, slow):
    assert slow not in loaded


def test_importing_writes_nothing():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADED, str(PACKAGE.parent)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_the_modules_import_each_other_upwards_only():
    jobs = {module: AbstractJob(label=module) for module in MODULES}
    for module, job in jobs.items():
        job.requires(jobs[name] for name in imported_from(module))
    order = list(PureScheduler(*jobs.values()).topological_order())
    assert len(order) == len(MODULES)


def test_the_package_itself_is_imported_by_none_of_its_modules():
    importing = [module for module in MODULES if "__init__" in imported_from(module)]
    assert importing == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_names_its_own_package_relatively(module):
    absolute = [
        ast.unparse(node)
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Import | ast.ImportFrom) and "asynciojobs" in ast.unparse(node)
    ]
    assert absolute == []


@pytest.mark.parametrize("module", MODULES)
def test_no_function_has_an_import(module):
    inside = [
        ast.unparse(node)
        for function in ast.walk(tree_of(module))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_only_the_bridge_imports_on_demand():
    lazy = {
        module
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Name | ast.Attribute)
        and ast.unparse(node).split(".")[-1] in ("import_module", "__import__")
    }
    assert lazy == {"_bridge"}
