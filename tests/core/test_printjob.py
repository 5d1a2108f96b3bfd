"""`PrintJob`, which prints and sleeps."""

from __future__ import annotations

import asyncio
import sys

import pytest

from asynciojobs import PrintJob, Scheduler


class Closed:
    encoding = "utf-8"

    def write(self, text):
        raise ValueError("I/O operation on closed file.")

    def flush(self):
        pass


@pytest.mark.parametrize(
    ("messages", "printed"),
    [
        (("hello",), "hello\n"),
        (("hello", "world"), "hello world\n"),
        ((1, None, [2]), "1 None [2]\n"),
        (("two\nlines",), "two\nlines\n"),
        (("",), "\n"),
        ((), "\n"),
    ],
)
def test_prints_its_messages_like_print(capsys, messages, printed):
    PrintJob(*messages).standalone_run()
    assert capsys.readouterr().out == printed


def test_prints_the_banner_on_the_line_before(capsys):
    PrintJob("hello", banner=5 * "=").standalone_run()
    assert capsys.readouterr().out == "=====\nhello\n"


def test_sleeps_after_printing(fake_time):
    job = PrintJob("hello", sleep=2.5)
    Scheduler(job).run()
    assert job.duration() == 2.5


def test_without_sleep_it_takes_no_time(fake_time):
    job = PrintJob("hello")
    Scheduler(job).run()
    assert job.duration() == 0.0


@pytest.mark.parametrize("sleep", ["1", [1], object], ids=repr)
def test_a_sleep_that_is_not_a_number_is_a_type_error_at_once(sleep):
    with pytest.raises(TypeError) as caught:
        PrintJob("hello", sleep=sleep)
    rule = f"sleep must be a number of seconds, or None, not {sleep!r}"
    assert str(caught.value) == rule


@pytest.mark.parametrize(
    ("messages", "details"),
    [
        (("hello", "world"), "hello world"),
        ((1, None, [2]), "1 None [2]"),
        (("two\nlines",), "two\nlines"),
        ((), None),
    ],
)
def test_details_are_the_messages(messages, details):
    assert PrintJob(*messages, banner="=====").details() == details


@pytest.mark.parametrize(
    ("messages", "shown"),
    [
        (("hello", "world"), "<PrintJob `hello world`>"),
        ((1, None), "<PrintJob `1 None`>"),
        (("two\nlines",), "<PrintJob `two lines`>"),
        ((), "<PrintJob `NOLABEL`>"),
    ],
)
def test_is_labelled_by_its_messages(messages, shown):
    assert PrintJob(*messages).repr_main() == shown


def test_label_takes_precedence_over_the_messages():
    assert PrintJob("hello", label="mine").repr_main() == "<PrintJob `mine`>"


def test_accepts_requirements_and_a_scheduler():
    scheduler = Scheduler()
    first = PrintJob("first", scheduler=scheduler)
    second = PrintJob("second", required=first, scheduler=scheduler)
    found = (list(scheduler.jobs), list(second.required))
    assert found == ([first, second], [first])


def test_is_critical_and_not_forever():
    job = PrintJob("hello")
    assert (job.critical, job.forever) == (True, False)


def test_its_result_is_none(fake_time):
    job = PrintJob("hello")
    Scheduler(job).run()
    assert job.result() is None


def test_co_shutdown_does_nothing(capsys):
    assert asyncio.run(PrintJob("hello").co_shutdown()) is None
    assert capsys.readouterr().out == ""


def test_a_print_that_fails_fails_the_job(fake_time, monkeypatch):
    job = PrintJob("hello")
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(
        ValueError, match=r"^I/O operation on closed file\.\nraised by <PrintJob `hello`>$"
    ) as caught:
        Scheduler(job).run()
    assert job.raised_exception() is caught.value
