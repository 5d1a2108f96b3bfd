"""The time of a `FakeClock`, and everything that follows it."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from datetime import UTC, date, datetime

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, Watch
from asynciojobs_testkit import DeadlockError, FakeClock, FakeJob, RunawayError, chain, layers

YEAR = 365 * 86400


async def sleeps(*delays):
    for delay in delays:
        await asyncio.sleep(delay)
    return asyncio.get_running_loop().time()


def test_it_starts_at_0():
    assert FakeClock().time == 0.0


def test_it_starts_at_the_time_given():
    clock = FakeClock(start=1.5)
    assert clock.run(sleeps(1)) == 2.5


def test_a_sleep_moves_it():
    clock = FakeClock()
    clock.run(sleeps(3600))
    assert (clock.time, clock.jumps) == (3600.0, 1)


def test_ten_sleeps_of_a_tenth_end_at_one():
    assert FakeClock().run(sleeps(*[0.1] * 10)) == 1.0


def test_a_thousand_sleeps_of_a_microsecond_are_a_millisecond():
    assert FakeClock().run(sleeps(*[0.000_001] * 1000)) == 0.001


def test_two_sleeps_end_at_the_same_time_as_one_of_their_sum():
    async def main():
        return await asyncio.gather(sleeps(0.1, 0.2), sleeps(0.3))

    clock = FakeClock()
    assert clock.run(main()) == [0.3, 0.3]
    assert clock.jumps == 2


def test_a_sleep_of_ten_years_is_one_jump():
    clock = FakeClock()
    assert clock.run(sleeps(10 * YEAR)) == 10.0 * YEAR
    assert clock.jumps == 1


def test_a_long_sleep_ends_exactly_at_a_fraction_of_a_second():
    assert FakeClock().run(sleeps(10 * YEAR - 0.3)) == 10 * YEAR - 0.3


@pytest.mark.parametrize("delay", [1e10, 1e10 + 1 / 3, 1e15, 1e300])
def test_a_sleep_of_any_length_ends(delay):
    clock = FakeClock(horizon=math.inf, real_limit=1)
    assert clock.run(sleeps(delay)) == pytest.approx(delay, rel=1e-15)
    assert clock.run(sleeps(delay)) == pytest.approx(2 * delay, rel=1e-15)


def test_a_sleep_that_overflows_to_infinity_is_a_deadlock():
    with pytest.raises(
        DeadlockError, match=r"^at 0 s, nothing is left to wait for; still waiting"
    ):
        FakeClock().run(asyncio.sleep(sys.float_info.max))


@pytest.mark.parametrize("delay", [1e-7, 5e-7, 4.9e-7, 5.1e-7, 1e-9])
def test_a_sleep_of_less_than_a_tick_ends(delay):
    assert FakeClock().run(sleeps(delay)) in (0.0, 1e-6)


@pytest.mark.parametrize("start", [1e9 + 0.1, 4e9, -4e9, -0.7])
def test_any_start_works(start):
    clock = FakeClock(start=start)
    clock.run(sleeps(*[0.1] * 10))
    assert clock.time == round(start * 10**6 + 10**6) / 10**6


@pytest.mark.parametrize("start", [math.nan, math.inf, 1e12])
def test_a_start_that_is_too_large_or_not_finite_is_refused(start):
    with pytest.raises(ValueError, match=r"^start must be a time, of 4\.29497e\+09 s at most"):
        FakeClock(start=start)


@pytest.mark.parametrize("parameter", ["horizon", "real_limit"])
@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_a_limit_that_is_not_above_0_is_refused(parameter, seconds):
    with pytest.raises(ValueError, match=f"^{parameter} must be a number of seconds above 0"):
        FakeClock(**{parameter: seconds})


@pytest.mark.parametrize("wall", ["2026-01-01", date(2026, 1, 1), 1767225600.0, 0])
def test_a_wall_that_is_no_datetime_is_refused(wall):
    with pytest.raises(TypeError) as caught:
        FakeClock(wall=wall)
    assert str(caught.value) == (
        f"wall must be a datetime, not {wall!r}: give datetime(2026, 1, 31, 20, 48), for "
        "example, or datetime.fromtimestamp(…) of a number of seconds"
    )


@pytest.mark.parametrize("zone", [None, UTC])
def test_a_wall_at_the_end_of_all_datetimes_is_refused(zone):
    with pytest.raises(
        ValueError,
        match=r"^wall must be before the year 9799, not 9799-01-01 00:00:00(\+00:00)?: the "
        r"time of day goes on from there, and datetime ends with the year 9999$",
    ):
        FakeClock(wall=datetime(9799, 1, 1, tzinfo=zone))


@pytest.mark.parametrize("zone", [None, UTC])
def test_the_time_of_day_goes_on_for_as_long_as_the_clock_is_exact(zone, capsys):
    clock = FakeClock(
        start=-(2.0**32), wall=datetime(9798, 12, 31, tzinfo=zone), horizon=math.inf
    )
    with clock.installed():
        clock.run(asyncio.sleep(2.0**32))
        Watch.print_wall_clock()
    assert capsys.readouterr().out == "06:28:16.000 "


def test_a_cancelled_timer_does_not_move_it():
    async def main():
        async with asyncio.timeout(60):
            await asyncio.sleep(1)

    clock = FakeClock()
    clock.run(main())
    assert clock.time == 1.0


def test_it_goes_on_from_one_run_to_the_next():
    clock = FakeClock()
    assert [clock.run(sleeps(1)), clock.run(sleeps(2))] == [1.0, 3.0]


def test_it_goes_on_from_run_to_shutdown():
    clock = FakeClock()
    scheduler = Scheduler(FakeJob("a", takes=5, shutdown_takes=0.5))
    with clock.installed():
        assert scheduler.run()
        assert scheduler.shutdown()
    assert clock.time == 5.5


def test_the_timeout_of_a_scheduler_follows_it():
    clock = FakeClock()
    scheduler = PureScheduler(FakeJob(takes=3600), timeout=60)
    with clock.installed():
        assert not scheduler.run()
    assert (clock.time, scheduler.failed_time_out()) == (60.0, True)


def test_run_returns_the_result_of_any_awaitable():
    class Answer:
        def __await__(self):
            yield from asyncio.sleep(1).__await__()
            return 42

    assert FakeClock().run(Answer()) == 42


def test_run_raises_what_the_awaitable_raises():
    with pytest.raises(ZeroDivisionError):
        FakeClock().run(FakeJob(takes=1, raises=ZeroDivisionError).co_run())


def test_run_in_a_running_loop_is_refused():
    async def main(clock):
        coroutine = sleeps(1)
        with pytest.raises(
            RuntimeError,
            match=r"^clock\.run\(\) makes a loop of its own: ",
        ):
            clock.run(coroutine)
        coroutine.close()

    clock = FakeClock()
    clock.run(main(clock))


def test_real_elapsed_counts_runs_only():
    clock = FakeClock()
    before = clock.real_elapsed
    clock.run(sleeps(3600))
    assert (
        before == 0.0 < clock.real_elapsed < 600
    )  # of 3600 virtual seconds; machines may be busy


def test_its_repr_shows_the_time():
    assert repr(FakeClock(start=1.5)) == "<FakeClock at 1.5 s>"


# -- other clocks


def test_a_follower_is_told_the_time_whenever_it_moves():
    told = []
    clock = FakeClock(start=1)
    with clock.followed_by(told.append):
        clock.run(sleeps(1, 2))
    clock.run(sleeps(4))
    assert told == [1.0, 2.0, 4.0]


def test_a_follower_is_told_before_a_timer_fires():
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_later(2, lambda: told.append("timer"))
        await asyncio.sleep(3)

    told = []
    clock = FakeClock()
    with clock.followed_by(told.append):
        clock.run(main())
    assert told == [0.0, 2.0, "timer", 3.0]


def test_a_follower_is_told_where_the_time_is_moved_to():
    async def main():
        await clock.advance(10)

    told = []
    clock = FakeClock(autojump=False)
    with clock.followed_by(told.append):
        clock.run(main())
    assert told == [0.0, 10.0]


def test_an_error_of_a_follower_ends_the_run():
    clock = FakeClock()
    with clock.followed_by(lambda t: 1 / (1 - t)), pytest.raises(ZeroDivisionError):
        clock.run(sleeps(1))


# -- speed


def test_a_thousand_jobs_in_a_hundred_layers_take_no_time():
    scheduler = layers([10] * 100, degree=3, seed=1, takes=3600)
    clock = FakeClock()
    with clock.installed():
        begin = time.thread_time()  # other programs may keep the machine busy
        assert scheduler.run()
        assert time.thread_time() - begin < 1
    assert clock.time == 360_000.0


def test_a_chain_of_a_thousand_jobs_takes_no_time():
    scheduler = chain(1000, takes=3600)
    clock = FakeClock()
    with clock.installed():
        begin = time.thread_time()  # other programs may keep the machine busy
        assert scheduler.run()
        assert time.thread_time() - begin < 1
    assert clock.time == 3_600_000.0


# -- watches


def test_a_watch_follows_it():
    clock = FakeClock()
    watch = clock.watch()
    clock.run(sleeps(1.5))
    assert watch.elapsed() == "001.500"


def test_a_watch_without_a_message_prints_nothing(capsys):
    FakeClock().watch()
    assert capsys.readouterr().out == ""


def test_a_watch_with_a_message_prints_it(capsys):
    FakeClock().watch("hello there")
    assert capsys.readouterr().out == "000.000  hello there\n"


def test_a_watch_made_by_the_program_follows_it():
    with FakeClock().installed() as clock:
        watch = Watch(show_elapsed=False)
        clock.run(sleeps(2))
        assert watch.seconds() == 2.0


def test_the_time_of_day_follows_it(capsys):
    with FakeClock(start=100, wall=datetime(2026, 1, 1, 20, 48)).installed() as clock:
        clock.run(sleeps(27.782))
        Watch.print_wall_clock()
    assert capsys.readouterr().out == "20:48:27.782 "


def test_without_a_wall_the_time_of_day_is_the_real_one(capsys):
    with FakeClock().installed() as clock:
        clock.run(sleeps(1))
        before = f"{datetime.now():%H:%M}"
        Watch.print_wall_clock()
        after = f"{datetime.now():%H:%M}"
    assert capsys.readouterr().out[:5] in (before, after)


# -- eager tasks


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_eager_tasks_work():
    def eager_loop():
        loop = clock.loop_factory()
        loop.set_task_factory(asyncio.eager_task_factory)
        return loop

    clock = FakeClock()
    first, second = FakeJob("a", takes=1), Job(asyncio.sleep, 2, "done", label="b")
    scheduler = Scheduler(first, second.requires(first), FakeJob("c"))
    assert scheduler.run(loop_factory=eager_loop)
    assert (clock.time, second.result()) == (3.0, "done")


# -- limits


def test_a_run_that_takes_too_much_real_time_is_stopped():
    async def spin():
        while True:  # noqa: ASYNC110 - it is to spin
            await asyncio.sleep(0)

    with pytest.raises(
        RunawayError,
        match=r"^at 0 s, the run takes more than 0\.05 real seconds: a loop may wait for a "
        r"clock that is real, such as time\.monotonic\(\); still waiting:\n",
    ):
        FakeClock(real_limit=0.05).run(spin())


def test_the_real_limit_is_counted_from_the_beginning_of_each_run():
    clock = FakeClock(real_limit=0.1)
    time.sleep(0.11)  # a test of real time
    assert clock.run(sleeps(1)) == 1.0
