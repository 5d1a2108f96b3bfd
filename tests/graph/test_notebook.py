"""What a notebook shows if a cell ends with a scheduler; a real kernel runs the cells."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient, which runs notebooks, is missing")
pytest.importorskip("ipykernel", reason="ipykernel, which runs cells, is missing")

from nbformat import v4  # noqa: E402 - it comes with nbclient

PLAIN = "text/plain"
SVG = "image/svg+xml"
MERMAID = "text/vnd.mermaid"

CELLS = {
    "before the run": """
        from asynciojobs import Job, Scheduler, Sequence

        async def nothing():
            pass

        scheduler = Scheduler(
            Sequence(Job(nothing, label="<one>"), Job(nothing, label="two")), label="all"
        )
        scheduler
    """,
    "after the run": """
        fine = await scheduler.co_run()
        scheduler
    """,
    "a timeline": """
        scheduler.timeline()
    """,
    "without a program": """
        import os

        os.environ["ASYNCIOJOBS_DOT"] = "/no/such/program"
        scheduler
    """,
    "a graph without a program": """
        scheduler.graph(rankdir="TB")
    """,
    "as Mermaid": """
        from IPython.display import display

        display(Scheduler(Job(nothing, label="one")), include=["text/vnd.mermaid"])
    """,
    "without a picture": """
        class Plain(Scheduler):
            def __repr__(self):
                return "plain"

        get_ipython().display_formatter.active_types = ["text/plain"]
        Plain()
    """,
}


class Output(NamedTuple):
    """The output of a cell."""

    kinds: list[str]
    data: dict[str, str]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, graphviz_pure):
    """Return the output of each cell; one kernel runs them all."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        # no settings of the user, and no warning of jupyter_core that its folders will move
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
            patch.setenv(name, str(folder / name))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
        patch.setenv("ASYNCIOJOBS_DOT", graphviz_pure)
        sources = map(dedented, CELLS.values())
        notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
        client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3")
        # If a kernel on a loaded machine is killed sooner, it writes no coverage.
        client.create_kernel_manager().shutdown_wait_time = 120
        client.execute()
    return dict(zip(CELLS, map(output_of, notebook.cells), strict=True))


def dedented(source):
    lines = source.strip("\n").splitlines()
    return "\n".join(line.removeprefix(" " * 8) for line in lines)


def output_of(cell):
    (output,) = cell.outputs
    assert output.output_type in ("execute_result", "display_data")
    return Output(sorted(output.data), output.data)


def texts_of(svg):
    return [
        text.text
        for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_a_scheduler_is_shown_as_a_picture(outputs):
    output = outputs["before the run"]
    assert output.kinds == [SVG, PLAIN]
    assert texts_of(output.data[SVG]) == ["1: <one>", "2: two"]
    assert "<Scheduler `all`>" in output.data[PLAIN]


def test_after_a_run_the_picture_shows_the_status_of_the_jobs(outputs):
    output = outputs["after the run"]
    assert output.kinds == [SVG, PLAIN]
    words = [text.partition(",")[0] for text in texts_of(output.data[SVG])]
    assert words == ["1: <one>", "✓ done", "2: two", "✓ done"]


def test_without_a_drawing_program_a_scheduler_is_shown_as_mermaid(outputs):
    output = outputs["without a program"]
    assert output.kinds == [PLAIN, MERMAID]
    assert output.data[MERMAID].startswith('flowchart LR\n  j1("1: #lt;one#gt;\n✓ done')


def test_without_a_drawing_program_a_graph_is_shown_as_mermaid(outputs):
    output = outputs["a graph without a program"]
    assert output.kinds == [PLAIN, MERMAID]
    assert output.data[MERMAID].startswith('flowchart TB\n  j1("1: #lt;one#gt;")\n')


def test_mermaid_is_shown_on_request(outputs):
    output = outputs["as Mermaid"]
    assert output.kinds == [MERMAID]
    assert output.data[MERMAID].startswith('flowchart LR\n  j1("1: one")')


def test_a_shell_without_pictures_shows_text(outputs):
    assert outputs["without a picture"].data == {PLAIN: "plain"}


def test_a_timeline_is_shown_as_a_picture(outputs):
    output = outputs["a timeline"]
    assert output.kinds == [SVG, PLAIN]
    assert [text for text in texts_of(output.data[SVG]) if text in ("<one>", "two")] == [
        "<one>",
        "two",
    ]
    assert output.data[PLAIN].startswith("<Scheduler `all`> began ")
