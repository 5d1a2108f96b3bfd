"""`co_run()` and `co_shutdown()` are called as they are defined, in whatever way.

Decorators copy the ``__dict__`` of a function, and proxies pass on all of its attributes. Only
the function itself shows whether it is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from types import MethodType
from unittest import mock

import pytest

from asynciojobs import AbstractJob, CallJob, Job, PrintJob, PureScheduler, Scheduler


async def nothing():
    await asyncio.sleep(0)


class Plain(AbstractJob):
    async def co_run(self):
        await nothing()


MAKERS = {
    Job: lambda kind: kind(nothing),
    Plain: lambda kind: kind(),
    PrintJob: lambda kind: kind(),
    CallJob: lambda kind: kind(len, "a"),
    Scheduler: lambda kind: kind(Job(nothing)),
}

METHODS = ["co_run", "co_shutdown"]

every_kind = pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
every_method = pytest.mark.parametrize("method", METHODS)


def run_and_shut_down(job):
    """Run a job in a scheduler of its own, and shut that down."""
    scheduler = PureScheduler(job)
    assert (scheduler.run(), scheduler.shutdown()) == (True, True)


def traced(function, calls):
    """Return a function that records calls, and has all attributes of the original."""

    @functools.wraps(function)
    async def call(self, *args, **kwds):
        calls.append((self, function.__name__))
        return await function(self, *args, **kwds)

    return call


def traced_class(kind, calls):
    """Wrap each coroutine method of a class, like the class decorators of tracing tools."""
    for name, function in inspect.getmembers(kind, inspect.iscoroutinefunction):
        setattr(kind, name, traced(function, calls))
    return kind


class Proxy:
    """A wrapper that passes on all attributes of the method, like those of ``wrapt``."""

    def __init__(self, wrapped, calls):
        self.wrapped, self.calls = wrapped, calls

    def __get__(self, instance, owner):
        return Proxy(self.wrapped.__get__(instance, owner), self.calls)

    def __getattr__(self, name):
        return getattr(self.wrapped, name)

    def __call__(self, *args, **kwds):
        self.calls.append((self.wrapped.__self__, self.wrapped.__name__))
        return self.wrapped(*args, **kwds)


@every_method
@every_kind
def test_a_method_with_wraps_is_called(kind, method, fake_time):
    calls = []
    job = MAKERS[kind](type("Own", (kind,), {method: traced(getattr(kind, method), calls)}))
    run_and_shut_down(job)
    assert calls == [(job, method)]


@every_kind
def test_a_class_decorator_that_wraps_each_method_sees_each_call(kind, fake_time):
    calls = []
    job = MAKERS[kind](traced_class(type("Own", (kind,), {}), calls))
    run_and_shut_down(job)
    assert [call for call in calls if call[1] in METHODS] == [(job, name) for name in METHODS]


@every_kind
def test_a_proxy_in_place_of_a_method_is_called(kind, fake_time):
    calls = []
    body = {name: Proxy(getattr(kind, name), calls) for name in METHODS}
    job = MAKERS[kind](type("Own", (kind,), body))
    run_and_shut_down(job)
    assert calls == [(job, name) for name in METHODS]


@every_method
@every_kind
def test_a_method_that_is_wrapped_in_our_own_class_is_called(
    kind, method, fake_time, monkeypatch
):
    calls = []
    job = MAKERS[kind](kind)
    definer = next(base for base in kind.__mro__ if method in vars(base))
    monkeypatch.setattr(definer, method, traced(getattr(definer, method), calls))
    run_and_shut_down(job)
    assert (job, method) in calls


@every_method
@every_kind
def test_a_method_of_the_object_is_called(kind, method, fake_time):
    calls = []
    job = MAKERS[kind](type("Own", (kind,), {}))  # objects of such a class have a ``__dict__``
    setattr(job, method, MethodType(traced(getattr(kind, method), calls), job))
    run_and_shut_down(job)
    assert calls == [(job, method)]


@every_method
@every_kind
def test_a_mock_with_autospec_is_called(kind, method, fake_time):
    job = MAKERS[kind](type("Own", (kind,), {}))
    with mock.patch.object(kind, method, autospec=True, return_value=True) as called:
        run_and_shut_down(job)
    assert mock.call(job) in called.await_args_list


@every_kind
def test_mocks_on_the_object_are_called(kind, fake_time):
    job = MAKERS[kind](type("Own", (kind,), {}))
    with contextlib.ExitStack() as stack:
        mocks = [
            stack.enter_context(mock.patch.object(job, name, return_value=True))
            for name in METHODS
        ]
        run_and_shut_down(job)
    assert all(called.await_count for called in mocks)
