"""`run --report`, `--trace`, `--timeline`: files that are written whatever the end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

import asynciojobs._bridge as bridge
import asynciojobs_graph
from asynciojobs import PureScheduler

METHODS = {
    "--report": "export_as_htmlfile",
    "--trace": "export_as_tracefile",
    "--timeline": "export_as_timeline",
}

BAD = """
    import asyncio
    from asynciojobs import Job, PureScheduler
    async def fail():
        raise OSError("no disk")
    it = PureScheduler(Job(fail, label="bad"))
"""


@pytest.fixture
def plain(monkeypatch):
    """Stand in for the methods: each writes why the run ended."""

    def write(scheduler, path):
        path.write_text(scheduler.why(), encoding="utf-8")

    for method in METHODS.values():
        monkeypatch.setattr(PureScheduler, method, write, raising=False)
        monkeypatch.setattr(asynciojobs_graph, method, write, raising=False)


@pytest.mark.parametrize("option", METHODS)
@pytest.mark.parametrize(
    ("target", "more", "status", "why"),
    [
        ("lab.py", [], 0, "FINE"),
        ("lab.py", ["--timeout", "1.5"], 3, "TIMED OUT after 1.5s"),
        ("bad.py", [], 1, "CRITICAL FAILURE: <Job `bad`> raised OSError:no disk"),
    ],
)
def test_a_file_is_written_whatever_the_end(
    folder, fake_time, plain, option, target, more, status, why
):
    folder.write("bad.py", BAD)
    assert folder.call("run", target, "--quiet", option, "out", *more).status == status
    assert Path("out").read_text("utf-8").startswith(why)


def test_a_file_is_written_after_a_signal_too(folder, fake_time, plain):
    folder.write(
        "ends.py",
        """
        import asyncio, signal
        from asynciojobs import Job, PureScheduler
        async def end():
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(9)
        it = PureScheduler(Job(end))
        """,
    )
    with pytest.raises(SystemExit, match=f"^{128 + signal.SIGTERM}$"):
        folder.call("run", "ends.py", "--report", "out.html")
    assert Path("out.html").read_text("utf-8") == "CANCELLED"


def test_the_real_files_are_written_even_if_the_run_was_given_up(folder, fake_time):
    folder.write(
        "deaf.py",
        """
        import asyncio, signal
        from asynciojobs import Job, PureScheduler
        async def deaf():
            for number in range(9):
                loop = asyncio.get_running_loop()
                loop.call_later(0.5, signal.raise_signal, signal.SIGTERM)
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    pass
        it = PureScheduler(Job(deaf, label="deaf"))
        """,
    )
    files = ["--report", "out.html", "--trace", "out.json", "--timeline", "out.svg"]
    with pytest.raises(SystemExit, match=f"^{128 + signal.SIGTERM}$"):
        folder.call("run", "deaf.py", *files)
    assert [path.read_text("utf-8").count("deaf") > 0 for path in map(Path, files[1::2])] == [
        True
    ] * 3


def test_a_graph_that_can_not_run_has_no_report(folder, told, plain):
    folder.write(
        "cycle.py",
        """
        from asynciojobs import AbstractJob, PureScheduler
        a, b = AbstractJob(), AbstractJob()
        it = PureScheduler(a.requires(b), b.requires(a))
        """,
    )
    assert told("run", "cycle.py", "--report", "out.html", status=4)
    assert not Path("out.html").exists()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("no/out.html", "'no/out.html': there is no folder 'no': make it"),
        ("folder", "'folder' can't be written: name another file"),
    ],
)
@pytest.mark.parametrize("option", METHODS)
def test_a_file_that_can_not_be_written_is_refused_before_the_run(
    folder, told, plain, option, path, error
):
    Path("folder").mkdir()
    assert told("run", "lab.py", option, path) == f"{option} {error}"


def test_without_the_package_it_is_refused_before_the_run(told, monkeypatch):
    monkeypatch.setattr(bridge, "GRAPH_PACKAGE", "asynciojobs_no_graph")
    assert told("run", "lab.py", "--report", "out.html") == (
        "export_as_htmlfile() is in a package that is not installed: "
        f"{bridge.install_command('graph')}"
    )


@pytest.mark.parametrize(("target", "status"), [("lab.py", 2), ("bad.py", 1)])
def test_a_file_that_was_not_written_is_an_error_but_not_the_worst(
    folder, fake_time, plain, monkeypatch, target, status
):
    def write(scheduler, path):
        raise OSError("disk full")

    monkeypatch.setattr(PureScheduler, "export_as_htmlfile", write, raising=False)
    folder.write("bad.py", BAD)
    ended = folder.call("run", target, "--quiet", "--report", "out.html", "--trace", "out.json")
    assert ended.status == status
    assert ended.err.endswith(
        "asynciojobs: --report 'out.html' was not written: OSError:disk full\n"
    )
    assert Path("out.json").exists()
