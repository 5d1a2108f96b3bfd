"""What threads other than the event loop's may call during a run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import re
import threading

import pytest

from asynciojobs import (
    AlreadyRunningError,
    CallJob,
    CycleError,
    Job,
    PureScheduler,
    Scheduler,
    _threads,
    use_loop_factory,
)
from asynciojobs._threads import call_in_loop

SOON = 30
"""How long a thread waits for something that must happen (seconds)."""


def uvloop_loop():
    return pytest.importorskip("uvloop").new_event_loop()


def debugging_loop():
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    return loop


@pytest.fixture(params=[asyncio.new_event_loop, debugging_loop, uvloop_loop])
def real_loop(request):
    with use_loop_factory(request.param):
        yield


def noting(event):
    """Return a coroutine function that sets a `threading.Event`."""

    async def note():
        event.set()

    return note


def of_a_thread(function, *args):
    """Return the result or exception of a function in a thread that has no event loop."""
    outcome = []

    def call():
        try:
            outcome.append(function(*args))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return outcome[0]


# -- add() and update()


def check_that_newcomers_start_at_once(add):
    """The thread goes on only once the new job has started, so it must start before."""
    started = threading.Event()
    new = Job(noting(started))

    def split():
        add(scheduler, new)
        return started.wait(SOON), new in scheduler

    splitter = CallJob(split)
    scheduler = Scheduler(splitter)
    assert scheduler.run()
    assert (splitter.result(), new.is_done()) == ((True, True), True)


@pytest.mark.parametrize("name", ["add", "update"])
def test_a_job_that_a_thread_adds_starts_at_once(real_loop, name):
    check_that_newcomers_start_at_once(lambda scheduler, job: getattr(scheduler, name)(job))


def test_a_job_that_a_thread_adds_starts_at_once_in_any_loop(every_loop):
    check_that_newcomers_start_at_once(lambda scheduler, job: scheduler.add(job))


def test_a_job_made_in_a_thread_with_the_option_scheduler_starts_at_once(real_loop):
    started = threading.Event()

    def split():
        Job(noting(started), scheduler=scheduler)
        return started.wait(SOON)

    splitter = CallJob(split)
    scheduler = Scheduler(splitter)
    assert (scheduler.run(), splitter.result(), len(scheduler)) == (True, True, 2)


def test_a_thread_adds_a_job_to_a_nested_scheduler_that_is_running(real_loop):
    started = threading.Event()

    def split():
        inner.add(Job(noting(started)))
        return started.wait(SOON)

    splitter = CallJob(split)
    inner = Scheduler(splitter)
    assert (Scheduler(inner).run(), splitter.result()) == (True, True)


def test_a_thread_adds_jobs_and_makes_a_last_one_wait_for_them(real_loop):
    order = []

    async def note(name):
        order.append(name)

    def split():
        for name in "abc":
            merge.requires(scheduler.add(Job(note, name)))

    splitter = CallJob(split)
    merge = Job(note, "merged", required=splitter)
    scheduler = Scheduler(splitter, merge)
    assert (scheduler.run(), order) == (True, ["a", "b", "c", "merged"])


def test_a_thread_adds_a_job_with_all_that_it_depends_on(real_loop):
    total = CallJob(sum, [CallJob(pow, number, 3) for number in range(4)])
    splitter = CallJob(lambda: scheduler.add(total, upstream=True))
    scheduler = Scheduler(splitter)
    assert (scheduler.run(), total.result(), len(scheduler)) == (True, 36, 6)


def test_a_thread_that_no_loop_started_adds_jobs(real_loop):
    started = threading.Event()

    async def main():
        new = Job(noting(started))
        await asyncio.to_thread(of_a_thread, scheduler.add, new)
        return new

    job = Job(main)
    scheduler = Scheduler(job)
    assert (scheduler.run(), job.result().is_done()) == (True, True)


def test_many_threads_add_jobs_at_the_same_time(real_loop):
    async def nothing():
        pass

    def split():
        for _ in range(50):
            scheduler.add(Job(nothing))

    scheduler = Scheduler(*(CallJob(split) for _ in range(4)))
    assert scheduler.run()
    assert [job.is_done() for job in scheduler] == [True] * 204


def test_the_errors_of_adding_come_to_the_thread(real_loop):
    taken = Job(asyncio.sleep, 0)

    def split():
        with pytest.raises(AlreadyRunningError) as caught:
            scheduler.add(taken)
        with pytest.raises(TypeError, match="^a scheduler is made of jobs and sequences, "):
            scheduler.add("x")
        with pytest.raises(ValueError, match="can't be put in itself$"):
            scheduler.add(scheduler)
        return caught.value.busy

    async def main():
        gate = asyncio.Event()
        opened = Job(gate.wait)
        other = asyncio.ensure_future(Scheduler(opened, taken.requires(opened)).co_run())
        result = await scheduler.co_run()
        gate.set()
        return result, await other

    splitter = CallJob(split)
    scheduler = Scheduler(splitter)
    assert asyncio.run(main()) == (True, True)
    assert (splitter.result(), list(scheduler)) == (taken, [splitter])


def test_a_cycle_that_a_thread_makes_ends_the_run(real_loop):
    def split():
        a, b = Job(asyncio.sleep, 0), Job(asyncio.sleep, 0)
        scheduler.update([a.requires(b), b.requires(a)])

    scheduler = Scheduler(CallJob(split))
    with pytest.raises(CycleError):
        scheduler.run()


def test_a_job_that_joins_when_the_run_is_over_is_only_added():
    new = Job(asyncio.sleep, 0)
    scheduler = Scheduler()
    thread = threading.Thread(target=scheduler.add, args=(new,))

    async def last():
        loop = asyncio.get_running_loop()
        handed_over = threading.Event()
        call_soon_threadsafe = loop.call_soon_threadsafe

        def noting(*args, **kwargs):
            call_soon_threadsafe(*args, **kwargs)
            handed_over.set()

        loop.call_soon_threadsafe = noting
        thread.start()
        assert handed_over.wait(SOON)  # the loop makes that call after the end of this job

    scheduler.add(Job(last))
    assert scheduler.run(loop_factory=asyncio.new_event_loop)
    thread.join(SOON)
    assert (new in scheduler, new.is_idle(), PureScheduler(new).run()) == (True, True, True)


def test_a_job_is_added_here_between_two_steps_of_a_loop():
    async def start():
        return asyncio.ensure_future(scheduler.co_run()), await asyncio.sleep(0)

    async def finish(run):
        gate.set()
        return await run

    gate = asyncio.Event()
    scheduler = Scheduler(Job(gate.wait))
    new = Job(asyncio.sleep, 0)
    with asyncio.Runner() as runner:
        run, _ = runner.run(start())
        scheduler.add(new)
        assert (runner.run(finish(run)), new.is_done()) == (True, True)


class Messages(logging.Handler):
    """Keeps what is logged, and tells a thread that waits for it."""

    def __init__(self):
        super().__init__()
        self.messages = []
        self.logged = threading.Event()

    def emit(self, record):
        self.messages.append(record.getMessage())
        self.logged.set()


def test_a_thread_that_waits_for_a_loop_that_is_blocked_is_logged_once(monkeypatch):
    monkeypatch.setattr(_threads, "PATIENCE", 0.001)
    monkeypatch.setattr(logging.getLogger("asynciojobs"), "handlers", [log := Messages()])
    waits = []

    def wait(*args):
        waits.append(args)
        if len(waits) == 3:
            waited_long.set()
        return concurrent.futures.wait(*args)

    def split():
        threading.current_thread().name = "splitter"
        scheduler.add(Job(asyncio.sleep, 0))

    async def block():
        return log.logged.wait(SOON), waited_long.wait(SOON)

    waited_long = threading.Event()
    monkeypatch.setattr(_threads, "wait", wait)
    blocking = Job(block)
    scheduler = Scheduler(CallJob(split), blocking, label="s")
    assert (scheduler.run(), blocking.result()) == (True, (True, True))
    assert log.messages == [
        "the thread splitter waits to add jobs to <Scheduler `s`>: the event loop is blocked"
    ]


# -- handing over a call


class Loop:
    """A loop that is closed, or stops before it makes the call."""

    def __init__(self, *, closed=False, late=False):
        self.closed, self.late, self.call = closed, late, None

    def call_soon_threadsafe(self, function, *args):
        if self.closed:
            raise RuntimeError("Event loop is closed")
        self.call = (function, *args)

    def is_running(self):
        if self.late:  # it has made the call before it stopped
            self.make_call()
        return False

    def make_call(self):
        function, *args = self.call
        function(*args)


def test_a_loop_that_is_closed_leaves_the_call_to_the_thread():
    calls = []
    call_in_loop(Loop(closed=True), lambda: calls.append(1), "test")
    assert calls == [1]


def test_a_loop_that_stops_leaves_the_call_to_the_thread(monkeypatch):
    monkeypatch.setattr(_threads, "PATIENCE", 0)
    calls = []
    loop = Loop()
    call_in_loop(loop, lambda: calls.append(1), "test")
    loop.make_call()  # so it goes on after all
    assert calls == [1]


def test_a_loop_that_stops_after_the_call_has_made_it(monkeypatch, caplog):
    monkeypatch.setattr(_threads, "PATIENCE", 0)
    calls = []
    call_in_loop(Loop(late=True), lambda: calls.append(1), "test")
    assert calls == [1]


# -- other methods


def test_a_run_and_removals_are_refused_in_another_thread(real_loop):
    def call():
        for refused in (scheduler.run, lambda: scheduler.remove(job)):
            with pytest.raises(AlreadyRunningError):
                refused()
        return True

    job = CallJob(call)
    scheduler = Scheduler(job)
    assert (scheduler.run(), job.result()) == (True, True)


IN_USE = re.escape(
    "<Scheduler `s`> is in use in the event loop of another thread: shut it down there, by "
    "asyncio.run_coroutine_threadsafe(scheduler.co_shutdown(), loop)"
)


def test_a_shutdown_during_a_run_is_refused_in_another_thread(real_loop):
    def call():
        with pytest.raises(RuntimeError, match=f"^{IN_USE}$"):
            scheduler.shutdown()
        return True

    job = CallJob(call)
    scheduler = Scheduler(job, label="s")
    assert (scheduler.run(), job.result()) == (True, True)


def test_a_shutdown_during_another_one_is_refused_in_another_thread(real_loop):
    errors = []

    async def shut_down_twice():
        errors.append(await asyncio.to_thread(of_a_thread, scheduler.shutdown))

    job = Job(asyncio.sleep, 0, coshutdown=shut_down_twice)
    scheduler = Scheduler(job, label="s", shutdown_timeout=None)
    assert (scheduler.run(), scheduler.shutdown()) == (True, True)
    assert re.match(f"^{IN_USE}$", str(errors[0]))


def test_a_thread_can_have_the_loop_shut_the_jobs_down(real_loop):
    calls = []

    async def tidy():
        calls.append("tidy")

    async def main():
        loop = asyncio.get_running_loop()

        def call():
            future = asyncio.run_coroutine_threadsafe(scheduler.co_shutdown(), loop)
            return future.result(SOON)

        job = CallJob(call)
        scheduler = Scheduler(job, Job(asyncio.sleep, 0, coshutdown=tidy))
        return await scheduler.co_run(), job.result()

    assert (asyncio.run(main()), calls) == ((True, True), ["tidy"])


def test_an_observer_of_a_thread_is_called_in_the_thread_of_the_loop(real_loop):
    threads = []

    def call():
        with scheduler.observe(lambda event: threads.append(threading.current_thread())):
            started = threading.Event()
            scheduler.add(Job(noting(started)))
            started.wait(SOON)

    scheduler = Scheduler(CallJob(call))
    assert scheduler.run()
    assert set(threads) == {threading.current_thread()}


def test_a_thread_sees_how_jobs_stand(real_loop):
    def call():
        first = scheduler.add(Job(noting(started)))
        started.wait(SOON)
        return first.is_running(), job.is_running(), job.is_done(), scheduler.why()

    started = threading.Event()
    job = CallJob(call)
    scheduler = PureScheduler(job)
    assert (scheduler.run(), job.result()) == (True, (True, True, False, "FINE"))
