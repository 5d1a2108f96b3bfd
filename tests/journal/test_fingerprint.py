"""Fingerprints: what makes a job run again, and what does not."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import enum
import functools
import importlib.util
import pathlib
import sys
import textwrap
import zoneinfo
from typing import NamedTuple

import pytest

from asynciojobs import AbstractJob, CallJob, CommandJob, Job, PrintJob, Scheduler
from asynciojobs._journal.fingerprint import Fingerprints, differences, not_compared
from asynciojobs.job import work_of


def parts(job, salt="s"):
    return Fingerprints(salt, lambda other: other.label).of(job, work_of(job))


def changed(before, now):
    return differences(parts(before), parts(now))


def load(text, tmp_path, name="module", *, source=True):
    """Return a new module with this text."""
    path = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}.py"
    path.write_text(textwrap.dedent(text))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    if source:
        spec.loader.exec_module(module)
    else:
        code = compile(path.read_text(), "<somewhere>", "exec", dont_inherit=True)
        exec(code, vars(module))
    return module


@pytest.fixture(params=[True, False], ids=["source", "bytecode"])
def same(request, tmp_path):
    """Return a function that returns which parts of `job()` differ between two texts."""

    def compare(before, now):
        first, second = (
            load(text, tmp_path, source=request.param).job() for text in (before, now)
        )
        return changed(first, second)

    return compare


BEFORE = """
from asynciojobs import Job
async def work(x):
    return x + 1
def job():
    return Job(work, 1)
"""


async def work(x, *rest, k=3, **named):
    return x


# -- the source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    return x + 1", "    # why\n    return (x + 1)  # this"),
        ("async def work(x):", "\n\n\nasync def work( x ):"),
        ("    return Job(work, 1)", "    print()\n    return Job(work, 1)"),
    ],
)
def test_comments_spaces_and_other_functions_do_not_count(same, old, new):
    assert same(BEFORE, BEFORE.replace(old, new)) == []


def test_docstrings_do_not_count(tmp_path):
    doc = BEFORE.replace("    return x + 1", '    """Add one."""\n    return x + 1')
    first, second = (load(text, tmp_path).job() for text in (BEFORE, doc))
    assert changed(first, second) == []


def test_a_function_that_is_only_a_docstring_is_fine(tmp_path):
    text = (
        'from asynciojobs import Job\nasync def f():\n    """DOC"""\ndef job(): return Job(f)'
    )
    texts = [text.replace("DOC", doc) for doc in ("a", "b")]
    assert changed(*(load(text, tmp_path).job() for text in texts)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("x + 1", "x + 2"), ("return x", "print(x); return x"), ("work(x)", "work(x, y=2)")],
)
def test_other_code_counts(same, old, new):
    assert "code" in same(BEFORE, BEFORE.replace(old, new))


def test_the_name_counts(same):
    assert "function" in same(BEFORE, BEFORE.replace("work", "do_it"))


def test_arguments_count(same):
    assert same(BEFORE, BEFORE.replace("Job(work, 1)", "Job(work, 2)")) == ["argument 1"]
    assert same(BEFORE, BEFORE.replace("Job(work, 1)", "Job(work, 1, 2)")) == ["argument 2"]
    assert same(BEFORE, BEFORE.replace("Job(work, 1)", "Job(work, True)")) == ["argument 1"]


def test_a_version_stands_for_the_source(same):
    versioned = BEFORE.replace("Job(work, 1)", "Job(work, 1, version=1)")
    assert same(versioned, versioned.replace("x + 1", "x + 2")) == []
    assert same(versioned, versioned.replace("version=1", "version=2")) == ["version"]
    assert same(BEFORE, versioned) == ["code", "version"]


@pytest.mark.parametrize("before", ["lambda: work(1)", "(lambda: work(1))"])
def test_lambdas_have_a_source(same, before):
    text = BEFORE.replace("work, 1", before)
    assert same(text, text.replace("work(1)", " work( 1 ) ")) == []
    assert same(text, text.replace("work(1)", "work(2)")) == ["code"]


def test_the_order_of_a_set_in_the_code_does_not_count(same):
    text = BEFORE.replace("x + 1", "x in {'a', 'b', 'c'}")
    assert same(text, text) == []
    assert same(text, text.replace("'c'", "'d'")) == ["code"]


def test_two_lambdas_in_a_line_are_told_apart(same):
    text = BEFORE.replace("return Job(work, 1)", "return [Job(lambda: 1), Job(lambda: 2)][0]")
    assert same(text, text.replace("1)", "3)")) == ["code"]
    assert same(text, text) == []


def test_what_a_lambda_has_from_around_it_counts(same):
    text = BEFORE.replace("return Job(work, 1)", "host = 'a'; return Job(lambda: work(host))")
    assert same(text, text.replace("'a'", "'b'")) == ["variable `host`"]
    text = BEFORE.replace("work, 1", "lambda host='a': work(host)")
    assert "defaults" in same(text, text.replace("'a'", "'b'"))


def test_what_a_function_keeps_around_it_does_not_count():
    def make():
        async def work(x):
            nonlocal count
            ran.append(x)
            count += 1

        return work

    ran, count = [], 0
    coroutines = [make()(1), make()(1)]
    function, coroutine = Job(make(), 1), Job(coroutines[0])
    before = parts(function), parts(coroutine)
    ran.append(1)
    count += 1
    assert (parts(Job(make(), 1)), parts(Job(coroutines[1]))) == before
    for each in coroutines:
        each.close()


def test_a_variable_that_can_change_is_not_compared_and_the_plan_can_say_so():
    def make(config):
        async def work(x):
            return config["n"] + x

        return work

    coroutines = [make({"n": 1})(1), make({"n": 2})(1)]
    for first, second in [
        (Job(make({"n": 1}), 1), Job(make({"n": 2}), 1)),
        [Job(it) for it in coroutines],
    ]:
        assert changed(first, second) == []
        assert not_compared(parts(first)) == ["variable `config`"]
    for each in coroutines:
        each.close()
    assert changed(Job(make({})), Job(make([]))) == ["variable `config`"]


def test_classes_and_modules_that_a_function_has_from_around_it_are_no_values():
    def make(module, kind):
        async def work(x):
            return module, kind, len

        return work

    assert not_compared(parts(Job(make(asyncio, Point), 1))) == []


def test_a_frozen_dataclass_that_a_function_has_from_around_it_counts():
    def make(host):
        async def work(x):
            return host.name

        return work

    fixed = dataclasses.make_dataclass("Fixed", ["name"], frozen=True)
    loose = dataclasses.make_dataclass("Loose", ["name"])
    assert changed(Job(make(fixed("a"))), Job(make(fixed("b")))) == ["variable `host`"]
    assert not_compared(parts(Job(make(fixed("a"))))) == []
    assert not_compared(parts(Job(make(loose("a"))))) == ["variable `host`"]


DECORATED = """
import functools
from asynciojobs import Job
def twice(f):
    WRAPS
    async def wrapper(x):
        return await f(x) * 2
    return wrapper
