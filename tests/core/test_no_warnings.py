"""No coroutine is never awaited, and no exception never retrieved: Python would warn."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from asynciojobs import Job, PrintJob, PureScheduler, Scheduler


async def fail(seconds=0.0, error=ValueError):
    await asyncio.sleep(seconds)
    raise error


async def fail_in_clean_up():
    try:
        await asyncio.sleep(9)
    finally:
        raise ValueError


@pytest.fixture
def quiet(every_loop, recwarn, monkeypatch):
    """Collect garbage after the test, and check that there were no warnings.

    If the loop logs something, `every_loop` fails.
    """
    complaints = []
    monkeypatch.setattr("sys.unraisablehook", complaints.append)
    warnings.simplefilter("always")
    yield every_loop
    gc.collect()
    assert ([str(warning.message) for warning in recwarn], complaints) == ([], [])


def once(seconds=1.0, **options):
    """Return a job that Python would warn about if it never starts."""
    return Job(asyncio.sleep(seconds), **options)


def test_after_a_run(quiet):
    PureScheduler(once(), Scheduler(once())).run()


def test_jobs_that_a_failure_prevented_from_starting(quiet):
    bad = Job(fail())
    scheduler = PureScheduler(bad, once(required=bad), Scheduler(once(), required=bad))
    assert scheduler.run() is False


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_nested_jobs_that_a_failure_prevented_from_starting(quiet, depth):
    bad = Job(fail())
    scheduler = Scheduler(bad, once(required=bad), critical=False)
    for _ in range(depth):
        scheduler = Scheduler(scheduler, once())
    scheduler.run()


def test_jobs_that_got_no_slot(quiet):
    assert PureScheduler(Job(fail()), once(), once(), jobs_window=1).run() is False


@pytest.mark.parametrize("timeout", [0, 1])
def test_jobs_that_a_timeout_prevented_from_starting(quiet, timeout):
    slow = once(9)
    nested = Scheduler(once(), once(), required=slow)
    assert PureScheduler(slow, once(required=slow), nested, timeout=timeout).run() is False


def test_more_jobs_than_start_in_one_turn(quiet):
    assert PureScheduler(Job(fail), *(once(0) for _ in range(2000))).run() is False


@pytest.mark.parametrize("turn", range(12))
def test_a_run_that_is_cancelled_in_any_turn(quiet, in_loop, turn):
    async def main():
        first = once()
        scheduler = Scheduler(
            first, once(required=first), Scheduler(once(), once(), jobs_window=1)
        )
        run = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(0)
        for _ in range(turn):
            await asyncio.sleep(0)
        run.cancel()
        await asyncio.wait([run])

    in_loop(main())


def test_forever_jobs_that_were_not_started_at_the_end(quiet):
    first = once(9, forever=True)
    assert PureScheduler(first, once(required=first, forever=True), once()).run() is True


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_jobs_that_an_exit_prevented_from_starting(quiet, error):
    bad = Job(fail(error=error))
    scheduler = Scheduler(Scheduler(bad, once(required=bad)), once())
    with pytest.raises(error):
        scheduler.run()


def test_an_exit_in_an_observer_at_the_start_of_a_job(quiet):
    def leave(event):
        if event.kind == "started":
            raise KeyboardInterrupt

    scheduler = PureScheduler(once(), once())
    scheduler.observe(leave)
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()


def test_a_job_cancelled_before_its_first_step(quiet):
    async def killer():
        for task in asyncio.all_tasks():
            if task.get_name() == "victim":
                task.cancel()

    PureScheduler(Job(killer), once(label="victim"), once(label="victim")).run()


def test_a_nested_scheduler_that_is_refused_during_a_run(quiet):
    async def edit():
        inside.requires(outside)

    gate, outside, inside = Job(edit), once(), once()
    PureScheduler(gate, outside, Scheduler(inside, required=gate)).run()


def test_newcomers_that_come_too_late(quiet):
    async def add_and_fail():
        scheduler.update([once(), Scheduler(once())])
        raise ValueError

    scheduler = PureScheduler(Job(add_and_fail))
    scheduler.run()


def test_newcomers_that_have_a_cycle(quiet):
    async def add():
        a, b = once(), once()
        scheduler.update([a.requires(b), b.requires(a), Scheduler(once(), required=a)])

    scheduler = PureScheduler(Job(add))
    with pytest.raises(ValueError, match="^the requirements have a cycle"):
        scheduler.run()


def test_failures_of_jobs_that_nobody_looks_at(quiet):
    jobs = [Job(fail, critical=False) for _ in range(3)]
    PureScheduler(*jobs, Scheduler(Job(fail), critical=False)).run()


def test_failures_in_the_clean_up(quiet):
    PureScheduler(Job(fail_in_clean_up), Job(fail_in_clean_up), Job(fail, 1)).run()


def test_two_failures_in_one_turn(quiet):
    PureScheduler(Job(fail, 1), Job(fail, 1), Scheduler(Job(fail, 1))).run()


def test_failures_in_shutdowns(quiet):
    scheduler = Scheduler(
        Job(asyncio.sleep, 1, coshutdown=fail), Scheduler(Job(fail, coshutdown=fail))
    )
    with pytest.raises(ValueError):  # noqa: PT011 - any
        scheduler.run()
    scheduler.shutdown()


def test_shutdowns_that_run_out_of_time(quiet):
    PureScheduler(
        Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(9)),
        Job(asyncio.sleep, 1, coshutdown=fail_in_clean_up),
        shutdown_timeout=0.5,
    ).shutdown()


def test_a_future_that_failed(quiet, in_loop):
    async def main():
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError())
        await PureScheduler(Job(future)).co_run()

    in_loop(main())


def test_a_loop_that_is_stopped_during_a_run(quiet):
    async def stop():
        asyncio.get_running_loop().stop()
        await asyncio.sleep(1)

    scheduler = PureScheduler(Job(stop), once(), Scheduler(once()))
    with pytest.raises(RuntimeError, match="^Event loop stopped"):
        scheduler.run()


def test_a_loop_that_is_closed_during_a_run(fake_time, recwarn):
    async def stop():
        await asyncio.sleep(1)
        asyncio.get_running_loop().stop()
        await asyncio.sleep(1)

    loop = fake_time()
    logged = []
    loop.set_exception_handler(lambda _, context: logged.append(context["message"]))
    scheduler = PureScheduler(Job(stop), once(9), Scheduler(once(9)))
    run = loop.create_task(scheduler.co_run())
    loop.run_forever()
    loop.close()
    del run, scheduler
    gc.collect()
    # asyncio's own message about each pending task, but none of ours.
    assert (set(logged), [str(warning.message) for warning in recwarn]) == (
        {"Task was destroyed but it is pending!"},
        [],
    )


def test_a_refused_run_closes_nothing(quiet):
    a, b = once(), once()
    a.requires(b)
    scheduler = PureScheduler(a)
    with pytest.raises(ValueError, match="^<Job `sleep"):
        scheduler.run()
    scheduler.add(b)
    assert scheduler.run() is True


def test_a_scheduler_that_is_only_drawn_can_be_closed(quiet):
    async def shut():
        pass

    nested = Scheduler(Job(asyncio.sleep(1), coshutdown=shut()), PrintJob("x"))
    Scheduler(once(), nested).close_all_jobs()


def test_close_idle_jobs_closes_jobs_that_the_run_has_not_reached(quiet):
    coroutines = [asyncio.sleep(1) for _ in range(4)]
    running, scheduled, idle, deep = map(Job, coroutines)
    idle.requires(running)
    nested = Scheduler(deep, PrintJob("x"), required=running)

    async def close():
        scheduler.close_idle_jobs()
        closed.extend(coroutine.cr_frame is None for coroutine in coroutines)
        raise ValueError

    closed = []
    scheduler = PureScheduler(running, Job(close), scheduled, idle, nested, jobs_window=2)
    assert scheduler.run() is False
    assert closed == [False, False, True, True]


def test_python_warns_about_a_job_that_was_never_in_a_run():
    jobs = [once()]
    with pytest.warns(RuntimeWarning, match=r"^coroutine 'sleep' was never awaited$"):
        jobs.clear()
