"""The command line as a whole: help, errors, a closed stdout, and its cost."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from asynciojobs import __version__

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [[], ["check"], ["list"], ["graph"], ["plan"], ["run"], ["journal", "show"], ["what-if"]],
)
def test_each_command_has_help_with_examples(folder, capsys, command):
    with pytest.raises(SystemExit, match="^0$"):
        folder.call(*command, "--help")
    out = capsys.readouterr().out
    name = " ".join(["asynciojobs", *command])
    assert out.startswith(f"usage: {name} ")
    assert f"  {name}" in out.partition("examples:\n")[2]


def test_help_says_the_exit_statuses_and_how_to_complete(folder, capsys):
    with pytest.raises(SystemExit):
        folder.call("--help")
    out = capsys.readouterr().out
    assert "exit status:\n  0 fine; 1 a critical job raised; 2 wrong usage" in out
    assert '  complete -f -W "check list graph plan run' in out


def test_the_version_is_that_of_the_package(folder, capsys):
    with pytest.raises(SystemExit, match="^0$"):
        folder.call("--version")
    assert capsys.readouterr().out == f"asynciojobs {__version__}\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "the following arguments are required: COMMAND: see asynciojobs --help"),
        (["run"], "the following arguments are required: TARGET: see asynciojobs run --help"),
        (
            ["run", "lab.py", "--time", "3"],
            "unrecognized arguments: --time 3: see asynciojobs --help",
        ),
    ],
)
def test_wrong_usage_is_one_line(told, words, error):
    assert told(*words) == error


def test_the_console_script_is_the_module(monkeypatch, capsys):
    project = tomllib.loads(
        (ROOT / "packages/asynciojobs-core/pyproject.toml").read_text("utf-8")
    )
    module, _, name = project["project"]["scripts"]["asynciojobs"].partition(":")
    monkeypatch.setattr(sys, "argv", ["/bin/asynciojobs", "check", "no.py"])
    monkeypatch.setattr(sys, "path", ["/bin", *sys.path])
    assert getattr(importlib.import_module(module), name)() == 2
    assert "/bin" not in sys.path[:1]
    assert capsys.readouterr().err.startswith("asynciojobs: there is no file 'no.py'")


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("command", ["list", "graph"])
def test_output_that_nobody_reads_ends_the_command_quietly(folder, command, buffered):
    program = folder.start(command, "lab.py", PYTHONUNBUFFERED=buffered)
    program.stdout.close()
    with program:
        assert program.stderr.read() == ""
    assert program.returncode == 0


def test_stdout_may_be_closed(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert folder.call("check", "lab.py")[::2] == (0, "")


def test_nothing_else_is_imported_for_help():
    program = "import sys, asynciojobs._cli.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"asynciojobs_graph", "asynciojobs_testkit"}
