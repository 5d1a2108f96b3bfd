"""What happens to a call whose job is cancelled, and to the time while it runs."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest

from asynciojobs import CallJob, Job, Scheduler
from asynciojobs._calls.futures import ThreadCall


def add(a, b=0):
    return a + b


async def turns_until(condition):
    """Let the loop run until a condition holds that no timer or event announces."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Blocker:
    """A function that waits until it is released; it records who calls it, and what it does."""

    def __init__(self, then=None):
        self.started = threading.Event()
        self.released = threading.Event()
        self.ended = False
        self.then = then

    def __call__(self):
        loop_has_turned = threading.Event()
        self.started.set()
        assert self.released.wait(30)
        # If nobody waited for us, the run would be over before the next turn of the loop.
        for _ in range(5):
            loop_has_turned.clear()
            self.loop.call_soon_threadsafe(loop_has_turned.set)
            assert loop_has_turned.wait(30)
        self.ended = True
        if self.then is not None:
            raise self.then

    async def cancel(self, awaitable, *, again=False):
        """Cancel the awaitable once the function runs, then release the function."""
        self.loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(awaitable)
        await asyncio.to_thread(self.started.wait)
        for _ in range(1 + again):
            task.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
        pending = not task.done()
        self.released.set()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        return pending, type(outcome), self.ended


WAITED_FOR = (
    "asynciojobs",
    20,
    (
        "<CallJob `j`> was cancelled, but its function runs already and can't be stopped: it "
        "is awaited"
    ),
)


@pytest.fixture
def info(caplog):
    caplog.set_level("INFO", logger="asynciojobs")
    return caplog


@pytest.mark.parametrize("pool", [None, "threads"])
@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("alone", [False, True], ids=["in a scheduler", "alone"])
def test_a_function_that_runs_in_a_thread_is_waited_for(
    in_loop, threads, info, pool, again, alone
):
    blocker = Blocker()
    job = CallJob(blocker, executor=None if pool is None else threads, label="j")
    awaitable = job.co_run() if alone else Scheduler(job).co_run()
    outcome = in_loop(blocker.cancel(awaitable, again=again))
    assert outcome == (True, asyncio.CancelledError, True)
    assert info.record_tuples == [WAITED_FOR]


@pytest.mark.parametrize("pool", [None, "threads"])
def test_what_a_function_raises_after_its_cancellation_is_logged(in_loop, threads, info, pool):
    blocker = Blocker(then=OSError("late"))
    job = CallJob(blocker, executor=None if pool is None else threads, label="j")
    in_loop(blocker.cancel(Scheduler(job).co_run()))
    assert info.record_tuples == [
        WAITED_FOR,
        ("asynciojobs", 40, "<CallJob `j`> was cancelled, and then its function raised"),
    ]
    assert info.records[1].exc_info[1] is blocker.then


def test_a_system_exit_after_the_cancellation_leaves_the_run(every_loop):
    blocker = Blocker(then=SystemExit(3))

    async def trip():
        blocker.loop = loop = asyncio.get_running_loop()
        await asyncio.to_thread(blocker.started.wait)
        loop.call_soon(loop.call_soon, blocker.released.set)  # once all jobs are cancelled
        raise ValueError

    with pytest.raises(SystemExit):
        Scheduler(CallJob(blocker), Job(trip)).run()
    assert blocker.ended


def test_a_run_that_ends_waits_for_the_function_of_a_forever_job(in_loop, info):
    blocker = Blocker()

    async def main():
        blocker.loop = asyncio.get_running_loop()
        forever = CallJob(blocker, forever=True, label="j")
        scheduler = Scheduler(forever, Job(asyncio.to_thread, blocker.started.wait))
        run = asyncio.ensure_future(scheduler.co_run())
        await turns_until(lambda: info.record_tuples == [WAITED_FOR])
        blocker.released.set()
        return await run, blocker.ended

    assert in_loop(main()) == (True, True)


@pytest.mark.parametrize("pool", [None, "threads"])
def test_a_call_in_the_queue_of_threads_never_runs(in_loop, threads, info, pool):
    blocker, calls = Blocker(), []

    async def main():
        blocker.loop = loop = asyncio.get_running_loop()
        executor = None if pool is None else threads
        loop.set_default_executor(threads)
        first = asyncio.ensure_future(CallJob(blocker, executor=executor).co_run())
        second = asyncio.ensure_future(CallJob(calls.append, 1, executor=executor).co_run())
        await turns_until(blocker.started.is_set)
        second.cancel()
        await asyncio.wait([second])
        blocker.released.set()
        await first
        return second.cancelled(), calls

    assert in_loop(main()) == (True, [])
    assert info.record_tuples == []


