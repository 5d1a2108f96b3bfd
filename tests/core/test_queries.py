"""Queries about the graph of a scheduler, compared with their definitions."""

from __future__ import annotations

import asyncio
import graphlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs import (
    AbstractJob,
    CycleError,
    Job,
    PureScheduler,
    Scheduler,
    Sequence,
)

SIZE = 7
EDGES = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)))
"""Pairs of a job and one of its requirements, which may have cycles."""


def scheduler_of(edges):
    """Return a scheduler of SIZE jobs, and the jobs."""
    jobs = [AbstractJob(label=str(n)) for n in range(SIZE)]
    for n, required in edges:
        jobs[n].requires(jobs[required])
    return PureScheduler(*jobs), jobs


def labels(jobs):
    return {int(job.label) for job in jobs}


def direct_requirements(edges):
    """Return the requirements of each job."""
    return {n: {required for m, required in edges if m == n} - {n} for n in range(SIZE)}


def dependencies(edges):
    """Return the jobs on which each job depends, directly or not."""
    near = direct_requirements(edges)
    reached = {n: set(near[n]) for n in near}
    for _ in range(SIZE):
        for n in near:
            reached[n] |= {up for m in reached[n] for up in near[m]}
    return reached


def order(graph):
    return list(graphlib.TopologicalSorter(graph).static_order())


def is_acyclic(edges):
    try:
        order(direct_requirements(edges))
    except graphlib.CycleError:
        return False
    return True


@pytest.fixture
def diamond():
    """Return a scheduler of a → b, c → d, and its jobs."""
    a, b, c, d = (AbstractJob(label=label) for label in "abcd")
    b.requires(a)
    c.requires(a)
    d.requires(b, c)
    return PureScheduler(d, c, b, a), a, b, c, d


# -- entries and exits


@given(EDGES)
def test_entry_jobs_are_the_jobs_without_requirements(edges):
    scheduler, _ = scheduler_of(edges)
    needs = direct_requirements(edges)
    assert labels(scheduler.entry_jobs()) == {n for n in needs if not needs[n]}


@given(EDGES)
def test_exit_jobs_are_the_jobs_that_no_other_requires(edges):
    scheduler, _ = scheduler_of(edges)
    required = set().union(*direct_requirements(edges).values())
    assert labels(scheduler.exit_jobs()) == set(range(SIZE)) - required


def test_entry_jobs_come_in_the_order_of_creation():
    a, b = AbstractJob(), AbstractJob()
    assert list(PureScheduler(b, a).entry_jobs()) == [b, a]


@pytest.mark.parametrize("backlinks", [False, True])
def test_exit_jobs_leave_out_forever_jobs(backlinks):
    a, b = AbstractJob(), AbstractJob(forever=True)
    found = PureScheduler(a, b).exit_jobs(compute_backlinks=backlinks)
    assert list(found) == [a]


def test_exit_jobs_include_forever_jobs_if_they_are_not_discarded():
    a, b = AbstractJob(), AbstractJob(forever=True)
    assert list(PureScheduler(a, b).exit_jobs(discard_forever=False)) == [a, b]


def test_a_job_required_by_a_forever_job_is_not_an_exit():
    a = AbstractJob()
    b = AbstractJob(forever=True, required=a)
    assert list(PureScheduler(a, b).exit_jobs()) == []


def test_a_job_required_only_from_outside_is_an_exit():
    a = AbstractJob()
    AbstractJob(required=a)
    assert list(PureScheduler(a).exit_jobs()) == [a]


@pytest.mark.parametrize(
    "method", ["entry_jobs", "exit_jobs", "iterate_jobs", "topological_order"]
)
def test_queries_that_yield_return_iterators(method):
    assert isinstance(getattr(PureScheduler(), method)(), Iterator)


# -- neighbours


