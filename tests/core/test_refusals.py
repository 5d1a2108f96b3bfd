"""A graph that can't run is refused before anything starts, and is left unchanged."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

import pytest

from asynciojobs import (
    AbstractJob,
    AlreadyRunningError,
    CycleError,
    Job,
    MissingRequirementError,
    PureScheduler,
    Scheduler,
    Sequence,
)


def jobs(names, log):
    async def note(name):
        log.append(name)
        await asyncio.sleep(1)

    return [Job(note, name, label=name) for name in names]


def cycle(log):
    a, b, c = jobs("abc", log)
    a.requires(c)
    b.requires(a)
    c.requires(b)
    return Scheduler(a, b, c), lambda: a.requires(c, remove=True)


def cycle_beside(log):
    a, b, c = jobs("abc", log)
    b.requires(c)
    c.requires(b)
    return Scheduler(a, b, c), lambda: b.requires(c, remove=True)


def cycle_of_one(log):
    (a,) = jobs("a", log)
    a.required.add(a)
    return Scheduler(a), a.required.clear


def missing(log):
    a, b = jobs("ab", log)
    b.requires(a)
    scheduler = Scheduler(b)
    return scheduler, scheduler.sanitize


def nested_in_itself(log):
    (a,) = jobs("a", log)
    inner, outer = Scheduler(label="inner"), Scheduler(label="outer")
    inner.update([a, outer])
    outer.add(inner)
    return outer, lambda: inner.remove(outer)


KINDS = {
    cycle: CycleError,
    cycle_beside: CycleError,
    cycle_of_one: CycleError,
    missing: MissingRequirementError,
    nested_in_itself: ValueError,
}

broken = pytest.mark.parametrize(("kind", "error"), KINDS.items())
depths = pytest.mark.parametrize("depth", [0, 1, 3])


def nest(scheduler, depth, log):
    for level in range(depth):
        scheduler = Scheduler(*jobs([f"beside {level}"], log), scheduler)
    return scheduler


@broken
@depths
def test_each_kind_is_a_value_error_of_its_own_type(every_loop, kind, error, depth):
    log = []
    scheduler, _ = kind(log)
    with pytest.raises(error) as caught:
        nest(scheduler, depth, log).run()
    assert isinstance(caught.value, ValueError)


@broken
@depths
def test_nothing_starts(every_loop, kind, error, depth):
    log = []
    scheduler, _ = kind(log)
    outer = nest(scheduler, depth, log)
    with pytest.raises(error):
        outer.run()
    assert (log, [job.is_idle() for job in outer.jobs]) == ([], [True] * len(outer))


@broken
@depths
def test_why_says_what_the_run_was_refused_for(every_loop, kind, error, depth):
    log = []
    scheduler, _ = kind(log)
    outer = nest(scheduler, depth, log)
    with pytest.raises(error) as caught:
        outer.run()
    found = outer.why(), outer.failed_critical(), outer.failed_time_out()
    assert found == (f"REFUSED: {type(caught.value).__name__}:{caught.value}", False, False)


@broken
def test_why_is_about_the_next_run_once_that_was_not_refused(every_loop, kind, error):
    scheduler, mend = kind([])
    with pytest.raises(error):
        scheduler.run()
    mend()
    scheduler.run()
    assert scheduler.why() == "FINE"


def test_a_refused_run_takes_the_place_of_the_failure_before(every_loop):
    a, b = Job(asyncio.sleep, 9), AbstractJob(label="b")
    scheduler = PureScheduler(a, timeout=1)
    scheduler.run()
    a.requires(b)
    with pytest.raises(MissingRequirementError):
        scheduler.run()
    found = scheduler.why().partition(":")[0], scheduler.failed_time_out()
    assert found == ("REFUSED", False)


def test_why_during_a_run_is_about_that_run_if_another_one_is_refused(every_loop):
    async def run_again():
        with pytest.raises(AlreadyRunningError):
            await scheduler.co_run()
        return scheduler.why()

    job = Job(run_again)
    scheduler = PureScheduler(job)
    assert (scheduler.run(), job.result(), scheduler.why()) == (True, "FINE", "FINE")


def test_a_scheduler_whose_job_runs_elsewhere_was_refused(every_loop):
    async def run_other():
        with pytest.raises(AlreadyRunningError):
            await other.co_run()
        return other.why()

    job = Job(run_other, label="a")
    other = PureScheduler(job)
    PureScheduler(job).run()
    assert job.result() == (
        "REFUSED: AlreadyRunningError:<Job `a`> takes part in a run that is going on: wait "
        "until that one is over, or make another object"
    )


@broken
@depths
def test_a_graph_that_was_mended_runs(every_loop, kind, error, depth):
    log = []
    scheduler, mend = kind(log)
    outer = nest(scheduler, depth, log)
    with pytest.raises(error):
        outer.run()
    mend()
    assert outer.run() is True


@broken
def test_a_refused_run_sends_no_events(every_loop, kind, error):
    events = []
    scheduler, _ = kind([])
    scheduler.observe(events.append)
    with pytest.raises(error):
        scheduler.run()
    assert events == []


@broken
def test_a_timeout_of_zero_does_not_hide_the_error(every_loop, kind, error):
    scheduler, _ = kind([])
    scheduler.timeout = 0
    with pytest.raises(error):
        scheduler.run()


def test_the_error_of_a_cycle_carries_the_cycle(every_loop):
    scheduler, _ = cycle([])
    with pytest.raises(CycleError) as caught:
        scheduler.run()
    ring = caught.value.cycle
    assert ring[0] is ring[-1]
    assert all(before in after.required for before, after in pairwise(ring))


def test_the_error_of_a_cycle_names_its_jobs(every_loop):
    scheduler, _ = cycle([])
    with pytest.raises(
        CycleError,
        match=r"^the requirements have a cycle of 3 jobs, <Job `a`> → <Job `b`> → "
        r"<Job `c`> → <Job `a`>: break it with requires\(…, remove=True\)$",
    ):
        scheduler.run()


def test_the_error_of_a_missing_requirement_names_sanitize(every_loop):
    scheduler, _ = missing([])
    with pytest.raises(
        MissingRequirementError,
        match=r"^<Job `b`> requires <Job `a`>, which is not in the same scheduler: add it "
        r"there, require the nested scheduler that it is in, or drop the requirement with "
        r"sanitize\(\)$",
    ):
        scheduler.run()


def test_a_requirement_in_the_scheduler_around_is_missing(every_loop):
    outside, inside = jobs(["outside", "inside"], [])
    inside.requires(outside)
    with pytest.raises(
        MissingRequirementError, match=r"^<Job `inside`> requires <Job `outside`>, "
    ):
        Scheduler(outside, Scheduler(inside)).run()


def test_a_requirement_in_a_scheduler_inside_is_missing(every_loop):
    outside, inside = jobs(["outside", "inside"], [])
    outside.requires(inside)
    with pytest.raises(
        MissingRequirementError, match=r"^<Job `outside`> requires <Job `inside`>, "
    ):
        Scheduler(outside, Scheduler(inside)).run()


def test_a_requirement_in_another_scheduler_that_runs_is_missing(in_loop):
    async def main():
        first, second = jobs(["first", "second"], [])
        second.requires(first)
        running = asyncio.ensure_future(PureScheduler(first).co_run())
        await asyncio.sleep(0)
        with pytest.raises(
            MissingRequirementError, match=r"^<Job `second`> requires <Job `first`>, "
        ):
            await PureScheduler(second).co_run()
        return await running

    assert in_loop(main()) is True


def test_a_nested_job_that_was_made_to_require_a_job_around_it_fails_its_scheduler(
    every_loop,
):
    async def edit():
        inside.requires(around)

    around, inside = jobs(["around", "inside"], [])
    gate = Job(edit)
    nested = Scheduler(inside, required=gate, critical=False)
    outer = PureScheduler(gate, around, nested)
    assert outer.run() is True
    assert (type(nested.raised_exception()), inside.is_idle(), around.is_done()) == (
        MissingRequirementError,
        True,
        True,
    )


def test_a_running_scheduler_is_refused(in_loop):
    async def main():
        scheduler = PureScheduler(*jobs("a", []))
        running = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(0)
        with pytest.raises(
            AlreadyRunningError,
            match=r"^<PureScheduler of 1 job> takes part in a run that is going on: wait "
            r"until that one is over, or make another object$",
        ):
            await scheduler.co_run()
        return await running, await scheduler.co_run()

    assert in_loop(main()) == (True, True)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_scheduler_around_a_running_one_is_refused(in_loop, depth):
    async def main():
        log = []
        inner = Scheduler(*jobs("ab", log), jobs_window=1, label="inner")
        running = asyncio.ensure_future(inner.co_run())
        await asyncio.sleep(0.5)
        with pytest.raises(AlreadyRunningError, match=r"^<Scheduler `inner`> takes part "):
            await nest(inner, depth, log).co_run()
        return await running, log

    assert in_loop(main()) == (True, ["a", "b"])


def test_a_scheduler_inside_a_running_one_is_refused(in_loop):
    async def main():
        inner = Scheduler(*jobs("a", []))
        running = asyncio.ensure_future(Scheduler(inner).co_run())
        await asyncio.sleep(0.5)
        with pytest.raises(AlreadyRunningError):
            await inner.co_run()
        return await running

    assert in_loop(main()) is True


@depths
def test_a_job_in_two_running_schedulers_is_refused_in_the_second(in_loop, depth):
    async def main():
        log = []
        (shared, other) = jobs(["shared", "other"], log)
        running = asyncio.ensure_future(PureScheduler(shared).co_run())
        await asyncio.sleep(0.5)
        with pytest.raises(AlreadyRunningError, match=r"^<Job `shared`> takes part "):
            await nest(Scheduler(other, shared), depth, log).co_run()
        return await running, log

    assert in_loop(main()) == (True, ["shared"])


def test_a_job_that_is_done_may_run_again_elsewhere_while_its_run_ends(in_loop):
    async def main():
        shared, last = Job(asyncio.sleep, 1), Job(asyncio.sleep, 1)
        first = PureScheduler(shared, Job(asyncio.sleep, 9), timeout=2.5)
        running = asyncio.ensure_future(first.co_run())
        await asyncio.sleep(2)
        last.requires(shared)
        fine = await PureScheduler(shared, last).co_run()
        return fine, last.started_at, await running

    assert in_loop(main()) == (True, 3, False)


def test_a_job_that_runs_again_elsewhere_is_still_done_for_the_first_run(in_loop):
    async def main():
        shared, slow = Job(asyncio.sleep, 1), Job(asyncio.sleep, 5)
        last = Job(asyncio.sleep, 1, required=[shared, slow])
        running = asyncio.ensure_future(PureScheduler(shared, slow, last).co_run())
        await asyncio.sleep(4.5)
        fine = await PureScheduler(shared).co_run()
        return fine, await running, last.started_at

    assert in_loop(main()) == (True, True, 5)


@pytest.mark.parametrize("nested", [False, True])
def test_a_job_of_another_run_is_refused_even_if_others_are_out_of_order(in_loop, nested):
    async def main():
        log = []
        shared, follower, last, first = jobs(["shared", "follower", "last", "first"], log)
        last.requires(first)
        follower.requires(shared)
        running = asyncio.ensure_future(PureScheduler(shared, follower).co_run())
        await asyncio.sleep(0.5)
        scheduler = Scheduler(last, first, shared)
        if nested:
            scheduler = Scheduler(scheduler)
        with pytest.raises(AlreadyRunningError, match=r"^<Job `shared`> takes part "):
            await scheduler.co_run()
        return await running, log

    assert in_loop(main()) == (True, ["shared", "follower"])


def test_after_an_exit_while_jobs_are_checked_the_scheduler_can_run(every_loop):
    class Interrupted(Job):
        @property
        def forever(self):
            if asks.pop(0):
                raise KeyboardInterrupt
            return False

        @forever.setter
        def forever(self, value):
            pass

    asks = [True, *[False] * 99]
    log = []
    scheduler = PureScheduler(*jobs("a", log), Interrupted(asyncio.sleep, 1))
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()
    assert (scheduler.run(), log) == (True, ["a"])


class Unmade(AbstractJob):
    """A class whose author forgot `super().__init__()`."""

    def __init__(self, seconds):
        self.seconds = seconds


@depths
@pytest.mark.parametrize("in_order", [True, False])
def test_the_error_for_a_class_without_super_init_says_what_to_call(
    every_loop, in_order, depth
):
    before, after = Job(asyncio.sleep, 1), Job(asyncio.sleep, 1)
    before.requires(() if in_order else after)
    unmade = Unmade(1)
    scheduler = Scheduler(before, after, unmade)
    outermost = nest(scheduler, depth, [])
    message = (
        r"^Unmade.__init__\(\) must call super\(\).__init__\(\): without that, its jobs can't "
        r"run$"
    )
    with pytest.raises(TypeError, match=message):
        outermost.run()
    scheduler.remove(unmade)
    assert outermost.run() is True


@depths
def test_an_attribute_error_of_a_class_of_jobs_is_not_mistaken_for_that(every_loop, depth):
    class Odd(Job):
        @property
        def forever(self):
            raise AttributeError("no")

        @forever.setter
        def forever(self, value):
            pass

    with pytest.raises(AttributeError) as caught:
        nest(Scheduler(Odd(asyncio.sleep, 1)), depth, []).run()
    assert str(caught.value) == "no"


def test_the_error_of_run_inside_a_running_loop_says_what_to_write(in_loop):
    async def main():
        with pytest.raises(
            RuntimeError,
            match=r"^this call makes an event loop of its own, and can't be made inside "
            r"a running one: write `await scheduler.co_run\(\)` there$",
        ):
            PureScheduler(*jobs("a", [])).run()

    in_loop(main())


def test_the_error_of_shutdown_inside_a_running_loop_says_what_to_write(in_loop):
    async def main():
        with pytest.raises(
            RuntimeError, match=re.escape("write `await scheduler.co_shutdown()` there")
        ):
            PureScheduler(*jobs("a", [])).shutdown()

    in_loop(main())


@pytest.mark.parametrize("edit", ["remove", "bypass_and_remove", "keep_only"])
def test_jobs_can_not_be_removed_from_a_running_scheduler(every_loop, edit):
    async def cut():
        getattr(scheduler, edit)([other] if edit == "keep_only" else other)

    (other,) = jobs(["other"], [])
    job = Job(cut, critical=False)
    scheduler = PureScheduler(job, other)
    scheduler.run()
    assert isinstance(job.raised_exception(), AlreadyRunningError)


class Keyed(AbstractJob):
    """Is equal to any other job with the same key."""

    def __init__(self, key):
        super().__init__(label=key)
        self.key = key

    def __eq__(self, other):
        return isinstance(other, Keyed) and self.key == other.key

    def __hash__(self):
        return hash(self.key)

    async def co_run(self):
        pass


@depths
def test_a_requirement_is_missing_even_if_an_equal_job_is_there(every_loop, depth):
    wanted, there, job = Keyed("a"), Keyed("a"), Keyed("b")
    job.requires(wanted)
    outermost = nest(Scheduler(there, job), depth, [])
    with pytest.raises(MissingRequirementError, match=r"^<Keyed `b`> requires <Keyed `a`>"):
        outermost.run()


@depths
@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("wrong", ["fetch", Sequence()], ids=["str", "sequence"])
def test_a_requirement_put_in_by_hand_must_be_a_job(every_loop, wrong, several, depth):
    first, job = Job(asyncio.sleep, 1), Job(asyncio.sleep, 1, label="deploy")
    job.required = {first, wrong} if several else {wrong}
    outermost = nest(Scheduler(first, job), depth, [])
    message = re.escape(
        f"<Job `deploy`> requires {wrong!r}, which is not a job: add requirements with "
        "requires(), which takes sequences and lists, too"
    )
    with pytest.raises(TypeError, match=f"^{message}$"):
        outermost.run()
    job.required.discard(wrong)
    assert outermost.run() is True


def test_a_refusal_before_its_turn_does_not_stay_on_a_nested_scheduler():
    reasons = []
    (foreign,) = jobs("f", [])

    async def look():
        reasons.append(nested.why())

    async def meddle():
        inner.requires(foreign)
        with pytest.raises(MissingRequirementError):
            await nested.co_run()
        inner.requires(foreign, remove=True)

    inner = Job(look)
    nested = Scheduler(inner)
    assert PureScheduler(Sequence(Job(meddle), nested)).run()
    foreign.close()
    assert reasons == ["FINE"]
