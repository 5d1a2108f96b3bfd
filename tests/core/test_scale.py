"""The cost of each operation is proportional to the graph: function calls are counted.

Times would depend on the machine. The jobs have a hash and a comparison written in Python, so
even a look-up in a set, or a search in a list, is a call that is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import sys
from functools import partial

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence

SMALL, FACTOR = 60, 4
ALLOWED = 1.15 * FACTOR
"""How many times more calls FACTOR times the jobs may cost: linear, with some tolerance."""


class Counted(AbstractJob):
    """A job that returns at once; each hash and each comparison of it is a call."""

    async def co_run(self):
        return None

    def __hash__(self):
        return id(self) >> 4

    def __eq__(self, other):
        return self is other


class CountedScheduler(Scheduler):
    __hash__ = Counted.__hash__
    __eq__ = Counted.__eq__


def mesh(size):
    """Return a scheduler of jobs in random order, each of which requires three others."""
    chance = random.Random(1)
    jobs = [Counted() for _ in range(size)]
    for n in range(3, size):
        jobs[n].requires(chance.sample(jobs[:n], 3))
    chance.shuffle(jobs)
    return PureScheduler(*jobs)


def chain(size):
    return PureScheduler(Sequence(*(Counted() for _ in range(size))))


def backward_chain(size):
    return PureScheduler(*reversed(Sequence(*(Counted() for _ in range(size))).jobs))


def fan(size):
    """Return a scheduler of one job, many jobs that require it, and one that requires these."""
    first = Counted()
    many = [Counted(required=first) for _ in range(size)]
    return PureScheduler(first, *many, Counted(required=many))


def levels(size):
    """Return schedulers nested in each other, each with a job beside it."""
    scheduler = CountedScheduler(Counted())
    for _ in range(size):
        scheduler = CountedScheduler(scheduler, Counted(required=scheduler))
    return scheduler


def with_requirement_outside(scheduler):
    """Make each job require a job that is in no scheduler."""
    elsewhere = Counted()
    for job in scheduler:
        job.requires(elsewhere)
    return scheduler


def in_loop(coroutine):
    async def main(scheduler):
        await coroutine(scheduler)

    def run(scheduler):
        with asyncio.Runner(debug=False) as runner:
            runner.run(main(scheduler))

    return run


def middle_third(scheduler):
    jobs = list(scheduler)
    return jobs[len(jobs) // 3 : 2 * len(jobs) // 3]


def bypass_many(scheduler):
    scheduler.bypass_and_remove(sequence_of(middle_third(scheduler)))


def sequence_of(jobs):
    """Return a sequence of jobs without adding requirements to them."""
    sequence = Sequence()
    sequence.jobs.extend(jobs)
    return sequence


def drain(iterator):
    for _ in iterator:
        pass


QUESTIONS = {
    "check_cycles": lambda s: s.check_cycles(),
    "topological_order": lambda s: drain(s.topological_order()),
    "iterate_jobs": lambda s: drain(s.iterate_jobs(scan_schedulers=True)),
    "entry_jobs": lambda s: drain(s.entry_jobs()),
    "exit_jobs": lambda s: drain(s.exit_jobs()),
    "predecessors": lambda s: s.predecessors(*s),
    "predecessors_upstream": lambda s: s.predecessors_upstream(*middle_third(s)),
    "successors": lambda s: s.successors(*s),
    "successors_downstream": lambda s: s.successors_downstream(*middle_third(s)),
    "stats": lambda s: s.stats(),
    "list": lambda s: s.list(),
    "list_safe": lambda s: s.list_safe(),
    "debrief": lambda s: s.debrief(),
    "sanitize": lambda s: s.sanitize(),
    "sanitize requirements outside": lambda s: with_requirement_outside(s).sanitize(),
    "bypass_and_remove": lambda s: s.bypass_and_remove(middle_third(s)[0]),
    "keep_only": lambda s: s.keep_only(middle_third(s)),
    "keep_only_between": lambda s: s.keep_only_between(starts=middle_third(s)),
    "keep_only_between ends": lambda s: s.keep_only_between(ends=middle_third(s)),
    "close_idle_jobs": lambda s: s.close_idle_jobs(),
    "remove": lambda s: s.remove(sequence_of(middle_third(s))),
    "update": lambda s: PureScheduler().update(s.jobs),
    "run": in_loop(lambda s: s.co_run()),
    "shutdown": in_loop(lambda s: s.co_shutdown()),
}
SHAPES = [mesh, chain, backward_chain, fan, levels]


class Null(io.TextIOBase):
    encoding = "utf-8"

    def write(self, text):
        return len(text)


@pytest.fixture(autouse=True)
def null_stdout(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Null())


def calls_of(function, argument):
    """Return how many functions, in Python and in C, are called during a call."""
    count = 0

    def note(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function(argument)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_cost_is_proportional_to_the_graph(name, shape):
    question = QUESTIONS[name]
    question(shape(SMALL))  # the first call may import or cache something
    small, large = (calls_of(question, shape(size)) for size in (SMALL, SMALL * FACTOR))
    assert large <= ALLOWED * small


@pytest.mark.parametrize("shape", [chain, backward_chain])
def test_the_cost_to_bypass_a_sequence_is_proportional_to_its_length(shape):
    bypass_many(shape(SMALL))
    small, large = (calls_of(bypass_many, shape(size)) for size in (SMALL, SMALL * FACTOR))
    assert large <= ALLOWED * small


async def fail():
    raise ValueError


@pytest.mark.parametrize("name", ["run", "shutdown"])
def test_the_cost_of_a_failure_is_proportional_to_the_levels_around_it(name):
    def question(scheduler):
        with (
            pytest.raises(ValueError, match=r"^\nraised by <Job `fail\(\)`>$")
            if name == "run"
            else contextlib.nullcontext()
        ):
            QUESTIONS[name](scheduler)

    def nested(size):
        scheduler = Scheduler(Job(fail, coshutdown=fail))
        for _ in range(size):
            scheduler = Scheduler(scheduler, Job(fail, required=scheduler))
        return scheduler

    question(nested(SMALL))
    small, large = (calls_of(question, nested(size)) for size in (SMALL, SMALL * FACTOR))
    assert large <= ALLOWED * small


def many_that_join(size):
    """Return a scheduler in which a job adds others, one by one, which wait for many."""

    class Adder(Counted):
        async def co_run(self):
            for _ in range(size):
                scheduler.add(Counted(required=waiting))
                await asyncio.sleep(0)

    first = Adder()
    waiting = Sequence(*(Counted() for _ in range(size)), required=first)
    scheduler = PureScheduler(first, waiting)
    return scheduler


def joined(*jobs):
    """Return a scheduler of jobs that wait for a job that was made to require a newcomer."""

    class Adder(Counted):
        async def co_run(self):
            waiting.requires(scheduler.add(Counted(forever=self.forever)))

    first = Adder(forever=jobs[0].forever)
    waiting = Counted(forever=jobs[0].forever, required=first)
    for job in jobs:
        job.requires(waiting)
    scheduler = PureScheduler(first, waiting, *jobs)
    return scheduler


def joined_in_turn(size, forever):
    return joined(*Sequence(*(Counted(forever=forever) for _ in range(size))).jobs)


def joined_together(size, forever):
    """Return such a scheduler of jobs that end in the same turn."""

    class Together(Counted):
        async def co_run(self):
            running.append(self)
            if len(running) == size:
                all_run.set()
            await all_run.wait()

    running = []
    all_run = asyncio.Event()
    return joined(*(Together(forever=forever) for _ in range(size)))


@pytest.mark.parametrize(
    "shape",
    [
        many_that_join,
        *(
            partial(shape, forever=forever)
            for shape in (joined_in_turn, joined_together)
            for forever in (False, True)
        ),
    ],
)
def test_the_cost_of_jobs_that_join_is_proportional_to_their_number(shape):
    run = QUESTIONS["run"]
    run(shape(SMALL))
    small, large = (calls_of(run, shape(size)) for size in (SMALL, SMALL * FACTOR))
    assert large <= ALLOWED * small


def looked_at(size):
    """Return how often a requirement is looked at while pages add the next one, in turn."""

    class Page(Job):
        __slots__ = ()

        def is_done(self):
            looks.append(self)
            return super().is_done()

    async def page(number):
        if number + 1 < size:
            merge.requires(scheduler.add(Page(page, number + 1)))

    looks = []
    first = Page(page, 0)
    merge = Job(asyncio.sleep, 0, required=first)
    scheduler = PureScheduler(first, merge)
    scheduler.run()
    return len(looks)


def test_a_requirement_that_is_added_during_the_run_is_looked_at_a_fixed_number_of_times():
    few, many = looked_at(SMALL), looked_at(SMALL * FACTOR)
    assert many <= FACTOR * few
