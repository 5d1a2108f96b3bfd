"""Errors about common mistakes name the mistake, and say what to write instead."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest

from asynciojobs import AbstractJob, CallJob, Job, PrintJob, PureScheduler, Scheduler, Sequence

GENERATOR = (
    "which is a generator, since there is a `yield` in it: make it an `async def` without "
    "`yield`, and return one value"
)

PLAIN = "which must return an awaitable, but returned {}: make it an `async def`"


def error_of(job):
    job.critical = False
    PureScheduler(job).run()
    return job.raised_exception()


# -- co_run() and co_shutdown() that can't be awaited


class Plain(AbstractJob):
    def co_run(self):
        return 42


class Pages(AbstractJob):
    async def co_run(self):
        yield 1


class Steps(AbstractJob):
    def co_run(self):
        yield 1


class PlainJob(Job):
    def co_run(self):
        return None


class PlainScheduler(Scheduler):
    def co_run(self):
        return True


async def nothing():
    pass


KINDS = [
    (
        Plain,
        f"a run called Plain.co_run(), {PLAIN.format(42)}",
    ),
    (Pages, f"a run called Pages.co_run(), {GENERATOR}"),
    (Steps, f"a run called Steps.co_run(), {GENERATOR}"),
    (
        partial(PlainJob, nothing),
        f"a run called PlainJob.co_run(), {PLAIN.format(None)}",
    ),
    (
        PlainScheduler,
        f"a run called PlainScheduler.co_run(), {PLAIN.format(True)}",
    ),
]


@pytest.mark.parametrize(("make", "text"), KINDS)
def test_a_co_run_that_can_not_be_awaited_is_named_with_its_class(every_loop, make, text):
    error = error_of(make())
    assert (type(error), str(error)) == (TypeError, text)


@pytest.mark.parametrize(("make", "text"), KINDS[:3])
def test_it_is_named_in_a_standalone_run_too(make, text):
    with pytest.raises(TypeError, match=f"^{re.escape(text)}$"):
        make().standalone_run()


def test_a_co_run_may_return_any_awaitable(every_loop):
    class Later(AbstractJob):
        def co_run(self):
            return asyncio.sleep(1, "late")

    class AsFuture(AbstractJob):
        def co_run(self):
            future = asyncio.get_running_loop().create_future()
            future.set_result("now")
            return future

    jobs = Later(), AsFuture()
    PureScheduler(*jobs).run()
    assert [job.result() for job in jobs] == ["late", "now"]


def test_a_co_shutdown_that_can_not_be_awaited_is_named_with_its_class(every_loop):
    class Untidy(AbstractJob):
        def co_shutdown(self):
            return None

    job = Untidy()
    scheduler = PureScheduler(job)
    assert scheduler.shutdown() is False
    assert str(scheduler.shutdown_failures()[job]) == (
        "a run called Untidy.co_shutdown(), which must return an awaitable, but returned None: "
        "make it an `async def`"
    )


async def pages():
    yield 1


def test_an_async_generator_function_is_named(every_loop):
    error = error_of(Job(pages, label="j"))
    assert (type(error), str(error)) == (
        TypeError,
        f"<Job `j`> called {pages!r}, {GENERATOR}",
    )


# -- labels


class Reader:
    def __call__(self):
        return asyncio.sleep(0)


@pytest.mark.parametrize(
    ("function", "label"),
    [
        (nothing, "nothing()"),
        (partial(nothing), "nothing()"),
        (partial(partial(nothing), 1), "nothing()"),
        (Reader(), "Reader"),
        (partial(Reader()), "Reader"),
        (Reader().__call__, "Reader.__call__()"),
        (Reader, "Reader()"),
    ],
)
@pytest.mark.parametrize("kind", [Job, CallJob])
def test_a_job_of_any_callable_has_a_label(kind, function, label):
    job = kind(function)
    assert (job.text_label(), job.repr_main()) == (label, f"<{kind.__name__} `{label}`>")


def test_the_task_of_a_partial_has_the_name_of_its_function(every_loop):
    async def name():
        await asyncio.sleep(
            0
        )  # on Python 3.12, an eager task gets its name after its first step
        return asyncio.current_task().get_name()

    job = Job(partial(name))
    PureScheduler(job).run()
    assert job.result().endswith("<locals>.name")


# -- numbers of other packages


class Three:
    """Like an integer of NumPy."""

    def __index__(self):
        return 3


@pytest.mark.parametrize(("number", "value"), [(Three(), 3), (Fraction(5, 2), 2.5)])
def test_seconds_may_be_numbers_of_other_packages(every_loop, number, value):
    scheduler = PureScheduler(timeout=number, shutdown_timeout=number)
    job = PrintJob(sleep=number)
    Scheduler(job).run()
    found = scheduler.timeout, scheduler.shutdown_timeout, job.sleep, job.duration()
    assert found == (value,) * 4


def test_a_window_may_be_an_integer_of_another_package():
    assert PureScheduler(jobs_window=Three()).jobs_window == 3


@pytest.mark.parametrize("value", ["1", True, Decimal(1), Three, None, 1j])
def test_other_things_are_no_numbers(value):
    job = partial(PureScheduler, timeout=value)
    if value is None:
        assert job().timeout is None
    else:
        with pytest.raises(TypeError, match="^timeout must be a number of seconds, or None"):
            job()


# -- a PureScheduler as a requirement

RULE = (
    "a requirement must be a job or a sequence, not <PureScheduler of 1 job> 0D + 0R + 1I = 1: "
    "only a Scheduler can be nested"
)


@pytest.mark.parametrize("nest", [lambda x: x, lambda x: [None, [x]]])
def test_a_pure_scheduler_as_a_requirement_is_a_type_error(nest):
    required = nest(PureScheduler(AbstractJob()))
    job = AbstractJob()
    for ask in (
        partial(AbstractJob, required=required),
        partial(Sequence, AbstractJob(), required=required),
        partial(job.requires, required),
        partial(Job, nothing, required=required),
    ):
        with pytest.raises(TypeError, match=f"^{re.escape(RULE)}$"):
            ask()
    assert job.required == set()


def test_a_class_as_a_requirement_is_a_type_error():
    rule = f"a requirement must be a job or a sequence, not {PureScheduler!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        AbstractJob(required=PureScheduler)
