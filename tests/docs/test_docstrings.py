"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import asynciojobs

MODULES = [
    "asynciojobs",
    *(f"asynciojobs.{found.name}" for found in pkgutil.iter_modules(asynciojobs.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def test_there_are_examples():
    assert (
        sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES) > 20
    )
