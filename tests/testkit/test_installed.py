"""What `installed()` puts on the clock, and what it leaves alone."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import warnings

import pytest

from asynciojobs import CallJob, Job, Scheduler, Watch
from asynciojobs_testkit import FakeClock, FakeJob


def test_all_synchronous_entry_points_are_on_the_clock():
    scheduler = Scheduler(FakeJob(takes=1, shutdown_takes=0.5))
    with FakeClock().installed() as clock:
        times = [clock.time]
        for entry in (
            scheduler.run,
            scheduler.shutdown,
            FakeJob(takes=10).standalone_run,
            lambda: asyncio.run(asyncio.sleep(100)),
        ):
            entry()
            times.append(clock.time)
    assert times == [0.0, 1.0, 1.5, 11.5, 111.5]


def test_a_runner_takes_the_loop_factory():
    clock = FakeClock()
    with asyncio.Runner(loop_factory=clock.loop_factory) as runner:
        runner.run(asyncio.sleep(5))
    assert clock.time == 5.0


def test_a_loop_is_its_own_factory():
    clock = FakeClock()
    factory = clock.loop_factory()
    for _ in range(2):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.sleep(5))
    assert clock.time == 10.0


def test_a_runner_inside_the_block_is_on_the_clock():
    with FakeClock().installed() as clock, asyncio.Runner() as runner:
        runner.run(asyncio.sleep(5))
        runner.run(asyncio.sleep(5))
    assert clock.time == 10.0


def test_everything_is_restored_at_the_end_of_the_block():
    before = asyncio.events.new_event_loop
    with FakeClock().installed():
        assert asyncio.events.new_event_loop is not before
    assert asyncio.events.new_event_loop is before
    assert type(asyncio.run(running_loop())) is not type(FakeClock().run(running_loop()))


async def running_loop():
    return asyncio.get_running_loop()


def test_everything_is_restored_after_an_error():
    before = asyncio.events.new_event_loop
    with pytest.raises(ZeroDivisionError), FakeClock().installed():
        raise ZeroDivisionError
    assert asyncio.events.new_event_loop is before


def test_the_event_loop_policy_is_not_changed():
    def policy():
        return getattr(asyncio.events, "_event_loop_policy", None)

    async def main():
        return policy()

    asyncio.run(asyncio.sleep(0))
    before = policy()
    with FakeClock().installed():
        assert policy() is before
        assert asyncio.run(main()) is before
    assert policy() is before


def test_the_inner_one_of_two_nested_clocks_is_used():
    with FakeClock().installed() as outer, FakeClock().installed() as inner:
        Scheduler(FakeJob(takes=1)).run()
    assert (outer.time, inner.time) == (0.0, 1.0)


def test_everything_is_restored_after_overlapping_blocks():
    before = (asyncio.events.new_event_loop, warnings._warn_unawaited_coroutine)
    contexts = [contextvars.copy_context(), contextvars.copy_context()]  # as in two threads
    blocks = [FakeClock().installed(), FakeClock().installed()]
    for context, block in zip(contexts, blocks, strict=True):
        context.run(block.__enter__)
    for context, block in zip(contexts, blocks, strict=True):
        context.run(block.__exit__, None, None, None)
    assert (asyncio.events.new_event_loop, warnings._warn_unawaited_coroutine) == before


def test_an_explicit_loop_factory_wins_over_the_clock():
    clock, other = FakeClock(), FakeClock()
    with clock.installed():
        Scheduler(FakeJob(takes=1)).run(loop_factory=other.loop_factory)
    assert (clock.time, other.time) == (0.0, 1.0)


def all_is_real():
    """Return whether asyncio, schedulers and watches are in real time here."""
    job = Job(running_loop)
    Scheduler(job).run()
    loops = (asyncio.run(running_loop()), job.result())
    watch = Watch(show_elapsed=False)
    return all(is_real(loop) for loop in loops) and watch._clock is time.monotonic


def is_real(loop):
    return type(loop).__module__.startswith("asyncio.")


def test_nothing_is_real_inside_the_block():
    with FakeClock().installed():
        assert not all_is_real()
    assert all_is_real()


@pytest.mark.parametrize("inherits", [False, True], ids=["plain", "inherits_the_context"])
def test_other_threads_are_not_affected(inherits):
    real = []
    with FakeClock().installed() as clock:
        run = contextvars.copy_context().run if inherits else lambda function: function()
        thread = threading.Thread(target=run, args=(lambda: real.append(all_is_real()),))
        thread.start()
        thread.join()
    assert (real, clock.time) == ([True], 0.0)


def test_the_threads_of_a_run_are_not_affected():
    job = CallJob(all_is_real)

    async def main():
        return await asyncio.to_thread(all_is_real)

    with FakeClock().installed() as clock:
        assert asyncio.run(main())
        assert Scheduler(job).run()
    assert (job.result(), clock.time) == (True, 0.0)


def test_asynchronous_generators_are_closed():
    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(1)
            closed.append(clock.time)

    async def main():
        async for _ in kept:
            break

    closed = []
    kept = numbers()
    clock = FakeClock()
    clock.run(main())
    assert closed == [1.0]


class PolicyOfUvloop:
    def __repr__(self):
        return "<uvloop.EventLoopPolicy>"


PolicyOfUvloop.__module__ = "uvloop"


def test_uvloop_is_refused(monkeypatch):
    monkeypatch.setattr(asyncio.events, "_event_loop_policy", PolicyOfUvloop())
    with pytest.raises(RuntimeError) as caught:
        FakeClock().installed().__enter__()
    assert str(caught.value) == (
        "a FakeClock can't move the time of <uvloop.EventLoopPolicy>, which uvloop keeps for "
        "itself: leave uvloop out of this test"
    )


def test_the_real_uvloop_is_refused():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        with pytest.raises(RuntimeError, match="which uvloop keeps for itself"):
            FakeClock().installed().__enter__()
        with pytest.raises(RuntimeError, match="is not on this clock"):
            await FakeClock().settle()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_job_sees_the_time_of_the_clock():
    async def now():
        return asyncio.get_running_loop().time()

    job = Job(now)
    with FakeClock(start=7).installed():
        Scheduler(job).run()
    assert job.result() == 7.0
