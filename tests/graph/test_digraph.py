"""`graph()`: an object of the graphviz package, which users may change and draw."""

from __future__ import annotations

import sys

import graphviz
import pytest

from asynciojobs import (
    AbstractJob,
    MissingGraphPackageError,
    PureScheduler,
    Scheduler,
    __version__,
)
from asynciojobs_graph import MissingProgramError


@pytest.fixture
def scheduler():
    a = AbstractJob(label='a "b" \\N')
    return PureScheduler(a, Scheduler(AbstractJob(label="漢"), label="in", required=a))


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """Hide the dot of the system."""
    monkeypatch.delenv("ASYNCIOJOBS_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_graph_is_a_digraph(scheduler):
    assert isinstance(scheduler.graph(), graphviz.Digraph)


@pytest.mark.parametrize(
    "options", [{}, {"depth": 0}, {"status": True}, {"rankdir": "TB"}], ids=str
)
def test_its_source_is_the_dot_format(scheduler, options):
    assert scheduler.graph(**options).source == scheduler.dot_format(**options)


def test_the_source_of_an_empty_graph_is_the_dot_format():
    assert PureScheduler().graph().source == PureScheduler().dot_format()


def test_what_is_added_comes_last(scheduler):
    graph = scheduler.graph()
    graph.node("more", label="something else")
    graph.edge("1", "more")
    body = scheduler.dot_format().removesuffix("}\n")
    assert graph.source == f'{body}\tmore [label="something else"]\n\t1 -> more\n}}\n'


def test_what_is_added_is_drawn(scheduler, drawn, program):
    graph = scheduler.graph()
    graph.edge("1", "more")
    read = type(drawn(scheduler))
    svg = read(graph.pipe(format="svg"))
    assert (svg.boxes["more"].texts, ("1", "more") in svg.edges()) == (["more"], True)


def test_default_attributes_can_be_changed(scheduler, drawn):
    """They are attributes of the object, so no line of the body overrides them."""
    graph = scheduler.graph()
    graph.graph_attr["rankdir"] = "TB"
    graph.node_attr.update(shape="hexagon", fontsize="30")
    read = type(drawn(scheduler))
    svg = read(graph.pipe(format="svg"))
    assert svg.boxes["1"].area.bottom < svg.boxes["3"].area.top


def test_a_changed_graph_does_not_affect_the_next_one(scheduler):
    graph = scheduler.graph()
    graph.graph_attr["rankdir"] = "TB"
    graph.node_attr.clear()
    graph.body.clear()
    assert scheduler.graph().source == scheduler.dot_format()


def test_a_copy_is_a_graph_of_its_own(scheduler):
    graph = scheduler.graph()
    copy = graph.copy()
    copy.node("more")
    assert (type(copy), graph.source) == (type(graph), scheduler.dot_format())


def test_a_graph_can_be_part_of_another_one(scheduler):
    whole = graphviz.Digraph()
    whole.subgraph(scheduler.graph())
    assert '"1" [label=' in whole.source


def test_a_picture_needs_no_dot_of_the_system(scheduler, no_dot):
    svg = scheduler.graph().pipe(format="svg")
    assert (svg[:5], type(svg)) == (b"<?xml", bytes)


def test_a_picture_can_be_returned_as_text(scheduler, no_dot):
    assert "漢" in scheduler.graph().pipe(format="svg", encoding="utf-8")


def test_a_notebook_needs_no_dot_of_the_system(scheduler, no_dot):
    bundle = scheduler.graph()._repr_mimebundle_()
    assert [(kind, data[:5]) for kind, data in bundle.items()] == [("image/svg+xml", "<?xml")]


def test_the_default_format_is_one_that_all_programs_have(scheduler, no_dot):
    assert scheduler.graph().pipe()[:5] == b"<?xml"


def test_pipe_uses_the_format_of_the_graph(scheduler, no_dot):
    graph = scheduler.graph()
    graph.format = "png"
    assert graph.pipe()[:4] == b"\x89PNG"


@pytest.mark.parametrize("options", [{"engine": "neato"}, {"renderer": "cairo"}], ids=str)
def test_options_that_only_graphviz_has_are_left_to_graphviz(scheduler, no_dot, options):
    with pytest.raises(graphviz.ExecutableNotFound):
        scheduler.graph().pipe(format="png", **options)


def test_a_missing_program_is_an_error_only_when_the_graph_is_drawn(scheduler, monkeypatch):
    monkeypatch.setenv("ASYNCIOJOBS_DOT", "/nowhere/dot")
    graph = scheduler.graph()
    with pytest.raises(MissingProgramError, match=r"^the environment variable "):
        graph.pipe(format="svg")


# -- a notebook without a drawing program

MERMAID = "text/vnd.mermaid"


@pytest.fixture
def nothing_draws(monkeypatch):
    monkeypatch.setenv("ASYNCIOJOBS_DOT", "/nowhere/dot")


@pytest.mark.parametrize(
    "options", [{}, {"depth": 0, "status": True, "rankdir": "TB"}], ids=str
)
def test_a_notebook_where_nothing_draws_shows_mermaid(
    scheduler, nothing_draws, caplog, options
):
    bundle = scheduler.graph(**options)._repr_mimebundle_()
    assert bundle == {MERMAID: scheduler.mermaid_format(**options)}
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({"include": ["image/png"]}, []),
        ({"include": ["image/svg+xml", MERMAID]}, [MERMAID]),
        ({"exclude": [MERMAID]}, []),
    ],
    ids=str,
)
def test_a_notebook_gets_the_kinds_that_it_asks_for(scheduler, nothing_draws, options, kinds):
    assert list(scheduler.graph()._repr_mimebundle_(**options)) == kinds


