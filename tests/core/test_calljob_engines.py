"""`CallJob` with an engine: its jobs pass handles to each other, and values to others."""

from __future__ import annotations

import asyncio
import pickle
import re
from concurrent.futures import BrokenExecutor, Executor

import pytest

from asynciojobs import (
    BrokenPoolError,
    CallJob,
    Job,
    NotPicklableError,
    RequirementFailed,
    Scheduler,
)
from asynciojobs.engine import Engine


class Handle:
    """The handle of a value on a shelf."""

    def __init__(self, shelf, value):
        self.shelf, self.value = shelf, value

    def __repr__(self):
        return f"{self.shelf}:{self.value!r}"


class Shelf:
    """An engine that takes a second to call, and ten to fetch; it records what it does."""

    def __init__(self, name="shelf"):
        self.name = name
        self.calls = []
        self.fetched = []

    def __repr__(self):
        return self.name

    async def start(self, function, args, kwargs):
        self.calls.append((function.__name__, *args, *kwargs.items()))
        await asyncio.sleep(1)
        values = [it.value if isinstance(it, Handle) else it for it in args]
        named = {k: v.value if isinstance(v, Handle) else v for k, v in kwargs.items()}
        return Handle(self.name, function(*values, **named))

    async def fetch(self, handle):
        self.fetched.append(handle)
        await asyncio.sleep(10)
        if isinstance(handle.value, Exception):
            raise handle.value
        return handle.value


class Deep(Shelf):
    """An engine that finds handles inside lists, tuples and values of dicts."""

    finds_nested_handles = True

    async def start(self, function, args, kwargs):
        return await super().start(function, nested_values(args), nested_values(kwargs))


def nested_values(thing):
    if isinstance(thing, Handle):
        return thing.value
    if isinstance(thing, (list, tuple)):
        return type(thing)(map(nested_values, thing))
    if isinstance(thing, dict):
        return {name: nested_values(it) for name, it in thing.items()}
    return thing


class Equal(Shelf):
    """Shelves with the same name are equal."""

    def __eq__(self, other):
        return isinstance(other, Equal) and other.name == self.name

    __hash__ = None


def add(a, b=0):
    return a + b


def fail(exception):
    raise exception


async def double(number):
    return 2 * number


def test_the_result_is_the_handle(every_loop):
    job = CallJob(add, 1, 2, executor=Shelf())
    Scheduler(job).run()
    assert repr(job.result()) == "shelf:3"


def test_an_engine_gets_the_arguments_unchanged(every_loop):
    shelf = Shelf()
    Scheduler(CallJob(add, 1, kwargs={"b": 2}, executor=shelf)).run()
    assert shelf.calls == [("add", 1, ("b", 2))]


def test_the_task_that_awaits_an_engine_has_the_name_of_the_job(every_loop):
    class Naming(Shelf):
        async def start(self, function, args, kwargs):
            return asyncio.current_task().get_name()

    jobs = [CallJob(add, 1, executor=Naming(), label=label) for label in ("mine", None)]
    Scheduler(*jobs).run()
    assert [job.result() for job in jobs] == ["mine", "add"]


def test_fetch_returns_the_value(in_loop):
    async def main():
        job = CallJob(add, 1, 2, executor=Shelf())
        await Scheduler(job).co_run()
        return await job.fetch()

    assert in_loop(main()) == 3


def test_jobs_of_one_engine_pass_handles_to_each_other(every_loop):
    shelf = Shelf()
    one = CallJob(add, 1, executor=shelf)
    two = CallJob(add, one, kwargs={"b": one}, executor=shelf)
    Scheduler(one, two).run()
    handle = one.result()
    assert (shelf.calls[1], shelf.fetched, two.result().value) == (
        ("add", handle, ("b", handle)),
        [],
        2,
    )


def test_engines_that_are_equal_are_treated_as_one(every_loop):
    first, second = Equal(), Equal()
    one = CallJob(add, 1, executor=first)
    two = CallJob(add, one, executor=second)
    Scheduler(one, two).run()
    assert (second.calls, first.fetched) == ([("add", one.result())], [])


def test_another_engine_gets_the_value(every_loop):
    first, second = Shelf("first"), Shelf("second")
    one = CallJob(add, 1, executor=first)
    two = CallJob(add, one, executor=second)
    Scheduler(one, two).run()
    assert (second.calls, first.fetched, second.fetched) == (
        [("add", 1)],
        [one.result()],
        [],
    )


@pytest.mark.parametrize(("function", "result"), [(add, 1), (double, 2)])
def test_a_job_without_an_engine_gets_the_value(every_loop, function, result):
    one = CallJob(add, 1, executor=Shelf())
    job = CallJob(function, one)
    Scheduler(one, job).run()
    assert job.result() == result


