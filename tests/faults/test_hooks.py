"""Each user function fails in each way; the run ends correctly, and nothing is lost."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import sys

import pytest

from asynciojobs import AbstractJob, EventKind, Job, PureScheduler, Scheduler, Watch


class Odd(Exception):
    """An exception that raises from bool(), str() and ==.

    Its repr() works: on some Pythons, asyncio's Runner calls it at the end.
    """

    def __bool__(self):
        raise ZeroDivisionError

    def __str__(self):
        raise ZeroDivisionError

    def __repr__(self):
        return "Odd()"

    def __eq__(self, other):
        raise ZeroDivisionError

    __hash__ = None


class Group(BaseException):
    """Not an Exception, but the run still keeps it."""


KEPT = {
    "ValueError": lambda: ValueError("no"),
    "CancelledError": lambda: asyncio.CancelledError("mine"),
    "GeneratorExit": GeneratorExit,
    "StopAsyncIteration": StopAsyncIteration,
    "RecursionError": RecursionError,
    "MemoryError": MemoryError,
    "TimeoutError": TimeoutError,
    "InvalidStateError": asyncio.InvalidStateError,
    "BaseException": lambda: BaseException("base"),
    "subclass of BaseException": Group,
    "group": lambda: BaseExceptionGroup("both", [ValueError(), Group()]),
    "odd": Odd,
}
"""Exceptions that a job may raise, and that are kept as its outcome."""

LEAVING = {"KeyboardInterrupt": KeyboardInterrupt, "SystemExit": lambda: SystemExit(3)}


def raiser(error):
    def fail(*_, **__):
        raise error

    return fail


def outcome_of(call, *args):
    try:
        return call(*args)
    except BaseException as error:
        return error


def same(one, other):
    """Return whether it is the same object, without letting pytest compare or show it."""
    return one is other


@pytest.fixture
def log(monkeypatch):
    """The log records of the project; no handler formats them, as some can't be formatted."""
    records = []
    monkeypatch.setattr(logging.getLogger("asynciojobs"), "handle", records.append)
    return records


class Awaitable:
    """An awaitable made of any function."""

    def __init__(self, steps):
        self._steps = steps

    def __await__(self):
        return self._steps()


# -- co_run()


def asynchronously(error):
    async def fail():
        await asyncio.sleep(1)
        raise error

    return Job(fail)


def at_once(error):
    async def fail():
        raise error

    return Job(fail)


def when_it_is_called(error):
    return Job(raiser(error))


def when_it_is_awaited(error):
    return Job(Awaitable(raiser(error)))


def in_a_subclass(error):
    class Failing(AbstractJob):
        co_run = raiser(error)

    return Failing()


def in_a_nested_scheduler(error):
    class Failing(Scheduler):
        co_run = raiser(error)

    return Failing(Job(asyncio.sleep, 1))


WAYS = [
    asynchronously,
    at_once,
    when_it_is_called,
    when_it_is_awaited,
    in_a_subclass,
    in_a_nested_scheduler,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KEPT)
def test_a_job_keeps_what_it_raises(fake_time, kind, way):
    error = KEPT[kind]()
    job = way(error)
    job.critical = False
    after = Job(asyncio.sleep, 1, required=job)
    assert (PureScheduler(job, after).run(), after.is_done()) == (True, True)
    assert same(job.raised_exception(), error)
    assert job.result() is None
    job.critical = True
    assert same(outcome_of(job.result), error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KEPT)
def test_a_run_raises_what_a_critical_job_raises(fake_time, kind, way):
    error = KEPT[kind]()
    other = Job(asyncio.sleep, 9)
    scheduler = Scheduler(way(error), other)
    assert same(outcome_of(scheduler.run), error)
    assert (scheduler.failed_critical(), other.is_done()) == (True, False)
    assert scheduler.why().startswith("CRITICAL FAILURE: ")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KEPT)
