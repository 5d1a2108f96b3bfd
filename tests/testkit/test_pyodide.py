"""Pyodide has no sockets, and so no `FakeClock`; the rest of the testkit works there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asynciojobs import _pyodide
from asynciojobs_testkit import FakeClock

NO_SOCKETS = (
    "FakeClock can't work in Pyodide, since its event loop needs sockets: run tests that use "
    "it in another Python. FakeJob, Timeline and the shapes work in Pyodide too"
)

# It is too late to change the platform where the packages are imported already.
IN_PYODIDE = """
import asyncio, sys
sys.platform = "emscripten"
import asynciojobs_testkit
"""


def said_in_pyodide(code):
    """Return what a program prints where Python says that it runs in Pyodide."""
    done = subprocess.run(
        [sys.executable, "-c", IN_PYODIDE + code], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def refusal_in_pyodide(code):
    """Return the error of a line of code there."""
    lines = ["try:", f"    {code}", "except Exception as error:", "    print(repr(error))"]
    return said_in_pyodide("\n".join(lines))


def test_importing_the_clock_says_that_it_needs_sockets():
    code = "from asynciojobs_testkit import FakeClock"
    assert refusal_in_pyodide(code) == repr(ImportError(NO_SOCKETS))


def test_a_clock_can_not_be_made(monkeypatch):
    monkeypatch.setattr(_pyodide, "IN_PYODIDE", True)
    with pytest.raises(RuntimeError) as refusal:
        FakeClock()
    assert str(refusal.value) == NO_SOCKETS


def test_everything_but_the_clock_can_be_imported():
    code = "from asynciojobs_testkit import *; print(FakeJob, 'FakeClock' in globals())"
    assert said_in_pyodide(code) == "<class 'asynciojobs_testkit.jobs.FakeJob'> False"


def test_the_plugin_can_be_imported():
    assert said_in_pyodide("import asynciojobs_testkit.plugin") == ""


def test_another_name_is_missing_as_in_any_module():
    error = AttributeError("module 'asynciojobs_testkit' has no attribute 'FakeTime'")
    assert refusal_in_pyodide("asynciojobs_testkit.FakeTime") == repr(error)
