"""The examples in the docstrings of the testkit run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import asynciojobs_testkit

MODULES = [
    f"asynciojobs_testkit.{found.name}"
    for found in pkgutil.iter_modules(asynciojobs_testkit.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_all_exported_names_exist():
    for name in asynciojobs_testkit.__all__:
        assert hasattr(asynciojobs_testkit, name)
