"""Real programs, in each loop that programs use; a test must leave nothing of them behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import shutil
import time
import uuid
from pathlib import Path

import pytest

from asynciojobs import use_loop_factory
from asynciojobs._commands import pipes

PROC = Path("/proc")
MARK = "ASYNCIOJOBS_TEST"


def plain():
    return asyncio.SelectorEventLoop()


def debugging():
    loop = plain()
    loop.set_debug(True)
    return loop


def eager():
    loop = plain()
    loop.set_task_factory(asyncio.eager_task_factory)
    return loop


def uvloop():
    return pytest.importorskip("uvloop").new_event_loop()


@pytest.fixture(scope="session", autouse=True)
def once_uvloop():
    """Let the first loop of uvloop open the pipe that it never closes."""
    with contextlib.suppress(ImportError):
        importlib.import_module("uvloop").new_event_loop().close()


LOOPS = [plain, debugging, uvloop, *([eager] if hasattr(asyncio, "eager_task_factory") else [])]


@pytest.fixture(params=LOOPS, ids=lambda make: make.__name__)
def every_loop(request):
    """Each kind of loop. It must not log anything."""
    yield from silent(request.param)


@pytest.fixture(params=LOOPS, ids=lambda make: make.__name__)
def make_loop(request):
    """A function that makes a loop, of each kind. It may log what it likes."""
    return request.param


@pytest.fixture(params=[*LOOPS, "by_threads"], ids=lambda it: getattr(it, "__name__", it))
def every_way(request):
    """Each kind of loop, and threads that wait for the pipes, as on Windows."""
    if request.param == "by_threads":
        request.getfixturevalue("by_threads")
        yield from silent(plain)
    else:
        yield from silent(request.param)


def silent(make_loop):
    """Use a kind of loop, which must not log anything."""
    logged = []

    def make():
        loop = make_loop()
        loop.set_exception_handler(lambda _, context: logged.append(context))
        return loop

    with use_loop_factory(make):
        yield make
    assert logged == []


@pytest.fixture
def without_pidfd(monkeypatch):
    """A thread waits for the end of a program, as on macOS."""
    monkeypatch.delattr(os, "pidfd_open", raising=False)


@pytest.fixture
def by_threads(monkeypatch, without_pidfd):
    """Threads wait for the pipes and for the end of programs, as on Windows."""
    monkeypatch.setattr(pipes, "CAN_WATCH_PIPES", False)


def read(path):
    try:
        return path.read_bytes()
    except OSError:  # it is gone, or belongs to someone else
        return b""


class Processes:
    """The processes that a test started, directly or not."""

    def __init__(self, mark):
        self.mark = f"{MARK}={mark}".encode()

    def alive(self):
        """Return the numbers of the processes that a program of this test has started."""
        found = {
            int(it.parent.name) for it in PROC.glob("[0-9]*/environ") if self.mark in read(it)
        }
        return found - {os.getpid()}

    def children(self):
        """Return the children of this process that nobody has waited for."""
        stats = (read(it).rpartition(b")")[2].split() for it in PROC.glob("[0-9]*/stat"))
        return sum(int(stat[1]) == os.getpid() for stat in stats if stat)

    def files(self):
        """Return how many files are open in this process."""
        return len(list(PROC.glob("self/fd/*")))


@pytest.fixture(autouse=True)
def processes(monkeypatch):
    """Check that a test leaves no process, no zombie and no open file behind."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    processes = Processes(mark)
    before = processes.children(), processes.files()
    yield processes
    gc.collect()
    assert processes.alive() == set()
    deadline = time.monotonic() + 60  # threads may still close their pipes
    while processes.files() > before[1] and time.monotonic() < deadline:
        pass
    assert (processes.children(), processes.files()) == before


@pytest.fixture
def logged(caplog):
    """Return a function that returns what was logged, by level."""

    def lines(level="WARNING"):
        return [
            record.getMessage()
            for record in caplog.records
            if record.name == "asynciojobs" and record.levelname == level
        ]

    caplog.set_level("INFO", "asynciojobs")
    return lines


@pytest.fixture
def sleeper(tmp_path):
    """A program with a name that no other process has."""
    path = tmp_path / f"sleep-{uuid.uuid4().hex[:8]}"
    path.symlink_to(shutil.which("sleep"))
    return str(path)
