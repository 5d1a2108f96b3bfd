"""Printing to any stdout: it may show less, but never changes the outcome of a run."""

from __future__ import annotations

import asyncio
import io
import sys

import pytest

from asynciojobs import Job, PureScheduler, Scheduler


async def give(value):
    return value


class Broken:
    """A stdout that raises at each write."""

    encoding = "utf-8"

    def __init__(self, error):
        self._error = error

    def write(self, text):
        raise self._error

    def flush(self):
        raise self._error


class Bare:
    """A stdout that can only write."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def encoded(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def closed():
    stdout = encoded("utf-8")
    stdout.close()
    return stdout


def detached():
    stdout = encoded("utf-8")
    stdout.detach()
    return stdout


USELESS = {
    "closed": closed,
    "detached": detached,
    "none": lambda: None,
    "broken pipe": lambda: Broken(BrokenPipeError("no reader")),
    "disk full": lambda: Broken(OSError(28, "No space left on device")),
}


@pytest.fixture
def stdout(monkeypatch):
    """Return a function that replaces stdout, and returns the new one."""

    def put(stdout):
        monkeypatch.setattr(sys, "stdout", stdout)
        return stdout

    return put


@pytest.fixture(params=USELESS)
def useless(request, stdout):
    """Replace stdout by an object that can't be printed to."""
    return stdout(USELESS[request.param]())


def written(stdout):
    stdout.flush()
    return stdout.buffer.getvalue().decode(stdout.encoding)


@pytest.fixture
def scheduler():
    a = Job(give, "é", label="café")
    b = Job(asyncio.sleep, 0, label="b", required=a, critical=False, forever=True)
    return Scheduler(a, b, label="s")


# -- a stdout without all signs


def test_list_in_ascii(stdout, scheduler):
    out = stdout(encoded("ascii"))
    scheduler.list()
    assert written(out) == (
        "1 !   .   <Job `caf\\xe9`> [not done]\n2     . 8 <Job `b`> [not done] requires={1}\n"
    )


def test_list_in_latin_1(stdout, scheduler):
    out = stdout(encoded("latin-1"))
    scheduler.list()
    assert written(out) == (
        "1 !   .   <Job `café`> [not done]\n2     . 8 <Job `b`> [not done] requires={1}\n"
    )


def test_list_in_unicode(stdout, scheduler):
    out = stdout(encoded("utf-8"))
    scheduler.list()
    assert written(out) == (
        "1 !   ·   <Job `café`> [not done]\n2     · ∞ <Job `b`> [not done] requires={1}\n"
    )


def test_list_safe_in_ascii(fake_time, stdout, scheduler):
    out = stdout(encoded("ascii"))
    scheduler.run()
    scheduler.list_safe()
    first = written(out).splitlines()[0]
    assert first == "! + *   <Job `caf\\xe9`> [[ -> '\\xe9']]"


def test_debrief_in_ascii(stdout, scheduler):
    out = stdout(encoded("ascii"))
    scheduler.debrief()
    assert written(out) == (
        "===== <Scheduler `s`>: FINE\n"
        "===== 0D + 0R + 2I = 2\n"
        "1 !   .   <Job `caf\\xe9`> [not done]\n"
        "2     . 8 <Job `b`> [not done] requires={1}\n"
    )


def test_a_lone_surrogate_is_written_in_unicode(stdout):
    out = stdout(encoded("utf-8"))
    PureScheduler(Job(give, 1, label="\udcff")).list()
    assert written(out) == "1 !   ·   <Job `\\udcff`> [not done]\n"


def test_a_stdout_that_can_only_write_gets_the_real_signs(stdout):
    out = stdout(Bare())
    PureScheduler(Job(give, 1, label="a")).list()
    assert out.text == "1 !   ·   <Job `a`> [not done]\n"


def test_a_stream_of_text_gets_the_real_signs(fake_time, stdout, scheduler):
    out = stdout(io.StringIO())
    scheduler.run()
    scheduler.list()
    assert out.getvalue() == (
        "1 ! ✓ ●   <Job `café`> [[ -> 'é']]\n2     ○ ∞ <Job `b`> [not done] requires={1}\n"
    )


# -- a stdout that can't be printed to


@pytest.mark.parametrize("method", ["list", "list_safe", "debrief"])
def test_listing_prints_nothing_and_does_not_raise(useless, scheduler, method):
    assert getattr(scheduler, method)() is None


def test_sanitize_prints_nothing_and_still_works(useless, scheduler):
    job = Job(give, 1, required=next(iter(scheduler)))
    inner = PureScheduler(job, verbose=True)
    assert (inner.sanitize(), list(job.required)) == (False, [])


def test_repr_does_not_raise(useless, scheduler):
    assert repr(scheduler).endswith("<Scheduler `s`> [not done]")


@pytest.mark.parametrize("scheduler_class", [PureScheduler, Scheduler])
def test_a_verbose_run_is_fine(fake_time, useless, scheduler_class):
    job = Job(give, 1)
    scheduler = scheduler_class(job, verbose=True)
    assert (scheduler.run(), scheduler.why(), job.result()) == (True, "FINE", 1)


def test_a_verbose_run_times_out(fake_time, useless):
    scheduler = PureScheduler(Job(asyncio.sleep, 5), timeout=1, verbose=True)
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "TIMED OUT after 1s; running: <Job `sleep()`>",
    )


def test_a_verbose_run_logs_nothing(fake_time, useless, caplog):
    Scheduler(Job(give, 1), verbose=True).run()
    assert caplog.records == []


# -- a verbose run


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_verbose_run_is_fine_in_any_encoding(fake_time, stdout, scheduler, encoding):
    stdout(encoded(encoding))
    scheduler.verbose = True
    assert scheduler.run() is True


def test_a_stdout_with_a_bug_does_not_change_the_outcome(fake_time, stdout):
    stdout(Broken(ZeroDivisionError("a mistake in a stdout")))
    scheduler = Scheduler(Job(give, 1), verbose=True)
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")


def test_a_stdout_that_is_closed_during_the_run_does_not_change_the_outcome(fake_time, stdout):
    out = stdout(encoded("utf-8"))

    async def close():
        out.close()

    first = Job(close)
    last = Job(give, 1, required=first)
    scheduler = Scheduler(first, last, verbose=True)
    assert (scheduler.run(), last.result()) == (True, 1)
