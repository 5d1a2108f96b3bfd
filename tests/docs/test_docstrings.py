"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import asynciojobs
import asynciojobs_graph

MODULES = [
    name
    for package in (asynciojobs, asynciojobs_graph)
    for name in (
        package.__name__,
        *(
            f"{package.__name__}.{found.name}"
            for found in pkgutil.iter_modules(package.__path__)
        ),
    )
    if name != "asynciojobs.dask"  # it needs another package: tests/engines runs its examples
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def test_there_are_examples():
    assert (
        sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES) > 20
    )
