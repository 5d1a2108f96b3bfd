"""Large graphs: twice the jobs are twice the work, and no nesting is too deep."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from asynciojobs import AbstractJob, Scheduler

LEVELS = 1500


def grid(schedulers, jobs):
    """Return chains of nested schedulers, whose jobs are chains too."""
    outer = Scheduler()
    before = None
    for _ in range(schedulers):
        members = [AbstractJob(label="job") for _ in range(jobs)]
        for one, other in pairwise(members):
            other.requires(one)
        before = Scheduler(*members, label="nested", required=before, scheduler=outer)
    return outer


def comb(jobs):
    """Return jobs that all require the same five jobs."""
    first = [AbstractJob(label="first") for _ in range(5)]
    return Scheduler(*first, *(AbstractJob(label="job", required=first) for _ in range(jobs)))


def calls_of(function, *args, **options):
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    old = sys.getprofile()
    sys.setprofile(note)
    try:
        function(*args, **options)
    finally:
        sys.setprofile(old)
    return count


@pytest.mark.parametrize("options", [{}, {"status": True}, {"depth": 0}], ids=str)
@pytest.mark.parametrize(
    "make",
    [lambda n: grid(n, 20), lambda n: grid(20, n), lambda n: grid(n, 0), comb],
    ids=["more schedulers", "larger schedulers", "empty schedulers", "more arrows"],
)
def test_twice_the_jobs_are_twice_the_work(make, options):
    once, twice = (calls_of(make(n).dot_format, **options) for n in (20, 40))
    assert once < twice < 2.1 * once


def test_the_work_for_a_job_is_small():
    """Function calls are counted instead of time: 10,000 jobs take less than a second."""
    assert calls_of(grid(20, 50).dot_format) < 1000 * 150


def tower():
    scheduler = Scheduler(AbstractJob(label="deepest"), label="1")
    for _ in range(LEVELS):
        scheduler = Scheduler(scheduler, label="level")
    return scheduler


def test_nesting_may_be_deep():
    text = tower().dot_format()
    assert (text.count("subgraph"), text.count("deepest")) == (LEVELS, 1)


def test_a_deep_nesting_may_be_closed():
    assert '1 job"' in tower().dot_format(depth=7)


def test_a_chain_may_be_long():
    text = grid(1, 5000).dot_format()
    assert text.count(" -> ") == 4999
