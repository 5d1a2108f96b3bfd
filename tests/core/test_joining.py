"""Newcomers: jobs that are added to a scheduler while it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

import pytest

from asynciojobs import (
    CycleError,
    Job,
    MissingRequirementError,
    PureScheduler,
    Scheduler,
    Sequence,
)


def sleeper(seconds=1.0, **options):
    return Job(asyncio.sleep, seconds, **options)


def adder(act, seconds=1.0, **options):
    """Return a job that calls a function after some time, and goes on for a second."""

    async def work():
        await asyncio.sleep(seconds)
        act()
        await asyncio.sleep(1)

    return Job(work, **options)


def last_act(act, seconds=1.0, **options):
    """Return a job that calls a function at its end."""

    async def work():
        await asyncio.sleep(seconds)
        act()

    return Job(work, **options)


def test_a_newcomer_starts_at_once(every_loop):
    new = sleeper()
    scheduler = PureScheduler(adder(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert (new.started_at, new.is_done()) == (1, True)


def test_a_newcomer_joins_with_all_that_it_depends_on(every_loop):
    first = sleeper()
    last = sleeper(required=sleeper(required=first))
    slow = sleeper(5)
    last.requires(slow)
    scheduler = PureScheduler(slow, adder(lambda: scheduler.add(last, upstream=True)))
    assert scheduler.run() is True
    assert (first.started_at, last.started_at, len(scheduler)) == (1, 5, 5)


def test_a_newcomer_that_depends_on_a_job_of_another_run_is_refused(in_loop):
    async def main():
        slow = sleeper(5)
        other = asyncio.ensure_future(PureScheduler(slow).co_run())
        await asyncio.sleep(1)
        new = sleeper(required=slow)
        scheduler = PureScheduler(
            last_act(lambda: scheduler.add(new, upstream=True), critical=False)
        )
        [job] = scheduler
        await scheduler.co_run()
        return await other, job.raised_exception().busy is slow, new in scheduler

    assert in_loop(main()) == (True, True, False)


def test_a_newcomer_made_with_the_option_scheduler_starts(every_loop):
    made = []
    scheduler = PureScheduler(adder(lambda: made.append(sleeper(scheduler=scheduler))))
    assert scheduler.run() is True
    assert made[0].started_at == 1


def test_a_newcomer_added_at_the_end_of_the_last_job_is_waited_for(every_loop):
    new = sleeper()
    scheduler = PureScheduler(last_act(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert (new.started_at, new.is_done()) == (1, True)


def test_a_newcomer_added_by_a_job_that_awaits_nothing_is_waited_for(every_loop):
    async def at_once():
        scheduler.add(new)

    new = sleeper()
    scheduler = PureScheduler(Job(at_once))
    assert scheduler.run() is True
    assert new.is_done() is True


def test_a_newcomer_starts_when_its_requirements_are_done(every_loop):
    slow = sleeper(5)
    new = sleeper(required=slow)
    scheduler = PureScheduler(slow, adder(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert new.started_at == 5


def test_a_newcomer_may_require_a_job_that_is_done(every_loop):
    fast = sleeper(0.5)
    new = sleeper(required=fast)
    scheduler = PureScheduler(fast, adder(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert new.started_at == 1


def test_a_newcomer_may_require_the_job_that_adds_it(every_loop):
    new = sleeper()
    job = adder(lambda: scheduler.add(new))
    new.requires(job)
    scheduler = PureScheduler(job)
    assert scheduler.run() is True
    assert new.started_at == 2


def test_jobs_that_were_done_when_a_newcomer_came_may_run_again_elsewhere(in_loop):
    async def run_again():
        await asyncio.sleep(4.5)
        await other.co_run()

    async def main():
        await other.co_run()
        return (await asyncio.gather(scheduler.co_run(), run_again()))[0]

    def add():
        scheduler.add(new)
        new.requires(done[0], slow, done[1])

    done = [sleeper(), sleeper()]
    slow, new = sleeper(5), sleeper()
    other = PureScheduler(*done)
    scheduler = PureScheduler(slow, adder(add, 1), adder(lambda: scheduler.add(sleeper()), 2))
    assert in_loop(main()) is True
    assert new.started_at == 6


def test_a_newcomer_may_require_a_job_that_failed(every_loop):
    async def fail():
        raise ValueError

    bad = Job(fail, critical=False)
    new = sleeper(required=bad)
    scheduler = PureScheduler(bad, adder(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert new.is_done() is True


def test_a_newcomer_may_require_a_job_that_was_added_before_its_requirement(every_loop):
    first = sleeper(3)
    last = sleeper(required=first)
    new = sleeper(required=last)
    scheduler = PureScheduler(last, first, adder(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert new.started_at == 4


@pytest.mark.parametrize("backwards", [False, True])
def test_newcomers_may_require_each_other(every_loop, backwards):
    def add():
        for job in reversed(chain) if backwards else chain:
            scheduler.add(job)
        for before, after in pairwise(chain):
            after.requires(before)

    chain = [sleeper() for _ in range(3)]
    scheduler = PureScheduler(adder(add))
    assert scheduler.run() is True
    assert [job.started_at for job in chain] == [1, 2, 3]


def test_a_sequence_can_join(every_loop):
    chain = [sleeper() for _ in range(3)]
    scheduler = PureScheduler(adder(lambda: scheduler.update([Sequence(*chain)])))
    assert scheduler.run() is True
    assert [job.started_at for job in chain] == [1, 2, 3]


def test_a_nested_scheduler_can_join(every_loop):
    inside = sleeper()
    nested = Scheduler(inside)
    scheduler = PureScheduler(adder(lambda: scheduler.add(nested)))
    assert scheduler.run() is True
    assert (nested.started_at, inside.ended_at, nested.result()) == (1, 2, True)


def test_a_job_can_join_a_nested_scheduler_that_runs(every_loop):
    new = sleeper(5)
    nested = Scheduler(sleeper(2))
    after = sleeper(required=nested)
    scheduler = PureScheduler(nested, after, adder(lambda: nested.add(new)))
    assert scheduler.run() is True
    assert (new.started_at, after.started_at) == (1, 6)


def test_a_job_can_join_a_nested_scheduler_that_waits(every_loop):
    gate = sleeper(3)
    nested = Scheduler(required=gate)
    new = sleeper()
    scheduler = PureScheduler(gate, nested, adder(lambda: nested.add(new)))
    assert scheduler.run() is True
    assert new.started_at == 3


def test_a_job_can_join_the_scheduler_around(every_loop):
    new = sleeper(5)
    nested = Scheduler(adder(lambda: outer.add(new)))
    outer = PureScheduler(nested)
    assert outer.run() is True
    assert (new.started_at, new.is_done()) == (1, True)


def test_a_forever_newcomer_is_cancelled_at_the_end(every_loop):
    new = sleeper(99, forever=True)
    scheduler = PureScheduler(sleeper(4), adder(lambda: scheduler.add(new)))
    assert scheduler.run() is True
    assert (new.started_at, new.ended_at, new.is_done()) == (1, 4, False)


def test_forever_newcomers_do_not_keep_a_run_going(every_loop):
    scheduler = PureScheduler(
        last_act(lambda: scheduler.add(sleeper(99, forever=True, label="new")))
    )
    assert scheduler.run() is True


def test_forever_newcomers_may_require_each_other(every_loop):
    first = sleeper(2, forever=True)
    second = sleeper(99, forever=True, required=first)
    scheduler = PureScheduler(sleeper(9), adder(lambda: scheduler.update([second, first])))
    assert scheduler.run() is True
    assert second.started_at == 3


def test_a_regular_newcomer_ends_a_run_of_forever_jobs(every_loop):
    new = sleeper(2)
    forever = Job(asyncio.Event().wait, forever=True)
    scheduler = PureScheduler(
        forever, adder(lambda: scheduler.add(new), forever=True, critical=False)
    )
    assert scheduler.run() is True
    assert forever.ended_at == 3


def test_a_run_of_forever_jobs_waits_for_a_forever_newcomer(every_loop):
    new = sleeper(4, forever=True)
    scheduler = PureScheduler(adder(lambda: scheduler.add(new), forever=True))
    assert scheduler.run() is True
    assert (new.ended_at, new.is_done()) == (5, True)


def test_a_newcomer_may_require_a_job_that_was_regular_when_it_came(every_loop):
    def act():
        job.forever = True
        scheduler.add(new)

    job, new = sleeper(5), sleeper()
    new.requires(job)
    scheduler = PureScheduler(job, adder(act))
    assert scheduler.run() is True
    assert new.started_at == 5


def test_a_newcomer_may_require_a_job_that_was_forever_when_it_came(every_loop):
    def act():
        job.forever = False
        scheduler.add(new)

    job = sleeper(5, forever=True)
    new = sleeper(required=job)
    scheduler = PureScheduler(job, adder(act))
    assert (scheduler.run(), new.started_at) == (True, 5)


def test_the_window_applies_to_newcomers(every_loop):
    new = [sleeper() for _ in range(4)]
    scheduler = PureScheduler(last_act(lambda: scheduler.update(new)), jobs_window=2)
    assert scheduler.run() is True
    assert [job.started_at for job in new] == [1, 1, 2, 2]


def test_newcomers_queue_after_jobs_that_wait_for_a_slot(every_loop):
    old, new = sleeper(), sleeper()
    scheduler = PureScheduler(adder(lambda: scheduler.add(new)), old, jobs_window=1)
    assert scheduler.run() is True
    assert (old.started_at, new.started_at) == (2, 3)


def test_newcomers_queue_after_jobs_that_start_in_later_turns(every_loop):
    async def add():
        scheduler.add(Job(note, "new"))

    async def note(name):
        started.append(name)

    started = []
    scheduler = PureScheduler(Job(add), *(Job(note, rank) for rank in range(500)))
    assert scheduler.run() is True
    assert started == [*range(500), "new"]


def test_joining_does_not_make_more_jobs_start_in_a_turn(every_loop):
    async def main(joining):
        async def short():
            starts[turn] += 1
            if joining and starts.total() % 10 == 0 and starts.total() < 500:
                scheduler.add(Job(asyncio.sleep, 0))
            await asyncio.sleep(0)

        def count_turns():
            nonlocal turn
            turn += 1
            loop.call_soon(count_turns)

        turn = 0
        starts = Counter()
        loop = asyncio.get_running_loop()
        loop.call_soon(count_turns)
        scheduler = PureScheduler(*(Job(short) for _ in range(500)))
        await scheduler.co_run()
        return max(starts.values())

    with asyncio.Runner(loop_factory=every_loop) as runner:
        assert runner.run(main(joining=True)) == runner.run(main(joining=False))


def test_each_job_can_add_the_next(every_loop):
    started = []

    def chain(left):
        def grow():
            started.append(asyncio.get_running_loop().time())
            if left:
                scheduler.add(chain(left - 1))

        return last_act(grow)

    scheduler = PureScheduler(chain(4))
    assert scheduler.run() is True
    assert started == [1, 2, 3, 4, 5]


def test_ten_thousand_jobs_can_each_add_the_next(fast_loop):
    count = 0

    async def grow():
        nonlocal count
        count += 1
        if count < 10_000:
            scheduler.add(Job(grow))

    scheduler = PureScheduler(Job(grow))
    assert (scheduler.run(), count) == (True, 10_000)


def test_a_newcomer_can_fail_the_run(every_loop):
    async def fail():
        raise ValueError

    scheduler = PureScheduler(adder(lambda: scheduler.add(Job(fail))), sleeper(9))
    assert (scheduler.run(), scheduler.failed_critical()) == (False, True)


def test_the_timeout_applies_to_newcomers(every_loop):
    new = sleeper(9)
    scheduler = PureScheduler(adder(lambda: scheduler.add(new)), timeout=3)
    assert scheduler.run() is False
    assert (new.ended_at, new.is_done()) == (3, False)


def test_a_job_that_ran_before_can_join_again(every_loop):
    again = Job(asyncio.sleep, 1)
    PureScheduler(again).run()
    scheduler = PureScheduler(adder(lambda: scheduler.add(again)))
    assert scheduler.run() is True
    assert (again.started_at, again.ended_at) == (1, 2)


def test_a_job_that_ran_before_is_idle_until_it_starts_again(every_loop):
    again = sleeper()
    PureScheduler(again).run()
    again.requires(slow := sleeper(9))
    scheduler = PureScheduler(slow, adder(lambda: scheduler.add(again)), timeout=3)
    assert scheduler.run() is False
    assert again.is_idle() is True


def test_a_job_that_ran_before_is_idle_until_the_scheduler_around_it_joins_and_starts(
    every_loop,
):
    again = sleeper()
    PureScheduler(again).run()
    slow = sleeper(9)
    new = Scheduler(Scheduler(again), required=slow)
    scheduler = PureScheduler(slow, adder(lambda: scheduler.add(new)), timeout=3)
    assert scheduler.run() is False
    assert again.is_idle() is True


def test_newcomers_start_in_the_order_in_which_they_were_added(every_loop):
    async def note(name):
        order.append(name)

    def new(name):
        return Job(note, name, required=slow)

    order = []
    slow = sleeper(5)
    scheduler = PureScheduler(
        new("first"),
        slow,  # after a job that requires it, so the waiting jobs may be out of order
        adder(lambda: scheduler.update(map(new, ["second", "third", "fourth"])), 1),
        adder(lambda: scheduler.add(new("last")), 2),
    )
    assert scheduler.run() is True
    assert order == ["first", "second", "third", "fourth", "last"]


def test_adding_twice_is_adding_once(every_loop):
    runs = []

    async def note():
        runs.append(1)

    new = Job(note)
    scheduler = PureScheduler(adder(lambda: scheduler.update([new, new]).add(new)))
    assert (scheduler.run(), runs) == (True, [1])


def test_newcomers_are_shut_down(every_loop):
    served = []

    async def shut(*_):
        served.append(1)

    new = Job(asyncio.sleep, 1, coshutdown=shut)
    nested = Scheduler(adder(lambda: nested.add(new)))
    assert PureScheduler(nested).run() is True
    assert served == [1]


# -- waiting jobs that are made to require newcomers


def test_a_waiting_job_can_be_made_to_require_a_newcomer(every_loop):
    def add():
        scheduler.add(new)
        last.requires(new)

    new = sleeper(5)
    job = adder(add)
    last = sleeper(required=job)
    scheduler = PureScheduler(job, last)
    assert scheduler.run() is True
    assert last.started_at == 6


def test_a_waiting_job_made_to_require_a_newcomer_that_is_done_does_not_wait(every_loop):
    def add():
        scheduler.add(new)
        last.requires(new)

    new = sleeper(0.25)
    job = adder(add)
    last = sleeper(required=job)
    scheduler = PureScheduler(job, last)
    assert scheduler.run() is True
    assert last.started_at == 2


def test_a_waiting_job_made_to_require_a_newcomer_starts_before_later_jobs_that_do(every_loop):
    async def note(name):
        order.append(name)

    def add():
        scheduler.update([new, Job(note, "newcomer", required=new)])
        waiting.requires(new)

    order = []
    new = sleeper(5)
    job = adder(add)
    waiting = Job(note, "waiting", required=job)
    scheduler = PureScheduler(job, waiting)
    assert scheduler.run() is True
    assert order == ["waiting", "newcomer"]


@pytest.mark.parametrize("durations", [(5, 2), (2, 5)])
def test_a_waiting_job_can_be_made_to_require_several_newcomers(every_loop, durations):
    def add():
        scheduler.update(new)
        last.requires(new)

    new = [sleeper(seconds) for seconds in durations]
    job = last_act(add)
    last = sleeper(required=job)
    scheduler = PureScheduler(job, last)
    assert scheduler.run() is True
    assert last.started_at == 6


def test_requirements_can_be_added_again_and_again(every_loop):
    def add_one(left):
        def act():
            new = last_act(add_one(left - 1)) if left else sleeper()
            scheduler.add(new)
            last.requires(new)

        return act

    first = last_act(add_one(3))
    last = sleeper(required=first)
    scheduler = PureScheduler(first, last)
    assert scheduler.run() is True
    assert last.started_at == 5


def test_a_job_that_is_done_can_be_made_to_require_a_waiting_one(every_loop):
    def add():
        last.requires(scheduler.add(sleeper()))
        first.requires(last)  # this applies in the next run

    first = sleeper(0.5)
    job = adder(add)
    last = sleeper(required=[first, job])
    scheduler = PureScheduler(first, job, last)
    assert scheduler.run() is True
    assert last.started_at == 2


@pytest.mark.parametrize("observed", [False, True])
def test_without_newcomers_the_requirements_of_waiting_jobs_are_not_read_again(
    every_loop, observed
):
    other = sleeper(5)
    job = adder(lambda: last.requires(other))
    last = sleeper(required=job)
    scheduler = PureScheduler(job, last, other)
    if observed:
        scheduler.observe(lambda event: None)
    scheduler.run()
    assert last.started_at == 2


# -- a mistake with newcomers ends the run with an error


def cycle_of_two(scheduler, waiting):
    a, b = sleeper(), sleeper()
    scheduler.update([a.requires(b), b.requires(a)])


def cycle_through_a_waiting_job(scheduler, waiting):
    new = sleeper(required=waiting)
    scheduler.add(new)
    waiting.requires(new)


def cycle_of_one(scheduler, waiting):
    new = sleeper()
    new.required.add(new)
    scheduler.add(new)


def missing(scheduler, waiting):
    scheduler.add(sleeper(required=sleeper()))


def late_missing(scheduler, waiting):
    scheduler.add(sleeper())
    waiting.requires(sleeper())


def nested_cycle(scheduler, waiting):
    a, b = sleeper(), sleeper()
    scheduler.add(Scheduler(a.requires(b), b.requires(a)))


def nested_in_itself(scheduler, waiting):
    a = Scheduler()
    a.add(Scheduler(a))
    scheduler.add(a)


def nested_cycle_that_would_start_later(scheduler, waiting):
    a, b = sleeper(), sleeper()
    scheduler.add(Scheduler(a.requires(b), b.requires(a), required=waiting, critical=False))


def requires_no_job(scheduler, waiting):
    job = sleeper(required=waiting)
    job.required.add("fetch")
    scheduler.add(job)


def waiting_requires_no_job(scheduler, waiting):
    waiting.required.add("fetch")
    scheduler.add(sleeper())


WRONG = [
    (cycle_of_two, CycleError, 1),
    (cycle_through_a_waiting_job, CycleError, 2),
    (cycle_of_one, CycleError, 1),
    (missing, MissingRequirementError, 1),
    (late_missing, MissingRequirementError, 2),
    (nested_cycle, CycleError, 1),
    (nested_cycle_that_would_start_later, CycleError, 1),
    (nested_in_itself, ValueError, 1),
    (requires_no_job, TypeError, 1),
    (waiting_requires_no_job, TypeError, 2),
]
"""The mistake, its error, and when it comes: at once, or when `waiting` would start."""


@pytest.mark.parametrize(("wrong", "error", "when"), WRONG)
@pytest.mark.parametrize("depth", [0, 2])
def test_co_run_raises_the_error_and_nothing_is_alive(in_loop, wrong, error, when, depth):
    async def main():
        job = adder(lambda: wrong(scheduler, waiting))
        waiting = sleeper(required=job)
        scheduler = Scheduler(job, waiting, sleeper(9))
        outer = scheduler
        for _ in range(depth):
            outer = Scheduler(outer, sleeper(9))
        with pytest.raises(error):
            await outer.co_run()
        return (
            scheduler._run_state.live_run,
            outer._run_state.live_run,
            asyncio.get_running_loop().time(),
        )

    assert in_loop(main()) == (None, None, when)


def test_the_error_carries_the_newcomer_and_the_requirement_that_is_missing(every_loop):
    def add():
        scheduler.add(new)
        new.requires(elsewhere)

    new, elsewhere = sleeper(), sleeper()
    scheduler = PureScheduler(adder(add))
    with pytest.raises(MissingRequirementError) as caught:
        scheduler.run()
    assert (caught.value.job, caught.value.requirement) == (new, elsewhere)


def test_an_exit_in_an_observer_of_a_newcomer_leaves_co_run(in_loop):
    def leave(event):
        if event.job is new:
            raise KeyboardInterrupt

    async def main():
        scheduler = PureScheduler(adder(lambda: scheduler.add(new)), background)
        scheduler.observe(leave)
        with pytest.raises(KeyboardInterrupt):
            await scheduler.co_run()
        return background.ended_at

    new, background = sleeper(), sleeper(9)
    assert in_loop(main()) == 1


def test_a_cycle_that_another_job_closes_in_the_same_turn_is_found(every_loop):
    new = sleeper()

    def add():
        scheduler.add(new)
        waiting.requires(new)

    first, second = last_act(add), last_act(lambda: new.requires(waiting))
    waiting, beside = sleeper(required=first), sleeper(9)
    scheduler = PureScheduler(first, second, waiting, beside)
    with pytest.raises(CycleError):
        scheduler.run()
    assert beside.ended_at == 1


@pytest.mark.parametrize("between", [0, 2])
def test_jobs_that_wait_for_each_other_after_a_requirement_is_reversed_end_the_run(
    every_loop, between
):
    def reverse():
        scheduler.add(sleeper())
        last.required.clear()
        first.requires(last)

    job = last_act(reverse)
    first = last = sleeper(required=job)
    chain = [first]
    for _ in range(between + 1):
        last = sleeper(required=last)
        chain.append(last)
    background, beside = sleeper(99, forever=True), sleeper(required=first)
    scheduler = PureScheduler(job, *chain, background, beside, timeout=9)
    with pytest.raises(CycleError) as caught:
        scheduler.run()
    assert (set(caught.value.cycle), background.ended_at) == ({*chain}, 2)


def test_a_newcomer_that_requires_a_job_that_still_waits_for_it_ends_the_run(every_loop):
    def reverse():
        new.requires(waiting)
        waiting.required.clear()

    def add():
        asyncio.get_running_loop().call_soon(reverse)  # before the newcomers are admitted
        scheduler.add(new)
        waiting.requires(new)

    new = sleeper()
    job = last_act(add)
    waiting = sleeper(required=job)
    scheduler = PureScheduler(job, waiting, timeout=9)
    with pytest.raises(CycleError) as caught:
        scheduler.run()
    assert caught.value.cycle in ([new, waiting, new], [waiting, new, waiting])


def test_forever_jobs_that_wait_for_each_other_end_a_run_without_other_jobs(every_loop):
    def reverse():
        scheduler.add(sleeper(forever=True))
        last.required.clear()
        first.requires(last)

    job = last_act(reverse, forever=True)
    first = sleeper(required=job, forever=True)
    last = sleeper(required=first, forever=True)
    scheduler = PureScheduler(job, first, last, timeout=9)
    with pytest.raises(CycleError):
        scheduler.run()


def test_a_newcomer_that_requires_a_string_ends_the_run_even_if_others_wait_longer(every_loop):
    def hold_the_last_back():
        last.requires(scheduler.add(sleeper(9)))

    def add_what_is_wrong():
        requires_no_job(scheduler, None)

    last = sleeper(required=adder(hold_the_last_back))
    scheduler = PureScheduler(last, *last.required, adder(add_what_is_wrong, 5))
    with pytest.raises(TypeError, match=r"^<Job `sleep\(\)`> requires 'fetch', which is no"):
        scheduler.run()


class Unmade(Job):
    """A class whose author forgot `super().__init__()`."""

    def __init__(self, seconds):
        self.seconds = seconds


def test_add_refuses_a_newcomer_whose_class_does_not_call_super(every_loop):
    def act():
        scheduler.add(Unmade(1))

    adding = adder(act)
    scheduler = PureScheduler(adding)
    assert scheduler.run() is False
    with pytest.raises(TypeError, match=r"^Unmade.__init__\(\) must call super\(\)"):
        adding.result()


def test_a_newcomer_that_requires_a_job_of_another_run_is_refused(in_loop):
    async def main():
        foreign = sleeper(5)
        running = asyncio.ensure_future(PureScheduler(foreign).co_run())
        scheduler = PureScheduler(adder(lambda: scheduler.add(sleeper(required=foreign))))
        with pytest.raises(MissingRequirementError):
            await scheduler.co_run()
        return await running

    assert in_loop(main()) is True


def test_a_job_of_another_run_can_not_join(in_loop):
    async def main():
        slow = sleeper(5)
        foreign = Job(asyncio.sleep(1), required=slow, label="foreign")
        running = asyncio.ensure_future(PureScheduler(slow, foreign).co_run())
        job = adder(lambda: scheduler.add(foreign))
        scheduler = PureScheduler(job)
        fine = await scheduler.co_run()
        error = job.raised_exception()
        assert str(error).startswith("<Job `foreign`> takes part in a run that is going on: ")
        return fine, foreign in scheduler, await running, foreign.ended_at

    assert in_loop(main()) == (False, False, True, 6)


def test_a_scheduler_can_not_join_itself(every_loop):
    job = adder(lambda: scheduler.add(scheduler), critical=False)
    scheduler = Scheduler(job, label="s")
    assert scheduler.run() is True
    assert str(job.raised_exception()) == "<Scheduler `s`> can't be put in itself"


# -- too late


def test_a_job_added_while_the_run_ends_is_not_started(every_loop):
    async def add_in_clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            scheduler.add(new)
            await asyncio.sleep(1)

    new = Job(asyncio.sleep(1))
    scheduler = PureScheduler(Job(add_in_clean_up), timeout=2)
    assert scheduler.run() is False
    assert new.is_idle() is True


def test_a_job_added_while_the_run_ends_takes_part_in_the_next_run(every_loop):
    async def add_in_clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            scheduler.add(new)

    new = sleeper()
    background = Job(add_in_clean_up, forever=True)
    scheduler = PureScheduler(sleeper(2), background)
    assert [scheduler.run(), new.is_idle(), scheduler.run(), new.is_done()] == [
        True,
        True,
        True,
        True,
    ]


def test_a_job_added_in_the_turn_in_which_the_run_ends_is_not_started(every_loop):
    async def add_and_fail():
        scheduler.add(new)
        raise ValueError

    new = Job(asyncio.sleep(1))
    scheduler = PureScheduler(Job(add_and_fail))
    assert scheduler.run() is False
    assert new.is_idle() is True


def test_a_job_added_in_the_turn_in_which_the_run_ends_is_not_checked(every_loop):
    async def add_and_fail():
        scheduler.add(sleeper(required=sleeper()))
        raise ValueError

    scheduler = PureScheduler(Job(add_and_fail))
    assert (scheduler.run(), scheduler.failed_critical()) == (False, True)


def test_a_job_added_between_runs_takes_part_in_the_next_one(every_loop):
    scheduler = PureScheduler(sleeper())
    scheduler.run()
    new = scheduler.add(sleeper())
    assert (scheduler.run(), new.is_done()) == (True, True)


def test_a_job_added_in_the_turn_after_the_last_job_takes_part_in_the_next_run(every_loop):
    def add_soon():
        asyncio.get_running_loop().call_soon(scheduler.add, new)

    new = sleeper()
    scheduler = PureScheduler(last_act(add_soon))
    assert [scheduler.run(), new.is_idle(), scheduler.run(), new.is_done()] == [True] * 4


def test_a_job_added_to_a_nested_scheduler_that_ended_takes_part_in_the_next_run(every_loop):
    async def add_in_clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(1)
            nested.add(new)

    new = Job(asyncio.sleep(1))
    nested = Scheduler(sleeper(9), forever=True)
    scheduler = PureScheduler(sleeper(2), nested, Job(add_in_clean_up, forever=True))
    assert [scheduler.run(), new.is_idle(), scheduler.run(), new.is_done()] == [True] * 4


# -- `jobs` edited by hand, which a run does not notice


def test_a_job_put_in_by_hand_takes_part_in_the_next_run(every_loop):
    new = Job(asyncio.sleep(1))
    scheduler = PureScheduler(sleeper(9), timeout=2)
    scheduler.update([adder(lambda: scheduler.jobs.add(new))])
    assert [scheduler.run(), new.is_idle()] == [False, True]
    scheduler.timeout = None
    assert [scheduler.run(), new.is_done()] == [True, True]


def test_a_job_taken_out_by_hand_can_run_again(every_loop):
    waiting = sleeper(required=(slow := sleeper(9)))
    scheduler = PureScheduler(slow, waiting, timeout=2)
    scheduler.add(adder(lambda: scheduler.jobs.discard(waiting)))
    assert scheduler.run() is False
    waiting.required.clear()
    assert PureScheduler(waiting).run() is True


def test_a_job_of_another_run_put_in_by_hand_goes_on(in_loop):
    async def main():
        slow = sleeper(5)
        last = sleeper(required=slow)
        running = asyncio.ensure_future(PureScheduler(slow, last).co_run())
        scheduler = PureScheduler(adder(lambda: scheduler.jobs.add(slow)), timeout=1.5)
        await scheduler.co_run()
        return await running, last.started_at

    assert in_loop(main()) == (True, 5)


def test_a_mistake_with_newcomers_is_logged_if_a_job_exits_at_the_same_time(every_loop, caplog):
    async def leave():
        try:
            await asyncio.sleep(9)
        finally:
            raise SystemExit(3)

    scheduler = PureScheduler(adder(lambda: cycle_of_two(scheduler, None)), Job(leave))
    with pytest.raises(SystemExit):
        scheduler.run()
    (record,) = caplog.records
    assert type(record.exc_info[1]) is CycleError
    assert record.message == (
        "<PureScheduler of 4 jobs>: superseded by the KeyboardInterrupt or SystemExit that a "
        "job raised"
    )


# -- requirements that are added out of order


def prepend(merge, new, first):
    merge.required = [new, *merge.required]


def put_the_first_last(merge, new, first):
    merge.requires(first, remove=True)
    merge.requires(new, first)


def remove_two_and_add_two(merge, new, first):
    merge.required.discard(first)
    merge.required.add(new)
    merge.required.add(first)


@pytest.mark.parametrize("add", [prepend, put_the_first_last, remove_two_and_add_two])
def test_a_requirement_that_is_not_added_at_the_end_is_waited_for(every_loop, add):
    async def page(number):
        await asyncio.sleep(1)
        if number < 4:
            pages.append(scheduler.add(Job(page, number + 1)))
            add(merge, pages[-1], pages[0])

    pages = [Job(page, 0)]
    merge = Job(asyncio.sleep, 1, required=pages[0])
    scheduler = PureScheduler(*pages, merge)
    assert scheduler.run() is True
    assert (len(pages), merge.started_at) == (5, 5)
