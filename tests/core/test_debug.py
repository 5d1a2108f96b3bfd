"""`set_debug()`: all schedulers are verbose, and the log takes all."""

from __future__ import annotations

import logging

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Watch, set_debug
from asynciojobs.watch import use_clocks

LOG = logging.getLogger("asynciojobs")


@pytest.fixture(autouse=True)
def debugging():
    set_debug(True)
    yield
    set_debug(False)


@pytest.fixture
def watch():
    with use_clocks(lambda: 0.0):
        return Watch(show_elapsed=False)


async def nothing():
    pass


def test_each_event_is_printed_once_at_all_depths(fake_time, capsys, watch):
    inner = Scheduler(Job(nothing, label="a"), label="s")
    PureScheduler(inner, watch=watch).run()
    assert capsys.readouterr().out.splitlines() == [
        "000.000 scheduled <Scheduler `s`>",
        "000.000   started <Scheduler `s`>",
        "000.000 scheduled <Job `a`>",
        "000.000   started <Job `a`>",
        "000.000      done <Job `a`>",
        "000.000  shutdown <Scheduler `s`>",
        "000.000  shutdown <Job `a`>",
        "000.000      done <Scheduler `s`>",
    ]


def test_a_verbose_scheduler_in_another_one_prints_no_second_time(fake_time, capsys, watch):
    inner = Scheduler(label="s", verbose=True)
    PureScheduler(inner, watch=watch).run()
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_sanitize_prints_what_it_drops_unless_it_is_told_not_to(capsys):
    for verbose in (False, None):
        job = AbstractJob(label="a", required=AbstractJob(label="b"))
        PureScheduler(job).sanitize(verbose=verbose)
    assert capsys.readouterr().out == (
        "<PureScheduler of 1 job>: <AbstractJob `a`> no longer requires <AbstractJob `b`>\n"
    )


def test_set_debug_false_ends_it(fake_time, capsys):
    set_debug(False)
    PureScheduler(Job(nothing)).run()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("level", [logging.NOTSET, logging.ERROR])
def test_the_log_is_at_debug_and_gets_its_level_back(level):
    set_debug(False)
    before = LOG.level
    try:
        LOG.setLevel(level)
        levels = []
        for flag in (True, True, False, False):
            set_debug(flag)
            levels.append(LOG.level)
    finally:
        LOG.setLevel(before)
    assert levels == [logging.DEBUG, logging.DEBUG, level, level]