def test_values_are_fetched_at_the_same_time_and_only_once(every_loop):
    shelf = Shelf()
    one, two = (CallJob(add, number, executor=shelf) for number in (1, 2))
    job = CallJob(lambda *args: args, one, two, one)
    Scheduler(one, two, job).run()
    assert (job.result(), job.duration(), shelf.fetched) == (
        (1, 2, 1),
        10.0,
        [one.result(), two.result()],
    )


@pytest.mark.parametrize("others", [0, 1])
def test_a_value_that_can_not_be_fetched_fails_the_job(every_loop, others):
    shelf = Shelf()
    error = LookupError("lost")
    jobs = [CallJob(add, number, executor=shelf) for number in range(others)]
    lost = CallJob(lambda: error, executor=shelf)
    job = CallJob(add, lost, *jobs, critical=False)
    Scheduler(*jobs, lost, job).run()
    assert job.raised_exception() is error


def test_a_job_raises_what_its_function_raised(every_loop):
    error = ValueError("no")
    job = CallJob(fail, error, executor=Shelf(), critical=False)
    Scheduler(job).run()
    assert job.raised_exception() is error


def test_a_job_whose_argument_raised_does_not_start(every_loop):
    shelf = Shelf()
    failed = CallJob(fail, ValueError("no"), executor=shelf, critical=False)
    job = CallJob(add, failed, executor=shelf, critical=False)
    Scheduler(failed, job).run()
    assert (type(job.raised_exception()), len(shelf.calls)) == (RequirementFailed, 1)


def test_a_new_run_has_new_handles(every_loop):
    job = CallJob(add, 1, executor=Shelf())
    scheduler = Scheduler(job)
    scheduler.run()
    before = job.result()
    scheduler.run()
    assert job.result() is not before


def test_a_cancelled_job_cancels_the_start_and_logs_it(every_loop, caplog):
    caplog.set_level("INFO", logger="asynciojobs")
    job = CallJob(add, 1, executor=Shelf(), label="j")
    scheduler = Scheduler(job, timeout=0.5, critical=False)
    assert (scheduler.run(), job.ended_at, caplog.record_tuples) == (
        False,
        0.5,
        [
            (
                "asynciojobs",
                20,
                (
                    "<CallJob `j`> was cancelled: its call may go on in the Shelf, and is not "
                    "awaited"
                ),
            )
        ],
    )


def test_a_job_that_is_cancelled_while_fetching_ends_at_once(every_loop):
    one = CallJob(add, 1, executor=Shelf())
    two = CallJob(add, 2, executor=Shelf())
    job = CallJob(add, one, two)
    assert Scheduler(one, two, job, timeout=2.5, critical=False).run() is False
    assert job.ended_at == 2.5


def test_an_engine_whose_pool_is_dead_is_a_broken_pool_error(every_loop):
    class Dead(Shelf):
        async def start(self, function, args, kwargs):
            raise BrokenExecutor("gone")

    job = CallJob(add, 1, executor=Dead(), critical=False)
    Scheduler(job).run()
    assert type(job.raised_exception()) is BrokenPoolError


def test_a_pool_that_is_dead_before_the_call_is_a_broken_pool_error(every_loop):
    class Dead(Executor):
        def submit(self, *args):
            raise BrokenExecutor("gone")

    job = CallJob(add, 1, executor=Dead(), label="late", critical=False)
    Scheduler(job).run()
    assert str(job.raised_exception()) == (
        "<CallJob `late`> failed, since its Dead is dead, and all calls in it are lost "
        "(gone): make another one for the next run, or use loky.get_reusable_executor(), "
        "which replaces a dead one"
    )


class Traceback(Exception):
    """The text of a traceback as pools write it."""


TEXT = """
{0}
Traceback (most recent call last):
  File "process.py", line 424, in wait_result_broken_or_wakeup
    result_item = result_reader.recv()
  File "connection.py", line 251, in {1}
    return _ForkingPickler.loads(buf.getbuffer())
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
TypeError: __init__() missing 1 required positional argument: 'second
one'
{0}"""

RETURNED = "what a call returned or raised can't be unpickled here: "
SENT = "the function or an argument of a call can't be unpickled there: "
LAST = "TypeError: __init__() missing 1 required positional argument: 'second one'"


