"""Real time: how much of it a run may take, and programs that fake it."""

from __future__ import annotations

import asyncio
import datetime
import time
from types import SimpleNamespace

import pytest

from asynciojobs import Job, Scheduler
from asynciojobs_testkit import DeadlockError, FakeClock, FakeJob, RunawayError, _realtime
from asynciojobs_testkit._realtime import RealBudget

# -- how much a run may take


@pytest.fixture
def machine(monkeypatch):
    """Return the clocks of a machine, which the test sets."""
    clocks = SimpleNamespace(processor=100.0, real=5000.0)
    monkeypatch.setattr(
        _realtime,
        "time",
        SimpleNamespace(thread_time=lambda: clocks.processor, monotonic=lambda: clocks.real),
    )
    return clocks


def test_processor_time_counts(machine):
    budget = RealBudget(30)
    machine.processor += 30
    machine.real += 31
    assert not budget.is_spent()
    machine.processor += 0.001
    assert budget.is_spent()


def test_waiting_for_real_work_counts(machine):
    budget = RealBudget(30)
    budget.note_wait(29.5)
    machine.processor += 0.5
    machine.real += 31
    assert not budget.is_spent()
    budget.note_wait(0.001)
    assert budget.is_spent()


def test_the_time_that_a_busy_machine_takes_for_others_does_not_count(machine):
    budget = RealBudget(30)
    machine.real += 299
    machine.processor += 29
    assert not budget.is_spent()


def test_a_thread_that_is_blocked_has_ten_times_as_long(machine):
    budget = RealBudget(30)
    machine.real += 301
    assert budget.is_spent()


def test_a_budget_without_limit_is_never_spent(machine):
    budget = RealBudget(float("inf"))
    machine.processor = machine.real = 1e9
    assert not budget.is_spent()


def test_only_the_time_that_a_wait_was_to_take_counts(monkeypatch):
    async def main():
        with clock.external():
            loop = asyncio.get_running_loop()
            loop._selector._waited = waits.append
            await asyncio.to_thread(lambda: None)

    waits = []
    clock = FakeClock()
    clock.run(main())
    assert all(0 <= wait <= 0.05 for wait in waits)


# -- programs that fake the time, as freezegun does


def freeze(monkeypatch):
    """Let the clocks of the module `time` stand still at a time long ago."""
    for name in ("monotonic", "time", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: 1000.0)


def test_a_run_in_frozen_time_is_as_usual(monkeypatch):
    clock = FakeClock()
    with clock.installed():
        freeze(monkeypatch)
        assert Scheduler(FakeJob(takes=3600)).run()
        monkeypatch.undo()
    assert clock.time == 3600.0


def frozen_job(monkeypatch):
    async def main():
        freeze(monkeypatch)
        await asyncio.sleep(3600)
        monkeypatch.undo()
        await asyncio.sleep(3600)

    return Job(main)


def test_a_job_may_freeze_time_and_undo_it(monkeypatch):
    clock = FakeClock()
    with clock.installed():
        assert Scheduler(frozen_job(monkeypatch)).run()
    assert clock.time == 7200.0
    assert 0 < clock.real_elapsed < 100


def test_a_run_in_frozen_time_has_its_limits(monkeypatch):
    async def spin():
        while True:  # noqa: ASYNC110 - it is to spin
            await asyncio.sleep(0)

    freeze(monkeypatch)
    with pytest.raises(RunawayError):
        FakeClock(real_limit=0.05).run(spin())
    with pytest.raises(DeadlockError):
        FakeClock().run(asyncio.Event().wait())


@pytest.mark.parametrize("real_asyncio", [False, True])
def test_freezegun_around_a_run(real_asyncio):
    freezegun = pytest.importorskip("freezegun")
    job = Job(stamp)
    with FakeClock().installed() as clock:
        with freezegun.freeze_time("2024-02-29 12:00", real_asyncio=real_asyncio):
            assert Scheduler(job).run()
        assert Scheduler(FakeJob(takes=3600)).run()
    assert job.result() == datetime.datetime(2024, 2, 29, 12)
    assert clock.time == 7200.0


@pytest.mark.parametrize("real_asyncio", [False, True])
def test_freezegun_in_a_job(real_asyncio):
    freezegun = pytest.importorskip("freezegun")

    async def frozen_stamp():
        with freezegun.freeze_time("2024-02-29 12:00", real_asyncio=real_asyncio):
            return await stamp()

    job = Job(frozen_stamp)
    with FakeClock().installed() as clock:
        assert Scheduler(job).run()
    assert job.result() == datetime.datetime(2024, 2, 29, 12)
    assert clock.time == 3600.0


async def stamp():
    await asyncio.sleep(3600)
    return datetime.datetime.now()
