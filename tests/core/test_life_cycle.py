"""The state of a job, from idle to done."""

from __future__ import annotations

import asyncio
import re

import pytest

from asynciojobs import ConsumedError, Job, PureScheduler, Scheduler


def phases(job):
    return job.is_idle(), job.is_scheduled(), job.is_running(), job.is_done()


IDLE = (True, False, False, False)
SCHEDULED = (False, True, False, False)
RUNNING = (False, True, True, False)
DONE = (False, True, True, True)


async def fails():
    raise ValueError("no")


def test_a_job_that_was_never_run_is_idle():
    assert phases(Job(fails)) == IDLE


def test_a_job_whose_requirement_runs_is_idle(every_loop):
    async def look():
        return phases(second)

    first = Job(look)
    second = Job(asyncio.sleep, 1, required=first)
    PureScheduler(first, second).run()
    assert first.result() == IDLE


@pytest.mark.parametrize("observed", [False, True])
def test_a_job_that_waits_for_a_slot_is_scheduled(every_loop, observed):
    async def look():
        return phases(second), second.repr_short()

    first = Job(look)
    second = Job(asyncio.sleep, 1, critical=False)
    scheduler = PureScheduler(first, second, jobs_window=1)
    if observed:
        scheduler.observe(lambda event: None)
    scheduler.run()
    assert first.result() == (SCHEDULED, "    ○  ")


def test_a_job_that_waited_for_a_requirement_and_waits_for_a_slot_is_scheduled(every_loop):
    async def look():
        return phases(last), last.repr_short()

    first = Job(asyncio.sleep, 1)
    second = Job(look, required=first)
    last = Job(asyncio.sleep, 1, required=first, critical=False)
    PureScheduler(first, second, last, jobs_window=1).run()
    assert second.result() == (SCHEDULED, "    ○  ")


def test_a_job_sees_itself_running(every_loop):
    async def look():
        return phases(job)

    job = Job(look)
    PureScheduler(job).run()
    assert job.result() == RUNNING


def test_a_job_that_returned_is_done(every_loop):
    job = Job(asyncio.sleep, 1)
    PureScheduler(job).run()
    assert phases(job) == DONE


def test_a_job_that_raised_is_done(every_loop):
    job = Job(fails)
    PureScheduler(job).run()
    assert phases(job) == DONE


def test_a_job_cancelled_by_the_end_of_the_run_stays_running(every_loop):
    job = Job(asyncio.sleep, 9)
    PureScheduler(job, timeout=1).run()
    assert phases(job) == RUNNING


def test_a_forever_job_cancelled_at_the_end_stays_running(every_loop):
    job = Job(asyncio.sleep, 9, forever=True)
    PureScheduler(job, Job(asyncio.sleep, 1)).run()
    assert phases(job) == RUNNING


@pytest.mark.parametrize("observed", [False, True])
def test_a_job_cancelled_by_the_end_of_the_run_is_shown_as_stopped(every_loop, observed):
    job = Job(asyncio.sleep, 9)
    scheduler = PureScheduler(job, timeout=1)
    if observed:
        scheduler.observe(lambda event: None)
    scheduler.run()
    assert repr(job) == "!   ■   <Job `sleep()`> [not done]"


def test_a_nested_scheduler_cancelled_by_the_end_of_the_run_is_shown_as_stopped(every_loop):
    inner = Scheduler(Job(asyncio.sleep, 9), label="s")
    PureScheduler(inner, timeout=1).run()
    assert inner.repr_short() == "!   ■  "


def test_a_job_in_its_clean_up_is_still_running(every_loop):
    async def clean_up_slowly():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(1)
            shown.append(job.repr_short())

    shown = []
    job = Job(clean_up_slowly)
    PureScheduler(job, timeout=1).run()
    assert [*shown, job.repr_short()] == ["!   ▸  ", "!   ■  "]


def test_a_stopped_job_is_idle_again_when_the_next_run_begins(every_loop):
    async def look():
        return job.repr_short()

    first = Job(look)
    job = Job(asyncio.sleep, 9, required=first, forever=True)
    scheduler = PureScheduler(first, Job(asyncio.sleep, 1), job)
    scheduler.run()
    scheduler.run()
    assert (first.result(), job.repr_short()) == ("!   · ∞", "!   ■ ∞")


def test_a_job_that_the_run_did_not_reach_stays_idle(every_loop):
    first = Job(fails)
    second = Job(asyncio.sleep, 1, required=first)
    PureScheduler(first, second).run()
    assert phases(second) == IDLE


