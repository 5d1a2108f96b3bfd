"""What holds for calls by each kind of executor and engine, each for real."""

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
"""Of a large result (bytes)."""


def value_of(job):
    """Return the value of a job that is done, wherever it is kept."""
    return asyncio.run(job.fetch())


def raised_by(function, *args, executor, **options):
    """Run one call that is to raise; return the exception."""
    job = CallJob(function, *args, executor=executor, critical=False, label="j", **options)
    assert Scheduler(job).run()
    return job.raised_exception()


async def there(path: Path) -> None:
    """Wait until a file is there."""
    await asyncio.to_thread(wait_for, path)


@pytest.fixture
def info(caplog):
    caplog.set_level("INFO", logger="asynciojobs")
    return caplog


# -- values


def test_the_value_of_a_call(executor):
    job = CallJob(add, 1, kwargs={"b": 2}, executor=executor)
    assert (Scheduler(job).run(), value_of(job)) == (True, 3)


def test_a_value_is_handed_over_from_call_to_call(executor):
    one = CallJob(add, 1, executor=executor)
    two = CallJob(add, one, kwargs={"b": one}, executor=executor)
    three = CallJob(add, two, 1)
    assert (Scheduler(one, two, three).run(), three.result()) == (True, 3)


def test_a_job_runs_again(executor):
    job = CallJob(os.urandom, 8, executor=executor)
    scheduler = Scheduler(job)
    values = {value_of(job) for _ in range(2) if scheduler.run()}
    assert len(values) == 2


@pytest.mark.filterwarnings("ignore:Sending large graph")  # Dask's advice, not to do this
def test_a_large_result_is_handed_over(executor, kind):
    large = CallJob(payload, SIZE, executor=executor)
    size = CallJob(len, large, executor=executor)
    assert Scheduler(large, size).run()
    assert (value_of(size), isinstance(large.result(), bytes)) == (
        SIZE,
        not kind.hands_over_handles,
    )
    assert value_of(large) == b"x" * SIZE


def test_2000_jobs(executor):
    jobs = [CallJob(add, number, executor=executor) for number in range(2000)]
    total = CallJob(lambda *numbers: sum(numbers), *jobs)
    assert (Scheduler(*jobs, total).run(), total.result()) == (True, 1999 * 1000)


# -- exceptions


def test_an_exception_arrives_with_its_traceback(executor):
    error = raised_by(fail, "no", executor=executor)
    shown = "".join(traceback.format_exception(error))
    assert (type(error), str(error), "in raise_from_the_depth" in shown) == (
        ValueError,
        "no",
        True,
    )


def test_debrief_shows_where_it_was(executor, capsys):
    scheduler = Scheduler(CallJob(fail, "no", executor=executor, critical=False))
    scheduler.run()
    scheduler.debrief()
    assert "in raise_from_the_depth" in capsys.readouterr().out


def test_a_critical_call_ends_the_run_by_its_exception(executor):
    with pytest.raises(ValueError, match="^no$"):
        Scheduler(CallJob(fail, "no", executor=executor)).run()


def test_a_call_whose_argument_raised_is_not_made(executor, tmp_path):
    failed = CallJob(fail, "no", executor=executor, critical=False)
    job = CallJob(hold, tmp_path, failed, executor=executor, critical=False)
    assert Scheduler(failed, job).run()
    assert (type(job.raised_exception()), list(tmp_path.iterdir())) == (RequirementFailed, [])


def test_stop_iteration_is_a_runtime_error(executor):
    assert type(raised_by(stop_iteration, executor=executor)) is RuntimeError


# -- cancellation


def test_a_call_in_the_queue_never_runs(executor, kind, tmp_path):
    # Some executors take a few calls out of the queue in advance.
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

    assert asyncio.run(main())
    ended = {path.name for path in tmp_path.glob("* ended")}
    assert (ended, (tmp_path / f"{names[-1]} begun").exists()) == (
        {f"{name} ended" for name in names[:-1]},
        False,
    )


def test_a_call_that_runs_is_waited_for_in_threads_and_left_elsewhere(
    executor, kind, tmp_path, info
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

    assert asyncio.run(main()) == (kind.in_threads, True)
    wait_for(tmp_path / "j ended")  # what was left goes on to its end


def test_a_call_that_can_not_be_stopped_is_told_in_the_log(executor, kind, tmp_path, info):
    async def main():
        job = CallJob(hold, tmp_path, "j", executor=executor)
        run = asyncio.ensure_future(job.co_run())
        await there(tmp_path / "j begun")
        run.cancel()
        await asyncio.sleep(0)
        (tmp_path / "go").touch()
        await asyncio.wait([run])

    asyncio.run(main())
    wait_for(tmp_path / "j ended")
    levels = [record.levelname for record in info.records if record.name == "asynciojobs"]
    assert levels == ([] if kind.believed_cancelled else ["INFO"])


def test_a_timeout_ends_the_run(executor, kind, tmp_path):
    async def main():
        job = CallJob(hold, tmp_path, "j", executor=executor)
        scheduler = Scheduler(job, timeout=0.1, critical=False)
        if kind.in_threads:
            asyncio.get_running_loop().call_later(0.2, (tmp_path / "go").touch)
        return await scheduler.co_run(), scheduler.failed_time_out(), job.is_done()

    assert asyncio.run(main()) == (False, True, False)
    (tmp_path / "go").touch()


# -- windows


def test_a_window_is_respected_on_the_other_side(executor, tmp_path):
    jobs = [CallJob(beside, tmp_path, number, executor=executor) for number in range(20)]
    assert Scheduler(*jobs, jobs_window=1).run()
    assert [value_of(job) for job in jobs] == [1] * 20


def test_a_window_of_two_lets_two_run_at_once(executor, tmp_path):
    jobs = [CallJob(meet, tmp_path, number, executor=executor) for number in range(2)]
    assert Scheduler(*jobs, jobs_window=2).run()


# -- what can't be pickled


def test_a_function_in_no_module(executor, kind):
    def inner():
        return 3

    job = CallJob(inner, executor=executor, critical=False, label="j")
    assert Scheduler(job).run()
    error = job.raised_exception()
    if kind.sends_closures:
        assert value_of(job) == 3
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
def test_an_argument_that_can_not_be_pickled(executor, kind, args, kwargs, part):
    error = raised_by(add, *args, kwargs=kwargs, executor=executor)
    if kind.in_threads:
        assert type(error) is TypeError
    else:
        assert (type(error), error.part) == (NotPicklableError, part)


def test_a_result_that_can_not_be_pickled(executor, kind):
    if not kind.sends_errors_back:
        pytest.skip(f"{kind.name}: such a call never ends")
    job = CallJob(give_lock, executor=executor, critical=False, label="j")
    assert Scheduler(job).run()
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
    """An executor for one test, which may kill what it has."""
    with kind.make() as executor:
        yield executor


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_worker_that_is_killed(own, kind, tmp_path):
    if kind.in_threads:
        pytest.skip("a thread can't be killed")

    async def main():
        job = CallJob(hold_once, tmp_path, executor=own, critical=False, label="j")
        run = asyncio.ensure_future(Scheduler(job).co_run())
        await there(tmp_path / "begun")
        os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        assert await run
        return job

    job = asyncio.run(main())
    if kind.calls_again:
        assert value_of(job) == "called again"
    else:
        assert type(job.raised_exception()) is BrokenPoolError


def test_an_exception_that_can_not_be_unpickled(own, kind):
    error = raised_by(fail_for_two, executor=own)
    assert type(error).__name__ == kind.unpicklable
