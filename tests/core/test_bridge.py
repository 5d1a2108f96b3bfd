"""Drawing without asynciojobs-graph: one error, with the pip command."""

from __future__ import annotations

import sys
import types

import pytest

from asynciojobs import AbstractJob, MissingGraphPackageError, PureScheduler, Scheduler
from asynciojobs.version import __version__

CALLS = {
    "dot_format": lambda: PureScheduler().dot_format(),
    "mermaid_format": lambda: PureScheduler().mermaid_format(),
    "graph": lambda: PureScheduler().graph(),
    "export_as_dotfile": lambda: PureScheduler().export_as_dotfile("x.dot"),
    "export_as_graphic": lambda: PureScheduler().export_as_graphic("x", "png"),
    "export_as_timeline": lambda: PureScheduler().export_as_timeline("x"),
    "export_as_htmlfile": lambda: PureScheduler().export_as_htmlfile("x"),
    "export_as_tracefile": lambda: PureScheduler().export_as_tracefile("x"),
    "dot_style": lambda: AbstractJob().dot_style(),
    "dot_cluster_name": lambda: Scheduler().dot_cluster_name(),
}
BY_SUFFIX = {
    "png": lambda: PureScheduler().export_as_pngfile("x"),
    "svg": lambda: PureScheduler().export_as_svgfile("x"),
}


@pytest.fixture
def core_only(monkeypatch):
    """Hide asynciojobs-graph, as if it were not installed."""
    monkeypatch.setitem(sys.modules, "asynciojobs_graph", None)


@pytest.fixture
def fake_package(monkeypatch):
    """Replace asynciojobs-graph by an empty module, and return the module."""
    module = types.ModuleType("asynciojobs_graph")
    monkeypatch.setitem(sys.modules, "asynciojobs_graph", module)
    return module


@pytest.fixture
def package_with(monkeypatch, tmp_path):
    """Return a function that replaces asynciojobs_graph by a module with a given text."""

    def write(text):
        (tmp_path / "asynciojobs_graph.py").write_text(text)
        monkeypatch.delitem(sys.modules, "asynciojobs_graph", raising=False)
        monkeypatch.syspath_prepend(tmp_path)

    return write


@pytest.mark.parametrize("name", CALLS)
def test_without_the_package_a_drawing_method_says_how_to_install_it(core_only, name):
    with pytest.raises(MissingGraphPackageError) as caught:
        CALLS[name]()
    assert str(caught.value) == (
        f"{name}() is in a package that is not installed: "
        f'pip install "asynciojobs[graph]=={__version__}"'
    )


@pytest.mark.parametrize("suffix", BY_SUFFIX)
def test_without_the_package_a_shortcut_says_how_to_install_it(core_only, suffix):
    with pytest.raises(MissingGraphPackageError) as caught:
        BY_SUFFIX[suffix]()
    assert str(caught.value) == (
        "export_as_graphic() is in a package that is not installed: "
        f'pip install "asynciojobs[graph]=={__version__}"'
    )


def test_the_error_names_the_module_like_any_import_error(core_only):
    with pytest.raises(ImportError) as caught:
        PureScheduler().dot_format()
    assert caught.value.name == "asynciojobs_graph"


def test_the_error_hides_its_cause(core_only):
    with pytest.raises(ImportError) as caught:
        PureScheduler().dot_format()
    assert caught.value.__suppress_context__ is True


def test_nothing_is_written_without_the_package(core_only, tmp_path):
    with pytest.raises(ImportError):
        PureScheduler().export_as_dotfile(tmp_path / "x.dot")
    assert list(tmp_path.iterdir()) == []


def test_a_package_without_the_function_is_reported_as_another_version(fake_package):
    with pytest.raises(MissingGraphPackageError) as caught:
        PureScheduler().dot_format()
    assert str(caught.value) == (
        "the installed asynciojobs-graph has no dot_format(), but the one of the same "
        f'version has: pip install "asynciojobs[graph]=={__version__}"'
    )


def test_an_import_error_inside_of_the_package_passes_through(package_with):
    package_with("import a_module_that_is_not_there\n")
    with pytest.raises(
        ModuleNotFoundError, match=r"^No module named 'a_module_that_is_not_there'$"
    ) as caught:
        PureScheduler().dot_format()
    assert type(caught.value) is ModuleNotFoundError


def test_an_import_error_of_a_name_inside_of_the_package_passes_through(package_with):
    package_with("from json import a_name_that_is_not_there\n")
    with pytest.raises(
        ImportError, match=r"^cannot import name 'a_name_that_is_not_there' from 'json' \(.*\)$"
    ) as caught:
        PureScheduler().dot_format()
    assert type(caught.value) is ImportError


