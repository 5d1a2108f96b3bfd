"""Loop factories: where the synchronous methods get their event loop from."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest

from asynciojobs import Job, PureScheduler, Scheduler, use_loop_factory


class Factory:
    """Makes loops, and counts them."""

    def __init__(self):
        self.loops = []

    def __call__(self):
        self.loops.append(asyncio.SelectorEventLoop())
        return self.loops[-1]


def scheduler():
    return PureScheduler(Job(asyncio.sleep, 0))


ENTRIES = {
    "run": lambda **options: scheduler().run(**options),
    "orchestrate": lambda **options: scheduler().orchestrate(**options),
    "shutdown": lambda **options: scheduler().shutdown(**options),
    "standalone_run": lambda **options: Job(asyncio.sleep, 0).standalone_run(**options),
    "Scheduler.run": lambda **options: Scheduler().run(**options),
    "Scheduler.standalone_run": lambda **options: Scheduler().standalone_run(**options),
}
entries = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)


@entries
def test_a_method_uses_the_factory_of_its_keyword(entry):
    factory = Factory()
    entry(loop_factory=factory)
    assert len(factory.loops) == 1


@entries
def test_a_method_uses_the_factory_of_its_context(entry):
    factory = Factory()
    with use_loop_factory(factory):
        entry()
    assert len(factory.loops) == 1


@entries
def test_the_keyword_takes_precedence_over_the_context(entry):
    near, far = Factory(), Factory()
    with use_loop_factory(far):
        entry(loop_factory=near)
    assert (len(near.loops), len(far.loops)) == (1, 0)


@entries
def test_the_loop_is_closed_at_the_end(entry):
    factory = Factory()
    entry(loop_factory=factory)
    assert factory.loops[0].is_closed() is True


@entries
def test_the_factory_of_a_context_ends_with_it(entry):
    factory = Factory()
    with use_loop_factory(factory):
        pass
    entry()
    assert factory.loops == []


def test_contexts_nest():
    inner, outer = Factory(), Factory()
    with use_loop_factory(outer):
        with use_loop_factory(inner):
            scheduler().run()
        scheduler().run()
    assert (len(inner.loops), len(outer.loops)) == (1, 1)


def test_the_factory_of_a_context_is_not_used_in_another_thread():
    factory = Factory()
    with use_loop_factory(factory):
        thread = threading.Thread(target=scheduler().run)
        thread.start()
        thread.join()
    assert factory.loops == []


def test_a_scheduler_can_run_in_another_thread():
    answers = []
    thread = threading.Thread(target=lambda: answers.append(scheduler().run()))
    thread.start()
    thread.join()
    assert answers == [True]


def test_after_a_factory_that_raises_the_scheduler_can_run():
    def bad():
        raise OSError("no loop")

    job = Job(asyncio.sleep(0))
    mine = PureScheduler(job)
    with pytest.raises(OSError, match="^no loop$"):
        mine.run(loop_factory=bad)
    assert mine.run() is True


class OwnTask(asyncio.Task):
    pass


def loop_with_a_task_factory():
    loop = asyncio.SelectorEventLoop()
    loop.set_task_factory(lambda loop, work, **options: OwnTask(work, loop=loop, **options))
    return loop


class LoopWithCreateTask(asyncio.SelectorEventLoop):
    def create_task(self, coroutine, **options):
        return OwnTask(coroutine, loop=self, **options)


def loop_with_a_create_task_of_its_own():
    """Return a loop on which a tracing tool has replaced the method of this one object."""
    loop = asyncio.SelectorEventLoop()
    loop.create_task = lambda work, **options: OwnTask(work, loop=loop, **options)
    return loop


@pytest.mark.parametrize(
    "make_loop",
    [loop_with_a_task_factory, LoopWithCreateTask, loop_with_a_create_task_of_its_own],
)
def test_a_loop_that_creates_its_own_tasks_creates_those_of_jobs(make_loop):
    async def kind():
        return type(asyncio.current_task())

    jobs = [Job(kind) for _ in range(3)]
    PureScheduler(*jobs).run(loop_factory=make_loop)
    assert [job.result() for job in jobs] == [OwnTask] * 3


def test_a_create_task_that_stands_in_the_place_of_asyncios_creates_the_tasks_of_jobs(
    monkeypatch,
):
    async def kind():
        return type(asyncio.current_task())

    def create_task(loop, work, **options):
        return OwnTask(work, loop=loop, **options)

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_task", create_task)
    job, nested = Job(kind), Job(kind)
    PureScheduler(job, Scheduler(nested)).run(loop_factory=asyncio.SelectorEventLoop)
    assert (job.result(), nested.result()) == (OwnTask, OwnTask)


def test_run_passes_its_arguments_to_co_run():
    class Mine(PureScheduler):
        async def co_run(self, *args, **kwds):
            return args, kwds

    assert Mine().run(1, two=2) == ((1,), {"two": 2})


def test_orchestrate_calls_run():
    class Mine(PureScheduler):
        async def co_run(self, *args, **kwds):
            return args, kwds

    assert Mine().orchestrate(1, two=2) == ((1,), {"two": 2})


def test_standalone_run_ignores_requirements():
    job = Job(asyncio.sleep, 0, "value", required=Job(asyncio.sleep, 0))
    assert job.standalone_run() == "value"


def test_standalone_run_raises_what_the_job_raises():
    async def fail():
        raise error

    error = ValueError("no")
    with pytest.raises(ValueError, match="^no$") as caught:
        Job(fail).standalone_run()
    assert caught.value is error


def test_standalone_run_does_not_change_the_job():
    job = Job(asyncio.sleep, 0)
    job.standalone_run()
    assert (job.is_idle(), job.started_at) == (True, None)


def test_the_error_of_standalone_run_inside_a_running_loop_says_what_to_write(in_loop):
    async def main():
        with pytest.raises(RuntimeError, match=r"write `await job.co_run\(\)` there$"):
            Job(asyncio.sleep, 0).standalone_run()

    in_loop(main())


@pytest.fixture
def loop():
    loop = asyncio.SelectorEventLoop()
    yield loop
    loop.close()


def refused(loop):
    rule = (
        f"a loop factory must be a function that makes an event loop, not {loop!r}: give the "
        "function itself, such as asyncio.new_event_loop"
    )
    return pytest.raises(TypeError, match=f"^{re.escape(rule)}$")


def test_a_loop_instead_of_a_factory_is_refused(loop):
    with refused(loop):
        scheduler().run(loop_factory=loop)


def test_a_loop_instead_of_a_factory_for_a_block_is_refused_at_once(loop):
    with refused(loop), use_loop_factory(loop):
        pytest.fail("the block was entered")


def test_the_task_factory_of_a_loop_creates_the_tasks_of_jobs_at_all_depths(fake_time):
    def make_task(loop, coroutine, **options):
        made.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **options)

    def make_loop():
        loop = fake_time()
        loop.set_task_factory(make_task)
        return loop

    async def shut():
        pass

    made = []
    inner = Scheduler(Job(asyncio.sleep, 1, coshutdown=shut))
    scheduler = PureScheduler(Job(asyncio.sleep, 1), Scheduler(inner))
    assert scheduler.run(loop_factory=make_loop) is True
    assert made.count("JobTasks.drive") == 4
    assert made.count("serve") == 2  # for the job with a shutdown, and its scheduler
