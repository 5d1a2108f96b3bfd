"""A clock that is not in force is an error, and nothing runs on a clock by accident."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import threading
import unittest

import pytest

from asynciojobs import Scheduler
from asynciojobs_testkit import FakeClock, FakeJob


def exactly(text):
    """Return a pattern for a whole message, in which … stands for anything."""
    return f"^{re.escape(text)}$".replace("…", ".*")


REMEDY = (
    "Install the clock before that loop is made, or make the loop with `clock.loop_factory()`; "
    'with pytest-asyncio, `loop_scope="function"` gives a test or an async fixture a loop of '
    "its own"
)
REAL = exactly(
    "<… running=False closed=False debug=…> keeps real time, while <FakeClock at 0 s> is "
    f"installed. {REMEDY}"
)
OTHER = exactly(
    "<FakeLoop running=False closed=False debug=…> is on another clock, while <FakeClock at 0 "
    f"s> is installed. {REMEDY}"
)
OVER = exactly(
    "<FakeLoop running=False closed=False debug=…> was made for <FakeClock at 1 s>, which is "
    "no longer installed: make a new loop, or install the clock for as long as that loop is in "
    "use"
)
RUNNING = exactly(
    "<… running=True closed=False debug=…> is running, and is not on <FakeClock at 0 s>: "
    "install the clock before that loop is made, or make the loop with `clock.loop_factory()`"
)
UVLOOP = exactly(
    "a FakeClock can't move the time of <uvloop.Loop …>, which uvloop keeps for itself: leave "
    "uvloop out of this test"
)


async def running_loop():
    return asyncio.get_running_loop()


@pytest.fixture
def real_loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


# -- loops that are not on the clock


def test_a_loop_older_than_the_clock_is_refused(real_loop):
    with FakeClock().installed(), pytest.raises(RuntimeError, match=REAL):
        real_loop.run_until_complete(asyncio.sleep(1))


def test_a_task_of_such_a_loop_does_not_run(real_loop):
    task = real_loop.create_task(asyncio.sleep(0, "done"))
    with FakeClock().installed(), pytest.raises(RuntimeError, match=REAL):
        real_loop.run_until_complete(task)
    assert real_loop.run_until_complete(task) == "done"


def test_such_a_loop_can_not_run_forever_either(real_loop):
    real_loop.call_soon(real_loop.stop)
    with FakeClock().installed(), pytest.raises(RuntimeError, match=REAL):
        real_loop.run_forever()


@pytest.mark.parametrize(
    "run",
    [
        lambda factory: Scheduler(FakeJob()).run(loop_factory=factory),
        lambda factory: FakeJob().standalone_run(loop_factory=factory),
    ],
)
def test_a_factory_of_loops_in_real_time_is_refused(run):
    with FakeClock().installed(), pytest.raises(RuntimeError, match=REAL):
        run(asyncio.SelectorEventLoop)


def test_a_runner_older_than_the_clock_is_refused_and_can_be_closed():
    with asyncio.Runner() as runner:
        waiting = runner.get_loop().create_task(asyncio.Event().wait())
        runner.run(asyncio.sleep(0))
        with FakeClock().installed():
            with pytest.raises(RuntimeError, match=REAL):
                runner.run(asyncio.sleep(1))
            runner.close()
    assert waiting.cancelled()


def test_a_loop_of_an_older_clock_is_refused():
    with FakeClock(start=1).installed() as outer, asyncio.Runner() as runner:
        runner.run(asyncio.sleep(1))
        with FakeClock().installed(), pytest.raises(RuntimeError, match=OTHER):
            runner.run(asyncio.sleep(1))
        runner.run(asyncio.sleep(1))
    assert outer.time == 3


def test_a_loop_of_the_same_clock_may_be_older():
    clock = FakeClock()
    loop = clock.loop_factory()
    with clock.installed():
        loop.run_until_complete(asyncio.sleep(1))
    loop.close()
    assert clock.time == 1


def test_a_clock_is_not_installed_in_a_running_loop():
    async def main():
        FakeClock().installed().__enter__()

    for run in (asyncio.run, FakeClock(start=1).run):
        with pytest.raises(RuntimeError, match=RUNNING):
            run(main())


def test_a_clock_may_be_installed_in_its_own_loop():
    async def main():
        with clock.installed():
            await asyncio.sleep(1)

    clock = FakeClock()
    clock.run(main())
    assert clock.time == 1


def test_uvloop_is_refused_in_a_runner_and_by_itself():
    uvloop = pytest.importorskip("uvloop")
    loop, main = uvloop.new_event_loop(), running_loop()
    with FakeClock().installed():
        with pytest.raises(RuntimeError, match=UVLOOP):
            uvloop.run(main)
        with pytest.raises(RuntimeError, match=UVLOOP):
            loop.run_until_complete(main)  # this closes the coroutine
        with pytest.raises(RuntimeError, match=UVLOOP):
            loop.run_forever()
    assert loop.run_until_complete(running_loop()) is loop
    loop.close()


def test_uvloop_is_refused_if_it_is_imported_later(monkeypatch):
    uvloop = pytest.importorskip("uvloop")
    monkeypatch.delitem(sys.modules, "uvloop")
    main = running_loop()
    with FakeClock().installed(), pytest.raises(RuntimeError, match=UVLOOP):
        uvloop.run(main)
    main.close()


def test_a_decorator_does_not_take_a_function_that_runs_later():
    async def main(): ...

    def fixture():
        yield

    async def async_fixture():
        yield

    for function in (main, fixture, async_fixture):
        with pytest.raises(
            TypeError,
            match=exactly(
                f"a block can't decorate {function!r}, which would run after the block has "
                "ended: use `with` inside the function"
            ),
        ):
            FakeClock().installed()(function)


# -- loops that outlive the clock


def test_a_loop_that_was_made_for_a_clock_does_not_run_after_it():
    with contextlib.ExitStack() as stack:
        with FakeClock().installed():
            runner = stack.enter_context(asyncio.Runner())
            runner.run(asyncio.sleep(1))
        with pytest.raises(RuntimeError, match=OVER):
            runner.run(asyncio.sleep(1))


def test_a_loop_that_a_user_made_runs_with_or_without_the_clock():
    clock = FakeClock()
    with clock.installed(), asyncio.Runner(loop_factory=clock.loop_factory) as runner:
        runner.run(asyncio.sleep(1))
    with asyncio.Runner(loop_factory=clock.loop_factory) as runner:
        runner.run(asyncio.sleep(1))
    assert clock.time == 2


# -- unittest


def errors_of(case):
    """Run the test of an IsolatedAsyncioTestCase; return the last lines of its errors."""
    result = unittest.TestResult()
    case("test").run(result)
    return [text.strip().splitlines()[-1].partition(": ")[2] for _, text in result.errors]


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    __test__ = False  # pytest does not run it

    async def test(self):
        await asyncio.sleep(3600)
        assert self.clock.time == asyncio.get_running_loop().time() == 3600


class TestUnittest:
    def test_a_clock_installed_in_set_up_is_too_late(self):
        class Case(AsyncCase):
            def setUp(self):
                self.clock = self.enterContext(FakeClock().installed())

        (error,) = errors_of(Case)
        assert re.match(REAL, error)

    def test_and_in_async_set_up(self):
        class Case(AsyncCase):
            async def asyncSetUp(self):
                self.clock = self.enterContext(FakeClock().installed())

        (error,) = errors_of(Case)
        assert re.match(RUNNING, error)

    def test_a_clock_is_installed_around_the_run_of_a_test(self):
        class Case(AsyncCase):
            def run(self, result=None):
                with FakeClock().installed() as self.clock:
                    return super().run(result)

        assert errors_of(Case) == []

    def test_or_around_a_class(self):
        class Case(AsyncCase):
            @classmethod
            def setUpClass(cls):
                cls.clock = cls.enterClassContext(FakeClock().installed())

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        assert (result.testsRun, result.errors, result.failures) == (1, [], [])


# -- threads


def test_a_loop_made_here_may_run_in_another_thread_in_real_time():
    loops = []
    with FakeClock().installed():
        loop = asyncio.new_event_loop()
        run = lambda: loops.append(loop.run_until_complete(running_loop()))  # noqa: E731
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        loop.close()
    assert loops == [loop]
    assert type(loop).__module__.startswith("asyncio.")