def test_an_import_error_while_drawing_passes_through(fake_package):
    def graph(scheduler, **options):
        raise ImportError("no graphviz")

    fake_package.graph = graph
    with pytest.raises(ImportError, match=r"^no graphviz$") as caught:
        PureScheduler().graph()
    assert type(caught.value) is ImportError


@pytest.fixture
def recorded_calls(fake_package):
    """Make each function of the package record its arguments, and return its name."""
    calls = []
    for name in CALLS:

        def function(*args, name=name, **options):
            calls.append((name, *args, options))
            return name

        setattr(fake_package, name, function)
    return calls


DEFAULTS = {"status": False, "depth": None, "rankdir": "LR"}
OPTIONS = [DEFAULTS, {"status": True, "depth": 3, "rankdir": "TB"}]
DRAWINGS = {
    "dot_format": ((), ("dot_format",)),
    "mermaid_format": ((), ("mermaid_format",)),
    "graph": ((), ("graph",)),
    "export_as_dotfile": (("x.dot",), ("export_as_dotfile", "x.dot")),
    "export_as_graphic": (("x", "pdf"), ("export_as_graphic", "x", "pdf")),
    "export_as_pngfile": (("x",), ("export_as_graphic", "x", "png")),
    "export_as_svgfile": (("x",), ("export_as_graphic", "x", "svg")),
}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("method", DRAWINGS)
def test_a_drawing_method_passes_its_arguments_on(recorded_calls, method, options):
    scheduler = Scheduler()
    args, (name, *passed) = DRAWINGS[method]
    assert getattr(scheduler, method)(*args, **options) == name
    assert recorded_calls == [(name, scheduler, *passed, options)]


@pytest.mark.parametrize("method", DRAWINGS)
def test_by_default_all_levels_are_opened_and_no_status_is_shown(recorded_calls, method):
    args, _ = DRAWINGS[method]
    getattr(Scheduler(), method)(*args)
    assert recorded_calls[0][-1] == DEFAULTS


@pytest.mark.parametrize("method", ["dot_style", "dot_cluster_name"])
def test_a_method_for_styles_passes_the_job_on(recorded_calls, method):
    scheduler = Scheduler()
    assert getattr(scheduler, method)() == method
    assert recorded_calls == [(method, scheduler, {})]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("export_as_timeline", {"depth": 2}),
        ("export_as_htmlfile", {}),
        ("export_as_tracefile", {}),
    ],
)
def test_a_method_that_shows_the_last_run_passes_its_arguments_on(
    recorded_calls, method, options
):
    scheduler = Scheduler()
    assert getattr(scheduler, method)("x", **options) == method
    assert recorded_calls == [(method, scheduler, "x", options)]


# -- in a notebook


def test_without_the_package_a_notebook_shows_text(core_only):
    scheduler = Scheduler(label="x")
    assert scheduler._repr_mimebundle_() == {"text/plain": repr(scheduler)}


def test_a_notebook_shows_what_the_package_returns(fake_package):
    calls = []

    def mime_bundle(*args, **options):
        calls.append((args, options))
        return {"image/svg+xml": "<svg/>"}

    fake_package.mime_bundle = mime_bundle
    scheduler = Scheduler()
    bundle = scheduler._repr_mimebundle_(include={"image/svg+xml"}, exclude=())
    assert (bundle, calls) == (
        {"image/svg+xml": "<svg/>"},
        [((scheduler,), {"include": {"image/svg+xml"}, "exclude": ()})],
    )


def test_an_import_error_inside_of_the_package_reaches_a_notebook(package_with):
    package_with("import a_module_that_is_not_there\n")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'a_module_that_is_not"):
        Scheduler()._repr_mimebundle_()


def test_without_the_package_a_notebook_shows_a_timeline_as_text(core_only):
    scheduler = Scheduler(label="x")
    scheduler.run()
    timeline = scheduler.timeline()
    assert timeline._repr_mimebundle_() == {"text/plain": str(timeline)}


def test_a_notebook_shows_the_timeline_that_the_package_draws(fake_package):
    calls = []

    def timeline_bundle(*args, **options):
        calls.append((args, options))
        return {"image/svg+xml": "<svg/>"}

    fake_package.timeline_bundle = timeline_bundle
    scheduler = Scheduler()
    scheduler.run()
    timeline = scheduler.timeline()
    assert timeline._repr_mimebundle_(include={"a"}, exclude=()) == {"image/svg+xml": "<svg/>"}
    assert calls == [((timeline,), {"include": {"a"}, "exclude": ()})]
