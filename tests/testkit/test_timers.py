"""The order in which timers fire if they are due at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import random

import pytest

from asynciojobs import Job, Scheduler, Sequence
from asynciojobs_testkit import FakeClock
from asynciojobs_testkit._duetime import DueTime


def order_of(delays, **options):
    """Return the numbers of timers with these delays, in the order in which they fire."""

    async def main():
        loop = asyncio.get_running_loop()
        for number, delay in enumerate(delays):
            loop.call_later(delay, fired.append, number)
        await asyncio.sleep(max(delays) + 1)

    fired = []
    FakeClock(**options).run(main())
    return fired


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8, 100])
def test_equal_timers_fire_in_the_order_of_creation(count):
    assert order_of([60] * count) == list(range(count))


def test_timers_that_are_rounded_to_the_same_tick_fire_in_the_order_of_creation():
    assert order_of([0.1 + 0.2, 0.3, 0.3 - 1e-16, 0.300_000_4]) == [0, 1, 2, 3]


def test_a_timer_that_is_rounded_up_does_not_hold_up_another():
    async def main():
        loop = asyncio.get_running_loop()
        for delay in (1.5e-6, 0.5e-6, 1e-6, 2e-6, 0.0):
            loop.call_later(delay, lambda delay=delay: times.append((delay, loop.time())))
        await asyncio.sleep(1)

    times = []
    FakeClock().run(main())
    assert all(abs(fired - due) <= 0.5e-6 for due, fired in times)


def test_timers_fire_by_time_first():
    draw = random.Random(1)
    delays = [draw.choice([1, 2, 3, 0.1 * 3, 0.3]) for _ in range(200)]
    expected = sorted(range(200), key=lambda number: (round(delays[number], 9), number))
    assert order_of(delays) == expected


def test_timers_keep_their_order_if_many_of_them_are_cancelled():
    async def main():
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(60, fired.append, number) for number in range(300)]
        for timer in timers[::2] + timers[1::4]:
            timer.cancel()
        await asyncio.sleep(61)

    fired = []
    FakeClock().run(main())
    assert fired == list(range(3, 300, 4))


@pytest.mark.parametrize("start", [2.0**32, -4e9])
def test_late_timers_fire_in_their_order(start):
    assert order_of([60, 1, 60, 60, 1], start=start) == [1, 4, 0, 2, 3]


def test_very_late_timers_fire_in_their_order():
    clock = FakeClock(horizon=math.inf)
    clock.run(asyncio.sleep(1e15))

    async def main():
        loop = asyncio.get_running_loop()
        for number, delay in enumerate([60, 1, 60, 60, 1]):
            loop.call_later(delay, fired.append, number)
        await asyncio.sleep(61)

    fired = []
    clock.run(main())
    assert fired == [1, 4, 0, 2, 3]


def test_callbacks_given_to_a_seeded_clock_keep_their_order():
    assert order_of([60] * 20, seed=1) == list(range(20))


def test_tasks_swap_places_on_a_seeded_clock():
    async def work(number):
        await asyncio.sleep(60)
        ended.append(number)

    ended = []
    with FakeClock(seed=1).installed():
        Scheduler(*(Job(work, number) for number in range(20))).run()
    assert sorted(ended) == list(range(20)) != ended


def test_the_slots_of_a_window_go_round():
    async def step(name):
        log.append(name)
        await asyncio.sleep(1)

    log = []
    letters = "abcdef"
    chains = (Sequence(*(Job(step, f"{it}{n}") for n in range(3))) for it in letters)
    with FakeClock().installed():
        Scheduler(*chains).run()
    assert log == [f"{it}{n}" for n, it in itertools.product(range(3), letters)]


def test_a_timer_tells_when_it_is_due():
    clock = FakeClock(start=1)

    async def main():
        return asyncio.get_running_loop().call_later(0.1, print)

    timer = clock.run(main())
    assert (timer.when(), timer.cancelled()) == (1.1, False)


def test_a_timer_is_due_if_another_loop_of_the_clock_has_moved_the_time():
    clock = FakeClock()
    with contextlib.closing(clock.loop_factory()) as loop:
        loop.call_at(5, print)
        clock.run(asyncio.sleep(5))
        assert (loop._idle(), clock.time) == (0, 5.0)


def test_a_moment_is_compared_with_other_numbers():
    due = DueTime(0.1 + 0.2, 0)
    assert [due < 0.3, due < 1, due > 0.2, due <= 0.3, due >= 0.3] == [
        False,
        True,
        True,
        True,
        True,
    ]


def test_a_timer_at_no_number_is_refused():
    async def main():
        with pytest.raises(ValueError, match="NaN"):
            asyncio.get_running_loop().call_at(math.nan, print)

    FakeClock().run(main())