@twice
async def work(x):
    return x + 1
def job():
    return Job(work, 1)
"""


@pytest.mark.parametrize("call", ["work, 1", "work(1)"])
@pytest.mark.parametrize("wraps", ["@functools.wraps(f)", "pass"])
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_decorated_functions_count_with_their_decorators(same, wraps, call):
    text = DECORATED.replace("WRAPS", wraps).replace("work, 1", call)
    assert same(text, text) == []
    assert same(text, text.replace("x + 1", "x + 2")) == ["code"]
    assert same(text, text.replace("* 2", "* 3")) == ["code"]


def test_partials_count_with_what_they_hold(same):
    text = BEFORE.replace("work, 1", "functools.partial(work, 1, y=2)")
    text = f"import functools{text}"
    assert same(text, text.replace("y=2", "y=3")) == ["partial `y`"]
    assert same(text, text.replace("work, 1", "work, 5")) == ["partial"]
    assert same(text, text.replace("x + 1", "x + 2")) == ["code"]


METHODS = """
import dataclasses
from asynciojobs import Job
@dataclasses.dataclass
class Lab:
    host: str
    async def boot(self):
        return self.host
    async def __call__(self):
        return self.host
def job():
    return Job(Lab("a").boot)
"""


@pytest.mark.parametrize("what", ["Lab('a').boot", "Lab('a')"])
def test_methods_and_callable_objects_count_with_the_object_if_it_is_plain(same, what):
    text = METHODS.replace('Lab("a").boot', what)
    assert same(text, text.replace("'a'", "'b'")) == ["self"]
    assert same(text, text.replace("return self.host", "return 1")) == ["code"]


CLASS = """
from asynciojobs import AbstractJob
class Base(AbstractJob):
    async def co_run(self):
        return self.url
class Fetch(Base):
    timeout = 5
    def __init__(self, url):
        super().__init__()
        self.url = url
def job():
    return Fetch("u")
