"""Pyodide, simulated by a flag: a loop is always running, and there are no threads.

`tests/pyodide` is about Pyodide itself.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import CallJob, Job, PureScheduler, Scheduler, _log, _pyodide


@pytest.fixture
def pyodide(monkeypatch):
    monkeypatch.setattr(_pyodide, "IN_PYODIDE", True)
    monkeypatch.setattr(_log, "_warned_of", set())


def allow_threads(monkeypatch, how_many):
    """Let pools start only some threads; all other threads can be started."""
    start = threading.Thread.start
    started = []

    def start_some(thread):
        if thread.name.startswith(("ThreadPoolExecutor", "asyncio")):
            if len(started) >= how_many:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)


@pytest.fixture
def no_new_threads(monkeypatch):
    allow_threads(monkeypatch, 0)


def pause():
    pass


async def pause_in_loop():
    pass


def test_this_is_not_pyodide():
    assert _pyodide.IN_PYODIDE is False


# -- run()


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (Scheduler().run, "scheduler.co_run"),
        (Scheduler().orchestrate, "scheduler.co_run"),
        (Scheduler().shutdown, "scheduler.co_shutdown"),
        (Job(pause_in_loop).standalone_run, "job.co_run"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_call_that_makes_a_loop_says_what_to_write(pyodide, call, instead):
    async def main():
        with pytest.raises(RuntimeError) as refusal:
            call()
        assert str(refusal.value) == (
            "this call makes an event loop of its own, but in Pyodide one is always running: "
            f"write `await {instead}()`"
        )

    asyncio.run(main())


# -- CallJob


def test_a_function_that_blocks_the_loop_is_warned_of_once(pyodide, caplog):
    calls = [CallJob(pause, label=f"call {number}") for number in range(3)]
    assert PureScheduler(*calls, jobs_window=1).run() is True
    assert caplog.record_tuples == [
        (
            "asynciojobs",
            logging.WARNING,
            (
                "Pyodide has no threads: <CallJob `call 0`> calls its function in the event "
                "loop, and nothing else runs until the function returns; the same holds for "
                "each CallJob without executor"
            ),
        )
    ]


def test_the_warning_comes_before_the_function_is_called(pyodide, caplog):
    seen = []
    job = CallJob(lambda: seen.extend(caplog.messages))
    assert PureScheduler(job).run() is True
    assert seen == caplog.messages != []


def test_a_function_that_does_not_block_is_not_warned_of(pyodide, caplog):
    with ThreadPoolExecutor(1) as pool:
        jobs = [CallJob(pause_in_loop), CallJob(pause, executor=pool)]
        assert PureScheduler(*jobs).run() is True
    assert caplog.messages == []


def test_no_function_is_warned_of_elsewhere(caplog):
    assert PureScheduler(CallJob(pause)).run() is True
    assert caplog.messages == []


# -- no thread can be started, there or elsewhere


def error_text(job):
    return str(job.raised_exception())


def error_of(job):
    assert PureScheduler(job).run() is True
    return error_text(job)


def test_the_error_of_a_pool_without_threads_fits_pyodide(pyodide, no_new_threads):
    pool = ThreadPoolExecutor(1)
    assert error_of(CallJob(pause, executor=pool, label="j", critical=False)) == (
        "<CallJob `j`> can't start, since its ThreadPoolExecutor has no thread for it (can't "
        "start new thread): Pyodide has none, so leave out `executor`, or make it an "
        "`async def`"
    )


def test_the_error_of_a_pool_without_threads_fits_other_systems(no_new_threads):
    pool = ThreadPoolExecutor(1)
    assert error_of(CallJob(pause, executor=pool, label="j", critical=False)) == (
        "<CallJob `j`> can't start, since its ThreadPoolExecutor has no thread for it (can't "
        "start new thread): the system allows no more of them, so give your pools fewer workers"
    )


def test_the_error_of_a_loop_without_threads_fits_other_systems(no_new_threads):
    assert error_of(CallJob(pause, label="j", critical=False)) == (
        "<CallJob `j`> can't start, since the executor of its loop has no thread for it (can't "
        "start new thread): the system allows no more of them, so give your pools fewer workers"
    )


def test_a_call_that_got_no_thread_does_not_begin_later(monkeypatch):
    allow_threads(monkeypatch, 1)
    called = []
    refused = threading.Event()
    first = CallJob(refused.wait)
    late = CallJob(called.append, "called", critical=False)
    scheduler = PureScheduler(first, late)
    with scheduler.observe(lambda event: late.is_done() and refused.set()):
        assert scheduler.run() is True
    assert error_text(late).startswith("<CallJob `list.append()`> can't start")
    assert called == []
