"""`Limit`: slots that jobs share, whatever scheduler they are in.

No wait is real. A wait that never ends raises the clock's `DeadlockError`, so no test can hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import pickle
import re
import threading
import time
import tracemalloc
import weakref

import pytest

from asynciojobs import (
    AbstractJob,
    CallJob,
    Job,
    Limit,
    LimitError,
    PureScheduler,
    Scheduler,
)
from asynciojobs.limit import desk_of


def sleeper(seconds=1.0, **options):
    return Job(asyncio.sleep, seconds, **options)


def acting(act, seconds=1.0, then=0.0, **options):
    """Return a job that calls a function after some time."""

    async def work():
        await asyncio.sleep(seconds)
        act()
        await asyncio.sleep(then)

    return Job(work, **options)


def raising(error, seconds=1.0, **options):
    def act():
        raise error

    return acting(act, seconds, **options)


def after(seconds, scheduler, **options):
    """Put a job that becomes ready after some seconds into a scheduler."""
    return sleeper(
        required=sleeper(seconds, scheduler=scheduler), scheduler=scheduler, **options
    )


def starts(*jobs):
    return [job.started_at for job in jobs]


def is_all_free(*limits):
    """Return whether nobody has slots of these limits, waits for them, or keeps them in use."""
    desks = [desk_of(limit) for limit in limits]
    return all(
        desk.free == desk.slots
        and desk.loop is None
        and not (desk.users or desk.lines or desk.holders)
        for desk in desks
    )


@pytest.fixture
def a():
    limit = Limit(1, "a")
    yield limit
    assert is_all_free(limit)


@pytest.fixture
def b():
    limit = Limit(1, "b")
    yield limit
    assert is_all_free(limit)


@pytest.fixture
def two():
    limit = Limit(2, "two")
    yield limit
    assert is_all_free(limit)


# -- a limit, and what a job may need


def test_a_limit_shows_its_name_and_how_many_slots_are_free():
    assert repr(Limit(4, "ssh")) == "<Limit `ssh` 4 of 4 free>"
    assert repr(Limit(1)) == "<Limit 1 of 1 free>"
    assert repr(Limit(1, 12)) == "<Limit `12` 1 of 1 free>"
    assert repr(Limit(1, "one\nline")) == "<Limit `one line` 1 of 1 free>"
    assert (Limit(4).slots, Limit(4).free, Limit(4).label) == (4, 4, None)


@pytest.mark.parametrize("slots", [0, -1])
def test_a_limit_has_a_slot_at_least(slots):
    rule = f"^a Limit must have a number of slots, 1 or more, not {slots}$"
    with pytest.raises(ValueError, match=rule):
        Limit(slots)
    limit = Limit(3)
    with pytest.raises(ValueError, match=rule):
        limit.slots = slots
    assert limit.slots == 3


@pytest.mark.parametrize("slots", [None, 1.0, "2", True])
def test_slots_are_an_int(slots):
    with pytest.raises(
        TypeError, match="^a Limit must have a number of slots, 1 or more, not "
    ):
        Limit(slots)


def test_limits_may_be_given_in_many_forms(a, two):
    pairs = [(a, 1), (two, 2)]
    for limits in (
        [a, (two, 2)],
        (a, (two, 2)),
        ((a, 1), (two, 2)),
        {a: 1, two: 2},
        iter(pairs),
        [a, two, two],  # a limit that is named twice counts twice
        pairs,
    ):
        assert needs_in_words(sleeper(limits=limits)) == "a 1, two 2"
    assert needs_in_words(sleeper(limits=a)) == "a 1"
    assert needs_in_words(sleeper(limits=(two, 2))) == "two 2"
    assert needs_in_words(sleeper(limits=(a, two))) == "a 1, two 1"
    assert needs_in_words(sleeper(limits={a, two})) in ("a 1, two 1", "two 1, a 1")
    for nothing in (None, [], (), {}):
        assert needs_in_words(sleeper(limits=nothing)) == ""
        assert needs_in_words(sleeper(limits=nothing, timeout=1)) == ""


def needs_in_words(job):
    """Run a job alone; return how long it took."""
    terms = job._terms
    needs = {} if terms is None else terms.needs
    return ", ".join(f"{limit.label} {count}" for limit, count in needs.items())


@pytest.mark.parametrize(
    "make",
    [
        sleeper,
        lambda **options: CallJob(time.monotonic, **options),
        AbstractJob,
        lambda **options: Scheduler(sleeper(), **options),
    ],
)
def test_all_kinds_of_jobs_can_have_limits(a, make):
    assert needs_in_words(make(limits=a)) == "a 1"


@pytest.mark.parametrize(
    "wrong", [4, "ssh", b"ssh", object(), ["ssh"], [None], [4], ("ssh", 2)]
)
def test_something_else_is_no_limit(wrong):
    with pytest.raises(
        TypeError, match=r"^limits must be a Limit, or a list of limits and pairs"
    ):
        sleeper(limits=wrong)


@pytest.mark.parametrize("count", [0, -2])
def test_a_job_needs_one_slot_at_least(two, count):
    rule = f"^a job must need a number of slots of Limit `two`, 1 or more, not {count}$"
    with pytest.raises(ValueError, match=rule):
        sleeper(limits=(two, count))


@pytest.mark.parametrize("count", [1.0, "1", None, True])
def test_a_number_of_slots_is_an_int(two, count):
    with pytest.raises(TypeError, match="^a job must need a number of slots of Limit `two`, "):
        sleeper(limits=[(two, count)])


@pytest.mark.parametrize("limits", [lambda it: (it, 3), lambda it: [it, (it, 2)]])
def test_more_slots_than_there_are_is_an_error_at_once(two, limits):
    rule = r"^a job can't have 3 slots of <Limit `two` 2 of 2 free>: it could never start$"
    with pytest.raises(ValueError, match=rule):
        sleeper(limits=limits(two))


# -- who starts when


def test_as_many_jobs_run_as_there_are_slots(every_loop, two):
    jobs = [sleeper(limits=two) for _ in range(5)]
    assert PureScheduler(*jobs).run() is True
    assert starts(*jobs) == [0, 0, 1, 1, 2]


def test_a_job_may_take_several_slots(every_loop):
    limit = Limit(3)
    jobs = [sleeper(limits=(limit, count)) for count in (2, 2, 1, 3)]
    PureScheduler(*jobs).run()
    assert starts(*jobs) == [0, 1, 1, 2]
    assert is_all_free(limit)


def test_free_slots_can_be_seen_while_jobs_run(every_loop, two):
    seen = []
    PureScheduler(
        sleeper(2, limits=two),
        sleeper(1, limits=two),
        *(acting(lambda: seen.append((two.free, repr(two))), when) for when in (0.5, 1.5)),
    ).run()
    assert seen == [(0, "<Limit `two` 0 of 2 free>"), (1, "<Limit `two` 1 of 2 free>")]
    assert two.free == 2


def test_first_come_first_served(every_loop, a):
    order = []

    async def note(name):
        order.append(name)
        await asyncio.sleep(1)

    jobs = [Job(note, name, limits=a) for name in range(10)]
    late = Job(note, "late", limits=a, required=jobs[3])
    PureScheduler(late, *jobs).run()
    assert order == [*range(10), "late"]


def test_a_job_that_needs_many_slots_is_not_overtaken(every_loop, two):
    scheduler = PureScheduler(sleeper(2, limits=two))
    both = after(0.5, scheduler, limits=(two, 2))
    one = after(0.75, scheduler, limits=two)
    scheduler.run()
    assert starts(both, one) == [2, 3]


def test_a_job_that_needs_two_limits_is_not_starved(every_loop, a, b):
    scheduler = PureScheduler()
    flow_a = [after(0.5 * n, scheduler, limits=a) for n in range(8)]
    flow_b = [after(0.5 * n + 0.25, scheduler, limits=b) for n in range(8)]
    both = after(1.1, scheduler, limits=[a, b])
    assert scheduler.run() is True
    assert both.started_at == max(job.ended_at for job in flow_a[:3] + flow_b[:2])
    assert min(starts(*flow_a[3:], *flow_b[2:])) == both.ended_at


def test_jobs_that_share_no_limit_pass_by(every_loop, a, b, two):
    scheduler = PureScheduler(sleeper(5, limits=a))
    both = after(0.25, scheduler, limits=[a, b])
    other, none = after(0.5, scheduler, limits=two), after(0.5, scheduler)
    scheduler.run()
    assert starts(both, other, none) == [5, 0.5, 0.5]


def test_nobody_holds_one_limit_while_it_waits_for_another(every_loop, a, b):
    free = []
    scheduler = PureScheduler(
        sleeper(2, limits=a),
        sleeper(1, limits=[a, b]),
        acting(lambda: free.append((a.free, b.free)), 1),
    )
    scheduler.run()
    assert free == [(0, 1)]


def test_two_jobs_that_need_two_limits_in_any_order(every_loop, a, b):
    jobs = [sleeper(limits=limits) for limits in ([a, b], [b, a]) * 3]
    assert PureScheduler(*jobs).run() is True
    assert starts(*jobs) == [0, 1, 2, 3, 4, 5]


def test_nobody_holds_a_slot_of_the_window_while_it_waits_for_a_limit(every_loop, a):
    limited = [sleeper(limits=a) for _ in range(3)]
    others = [sleeper() for _ in range(3)]
    PureScheduler(*limited, *others, jobs_window=2).run()
    assert starts(*limited, *others) == [0, 1, 2, 0, 1, 2]


def test_nobody_holds_a_limit_while_it_waits_for_the_window(every_loop, a):
    full = Scheduler(sleeper(3), waits := sleeper(limits=a), jobs_window=1)
    scheduler = PureScheduler(full, other := sleeper(0.5, limits=a))
    scheduler.run()
    assert starts(other, waits) == [0, 3]


def test_a_job_whose_window_is_full_again_does_not_hold_up_others(every_loop, a, two):
    """It was first in line when its window had a slot."""
    long = sleeper(2, limits=a)
    first = sleeper(limits=[a, two])
    inner = Scheduler(first, jobs_window=1)
    fills = after(0.5, inner)
    fills_long = next(iter(fills.required))
    fills_long.forever = True  # it takes no slot of the window
    scheduler = PureScheduler(long, inner)
    other = after(0.25, scheduler, limits=(two, 2))
    scheduler.run()
    assert starts(other, first, fills) == [0.5, 2, 0.5]


def test_the_window_may_shrink_while_a_job_is_first_in_line(every_loop, a, b):
    scheduler = PureScheduler(sleeper(3, limits=b), jobs_window=9)
    nested = Scheduler(label="nested", scheduler=scheduler)
    both = after(0.5, scheduler, limits=[a, b])
    behind = after(1, nested, limits=a)
    acting(lambda: setattr(scheduler, "jobs_window", 1), 2, scheduler=scheduler)
    assert scheduler.run() is True
    assert starts(behind, both) == [2, 3]


def test_the_window_may_grow_while_the_run_ends(every_loop, a, two):
    """A job was first in line, but its window had become full; now it will not start."""

    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            inner.jobs_window = 5
            await asyncio.sleep(0.5)

    early, later = sleeper(0.25, forever=True), sleeper(0.5, forever=True)
    first = sleeper(limits=[a, two], required=early)
    inner = Scheduler(
        Job(clean_up), early, later, first, sleeper(9, required=later), jobs_window=2
    )
    stop = acting(lambda: Scheduler.stop(inner))
    assert PureScheduler(sleeper(2, limits=a), inner, stop).run() is True
    assert (first.started_at, inner.ended_at) == (None, 1.5)


def test_a_larger_window_lets_jobs_with_limits_start(every_loop, two):
    scheduler = PureScheduler(jobs_window=1)
    jobs = [sleeper(3, limits=two, scheduler=scheduler) for _ in range(3)]
    acting(lambda: setattr(scheduler, "jobs_window", 2), 1, scheduler=scheduler, forever=True)
    scheduler.run()
    assert starts(*jobs) == [0, 1, 3]


def test_a_job_with_a_limit_becomes_ready_later(every_loop, a):
    first, other = sleeper(limits=a), sleeper(5, limits=a)
    then = sleeper(limits=a, required=first)
    PureScheduler(first, then, other).run()
    assert starts(first, other, then) == [0, 1, 6]


def test_forever_jobs_may_have_limits(every_loop, two):
    forever = [sleeper(9, limits=two, forever=True) for _ in range(2)]
    jobs = [sleeper(limits=two) for _ in range(2)]
    assert PureScheduler(jobs[0], *forever, jobs[1], jobs_window=1).run() is True
    assert starts(*forever, *jobs) == [0, 0, 9, 10]


def test_a_forever_job_that_waits_for_its_limit_never_starts_if_the_run_ends(every_loop, a):
    scheduler = PureScheduler(sleeper(limits=a))
    forever = after(0.5, scheduler, limits=a, forever=True)
    assert scheduler.run() is True
    assert (forever.started_at, forever.is_scheduled()) == (None, True)


def test_jobs_that_join_wait_for_their_limits(every_loop, a):
    new = [sleeper(limits=a) for _ in range(2)]
    scheduler = PureScheduler(sleeper(2, limits=a))
    acting(lambda: scheduler.update(new), 1, scheduler=scheduler)
    assert scheduler.run() is True
    assert starts(*new) == [2, 3]


def test_a_limit_may_come_into_a_run_that_had_none(every_loop, a):
    new = [sleeper(limits=a) for _ in range(2)]
    scheduler = PureScheduler(jobs_window=4)
    acting(lambda: scheduler.update(new), 1, scheduler=scheduler)
    assert scheduler.run() is True
    assert starts(*new) == [1, 2]


# -- slots are given back, however a job ends


def check_given_back(limit, ends, at=1.0, **options):
    """Check that another scheduler gets a slot once a job has given it back."""
    waits = sleeper(limits=limit)
    ending = Scheduler(ends, critical=False, label="ending", **options)
    assert PureScheduler(ending, Scheduler(sleeper(0), waits)).run() is True
    assert waits.started_at == at
    return ends


def test_a_job_gives_back_what_it_has_when_it_is_done(every_loop, a):
    check_given_back(a, sleeper(limits=a))


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize("keep_going", [True, False])
def test_a_job_gives_back_what_it_has_when_it_raises(every_loop, a, critical, keep_going):
    job = raising(ValueError("no"), limits=a, critical=critical)
    check_given_back(a, job, keep_going=keep_going)


def test_a_job_gives_back_what_it_has_when_its_time_is_over(every_loop, a):
    assert isinstance(
        check_given_back(a, sleeper(9, limits=a, timeout=1)).raised_exception(), TimeoutError
    )


def test_a_job_gives_back_what_it_has_when_it_has_no_time_at_all(every_loop, a):
    check_given_back(a, sleeper(9, limits=a, timeout=0), at=0)


def test_a_job_gives_back_what_it_has_when_the_time_of_its_run_is_over(every_loop, a):
    check_given_back(a, sleeper(9, limits=a), timeout=1)


def test_a_job_keeps_what_it_has_until_it_has_cleaned_up(every_loop, a):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(2)

    check_given_back(a, Job(clean_up, limits=a), at=3, timeout=1)


def test_a_forever_job_gives_back_what_it_has_at_the_end_of_its_run(every_loop, a):
    forever, waits = sleeper(9, limits=a, forever=True), sleeper(limits=a)
    short = Scheduler(sleeper(1), forever)
    assert PureScheduler(short, Scheduler(sleeper(0.5), waits)).run() is True
    assert starts(forever, waits) == [0, 1]


def test_a_job_gives_back_what_it_has_when_it_is_cancelled(every_loop, a):
    job, waits = sleeper(9, limits=a, critical=False), sleeper(limits=a)
    assert PureScheduler(job, waits, acting(job.cancel)).run() is True
    assert starts(waits) == [1]


def test_a_job_that_is_cancelled_while_it_waits_lets_others_pass(every_loop, a, b):
    scheduler = PureScheduler(sleeper(5, limits=a))
    first = after(0.25, scheduler, limits=[a, b], critical=False)
    behind = after(0.5, scheduler, limits=b)
    acting(first.cancel, scheduler=scheduler)
    assert scheduler.run() is True
    assert (starts(first, behind), behind.ended_at) == ([None, 1], 2)


@pytest.mark.parametrize("forever", [True, False])
def test_a_job_that_is_cancelled_when_it_just_got_its_slots_never_starts(
    every_loop, a, forever
):
    """It is cleared, and would start in the next turn of the loop."""
    cleared = sleeper(limits=a, forever=forever, critical=False)
    last = Scheduler(Scheduler(acting(cleared.cancel)))  # the last of three in the same turn
    other = Scheduler(cleared, then := sleeper(2))
    scheduler = PureScheduler(sleeper(limits=a), other, last)
    then_a = sleeper(limits=a, required=then)
    other.add(then_a)
    assert scheduler.run() is True
    assert then_a.started_at == 2
    assert isinstance(cleared.raised_exception(), asyncio.CancelledError)
    assert cleared.started_at is None


def test_a_forever_job_that_is_cancelled_before_it_starts_never_does(every_loop):
    """Jobs start in slices, so some wait for the next turn."""
    jobs = [sleeper(9, forever=True, critical=False) for _ in range(60)]
    scheduler = PureScheduler(*jobs, sleeper(2))
    last = jobs[-1]
    with scheduler.observe(lambda event: event.job is jobs[0] and last.cancel()):
        assert scheduler.run() is True
    assert isinstance(last.raised_exception(), asyncio.CancelledError)
    assert last.started_at is None


def test_a_job_gives_back_what_it_has_when_its_run_is_stopped(every_loop, a):
    job, waits = sleeper(9, limits=a), sleeper(limits=a)
    inner = Scheduler(job, acting(lambda: Scheduler.stop(inner)))
    assert PureScheduler(inner, Scheduler(sleeper(0), waits)).run() is True
    assert starts(waits) == [1]


def test_stop_withdraws_jobs_that_wait(every_loop, a):
    waiting = sleeper(limits=a)
    inner = Scheduler(sleeper(0), waiting, acting(lambda: Scheduler.stop(inner)))
    behind = PureScheduler()
    later = after(0.5, behind, limits=a)
    outer = PureScheduler(
        Scheduler(sleeper(2, limits=a)), inner, Scheduler(*behind.jobs, label="behind")
    )
    assert outer.run() is True
    assert (waiting.started_at, later.started_at) == (None, 2)


def test_a_scheduler_that_is_cancelled_gives_everything_back(every_loop, a, two):
    inner = Scheduler(
        sleeper(9, limits=two), sleeper(9, limits=two), limits=a, critical=False, label="inner"
    )
    waits = sleeper(limits=[a, (two, 2)])
    assert PureScheduler(inner, waits, acting(inner.cancel)).run() is True
    assert starts(waits) == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_gives_everything_back(every_loop, a, two, error):
    inner = Scheduler(sleeper(9, limits=two), sleeper(limits=two), limits=a)
    with pytest.raises(error):
        PureScheduler(inner, sleeper(limits=a), raising(error())).run()


def test_a_run_that_is_cancelled_gives_everything_back(in_loop, a, two):
    async def main():
        inner = Scheduler(sleeper(9, limits=two), sleeper(limits=two), limits=a)
        scheduler = PureScheduler(inner, sleeper(limits=a))
        task = asyncio.create_task(scheduler.co_run())
        await asyncio.sleep(1)
        assert (a.free, two.free) == (0, 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (a.free, two.free) == (1, 2)

    in_loop(main())


def test_a_limit_that_a_lost_loop_used_can_be_used_again(fake_time, a):
    async def lost():
        inner = Scheduler(sleeper(9), limits=a)
        task = asyncio.create_task(PureScheduler(inner, sleeper(limits=a)).co_run())
        await asyncio.sleep(1)
        return task

    loop = fake_time()
    loop.set_exception_handler(lambda *_: None)  # "Task was destroyed but it is pending"
    task = loop.run_until_complete(lost())
    loop.close()
    assert not is_all_free(a)
    assert PureScheduler(job := sleeper(limits=a)).run() is True
    assert job.started_at == 0
    assert is_all_free(a)
    del task
    gc.collect()
    assert is_all_free(a)


def test_a_run_that_is_closed_leaves_its_place_in_the_line(fake_time, a):
    """Its coroutine is closed while the loop rests, and another run goes on later."""
    with asyncio.Runner(loop_factory=fake_time) as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(lambda *_: None)  # its task can't be cancelled any more
        kept = [sleeper(limits=a), sleeper(3)]
        kept.append(sleeper(limits=a, required=kept[1]))
        task = loop.create_task(PureScheduler(*kept).co_run())
        lost = loop.create_task(PureScheduler(sleeper(limits=a)).co_run())
        runner.run(asyncio.sleep(0.5))
        lost.get_coro().close()
        assert runner.run(result_of(task)) is True
        assert starts(*kept) == [0, 0, 3]


async def result_of(task):
    return await task


# -- nested schedulers


def test_a_nested_scheduler_holds_its_limits_for_the_whole_of_its_run(every_loop, a):
    nested = [Scheduler(sleeper(), sleeper(2), limits=a) for _ in range(2)]
    PureScheduler(*nested, last := sleeper(limits=a)).run()
    assert starts(*nested, last) == [0, 2, 4]


def test_it_holds_them_until_its_jobs_were_shut_down(every_loop, a):
    slow = Job(asyncio.sleep, 1, coshutdown=lambda: asyncio.sleep(0.5))
    PureScheduler(Scheduler(slow, limits=a), last := sleeper(limits=a)).run()
    assert last.started_at == 1.5


def test_limits_are_shared_at_any_depth(every_loop, two):
    jobs = [sleeper(limits=two) for _ in range(4)]
    deep = Scheduler(Scheduler(Scheduler(jobs[0]), jobs[1]), jobs[2])
    assert PureScheduler(deep, jobs[3], sleeper(0)).run() is True
    assert sorted(starts(*jobs)) == [0, 0, 1, 1]


def test_jobs_inside_of_a_holder_need_not_wait_behind_others(every_loop, a, two):
    inside = sleeper(limits=two)
    holder = Scheduler(inside, limits=a, label="holder")
    scheduler = PureScheduler(sleeper(2, limits=two), sleeper(3, limits=two), holder)
    needs_holder_to_end = after(0.5, scheduler, limits=[a, (two, 2)])
    assert scheduler.run() is True
    assert starts(inside, needs_holder_to_end) == [2, 3]


def test_a_job_inside_of_a_holder_is_not_starved_by_jobs_outside(every_loop, b, two):
    holder = Scheduler(limits=b)
    inside = after(0.25, holder, limits=(two, 2))
    scheduler = PureScheduler(holder, sleeper(0.75, limits=two), sleeper(1, limits=two))
    flow = [after(0.5 + n / 2, scheduler, limits=two) for n in range(10)]
    scheduler.run()
    assert (inside.started_at, flow[0].started_at) == (1, 2)


def test_two_holders_that_could_wait_for_each_other_run_one_after_the_other(every_loop, a, b):
    one = Scheduler(sleeper(), sleeper(limits=b), limits=a)
    other = Scheduler(sleeper(), sleeper(limits=a), limits=b)
    assert PureScheduler(one, other).run() is True
    assert starts(one, other) == [0, 1]


def test_holders_run_together_if_they_can_end_in_some_order(every_loop, a, two):
    one = Scheduler(after_a_second := sleeper(), limits=two)
    one.add(sleeper(limits=a, required=after_a_second))
    other = Scheduler(sleeper(5), limits=a)
    assert PureScheduler(other, one).run() is True
    assert starts(one, other) == [0, 0]


def test_a_holder_inside_of_a_holder(every_loop, a, b, two):
    innermost = sleeper(limits=two)
    middle = Scheduler(innermost, limits=[b, two])
    outer = Scheduler(middle, sleeper(limits=two), limits=a)
    assert PureScheduler(outer, sleeper(limits=a), sleeper(limits=b)).run() is True
    assert innermost.is_done()


def test_three_holders_in_a_ring(every_loop, a, b):
    c = Limit(1, "c")
    ring = [
        Scheduler(sleeper(), sleeper(limits=needs), limits=has)
        for has, needs in ((a, b), (b, c), (c, a))
    ]
    assert PureScheduler(*ring).run() is True
    assert is_all_free(c)


# -- what can't run is refused


@contextlib.contextmanager
def refused(rule, kind=LimitError):
    """Expect an error; return its text without the note that names the scheduler."""
    with pytest.raises(kind) as caught:
        yield caught
    assert re.fullmatch(rule, str(caught.value))


IMPOSSIBLE = (
    r"<Scheduler `holder`> holds 1 slot of <Limit `a` {free} of 1 free> while it runs, and "
    r"<Job `inside`> inside it needs 1 more, so that job could never start: give the limit "
    r"more slots, or let one of them need fewer"
)


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("around", [0, 2])
def test_a_job_that_could_never_start_is_refused_at_any_depth(every_loop, a, depth, around):
    inside = sleeper(limits=a, label="inside")
    nested = inside
    for _ in range(depth):
        nested = Scheduler(nested, sleeper())
    scheduler = holder = Scheduler(nested, limits=a, label="holder")
    first = sleeper()
    for _ in range(around):
        scheduler = Scheduler(scheduler, sleeper())
    root = PureScheduler(first, scheduler)
    with refused(IMPOSSIBLE.format(free=1), ValueError) as caught:
        root.run()
    error = caught.value
    assert isinstance(error, LimitError)
    assert (error.holder, error.job, error.limit) == (holder, inside, a)
    assert not first.is_running()
    assert root.why().startswith("REFUSED")


def test_slots_of_all_depths_count(every_loop, two):
    inside = sleeper(limits=two, label="inside")
    nested = Scheduler(
        Scheduler(inside, limits=two, label="middle"), limits=two, label="holder"
    )
    with pytest.raises(
        LimitError, match="^<Scheduler `holder`> holds 1 slot of .* needs 2 more"
    ):
        PureScheduler(nested).run()


def test_the_error_can_be_pickled(every_loop, a):
    with pytest.raises(LimitError) as caught:
        PureScheduler(Scheduler(sleeper(limits=a), limits=a)).run()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_scheduler_on_its_own_holds_none_of_its_limits(every_loop, a):
    """No other job could take part in its run."""
    assert Scheduler(sleeper(limits=a), limits=a).run() is True


def test_a_limit_that_became_too_small_is_refused(every_loop, two):
    job = sleeper(limits=(two, 2), label="job")
    two.slots = 1
    rule = r"^<Job `job`> needs 2 slots of <Limit `two` 1 of 1 free>, so that job could never "
    with pytest.raises(LimitError, match=rule):
        PureScheduler(job, first := sleeper()).run()
    assert not first.is_running()


def test_a_nested_scheduler_is_refused_if_it_was_given_a_job_that_needs_too_much(
    every_loop, two
):
    late = sleeper(limits=(two, 2), label="job")
    two.slots = 1
    add = acting(lambda: nested.add(late))
    nested = Scheduler(required=add, critical=False, label="nested")
    assert PureScheduler(add, nested).run() is True
    assert isinstance(nested.raised_exception(), LimitError)


def test_a_run_that_is_refused_leaves_nothing_at_its_limits(every_loop, two):
    two.slots = 1
    holder = Scheduler(sleeper(limits=two), limits=two)
    add = acting(lambda: nested.update([sleeper(limits=two), holder]))
    nested = Scheduler(required=add, critical=False)
    free = []
    look = acting(lambda: free.append(is_all_free(two)), required=add)
    assert PureScheduler(add, nested, look).run() is True
    assert isinstance(nested.raised_exception(), LimitError)
    assert free == [True]


def test_a_job_that_joins_a_holder_and_could_never_start_is_refused(every_loop, a):
    holder = Scheduler(label="holder", limits=a)
    acting(lambda: sleeper(limits=a, label="inside", scheduler=holder), scheduler=holder)
    with refused(IMPOSSIBLE.format(free=0)):
        Scheduler(holder).run()


def test_a_scheduler_that_joins_a_holder_and_could_never_run_is_refused(every_loop, a):
    holder = Scheduler(label="holder", limits=a)
    inside = sleeper(limits=a, label="inside")
    acting(lambda: holder.add(Scheduler(inside)), scheduler=holder)
    with refused(IMPOSSIBLE.format(free=0)):
        Scheduler(holder).run()
    assert not inside.is_running()


def test_a_scheduler_that_joins_is_checked(every_loop, a):
    root = PureScheduler()
    holder = Scheduler(sleeper(limits=a, label="inside"), limits=a, label="holder")
    acting(lambda: root.add(holder), scheduler=root)
    with refused(IMPOSSIBLE.format(free=1)):
        root.run()


def test_a_job_added_to_a_holder_that_waits_is_checked(every_loop, a):
    holder = Scheduler(sleeper(), label="holder", limits=a)
    holder.requires(act := acting(lambda: sleeper(limits=a, label="inside", scheduler=holder)))
    with refused(IMPOSSIBLE.format(free=1)):
        PureScheduler(act, holder).run()


def test_a_job_added_to_a_holder_that_waits_for_its_limit_is_checked(every_loop, a):
    holder = Scheduler(sleeper(), label="holder", limits=a, critical=False)
    add = acting(lambda: sleeper(limits=a, label="inside", scheduler=holder))
    assert PureScheduler(sleeper(2, limits=a), add, holder).run() is True
    assert isinstance(holder.raised_exception(), LimitError)


def test_jobs_that_join_two_holders_and_could_wait_for_each_other_are_refused(every_loop, a, b):
    one, other = Scheduler(limits=a, label="one"), Scheduler(limits=b, label="other")
    acting(lambda: sleeper(limits=b, scheduler=one), scheduler=one)
    acting(lambda: sleeper(limits=a, label="last", scheduler=other), scheduler=other)
    rule = (
        r"<Job `last`> was added to <Scheduler `other`> while that holds slots, and might wait "
        r"forever for <Limit `a` 0 of 1 free>: add it before the run"
    )
    with refused(rule, ValueError):
        Scheduler(one, other).run()


def test_a_scheduler_that_is_refused_claims_nothing(every_loop, a, b):
    """Otherwise `other` would have to wait until `two` ends."""
    c = Limit(1, "c")
    one, two = Scheduler(sleeper(6, limits=b), limits=a), Scheduler(limits=b)
    late = Scheduler(sleeper(limits=a), critical=False)
    acting(lambda: two.add(late), then=3, scheduler=two)
    scheduler = PureScheduler(two, one)
    other = Scheduler(sleeper(limits=b), limits=c, required=sleeper(2, scheduler=scheduler))
    scheduler.add(other)
    assert scheduler.run() is True
    assert isinstance(late.raised_exception(), ValueError)
    assert other.started_at == 2
    assert is_all_free(c)


def test_jobs_that_join_a_holder_wait_for_their_limits(every_loop, a, b, two):
    holder = Scheduler(sleeper(limits=two), limits=a)
    new = [sleeper(limits=limits) for limits in (two, (two, 2), b)]
    acting(lambda: holder.update(new), scheduler=holder)
    assert PureScheduler(Scheduler(holder), sleeper(3, limits=b)).run() is True
    assert starts(*new) == [1, 2, 3]


# -- one loop, several loops


def test_schedulers_of_one_loop_share_a_limit(in_loop, a):
    async def main():
        jobs = [sleeper(limits=a) for _ in range(3)]
        runs = [PureScheduler(job).co_run() for job in jobs]
        assert await asyncio.gather(*runs) == [True] * 3
        assert starts(*jobs) == [0, 1, 2]

    in_loop(main())


def test_a_limit_can_be_used_in_one_loop_after_another(every_loop, a):
    for _ in range(2):
        assert PureScheduler(sleeper(limits=a)).run() is True


IN_ANOTHER_LOOP = (
    r"^<Limit `a` 0 of 1 free> is in use in another event loop, and the jobs of two loops "
    r"can't share a limit: make another Limit$"
)


class OtherThread:
    """A run in another thread that uses a limit until the end of a block."""

    def __init__(self, limits, number=1):
        self.go, self.end = threading.Event(), threading.Event()
        jobs = [Job(self.work, limits=limits) for _ in range(number)]
        self.thread = threading.Thread(target=PureScheduler(*jobs).run)

    async def work(self):
        self.go.set()
        await asyncio.to_thread(self.end.wait)

    def __enter__(self):
        self.thread.start()
        self.go.wait()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()


@pytest.mark.parametrize("nest", [lambda job: job, lambda job: Scheduler(Scheduler(job))])
def test_a_limit_can_be_used_in_one_loop_only(a, nest):
    with OtherThread(a):
        scheduler = PureScheduler(nest(sleeper(limits=a)), first := sleeper(0))
        with pytest.raises(RuntimeError, match=IN_ANOTHER_LOOP):
            scheduler.run()
        assert not first.is_running()
    assert PureScheduler(sleeper(0, limits=a)).run() is True


def test_another_loop_may_take_a_limit_before_a_nested_scheduler_needs_it(a, b):
    """Jobs added to it during the run are refused, and leave their other limit alone."""
    with contextlib.ExitStack() as stack:
        enter = CallJob(lambda: stack.enter_context(OtherThread(a)))
        late = sleeper(0, limits=[b, a])
        add = acting(lambda: nested.add(late), 0, required=enter)
        nested = Scheduler(required=add, critical=False, label="n")
        assert PureScheduler(enter, add, nested).run() is True
        with pytest.raises(RuntimeError, match=IN_ANOTHER_LOOP):
            raise nested.raised_exception()
        assert is_all_free(b)


# -- the number of slots is changed


def test_slots_can_be_set_between_runs(every_loop):
    limit = Limit(1)
    job = sleeper(limits=limit)
    limit.slots = 3
    jobs = [job, sleeper(limits=(limit, 3)), sleeper(limits=limit)]
    PureScheduler(*jobs).run()
    assert starts(*jobs) == [0, 1, 2]
    limit.slots = 1
    assert (limit.slots, limit.free) == (1, 1)


def test_more_slots_start_jobs_at_once(every_loop):
    limit = Limit(1)
    jobs = [sleeper(3, limits=limit) for _ in range(4)]
    PureScheduler(*jobs, acting(lambda: setattr(limit, "slots", 3))).run()
    assert starts(*jobs) == [0, 1, 1, 3]
    assert (limit.slots, limit.free) == (3, 3)


def test_fewer_slots_take_effect_as_jobs_end(every_loop):
    limit, seen = Limit(3, "l"), []
    jobs = [sleeper(limits=limit) for _ in range(2)]
    jobs += [sleeper(2, limits=limit), *(sleeper(limits=limit) for _ in range(3))]

    def shrink():
        limit.slots = 1
        seen.append((limit.slots, limit.free))

    PureScheduler(*jobs, acting(shrink, 0.5)).run()
    assert seen == [(1, 0)]
    assert starts(*jobs) == [0, 0, 0, 2, 3, 4]
    assert (limit.slots, limit.free) == (1, 1)


def test_more_slots_let_a_holder_start_that_waits_for_another_limit(every_loop, a, b):
    """It had to wait, since a job inside it needs the limit that grows now."""
    one = Scheduler(first := sleeper(5), sleeper(limits=b, required=first), limits=a)
    other = Scheduler(sleeper(), sleeper(limits=a), limits=b)
    assert PureScheduler(one, other, acting(lambda: setattr(a, "slots", 2))).run() is True
    assert starts(one, other) == [0, 1]


def test_slots_can_be_set_in_another_thread(in_loop):
    limit = Limit(1)

    async def main():
        jobs = [sleeper(3, limits=limit) for _ in range(2)]
        grow = CallJob(setattr, limit, "slots", 2)
        shrink = CallJob(setattr, limit, "slots", 1, required=grow)
        assert await PureScheduler(*jobs, grow, shrink).co_run() is True
        assert starts(*jobs) == [0, grow.ended_at]

    in_loop(main())
    assert (limit.slots, limit.free) == (1, 1)


def test_an_error_reaches_the_other_thread(in_loop, two):
    async def main():
        shrink = CallJob(setattr, two, "slots", 1, critical=False)
        await PureScheduler(sleeper(limits=(two, 2), label="job"), shrink).co_run()
        with pytest.raises(ValueError, match=TOO_FEW):
            raise shrink.raised_exception()

    in_loop(main())
    assert two.slots == 2


TOO_FEW = (
    r"^<Limit `two` 0 of 2 free> can't have 1 slot now, since <Job `job`> needs 2 at once, "
    r"together with the schedulers around it: wait until its run is over$"
)


def test_slots_that_a_job_needs_can_t_be_taken_away(every_loop, two):
    job = sleeper(limits=(two, 2), label="job")
    shrink = acting(lambda: setattr(two, "slots", 1), critical=False)
    PureScheduler(job, sleeper(2, limits=(two, 2)), shrink).run()
    with pytest.raises(ValueError, match=TOO_FEW):
        raise shrink.raised_exception()
    assert (two.slots, job.is_done()) == (2, True)


@pytest.mark.parametrize("waits", [True, False])
def test_slots_that_a_job_inside_needs_can_t_be_taken_away(every_loop, two, waits):
    first = sleeper(limits=two if waits else ())
    inside = sleeper(limits=two, label="job")
    shrink = acting(lambda: setattr(two, "slots", 1), 0.5, critical=False)
    holder = Scheduler(later := sleeper(2), inside, limits=two, label="holder")
    inside.requires(later)
    PureScheduler(first, holder, shrink).run()
    with pytest.raises(ValueError, match=r" can't have 1 slot now, since <Job `job`> needs 2 "):
        raise shrink.raised_exception()
    assert inside.is_done()


def test_slots_can_t_be_taken_away_if_schedulers_would_wait_for_each_other(every_loop):
    a, b = Limit(2, "a"), Limit(2, "b")
    shrinks = [
        acting(lambda it=it: setattr(it, "slots", 1), when, critical=False)
        for it, when in ((a, 0.5), (b, 0.75))
    ]
    one = Scheduler(first := sleeper(), sleeper(limits=b, required=first), limits=a)
    other = Scheduler(first := sleeper(), sleeper(limits=a, required=first), limits=b)
    assert PureScheduler(one, other, *shrinks).run() is True
    assert shrinks[0].raised_exception() is None
    rule = (
        r"^<Limit `b` 1 of 2 free> can't have 1 slot now, since schedulers that hold slots "
        r"might wait for each other forever: wait until one of them ends$"
    )
    with pytest.raises(ValueError, match=rule):
        raise shrinks[1].raised_exception()
    assert (a.slots, b.slots) == (1, 2)
    assert is_all_free(a, b)


# -- what is shown


def test_a_job_shows_the_limits_that_it_waits_for(every_loop, capsys, a, b):
    jobs = [sleeper(limits=a, label="runs"), sleeper(limits=[a, b], label="waits")]
    windowed = sleeper(label="windowed")
    full = Scheduler(sleeper(label="full"), windowed, jobs_window=1, label="inner")
    shown = []

    def show():
        shown.extend(job.repr_result() for job in (*jobs, windowed))
        scheduler.list()

    scheduler = PureScheduler(*jobs, full, acting(show, 0.5))
    scheduler.run()
    assert shown == [
        "[not done]",
        "[not done: waits for <Limit `a` 0 of 1 free>]",
        "[not done: waits for a slot of the window]",
    ]
    assert "`waits`> [not done: waits for <Limit `a` 0 of 1 free>]" in capsys.readouterr().out


def test_a_job_that_stands_in_line_shows_all_its_limits(every_loop, a, b):
    """Both have free slots, but it is not the first."""
    scheduler = PureScheduler(sleeper(3, limits=a))
    after(0.25, scheduler, limits=[a, b])
    behind = after(0.5, scheduler, limits=b)
    shown = []
    acting(lambda: shown.append(behind.repr_result()), 0.75, scheduler=scheduler)
    scheduler.run()
    assert shown == ["[not done: waits for its turn at <Limit `b` 1 of 1 free>]"]


# -- copies and pickles


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_job_shares_its_limits(every_loop, a, copied):
    job = sleeper(limits=a)
    other = copied(job)
    PureScheduler(job, other).run()
    assert starts(job, other) == [0, 1]
    assert copied(a) is a


def test_a_pickle_of_jobs_has_limits_of_its_own(every_loop, two):
    jobs = [sleeper(limits=(two, 2), timeout=9), sleeper(limits=two)]
    copies = pickle.loads(pickle.dumps(jobs))
    PureScheduler(*jobs, *copies).run()
    assert starts(*jobs, *copies) == [0, 1, 0, 1]
    limit = pickle.loads(pickle.dumps(two))
    assert (limit is two, limit.slots, limit.label) == (False, 2, "two")


def test_a_pickle_of_a_scheduler_has_limits(every_loop, a):
    nested = Scheduler(Scheduler(sleeper(), limits=a), sleeper(limits=a))
    again = pickle.loads(pickle.dumps(nested))
    assert again.run() is True
    assert sorted(starts(*again.jobs)) == [0, 1]


def test_a_limit_is_let_go_of_after_the_run(every_loop):
    limit = Limit(1)
    PureScheduler(
        Scheduler(sleeper(limits=limit), limits=Limit(1)), sleeper(limits=limit)
    ).run()
    reference = weakref.ref(limit)
    del limit
    gc.collect()
    assert reference() is None


# -- many


def test_jobs_that_share_a_limit_take_no_more_memory_than_others():
    def memory(**options):
        tracemalloc.start()
        jobs = [AbstractJob(**options) for _ in range(1000)]
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size / len(jobs)

    limit = Limit(4)
    memory(limits=limit)  # what only the first ones take
    assert abs(memory(limits=limit) - memory()) < 4  # bytes a job


def test_a_limit_that_many_jobs_share(fast_loop, two):
    jobs = [sleeper(0, limits=two) for _ in range(1000)]
    assert PureScheduler(*jobs).run() is True
    assert all(job.is_done() for job in jobs)


def test_lines_of_holders_that_ended_are_forgotten(every_loop, a, two):
    lines = []
    holders = [Scheduler(sleeper(0, limits=two), limits=a) for _ in range(20)]
    keep = sleeper(1, limits=two)
    look = acting(lambda: lines.append(len(desk_of(two).lines)), 0.5)
    assert PureScheduler(keep, *holders, look).run() is True
    assert lines[0] <= 1


# -- holders, in more detail


@pytest.mark.parametrize("length", [2, 4, 5, 6])
def test_a_ring_of_holders_of_any_length(every_loop, length):
    limits = [Limit(1, n) for n in range(length)]
    ring = [
        Scheduler(sleeper(), sleeper(limits=limits[n - 1]), limits=limits[n])
        for n in range(length)
    ]
    assert PureScheduler(*ring).run() is True
    assert is_all_free(*limits)


def test_a_job_that_joins_a_holder_needs_what_all_holders_around_it_leave(every_loop):
    three = Limit(3, "three")
    inner = Scheduler(limits=three, label="inner")
    outer = Scheduler(inner, limits=three, label="outer")
    acting(lambda: sleeper(limits=(three, 2), scheduler=inner), scheduler=inner)
    with pytest.raises(LimitError) as caught:
        Scheduler(outer).run()
    assert caught.value.holder is outer
    assert is_all_free(three)


def test_a_job_that_joins_a_holder_and_needs_less_than_others_changes_nothing(
    every_loop, a, two
):
    """Otherwise `other` would start at 2, and the two would wait for each other."""
    holder = Scheduler(first := sleeper(3), limits=a)
    holder.add(most := sleeper(limits=(two, 2), required=first))
    acting(lambda: sleeper(limits=two, scheduler=holder), scheduler=holder)
    scheduler = PureScheduler(holder)
    other = Scheduler(sleeper(limits=a), limits=two, required=sleeper(2, scheduler=scheduler))
    scheduler.add(other)
    assert scheduler.run() is True
    assert starts(most, other) == [3, 4]


def test_a_holder_that_was_refused_a_claim_is_forgotten_at_its_end(every_loop, a, b):
    """Otherwise `other` would have to wait until `one` ends."""
    c = Limit(1, "c")
    one = Scheduler(sleeper(6, limits=b), limits=a)
    two = Scheduler(sleeper(0, limits=c), limits=b)
    late = Scheduler(sleeper(limits=a), critical=False)
    acting(lambda: two.add(late), then=3, scheduler=two)
    other = Scheduler(sleeper(limits=b), limits=c, required=two)
    assert PureScheduler(two, one, other).run() is True
    assert isinstance(late.raised_exception(), ValueError)
    assert (two.ended_at, other.started_at) == (4, 4)
    assert is_all_free(c)


# -- errors and needs, in more detail


@pytest.mark.parametrize("joins", [False, True])
def test_the_error_about_a_job_that_needs_too_much_itself(every_loop, two, joins):
    job = sleeper(limits=(two, 2), label="job")
    two.slots = 1
    scheduler = PureScheduler(acting(lambda: scheduler.add(job)) if joins else job)
    with refused(
        r"<Job `job`> needs 2 slots of <Limit `two` 1 of 1 free>, so that job could never "
        r"start: give the limit more slots, or let one of them need fewer"
    ) as caught:
        scheduler.run()
    assert (caught.value.holder, caught.value.job, caught.value.limit) == (job, job, two)


@pytest.mark.parametrize("first", [1, 2])
def test_the_job_that_needs_most_counts(every_loop, two, first):
    jobs = [sleeper(limits=(two, count)) for count in (first, 3 - first)]
    with pytest.raises(LimitError) as caught:
        PureScheduler(Scheduler(*jobs, limits=two)).run()
    assert caught.value.job is jobs[2 - first]


def test_of_jobs_that_need_as_much_the_first_one_is_named(every_loop, two):
    jobs = [sleeper(limits=(two, 2)) for _ in range(2)]
    with pytest.raises(LimitError) as caught:
        PureScheduler(Scheduler(*jobs, limits=two)).run()
    assert caught.value.job is jobs[0]


# -- lines, in more detail


def test_jobs_of_two_runs_start_in_the_order_in_which_they_came(in_loop, a):
    async def main():
        one, other = PureScheduler(), PureScheduler()
        jobs = [sleeper(limits=a, scheduler=it) for it in (one, one, other)]
        jobs.append(after(0.5, one, limits=a))
        await asyncio.gather(one.co_run(), other.co_run())
        assert starts(*jobs) == [0, 1, 2, 3]

    in_loop(main())


def test_lines_in_which_jobs_of_holders_waited_are_forgotten(every_loop, a, two):
    lines = []
    holders = [
        Scheduler(*(sleeper(0, limits=two) for _ in range(3)), limits=a) for _ in range(9)
    ]
    look = acting(lambda: lines.append(len(desk_of(two).lines)), 0.5)
    assert PureScheduler(sleeper(limits=two), *holders, look).run() is True
    assert lines == [0]


@pytest.mark.parametrize("again", ["same", "other"])
def test_the_jobs_of_a_run_that_was_refused_are_free(every_loop, two, again):
    job, before = sleeper(limits=(two, 2)), sleeper()
    job.requires(before)
    scheduler = PureScheduler(before, job)
    two.slots = 1
    with pytest.raises(LimitError):
        scheduler.run()
    assert (job.cancel(), before.cancel()) == (False, False)
    two.slots = 2
    if again == "other":
        scheduler.remove(job)
        scheduler.remove(before)
        scheduler = PureScheduler(before, job)
    assert (scheduler.run(), starts(before, job)) == (True, [0, 1])


@pytest.mark.parametrize("depth", [1, 2])
def test_a_limit_that_became_too_small_for_a_nested_job_is_refused_at_once(
    every_loop, two, depth
):
    nested = sleeper(limits=(two, 2))
    two.slots = 1
    for _ in range(depth):
        nested = Scheduler(nested)
    with pytest.raises(LimitError):
        PureScheduler(nested, first := sleeper()).run()
    assert first.is_idle()


def test_a_scheduler_that_joins_with_a_job_that_needs_too_much_is_refused_at_once(
    every_loop, two
):
    job = sleeper(limits=(two, 2))
    two.slots = 1
    scheduler = PureScheduler(waits := sleeper(5))
    acting(lambda: scheduler.add(Scheduler(job, required=waits)), scheduler=scheduler)
    with pytest.raises(LimitError):
        scheduler.run()
    assert scheduler.ended_at == 1


def test_a_job_that_joins_a_holder_in_a_holder_may_need_all_slots_of_a_limit(
    every_loop, a, b, two
):
    new = sleeper(limits=(two, 2))
    inner = Scheduler(limits=b)
    acting(lambda: inner.add(new), scheduler=inner)
    assert PureScheduler(Scheduler(inner, limits=a)).run() is True
    assert new.started_at == 1