@pytest.mark.parametrize(
    ("message", "cause", "reason", "advice"),
    [
        ("died", TEXT.format("'''", "recv"), RETURNED + LAST, "if it is an exception, have"),
        ("died", TEXT.format('"""', "recv"), RETURNED + LAST, "if it is an exception, have"),
        (
            "A task has failed to un-serialize.",
            "OSError: no",
            SENT + "OSError: no",
            "make sure",
        ),
        ("died", TEXT.format("", "_recv"), "died", "make another one for the next run, or"),
        ("died", "", "died", "make another one for the next run, or"),
    ],
    ids=["standard library", "loky", "argument", "killed while sending", "killed"],
)
def test_the_error_of_a_dead_pool_tells_what_could_not_be_unpickled(
    every_loop, message, cause, reason, advice
):
    class Dead(Executor):
        def submit(self, *args):
            raise BrokenExecutor(message) from Traceback(cause)

    job = CallJob(add, 1, executor=Dead(), label="j", critical=False)
    Scheduler(job).run()
    error = job.raised_exception()
    assert (type(error), error.reason, error.advice.startswith(advice), str(error)) == (
        BrokenPoolError,
        reason,
        True,
        (
            "<CallJob `j`> failed, since its Dead is dead, and all calls in it are lost "
            f"({reason}): {error.advice}"
        ),
    )


def test_the_error_names_a_function_that_the_engine_can_not_pickle(every_loop):
    class Pickling(Shelf):
        async def start(self, function, args, kwargs):
            pickle.dumps((function, args, kwargs))

    def inner(): ...

    job = CallJob(inner, executor=Pickling(), critical=False)
    Scheduler(job).run()
    error = job.raised_exception()
    assert (type(error), error.part) == (NotPicklableError, f"its function {inner!r}")


def test_an_engine_is_recognized_by_its_methods():
    assert isinstance(Shelf(), Engine)


def test_a_class_of_engines_is_not_an_engine():
    with pytest.raises(TypeError, match=f"^executor must be .*, not {re.escape(repr(Shelf))}$"):
        CallJob(add, executor=Shelf)


def test_a_coroutine_function_for_an_engine_is_a_type_error():
    with pytest.raises(TypeError, match=r"^<function double .*> is a coroutine function, "):
        CallJob(double, 1, executor=Shelf())


def test_any_job_passes_its_result_to_an_engine(every_loop):
    shelf = Shelf()
    number = Job(double, 2)
    Scheduler(number, CallJob(add, number, executor=shelf)).run()
    assert shelf.calls == [("add", 4)]


# -- jobs in containers


def give(*things, **named):
    return things, named


def test_an_engine_gets_values_inside_containers_and_handles_beside_them(every_loop):
    shelf = Shelf()
    one, two = (CallJob(add, number, executor=shelf) for number in (1, 2))
    job = CallJob(give, one, [one, (two,)], kwargs={"x": {"y": one}}, executor=shelf)
    Scheduler(one, two, job).run()
    assert (shelf.calls[2], shelf.fetched, job.result().value) == (
        ("give", one.result(), [1, (2,)], ("x", {"y": 1})),
        [two.result(), one.result()],
        ((1, [1, (2,)]), {"x": {"y": 1}}),
    )


def test_an_engine_that_finds_nested_handles_gets_them(every_loop):
    shelf = Deep()
    one, two = (CallJob(add, number, executor=shelf) for number in (1, 2))
    job = CallJob(give, one, [one, (two,)], kwargs={"x": {"y": one}}, executor=shelf)
    Scheduler(one, two, job).run()
    assert (shelf.fetched, job.result().value) == ([], ((1, [1, (2,)]), {"x": {"y": 1}}))


@pytest.mark.parametrize(
    ("wrap", "result"),
    [
        (lambda one: {one}, {1}),
        (lambda one: {(one, 2): 3}, {(1, 2): 3}),
        (lambda one: [one, {one: 2}], [1, {1: 2}]),
    ],
    ids=["set", "tuple in a key", "key"],
)
def test_any_engine_gets_values_if_some_are_hashed(every_loop, wrap, result):
    shelf = Deep()
    one = CallJob(add, 1, executor=shelf)
    job = CallJob(give, wrap(one), executor=shelf)
    Scheduler(one, job).run()
    assert (shelf.fetched, job.result().value) == ([one.result()], ((result,), {}))


def test_an_engine_that_finds_nested_handles_gets_values_of_others(every_loop):
    first, second = Shelf("first"), Deep("second")
    one, two = CallJob(add, 1, executor=first), CallJob(add, 2, executor=second)
    job = CallJob(give, [one, two], executor=second)
    Scheduler(one, two, job).run()
    assert (first.fetched, second.fetched, job.result().value) == (
        [one.result()],
        [],
        (([1, 2],), {}),
    )


def test_a_job_without_an_engine_gets_values_inside_containers(every_loop):
    one = CallJob(add, 1, executor=Deep())
    job = CallJob(give, [one], one)
    Scheduler(one, job).run()
    assert job.result() == (([1], 1), {})
