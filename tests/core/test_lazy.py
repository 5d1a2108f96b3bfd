"""Modules that are imported when something of them is first used."""

from __future__ import annotations

import sys

import pytest

from asynciojobs._lazy import OnDemand


def test_a_module_is_imported_when_something_of_it_is_used(monkeypatch):
    name = "asynciojobs._dag.edits"
    monkeypatch.delitem(sys.modules, name, raising=False)
    edits = OnDemand("_dag.edits")
    assert name not in sys.modules
    assert edits.sanitize is sys.modules[name].sanitize


def test_what_a_test_puts_into_the_module_is_found(monkeypatch):
    edits = OnDemand("_dag.edits")
    assert callable(edits.sanitize)
    monkeypatch.setattr("asynciojobs._dag.edits.sanitize", "replaced")
    assert edits.sanitize == "replaced"


def test_a_name_that_the_module_does_not_have_is_an_error():
    with pytest.raises(
        AttributeError, match=r"^module 'asynciojobs\._dag\.edits' has no attribute 'tidy'$"
    ):
        _ = OnDemand("_dag.edits").tidy
