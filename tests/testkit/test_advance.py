"""Moving the time by hand: `advance()`, `advance_to()` and `settle()`."""

from __future__ import annotations

import asyncio
import math
import re

import pytest

from asynciojobs import Scheduler
from asynciojobs_testkit import DeadlockError, FakeClock, FakeJob


@pytest.fixture
def clock():
    return FakeClock(autojump=False)


async def note(log, clock, *delays):
    for delay in delays:
        await asyncio.sleep(delay)
        log.append(clock.time)


def test_each_timer_fires_at_its_own_time(clock):
    async def main():
        log = []
        task = asyncio.create_task(note(log, clock, 0.1, 0.2, 0.7, 1))
        await clock.advance(1)
        seen = list(log)
        await clock.advance(1)
        await task
        return seen

    assert clock.run(main()) == [0.1, 0.3, 1.0]
    assert clock.time == 2.0


def test_advance_lets_everything_run_before_it_moves_the_time(clock):
    async def main():
        log = []
        task = asyncio.create_task(note(log, clock, 1))  # it has not started yet
        await clock.advance(1)
        assert task.done()
        return log

    assert clock.run(main()) == [1.0]


def test_advance_reaches_a_time_without_a_timer(clock):
    clock.run(clock.advance(2.5))
    assert clock.time == 2.5


def test_advance_by_0_seconds_lets_tasks_run(clock):
    async def main():
        task = asyncio.create_task(note([], clock))
        await clock.advance(0)
        return task.done()

    assert clock.run(main()) is True


def test_advance_to_a_moment(clock):
    async def main():
        await clock.advance_to(3)
        await clock.advance_to(3)
        await clock.advance_to(4.5)

    clock.run(main())
    assert clock.time == 4.5


def test_advance_goes_past_the_horizon():
    clock = FakeClock(autojump=False, horizon=10)
    clock.run(clock.advance(1e9))
    assert clock.time == 1e9


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_a_step_that_is_negative_or_not_finite_is_refused(clock, seconds):
    with pytest.raises(ValueError, match=r"^a clock is advanced by 0 seconds or more, not by "):
        clock.run(clock.advance(seconds))


def test_advance_to_a_past_moment_is_refused(clock):
    async def main():
        await clock.advance(2)
        await clock.advance_to(1)

    with pytest.raises(ValueError, match=r"^the time is 2 s, and can't be moved to 1$"):
        clock.run(main())


def test_an_advance_during_another_one_is_refused(clock):
    async def again(sleeper):
        await sleeper
        await clock.advance(1)

    async def main():
        first = asyncio.create_task(clock.advance(5))
        sleeper = asyncio.create_task(asyncio.sleep(1))
        await clock.settle()
        await asyncio.gather(first, asyncio.create_task(again(sleeper)))

    with pytest.raises(RuntimeError, match=r"^the time is being moved: await that advance\(\)"):
        clock.run(main())


def test_of_several_advances_in_one_turn_only_the_first_moves_the_time(clock):
    async def main():
        moves = (clock.advance(1), clock.advance(2), clock.advance_to(3))
        return await asyncio.gather(*moves, return_exceptions=True)

    first, *others = clock.run(main())
    assert (first, clock.time) == (None, 1.0)
    assert [str(error) for error in others] == [
        "the time is being moved: await that advance() first"
    ] * 2


def test_an_advance_that_is_cancelled_at_once_does_not_move_the_time(clock):
    async def main():
        mover = asyncio.create_task(clock.advance(5))
        await asyncio.sleep(0)
        mover.cancel()
        await asyncio.wait([mover])
        await clock.advance(1)

    clock.run(main())
    assert clock.time == 1.0


def test_an_advance_that_is_cancelled_halfway_stops_there(clock):
    async def main():
        mover = asyncio.create_task(clock.advance(5))
        await clock.settle()
        asyncio.get_running_loop().call_at(2, mover.cancel)
        await asyncio.wait([mover])
        await clock.advance(1)

    clock.run(main())
    assert clock.time == 3.0


def test_settle_lets_everything_run(clock):
    async def steps():
        for _ in range(100):
            await asyncio.sleep(0)
        done.append("steps")

    async def main():
        task = asyncio.create_task(steps())
        await clock.settle()
        assert done == ["steps"]
        await task

    done = []
    clock.run(main())
    assert clock.time == 0.0


def test_a_cancelled_settle_does_not_block_another_one(clock):
    async def main():
        first, second = (asyncio.create_task(clock.settle()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        return first.cancelled()

    assert clock.run(main()) is True


def test_settle_waits_for_real_work(clock):
    async def main():
        thread = asyncio.create_task(asyncio.to_thread(sum, [1, 2]))
        await clock.settle()
        return thread.result()

    assert clock.run(main()) == 3


def test_settle_works_with_autojump():
    async def main():
        task = asyncio.create_task(asyncio.sleep(5))
        await clock.settle()
        times = [clock.time]
        await task
        return [*times, clock.time]

    clock = FakeClock()
    assert clock.run(main()) == [0.0, 5.0]


def test_a_run_without_advance_is_a_deadlock_that_names_the_next_timer(clock):
    with pytest.raises(DeadlockError) as caught:
        clock.run(asyncio.sleep(5))
    assert re.match(
        r"at 0 s, the next timer is at 5 s, and the time is moved by advance\(\) only; ",
        str(caught.value),
    )


def test_the_state_of_a_job_can_be_checked_during_a_run(clock):
    async def main():
        job = FakeJob(takes=10)
        run = asyncio.create_task(Scheduler(job).co_run())
        await clock.advance(9)
        states = [job.is_running(), job.is_done()]
        await clock.advance(1)
        assert await run
        return [*states, job.is_done()]

    assert clock.run(main()) == [True, False, True]


@pytest.mark.parametrize("move", [lambda clock: clock.advance(1), lambda clock: clock.settle()])
def test_a_loop_that_is_not_on_the_clock_is_refused(clock, move):
    with pytest.raises(RuntimeError, match=r"is not on this clock, and can't be moved by it: "):
        asyncio.run(move(clock))
