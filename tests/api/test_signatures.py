"""The public names and their signatures: all of them, so every change of the API shows here.

`docs/reference.md` says what they do.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import asynciojobs
import asynciojobs_graph
import asynciojobs_testkit
from asynciojobs import (
    AbstractJob,
    CallJob,
    CommandJob,
    CommandResult,
    CycleError,
    EventKind,
    Job,
    JobEvent,
    PrintJob,
    PureScheduler,
    Scheduler,
    Sequence,
)
from asynciojobs.engine import Engine

CLASSES = {
    "asynciojobs.purescheduler.PureScheduler": (
        "(*jobs_or_sequences, jobs_window=None, timeout=None, shutdown_timeout=1, "
        "keep_going=False, watch=None, verbose=False)"
    ),
    "asynciojobs.scheduler.Scheduler": (
        "(*jobs_or_sequences, jobs_window=None, timeout=None, shutdown_timeout=1, "
        "keep_going=False, watch=None, verbose=False, **kwds)"
    ),
    "asynciojobs.job.AbstractJob": (
        "(*, forever=False, critical=True, label=None, required=None, scheduler=None, "
        "limits=None, timeout=None, key=None, journaled=True, version=None)"
    ),
    "asynciojobs.job.Job": "(corun, *args, coshutdown=None, **kwds)",
    "asynciojobs.calljob.CallJob": (
        "(function, /, *args, kwargs=None, executor=None, **job_options)"
    ),
    "asynciojobs.commandjob.CommandJob": (
        "(*argv, input=None, cwd=None, env=None, check=True, text=True, keep=1048576, "
        "on_line=None, grace=5.0, stdout=None, stderr=None, **job_options)"
    ),
    "asynciojobs.journal.Journal": (
        "(path, *, resume=None, codec=None, sync=True, inline=1048576)"
    ),
    "asynciojobs.limit.Limit": "(slots, label=None)",
    "asynciojobs.sequence.Sequence": ("(*sequences_or_jobs, required=None, scheduler=None)"),
    "asynciojobs.printjob.PrintJob": (
        "(*messages, sleep=None, banner=None, scheduler=None, label=None, required=None, "
        "key=None, journaled=True, version=None)"
    ),
    "asynciojobs.watch.Watch": ("(message=None, *, show_elapsed=True, show_wall_clock=False)"),
}

PURE_SCHEDULER = {
    "add": "(self, job, *, upstream=False)",
    "bottleneck": "(self)",
    "bypass_and_remove": "(self, job)",
    "check_cycles": "(self)",
    "co_run": "async (self, *, resume=False, journal=None, live=False)",
    "co_shutdown": "async (self)",
    "debrief": "(self, details=False, silence_done_jobs=False)",
    "dot_format": "(self, *, status=False, depth=None, rankdir='LR')",
    "entry_jobs": "(self)",
    "exit_jobs": "(self, *, discard_forever=True, compute_backlinks=True)",
    "export_as_dotfile": "(self, filename, *, status=False, depth=None, rankdir='LR')",
    "export_as_graphic": "(self, filename, suffix, *, status=False, depth=None, rankdir='LR')",
    "export_as_htmlfile": "(self, filename)",
    "export_as_pngfile": "(self, filename, *, status=False, depth=None, rankdir='LR')",
    "export_as_svgfile": "(self, filename, *, status=False, depth=None, rankdir='LR')",
    "export_as_timeline": "(self, filename, *, depth=None)",
    "export_as_tracefile": "(self, filename)",
    "failed_critical": "(self)",
    "failed_time_out": "(self)",
    "failures": "(self)",
    "graph": "(self, *, status=False, depth=None, rankdir='LR')",
    "iterate_jobs": "(self, scan_schedulers=False)",
    "keep_only": "(self, remains)",
    "keep_only_between": (
        "(self, *, starts=None, ends=None, keep_starts=True, keep_ends=True)"
    ),
    "list": "(self, details=False, silence_done_jobs=False)",
    "list_safe": "(self, silence_done_jobs=False)",
    "orchestrate": "(self, *args, loop_factory=None, stop_on=None, **kwds)",
    "plan": "(self, *, resume=False)",
    "predecessors": "(self, *starts)",
    "predecessors_upstream": "(self, *starts)",
    "remove": "(self, job)",
    "run": "(self, *args, loop_factory=None, stop_on=None, **kwds)",
    "sanitize": "(self, verbose=None)",
    "shutdown": "(self, *, loop_factory=None, stop_on=None)",
    "stats": "(self)",
    "stop": "(self, reason='stopped')",
    "successors": "(self, *starts, compute_backlinks=True)",
    "successors_downstream": "(self, *starts, compute_backlinks=True)",
    "timeline": "(self)",
    "topological_order": "(self)",
    "update": "(self, jobs, *, upstream=False)",
    "was_stopped": "(self)",
    "why": "(self)",
}

ABSTRACT_JOB = {
    "cancel": "(self, msg=None)",
    "co_run": "async (self)",
    "co_shutdown": "async (self)",
    "details": "(self)",
    "dot_style": "(self)",
    "graph_label": "(self)",
    "is_critical": "(self)",
    "is_done": "(self)",
    "is_idle": "(self)",
    "is_running": "(self)",
    "is_scheduled": "(self)",
    "is_skipped": "(self)",
    "raised_exception": "(self)",
    "repr_id": "(self)",
    "repr_main": "(self)",
    "repr_requires": "(self)",
    "repr_result": "(self)",
    "repr_short": "(self)",
    "requires": "(self, *requirements, remove=False)",
    "result": "(self)",
    "skipped_by": "(self)",
    "standalone_run": "(self, *, loop_factory=None, stop_on=None)",
    "text_label": "(self)",
}

METHODS = {
    PureScheduler: {
        **PURE_SCHEDULER,
        "mermaid_format": "(self, *, status=False, depth=None, rankdir='LR')",
        "observe": "(self, callback)",
        "close_idle_jobs": "(self)",
        "close_all_jobs": "(self)",
        "duration": "(self)",
        "repr_main": "(self)",
        "shutdown_failures": "(self)",
    },
    AbstractJob: {
        **ABSTRACT_JOB,
        "duration": "(self)",
    },
    Scheduler: {
        **PURE_SCHEDULER,
        **ABSTRACT_JOB,
        "co_run": PURE_SCHEDULER["co_run"],
        "dot_cluster_name": "(self)",
        "mermaid_format": "(self, *, status=False, depth=None, rankdir='LR')",
        "observe": "(self, callback)",
        "close_idle_jobs": "(self)",
        "close_all_jobs": "(self)",
        "duration": "(self)",
        "shutdown_failures": "(self)",
    },
    Job: {
        **ABSTRACT_JOB,
        "close": "(self)",
        "duration": "(self)",
    },
    CallJob: {
        **ABSTRACT_JOB,
        "duration": "(self)",
        "fetch": "async (self)",
    },
    CommandJob: {
        **ABSTRACT_JOB,
        "duration": "(self)",
        "hide": "static (text)",
    },
    CommandResult: {
        "handed_on": "(self)",
    },
    Engine: {
        "fetch": "async (self, handle)",
        "start": "async (self, function, args, kwargs)",
    },
    PrintJob: {
        **ABSTRACT_JOB,
        "duration": "(self)",
    },
    Sequence: {
        "append": "(self, *sequences_or_jobs)",
        "requires": "(self, *requirements)",
        "close_idle_jobs": "(self)",
    },
    asynciojobs.Limit: {},
    asynciojobs.Watch: {
        "elapsed": "(self)",
        "print_elapsed": "(self, suffix='  ')",
        "print_wall_clock": "static (suffix=' ')",
        "reset": "(self)",
        "seconds": "(self)",
    },
    asynciojobs.Observation: {
        "close": "(self)",
    },
    asynciojobs.Timeline: {
        "full": "(self)",
        "longest": "(self, n=5)",
    },
    asynciojobs.Bottleneck: {
        "count": "(self, value)",
        "index": "(self, value, start=0, stop=None)",
    },
    asynciojobs.Link: {},
    asynciojobs.Span: {},
}

FUNCTIONS = {
    "asynciojobs.log_events": "(scheduler, level=20)",
    "asynciojobs.set_debug": "(flag)",
    # how schedulers make them
    "asynciojobs.timeline.bottleneck_of": "(job_set, times)",
    "asynciojobs.timeline.timeline_of": "(job_set, times)",
    "asynciojobs.use_loop_factory": "(factory)",
    # how fake commands are connected to CommandJob
    "asynciojobs.commandjob.use_commands": "(start)",
    # how a fake clock is connected to watches
    "asynciojobs.watch.use_clocks": "(monotonic, wall=None)",
}

PUBLIC_MODULES = {
    "asynciojobs.bestset": ["BestSet", "InsertionSet"],
    "asynciojobs.calljob": ["CallJob"],
    "asynciojobs.commandjob": ["CommandJob", "use_commands"],
    "asynciojobs.engine": ["Engine"],
    "asynciojobs.job": ["AbstractJob", "Job"],
    "asynciojobs.journal": ["Journal", "JournalPlan"],
    "asynciojobs.limit": ["Limit"],
    "asynciojobs.printjob": ["PrintJob"],
    "asynciojobs.purescheduler": ["PureScheduler"],
    "asynciojobs.scheduler": ["Scheduler"],
    "asynciojobs.sequence": ["Schedulable", "Sequence"],
    "asynciojobs.timeline": ["Timeline", "bottleneck_of", "timeline_of"],
    "asynciojobs.version": ["__version__"],
    "asynciojobs.watch": ["Watch", "use_clocks"],
}

TOP = [
    "AbstractJob",
    "BestSet",
    "Job",
    "PrintJob",
    "PureScheduler",
    "Schedulable",
    "Scheduler",
    "Sequence",
    "Watch",
    "__version__",
    "AlreadyRunningError",
    "ArgumentNotDoneError",
    "ArgumentRequirementError",
    "Bottleneck",
    "BrokenPoolError",
    "CallJob",
    "CommandFailed",
    "CommandJob",
    "CommandResult",
    "ConsumedError",
    "CycleError",
    "DuplicateKeyError",
    "EventKind",
    "JobEvent",
    "Journal",
    "JournalError",
    "Limit",
    "LimitError",
    "Link",
    "LinkKind",
    "MissingDaskPackageError",
    "MissingGraphPackageError",
    "MissingRequirementError",
    "NotPicklableError",
    "Observation",
    "Outcome",
    "RequirementError",
    "RequirementFailed",
    "Span",
    "Timeline",
    "Wait",
    "log_events",
    "set_debug",
    "use_loop_factory",
]

ATTRIBUTES = {
    PureScheduler: {
        "ended_at": None,
        "jobs": 0,
        "jobs_window": None,
        "keep_going": False,
        "started_at": None,
        "timeout": None,
        "shutdown_timeout": 1,
        "watch": None,
        "verbose": False,
    },
    AbstractJob: {
        "critical": True,
        "ended_at": None,
        "forever": False,
        "label": None,
        "required": 0,
        "started_at": None,
    },
    Sequence: {"jobs": 0, "scheduler": None},
}
"""The attributes of a new object; 0 stands for an empty collection."""

PACKAGE = Path(asynciojobs.__file__).parent
# `dask` needs another package; tests/engines tests it.
STEMS = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.stem not in ("__init__", "dask")
)
PRIVATE = [stem for stem in STEMS if stem.startswith("_")]


def named(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def signature_of(function, owner=None):
    """Return the signature without types, and what kind of function it is."""
    signature = inspect.signature(function)
    bare = signature.replace(
        parameters=[
            parameter.replace(annotation=inspect.Parameter.empty)
            for parameter in signature.parameters.values()
        ],
        return_annotation=inspect.Signature.empty,
    )
    text = str(bare)
    static = inspect.getattr_static(owner, function.__name__, None) if owner else None
    if isinstance(static, staticmethod):
        return f"static {text}"
    return f"async {text}" if inspect.iscoroutinefunction(function) else text


def methods_of(owner):
    """Return the public methods, inherited ones included."""
    return {
        name: member
        for name, member in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_")
    }


def module_of(stem):
    return importlib.import_module(f"asynciojobs.{stem}")


def defined_in(stem):
    """Return the names that a module's source assigns at its top level."""
    names = set()
    path = PACKAGE.joinpath(*stem.split(".")).with_suffix(".py")
    for top in ast.parse(path.read_text("utf-8")).body:
        inner = ast.walk(top) if isinstance(top, ast.If | ast.Try) else [top]
        for node in inner:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign):
                names.update(
                    name.id
                    for target in node.targets
                    for name in ast.walk(target)
                    if isinstance(name, ast.Name)
                )
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
    return names


