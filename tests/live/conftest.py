"""A stream that acts like a file, and an environment without settings."""

from __future__ import annotations

import io

import pytest


class File(io.StringIO):
    """A file in some encoding."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self.name_of_encoding = encoding

    @property
    def encoding(self):
        return self.name_of_encoding


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Keep the machine's settings from affecting the tests."""
    for name in ("CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def file():
    return File()
