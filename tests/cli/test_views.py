"""`run --live`, `--lines`, `--quiet`: what is shown during a run."""

from __future__ import annotations

import contextlib

import pytest

import asynciojobs._bridge as bridge
import asynciojobs_graph


@pytest.fixture
def modes(monkeypatch):
    """Replace `asynciojobs_graph.live()`; return the modes that it was called with."""
    modes = []

    @contextlib.contextmanager
    def live(scheduler, *, mode):
        modes.append(mode)
        yield
        modes.append(scheduler.why())

    monkeypatch.setattr(asynciojobs_graph, "live", live, raising=False)
    return modes


@pytest.fixture
def no_graph(monkeypatch):
    monkeypatch.setattr(bridge, "GRAPH_PACKAGE", "asynciojobs_no_graph")


VERBOSE = "from asynciojobs import *\nit = PureScheduler(PrintJob(1), verbose=True)"


@pytest.mark.parametrize(
    ("words", "mode"),
    [([], "auto"), (["--live"], "terminal"), (["--lines"], "lines")],
)
def test_the_live_view_has_the_mode_of_the_option(folder, fake_time, modes, words, mode):
    ended = folder.call("run", "lab.py", *words)
    assert (modes, ended.err) == ([mode, "FINE"], "")  # the view itself shows the end


def test_lines_are_those_of_the_live_view(folder, fake_time):
    ended = folder.call("run", "lab.py", "--lines")
    assert ended.out == "boot\nmeasure\nin\n"
    assert "2.0 s  ▸ started   inner > in\n" in ended.err
    assert ended.err.endswith("FINE · 3/3 done · 3.0 s\n") or ended.err.count("FINE") == 1


def test_a_failure_is_explained_below_the_live_view(folder, fake_time, modes):
    ended = folder.call("run", "lab.py", "--timeout", "0.5")
    assert ended.err.startswith("===== <Scheduler `lab`>: TIMED OUT after 0.5s")


def test_quiet_has_none(folder, fake_time, modes):
    assert folder.call("run", "lab.py", "--quiet") == (0, "boot\nmeasure\nin\n", "")
    assert modes == []


@pytest.mark.parametrize(("words", "called"), [([], []), (["--lines"], ["lines", "FINE"])])
def test_a_verbose_scheduler_has_one_only_if_asked_to(folder, fake_time, modes, words, called):
    folder.write("verbose.py", VERBOSE)
    assert folder.call("run", "verbose.py", *words).status == 0
    assert modes == called


@pytest.mark.parametrize("words", [[], ["--lines"]])
def test_without_the_package_there_are_plain_lines(folder, fake_time, no_graph, words):
    ended = folder.call("run", "lab.py", *words)
    lines = [line.split(maxsplit=1)[1] for line in ended.err.splitlines()]
    assert (ended.out, lines[-3:-1]) == (
        "boot\nmeasure\nin\n",
        ["done <Job `inner > in`>", "done <Scheduler `inner`>"],
    )
    assert "shutdown" not in ended.err


def test_without_the_package_the_live_view_is_refused(told, no_graph):
    assert told("run", "lab.py", "--live") == (
        f"live() is in a package that is not installed: {bridge.install_command('graph')}"
    )


def test_a_package_that_the_view_needs_is_named(told, monkeypatch):
    @contextlib.contextmanager
    def live(scheduler, *, mode):
        raise ImportError("the live view in a terminal needs rich")
        yield

    monkeypatch.setattr(asynciojobs_graph, "live", live, raising=False)
    assert told("run", "lab.py", "--live") == "the live view in a terminal needs rich"


def test_only_one_way_to_show_it(told):
    assert told("run", "lab.py", "--quiet", "--lines") == (
        "argument --lines: not allowed with argument --quiet: see asynciojobs run --help"
    )
