"""What a run must not leave behind, and how it is reported."""

from __future__ import annotations

import asyncio
import pickle
import re

import pytest

from asynciojobs import Job, Scheduler
from asynciojobs_testkit import FakeClock, FakeJob, LeftoverError


async def fail():
    raise ZeroDivisionError("by zero")


async def forgets_a_task():
    asyncio.create_task(asyncio.sleep(100), name="stray")  # noqa: RUF006
    await asyncio.sleep(1)


async def forgets_an_exception():
    asyncio.create_task(fail(), name="stray")  # noqa: RUF006
    await asyncio.sleep(1)


async def forgets_to_await():
    asyncio.sleep(1)


def leftovers_of(function):
    with pytest.raises(LeftoverError) as caught, FakeClock().installed():
        Scheduler(Job(function, label="fetch")).run()
    return caught.value.leftovers


def test_a_task_that_is_still_alive_is_reported_with_its_job():
    assert leftovers_of(forgets_a_task) == [
        "<Task 'stray' of sleep()> is still alive: it was made in <Job `fetch`>"
    ]


def test_an_exception_that_was_never_retrieved_is_reported_with_its_job():
    (line,) = leftovers_of(forgets_an_exception)
    assert line == (
        "<Task 'stray' of fail()> raised ZeroDivisionError(by zero), which was never retrieved"
        ": it was made in <Job `fetch`>"
    )


def test_a_coroutine_that_was_never_awaited_is_reported_with_its_job():
    assert leftovers_of(forgets_to_await) == [
        "coroutine sleep() was never awaited: it was made in <Job `fetch`>"
    ]


def test_a_task_created_by_a_task_of_a_job_is_reported_with_that_job():
    async def outer():
        await asyncio.create_task(forgets_a_task())

    assert leftovers_of(outer) == [
        "<Task 'stray' of sleep()> is still alive: it was made in <Job `fetch`>"
    ]


def test_a_task_without_a_job_is_reported_without_one():
    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(forgets_a_task())
    assert str(caught.value) == (
        "the run has left something behind:\n  <Task 'stray' of sleep()> is still alive"
    )


def test_the_exception_of_a_future_is_reported():
    async def main():
        asyncio.get_running_loop().create_future().set_exception(ZeroDivisionError("by zero"))

    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    assert caught.value.leftovers == [
        "a future raised ZeroDivisionError(by zero), which was never retrieved"
    ]


def test_an_exception_text_of_several_lines_is_reported_on_one_line():
    async def main():
        asyncio.get_running_loop().create_future().set_exception(ValueError("one\ntwo"))

    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    assert caught.value.leftovers == [
        "a future raised ValueError(one two), which was never retrieved"
    ]


def test_an_exception_whose_str_raises_is_reported():
    class Mute(Exception):
        def __str__(self):
            raise ZeroDivisionError

    async def main():
        kept.append(asyncio.get_running_loop().create_task(fails(), name="kept"))
        await asyncio.sleep(1)

    async def fails():
        raise Mute

    kept = []
    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    (line,) = caught.value.leftovers
    assert line.endswith(
        " raised Mute((str raised ZeroDivisionError)), which was never retrieved"
    )


def test_the_exception_of_a_task_that_still_exists_is_reported():
    async def forgets_an_exception():
        kept.append(asyncio.create_task(fail(), name="kept"))
        await asyncio.sleep(1)

    kept = []
    (line,) = leftovers_of(forgets_an_exception)
    assert line == (
        "<Task 'kept' of fail()> raised ZeroDivisionError(by zero), which was never retrieved"
        ": it was made in <Job `fetch`>"
    )


def test_an_exception_that_is_retrieved_before_the_end_of_the_block_is_fine():
    async def main():
        tasks.append(asyncio.create_task(fail()))
        await asyncio.sleep(1)

    tasks = []
    with FakeClock().installed():
        asyncio.run(main())
        assert isinstance(tasks[0].exception(), ZeroDivisionError)


def test_a_task_that_ends_in_a_later_run_of_the_loop_is_fine():
    async def main():
        return asyncio.create_task(asyncio.sleep(5))

    async def wait(task):
        await task

    with FakeClock().installed() as clock, asyncio.Runner() as runner:
        runner.run(wait(runner.run(main())))
    assert clock.time == 5.0


def test_an_error_of_the_block_is_raised_instead_of_the_leftovers():
    def block():
        with FakeClock().installed():
            Scheduler(Job(forgets_a_task)).run()
            raise KeyError

    with pytest.raises(KeyError):
        block()


def test_a_leftover_is_reported_only_once():
    clock = FakeClock()
    with pytest.raises(LeftoverError):
        clock.run(forgets_a_task())
    clock.run(asyncio.sleep(1))


def test_a_scheduler_leaves_nothing_behind():
    scheduler = Scheduler(
        FakeJob("a", raises=ZeroDivisionError),
        FakeJob("b", takes=10, cleanup=5),
        FakeJob("c", takes=10, deaf=1),
        Scheduler(FakeJob("d", takes=20), label="inner"),
        critical=False,
    )
    with FakeClock().installed():
        assert not scheduler.run()
        assert scheduler.shutdown()


def test_python_warns_of_coroutines_again_after_the_block():
    with FakeClock().installed():
        pass
    with pytest.warns(RuntimeWarning, match=re.escape("coroutine 'sleep' was never awaited")):
        asyncio.run(forgets_to_await())


def test_an_error_survives_pickling():
    error = LeftoverError(["one", "two"])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.leftovers) == (str(error), ["one", "two"])
