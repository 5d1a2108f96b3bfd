"""Which program draws, and what happens if that fails."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest

from asynciojobs import AbstractJob, Scheduler, Sequence, __version__
from asynciojobs_graph import DrawingError, MissingProgramError, _programs
from asynciojobs_graph._programs import VARIABLE, draw, drawing_program
from asynciojobs_graph._status import Status

TEXT = Scheduler().dot_format()


def executable(path, text="cat"):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def no_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def no_path(no_variable, monkeypatch, tmp_path):
    """Hide all programs except that of graphviz-pure, which is not looked up on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def no_graphviz_pure(monkeypatch):
    def files(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", files)


# -- which one


def test_the_variable_comes_first(monkeypatch, tmp_path):
    named = executable(tmp_path / "mine")
    monkeypatch.setenv("PATH", executable(tmp_path / "bin" / "dot").removesuffix("/dot"))
    monkeypatch.setenv(VARIABLE, named)
    assert drawing_program() == named


def test_the_variable_may_name_a_command(monkeypatch, tmp_path):
    found = executable(tmp_path / "bin" / "my dot")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv(VARIABLE, "my dot")
    assert drawing_program() == found


def test_the_dot_of_the_system_comes_second(no_variable, monkeypatch, tmp_path):
    found = executable(tmp_path / "bin" / "dot")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert drawing_program() == found


def test_an_empty_variable_is_ignored(monkeypatch, tmp_path):
    found = executable(tmp_path / "bin" / "dot")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv(VARIABLE, "")
    assert drawing_program() == found


def test_the_program_that_pip_installs_comes_third(no_path, graphviz_pure):
    assert drawing_program() == graphviz_pure


def test_the_path_of_the_program_that_pip_installs_is_resolved(graphviz_pure):
    assert graphviz_pure == os.path.realpath(graphviz_pure)


@pytest.mark.parametrize("kind", ["a folder", "no program"])
def test_a_dot_that_is_not_a_program_is_passed_over(
    no_variable, monkeypatch, tmp_path, graphviz_pure, kind
):
    if kind == "a folder":
        (tmp_path / "dot").mkdir()
    else:
        (tmp_path / "dot").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert drawing_program() == graphviz_pure


def test_a_distribution_without_a_list_of_files_has_no_program(no_path, monkeypatch):
    monkeypatch.setattr(metadata, "files", lambda name: None)
    with pytest.raises(MissingProgramError):
        drawing_program()


def test_without_any_program_the_error_names_all_remedies(no_path, no_graphviz_pure):
    with pytest.raises(MissingProgramError) as caught:
        Scheduler().export_as_pngfile("x")
    assert str(caught.value) == (
        "no drawing program was found: install Graphviz (its `dot` has to be on the PATH), "
        f'or `pip install "asynciojobs[dot]=={__version__}"`, or name a program in the '
        "environment variable ASYNCIOJOBS_DOT; dot_format() and mermaid_format() need none"
    )


@pytest.mark.parametrize("name", ["nothing", "a folder", "a text", " ", "-Tsvg", "x; true"])
def test_a_variable_that_names_no_program_is_an_error(monkeypatch, tmp_path, name):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a text").write_text("")
    named = str(tmp_path / name)
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(MissingProgramError) as caught:
        drawing_program()
    assert str(caught.value) == (
        f"the environment variable ASYNCIOJOBS_DOT names {named!r}, which is not a "
        "program that can be run: correct it, or unset it"
    )


# -- how it is run


def test_a_program_gets_a_list_of_arguments_and_the_text_on_stdin(program, monkeypatch):
    calls = []

    def run(arguments, **options):
        calls.append((arguments, options))
        return subprocess.CompletedProcess(arguments, 0, b"picture", b"")

    monkeypatch.setattr(subprocess, "run", run)
    assert draw("é", "svg", seconds=3.0) == b"picture"
    options = {
        "input": "é".encode(),
        "capture_output": True,
        "timeout": 3.0,
        "check": False,
    }
    assert calls == [([program, "-Tsvg"], options)]


def test_a_path_may_have_spaces(script):
    script("cat")
    assert draw(TEXT, "svg") == TEXT.encode()


def failure(**options):
    with pytest.raises(DrawingError) as caught:
        draw(TEXT, "svg", **options)
    error = caught.value
    return str(error), error.program, error.reason, error.stderr


def test_a_program_that_fails_is_quoted(script):
    path = script("echo 'out of ink' >&2; exit 3")
    assert failure() == (
        f"{path} failed (exit status 3): out of ink",
        path,
        "failed (exit status 3)",
        "out of ink\n",
    )


def test_a_program_that_fails_may_say_nothing(script):
    path = script("exit 1")
    assert failure()[0] == f"{path} failed (exit status 1), and said nothing"


def test_a_program_that_draws_nothing_has_failed(script):
    path = script("cat >/dev/null; echo 'no format' >&2")
    assert failure()[:3] == (f"{path} drew nothing: no format", path, "drew nothing")


@pytest.mark.parametrize("name", ["KILL", "SEGV", "TERM"])
def test_a_program_that_is_killed_has_failed(script, name):
    path = script(f"ulimit -c 0; kill -{name} $$")
    number = int(signal.Signals[f"SIG{name}"])
    assert failure()[0] == f"{path} was killed (signal {number}), and said nothing"


def test_a_program_that_takes_too_long_is_ended(script, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    path = script(f"exec cat '{tmp_path}/pipe'")
    assert failure(seconds=0.05)[0] == f"{path} was not finished after 0.05 s, and said nothing"


def test_a_program_with_children_is_not_waited_for(script, tmp_path):
    """After its parent was killed, the child still holds the pipes open."""
    os.mkfifo(tmp_path / "pipe")
    path = script(f"cat '{tmp_path}/pipe' & wait")
    assert failure(seconds=0.05)[0] == f"{path} was not finished after 0.05 s, and said nothing"
    with suppress(OSError):  # the child may not have started
        os.close(os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK))


def test_a_program_may_write_megabytes_to_stderr(script):
    script("cat; head -c 3000000 /dev/zero | tr '\\0' x >&2")
    assert draw(TEXT, "svg") == TEXT.encode()


def test_what_a_program_says_of_a_success_is_logged(script, caplog):
    path = script("cat; echo 'out of cyan,' >&2; echo 'so it is green' >&2")
    assert draw(TEXT, "svg") == TEXT.encode()
    assert logged(caplog) == [f"{path} drew the svg, but said: out of cyan,\nso it is green"]


def logged(caplog):
    assert {record.name for record in caplog.records} <= {"asynciojobs"}
    return [record.getMessage() for record in caplog.records]


def test_a_program_that_says_nothing_is_not_logged(script, caplog):
    script("cat; echo >&2")
    draw(TEXT, "svg")
    assert logged(caplog) == []


def test_the_end_of_what_a_program_says_is_logged(script, caplog):
    path = script("cat; head -c 3000000 /dev/zero | tr '\\0' x >&2; echo end >&2")
    draw(TEXT, "svg")
    assert logged(caplog) == [f"{path} drew the svg, but said: {'x' * 1996}end"]


def test_a_failure_is_not_logged_as_well(script, caplog):
    script("echo 'out of ink' >&2; exit 3")
    failure()
    assert logged(caplog) == []


def test_a_picture_that_was_made_smaller_is_logged(system_dot, monkeypatch, caplog):
    """The bitmaps of cairo have at most 32,767 pixels in each direction."""
    monkeypatch.setenv(VARIABLE, system_dot)
    jobs = [AbstractJob(label="job") for _ in range(400)]
    draw(Scheduler(Sequence(*jobs)).dot_format(), "png")
    (message,) = logged(caplog)
    assert "too large" in message


@pytest.mark.parametrize("label", ["é", "漢字", "😀"])
def test_what_a_program_says_about_the_widths_of_labels_is_not_logged(program, caplog, label):
    """The labels have a width of their own."""
    draw(Scheduler(AbstractJob(label=label), Scheduler(label=label)).dot_format(), "svg")
    assert logged(caplog) == []


# -- signs that graphviz-pure can't draw


@pytest.fixture
def pure(graphviz_pure, monkeypatch):
    """Make graphviz-pure the drawing program."""
    monkeypatch.setenv(VARIABLE, graphviz_pure)


@pytest.mark.parametrize("picture_format", ["png", "jpg", "jpeg"])
def test_signs_that_are_drawn_as_boxes_are_logged(pure, caplog, picture_format):
    scheduler = Scheduler(AbstractJob(label="漢字 é ж ω א"), AbstractJob(label="字😀e\u0301"))
    draw(scheduler.dot_format(), picture_format)
    (message,) = logged(caplog)
    assert message == (
        f"graphviz-pure draws boxes for '漢', '字', '😀' in a {picture_format}: draw an svg, "
        "or install Graphviz, whose `dot` has the fonts of the system"
    )


def test_of_many_signs_only_the_first_are_logged(pure, caplog):
    draw(
        Scheduler(AbstractJob(label="".join(map(chr, range(0x4E00, 0x4E20))))).dot_format(),
        "png",
    )
    assert " '\u4e08', '\u4e09' and 22 more in a png: " in logged(caplog)[0]


@pytest.mark.parametrize("label", ["plain", "é ж ω א → … “x” €", "e\u0301"])
def test_signs_that_the_fonts_have_are_not_logged(pure, caplog, label):
    draw(Scheduler(AbstractJob(label=label)).dot_format(), "png")
    assert logged(caplog) == []


@pytest.mark.parametrize("status", Status)
def test_the_signs_of_a_status_are_drawn_by_all_programs(program, caplog, status):
    look = status.value
    draw(Scheduler(AbstractJob(label=f"{look.sign} {look.word} ↷")).dot_format(), "png")
    assert logged(caplog) == []


def test_an_svg_has_the_signs_of_listings(pure):
    assert "✓ ✗ ▸".encode() in draw(Scheduler(AbstractJob(label="✓ ✗ ▸")).dot_format(), "svg")


def test_the_dot_of_the_system_is_not_asked_for_its_signs(script, caplog):
    script("cat >/dev/null; printf picture")
    assert draw(Scheduler(AbstractJob(label="漢")).dot_format(), "png") == b"picture"
    assert logged(caplog) == []


def test_a_program_that_can_not_tell_its_signs_is_not_blamed(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv(
        VARIABLE, executable(tmp_path / "bin" / "graphviz-pure", "printf picture")
    )
    assert draw(Scheduler(AbstractJob(label="漢")).dot_format(), "png") == b"picture"
    assert logged(caplog) == []


def test_a_message_quotes_the_end_of_stderr(script):
    path = script("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 1")
    message, _, reason, stderr = failure()
    assert (message, reason, len(stderr)) == (
        f"{path} failed (exit status 1): {'x' * 1997}end",
        "failed (exit status 1)",
        3_000_004,
    )


def test_stderr_need_not_be_utf_8(script):
    path = script("printf 'caf\\351' >&2; exit 1")
    assert failure()[0] == f"{path} failed (exit status 1): caf\ufffd"


def test_a_program_need_not_read_its_input(script):
    script("exec <&-; echo drawn")
    assert draw("x" * 1_000_000, "svg") == b"drawn\n"


def test_an_executable_that_can_not_be_run_is_a_failure(script):
    path = script("")
    Path(path).write_bytes(b"\x7fELF, and no more")
    message, _, reason, stderr = failure()
    assert (message, reason) == (f"{path} can't be run: {stderr}", "can't be run")


def test_a_format_that_the_program_does_not_know_is_a_failure(program):
    with pytest.raises(DrawingError, match=r"failed \(exit status \d+\): "):
        draw(TEXT, "nosuch")


def test_importing_does_not_import_graphviz():
    code = "import sys, asynciojobs_graph; print('graphviz' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False\n"


def test_the_variable_has_the_documented_name():
    assert _programs.VARIABLE == "ASYNCIOJOBS_DOT"


def test_an_error_is_the_same_after_pickling():
    # If a worker process sends an error that can't be unpickled, its pool breaks.
    error = DrawingError("/bin/dot", "failed (exit status 3)", "no fonts")
    error.add_note("on node 3")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (DrawingError, str(error), vars(error))
