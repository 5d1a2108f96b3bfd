"""First come, first served: across windows, and inside of schedulers that hold slots.

The model of a run (`tests/properties`) says so.
"""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import Job, Limit, PureScheduler, Scheduler, Sequence


def wait(seconds, label, **options):
    return Job(asyncio.sleep, seconds, label=label, **options)


def test_jobs_outside_do_not_starve_a_job_inside_a_scheduler_that_holds_slots(fake_time):
    """Otherwise `inner` would never see two free slots, as long as others come."""
    link, gpu = Limit(2, "link"), Limit(1, "gpu")
    inner = wait(1, "inner", limits=[(link, 2)])
    holder = Scheduler(Sequence(wait(0.5, "first"), inner), limits=gpu)
    outside = [[wait(2, f"{a}{n}", limits=link) for n in range(5)] for a in "ab"]
    s = PureScheduler(
        holder, Sequence(*outside[0]), Sequence(wait(1, "delay"), Sequence(*outside[1]))
    )
    assert s.run() is True
    assert outside[0][0].started_at == 0
    assert inner.started_at == 2
    assert min(job.started_at for job in (*outside[0][1:], *outside[1])) == 3


def test_a_job_inside_does_not_wait_behind_one_in_another_scheduler(fake_time):
    """If it did, the two schedulers could wait for each other."""
    link, gpu, cpu = Limit(2, "link"), Limit(1, "gpu"), Limit(1, "cpu")
    large = wait(1, "large", limits=[(link, 2)])
    small = wait(1, "small", limits=link)
    s = PureScheduler(
        wait(5, "busy", limits=link),
        Scheduler(Sequence(wait(1, "first"), large), limits=gpu),
        Scheduler(Sequence(wait(2, "second"), small), limits=cpu),
    )
    assert s.run() is True
    assert (small.started_at, large.started_at) == (2, 5)


def test_a_job_inside_waits_behind_one_further_inside(fake_time):
    link, gpu, cpu = Limit(2, "link"), Limit(1, "gpu"), Limit(1, "cpu")
    large = wait(1, "large", limits=[(link, 2)])
    small = wait(1, "small", limits=link)
    inner = Scheduler(Sequence(wait(1, "first"), large), limits=gpu)
    outer = Scheduler(inner, Sequence(wait(2, "second"), small), limits=cpu)
    assert PureScheduler(wait(5, "busy", limits=link), outer).run() is True
    assert (large.started_at, small.started_at) == (5, 6)


def test_a_slot_of_the_window_goes_to_the_job_that_came_first(fake_time):
    """Jobs that share another limit must not hand the window on to each other."""
    early, late = Limit(1, "early"), Limit(1, "late")
    first = wait(1, "first", limits=early)
    others = [wait(1, f"other{n}", limits=late) for n in range(4)]
    s = PureScheduler(
        wait(3, "holds early", limits=early),
        wait(1, "holds late", limits=late),
        Scheduler(first, *others, jobs_window=1),
    )
    assert s.run() is True
    assert first.started_at == 3
    assert [job.started_at for job in others] == [1, 2, 4, 5]


def test_a_job_comes_once_its_window_has_a_slot(fake_time):
    """Until then, it does not hold up others that need the same limit."""
    limit = Limit(1)
    one, two = wait(2, "one", limits=limit), wait(1, "two", limits=limit)
    elsewhere = wait(1, "elsewhere", limits=limit)
    s = PureScheduler(
        Scheduler(one, two, jobs_window=1),
        Scheduler(Sequence(wait(1, "delay"), elsewhere)),
    )
    assert s.run() is True
    assert (elsewhere.started_at, two.started_at) == (2, 3)


def test_one_job_that_gives_back_two_limits_lets_the_job_go_on_that_came_first(fake_time):
    """Both could have the one slot of their window."""
    one, two = Limit(1, "one"), Limit(1, "two")
    first, second = wait(1, "first", limits=two), wait(1, "second", limits=one)
    s = PureScheduler(
        wait(3, "holds both", limits=[one, two]), Scheduler(first, second, jobs_window=1)
    )
    assert s.run() is True
    assert (first.started_at, second.started_at) == (3, 4)


@pytest.mark.parametrize("fails", [True, False])
def test_a_job_gives_back_its_slot_of_the_window_and_its_limits_in_one_step(fake_time, fails):
    """However it ends. `first` came before `elsewhere`, and waited for both."""

    async def hold():
        await asyncio.sleep(2)
        if fails:
            raise OSError("no")

    limit = Limit(1)
    hurdle = wait(1, "hurdle", limits=limit)
    first = wait(1, "first", limits=limit)
    elsewhere = wait(1, "elsewhere", limits=limit)
    s = PureScheduler(
        hurdle,
        Scheduler(Job(hold, limits=limit, critical=False), first, jobs_window=1),
        Scheduler(Sequence(wait(2, "delay"), elsewhere)),
    )
    assert s.run() is True
    assert (first.started_at, elsewhere.started_at) == (3, 4)


def test_a_forever_job_that_an_end_releases_does_not_pass_one_that_came_earlier(fake_time):
    """That end also gives back the slot of the window that `early` waits for."""
    limit = Limit(1)
    holds = wait(1, "holds", limits=limit)
    early = wait(1, "early", limits=limit)
    fills = wait(3, "fills the window")
    later = wait(9, "later", limits=limit, forever=True, required=fills)
    inner = Scheduler(early, fills, later, wait(2, "last", required=early), jobs_window=1)
    assert PureScheduler(holds, inner).run() is True
    assert (early.started_at, later.started_at) == (3, 4)


def test_others_pass_a_job_in_the_moment_when_its_window_fills_up(fake_time):
    limit = Limit(2)
    large = wait(1, "large", limits=[(limit, 2)])
    small = wait(1, "small", limits=limit)
    delay = wait(2, "delay", forever=True)
    fills = wait(4, "fills the window", required=delay)
    s = PureScheduler(
        wait(9, "holds one", limits=limit),
        Scheduler(large, delay, fills, jobs_window=1),
        Scheduler(Sequence(wait(1, "first"), small)),
    )
    assert s.run() is True
    assert (fills.started_at, small.started_at, large.started_at) == (2, 2, 9)
