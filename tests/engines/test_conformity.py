"""Calls by real executors and engines: these tests hold for each kind."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import traceback
from pathlib import Path

import pytest
from kinds import EVERYTHING, WORKERS
from remotework import (
    add,
    beside,
    fail,
    fail_for_two,
    give_lock,
    hold,
    hold_once,
    meet,
    payload,
    stop_iteration,
    wait_for,
)

from asynciojobs import (
    BrokenPoolError,
    CallJob,
    NotPicklableError,
    RequirementFailed,
    Scheduler,
)

SIZE = 32 * 2**20 if EVERYTHING else 2**20
"""The size of a large result (bytes)."""


def raised_by(place, function, *args, **options):
    """Run one call that must raise; return the exception."""
    job = CallJob(
        function, *args, executor=place.executor, critical=False, label="j", **options
    )
    assert place.run(Scheduler(job).co_run())
    return job.raised_exception()


async def there(path: Path) -> None:
    """Wait until a file exists."""
    await asyncio.to_thread(wait_for, path)


@pytest.fixture
def info(caplog):
    caplog.set_level("INFO", logger="asynciojobs")
    return caplog


# -- values


def test_the_value_of_a_call(executor, in_loop):
    job = CallJob(add, 1, kwargs={"b": 2}, executor=executor)
    assert (in_loop(Scheduler(job).co_run()), in_loop(job.fetch())) == (True, 3)


def test_a_value_is_handed_over_from_call_to_call(executor, in_loop):
    one = CallJob(add, 1, executor=executor)
    two = CallJob(add, one, kwargs={"b": one}, executor=executor)
    three = CallJob(add, two, 1)
    assert (in_loop(Scheduler(one, two, three).co_run()), three.result()) == (True, 3)


def test_a_job_runs_again(executor, in_loop):
    job = CallJob(os.urandom, 8, executor=executor)
    scheduler = Scheduler(job)
    values = {in_loop(job.fetch()) for _ in range(2) if in_loop(scheduler.co_run())}
    assert len(values) == 2


@pytest.mark.filterwarnings("ignore:Sending large graph")  # Dask advises against this
def test_a_large_result_is_handed_over(executor, in_loop, kind):
    large = CallJob(payload, SIZE, executor=executor)
    size = CallJob(len, large, executor=executor)
    assert in_loop(Scheduler(large, size).co_run())
    assert (in_loop(size.fetch()), isinstance(large.result(), bytes)) == (
        SIZE,
        not kind.hands_over_handles,
    )
    assert in_loop(large.fetch()) == b"x" * SIZE


def test_2000_jobs(executor, in_loop):
    jobs = [CallJob(add, number, executor=executor) for number in range(2000)]
    total = CallJob(lambda *numbers: sum(numbers), *jobs)
    assert (in_loop(Scheduler(*jobs, total).co_run()), total.result()) == (True, 1999 * 1000)


# -- exceptions


def test_an_exception_arrives_with_its_traceback(place):
    error = raised_by(place, fail, "no")
    shown = "".join(traceback.format_exception(error))
    assert (type(error), str(error), "in raise_from_the_depth" in shown) == (
        ValueError,
        "no",
        True,
    )


def test_debrief_shows_where_the_exception_was_raised(executor, in_loop, capsys):
    scheduler = Scheduler(CallJob(fail, "no", executor=executor, critical=False))
    in_loop(scheduler.co_run())
    scheduler.debrief()
    assert "in raise_from_the_depth" in capsys.readouterr().out


def test_a_critical_call_ends_the_run_by_its_exception(executor, in_loop):
    with pytest.raises(ValueError, match=r"^no\nraised by <CallJob `fail\(\)`>$"):
        in_loop(Scheduler(CallJob(fail, "no", executor=executor)).co_run())


def test_a_call_whose_argument_raised_is_not_made(executor, in_loop, tmp_path):
    failed = CallJob(fail, "no", executor=executor, critical=False)
    job = CallJob(hold, tmp_path, failed, executor=executor, critical=False)
    assert in_loop(Scheduler(failed, job).co_run())
    assert (type(job.raised_exception()), list(tmp_path.iterdir())) == (RequirementFailed, [])


def test_stop_iteration_is_a_runtime_error(place):
    assert type(raised_by(place, stop_iteration)) is RuntimeError


# -- cancellation


def test_a_call_in_the_queue_never_runs(executor, in_loop, kind, tmp_path):
    # The queue is long because some executors take a few calls out in advance.
    names = [str(number) for number in range(8 * WORKERS)]

    async def main():
        jobs = {name: CallJob(hold, tmp_path, name, executor=executor) for name in names}
        tasks = [asyncio.ensure_future(job.co_run()) for job in jobs.values()]
        await there(tmp_path / "0 begun")
        tasks[-1].cancel()
        await asyncio.wait(tasks[-1:])
        await asyncio.sleep(kind.cancels_within)
        (tmp_path / "go").touch()
        await asyncio.wait(tasks[:-1])
        return tasks[-1].cancelled()

    assert in_loop(main())
    ended = {path.name for path in tmp_path.glob("* ended")}
    assert (ended, (tmp_path / f"{names[-1]} begun").exists()) == (
        {f"{name} ended" for name in names[:-1]},
        False,
    )


def test_a_running_call_is_waited_for_in_threads_and_abandoned_elsewhere(
    executor, in_loop, kind, tmp_path, info
):
    async def main():
        scheduler = Scheduler(CallJob(hold, tmp_path, "j", executor=executor))
        run = asyncio.ensure_future(scheduler.co_run())
        await there(tmp_path / "j begun")
        run.cancel()
        await asyncio.wait([run], timeout=0.05 if kind.in_threads else None)
        pending = not run.done()
        (tmp_path / "go").touch()
        await asyncio.wait([run])
        return pending, (tmp_path / "j ended").exists() or not kind.in_threads

    assert in_loop(main()) == (kind.in_threads, True)
    wait_for(tmp_path / "j ended")  # an abandoned call goes on to its end


def test_a_call_that_can_not_be_stopped_is_logged(executor, in_loop, kind, tmp_path, info):
    async def main():
        job = CallJob(hold, tmp_path, "j", executor=executor)
        run = asyncio.ensure_future(job.co_run())
        await there(tmp_path / "j begun")
        run.cancel()
        await asyncio.sleep(0)
        (tmp_path / "go").touch()
        await asyncio.wait([run])

    in_loop(main())
    wait_for(tmp_path / "j ended")
    levels = [record.levelname for record in info.records if record.name == "asynciojobs"]
    assert levels == ([] if kind.believed_cancelled else ["INFO"])


def test_a_timeout_ends_the_run(executor, in_loop, kind, tmp_path):
    async def main():
        job = CallJob(hold, tmp_path, "j", executor=executor)
        scheduler = Scheduler(job, timeout=0.1, critical=False)
        if kind.in_threads:
            asyncio.get_running_loop().call_later(0.2, (tmp_path / "go").touch)
        return await scheduler.co_run(), scheduler.failed_time_out(), job.is_done()

    assert in_loop(main()) == (False, True, False)
    (tmp_path / "go").touch()


# -- windows


def test_a_window_is_respected_in_the_workers(executor, in_loop, tmp_path):
    jobs = [CallJob(beside, tmp_path, number, executor=executor) for number in range(20)]
    assert in_loop(Scheduler(*jobs, jobs_window=1).co_run())
    assert [in_loop(job.fetch()) for job in jobs] == [1] * 20


def test_a_window_of_two_lets_two_run_at_once(executor, in_loop, tmp_path):
    jobs = [CallJob(meet, tmp_path, number, executor=executor) for number in range(2)]
    assert in_loop(Scheduler(*jobs, jobs_window=2).co_run())


# -- what can't be pickled


def test_a_function_in_no_module(executor, in_loop, kind):
    def inner():
        return 3

    job = CallJob(inner, executor=executor, critical=False, label="j")
    assert in_loop(Scheduler(job).co_run())
    error = job.raised_exception()
    if kind.sends_closures:
        assert in_loop(job.fetch()) == 3
    else:
        assert (type(error), error.part) == (NotPicklableError, f"its function {inner!r}")


@pytest.mark.parametrize(
    ("args", "kwargs", "part"),
    [
        ((1, threading.Lock()), {}, "argument 2 of its function (of type lock)"),
        ((1,), {"b": threading.Lock()}, "argument 'b' of its function (of type lock)"),
    ],
    ids=["in its place", "by name"],
)
def test_an_argument_that_can_not_be_pickled(place, kind, args, kwargs, part):
    error = raised_by(place, add, *args, kwargs=kwargs)
    if kind.in_threads:
        assert type(error) is TypeError
    else:
        assert (type(error), error.part) == (NotPicklableError, part)


def test_a_result_that_can_not_be_pickled(executor, in_loop, kind):
    if not kind.sends_errors_back:
        pytest.skip(f"{kind.name}: such a call never ends")
    job = CallJob(give_lock, executor=executor, critical=False, label="j")
    assert in_loop(Scheduler(job).co_run())
    if kind.in_threads or kind.hands_over_handles:
        assert job.raised_exception() is None
    else:
        assert (type(job.raised_exception()), job.raised_exception().part) == (
            NotPicklableError,
            "what its function returned or raised",
        )


# -- workers that die


@pytest.fixture
def own(kind):
    """A place for one test, which may kill its workers."""
    with kind.make() as place:
        yield place


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_worker_that_is_killed(own, kind, tmp_path):
    if kind.in_threads:
        pytest.skip("a thread can't be killed")

    async def main():
        job = CallJob(hold_once, tmp_path, executor=own.executor, critical=False, label="j")
        run = asyncio.ensure_future(Scheduler(job).co_run())
        await there(tmp_path / "begun")
        os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        assert await run
        return job

    job = own.run(main())
    if kind.calls_again:
        assert own.run(job.fetch()) == "called again"
    else:
        assert type(job.raised_exception()) is BrokenPoolError


def test_an_exception_that_can_not_be_unpickled(own, kind):
    error = raised_by(own, fail_for_two)
    assert type(error).__name__ == kind.unpicklable