def test_a_job_that_got_no_slot_before_the_end_stays_scheduled(every_loop):
    first = Job(fails)
    second = Job(asyncio.sleep, 1)
    PureScheduler(first, second, jobs_window=1).run()
    assert phases(second) == SCHEDULED


def test_a_job_that_returns_although_it_was_cancelled_is_done(every_loop):
    async def stubborn():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            return "anyway"

    job = Job(stubborn)
    PureScheduler(job, timeout=1).run()
    assert (phases(job), job.result()) == (DONE, "anyway")


def test_a_job_that_raises_in_its_clean_up_is_done(every_loop):
    async def clumsy():
        try:
            await asyncio.sleep(9)
        finally:
            raise error

    error = ValueError("in clean-up")
    job = Job(clumsy)
    PureScheduler(job, timeout=1).run()
    assert (phases(job), job.raised_exception()) == (DONE, error)


def test_times_are_none_before_the_run():
    job = Job(fails)
    assert (job.started_at, job.ended_at, job.duration()) == (None, None, None)


def test_times_are_on_the_clock_of_the_loop(every_loop):
    first = Job(asyncio.sleep, 1.5)
    second = Job(asyncio.sleep, 0.25, required=first)
    PureScheduler(first, second).run()
    assert (second.started_at, second.ended_at, second.duration()) == (1.5, 1.75, 0.25)


def test_a_running_job_has_no_end_and_no_duration(every_loop):
    async def look():
        return job.started_at, job.ended_at, job.duration()

    job = Job(look)
    PureScheduler(job).run()
    assert job.result() == (0, None, None)


def test_a_cancelled_job_has_an_end_and_a_duration(every_loop):
    job = Job(asyncio.sleep, 9)
    PureScheduler(job, timeout=2).run()
    assert (job.started_at, job.ended_at, job.duration()) == (0, 2, 2)


def test_the_end_of_a_cancelled_job_is_after_its_clean_up(every_loop):
    async def tidy():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(0.5)

    job = Job(tidy)
    PureScheduler(job, timeout=2).run()
    assert job.ended_at == 2.5


def test_a_job_starts_when_its_slot_is_free(every_loop):
    jobs = [Job(asyncio.sleep, 1) for _ in range(3)]
    PureScheduler(*jobs, jobs_window=1).run()
    assert [job.started_at for job in jobs] == [0, 1, 2]


def test_the_result_is_what_the_job_returned(every_loop):
    job = Job(asyncio.sleep, 1, "value")
    PureScheduler(job).run()
    assert job.result() == "value"


def test_the_result_of_a_job_that_is_not_done_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^<Job `x`> is idle, and has a result only once it is done$",
    ):
        Job(fails, label="x").result()


def test_the_result_of_a_cancelled_job_is_refused(every_loop):
    job = Job(asyncio.sleep, 9, label="x")
    PureScheduler(job, timeout=1).run()
    with pytest.raises(
        ValueError,
        match=r"^<Job `x`> is stopped, and has a result only once it is done$",
    ):
        job.result()


def test_the_result_of_a_job_that_raised_is_its_exception_again(every_loop):
    job = Job(fails)
    PureScheduler(job).run()
    with pytest.raises(ValueError, match=r"^no$") as caught:
        job.result()
    assert caught.value is job.raised_exception()


def test_calling_result_again_does_not_lengthen_the_traceback(every_loop):
    def length():
        with pytest.raises(ValueError, match="^no$") as caught:
            job.result()
        return len(caught.traceback)

    job = Job(fails)
    PureScheduler(job).run()
    assert length() == length()


def test_the_exception_of_a_job_that_did_not_raise_is_none(every_loop):
    job = Job(asyncio.sleep, 0)
    PureScheduler(job).run()
    assert job.raised_exception() is None


def test_the_exception_of_a_cancelled_job_is_none(every_loop):
    job = Job(asyncio.sleep, 9)
    PureScheduler(job, timeout=1).run()
    assert job.raised_exception() is None


def test_a_second_run_starts_from_idle(every_loop):
    seen = []

    async def look():
        seen.append((phases(second), second.started_at, second.raised_exception()))

    first = Job(look)
    second = Job(fails, required=first, critical=False)
    scheduler = PureScheduler(first, second)
    scheduler.run()
    scheduler.run()
    assert seen == [(IDLE, None, None)] * 2


def test_a_second_run_resets_jobs_at_all_depths(every_loop):
    async def look():
        return phases(deep)

    deep = Job(asyncio.sleep, 1)
    gate = Job(look)
    scheduler = PureScheduler(gate, Scheduler(Scheduler(deep), required=gate, label="middle"))
    scheduler.run()
    scheduler.run()
    assert gate.result() == IDLE


