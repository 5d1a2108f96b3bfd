"""Imports: only the standard library, and modules import only from lower floors."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import asynciojobs
import asynciojobs_testkit
from asynciojobs import AbstractJob, PureScheduler

PACKAGE = Path(asynciojobs.__file__).parent
FLOORS = 10
"""How many floors the modules of the core may have at most."""

COMMAND_LINE = ("asynciojobs.__main__", "asynciojobs._cli")
"""The program on top of the library. It is not counted: no module of the library imports it,
and it uses all of them, so it only adds its own few floors to the highest one."""

LOADED = """
import json, sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2:] == ["after asyncio"]:
    import asyncio
before = set(sys.modules)
import asynciojobs
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_of(package):
    """Return the modules of a package, in all its folders: the path of each, by its name."""
    folder = Path(package.__file__).parent
    names = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        names[".".join(parts).removesuffix(".__init__")] = path
    return names


CORE = modules_of(asynciojobs)
EVERY = {**CORE, **modules_of(asynciojobs_testkit)}
if importlib.util.find_spec("asynciojobs_graph"):  # the core is tested without it, too
    EVERY |= modules_of(importlib.import_module("asynciojobs_graph"))


def tree_of(module):
    return ast.parse(EVERY[module].read_text("utf-8"))


def imported_from(module):
    """Return the modules of our packages that a module imports, for type checkers too."""
    found = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom):
            source = source_of(module, node)
            for name in node.names:
                inner = f"{source}.{name.name}"
                found.add(inner if inner in EVERY else source)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return found & EVERY.keys()


def source_of(module, node):
    """Return the full name of the module that a ``from … import`` takes names from."""
    if not node.level:
        return node.module
    is_package = EVERY[module].name == "__init__.py"
    parts = module.split(".")
    above = parts[: len(parts) + is_package - node.level]
    return ".".join([*above, *filter(None, [node.module])])


def is_of_command_line(module):
    return f"{module}.".startswith(tuple(f"{name}." for name in COMMAND_LINE))


def floors():
    """Return the floor of each module of the core: one above the highest module it imports."""
    found = {}
    jobs = {module: AbstractJob(label=module) for module in CORE}
    for module, job in jobs.items():
        job.requires(jobs[name] for name in imported_from(module))
    for job in PureScheduler(*jobs.values()).topological_order():
        found[job] = 1 + max((found[below] for below in job.required), default=0)
    return {job.label: floor for job, floor in found.items()}


@pytest.fixture(scope="module")
def loaded():
    """Return the modules that `import asynciojobs` loads in a new interpreter.

    Modules that `import asyncio` loads alone don't count: from Python 3.14 on, that loads
    `dataclasses`.
    """
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(PACKAGE.parent), "after asyncio"],
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_importing_loads_nothing_outside_of_the_standard_library(loaded):
    # If `orderedset` is installed, it is used, in a separate environment; Cython adds
    # modules of its own to what it compiles.
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
        "asynciojobs._badge",
        "asynciojobs._bridge",
        "asynciojobs._dag.digraph",
        "asynciojobs._errors",
        "asynciojobs._events",
        "asynciojobs._dag.edits",
        "asynciojobs._dag.outline",
        "asynciojobs._dag.queries",
        "asynciojobs._feedback",
        "asynciojobs._identity",
        "asynciojobs._journal",
        "asynciojobs._options",
        "asynciojobs._report",
        "asynciojobs._signals",
        "asynciojobs._run.inspect",
        "asynciojobs.calljob",
        "asynciojobs.commandjob",
        "asynciojobs.printjob",
        "asynciojobs.sequence",
        "asynciojobs.timeline",
        "asynciojobs._logevents",
        "asynciojobs._cli.main",
        "argparse",
    ],
)
def test_importing_does_not_load_what_is_slow_or_optional(loaded, slow):
    assert slow not in loaded


@pytest.mark.parametrize("module", ["calljob", "journal", "printjob", "sequence", "timeline"])
def test_public_modules_are_attributes_of_the_package(module):
    program = "import asynciojobs, sys; print(getattr(asynciojobs, sys.argv[1]).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program, module],
        capture_output=True,
        check=True,
        cwd=PACKAGE.parent,
        text=True,
    )
    assert done.stdout == f"asynciojobs.{module}\n"


def test_importing_writes_nothing():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADED, str(PACKAGE.parent)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_the_modules_of_all_folders_are_looked_at():
    wings = {module.split(".")[1] for module in CORE if module.count(".") > 1}
    assert wings == {"_calls", "_cli", "_commands", "_dag", "_journal", "_run", "_timeline"}


def test_imports_within_a_folder_are_found():
    assert imported_from("asynciojobs._run.shutdown") >= {
        "asynciojobs._log",
        "asynciojobs._dag.jobset",
        "asynciojobs._run.waiting",
    }


def test_the_modules_of_the_three_packages_import_each_other_upwards_only():
    jobs = {module: AbstractJob(label=module) for module in EVERY}
    for module, job in jobs.items():
        job.requires(jobs[name] for name in imported_from(module))
    order = list(PureScheduler(*jobs.values()).topological_order())
    assert len(order) == len(EVERY)


def test_the_core_has_few_floors():
    assert max(n for module, n in floors().items() if not is_of_command_line(module)) <= FLOORS


def test_the_command_line_has_few_floors_of_its_own():
    assert max(floors().values()) <= FLOORS + 6


def test_only_the_command_line_imports_the_command_line():
    importing = {
        module for module in EVERY if any(map(is_of_command_line, imported_from(module)))
    }
    assert all(map(is_of_command_line, importing))


def test_the_core_imports_neither_of_the_other_packages():
    others = {name for module in CORE for name in imported_from(module)} - CORE.keys()
    assert others == set()


def test_the_package_itself_is_imported_by_none_of_its_modules():
    importing = [module for module in CORE if "asynciojobs" in imported_from(module)]
    assert importing == []


@pytest.mark.parametrize("module", CORE)
def test_a_module_names_its_own_package_relatively(module):
    absolute = [
        ast.unparse(node)
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Import | ast.ImportFrom) and "asynciojobs" in ast.unparse(node)
    ]
    assert absolute == []


@pytest.mark.parametrize("module", CORE)
def test_no_function_has_an_import(module):
    inside = [
        ast.unparse(node)
        for function in ast.walk(tree_of(module))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_only_the_package_and_the_bridge_import_on_demand():
    """Besides the command line, which imports the user's module."""
    lazy = {
        module
        for module in CORE
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Name | ast.Attribute)
        and ast.unparse(node).split(".")[-1]
        in ("import_module", "_import_module", "__import__")
    }
    assert lazy == {
        "asynciojobs",
        "asynciojobs._bridge",
        "asynciojobs._cli.target",
        "asynciojobs._lazy",
    }


def test_what_is_imported_on_demand_exists():
    named = {
        f"asynciojobs.{node.args[0].value}"
        for module in CORE
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "OnDemand"
    }
    assert named > {"asynciojobs._report", "asynciojobs._dag.edits"}
    assert named - CORE.keys() == set()
