"""Deadlocks and runaways: how they are found, reported and cleaned up."""

from __future__ import annotations

import asyncio
import contextlib
import math
import pickle
import re
import threading
import time

import pytest

from asynciojobs import Job, Limit, PureScheduler, Scheduler
from asynciojobs_testkit import (
    DeadlockError,
    FakeClock,
    FakeJob,
    RunawayError,
    Timeline,
    _loop,
    chain,
)

FILE = r"(\S*/)?test_deadlock\.py"


async def wait_for_ever():
    await asyncio.Event().wait()


async def beat(seconds):
    while True:  # noqa: ASYNC110 - a heartbeat
        await asyncio.sleep(seconds)


def deadlock_of(scheduler, **options):
    with FakeClock(**options).installed(), pytest.raises(DeadlockError) as caught:
        scheduler.run()
    return caught.value


def test_a_job_that_waits_for_an_event_that_is_never_set_is_a_deadlock():
    begin = time.thread_time()
    assert deadlock_of(Scheduler(Job(wait_for_ever))).time == 0.0
    assert time.thread_time() - begin < 1


def test_a_sleep_of_two_days_is_no_deadlock():
    clock = FakeClock()
    clock.run(asyncio.sleep(2 * 86400))
    assert clock.time == 172800.0


def test_the_report_names_each_waiting_job():
    a = Job(wait_for_ever, label="a")
    b, c = FakeJob("b", required=a), FakeJob("c")
    error = deadlock_of(Scheduler(a, b, c, FakeJob("d", required=(b, c))))
    assert re.fullmatch(
        r"at 0 s, nothing is left to wait for; still waiting:\n"
        rf"  <Job `a`> running, awaits Future pending of Event\.wait\(\) at {FILE}:\d+, "
        r"in wait_for_ever\n"
        r"  <FakeJob `b`> idle, requires <Job `a`>\n"
        r"  <FakeJob `d`> idle, requires <FakeJob `b`>",
        str(error),
    )


def test_the_report_is_available_as_data():
    a = Job(wait_for_ever, label="a")
    b = FakeJob("b", required=a)
    error = deadlock_of(Scheduler(a, b))
    assert [(it.job, it.state, it.unmet) for it in error.waiting] == [
        (a, "running", ()),
        (b, "idle", ("<Job `a`>",)),
    ]


def test_an_error_survives_pickling():
    # A pool of processes breaks if a worker sends an exception that can't be unpickled.
    with pytest.raises(DeadlockError) as caught:
        FakeClock().run(wait_for_ever())
    caught.value.add_note("on node 3")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), vars(again)) == (
        DeadlockError,
        str(caught.value),
        vars(caught.value),
    )


def test_the_report_shows_the_line_that_awaits_a_future():
    async def ask():
        await asyncio.get_running_loop().create_future()

    error = deadlock_of(Scheduler(Job(ask, label="a")))
    line = ask.__code__.co_firstlineno + 1
    assert re.fullmatch(rf"Future pending at {FILE}:{line}, in ask", error.waiting[0].awaits)


def test_the_report_names_the_task_that_is_awaited():
    async def ask():
        await asyncio.create_task(wait_for_ever(), name="helper")

    error = deadlock_of(Scheduler(Job(ask, label="a")))
    assert error.waiting[0].awaits.startswith("<Task 'helper' of wait_for_ever()> at ")
    assert error.waiting[1].name == "<Task 'helper' of wait_for_ever()>"


def test_the_report_shows_a_job_that_waits_for_a_slot():
    scheduler = Scheduler(
        Job(wait_for_ever, label="a"), Job(wait_for_ever, label="b"), jobs_window=1
    )
    error = deadlock_of(scheduler)
    assert str(error.waiting[1]) == "<Job `b`> scheduled, awaits a slot of the window"


def waits(label, **options):
    return Job(wait_for_ever, label=label, **options)


def awaited(error):
    """Return what each job that has not started waits for, by its label."""
    return {it.job.label: it.awaits for it in error.waiting if it.state == "scheduled"}