def test_what_a_nested_critical_job_raises_passes_all_levels(fake_time, kind, way):
    error = KEPT[kind]()
    scheduler = Scheduler(Scheduler(Scheduler(way(error))))
    assert same(outcome_of(scheduler.run), error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", LEAVING)
def test_an_exit_of_a_job_that_is_not_critical_leaves_the_run(fake_time, kind, way):
    error = LEAVING[kind]()
    job = way(error)
    job.critical = False
    assert outcome_of(Scheduler(Scheduler(job, critical=False)).run) is error
    assert same(job.raised_exception(), error)


def test_a_job_that_raises_stop_iteration_has_failed(fake_time):
    job = Job(raiser(StopIteration(3)), critical=False)
    assert PureScheduler(job).run() is True
    assert isinstance(job.raised_exception(), StopIteration | RuntimeError)


def yields(value):
    def steps():
        yield value

    return steps


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        (lambda: 3, TypeError),
        (yields(3), RuntimeError),
        (yields("text"), RuntimeError),
        (lambda: iter([1]), RuntimeError),
    ],
)
def test_an_invalid_awaitable_fails_its_job(fake_time, steps, error):
    job = Job(Awaitable(steps), critical=False)
    assert PureScheduler(job, Job(asyncio.sleep, 1)).run() is True
    assert isinstance(job.raised_exception(), error)


@pytest.mark.parametrize("kind", [*KEPT, *LEAVING])
def test_what_a_job_raises_in_its_clean_up_is_kept(fake_time, kind):
    error = {**KEPT, **LEAVING}[kind]()

    async def fail():
        try:
            await asyncio.sleep(9)
        finally:
            raise error

    job = Job(fail)
    outcome = outcome_of(Scheduler(job, timeout=1, critical=False).run)
    if kind == "CancelledError":
        assert (outcome, job.is_done()) == (False, False)  # like a job that its run cancels
    else:
        assert same(job.raised_exception(), error)
        assert same(outcome, error if kind in LEAVING else False)


# -- co_shutdown()


def shutdown_when_it_is_called(error):
    return Job(asyncio.sleep, 1, coshutdown=raiser(error))


def shutdown_when_it_is_awaited(error):
    return Job(asyncio.sleep, 1, coshutdown=lambda *_: Awaitable(raiser(error)))


def shutdown_in_a_subclass(error):
    class Failing(Job):
        co_shutdown = raiser(error)

    return Failing(asyncio.sleep, 1)


def shutdown_of_a_nested_scheduler(error):
    class Failing(Scheduler):
        co_shutdown = raiser(error)

    return Failing(Job(asyncio.sleep, 1))


SHUTDOWNS = [
    shutdown_when_it_is_called,
    shutdown_when_it_is_awaited,
    shutdown_in_a_subclass,
    shutdown_of_a_nested_scheduler,
]


@pytest.mark.parametrize("way", SHUTDOWNS)
@pytest.mark.parametrize("kind", KEPT)
def test_what_a_shutdown_raises_is_kept_and_logged(fake_time, log, kind, way):
    error = KEPT[kind]()
    job = way(error)
    scheduler = PureScheduler(job)
    assert (scheduler.run(), scheduler.shutdown()) == (True, False)
    assert same(scheduler.shutdown_failures()[job], error)
    assert {id(record.exc_info[1]) for record in log} == {id(error)}


@pytest.mark.parametrize("way", SHUTDOWNS)
@pytest.mark.parametrize("kind", LEAVING)
def test_an_exit_in_a_nested_shutdown_leaves_the_run(fake_time, kind, way):
    error = LEAVING[kind]()
    assert outcome_of(Scheduler(Scheduler(way(error))).run) is error


# -- observers, in each event


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("event", EventKind)
def test_what_an_observer_raises_is_logged(fake_time, log, kind, event):
    error = KEPT[kind]()

    def look(told):
        if told.kind == event:
            raise error

    async def fail():
        raise ValueError

    fails = Job(fail)
    behind = Job(asyncio.sleep, 1, required=fails)
    scheduler = PureScheduler(
        Scheduler(Job(asyncio.sleep, 1), Job(asyncio.sleep, 9, forever=True)),
        Scheduler(fails, behind, keep_going=True, critical=False),
    )
    scheduler.observe(look)
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")
    assert scheduler.run(resume=True) is True
    assert {id(record.exc_info[1]) for record in log} == {id(error)}


