"""Modules that are imported when something of them is first used."""

from __future__ import annotations

import pytest

from asynciojobs._dag import edits
from asynciojobs._lazy import OnDemand


def test_a_module_is_imported_when_something_of_it_is_used(monkeypatch):
    imported = []

    def import_module(name, package):
        imported.append(f"{package}{name}")
        return edits

    monkeypatch.setattr("asynciojobs._lazy.import_module", import_module)
    module = OnDemand("_dag.edits")
    assert imported == []
    assert module.sanitize is edits.sanitize
    assert imported == ["asynciojobs._dag.edits"]


def test_what_a_test_puts_into_the_module_is_found(monkeypatch):
    module = OnDemand("_dag.edits")
    assert module.sanitize is edits.sanitize
    monkeypatch.setattr(edits, "sanitize", "replaced")
    assert module.sanitize == "replaced"


def test_a_name_that_the_module_does_not_have_is_an_error():
    with pytest.raises(
        AttributeError, match=r"^module 'asynciojobs\._dag\.edits' has no attribute 'tidy'$"
    ):
        _ = OnDemand("_dag.edits").tidy