def taken_from(stem):
    """Return the names that other modules of the package import from a module."""
    return {
        name.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level and source_of(path, node) == stem
        for name in node.names
    }


def source_of(path, node):
    """Return the module that a relative import takes names from."""
    folder = path.relative_to(PACKAGE).parent.parts
    above = folder[: len(folder) - (node.level - 1)]
    return ".".join([*above, *filter(None, [node.module])])


def check_names(found, listed, table):
    """Check that a table of this file lists all public names, and no others."""
    new = sorted({*found} - {*listed})
    assert not new, (
        f"{', '.join(new)} is public, and not in {table} of tests/api/test_signatures.py: "
        "add it there, or let its name begin with an underscore. CONTRIBUTING.md, 'When you "
        "add a public name', says what else to do"
    )
    gone = sorted({*listed} - {*found})
    assert not gone, (
        f"{', '.join(gone)} is in {table} of tests/api/test_signatures.py, and no longer "
        "public: programs of users may need it. If that is meant, remove it there, and say so "
        "in CHANGELOG.md"
    )
    assert sorted(found) == sorted(listed)  # no name twice


def table_of(owner):
    """Return the name of the entry that lists the methods of a class."""
    methods = METHODS[owner]
    if owner is PureScheduler or owner is Scheduler:
        return f"METHODS[{owner.__name__}] or PURE_SCHEDULER"
    return f"METHODS[{owner.__name__}]" + (" or ABSTRACT_JOB" if "co_run" in methods else "")


