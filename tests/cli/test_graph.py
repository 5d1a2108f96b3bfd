"""`graph`: text, or a picture, to stdout or to a file."""

from __future__ import annotations

import sys

import pytest

import asynciojobs._bridge as bridge


@pytest.fixture
def fake_dot(folder, monkeypatch):
    """A drawing program that shows what it was asked for."""
    program = folder.path / "fake-dot"
    program.write_text(f"#!{sys.executable} -IS\nimport sys\nprint('drawn', sys.argv[1])")
    program.chmod(0o755)
    monkeypatch.setenv("ASYNCIOJOBS_DOT", str(program))


def test_the_graph_is_dot_by_default_and_on_stdout(folder):
    folder.write("loud.py", "print('loading')\nfrom lab import scheduler")
    ended = folder.spawn("graph", "loud.py")
    assert (ended.status, ended.err) == (0, "loading\n")
    assert ended.out.startswith("digraph asynciojobs {\n")
    assert ended.out.count("measure") == 1


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("lab.dot", b"digraph"),
        ("lab.gv", b"digraph"),
        ("lab.mmd", b"flowchart"),
        ("lab.mermaid", b"flowchart"),
        ("lab.svg", b"drawn -Tsvg"),
        ("lab.png", b"drawn -Tpng"),
    ],
)
def test_the_extension_of_the_file_says_the_format(folder, fake_dot, name, start):
    assert folder.call("graph", "lab.py", "-o", name) == (0, "", "")
    assert (folder.path / name).read_bytes().startswith(start)
    assert [it.name for it in folder.path.glob("lab.*") if it.suffix != ".py"] == [name]


def test_the_format_can_be_said(folder, fake_dot):
    assert folder.call("graph", "lab.py", "--output", "lab.txt", "--format", "png").status == 0
    assert (folder.path / "lab.txt").read_text("utf-8") == "drawn -Tpng\n"


def test_a_picture_may_go_to_stdout(folder, fake_dot):
    ended = folder.spawn("graph", "lab.py", "--format=svg")
    assert ended == (0, "drawn -Tsvg\n", "")


@pytest.mark.parametrize(("depth", "count"), [("0", 0), ("1", 1)])
def test_nested_schedulers_can_stay_closed(folder, depth, count):
    folder.call("graph", "lab.py", "-o", "lab.dot", "--depth", depth)
    assert (folder.path / "lab.dot").read_text("utf-8").count("4: in") == count


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("-o", "lab.gif"),
            (
                "the extension of 'lab.gif' names no format: end it with .gv, .mmd, "
                ".dot, .mermaid, "
                ".svg, .png, or add --format"
            ),
        ),
        (
            ("-o", "no/lab.dot"),
            "'no/lab.dot' can't be written (No such file or directory): name another file",
        ),
        (
            ("--depth", "-1"),
            (
                "argument --depth: must be a number of levels, such as 1, not '-1': see "
                "asynciojobs graph --help"
            ),
        ),
    ],
)
def test_what_can_not_be_drawn_is_refused(folder, told, words, error):
    assert told("graph", "lab.py", *words) == error


def test_a_program_that_fails_is_named(folder, told, monkeypatch):
    monkeypatch.setenv("ASYNCIOJOBS_DOT", "no-such-program")
    assert told("graph", "lab.py", "-o", "lab.svg") == (
        "the environment variable ASYNCIOJOBS_DOT names 'no-such-program', which is not a "
        "program that can be run: correct it, or unset it"
    )
    assert not (folder.path / "lab.svg").exists()


def test_a_png_is_not_for_a_terminal(told, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert told("graph", "lab.py", "--format", "png") == (
        "a png is not for a terminal: name a file with -o FILE.png"
    )


def test_without_the_package_that_draws_its_command_is_told(told, monkeypatch):
    monkeypatch.setattr(bridge, "GRAPH_PACKAGE", "asynciojobs_no_graph")
    assert told("graph", "lab.py") == (
        f"dot_format() is in a package that is not installed: {bridge.install_command('graph')}"
    )


def test_what_is_nested_in_itself_can_not_be_drawn(folder, told):
    folder.write(
        "self.py", "from asynciojobs import *\ns = Scheduler(label='s')\ns.jobs.add(s)"
    )
    assert told("graph", "self.py:s", status=4) == "<Scheduler `s`> is nested in itself"
