"""Large graphs: a hundred thousand jobs work, and the time grows in proportion."""

from __future__ import annotations

import asyncio
import gc
import io
import random
import sys
import time

import pytest

from asynciojobs import AbstractJob, PureScheduler

JOBS = 100_000
FAN_IN = 10

SMALL, FACTOR = 1_000, 4
ALLOWED = 8
"""How many times longer FACTOR times the jobs may take: linear, with some tolerance."""


class Nop(AbstractJob):
    """A job that returns at once."""

    __slots__ = ()

    async def co_run(self):
        return None


def build(size, fan_in=FAN_IN):
    """Return a scheduler of jobs in random order, each of which requires some others."""
    chance = random.Random(1)
    jobs = [Nop() for _ in range(size)]
    for n in range(fan_in, size):
        jobs[n].requires(jobs[m] for m in chance.sample(range(n), fan_in))
    chance.shuffle(jobs)
    return PureScheduler(*jobs)


def build_chain(size):
    """Return a scheduler of jobs that each require the next one in the scheduler."""
    jobs = [Nop() for _ in range(size)]
    for n in range(size - 1):
        jobs[n].requires(jobs[n + 1])
    return PureScheduler(*jobs)


def run(scheduler):
    with asyncio.Runner() as runner:
        return runner.run(scheduler.co_run())


def drain(scheduler, iterator):
    return sum(1 for _ in iterator(scheduler))


def middle(scheduler):
    jobs = list(scheduler)
    return jobs[len(jobs) // 2]


def keep_half(scheduler):
    jobs = list(scheduler)
    scheduler.keep_only(jobs[: len(jobs) // 2])


QUESTIONS = {
    "check_cycles": lambda s: s.check_cycles(),
    "topological_order": lambda s: drain(s, PureScheduler.topological_order),
    "list": lambda s: s.list(),
    "list_safe": lambda s: s.list_safe(),
    "debrief": lambda s: s.debrief(),
    "stats": lambda s: s.stats(),
    "iterate_jobs": lambda s: drain(s, PureScheduler.iterate_jobs),
    "entry_jobs": lambda s: drain(s, PureScheduler.entry_jobs),
    "exit_jobs": lambda s: drain(s, PureScheduler.exit_jobs),
    "predecessors_upstream": lambda s: s.predecessors_upstream(middle(s)),
    "successors_downstream": lambda s: s.successors_downstream(middle(s)),
    "sanitize": lambda s: s.sanitize(),
    "keep_only_between": lambda s: s.keep_only_between(starts=list(s.entry_jobs())),
    "run": run,
    "shutdown": lambda s: s.shutdown(),
    "bypass_and_remove": lambda s: s.bypass_and_remove(middle(s)),
    "keep_only": keep_half,
}


class Null(io.TextIOBase):
    encoding = "utf-8"

    def write(self, text):
        return len(text)


@pytest.fixture
def null_stdout(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Null())


def shortest(make, measured):
    """Return the shortest time of some calls, each with a new argument (seconds)."""
    times = []
    for _ in range(3):
        argument = make()
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            measured(argument)
            times.append(time.process_time() - start)
        finally:
            gc.enable()
    return min(times)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_time_is_proportional_to_the_graph(null_stdout, name):
    small = shortest(lambda: build(SMALL, 3), QUESTIONS[name])
    large = shortest(lambda: build(SMALL * FACTOR, 3), QUESTIONS[name])
    # The clock and cold caches dominate times near a millisecond.
    assert large < ALLOWED * max(small, 0.003)


def test_the_time_to_build_is_proportional_to_the_graph():
    small = shortest(lambda: SMALL, build)
    large = shortest(lambda: SMALL * FACTOR, build)
    assert large < ALLOWED * small


@pytest.mark.parametrize("name", ["check_cycles", "list", "debrief", "run"])
def test_the_time_for_a_chain_is_proportional_to_its_length(null_stdout, name):
    small = shortest(lambda: build_chain(SMALL), QUESTIONS[name])
    large = shortest(lambda: build_chain(SMALL * FACTOR), QUESTIONS[name])
    assert large < ALLOWED * max(small, 0.003)


# -- a hundred thousand jobs, a million requirements


@pytest.fixture(scope="module")
def large():
    """Return a large scheduler, whose jobs are in random order."""
    return build(JOBS)


def test_a_large_graph_has_its_requirements(large):
    assert sum(len(job.required) for job in large) == FAN_IN * (JOBS - FAN_IN)


def test_a_large_graph_is_checked(large):
    assert large.check_cycles() is True


def test_a_large_graph_is_ordered(large):
    assert drain(large, PureScheduler.topological_order) == JOBS


def test_a_large_graph_is_listed(large, null_stdout):
    large.list()
    last = max(job.repr_id() for job in large)
    assert last == str(JOBS)


def test_a_large_graph_is_run(large):
    fine = run(large)
    assert (fine, large.stats()) == (True, f"{JOBS}D + 0R + 0I = {JOBS}")


# -- a chain of a hundred thousand jobs


@pytest.fixture(scope="module")
def chain():
    return build_chain(JOBS)


def test_a_long_chain_is_ordered(chain):
    assert drain(chain, PureScheduler.topological_order) == JOBS


def test_a_long_chain_has_its_closures(chain):
    found = len(chain.predecessors_upstream(next(iter(chain))))
    assert found == JOBS - 1


def test_a_long_chain_is_run(chain):
    fine = run(chain)
    assert (fine, chain.stats()) == (True, f"{JOBS}D + 0R + 0I = {JOBS}")
