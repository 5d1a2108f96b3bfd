"""A run that begins close to the recursion limit ends like any other, or does not begin.

Each scenario begins at each depth, one call deeper each time. A wait without end raises the
clock's `DeadlockError`, so no test can hang.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from functools import partial

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, use_loop_factory
from asynciojobs_testkit import FakeClock

ROOM = 250
"""How many nested calls the recursion limit leaves to a test."""

KINDS = ["noted", "plain", *(["eager"] if hasattr(asyncio, "eager_task_factory") else [])]


@pytest.fixture(autouse=True)
def limit():
    """Lower the recursion limit, so that it is close.

    The collector is off: Python would complain about each `__del__` that is too deep to run.
    """
    before = sys.getrecursionlimit()
    gc.disable()
    sys.setrecursionlimit(stack_depth() + ROOM)
    yield
    sys.setrecursionlimit(before)
    gc.enable()
    gc.collect()


@pytest.fixture(params=KINDS)
def loops(request):
    """Make all loops create tasks in one of the ways that the engine supports."""

    def make():
        loop = FakeClock().loop_factory()
        if request.param == "plain":
            own = {"create_task": asyncio.BaseEventLoop.create_task}
            loop.__class__ = type("PlainLoop", (type(loop),), own)
        if request.param == "eager":
            loop.set_task_factory(asyncio.eager_task_factory)
        return loop

    with use_loop_factory(make):
        yield make


def stack_depth():
    """Return how deep the caller is nested."""
    frame, calls = sys._getframe(1), 0
    while frame is not None:
        frame, calls = frame.f_back, calls + 1
    return calls


def nest(calls, function):
    return function() if calls <= 0 else nest(calls - 1, function)


async def co_nest(calls, function):
    return await (function() if calls <= 0 else co_nest(calls - 1, function))


async def room_for_coroutines():
    """Return how many coroutines can await each other here; this depends on tracers, too."""

    async def go_on():
        nonlocal calls
        calls += 1
        await go_on()

    calls = 0
    try:
        await go_on()
    except RecursionError:
        return calls


def at_depth(left, function):
    """Call a function at a depth that leaves room for so many nested calls."""
    return nest(sys.getrecursionlimit() - stack_depth() - left, function)


async def outcome_of(awaitable):
    """Return the result or the type of the exception, and the number of tasks left."""
    try:
        outcome = await awaitable
    except BaseException as error:
        outcome = type(error)
    return outcome, len(asyncio.all_tasks()) - 1


def by_run(make, loops, left):
    scheduler = make()
    try:
        outcome = at_depth(left, scheduler.run)
    except BaseException as error:
        outcome = type(error)
    return scheduler, outcome


def by_co_run(make, loops, left):
    scheduler = make()

    async def main():
        return await outcome_of(co_nest(await room_for_coroutines() - left, scheduler.co_run))

    with asyncio.Runner(loop_factory=loops) as runner:
        outcome, alive = runner.run(main())
    assert alive == 0
    return scheduler, outcome


def by_co_run_cancelled(make, loops, left):
    async def co_run():
        asyncio.get_running_loop().call_later(1.5, asyncio.current_task().cancel)
        return await scheduler.co_run()

    scheduler = make()
    run = type("Cancelled", (), {"co_run": staticmethod(co_run)})
    return scheduler, by_co_run(lambda: run, loops, left)[1]


async def work():
    await asyncio.sleep(1)


async def hold():
    try:
        await asyncio.sleep(1000)
    finally:
        await asyncio.sleep(0.5)


async def fail():
    await asyncio.sleep(2)
    raise ValueError


async def at_once():
    raise ValueError


SCENARIOS = {
    "plain": lambda: PureScheduler(Job(work), Job(work)),
    "at once": lambda: Scheduler(Job(at_once), Scheduler(Job(hold)), Job(hold)),
    "window": lambda: PureScheduler(*(Job(work) for _ in range(4)), jobs_window=2),
    "failure": lambda: Scheduler(Job(hold), Job(fail), Job(hold)),
    "timeout": lambda: Scheduler(Job(hold), Job(work), timeout=3),
    "forever": lambda: Scheduler(Job(work), Job(hold, forever=True)),
    "nested": lambda: Scheduler(
        Scheduler(Scheduler(Job(work), Job(hold, forever=True)), Job(hold)), Job(fail)
    ),
}
ENTRIES = [by_run, by_co_run, by_co_run_cancelled]


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_ends_like_any_other_or_does_not_begin(loops, entry, name):
    make = SCENARIOS[name]
    _, usual = entry(make, loops, ROOM // 2 + ROOM // 4)
    outcomes = []
    for left in range(1, ROOM // 2):
        scheduler, outcome = entry(make, loops, left)
        outcomes.append(outcome)
        jobs = list(scheduler.iterate_jobs(scan_schedulers=True))[1:]
        if outcome is RecursionError:
            assert [job for job in jobs if job.is_scheduled()] == []
        assert [job for job in jobs if job.is_running() and job.ended_at is None] == []
        for job in jobs:
            if isinstance(job, Job):
                job.close()
    refused = outcomes.count(RecursionError)
    assert 0 < refused < len(outcomes)
    assert outcomes == [RecursionError] * refused + [usual] * (len(outcomes) - refused)


def test_the_error_says_what_to_do():
    with pytest.raises(
        RecursionError,
        match=r"^a run, or a shutdown, takes up to 90 nested calls, and the recursion limit "
        r"leaves fewer here: start it from a function that is less deeply nested$",
    ):
        at_depth(20, PureScheduler().run)


def test_a_run_that_was_too_deep_can_be_made_elsewhere(loops):
    scheduler = Scheduler(Job(work), Scheduler(Job(work)), verbose=False)
    with pytest.raises(RecursionError):
        at_depth(20, scheduler.run)
    assert scheduler.run() is True


def test_a_shutdown_reaches_all_jobs_or_does_not_begin(loops):
    def make():
        inner = Scheduler(Job(work, coshutdown=shut))
        return PureScheduler(inner, Job(work, coshutdown=shut))

    async def shut():
        served.append(None)
        await asyncio.sleep(0.2)

    outcomes = []
    for left in range(1, ROOM // 2):
        served = []
        scheduler = make()
        try:
            outcomes.append((at_depth(left, scheduler.shutdown), len(served)))
        except RecursionError:
            outcomes.append((None, len(served)))
        assert (scheduler.shutdown(), len(served)) == (True, 2)
    assert set(outcomes) == {(None, 0), (True, 2)}


# -- deep inside jobs


def deep_job(act, outcomes, left):
    """Return a job that acts at a depth that leaves room for so many nested calls."""

    async def deep():
        try:
            outcomes.append(at_depth(left, act))
        except RecursionError:
            outcomes.append(RecursionError)

    return Job(deep)


def test_a_job_joins_or_is_refused(loops):
    outcomes = []
    for left in range(1, 40):
        new = Job(work)
        scheduler = PureScheduler(Job(work))
        scheduler.add(deep_job(partial(scheduler.add, new), outcomes, left))
        assert scheduler.run() is True
        joined = outcomes[-1] is not RecursionError
        assert (new in scheduler.jobs, new.is_done()) == (joined, joined)
    assert 0 < outcomes.count(RecursionError) < len(outcomes)


@pytest.mark.parametrize("loops", ["noted", "plain"], indirect=True)  # eager jobs have begun
def test_cancelling_a_job_that_has_not_begun_works_or_raises(loops):
    async def cancel(left):
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "other")
        await deep_job(task.cancel, outcomes, left).co_run()

    outcomes = []
    for left in range(1, 40):
        other = Job(work, label="other", critical=False)
        scheduler = PureScheduler(Job(cancel, left), other)
        assert scheduler.run() is True
        cancelled = isinstance(other.raised_exception(), asyncio.CancelledError)
        assert cancelled is (outcomes[-1] is not RecursionError)
    assert True in outcomes


@pytest.mark.parametrize("comes", [False, True], ids=["no signal", "a signal"])
def test_at_each_depth_the_handlers_of_signals_are_put_back(loops, comes):
    async def work():
        if comes:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(9)

    def run():
        return PureScheduler(Job(work)).run(stop_on=[signal.SIGTERM])

    before = signal.getsignal(signal.SIGTERM)
    outcomes = set()
    for left in range(5, ROOM - 60):
        try:
            outcomes.add(at_depth(left, run))
        except BaseException as error:
            outcomes.add(type(error))
        assert signal.getsignal(signal.SIGTERM) is before, left
    assert outcomes == {RecursionError, SystemExit if comes else True}