"""


def test_a_class_of_a_user_counts_with_its_attributes(same):
    assert same(CLASS, CLASS) == []
    assert same(CLASS, CLASS.replace('"u"', '"v"')) == ["attribute `url`"]
    assert same(CLASS, CLASS.replace("return self.url", "return 1")) == ["code"]


def test_the_source_of_a_class_counts_as_a_whole(tmp_path):
    texts = CLASS, CLASS.replace("= 5", "= 6")
    assert changed(*(load(text, tmp_path).job() for text in texts)) == ["code"]


def test_a_class_without_a_file_or_functions_has_only_its_name():
    kind = type("Made", (AbstractJob,), {"__module__": "nowhere"})
    assert parts(kind())["function"] == "nowhere.Made"


def test_a_subclass_of_job_counts_with_its_function():
    class Mine(Job):
        pass

    assert parts(Mine(work, 1))["function"].endswith(f"Mine, {__name__}.work")
    assert changed(Mine(work, 1), Job(work, 1)) == ["function", "code"]


def test_a_function_that_calls_itself_is_fine():
    async def again(n):
        return n and await again(n - 1)

    assert not_compared(parts(Job(again, 3))) == []
    assert len(parts(Job(again, 3))) == 3


def test_an_empty_cell_is_fine():
    def make():
        async def use():
            return later

        job = Job(use)
        first = parts(job)
        later = 3
        return first, parts(job)

    first, second = make()
    assert differences(first, second) == ["variable `later`"]


@pytest.mark.parametrize("function", [len, asyncio.sleep, "".join, print, dict.get])
def test_functions_of_python_are_fine(function):
    assert parts(CallJob(function, 1))["function"].endswith(function.__qualname__)


@pytest.mark.parametrize("text", [BEFORE, CLASS], ids=["function", "class"])
def test_a_module_that_was_loaded_again_counts_as_it_is_now(tmp_path, text):
    module = load(text, tmp_path)
    path = pathlib.Path(module.__file__)
    first = parts(module.job())
    path.write_text(text.replace("    return ", "    print(); return ", 1))
    exec(compile(path.read_text(), path, "exec", dont_inherit=True), vars(module))
    assert "code" in differences(first, parts(module.job()))
    path.write_text(text.replace("\nasync def", "\n# changed back\nasync def"))
    exec(compile(path.read_text(), path, "exec", dont_inherit=True), vars(module))
    assert parts(module.job()) == first


@pytest.mark.parametrize("text", [BEFORE, CLASS], ids=["function", "class"])
def test_a_file_that_was_edited_since_it_was_imported_is_not_what_runs(tmp_path, text):
    module, same = load(text, tmp_path), load(text, tmp_path)
    path = pathlib.Path(module.__file__)
    path.write_text(text.replace("    return ", "    print(); return ", 1))
    running = parts(module.job())
    assert running == parts(module.job())
    module = load(path.read_text(), tmp_path)
    assert "code" in differences(running, parts(module.job()))
    assert "code" in differences(parts(same.job()), parts(module.job()))


def test_a_class_with_generated_methods_counts_with_its_source(tmp_path, monkeypatch):
    text = """
    import dataclasses
    from asynciojobs import CallJob
    @dataclasses.dataclass
    class Add:
        def __call__(self): return LIMIT
    def job():
        return CallJob(Add())
    """
    first, second = (load(text.replace("LIMIT", it), tmp_path).job() for it in "12")
    assert changed(first, second) == ["code"]


def test_a_broken_file_is_as_no_file(tmp_path):
    module = load("async def f(): return 1", tmp_path)
    path = pathlib.Path(module.__file__)
    path.write_text("async def (")
    assert parts(Job(module.f)) == parts(Job(module.f))


# -- coroutines


def test_the_arguments_of_a_coroutine_count():
    jobs = [Job(work(*args, **named)) for args, named in (((1,), {}), ((2,), {"z": 1}))]
    assert changed(*jobs) == ["argument `x`", "argument `named`"]
    jobs.append(Job(work(1)))
    assert changed(jobs[0], jobs[2]) == []
    for job in jobs:
        job.close()


def test_the_arguments_of_a_coroutine_that_inner_functions_use_count():
    async def outer(a):
        return lambda: a

    coroutine = outer(1)
    assert "argument `a`" in parts(Job(coroutine))
    coroutine.close()


def test_a_closed_coroutine_has_no_arguments():
    coroutine = work(1)
    coroutine.close()
    assert parts(Job(coroutine))["function"] == "?.work"


def test_an_awaitable_object_counts_by_its_type():
    class Answer:
        def __await__(self):
            yield

    assert parts(Job(Answer()))["function"].endswith("Answer")


# -- values


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Bits(enum.IntFlag):
    A = 1
    B = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Host:
    name: str
    ports: list


class Text(str):
    __slots__ = ()

    def __repr__(self):
        return "same"


UTC, ZONE = datetime.UTC, zoneinfo.ZoneInfo("UTC")
DATE = datetime.datetime(2026, 1, 2, tzinfo=UTC)
DIFFERENT = [
    None, True, 1, 1.0, "1", b"1", [1], (1,), {"1": 1}, {1: 1}, {1}, frozenset({1}), [[1]],
    [1, 1], Point(1, 2), Point(2, 1), Host("a", []), Host("a", [1]), Colour.RED, Colour.BLUE,
    Bits.A, Bits.A | Bits.B, pathlib.PurePosixPath("a"), pathlib.PurePosixPath("b"), Text("a"),
    Text("b"), "a", "\ud800", DATE, DATE.replace(tzinfo=ZONE), DATE.date(), DATE.time(),
    datetime.timedelta(1), UTC, float("nan"), float("inf"), 10**50,
    collections.OrderedDict(a=1), {"a": 1}, [], (), {}, set(), "", b"", ["a, b"], ["a", "b"],
]  # fmt: skip


def test_plain_values_are_told_apart():
    texts = [parts(Job(work, value))["argument 1"] for value in DIFFERENT]
    assert len(set(texts)) == len(DIFFERENT)
    assert not any(text.endswith("~") for text in texts)


def test_equal_values_are_the_same():
    again = [parts(Job(work, value))["argument 1"] for value in DIFFERENT]
    assert again == [parts(Job(work, value))["argument 1"] for value in DIFFERENT]
    assert changed(Job(work, {"a": 1, "b": 2}), Job(work, {"b": 2, "a": 1})) == []


def test_anything_else_counts_by_its_type_alone():
    job = Job(work, object(), [1, object()], 3)
    assert not_compared(parts(job)) == ["argument 1", "argument 2"]
    assert changed(job, Job(work, object(), [1, object()], 3)) == []
    assert changed(job, Job(work, object(), [2, object()], 3)) == ["argument 2"]
    assert changed(job, Job(work, set(), [1, object()], 3)) == ["argument 1"]


def test_numbers_may_have_many_digits():
    assert changed(Job(work, 10**6000), Job(work, 10**6000 + 1)) == ["argument 1"]
    assert changed(Job(work, -(10**6000)), Job(work, -(10**6000))) == []


def test_a_value_that_contains_itself_is_fine():
    itself = [1]
    itself.append(itself)
    deep = functools.reduce(lambda inner, _: [inner], range(5000), [])
    assert not_compared(parts(Job(work, itself, deep))) == ["argument 1", "argument 2"]


def test_a_job_stands_for_its_key():
    a, again, b = (Job(work, 1, label=label) for label in "aab")
    assert changed(CallJob(len, a), CallJob(len, again)) == []
    assert changed(CallJob(len, [a]), CallJob(len, [again])) == []
    assert changed(CallJob(len, a), CallJob(len, b)) == ["argument 1"]
    assert changed(CallJob(len, [a]), CallJob(len, [b])) == ["argument 1"]


def test_digests_are_salted():
    job = Job(work, "secret")
    assert parts(job, "one")["argument 1"] != parts(job, "two")["argument 1"]
    assert "secret" not in str(parts(job))


# -- other kinds of jobs


def test_a_call_counts_with_its_named_arguments():
    job = CallJob(sorted, [2, 1], kwargs={"reverse": True})
    other = CallJob(sorted, [2, 1], kwargs={"reverse": False})
    assert changed(job, other) == ["argument `reverse`"]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"input": "x"}, "input"),
        ({"cwd": "/"}, "cwd"),
        ({"env": {"A": "1"}}, "variable `A`"),
        ({"text": False}, "text"),
        ({"stdout": "file"}, "stdout"),
    ],
)
def test_a_command_counts_with_what_it_is_given(options, part):
    assert changed(CommandJob("ls", "-l"), CommandJob("ls", "-l", **options)) == [part]


def test_the_arguments_of_a_command_count_and_hidden_ones_too():
    first, second = (CommandJob("login", CommandJob.hide(text)) for text in ("a", "b"))
    assert changed(first, second) == ["argument 2"]
    assert changed(first, CommandJob("login", "a")) == ["argument 2"]


def test_print_jobs_and_schedulers_count():
    assert changed(PrintJob("a"), PrintJob("b")) == ["argument 1"]
    assert changed(Scheduler(PrintJob("a")), Scheduler(label="x")) == []

    class Boots(Scheduler):
        pass

    assert changed(Scheduler(), Boots()) == ["function", "code"]
    assert sys.modules[__name__].__name__ in parts(Boots())["function"]
