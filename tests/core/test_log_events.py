"""`log_events()`: each event becomes a record of the log, with fields."""

from __future__ import annotations

import asyncio
import logging

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, log_events

FIELDS = ("path", "event", "time", "outcome", "duration")


async def work(seconds=1):
    await asyncio.sleep(seconds)


async def fail():
    await asyncio.sleep(1)
    raise OSError("no disk")


@pytest.fixture
def logged(caplog, fake_time):
    """Run a scheduler with its events logged; return the records."""

    def logged(scheduler, *level):
        caplog.set_level(logging.DEBUG, "asynciojobs")
        with log_events(scheduler, *level):
            scheduler.run()
        return caplog.records

    return logged


def test_each_event_is_a_record_with_fields(logged):
    records = logged(PureScheduler(Job(work, label="boot")))
    assert [
        (record.name, record.levelno, record.getMessage(), record.exc_info)
        for record in records
    ] == [
        ("asynciojobs", logging.INFO, text, None)
        for text in (
            "scheduled <Job `boot`>",
            "started <Job `boot`>",
            "done <Job `boot`> after 1.0 s",
        )
    ]
    assert [tuple(getattr(record, name) for name in FIELDS) for record in records] == [
        ("boot", "scheduled", 0, None, None),
        ("boot", "started", 0, None, None),
        ("boot", "done", 1, "done", 1),
    ]


def test_a_job_is_named_with_the_schedulers_around_it(logged):
    inner = Scheduler(Scheduler(Job(work, label="host3 100%s"), label="boots"))
    records = logged(PureScheduler(inner))
    ends = [(it.path, it.getMessage()) for it in records if it.outcome == "done"]
    assert ends == [
        ("boots > host3 100%s", "done <Job `boots > host3 100%s`> after 1.0 s"),
        ("boots", "done <Scheduler `boots`> after 1.0 s"),
        ("NOLABEL", "done <Scheduler `NOLABEL`> after 1.0 s"),
    ]


@pytest.mark.parametrize(("critical", "level"), [(True, "ERROR"), (False, "WARNING")])
def test_a_failure_is_logged_above_the_others_with_its_exception(logged, critical, level):
    bad = Job(fail, label="bad", critical=critical)
    inner = Scheduler(bad, label="inner", critical=critical)
    records = logged(PureScheduler(inner), logging.DEBUG)
    failed = [it for it in records if it.outcome == "failed"]
    assert [it.path for it in failed] == (
        ["inner > bad", "inner"] if critical else ["inner > bad"]
    )
    assert [it.levelname for it in failed] == [level] * len(failed)
    assert failed[0].exc_info[1] is bad.raised_exception()
    assert [it.exc_info for it in failed[1:]] == [None] * (len(failed) - 1)
    assert {it.levelname for it in records if it not in failed} == {"DEBUG"}


def test_jobs_that_end_in_other_ways_have_an_outcome_too(logged):
    bad = Job(fail, label="bad")
    scheduler = PureScheduler(
        bad,
        Job(work, label="behind", required=bad),
        Job(work, 9, label="forever", forever=True),
        keep_going=True,
    )
    ends = {it.path: (it.outcome, it.duration) for it in logged(scheduler) if it.outcome}
    assert ends == {
        "bad": ("failed", 1),
        "behind": ("skipped", None),
        "forever": ("stopped", 1),
    }


def test_jobs_that_stay_done_have_an_outcome_of_their_own(fake_time, caplog):
    scheduler = PureScheduler(Job(work, label="a"), Job(work, 2, label="b"))
    scheduler.run()
    caplog.set_level(logging.INFO, "asynciojobs")
    with log_events(scheduler):
        scheduler.run(resume=True)
    assert [(it.path, it.outcome, it.duration) for it in caplog.records] == [
        ("a", "restored", 1),
        ("b", "restored", 2),
    ]


def test_an_exception_that_is_false_is_logged(logged):
    class Empty(Exception):
        def __bool__(self):
            return False

    async def odd():
        raise Empty

    (record,) = (it for it in logged(PureScheduler(Job(odd))) if it.outcome == "failed")
    assert record.exc_info[0] is Empty


def test_what_is_not_logged_is_not_made(logged, caplog):
    class Loud:
        def __str__(self):
            raise AssertionError("nobody listens")

    caplog.set_level(logging.ERROR)
    assert logged(PureScheduler(Job(work, label=Loud())), 1) == []


def test_the_handle_ends_it(caplog, fake_time):
    caplog.set_level(logging.INFO)
    scheduler = PureScheduler(Job(work))
    log_events(scheduler).close()
    scheduler.run()
    assert caplog.records == []


@pytest.mark.parametrize("level", ["INFO", None, 20.0])
def test_a_level_is_a_number(level):
    with pytest.raises(
        TypeError, match=f"^level is a level of logging, such as logging.INFO, not {level!r}$"
    ):
        log_events(PureScheduler(), level)