def test_a_second_run_that_stops_before_a_job_leaves_it_idle(every_loop):
    first = Job(asyncio.sleep, 1)
    second = Job(asyncio.sleep, 1, required=first)
    scheduler = PureScheduler(first, second)
    scheduler.run()
    scheduler.timeout = 0.5
    scheduler.run()
    assert (phases(second), second.started_at, second.ended_at) == (IDLE, None, None)


def test_a_consumed_coroutine_fails_in_a_second_run(every_loop):
    job = Job(asyncio.sleep(1), label="once")
    scheduler = PureScheduler(job)
    scheduler.run()
    scheduler.run()
    error = job.raised_exception()
    assert isinstance(error, ConsumedError)
    assert re.fullmatch(
        r"<Job `once`> was made of a coroutine, which can run only once: give it a "
        r"coroutine function and its arguments instead, Job\(function, \*args\)",
        str(error),
    )


def test_a_callable_that_returns_no_awaitable_fails(every_loop):
    job = Job(lambda: 3, label="sync")
    PureScheduler(job).run()
    error = job.raised_exception()
    assert isinstance(error, TypeError)
    assert re.fullmatch(
        r"<Job `sync`> called <function .*>, which must return an awaitable, but "
        r"returned 3: make it an `async def`, or take CallJob\(function, \*args\)",
        str(error),
    )


def test_a_callable_that_raises_fails(every_loop):
    def bad():
        raise LookupError("before the coroutine")

    job = Job(bad)
    PureScheduler(job).run()
    assert repr(job.raised_exception()) == "LookupError('before the coroutine')"


def test_a_job_that_awaits_nothing_is_done(every_loop):
    async def at_once():
        return 7

    job = Job(at_once)
    assert (PureScheduler(job).run(), job.result()) == (True, 7)


def test_an_awaitable_object_can_be_a_job(every_loop):
    class Awaitable:
        def __await__(self):
            yield from asyncio.sleep(1).__await__()
            return "slept"

    job = Job(Awaitable())
    PureScheduler(job).run()
    assert (job.result(), job.duration()) == ("slept", 1)


def test_a_generator_based_coroutine_can_be_a_job(every_loop):
    import types

    @types.coroutine
    def old_style():
        yield from asyncio.sleep(1).__await__()
        return "old"

    once, again = Job(old_style()), Job(old_style)
    PureScheduler(once, again).run()
    assert (once.result(), again.result()) == ("old", "old")


def test_a_future_can_be_a_job(in_loop):
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(2, future.set_result, "there")
        job = Job(future)
        await PureScheduler(job).co_run()
        return job.result(), job.duration()

    assert in_loop(main()) == ("there", 2)


def test_a_future_that_fails_is_a_job_that_raised(in_loop):
    async def main():
        error = ValueError("by the future")
        future = asyncio.get_running_loop().create_future()
        future.set_exception(error)
        job = Job(future)
        await PureScheduler(job).co_run()
        return job.raised_exception() is error

    assert in_loop(main()) is True


def test_a_future_of_a_job_that_is_cancelled_is_cancelled(in_loop):
    async def main():
        future = asyncio.get_running_loop().create_future()
        await PureScheduler(Job(future), timeout=1).co_run()
        return future.cancelled()

    assert in_loop(main()) is True


def test_a_task_is_named_after_the_label_of_its_job(every_loop):
    async def name():
        await asyncio.sleep(0)  # Python 3.12 names an eager task only after its first step
        return asyncio.current_task().get_name()

    job = Job(name, label="fetch")
    PureScheduler(job).run()
    assert job.result() == "fetch"


def test_a_task_of_a_job_without_label_is_named_after_its_function(every_loop):
    async def fetch():
        await asyncio.sleep(0)
        return asyncio.current_task().get_name()

    job = Job(fetch)
    PureScheduler(job).run()
    assert job.result() == fetch.__qualname__


@pytest.mark.parametrize("label", [3, "", None, ["list"], object()])
def test_any_object_can_be_the_label_of_a_job_that_runs(every_loop, label):
    assert PureScheduler(Job(asyncio.sleep, 0, label=label)).run() is True


@pytest.mark.parametrize(
    "error", [StopIteration(), StopAsyncIteration(), GeneratorExit(), BaseException()]
)
def test_a_job_that_raises_an_exception_of_pythons_own_machinery_has_failed(every_loop, error):
    async def job():
        raise error

    bad = Job(job, critical=False)
    after = Job(asyncio.sleep, 1, required=bad)
    assert PureScheduler(bad, after).run() is True
    assert bad.raised_exception() is not None
