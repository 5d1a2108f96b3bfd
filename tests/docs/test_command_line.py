"""The commands print what docs/command-line.md shows."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from asynciojobs._cli.main import main
from asynciojobs_graph import liveview

PAGE = Path(__file__).parents[2] / "docs/command-line.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder; changes that the commands make in this process are undone."""
    monkeypatch.chdir(tmp_path)
    # If drawing takes long, on a busy machine, the live view draws less often.
    monkeypatch.setattr(liveview, "perf_counter", lambda: 0.0)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "lab", raising=False)  # another one, of other tests
    yield tmp_path
    sys.path_importer_cache.pop(str(tmp_path), None)


def forget_modules():
    """Forget modules imported from this folder, as if each command were a new program."""
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", "")).startswith(str(Path.cwd())):
            del sys.modules[name]


def session(commands):
    """Yield the lines of a terminal in which the commands are given."""
    status = 0
    for command in commands:
        yield f"$ {command}\n"
        if command == "echo $?":
            yield f"{status}\n"
            continue
        words = shlex.split(command)
        assert words.pop(0) == "asynciojobs"
        terminal = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(terminal):
            status = int(main(words))
        forget_modules()
        yield terminal.buffer.getvalue().decode()


def test_the_sessions_are_as_shown(folder, fake_time):
    for language, text in BLOCK.findall(PAGE.read_text("utf-8")):
        if language == "python":
            name = re.match(r"# (\w+\.py)\n", text)[1]
            (folder / name).write_text(text, encoding="utf-8")
            continue
        commands = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        shown = "".join(session(commands))
        assert shown == text


def test_the_page_has_what_each_command_can_do(capsys):
    page = PAGE.read_text("utf-8")
    for command in (
        [],
        ["check"],
        ["list"],
        ["graph"],
        ["plan"],
        ["run"],
        ["journal", "show"],
        ["journal", "forget"],
        ["what-if"],
    ):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
        options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
        options -= {"--help", "--version", "--lines", "--hosts", "--output"}
        assert [option for option in sorted(options) if option not in page] == []
