"""A job starts when all its requirements are done, and no later."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asynciojobs import Job, PureScheduler, Scheduler, Sequence

examples = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def dags(draw):
    """Return the duration and the predecessors of each node, and an order of creation."""
    size = draw(st.integers(1, 9))
    durations = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    above = [draw(st.sets(st.integers(0, node - 1))) if node else set() for node in range(size)]
    creation = draw(st.permutations(range(size)))
    return durations, above, creation


def build(durations, above, creation, **options):
    """Return the jobs by node, and a scheduler to which they were added in that order."""
    jobs = [Job(asyncio.sleep, seconds) for seconds in durations]
    for job, required in zip(jobs, above, strict=True):
        job.requires([jobs[node] for node in required])
    return jobs, PureScheduler(*(jobs[node] for node in creation), **options)


def expected(durations, above):
    """Return when each node starts: when its last predecessor ends."""
    starts = []
    for required in above:
        starts.append(max((starts[n] + durations[n] for n in required), default=0))
    return starts


@examples
@given(dag=dags())
def test_each_job_starts_when_the_last_of_its_requirements_ends(every_loop, dag):
    jobs, scheduler = build(*dag)
    assert scheduler.run() is True
    assert [job.started_at for job in jobs] == expected(*dag[:2])


@examples
@given(dag=dags(), window=st.integers(1, 4))
def test_a_window_never_starts_a_job_before_its_requirements(every_loop, dag, window):
    jobs, scheduler = build(*dag, jobs_window=window)
    assert scheduler.run() is True
    assert [
        (job, above)
        for job in jobs
        for above in job.required
        if above.ended_at > job.started_at
    ] == []


@examples
@given(dag=dags(), window=st.integers(1, 4))
def test_a_window_leaves_no_slot_free_for_a_ready_job(every_loop, dag, window):
    jobs, scheduler = build(*dag, jobs_window=window)
    scheduler.run()
    moments = {job.ended_at for job in jobs} | {0}
    for now in moments:
        busy = [job for job in jobs if job.started_at <= now < job.ended_at]
        waiting = [
            job
            for job in jobs
            if job.started_at > now and all(above.ended_at <= now for above in job.required)
        ]
        assert not waiting or len(busy) == window


@examples
@given(dag=dags(), failing=st.sets(st.integers(0, 8)))
def test_failures_that_are_not_critical_change_no_times(every_loop, dag, failing):
    async def fail(seconds):
        await asyncio.sleep(seconds)
        raise ValueError

    durations, above, _ = dag
    jobs = [
        Job(fail if node in failing else asyncio.sleep, seconds, critical=False)
        for node, seconds in enumerate(durations)
    ]
    for job, required in zip(jobs, above, strict=True):
        job.requires([jobs[node] for node in required])
    assert PureScheduler(*jobs).run() is True
    assert [job.started_at for job in jobs] == expected(durations, above)


@examples
@given(dag=dags(), deadline=st.integers(0, 12))
def test_a_timeout_stops_all_jobs_that_would_end_after_it(every_loop, dag, deadline):
    durations, above, _ = dag
    jobs, scheduler = build(*dag, timeout=deadline + 0.5)
    starts = expected(durations, above)
    ends = [start + took for start, took in zip(starts, durations, strict=True)]
    assert scheduler.run() is (max(ends) <= deadline)
    assert [(job.is_running(), job.is_done()) for job in jobs] == [
        (start <= deadline, end <= deadline) for start, end in zip(starts, ends, strict=True)
    ]


def test_ready_jobs_start_in_the_order_in_which_they_were_added(every_loop):
    started = []

    async def note(number):
        started.append(number)

    PureScheduler(*(Job(note, number) for number in range(600))).run()
    assert started == list(range(600))


def test_successors_start_in_the_order_in_which_their_last_requirement_ended(
    every_loop,
):
    started = []

    async def note(name):
        started.append(name)

    slow, fast = Job(asyncio.sleep, 2), Job(asyncio.sleep, 1)
    after_slow = Job(note, "after slow", required=slow)
    after_fast = Job(note, "after fast", required=fast)
    PureScheduler(slow, after_slow, fast, after_fast).run()
    assert started == ["after fast", "after slow"]


def test_the_last_job_of_a_diamond_runs_once(every_loop):
    runs = []

    async def note():
        runs.append(1)

    top = Job(asyncio.sleep, 1)
    sides = [Job(asyncio.sleep, 1, required=top) for _ in range(2)]
    bottom = Job(note, required=sides)
    PureScheduler(top, *sides, bottom).run()
    assert runs == [1]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_job_waits_for_the_only_requirement_that_is_left(every_loop, backwards):
    first, second, third = [Job(asyncio.sleep, seconds) for seconds in (3, 2, 1)]
    last = Job(asyncio.sleep, 1, required=[first, second, third])
    last.required -= {first, third}
    jobs = [first, second, third, last]
    PureScheduler(*(reversed(jobs) if backwards else jobs)).run()
    assert last.started_at == 2


def test_a_sequence_runs_one_job_after_the_other(every_loop):
    jobs = [Job(asyncio.sleep, 1) for _ in range(4)]
    PureScheduler(Sequence(*jobs)).run()
    assert [job.started_at for job in jobs] == [0, 1, 2, 3]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_chain_of_100_000_jobs_that_await_nothing_runs(fast_loop, reverse):
    async def nothing():
        pass

    jobs = [Job(nothing) for _ in range(100_000)]
    for before, after in pairwise(jobs):
        after.requires(before)
    if reverse:
        jobs.reverse()
    assert PureScheduler(*jobs).run() is True
    assert all(job.is_done() for job in jobs)


def test_a_wide_graph_of_short_jobs_is_never_all_alive_at_once(fast_loop):
    alive, most = 0, 0

    async def short():
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        await asyncio.sleep(0)
        alive -= 1

    assert PureScheduler(*(Job(short) for _ in range(5000))).run() is True
    assert most <= 1024


def test_a_timer_has_its_turn_while_many_jobs_are_started(fast_loop):
    async def nothing():
        pass

    async def main():
        turns = 0

        def turn():
            nonlocal turns
            turns += 1
            loop.call_soon(turn)

        loop = asyncio.get_running_loop()
        loop.call_soon(turn)
        await PureScheduler(*(Job(nothing) for _ in range(5000))).co_run()
        return turns

    with asyncio.Runner(loop_factory=fast_loop) as runner:
        assert runner.run(main()) >= 10


def test_an_empty_scheduler_is_fine(every_loop):
    scheduler = PureScheduler()
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")


def test_an_empty_nested_scheduler_is_fine(every_loop):
    empty = Scheduler()
    after = Job(asyncio.sleep, 1, required=empty)
    assert PureScheduler(empty, after).run() is True
    assert (empty.result(), after.is_done()) == (True, True)


def test_jobs_released_together_start_in_the_order_in_which_they_were_added(every_loop):
    order = []

    async def note(name):
        order.append(name)

    early, late = Job(asyncio.sleep, 1), Job(asyncio.sleep, 2)
    first = Job(note, "first", required=[late, early])
    second = Job(note, "second", required=late)
    PureScheduler(early, late, first, second).run()
    assert order == ["first", "second"]


def test_jobs_released_together_start_in_that_order_even_before_their_requirement(every_loop):
    order = []

    async def note(name):
        order.append(name)

    late = Job(asyncio.sleep, 1)
    second = Job(note, "second", required=late)
    before_all = Job(note, "before all", required=second)
    first = Job(note, "first", required=late)
    PureScheduler(before_all, first, second, late).run()
    assert order == ["first", "second", "before all"]


def test_jobs_without_requirements_start_as_added_even_if_others_are_out_of_order(every_loop):
    order = []

    async def note(name):
        order.append(name)

    second, first = Job(note, "second"), Job(note, "first")
    last = Job(note, "last", required=second)
    PureScheduler(last, first, second).run()
    assert order == ["first", "second", "last"]


def test_jobs_that_an_observer_holds_back_start_in_the_order_added(every_loop):
    order = []

    async def note(name):
        order.append(name)

    new = Job(asyncio.sleep, 1)
    begin = Job(asyncio.sleep, 1)
    first = Job(note, "first", required=begin)
    second = Job(note, "second")
    scheduler = PureScheduler(begin, first, second)

    def hold_back(event):
        if (event.job, event.kind) == (begin, "scheduled"):
            scheduler.add(new)
            first.requires(new)
            second.requires(new)

    scheduler.observe(hold_back)
    scheduler.run()
    assert order == ["first", "second"]