@given(EDGES, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_predecessors_are_the_requirements_of_the_starts(edges, n, m):
    scheduler, jobs = scheduler_of(edges)
    needs = direct_requirements(edges)
    assert labels(scheduler.predecessors(jobs[n], jobs[m])) == needs[n] | needs[m]


@given(EDGES, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_successors_are_the_jobs_that_require_the_starts(edges, n, m):
    scheduler, jobs = scheduler_of(edges)
    needs = direct_requirements(edges)
    expected = {k for k in needs if needs[k] & {n, m}}
    assert labels(scheduler.successors(jobs[n], jobs[m])) == expected


@given(EDGES, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_predecessors_upstream_are_the_jobs_on_which_the_starts_depend(edges, n, m):
    scheduler, jobs = scheduler_of(edges)
    above = dependencies(edges)
    found = scheduler.predecessors_upstream(jobs[n], jobs[m])
    assert labels(found) == above[n] | above[m]


@given(EDGES, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_successors_downstream_are_the_jobs_that_depend_on_the_starts(edges, n, m):
    scheduler, jobs = scheduler_of(edges)
    above = dependencies(edges)
    expected = {k for k in above if above[k] & {n, m}}
    assert labels(scheduler.successors_downstream(jobs[n], jobs[m])) == expected


NEIGHBOURS = [
    "predecessors",
    "predecessors_upstream",
    "successors",
    "successors_downstream",
]


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_the_four_queries_about_neighbours_return_real_sets(method, diamond):
    scheduler, _, b, *_ = diamond
    assert type(getattr(scheduler, method)(b)) is set


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_without_a_start_there_are_no_neighbours(method, diamond):
    assert getattr(diamond[0], method)() == set()


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_neighbours_are_only_jobs_of_the_scheduler(method):
    above, job, below = (AbstractJob(label=label) for label in "xyz")
    Sequence(above, job, below)
    assert getattr(PureScheduler(job), method)(job) == set()


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_a_start_that_is_no_job_is_a_type_error(method, diamond):
    rule = "a scheduler is made of jobs and sequences, not of 'a'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        getattr(diamond[0], method)("a")


@pytest.mark.parametrize("method", ["successors", "successors_downstream"])
def test_the_answer_without_backlinks_is_not_stale(method, diamond):
    scheduler, _, b, _, d = diamond
    scheduler.successors(b)
    d.requires(b, remove=True)
    assert getattr(scheduler, method)(b, compute_backlinks=False) == set()


def test_neighbours_in_the_diamond(diamond):
    scheduler, a, b, c, d = diamond
    found = (
        scheduler.predecessors(d),
        scheduler.predecessors_upstream(d),
        scheduler.successors(a),
        scheduler.successors_downstream(a),
    )
    assert found == ({b, c}, {a, b, c}, {b, c}, {b, c, d})


def test_a_sequence_may_be_a_start(diamond):
    scheduler, a, b, c, d = diamond
    assert scheduler.predecessors(Sequence(c, d)) == {a, b, c}


# -- order


@given(EDGES)
def test_topological_order_has_each_job_after_its_requirements(edges):
    scheduler, _ = scheduler_of(edges)
    if not is_acyclic(edges):
        return
    ranks = {int(job.label): n for n, job in enumerate(scheduler.topological_order())}
    needs = direct_requirements(edges)
    late = [n for n in ranks if any(ranks[m] > ranks[n] for m in needs[n])]
    assert (len(ranks), late) == (SIZE, [])


@given(EDGES)
def test_check_cycles_is_true_iff_graphlib_finds_an_order(edges):
    assert scheduler_of(edges)[0].check_cycles() is is_acyclic(edges)


def test_topological_order_of_the_diamond(diamond):
    scheduler, a, b, c, d = diamond
    assert list(scheduler.topological_order()) == [a, c, b, d]


def test_two_topological_orders_can_be_iterated_at_once(diamond):
    scheduler, *_ = diamond
    pairs = [
        first.label + second.label
        for first in scheduler.topological_order()
        for second in scheduler.topological_order()
    ]
    assert pairs == [first + second for first in "acbd" for second in "acbd"]


def test_topological_order_has_a_nested_scheduler_as_one_job():
    nested = Scheduler(AbstractJob())
    after = AbstractJob(required=nested)
    assert list(PureScheduler(after, nested).topological_order()) == [nested, after]


def test_topological_order_of_a_cycle_raises_before_anything_is_yielded():
    a, b, c = (AbstractJob(label=label) for label in "abc")
    a.requires(b.requires(a))
    yielded = []
    message = (
        "the requirements have a cycle of 2 jobs, <AbstractJob `a`> → "
        "<AbstractJob `b`> → <AbstractJob `a`>: break it with requires(…, remove=True)"
    )
    with pytest.raises(CycleError, match=f"^{re.escape(message)}$"):
        yielded.extend(PureScheduler(c, a, b).topological_order())
    assert yielded == []


def test_topological_order_ignores_requirements_outside_the_scheduler():
    job = AbstractJob(required=AbstractJob())
    assert list(PureScheduler(job).topological_order()) == [job]


# -- check_cycles


@pytest.mark.parametrize("scheduler_class", [PureScheduler, Scheduler])
def test_check_cycles_of_no_jobs_is_true(scheduler_class):
    assert scheduler_class().check_cycles() is True


@pytest.mark.parametrize("scheduler_class", [PureScheduler, Scheduler])
def test_check_cycles_looks_into_nested_schedulers(scheduler_class):
    a, b = AbstractJob(), AbstractJob()
    a.requires(b.requires(a))
    assert scheduler_class(Scheduler(Scheduler(a, b))).check_cycles() is False


def test_check_cycles_finds_a_cycle_through_a_nested_scheduler():
    nested = Scheduler(AbstractJob())
    after = AbstractJob(required=nested)
    nested.requires(after)
    assert PureScheduler(nested, after).check_cycles() is False


# -- iterate_jobs


@pytest.fixture
def nest():
    """Return a scheduler of a, (b, (c)), d; its jobs, and the inner schedulers."""
    a, b, c, d = (AbstractJob(label=label) for label in "abcd")
    innermost = Scheduler(c, label="innermost")
    inner = Scheduler(b, innermost, label="inner")
    return PureScheduler(a, inner, d), [a, b, c, d], inner, innermost


def test_iterate_jobs_yields_jobs_at_all_depths_without_schedulers(nest):
    outer, jobs, *_ = nest
    assert list(outer.iterate_jobs()) == jobs


def test_iterate_jobs_with_scan_schedulers_yields_all_schedulers_too(nest):
    outer, (a, b, c, d), inner, innermost = nest
    found = list(outer.iterate_jobs(scan_schedulers=True))
    assert found == [outer, a, inner, b, innermost, c, d]


def test_iterate_jobs_works_with_a_cycle():
    a, b = AbstractJob(), AbstractJob()
    a.requires(b.requires(a))
    assert list(PureScheduler(a, b).iterate_jobs()) == [a, b]


def test_iterate_jobs_does_not_recurse():
    scheduler = Scheduler()
    for _ in range(2_000):
        scheduler = Scheduler(scheduler)
    assert len(list(scheduler.iterate_jobs(scan_schedulers=True))) == 2_001


# -- stats


def test_stats_of_an_idle_scheduler(diamond):
    assert diamond[0].stats() == "0D + 0R + 4I = 4"


def test_stats_of_no_jobs():
    assert PureScheduler().stats() == "0D + 0R + 0I = 0"


def test_stats_count_a_nested_scheduler_as_one():
    nested = Scheduler(AbstractJob(), AbstractJob())
    assert PureScheduler(nested).stats() == "0D + 0R + 1I = 1"


def test_stats_during_a_run(fake_time):
    async def look():
        await asyncio.sleep(1)
        return scheduler.stats()

    looking = Job(look)
    first, second = Job(asyncio.sleep, 0), Job(asyncio.sleep, 5)
    idle = Job(asyncio.sleep, 0, required=second)
    scheduler = Scheduler(looking, first, second, idle)
    scheduler.run()
    found = (looking.result(), scheduler.stats())
    assert found == ("1D + 2R + 1I = 4", "4D + 0R + 0I = 4")


def test_stats_count_jobs_that_wait_for_a_slot(fake_time):
    async def look():
        return scheduler.stats()

    looking = Job(look)
    scheduler = Scheduler(looking, Job(asyncio.sleep, 0), jobs_window=1)
    scheduler.run()
    assert looking.result() == "0D + 1R + 1S + 0I = 2"


def test_stats_count_jobs_that_the_end_of_the_run_stopped(fake_time):
    short, long = Job(asyncio.sleep, 1), Job(asyncio.sleep, 9)
    scheduler = Scheduler(short, long, Job(asyncio.sleep, 9, forever=True), critical=False)
    scheduler.add(Job(asyncio.sleep, 0, required=long))
    scheduler.timeout = 2
    scheduler.run()
    assert scheduler.stats() == "1D + 2X + 0R + 1I = 4"


def test_stats_count_only_what_runs_now_as_running(fake_time):
    async def look():
        await asyncio.sleep(2)
        return outer.stats(), inner.stats()

    inner = Scheduler(Job(asyncio.sleep, 9), timeout=1, critical=False)
    looking = Job(look)
    outer = Scheduler(inner, looking)
    outer.run()
    assert looking.result() == ("1D + 1R + 0I = 2", "0D + 1X + 0R + 0I = 1")