# -- signatures


@pytest.mark.parametrize("path", CLASSES)
def test_a_class_is_made_with_its_parameters(path):
    assert signature_of(named(path)) == CLASSES[path]


@pytest.mark.parametrize(
    ("owner", "method"),
    [(owner, method) for owner, methods in METHODS.items() for method in methods],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_method_has_its_signature(owner, method):
    found = signature_of(getattr(owner, method), owner)
    assert found == METHODS[owner][method], (
        f"{owner.__name__}.{method}() has another signature than {table_of(owner)} says: "
        "programs of users may call it as before. If that is meant, change it there, and say "
        "so in CHANGELOG.md"
    )


@pytest.mark.parametrize("owner", METHODS, ids=lambda owner: owner.__name__)
def test_a_class_has_these_public_methods_and_no_others(owner):
    check_names(methods_of(owner), METHODS[owner], table_of(owner))


@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_function_has_its_signature(path):
    assert signature_of(named(path)) == FUNCTIONS[path]


@pytest.mark.parametrize(
    "method", ["entry_jobs", "exit_jobs", "iterate_jobs", "topological_order"]
)
@pytest.mark.parametrize("owner", [PureScheduler, Scheduler])
def test_a_method_that_yields_returns_an_iterator(owner, method):
    assert isinstance(getattr(owner(), method)(), Iterator)


@pytest.mark.parametrize(
    ("owner", "attribute"),
    [(owner, name) for owner, attributes in ATTRIBUTES.items() for name in attributes],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_new_object_has_its_public_attributes(owner, attribute):
    value = getattr(owner(), attribute)
    expected = ATTRIBUTES[owner][attribute]
    assert (len(value) if hasattr(value, "__len__") else value) == expected


# -- relations between the classes


@pytest.mark.parametrize(
    ("owner", "bases"),
    [
        (Scheduler, (PureScheduler, AbstractJob)),
        (Job, (AbstractJob,)),
        (PrintJob, (AbstractJob,)),
    ],
    ids=["Scheduler", "Job", "PrintJob"],
)
def test_a_class_has_its_bases(owner, bases):
    assert owner.__bases__ == bases


@pytest.mark.parametrize("path", CLASSES)
def test_a_class_can_be_imported_from_the_package_too(path):
    assert getattr(asynciojobs, path.rpartition(".")[2]) is named(path)


@pytest.mark.parametrize("path", CLASSES)
def test_a_class_names_its_public_module(path):
    assert named(path).__module__ == path.rpartition(".")[0]


@pytest.mark.parametrize("package", [asynciojobs, asynciojobs_graph, asynciojobs_testkit])
def test_names_from_private_modules_show_the_public_module(package):
    private = f"{package.__name__}._"
    public = [getattr(package, name) for name in package.__all__]
    assert [it for it in public if getattr(it, "__module__", "").startswith(private)] == []


def test_a_traceback_shows_the_public_name_of_an_error():
    a, b = AbstractJob(label="a"), AbstractJob(label="b")
    (line,) = traceback.format_exception_only(CycleError([a, b, a]))
    assert line.startswith("asynciojobs.CycleError: the requirements have a cycle")


def test_an_event_is_pickled_by_its_public_name():
    event = JobEvent(AbstractJob, EventKind.DONE, 1.5)
    text = pickle.dumps(event, protocol=0)
    assert (b"_events" in text, pickle.loads(text)) == (False, event)


# -- __all__


def test_the_package_has_these_names_and_no_others():
    check_names(asynciojobs.__all__, TOP, "TOP")


@pytest.mark.parametrize("name", TOP)
def test_the_package_has_what_it_names(name):
    assert hasattr(asynciojobs, name)


def test_these_modules_are_public_and_no_others():
    public = [f"asynciojobs.{stem}" for stem in STEMS if stem not in PRIVATE]
    check_names(public, PUBLIC_MODULES, "PUBLIC_MODULES")


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_a_public_module_has_these_names_and_no_others(module):
    names = importlib.import_module(module).__all__
    check_names(names, PUBLIC_MODULES[module], f"PUBLIC_MODULES[{module!r}]")
    assert names == PUBLIC_MODULES[module]  # in alphabetical order


@pytest.mark.parametrize("stem", STEMS)
def test_a_module_names_only_what_it_defines(stem):
    assert [n for n in module_of(stem).__all__ if n not in defined_in(stem)] == []


@pytest.mark.parametrize("stem", STEMS)
def test_a_module_names_nothing_twice(stem):
    names = module_of(stem).__all__
    assert len(names) == len(set(names))


@pytest.mark.parametrize("stem", PRIVATE)
def test_a_private_module_names_all_that_other_modules_take_from_it(stem):
    assert taken_from(stem) - set(module_of(stem).__all__) == set()


# -- docstrings


@pytest.mark.parametrize("stem", STEMS)
def test_a_module_has_a_docstring(stem):
    assert inspect.getdoc(module_of(stem))


@pytest.mark.parametrize("path", [*CLASSES, *FUNCTIONS])
def test_a_public_class_or_function_has_a_docstring(path):
    assert named(path).__doc__


@pytest.mark.parametrize(
    "name", [name for name in TOP if inspect.isclass(getattr(asynciojobs, name))]
)
def test_a_class_at_the_top_has_a_docstring(name):
    assert getattr(asynciojobs, name).__doc__


@pytest.mark.parametrize(
    ("owner", "method"),
    [(owner, method) for owner, methods in METHODS.items() for method in methods],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_public_method_has_a_docstring(owner, method):
    assert inspect.getdoc(getattr(owner, method))


@pytest.mark.parametrize(
    ("owner", "attribute"),
    [
        (owner, name)
        for owner in METHODS
        for name, _ in inspect.getmembers(owner, lambda m: isinstance(m, property))
        if not name.startswith("_")
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_public_property_has_a_docstring(owner, attribute):
    assert inspect.getdoc(getattr(owner, attribute))
