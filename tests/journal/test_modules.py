"""The names of modules in fingerprints: the same whether a program is run or imported."""

from __future__ import annotations

import importlib.machinery
import sys
import types

import pytest

from asynciojobs._journal.modules import module_name


def spec(name):
    return importlib.machinery.ModuleSpec(name, None)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"__file__": "/home/user/lab.py", "__spec__": None}, "lab"),
        ({"__file__": "/home/user/lab.py", "__spec__": spec("package.lab")}, "package.lab"),
        ({"__file__": "x/__main__.py", "__spec__": spec("package.__main__")}, "package"),
        ({"__spec__": None}, "__main__"),
        ({}, "__main__"),
    ],
)
def test_the_module_that_is_run_has_the_name_under_which_it_is_imported(
    monkeypatch, fields, name
):
    main = types.ModuleType("__main__")
    main.__dict__.update(fields)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert module_name("__main__") == name


def test_other_modules_keep_their_names():
    assert module_name("package.lab") == "package.lab"