def test_the_report_shows_a_job_that_waits_for_a_limit():
    ssh = Limit(1, "ssh")
    error = deadlock_of(Scheduler(waits("a", limits=ssh), waits("b", limits=ssh)))
    assert str(error.waiting[1]) == (
        "<Job `b`> scheduled, awaits <Limit `ssh` 0 of 1 free> (held by <Job `a`>)"
    )


def test_the_report_shows_each_limit_that_has_too_few_slots():
    ssh, gpu, disk = Limit(1, "ssh"), Limit(3, "gpu"), Limit(1, "disk")
    error = deadlock_of(
        Scheduler(
            waits("a", limits=ssh),
            waits("b", limits=(gpu, 2)),
            waits("c", limits=[ssh, disk, (gpu, 2)]),
        )
    )
    assert awaited(error) == {
        "c": "<Limit `ssh` 0 of 1 free> (held by <Job `a`>) "
        "and <Limit `gpu` 1 of 3 free> (held by <Job `b`>)"
    }


def test_the_report_shows_who_holds_a_limit_in_another_scheduler():
    ssh = Limit(1, "ssh")
    inner = Scheduler(waits("in"), label="inner", limits=ssh)
    error = deadlock_of(PureScheduler(inner, Scheduler(waits("b", limits=ssh))))
    assert awaited(error) == {"b": "<Limit `ssh` 0 of 1 free> (held by <Scheduler `inner`>)"}


def test_the_report_names_a_few_of_those_that_hold_a_limit():
    many = Limit(7, "many")
    error = deadlock_of(Scheduler(*(waits(str(i), limits=many) for i in range(8))))
    assert awaited(error) == {
        "7": "<Limit `many` 0 of 7 free> (held by <Job `0`>, <Job `1`>, <Job `2`>, <Job `3`>, "
        "<Job `4`> and 2 more)"
    }


def test_the_report_shows_a_job_that_waits_for_its_turn_at_a_limit():
    ssh, gpu = Limit(1, "ssh"), Limit(1, "gpu")
    error = deadlock_of(
        Scheduler(waits("a", limits=ssh), waits("b", limits=[ssh, gpu]), waits("c", limits=gpu))
    )
    assert awaited(error) == {
        "b": "<Limit `ssh` 0 of 1 free> (held by <Job `a`>)",
        "c": "its turn at <Limit `gpu` 1 of 1 free>",
    }


def test_the_report_shows_jobs_with_limits_that_wait_for_a_slot_of_the_window():
    """Both now wait for a slot: one was checked earlier, when the window had a slot."""
    ssh = Limit(1, "ssh")
    holds = FakeJob("holds", takes=1, limits=ssh)
    others = Scheduler(
        *(waits(label, limits=ssh) for label in ("early", "late")),
        waits("fills"),
        jobs_window=1,
    )
    error = deadlock_of(PureScheduler(holds, others))
    assert awaited(error) == dict.fromkeys(["early", "late"], "a slot of the window")


def test_the_report_shows_a_forever_job_that_waits_for_a_limit():
    ssh = Limit(1, "ssh")
    first = FakeJob("first")
    forever = waits("f", limits=ssh, forever=True, required=first)
    error = deadlock_of(Scheduler(first, waits("a", limits=ssh), forever))
    assert awaited(error) == {"f": "<Limit `ssh` 0 of 1 free> (held by <Job `a`>)"}


def test_the_report_leaves_out_skipped_jobs():
    bad = FakeJob("bad", raises=OSError)
    skipped = Scheduler(FakeJob("in"), label="skipped", required=bad)
    error = deadlock_of(
        Scheduler(bad, skipped, FakeJob("last", required=skipped), waits("a"), keep_going=True)
    )
    assert [it.name for it in error.waiting] == ["<Job `a`>"]


def test_the_report_includes_the_jobs_of_nested_schedulers():
    inner = Scheduler(Job(wait_for_ever, label="a"), FakeJob("b"), label="inner")
    error = deadlock_of(PureScheduler(inner, FakeJob("c", required=inner)))
    assert [it.name for it in error.waiting] == [
        "<Scheduler `inner`>",
        "<Job `a`>",
        "<FakeJob `c`>",
    ]


