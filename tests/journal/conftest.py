"""Journals on the disk, and programs that write them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asynciojobs._journal.file import open_journal
from asynciojobs._journal.records import Header, JournalRecord, encode, encode_header

HEADER = Header("0123456789abcdef", "night", "json")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "night.journal"


@pytest.fixture
def records():
    """Three records; in each, another part of its line is large."""
    return [
        JournalRecord("run", time=1.5, run=1),
        JournalRecord("started", ("night", "load"), 2.5, 1),
        JournalRecord("done", ("night", "load"), 3.5, 1, 1.0, {"source": "ab"}, b'["x"]'),
    ]


@pytest.fixture
def lines(records):
    """A whole journal, line by line."""
    return [encode_header(HEADER), *map(encode, records)]


@pytest.fixture
def opening(path):
    """Open journals; they are closed at the end. Each call returns a file and its records."""
    files = []

    def open_one(where=path, **options):
        found = []
        file = open_journal(where, found.append, **options)
        files.append(file)
        return file, found

    yield open_one
    for file in files:
        file.close()


@pytest.fixture
def program():
    """Start a Python program, which is killed at the end of the test."""
    started = []

    def start(code, *args):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
