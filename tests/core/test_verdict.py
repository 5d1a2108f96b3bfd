"""How a run ended, and how that is worded."""

from __future__ import annotations

import pytest

from asynciojobs import AbstractJob, PureScheduler, Scheduler
from asynciojobs._dag.queries import culprit_of
from asynciojobs._outcomes import (
    FINE,
    Broken,
    Cancelled,
    CriticalFailure,
    Fine,
    Refused,
    TimedOut,
    exception_text,
)
from asynciojobs_testkit import FakeJob


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise LookupError("no words")


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (FINE, "FINE"),
        (Fine(), "FINE"),
        (TimedOut(3), "TIMED OUT after 3s"),
        (TimedOut(0.25), "TIMED OUT after 0.25s"),
        (TimedOut(0), "TIMED OUT after 0s"),
        (Cancelled(), "CANCELLED"),
        (
            CriticalFailure(AbstractJob(label="a"), OSError("no disk")),
            "CRITICAL FAILURE: <AbstractJob `a`> raised OSError:no disk",
        ),
        (Broken(KeyboardInterrupt()), "BROKEN OFF: KeyboardInterrupt:"),
        (Refused("CycleError:a → a"), "REFUSED: CycleError:a → a"),
    ],
)
def test_a_verdict_in_words(verdict, text):
    assert str(verdict) == text


@pytest.mark.parametrize(
    ("exception", "text"),
    [
        (ValueError("bad"), "ValueError:bad"),
        (ValueError(), "ValueError:"),
        (KeyError("k"), "KeyError:'k'"),
        (UnspeakableError(), "UnspeakableError:(its __str__ raised LookupError)"),
    ],
)
def test_an_exception_in_words(exception, text):
    assert exception_text(exception) == text


# -- the job that ended a run


def test_a_run_that_has_not_begun_was_ended_by_no_job():
    assert culprit_of(PureScheduler(FakeJob("a"))) is None


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("timeout", [None, 1], ids=["fine", "timed out"])
def test_a_run_without_a_failure_was_ended_by_no_job(timeout):
    lenient = FakeJob("lenient", raises=OSError, critical=False)
    scheduler = PureScheduler(lenient, FakeJob("slow", takes=2), timeout=timeout)
    scheduler.run()
    assert culprit_of(scheduler) is None


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("error", [OSError, SystemExit, KeyboardInterrupt])
def test_a_run_that_failed_was_ended_by_the_job_that_raised(error):
    bad = FakeJob("bad", takes=1, raises=error, critical=True)
    inner = Scheduler(FakeJob("before"), bad)
    scheduler = PureScheduler(FakeJob("other", takes=2), inner)
    try:
        assert scheduler.run() is False
    except (SystemExit, KeyboardInterrupt):
        pass
    assert (culprit_of(scheduler), culprit_of(inner)) == (inner, bad)


def test_a_job_that_was_removed_since_is_not_found():
    bad = FakeJob("bad", raises=OSError, critical=True)
    scheduler = PureScheduler(bad)
    scheduler.run()
    scheduler.remove(bad)
    assert culprit_of(scheduler) is None
