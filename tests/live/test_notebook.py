"""`live()` in a notebook: a display handle of its own, which a real kernel updates."""

from __future__ import annotations

import asyncio
import textwrap

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient, which runs notebooks, is missing")
pytest.importorskip("ipykernel", reason="ipykernel, which runs cells, is missing")

from nbformat import v4  # noqa: E402 - it comes with nbclient

from asynciojobs import Job, PureScheduler  # noqa: E402
from asynciojobs_graph import _programs, liveview  # noqa: E402
from asynciojobs_graph._live.modes import Mode  # noqa: E402
from asynciojobs_graph._live.notebook import NotebookDisplay  # noqa: E402

CELL = """
import os
from asynciojobs import Job, Scheduler

{setting}
async def nothing():
    pass

scheduler = Scheduler(Job(nothing, label="<one>"), Job(nothing, label="two"), label="all")
fine = await scheduler.co_run(live=True)
"""


def output_of(tmp_path, monkeypatch, setting):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    cell = v4.new_code_cell(textwrap.dedent(CELL).format(setting=setting))
    notebook = v4.new_notebook(cells=[cell])
    client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3")
    # If a kernel on a loaded machine is killed sooner, it writes no coverage.
    client.create_kernel_manager().shutdown_wait_time = 120
    client.execute()
    (output,) = notebook.cells[0].outputs
    return output.data


def test_the_picture_and_the_counts(tmp_path, monkeypatch):
    program = _programs._program_of_graphviz_pure()
    assert program is not None, 'pip install "asynciojobs[dot]"'
    monkeypatch.setenv("ASYNCIOJOBS_DOT", program)
    data = output_of(tmp_path, monkeypatch, "")
    assert data["text/plain"].startswith("FINE · 2/2 done · ")
    assert data["text/html"].startswith("<p><code>FINE · 2/2 done · ")
    assert "✓ done" in data["text/html"]
    assert 'px; overflow: auto"><svg' in data["text/html"]
    assert "1: &lt;one&gt;" in data["text/html"]


def test_without_a_drawing_program_there_are_counts(tmp_path, monkeypatch):
    setting = 'os.environ["ASYNCIOJOBS_DOT"] = "/no/such/program"'
    data = output_of(tmp_path, monkeypatch, setting)
    assert data["text/html"].startswith("<p><code>FINE · 2/2 done · ")
    assert "svg" not in data["text/html"]


class Handle:
    """What IPython's `display()` returns, with what was shown."""

    def __init__(self, bundle):
        self.bundles = [bundle]

    def update(self, bundle, *, raw):
        assert raw
        self.bundles.append(bundle)


def test_the_display_is_updated_and_keeps_its_height(fake_time, monkeypatch):
    handles = []

    def display(bundle, *, raw, display_id):
        assert raw
        assert display_id
        handles.append(Handle(bundle))
        return handles[-1]

    scheduler = PureScheduler(Job(asyncio.sleep, 3, label="one"))
    program = _programs._program_of_graphviz_pure()
    monkeypatch.setenv("ASYNCIOJOBS_DOT", program)
    view = liveview.View(scheduler, NotebookDisplay(scheduler, display))
    with view:
        scheduler.run()
    (handle,) = handles
    assert handle.bundles[0]["text/plain"].startswith("0/1 done · ")
    assert handle.bundles[-1]["text/plain"] == "FINE · 1/1 done · 3.0 s"
    pages = [bundle["text/html"] for bundle in handle.bundles]
    heights = {page.partition("height: ")[2].partition("px")[0] for page in pages}
    assert len(heights) == 1
    assert ["✓ done" in page for page in pages][-2:] == [False, True]


def test_a_notebook_is_found(monkeypatch):
    class Shell:
        kernel = None

    class IPython:
        @staticmethod
        def get_ipython():
            return Shell()

    monkeypatch.setitem(liveview.sys.modules, "IPython", IPython)
    assert liveview.chosen_mode("auto", None, {}) is Mode.NOTEBOOK