def test_a_copy_is_shown_as_mermaid_too(scheduler, nothing_draws):
    assert MERMAID in scheduler.graph().copy()._repr_mimebundle_()


def test_a_program_that_fails_is_logged(scheduler, script, caplog):
    path = script("echo 'out of ink' >&2; exit 3")
    graph = scheduler.graph()
    for shown in (graph._repr_mimebundle_(), scheduler._repr_mimebundle_()):
        assert MERMAID in shown
    message = f"shown as Mermaid, since {path} failed (exit status 3): out of ink"
    assert caplog.messages == [message, message]


def test_a_graph_of_the_user_is_not_shown_as_mermaid(scheduler, nothing_draws):
    """It is of our class, but has no scheduler."""
    with pytest.raises(MissingProgramError):
        type(scheduler.graph())("mine")._repr_mimebundle_()


# -- without the package graphviz


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.delitem(sys.modules, "asynciojobs_graph._schedulergraph", raising=False)
    monkeypatch.setitem(sys.modules, "graphviz", None)


def test_without_the_package_graph_says_how_to_install_it(no_graphviz):
    with pytest.raises(MissingGraphPackageError) as caught:
        PureScheduler().graph()
    error = caught.value
    assert str(error) == (
        "graph() needs the Python package graphviz, which is not installed: "
        f'pip install "asynciojobs[graph]=={__version__}"'
    )
    assert isinstance(error, ImportError)
    assert (error.name, error.__suppress_context__) == ("graphviz", True)


def test_without_the_package_everything_else_works(no_graphviz, program, tmp_path):
    scheduler = Scheduler(AbstractJob(), label="s")
    assert scheduler.dot_format().startswith("digraph")
    scheduler.export_as_dotfile(tmp_path / "a.dot")
    scheduler.export_as_pngfile(tmp_path / "b")
    scheduler.export_as_svgfile(tmp_path / "c")
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("import not_there", ModuleNotFoundError, r"^No module named 'not_there'$"),
        ("from json import nothing", ImportError, r"^cannot import name 'nothing' from 'json'"),
        ("", AttributeError, r"^module 'graphviz' has no attribute 'Digraph'$"),
    ],
)
def test_an_error_inside_of_the_package_passes_through(
    no_graphviz, monkeypatch, tmp_path, text, kind, message
):
    (tmp_path / "graphviz.py").write_text(text)
    monkeypatch.delitem(sys.modules, "graphviz")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(kind, match=message) as caught:
        PureScheduler().graph()
    assert type(caught.value) is kind