def test_the_report_names_the_shutdown_of_a_job():
    job = Job(FakeJob().co_run, coshutdown=wait_for_ever, label="a")
    scheduler = PureScheduler(job, shutdown_timeout=None)
    with FakeClock().installed():
        scheduler.run()
        with pytest.raises(DeadlockError) as caught:
            scheduler.shutdown()
    assert caught.value.waiting[0].name == "the shutdown of <Job `a`>"


def test_the_report_of_many_jobs_is_cut():
    scheduler = chain(100)
    scheduler["1"].takes = math.inf
    error = deadlock_of(scheduler)
    assert len(error.waiting) == 100
    assert len(str(error).splitlines()) == 32
    assert str(error).endswith("\n  … and 70 more")


def test_equal_lines_are_shown_once():
    jobs = [*(Job(wait_for_ever) for _ in range(40)), FakeJob("last", takes=math.inf)]
    error = deadlock_of(Scheduler(*jobs))
    first, second = str(error).splitlines()[1:]
    assert re.fullmatch(
        rf"  <Job `wait_for_ever\(\)`> running, awaits .* at {FILE}:\d+, in wait_for_ever "
        r"\(and 39 more like this\)",
        first,
    )
    assert second.startswith("  <FakeJob `last`> running, awaits ")
    assert len(error.waiting) == 41


def test_tasks_that_differ_by_their_number_are_shown_once():
    async def main():
        await asyncio.gather(*(wait_for_ever() for _ in range(100)))

    with pytest.raises(DeadlockError) as caught:
        FakeClock().run(main())
    _, first, second = str(caught.value).splitlines()
    assert "(and" not in first
    assert re.fullmatch(
        r"  <Task 'Task-\d+' of wait_for_ever\(\)> running, .* \(and 99 more like this\)",
        second,
    )


def test_a_deadlock_next_to_a_thread_suggests_an_external_block():
    names = ["one", "two"]
    gate = threading.Event()
    threads = [threading.Thread(target=gate.wait, name=name) for name in names]
    messages = []
    for thread in threads:
        thread.start()
        messages.append(str(deadlock_of(Scheduler(Job(wait_for_ever)))))
    gate.set()
    for thread in threads:
        thread.join()
    advice = (
        "alive: if the run waits for what happens there, wait inside `with "
        "clock.external():`; still waiting:\n"
    )
    start = "at 0 s, nothing is left to wait for, but "
    assert messages[0].startswith(f"{start}thread 'one' is {advice}")
    assert messages[1].startswith(f"{start}threads 'one', 'two' are {advice}")


def test_a_deadlock_next_to_an_idle_thread_of_the_loop_suggests_nothing():
    async def main():
        await asyncio.to_thread(int)
        await wait_for_ever()

    with pytest.raises(DeadlockError, match=r"^at 0 s, nothing is left to wait for; still"):
        FakeClock().run(main())


def test_a_sleep_without_end_is_no_timer():
    assert deadlock_of(Scheduler(FakeJob(takes=math.inf))).time == 0.0


def test_asyncio_run_raises_it_as_well():
    with FakeClock().installed(), pytest.raises(DeadlockError):
        asyncio.run(wait_for_ever())


def test_a_job_cannot_swallow_it():
    async def swallow():
        try:
            await wait_for_ever()
        except Exception:
            seen.append("swallowed")

    seen = []
    deadlock_of(Scheduler(Job(swallow)))
    assert seen == []


def test_the_jobs_are_cancelled_and_clean_up():
    job = FakeJob(takes=math.inf, cleanup=5)
    scheduler = Scheduler(job)
    clock = FakeClock()
    with clock.installed(), Timeline(scheduler) as timeline, pytest.raises(DeadlockError):
        scheduler.run()
    assert (timeline.end(job), clock.time, job.cancellations) == (5.0, 5.0, 1)


def test_the_clock_goes_on_after_it():
    clock = FakeClock()
    with clock.installed():
        with pytest.raises(DeadlockError):
            asyncio.run(wait_for_ever())
        assert Scheduler(FakeJob(takes=3)).run()
    assert clock.time == 3.0


def test_a_job_that_ignores_some_cancellations_is_cancelled_again():
    job = FakeJob(takes=math.inf, deaf=3)
    deadlock_of(Scheduler(job))
    assert job.cancellations == 4


