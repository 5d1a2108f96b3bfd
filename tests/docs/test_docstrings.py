"""The examples in docstrings run, and each public function, class and method has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import pytest

import asynciojobs
import asynciojobs_graph
import asynciojobs_testkit
from asynciojobs_testkit import plugin

PACKAGES = (asynciojobs, asynciojobs_graph, asynciojobs_testkit)

ELSEWHERE = {
    "asynciojobs.__main__",  # it runs the command line
    "asynciojobs.dask",  # it needs another package: tests/engines runs its examples
    "asynciojobs_graph._live.terminal",  # it needs rich, and has no examples
    "asynciojobs_testkit._pyodide",
}
"""Modules that can't be imported here."""

MODULES = sorted(
    {package.__name__ for package in PACKAGES}
    | {
        found.name
        for package in PACKAGES
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if found.name not in ELSEWHERE
    }
)

LIKE_SET = "it does what the method of `set` does; tests/core/test_bestset.py compares them"
FIXTURE = "pytest calls it; the README of the testkit shows it"
PROTOCOL = "the example of the class defines it"
ENGINE = "the engine calls it"

NO_EXAMPLE = {
    "asynciojobs.engine.Engine.fetch": PROTOCOL,
    "asynciojobs.engine.Engine.start": PROTOCOL,
    "asynciojobs.timeline.bottleneck_of": "PureScheduler.bottleneck() shows it",
    "asynciojobs.timeline.timeline_of": "PureScheduler.timeline() shows it",
    "asynciojobs_testkit.crash_at.write": ENGINE,
    **dict.fromkeys(
        (
            f"asynciojobs.Journal.{name}"
            for name in ("begin_session", "check_fits", "leave", "views", "write_header")
        ),
        ENGINE,
    ),
    **dict.fromkeys(
        (
            f"asynciojobs.BestSet.{name}"
            for name in vars(asynciojobs.BestSet)
            if hasattr(set, name) and not name.startswith("_")
        ),
        LIKE_SET,
    ),
    **dict.fromkeys((f"asynciojobs_testkit.plugin.{it}" for it in plugin.__all__), FIXTURE),
}
"""Public names without an example, each with the reason.

Exceptions and properties need none: the examples are at the methods that raise them, and at the
classes that have them.
"""


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name, fake_time, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    if module in PACKAGES:
        for public in module.__all__:
            getattr(module, public)  # some are imported on demand
    assert doctest.testmod(module).failed == 0


# -- everything has an example


def public_modules() -> Iterator[ModuleType]:
    """Yield the modules that users import from: for the core, more than the package itself."""
    yield from PACKAGES
    yield plugin
    for found in pkgutil.iter_modules(asynciojobs.__path__, "asynciojobs."):
        if not found.name.startswith("asynciojobs._") and found.name not in ELSEWHERE:
            yield importlib.import_module(found.name)


@cache
def public_things() -> dict[str, object]:
    """Return the public functions, classes and methods by their paths."""
    found: dict[str, object] = {}
    seen: list[object] = []
    for module in public_modules():
        for name in module.__all__:
            value = getattr(module, name)
            is_shown = inspect.isclass(value) or inspect.isroutine(value) or module is plugin
            if is_shown and not any(value is it for it in seen) and not is_exception(value):
                seen.append(value)
                found[f"{module.__name__}.{name}"] = value
                found |= methods_of(value, f"{module.__name__}.{name}")
    return found


def is_exception(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


def methods_of(value: object, path: str) -> dict[str, object]:
    """Return the public methods that a class itself defines, by their paths."""
    if not inspect.isclass(value):
        return {}
    return {
        f"{path}.{name}": getattr(value, name)
        for name, found in vars(value).items()
        if not name.startswith("_")
        and (inspect.isfunction(found) or isinstance(found, staticmethod | classmethod))
    }


def has_example(path: str) -> bool:
    """Return whether a docstring has an example. For a method, it may be at a base class."""
    value = public_things()[path]
    owner = public_things().get(path.rpartition(".")[0])
    shown = [value]
    if inspect.isclass(owner):
        name = path.rpartition(".")[2]
        shown = [vars(base)[name] for base in owner.__mro__ if name in vars(base)]
    return any(">>>" in (inspect.getdoc(it) or "") for it in shown)


@pytest.mark.parametrize("path", public_things())
def test_what_is_public_has_an_example_or_a_reason_to_have_none(path):
    assert has_example(path) or path in NO_EXAMPLE, (
        f"{path} has no example: end its docstring with `Example:` and a few lines that begin "
        "with `>>>`, or give NO_EXAMPLE of tests/docs/test_docstrings.py the reason why it has "
        "none"
    )


@pytest.mark.parametrize("path", NO_EXAMPLE)
def test_a_reason_to_have_no_example_is_needed(path):
    assert path in public_things(), f"{path} is gone: remove it from NO_EXAMPLE"
    assert not has_example(path), f"{path} has an example now: remove it from NO_EXAMPLE"
