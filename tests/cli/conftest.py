"""The command line with scripts in a separate folder, mostly in this very process."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from asynciojobs._cli.main import main

SOURCES = os.pathsep.join(
    str(Path(__import__(name).__file__).parents[1])
    for name in ("asynciojobs", "asynciojobs_graph", "asynciojobs_testkit")
)

LAB = """
    import asyncio
    from asynciojobs import Job, PureScheduler, Scheduler

    async def work(name):
        print(name)
        await asyncio.sleep(1)

    boot = Job(work, "boot", label="boot")
    measure = Job(work("measure"), label="measure", required=boot)
    inner = Scheduler(Job(work("in"), label="in"), label="inner", required=measure)
    scheduler = Scheduler(boot, measure, inner, label="lab")

    if __name__ == "__main__":
        scheduler.run()
"""
"""Three jobs in a row; two of them have coroutines that must be closed if they don't run."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class Folder:
    """A folder with scripts, and the command line in it."""

    def __init__(self, path, capsys):
        self.path = path
        self._capsys = capsys

    def write(self, name, text):
        """Write a file; return its name."""
        file = self.path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(dedent(text), encoding="utf-8")
        return name

    def call(self, *words):
        """Run a command in this process."""
        self._capsys.readouterr()
        try:
            status = main(list(map(str, words)))
        finally:
            self.forget_modules()
        gc.collect()  # a coroutine that was never awaited would warn now
        return Ended(int(status), *self._capsys.readouterr())

    def forget_modules(self):
        """Forget modules imported from this folder, as if each command were a new program."""
        for name, module in [*sys.modules.items()]:
            if str(getattr(module, "__file__", "")).startswith(f"{self.path}{os.sep}"):
                del sys.modules[name]

    def start(self, *words, **environment):
        """Start a command as a separate program."""
        return subprocess.Popen(
            [sys.executable, "-m", "asynciojobs", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=self.path,
            env={
                **os.environ,
                "PYTHONPATH": SOURCES,
                "PYTHONIOENCODING": "utf-8",
                **environment,
            },
        )

    def spawn(self, *words, **environment):
        """Run a command as a separate program, to its end."""
        with self.start(*words, **environment) as program:
            out, err = program.communicate(timeout=100)
        return Ended(program.returncode, out, err)


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    """A folder with `lab.py`. Changes that a command makes in this process are undone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "lab", raising=False)  # one of other tests
    cache = dict(sys.path_importer_cache)
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    folder = Folder(tmp_path, capsys)
    folder.write("lab.py", LAB)
    yield folder
    assert [signal.getsignal(it) for it in (signal.SIGTERM, signal.SIGINT)] == handlers
    for entry in sys.path_importer_cache.keys() - cache.keys():
        del sys.path_importer_cache[entry]


@pytest.fixture
def told(folder):
    """Return the only line of a command that must fail, without our name."""

    def told(*words, status=2):
        ended = folder.call(*words)
        assert (ended.status, ended.out) == (status, "")
        assert ended.err.startswith("asynciojobs: ")
        assert ended.err.count("\n") == 1
        return ended.err.removeprefix("asynciojobs: ").rstrip("\n")

    return told