# -- showing a job


class Shown(Job):
    """Its labels and details raise."""

    def __init__(self, error, **options):
        self.text_label = self.graph_label = self.details = raiser(error)
        super().__init__(asyncio.sleep, 9, **options)


SHOW = ["list", "list_safe", "debrief"]


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("method", SHOW)
def test_a_job_that_can_not_be_described_is_listed(fake_time, capsys, kind, method):
    scheduler = Scheduler(
        Shown(KEPT[kind]()), label=type("L", (), {"__str__": raiser(Odd())})()
    )
    scheduler.add(Job(asyncio.sleep, 1, label=type("L", (), {"__str__": raiser(Odd())})()))
    assert outcome_of(getattr(scheduler, method)) is None
    assert "raised" in capsys.readouterr().out


@pytest.mark.parametrize("kind", LEAVING)
@pytest.mark.parametrize("method", SHOW)
def test_an_exit_in_a_label_passes_through_listing(capsys, kind, method):
    error = LEAVING[kind]()
    assert same(outcome_of(getattr(Scheduler(Shown(error)), method)), error)


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("base", [object, str])
def test_a_job_that_can_not_be_described_runs(fake_time, kind, log, base):
    """Verbose output, the failure, the deaf job and the failed shutdown all name a job."""

    async def fail():
        raise error

    async def deaf():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(5)

    error = KEPT[kind]()
    jobs = [Job(deaf, coshutdown=raiser(error)), Job(fail, coshutdown=raiser(error))]
    for job in jobs:
        job.label = type("Label", (base,), {"__str__": raiser(error)})()
    scheduler = PureScheduler(*jobs, verbose=True)
    assert scheduler.run() is False
    assert scheduler.failed_critical() is True
    assert same(jobs[1].raised_exception(), error)
    assert scheduler.shutdown() is False
    assert scheduler.why().startswith("CRITICAL FAILURE: ")


class Value:
    """A result whose methods all raise."""

    def __init__(self, error):
        self.error = error

    def __repr__(self):
        raise self.error

    __str__ = __bool__ = __eq__ = __await__ = __repr__
    __hash__ = None


@pytest.mark.parametrize("kind", KEPT)
def test_a_result_is_the_same_object_even_if_its_methods_raise(fake_time, kind):
    value = Value(KEPT[kind]())

    async def give():
        return value

    job = Job(give)
    after = Job(give, required=job)
    scheduler = Scheduler(job, after, Scheduler(Job(give)), Job(give, forever=True))
    assert scheduler.run() is True
    scheduler.debrief(details=True)
    assert same(job.result(), value)
    assert same(after.result(), value)


@pytest.mark.parametrize("method", SHOW)
def test_an_exception_that_can_not_be_shown_is_listed(fake_time, capsys, method):
    job = Job(raiser(Odd()))
    scheduler = PureScheduler(job)
    scheduler.run()
    getattr(scheduler, method)()
    assert "(its __str__ raised ZeroDivisionError)" in capsys.readouterr().out


def test_an_exception_that_python_can_not_format_is_listed(fake_time, capsys):
    error = SyntaxError("no file")
    error.filename, error.lineno = Odd(), 1  # traceback tests the truth of a file name
    scheduler = PureScheduler(Job(raiser(error)))
    scheduler.run()
    scheduler.debrief()
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "Traceback (most recent call last):" in lines
    assert lines[-1] == "SyntaxError:no file (line 1)"


@pytest.mark.parametrize("kind", LEAVING)
@pytest.mark.parametrize("method", SHOW)
def test_an_exit_in_the_text_of_an_exception_passes_through_listing(
    fake_time, capsys, kind, method
):
    error = LEAVING[kind]()
    unspeakable = type("Unspeakable", (Exception,), {"__str__": raiser(error)})
    scheduler = PureScheduler(Job(raiser(unspeakable())))
    scheduler.run()
    assert same(outcome_of(getattr(scheduler, method)), error)


# -- stdout, watches and logs