def test_a_call_that_is_withdrawn_leaves_the_queue_of_the_threads(in_loop):
    futures = []

    class Noting(ThreadPoolExecutor):
        def submit(self, *args):
            futures.append(super().submit(*args))
            return futures[-1]

    async def main():
        asyncio.get_running_loop().set_default_executor(Noting(1))
        gate = threading.Event()
        first = asyncio.ensure_future(CallJob(gate.wait, 30).co_run())
        second = asyncio.ensure_future(CallJob(add, 1).co_run())
        await turns_until(lambda: len(futures) == 2)
        second.cancel()
        await asyncio.wait([second])
        cancelled = futures[1].cancelled()
        gate.set()
        return await first, cancelled

    assert in_loop(main()) == (True, True)


class Remote(Executor):
    """Runs nothing by itself; the test looks at the futures of its calls."""

    def __init__(self):
        self.futures = []

    def submit(self, function, *args):
        future = Future()
        self.futures.append(future)
        return future


async def cancelled_on(remote, change):
    task = asyncio.ensure_future(CallJob(add, 1, executor=remote, label="j").co_run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    change(remote.futures[0])
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


def test_a_call_that_runs_elsewhere_is_left(in_loop, info):
    remote = Remote()
    assert in_loop(cancelled_on(remote, lambda it: it.set_running_or_notify_cancel()))
    assert (remote.futures[0].running(), info.record_tuples) == (
        True,
        [
            (
                "asynciojobs",
                20,
                (
                    "<CallJob `j`> was cancelled, but its function runs already and can't be "
                    "stopped: it goes on there, and is not awaited"
                ),
            )
        ],
    )


def test_a_call_in_the_queue_elsewhere_is_cancelled(in_loop, info):
    remote = Remote()
    assert in_loop(cancelled_on(remote, lambda it: None))
    assert (remote.futures[0].cancelled(), info.record_tuples) == (True, [])


def test_a_call_that_raises_as_its_job_is_cancelled_is_logged(in_loop, info):
    remote = Remote()
    assert in_loop(cancelled_on(remote, lambda it: it.set_exception(OSError("late"))))
    assert info.record_tuples == [
        ("asynciojobs", 40, "<CallJob `j`> was cancelled, and then its function raised")
    ]


def test_a_call_that_its_executor_cancels_fails_the_job(every_loop):
    remote = Remote()

    async def cancel():
        remote.futures[0].cancel()

    job = CallJob(add, 1, executor=remote, label="j")
    job.critical = False
    Scheduler(job, Job(cancel)).run()
    error = job.raised_exception()
    assert (type(error), str(error)) == (
        asyncio.CancelledError,
        "the call of <CallJob `j`> was cancelled by its executor",
    )


def test_a_call_that_the_threads_of_the_loop_give_up_fails_the_job(in_loop):
    async def main():
        pool = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(pool)
        gate = threading.Event()
        first = asyncio.ensure_future(CallJob(gate.wait, 30).co_run())
        second = asyncio.ensure_future(CallJob(add, 1, label="j").co_run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        pool.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(asyncio.CancelledError) as caught:
            await second
        gate.set()
        return await first, str(caught.value)

    told = "the call of <CallJob `j`> was cancelled by its executor"
    assert in_loop(main()) == (True, told)


def test_a_call_that_ends_when_the_loop_is_gone_harms_nobody(in_loop, caplog):
    remote = Remote()
    in_loop(cancelled_on(remote, lambda it: it.set_running_or_notify_cancel()))
    remote.futures[0].set_result(None)
    assert caplog.record_tuples == []


# -- the time of the testkit


@pytest.mark.parametrize("pool", [None, "threads"])
def test_the_clock_of_the_testkit_waits_for_a_call(every_loop, threads, pool):
    ticks = []

    def wait_for_ticks():
        return list(ticks)

    async def tick():
        await asyncio.sleep(1)
        ticks.append(1)

    called = CallJob(wait_for_ticks, executor=None if pool is None else threads)
    scheduler = Scheduler(Job(tick), called)
    assert (scheduler.run(), called.result(), called.ended_at) == (True, [], 0.0)


def test_a_thread_does_not_call_what_was_withdrawn_on_its_way_there():
    called: list[str] = []
    future: Future[object] = Future()
    call = ThreadCall(lambda: called.append("once"), future)
    future.cancel()
    call()
    assert (called, future.cancelled()) == ([], True)
