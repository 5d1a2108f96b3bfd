"""The options `key`, `journaled` and `version` of jobs."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

from asynciojobs import (
    AbstractJob,
    CallJob,
    CommandJob,
    DuplicateKeyError,
    Job,
    Limit,
    PrintJob,
    PureScheduler,
    Scheduler,
)
from asynciojobs._identity import PLAIN
from asynciojobs.job import identity_of
from asynciojobs.limit import Terms

MAKERS = {
    "AbstractJob": AbstractJob,
    "Job": lambda **options: Job(asyncio.sleep, 0, **options),
    "CallJob": lambda **options: CallJob(int, **options),
    "CommandJob": lambda **options: CommandJob("true", **options),
    "PrintJob": lambda **options: PrintJob("hello", **options),
    "Scheduler": Scheduler,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_all_kinds_of_jobs_have_the_options(kind):
    job = MAKERS[kind](key="boot", journaled=False, version=2)
    assert identity_of(job) == ("boot", False, "2")
    assert identity_of(MAKERS[kind]()) is PLAIN


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"key": "k"}, ("k", True, None)),
        ({"journaled": 0}, (None, False, None)),
        ({"version": "v1"}, (None, True, "v1")),
        ({"version": 1.5}, (None, True, "1.5")),
        ({"version": 0}, (None, True, "0")),
        ({"key": None, "journaled": True, "version": None}, (None, True, None)),
    ],
)
def test_each_may_be_given_alone(options, expected):
    assert identity_of(AbstractJob(**options)) == expected


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"key": 1}, TypeError, "key must be text, or None for the label, not 1"),
        ({"key": ""}, ValueError, "key must not be empty: leave it out, and the label counts"),
        (
            {"version": [1]},
            TypeError,
            r"version must be text or a number, or None for the source, not \[1\]",
        ),
        ({"version": True}, TypeError, "version must be text or a number, .*, not True"),
    ],
)
def test_something_else_is_refused(options, error, text):
    with pytest.raises(error, match=f"^{text}$"):
        AbstractJob(**options)


def test_they_go_together_with_limits_and_a_timeout(fake_time):
    limit = Limit(1)
    jobs = [Job(asyncio.sleep, 1, key=key, limits=limit, timeout=5) for key in "ab"]
    scheduler = PureScheduler(*jobs)
    assert (scheduler.run(), scheduler.duration(), limit.free) == (True, 2, 1)
    assert [identity_of(job).key for job in jobs] == ["a", "b"]


def test_a_run_whose_jobs_only_have_keys_has_no_extras(fake_time, monkeypatch):
    monkeypatch.setattr(Terms, "in_use", True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("asynciojobs._run.run.Run.use_extras", None)
        assert PureScheduler(AbstractJob(key="a", critical=False)).run() is True


@pytest.mark.parametrize("duplicate", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_has_the_same(duplicate):
    job = CallJob(int, key="k", version=3)
    assert identity_of(duplicate(job)) == ("k", True, "3")


def test_classes_of_users_may_have_such_attributes():
    class Versioned(AbstractJob):
        def __init__(self, key, version, journaled):
            super().__init__()
            self.key, self.version, self.journaled = key, version, journaled

        @property
        def identity(self):
            return self.key

        async def co_run(self):
            return self.key, self.version, self.journaled

    assert Versioned([1], [2], 3).standalone_run() == ([1], [2], 3)


def test_the_error_about_two_jobs_with_one_key_names_both():
    first, second = AbstractJob(label="x"), AbstractJob(label="y", key="x")
    error = DuplicateKeyError(first, second, "x")
    assert str(error) == (
        "<AbstractJob `x`> and <AbstractJob `y`> have the same key 'x', so a journal can't "
        "tell them apart: give one of them another key, as in Job(…, key='second')"
    )
    assert (error.job, error.other, error.key) == (first, second, "x")