class Failing(io.StringIO):
    """A stdout that breaks after some lines."""

    def __init__(self, lines, error):
        super().__init__()
        self.left = lines
        self.error = error

    def write(self, text):
        if self.left <= 0:
            raise self.error
        self.left -= text.count("\n")
        return super().write(text)


@pytest.mark.parametrize("lines", range(8))
@pytest.mark.parametrize("error", [OSError("gone"), ValueError("I/O operation on closed file")])
def test_a_stdout_that_breaks_at_any_line_of_a_verbose_run(
    fake_time, monkeypatch, lines, error
):
    monkeypatch.setattr(sys, "stdout", Failing(lines, error))
    jobs = [Job(asyncio.sleep, 1), Job(asyncio.sleep, 2)]
    scheduler = Scheduler(*jobs, verbose=True)
    assert (scheduler.run(), scheduler.shutdown()) == (True, True)
    assert all(job.is_done() for job in jobs)


@pytest.mark.parametrize("kind", KEPT)
def test_a_watch_that_fails_does_not_change_the_outcome(fake_time, kind):
    watch = Watch(show_elapsed=False)
    watch.elapsed = raiser(KEPT[kind]())
    scheduler = Scheduler(Job(asyncio.sleep, 1), watch=watch, verbose=True)
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")


class Broken(logging.Handler):
    """A handler that raises, and does not catch it."""

    def emit(self, record):
        raise OSError("the disk is full")


def test_a_log_that_fails_does_not_end_a_run(fake_time):
    async def deaf():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(5)

    logger = logging.getLogger("asynciojobs")
    handler = Broken()
    logger.addHandler(handler)
    scheduler = PureScheduler(Scheduler(Job(deaf), label="n"), timeout=1)
    scheduler.observe(raiser(ValueError()))
    try:
        outcome = outcome_of(scheduler.run)
    finally:
        logger.removeHandler(handler)
    assert outcome is False


# -- futures that can't be cancelled


class Stubborn(asyncio.Future):
    """A future whose `cancel()` raises."""

    refusal: BaseException = ValueError("never")

    def cancel(self, msg=None):
        raise self.refusal


async def wait_stubbornly(*_, refusal=Stubborn.refusal):
    loop = asyncio.get_running_loop()
    future = Stubborn(loop=loop)
    future.refusal = refusal
    loop.call_later(5, future.set_result, None)
    await future


@pytest.mark.parametrize("kind", KEPT | LEAVING)
def test_a_job_whose_cancellation_raises_is_waited_for(fake_time, caplog, kind):
    first, last = (Job(asyncio.sleep, 9) for _ in range(2))
    wait = functools.partial(wait_stubbornly, refusal=(KEPT | LEAVING)[kind]())
    stubborn = Job(wait, label="stubborn")
    scheduler = PureScheduler(first, stubborn, last, timeout=1)
    ran = "running: <Job `sleep()`>, <Job `stubborn`>, <Job `sleep()`>"
    assert (scheduler.run(), scheduler.why()) == (False, f"TIMED OUT after 1s; {ran}")
    assert [job.ended_at for job in (first, stubborn, last)] == [1, 5, 1]
    assert caplog.messages[0] == "cancelling <Job `stubborn`> raised"


def test_a_shutdown_whose_cancellation_raises_is_waited_for(fake_time, caplog):
    jobs = [
        Job(asyncio.sleep, 1, label=str(wait), coshutdown=lambda *_, wait=wait: wait())
        for wait in (wait_stubbornly, lambda: asyncio.sleep(9))
    ]
    scheduler = PureScheduler(*jobs)
    assert scheduler.shutdown() is False
    assert set(scheduler.shutdown_failures()) == set(jobs)


@pytest.mark.parametrize("how", ["cancelled", "fails"])
def test_a_run_with_a_job_whose_cancellation_raises_ends(fake_time, how):
    async def main():
        jobs = [Job(wait_stubbornly), Job(asyncio.sleep, 9)]
        if how == "fails":
            jobs.append(Job(raiser(ValueError())))
        run = asyncio.ensure_future(PureScheduler(*jobs).co_run())
        await asyncio.sleep(1)
        run.cancel()
        await asyncio.wait([run])
        return asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=fake_time) as runner:
        assert runner.run(main()) is True