@pytest.fixture
def short_clean_up(monkeypatch):
    """Let a clean-up take a tenth of the processor time that it may usually take."""
    monkeypatch.setattr(_loop, "CLEAN_UP_LIMIT", _loop.CLEAN_UP_LIMIT / 10)


@pytest.mark.usefixtures("short_clean_up")
def test_a_job_that_ignores_all_cancellations_is_closed_by_force():
    async def deaf():
        ended = asyncio.get_running_loop().create_future()
        while True:
            try:
                await asyncio.shield(ended)
            except asyncio.CancelledError:
                pass

    error = deadlock_of(Scheduler(Job(deaf, label="a")))
    assert error.__notes__ == ["<Job `a`> was deaf to cancellation, and is closed by force"]


def test_a_job_that_ignores_even_being_closed_does_not_hang_the_test(caplog):
    async def deaf():
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except BaseException:
                await asyncio.sleep(0)

    begin = time.thread_time()
    with pytest.raises(DeadlockError):
        FakeClock().run(deaf())
    assert time.thread_time() - begin < 10


def test_a_task_that_cannot_be_closed_by_force_is_removed_from_the_loop():
    async def deaf():
        loop = asyncio.get_running_loop()
        while not over:
            try:
                await loop.create_future()
            except BaseException:
                pass

    over = []
    with FakeClock().installed(), asyncio.Runner() as runner:
        with pytest.raises(DeadlockError):
            runner.run(deaf())
        left = asyncio.all_tasks(runner.get_loop())
        over.append(True)
    assert left == set()


def test_a_loop_that_runs_for_ever_stops_once_its_tasks_are_cancelled():
    def beat():
        loop.call_later(3600, beat)

    clock = FakeClock()
    with contextlib.closing(clock.loop_factory()) as loop:
        task = loop.create_task(wait_for_ever())
        beat()
        with pytest.raises(RunawayError) as caught:
            loop.run_forever()
    assert (task.cancelled(), caught.value.time, clock.time) == (True, 2592000.0, 2592000.0)


# -- the horizon


def test_a_heartbeat_does_not_hide_a_deadlock():
    scheduler = Scheduler(
        Job(wait_for_ever, label="a"), Job(beat(3600), label="heart", forever=True)
    )
    clock = FakeClock()
    with clock.installed(), pytest.raises(RunawayError) as caught:
        scheduler.run()
    assert re.match(
        r"at 2592000 s, no job has started or ended for 2592000 s, which is the horizon: a "
        r"heartbeat may hide a deadlock, or a loop may wait for a clock that is real, such as "
        r"time\.monotonic\(\); still waiting:\n  <Job `a`> running, awaits Future",
        str(caught.value),
    )
    assert (caught.value.time, clock.time) == (2592000.0, 2592000.0)


def test_the_horizon_can_be_set():
    with pytest.raises(RunawayError) as caught:
        FakeClock(horizon=10).run(beat(1))
    assert caught.value.time == 10.0


def test_each_job_that_ends_moves_the_horizon_on():
    clock = FakeClock(horizon=10)
    with clock.installed():
        assert chain(10, takes=9).run()
    assert clock.time == 90.0


def test_the_horizon_is_counted_from_the_last_job():
    scheduler = Scheduler(FakeJob(takes=9), Job(wait_for_ever), Job(beat(1), forever=True))
    with FakeClock(horizon=10).installed(), pytest.raises(RunawayError) as caught:
        scheduler.run()
    assert caught.value.time == 19.0


def test_the_horizon_is_counted_from_the_beginning_of_each_run():
    clock = FakeClock(horizon=10)
    for _ in range(5):
        clock.run(asyncio.sleep(9))
    assert clock.time == 45.0


@pytest.mark.usefixtures("short_clean_up")
def test_a_heartbeat_that_ignores_cancellation_does_not_hang_the_test(caplog):
    async def deaf():
        while True:
            try:
                await beat(60)
            except asyncio.CancelledError:
                pass

    begin = time.thread_time()
    with FakeClock().installed(), pytest.raises(RunawayError) as caught:
        Scheduler(Job(deaf, label="a")).run()
    assert caught.value.__notes__ == [
        "<Job `a`> was deaf to cancellation, and is closed by force"
    ]
    assert time.thread_time() - begin < 10
