"""Shared by the tests of the testkit."""

from __future__ import annotations

import threading

import pytest


@pytest.fixture(autouse=True)
def only_threads_of_the_test(monkeypatch):
    """Hide the threads of other tests and of pytest's plugins: reports would name them."""
    enumerate_all = threading.enumerate
    others = {*enumerate_all()} - {threading.current_thread()}
    monkeypatch.setattr(
        threading, "enumerate", lambda: [it for it in enumerate_all() if it not in others]
    )
