"""`co_shutdown()`: it is called once a run for each job, whatever the others do."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from unittest import mock

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence


class Calls(list):
    """A list of the jobs that were shut down, and when."""

    def coshutdown(self, name, *, seconds=0.0, error=None):
        async def shut(*_):
            self.append((name, asyncio.get_running_loop().time()))
            await asyncio.sleep(seconds)
            if error is not None:
                raise error

        return shut

    def job(self, name, seconds=1.0, **options):
        return Job(asyncio.sleep, seconds, coshutdown=self.coshutdown(name), **options)

    @property
    def names(self):
        return [name for name, _ in self]


async def fail(error):
    raise error


async def deaf(*_):
    end = asyncio.get_running_loop().time() + 5
    while (left := end - asyncio.get_running_loop().time()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            pass


async def cancel_oneself(*_):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


class OwnJob(Job):
    """A subclass without slots, so its objects may have any attributes."""

    def __init__(self):
        super().__init__(asyncio.sleep, 1)


class OwnAbstractJob(AbstractJob):
    """The same for `AbstractJob`."""

    async def co_run(self):
        await asyncio.sleep(1)


class OwnScheduler(Scheduler):
    """The same for `Scheduler`."""


# -- which jobs are shut down, and when


def test_a_run_does_not_shut_down_its_own_scheduler(every_loop):
    calls = Calls()
    PureScheduler(calls.job("a")).run()
    assert calls == []


def test_shutdown_calls_all_jobs(every_loop):
    calls = Calls()
    scheduler = PureScheduler(*(calls.job(name) for name in "abc"))
    scheduler.run()
    assert (scheduler.shutdown(), calls.names) == (True, ["a", "b", "c"])


def test_shutdown_calls_jobs_at_all_depths(every_loop):
    calls = Calls()
    scheduler = Scheduler(calls.job("a"), Scheduler(calls.job("b"), Scheduler(calls.job("c"))))
    scheduler.run()
    scheduler.shutdown()
    assert sorted(calls.names) == ["a", "b", "c"]


def test_shutdown_without_a_run_calls_all_jobs(every_loop):
    calls = Calls()
    scheduler = Scheduler(calls.job("a"), Scheduler(calls.job("b")))
    assert (scheduler.shutdown(), calls.names) == (True, ["a", "b"])


def test_idle_jobs_are_shut_down_too(every_loop):
    calls = Calls()
    bad = Job(fail, ValueError())
    scheduler = PureScheduler(
        bad, calls.job("idle", required=bad), Scheduler(calls.job("deep"), required=bad)
    )
    scheduler.run()
    scheduler.shutdown()
    assert calls.names == ["idle", "deep"]


def test_cancelled_forever_and_failed_jobs_are_shut_down_too(every_loop):
    calls = Calls()
    scheduler = PureScheduler(
        calls.job("forever", 9, forever=True),
        calls.job("cancelled", 9),
        Job(fail, ValueError(), coshutdown=calls.coshutdown("failed")),
    )
    scheduler.run()
    scheduler.shutdown()
    assert calls.names == ["forever", "cancelled", "failed"]


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_nested_scheduler_is_shut_down_when_it_ends(every_loop, depth):
    calls = Calls()
    nested = Scheduler(calls.job("deep"))
    for _ in range(depth):
        nested = Scheduler(nested)
    outer = PureScheduler(nested, calls.job("outer", 5))
    outer.run()
    assert calls == [("deep", 1)]


def test_a_nested_scheduler_is_shut_down_before_its_successors_start(every_loop):
    calls = Calls()
    nested = Scheduler(
        Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("nested", seconds=0.5))
    )
    after = Job(asyncio.sleep, 1, required=nested)
    PureScheduler(nested, after).run()
    assert (nested.ended_at, after.started_at) == (1.5, 1.5)


@pytest.mark.parametrize("how", ["fails", "times out", "is cancelled", "is empty-handed"])
def test_a_nested_scheduler_is_shut_down_however_it_ends(every_loop, how):
    calls = Calls()
    jobs = [calls.job("job", 9, forever=how == "is empty-handed")]
    if how == "fails":
        jobs.append(Job(fail, ValueError()))
    if how == "is empty-handed":
        jobs.append(Job(asyncio.sleep, 1))
    nested = Scheduler(*jobs, timeout=1 if how == "times out" else None)
    PureScheduler(nested, timeout=2).run()
    assert calls.names == ["job"]


def test_a_nested_scheduler_that_is_cancelled_is_shut_down_before_the_run_ends(in_loop):
    async def main():
        calls = Calls()
        nested = Scheduler(Job(asyncio.sleep, 9, coshutdown=calls.coshutdown("n", seconds=0.5)))
        run = asyncio.ensure_future(Scheduler(Scheduler(nested)).co_run())
        await asyncio.sleep(1)
        run.cancel()
        await asyncio.wait([run])
        return run.cancelled(), calls, asyncio.get_running_loop().time()

    assert in_loop(main()) == (True, [("n", 1)], 1.5)


@pytest.mark.parametrize("first_fails", [False, True])
def test_a_nested_scheduler_that_is_cancelled_before_its_first_step_is_shut_down(
    every_loop, first_fails
):
    async def fail():
        raise ValueError

    calls = Calls()
    first = Job(asyncio.sleep, 1)
    nested = Scheduler(calls.job("deep"), required=first)
    jobs = [nested, Job(fail, required=first)]
    scheduler = PureScheduler(first, *(reversed(jobs) if first_fails else jobs))
    assert scheduler.run() is False
    assert calls == ([("deep", 1)] if nested.is_running() else [])


def test_a_nested_scheduler_that_was_not_started_is_shut_down_only_by_the_user(
    every_loop,
):
    calls = Calls()
    bad = Job(fail, ValueError())
    scheduler = PureScheduler(bad, Scheduler(calls.job("deep"), required=bad))
    scheduler.run()
    before = list(calls)
    scheduler.shutdown()
    assert (before, calls.names) == ([], ["deep"])


def test_each_job_is_shut_down_once_a_run(every_loop):
    calls = Calls()
    scheduler = Scheduler(calls.job("a"), Scheduler(calls.job("b"), Scheduler(calls.job("c"))))
    scheduler.run()
    scheduler.shutdown()
    scheduler.shutdown()
    assert sorted(calls.names) == ["a", "b", "c"]


def test_a_new_run_allows_a_new_shutdown(every_loop):
    calls = Calls()
    scheduler = Scheduler(calls.job("a"), Scheduler(calls.job("b")))
    for _ in range(2):
        scheduler.run()
        scheduler.shutdown()
    assert sorted(calls.names) == ["a", "a", "b", "b"]


def test_a_shutdown_can_look_at_the_state_of_its_job(every_loop):
    seen = {}

    def triage(name):
        async def shut(*_):
            job = jobs[name]
            seen[name] = (job.is_idle(), job.is_running(), job.is_done())

        return shut

    done = Job(asyncio.sleep, 1, coshutdown=triage("done"))
    cancelled = Job(asyncio.sleep, 9, coshutdown=triage("cancelled"))
    idle = Job(asyncio.sleep, 1, required=cancelled, coshutdown=triage("idle"))
    jobs = {"done": done, "cancelled": cancelled, "idle": idle}
    scheduler = PureScheduler(*jobs.values(), timeout=2)
    scheduler.run()
    scheduler.shutdown()
    assert seen == {
        "done": (False, True, True),
        "cancelled": (False, True, False),
        "idle": (True, False, False),
    }


# -- the answer


@pytest.mark.parametrize("answer", [True, False])
def test_a_second_call_returns_the_same_answer(every_loop, answer):
    error = None if answer else ValueError()
    job = Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("a", error=error))
    scheduler = PureScheduler(job)
    scheduler.run()
    assert [scheduler.shutdown() for _ in range(3)] == [answer] * 3


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_an_exception_makes_the_answer_false_at_any_depth(every_loop, depth):
    job = Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("a", error=ValueError()))
    scheduler = Scheduler(job)
    for _ in range(depth):
        scheduler = Scheduler(scheduler)
    scheduler.run()
    assert scheduler.shutdown() is False


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_an_exception_makes_the_answer_false_at_any_depth_without_a_run(every_loop, depth):
    job = Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("a", error=ValueError()))
    scheduler = Scheduler(job)
    for _ in range(depth):
        scheduler = Scheduler(scheduler)
    assert scheduler.shutdown() is False


def test_an_exception_in_a_nested_shutdown_does_not_fail_the_run(every_loop):
    job = Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("a", error=ValueError()))
    assert Scheduler(Scheduler(job)).run() is True


def test_what_a_job_returns_from_its_shutdown_is_not_the_answer(every_loop):
    async def no(*_):
        return False

    assert PureScheduler(Job(asyncio.sleep, 1, coshutdown=no)).shutdown() is True


def test_after_an_exception_the_others_are_still_shut_down(every_loop):
    calls = Calls()
    scheduler = PureScheduler(
        Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("bad", error=ValueError())),
        Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("slow", seconds=0.5)),
    )
    assert (scheduler.shutdown(), calls.names) == (False, ["bad", "slow"])


def test_an_exception_is_kept(every_loop):
    error = ValueError("no")
    job = Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("a", error=error))
    scheduler = PureScheduler(job)
    scheduler.shutdown()
    assert scheduler.shutdown_failures() == {job: error}


def test_an_exception_is_logged_with_the_name_of_the_job(every_loop, caplog):
    shut = Calls().coshutdown("a", error=ValueError("no"))
    PureScheduler(Job(asyncio.sleep, 1, label="bad", coshutdown=shut)).shutdown()
    assert caplog.record_tuples == [
        ("asynciojobs", logging.ERROR, "co_shutdown() of <Job `bad`> raised")
    ]
    assert caplog.records[0].exc_info[0] is ValueError


def test_a_new_run_forgets_the_failures(every_loop):
    errors = [ValueError()]

    async def fails_once(*_):
        if errors:
            raise errors.pop()

    scheduler = Scheduler(Scheduler(Job(asyncio.sleep, 1, coshutdown=fails_once)))
    scheduler.run()
    first = scheduler.shutdown()
    scheduler.run()
    assert (first, scheduler.shutdown(), scheduler.shutdown_failures()) == (
        False,
        True,
        {},
    )


def test_a_shutdown_that_cancels_itself_has_failed(every_loop):
    job = Job(asyncio.sleep, 1, coshutdown=cancel_oneself)
    scheduler = PureScheduler(job)
    assert scheduler.shutdown() is False
    assert isinstance(scheduler.shutdown_failures()[job], asyncio.CancelledError)


def test_a_nested_shutdown_that_cancels_itself_does_not_fail_the_run(every_loop):
    class Odd(Scheduler):
        async def co_shutdown(self):
            await cancel_oneself()

    outer = Scheduler(Odd(Job(asyncio.sleep, 1)), Job(asyncio.sleep, 3))
    assert (outer.run(), outer.shutdown()) == (True, False)


def test_a_shutdown_that_returns_no_awaitable_has_failed(every_loop):
    job = Job(asyncio.sleep, 1, coshutdown=lambda *_: 3)
    scheduler = PureScheduler(job)
    assert scheduler.shutdown() is False
    assert isinstance(scheduler.shutdown_failures()[job], TypeError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_leaves_after_all_jobs_are_shut_down(every_loop, error):
    calls = Calls()
    scheduler = PureScheduler(
        Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("leaves", error=error())),
        Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("slow", seconds=0.5)),
    )
    with pytest.raises(error):
        scheduler.shutdown()
    assert calls.names == ["leaves", "slow"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_is_kept_and_makes_the_next_answer_false(every_loop, error):
    leave = error()
    job = Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("leaves", error=leave))
    scheduler = PureScheduler(job)
    with pytest.raises(error):
        scheduler.shutdown()
    assert (scheduler.shutdown(), scheduler.shutdown_failures()) == (False, {job: leave})


# -- its limit


def test_the_default_limit_is_one_second(in_loop):
    async def main():
        job = Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(9))
        return await PureScheduler(job).co_shutdown(), asyncio.get_running_loop().time()

    assert in_loop(main()) == (False, 1)


@pytest.mark.parametrize(
    ("limit", "answer", "took"), [(None, True, 9), (20, True, 9), (3, False, 3)]
)
def test_the_limit_is_shutdown_timeout(in_loop, limit, answer, took):
    async def main():
        job = Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(9))
        scheduler = PureScheduler(job, shutdown_timeout=limit)
        return await scheduler.co_shutdown(), asyncio.get_running_loop().time()

    assert in_loop(main()) == (answer, took)


def test_a_job_that_ran_out_of_time_is_a_shutdown_failure(every_loop):
    job = Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(9))
    scheduler = PureScheduler(job, shutdown_timeout=2)
    scheduler.shutdown()
    (failure,) = scheduler.shutdown_failures().values()
    assert repr(failure) == "TimeoutError('co_shutdown() took more than 2s')"


def test_the_limit_is_not_the_timeout_of_the_run(every_loop):
    job = Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(3))
    scheduler = PureScheduler(job, timeout=2, shutdown_timeout=None)
    assert (scheduler.run(), scheduler.shutdown()) == (True, True)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_nested_scheduler_that_exceeded_its_limit_makes_the_answer_false(every_loop, depth):
    job = Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(9))
    scheduler = Scheduler(job, shutdown_timeout=0.5)
    for _ in range(depth):
        scheduler = Scheduler(scheduler, shutdown_timeout=None)
    assert (scheduler.run(), scheduler.shutdown()) == (True, False)


def cut_off(job, seconds, scheduler):
    """Return the line of the log about a call that took longer than the limit."""
    return (
        f"co_shutdown() of {job} took more than {seconds}s, the shutdown_timeout of "
        f"{scheduler}, and is cancelled: give that scheduler a larger shutdown_timeout"
    )


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_shutdown_that_is_cut_off_is_reported_at_all_depths(every_loop, caplog, depth):
    slow = Calls().coshutdown("a", seconds=1.5)
    job = Job(asyncio.sleep, 1, coshutdown=slow, label="conn")
    schedulers = [Scheduler(job, label="s0")]
    for level in range(1, depth + 1):
        schedulers.append(Scheduler(schedulers[-1], label=f"s{level}"))
    outermost = schedulers[-1]
    assert (outermost.run(), outermost.shutdown()) == (True, False)
    path = " > ".join(f"s{level}" for level in reversed(range(depth)))
    name, scheduler = (
        (f"<Job `{path} > conn`>", f"<Scheduler `{path}`>")
        if depth
        else ("<Job `conn`>", "<Scheduler `s0`>")
    )
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", cut_off(name, 1, scheduler))
    ]
    for each in schedulers:
        assert {key: repr(error) for key, error in each.shutdown_failures().items()} == {
            job: "TimeoutError('co_shutdown() took more than 1s')"
        }


def test_the_failures_of_a_nested_shutdown_are_among_those_of_the_outer_one(every_loop):
    errors = OSError("x"), OSError("y")
    jobs = [Job(asyncio.sleep, 1, coshutdown=partial(fail, error)) for error in errors]
    inner = Scheduler(jobs[1])
    outer = PureScheduler(jobs[0], inner)
    outer.run()
    outer.shutdown()
    assert (outer.shutdown_failures(), inner.shutdown_failures()) == (
        dict(zip(jobs, errors, strict=True)),
        {jobs[1]: errors[1]},
    )


def test_a_deaf_shutdown_is_waited_for(in_loop):
    async def main():
        job = Job(asyncio.sleep, 1, coshutdown=deaf)
        return await PureScheduler(job).co_shutdown(), asyncio.get_running_loop().time()

    assert in_loop(main()) == (False, 5)


def test_a_failure_is_kept_for_the_run_that_began_meanwhile(in_loop):
    async def main():
        job = Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(9), label="slow")
        inner = Scheduler(job, shutdown_timeout=None)
        outer = PureScheduler(Sequence(Job(asyncio.sleep, 1), inner))
        run = asyncio.ensure_future(outer.co_run())
        await asyncio.sleep(0.5)
        answer = await outer.co_shutdown()
        await run
        return answer, [str(job.label) for job in inner.shutdown_failures()]

    assert in_loop(main()) == (False, ["slow"])


def test_a_deaf_shutdown_is_named_in_the_log(every_loop, caplog):
    PureScheduler(Job(asyncio.sleep, 1, label="d", coshutdown=deaf)).shutdown()
    assert caplog.messages == [
        cut_off("<Job `d`>", 1, "<PureScheduler of 1 job>"),
        "<Job `d`> was cancelled and is still running, so it is cancelled again each second",
    ]


def test_a_limit_of_zero_lets_short_shutdowns_end(every_loop):
    calls = Calls()
    scheduler = PureScheduler(calls.job("a"), shutdown_timeout=0)
    scheduler.shutdown()
    assert calls.names == ["a"]


# -- unusual moments


def test_a_shutdown_during_the_run_affects_neither_the_run_nor_its_timeout(every_loop):
    calls = Calls()

    async def shut():
        await asyncio.sleep(1)
        await scheduler.co_shutdown()

    slow = calls.job("slow", 5)
    late = calls.job("late", 9, required=slow)
    scheduler = PureScheduler(Job(shut), slow, late, timeout=7)
    assert (scheduler.run(), scheduler.failed_time_out()) == (False, True)
    assert (calls, slow.ended_at, late.ended_at) == ([("slow", 1), ("late", 1)], 5, 7)


def test_a_shutdown_during_the_run_counts_for_that_run(every_loop):
    calls = Calls()

    async def shut():
        await scheduler.co_shutdown()

    scheduler = PureScheduler(Job(shut), calls.job("a"))
    scheduler.run()
    scheduler.shutdown()
    assert calls.names == ["a"]


def test_a_shutdown_during_the_run_reaches_nested_jobs_once(every_loop):
    calls = Calls()

    async def shut():
        await asyncio.sleep(0.5)
        await scheduler.co_shutdown()

    scheduler = PureScheduler(Job(shut), Scheduler(calls.job("a"), Scheduler(calls.job("b"))))
    scheduler.run()
    scheduler.shutdown()
    assert calls == [("a", 0.5), ("b", 0.5)]


def test_two_calls_at_once_shut_each_job_down_once(in_loop):
    async def main():
        calls = Calls()
        shut = calls.coshutdown("a", seconds=0.5)
        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=shut))
        answers = await asyncio.gather(*(scheduler.co_shutdown() for _ in range(3)))
        return answers, calls, asyncio.get_running_loop().time()

    assert in_loop(main()) == ([True] * 3, [("a", 0)], 0.5)


def test_two_calls_at_once_give_the_same_answer(in_loop):
    async def main():
        shut = Calls().coshutdown("a", seconds=0.5, error=ValueError())
        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=shut))
        return await asyncio.gather(*(scheduler.co_shutdown() for _ in range(3)))

    assert in_loop(main()) == [False] * 3


def test_a_run_that_begins_during_a_shutdown_does_not_change_the_answer(in_loop):
    async def main():
        shut = Calls().coshutdown("a", seconds=0.5, error=ValueError())
        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=shut))
        call = asyncio.ensure_future(scheduler.co_shutdown())
        await asyncio.sleep(0.25)
        await scheduler.co_run()
        return await call

    assert in_loop(main()) is False


def test_a_cancelled_call_cancels_and_awaits_the_shutdowns_of_its_jobs(in_loop):
    async def main():
        ended = []

        async def shut(*_):
            try:
                await asyncio.sleep(0.9)
            finally:
                await asyncio.sleep(0.5)
                ended.append(asyncio.get_running_loop().time())

        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=shut))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_shutdown(), 0.25)
        return ended, asyncio.get_running_loop().time()

    assert in_loop(main()) == ([0.75], 0.75)


def test_after_a_cancelled_call_the_answer_is_false(in_loop):
    async def main():
        shut = Calls().coshutdown("a", seconds=0.5)
        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=shut))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_shutdown(), 0.25)
        return await scheduler.co_shutdown()

    assert in_loop(main()) is False


@pytest.mark.parametrize("turns", range(4))
def test_jobs_that_a_cancelled_call_did_not_reach_are_left_to_the_next_one(in_loop, turns):
    async def main():
        calls = Calls()
        scheduler = Scheduler(calls.job("a"), Scheduler(calls.job("b")))
        call = asyncio.ensure_future(scheduler.co_shutdown())
        me = asyncio.current_task()
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {me}:  # like the second Ctrl-C
            task.cancel()
        await asyncio.wait([call])
        await scheduler.co_shutdown()
        return sorted(calls.names)

    assert in_loop(main()) == ["a", "b"]


def test_a_call_cancelled_in_any_turn_of_its_loop_leaves_nothing(in_loop):
    async def cancelled_in(turn):
        calls = Calls()
        scheduler = Scheduler(calls.job("a"), Scheduler(calls.job("b")))
        call = asyncio.ensure_future(scheduler.co_shutdown())
        for _ in range(turn):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def main():
        for turn in range(20):
            await cancelled_in(turn)

    in_loop(main())


def test_a_call_that_waits_for_another_one_can_be_cancelled(in_loop):
    async def main():
        shut = Calls().coshutdown("a", seconds=0.5)
        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=shut))
        first = asyncio.ensure_future(scheduler.co_shutdown())
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_shutdown(), 0.25)
        return await first

    assert in_loop(main()) is True


def test_a_scheduler_nested_in_itself_is_refused(every_loop):
    a = Scheduler(label="a")
    b = Scheduler(a, label="b")
    a.add(b)
    with pytest.raises(ValueError, match=r"^<Scheduler `a`> is nested in itself$"):
        a.shutdown()


def test_a_job_added_to_an_ended_scheduler_is_shut_down_with_the_one_around(every_loop):
    calls = Calls()
    inner = Scheduler(label="inner")

    async def add():
        await asyncio.sleep(1)
        inner.add(calls.job("a"))

    outer = Scheduler(inner, Job(add), label="outer")
    main = PureScheduler(outer, Job(asyncio.sleep, 2))
    shut = []
    main.observe(
        lambda event: shut.append((event.job, event.time)) if event.kind == "shutdown" else None
    )
    main.run()
    assert calls == [("a", 1.0)]
    assert [time for job, time in shut if job is outer] == [1.0]


def test_a_call_for_a_scheduler_does_not_repeat_one_for_a_nested_scheduler(in_loop):
    calls = Calls()

    class Counted(Scheduler):
        async def co_shutdown(self):
            calls.append("nested")
            return await super().co_shutdown()

    nested = Counted(Job(asyncio.sleep, 1))
    main = PureScheduler(nested)

    async def run():
        await main.co_run()
        nested.jobs.add(Job(asyncio.sleep, 1))  # not by add()
        await nested.co_shutdown()
        await main.co_shutdown()

    in_loop(run())
    assert calls == ["nested", "nested"]  # once by the run, once by the user


def test_a_shutdown_before_a_nested_run_is_forgotten_at_all_depths(in_loop):
    calls = Calls()
    first = Job(asyncio.sleep, 2)
    innermost = Scheduler(Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("a")))
    inner = Scheduler(innermost, timeout=0, critical=False, required=first)
    scheduler = PureScheduler(first, inner)

    async def main():
        run = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(1)
        await scheduler.co_shutdown()
        await run

    in_loop(main())
    assert calls.names == ["a", "a"]


def test_a_scheduler_that_was_later_nested_in_itself_is_refused(every_loop):
    class Quiet(Scheduler):
        async def co_shutdown(self):
            return True

    quiet = Quiet(label="quiet")
    Scheduler(quiet).shutdown()
    quiet.add(Scheduler(quiet))
    with pytest.raises(ValueError, match=r"^<Quiet `quiet`> is nested in itself$"):
        asyncio.run(Scheduler.co_shutdown(quiet))


def test_a_coroutine_given_as_coshutdown_is_awaited(every_loop):
    calls = Calls()
    shut = calls.coshutdown("once")
    scheduler = PureScheduler(Job(asyncio.sleep(1), coshutdown=shut()))
    scheduler.run()
    assert (scheduler.shutdown(), calls.names) == (True, ["once"])


def test_a_consumed_coshutdown_does_nothing_the_second_time(every_loop):
    calls = Calls()
    job = Job(asyncio.sleep, 1, coshutdown=calls.coshutdown("once")())
    scheduler = PureScheduler(job)
    for _ in range(2):
        scheduler.run()
        scheduler.shutdown()
    assert calls.names == ["once"]


def test_a_job_with_its_own_co_shutdown_is_shut_down(every_loop):
    served = []

    class Own(Job):
        async def co_shutdown(self):
            served.append(self.label)

    scheduler = PureScheduler(Own(asyncio.sleep, 1, label="own"))
    scheduler.run()
    assert (scheduler.shutdown(), served) == (True, ["own"])


@pytest.mark.parametrize("kind", [OwnJob, OwnAbstractJob, OwnScheduler])
@pytest.mark.parametrize("place", ["object", "class"])
def test_a_mock_of_co_shutdown_is_awaited(every_loop, kind, place):
    job = kind()
    with mock.patch.object(job if place == "object" else kind, "co_shutdown") as co_shutdown:
        scheduler = PureScheduler(job)
        scheduler.run()
        scheduler.shutdown()
    assert co_shutdown.await_count == 1


def test_a_job_added_after_the_shutdown_is_shut_down_by_the_next_call(every_loop):
    calls = Calls()
    scheduler = PureScheduler(calls.job("a"))
    scheduler.shutdown()
    scheduler.add(calls.job("b"))
    scheduler.shutdown()
    assert calls.names == ["a", "b"]


@pytest.mark.parametrize("depth", [0, 2])
def test_a_job_added_to_a_nested_scheduler_that_has_ended_is_shut_down_by_the_user(
    every_loop, depth
):
    async def add():
        await asyncio.sleep(2)
        ended.add(calls.job("new"))

    calls = Calls()
    nested = ended = Scheduler(calls.job("old"))
    for _ in range(depth):
        nested = Scheduler(nested)
    scheduler = PureScheduler(nested, Job(add))
    scheduler.run()
    assert [scheduler.shutdown() for _ in range(2)] == [True, True]
    assert calls == [("old", 1), ("new", 0)]


@pytest.mark.parametrize("things", [(), ("old",)], ids=["nothing", "what it has"])
def test_a_nested_scheduler_without_new_jobs_is_not_shut_down_again(every_loop, things):
    calls = []

    class Counted(Scheduler):
        async def co_shutdown(self):
            calls.append(self.label)
            return await super().co_shutdown()

    old = Job(asyncio.sleep, 1)
    nested = Counted(old, label="nested")
    scheduler = PureScheduler(nested)
    scheduler.run()
    nested.update([old for _ in things])
    scheduler.shutdown()
    assert calls == ["nested"]


def test_a_nested_scheduler_that_is_being_shut_down_at_its_end_holds_others_back(every_loop):
    async def shut_down_early():
        await asyncio.sleep(1)
        await nested.co_shutdown()

    calls = Calls()
    slow = calls.coshutdown("a", seconds=3)
    nested = Scheduler(Job(asyncio.sleep, 2, coshutdown=slow), shutdown_timeout=9)
    late = Job(asyncio.sleep, 0, required=nested)
    PureScheduler(nested, Job(shut_down_early), late).run()
    assert (calls, late.started_at) == ([("a", 1)], 4)


def test_a_nested_scheduler_with_nothing_to_shut_down_needs_no_task_for_it(fake_time):
    made = []

    def make(loop, coroutine, **options):
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def main():
        asyncio.get_running_loop().set_task_factory(make)
        return await PureScheduler(Scheduler(Job(asyncio.sleep, 1))).co_run(), len(made)

    with asyncio.Runner(loop_factory=fake_time) as runner:
        assert runner.run(main()) == (True, 2)  # the task of the scheduler, and that of its job


def test_the_failure_of_a_nested_shutdown_is_not_forgotten_after_others(every_loop):
    failing = Scheduler(
        Job(asyncio.sleep, 1, coshutdown=Calls().coshutdown("a", error=OSError()))
    )
    fine = Scheduler(Job(asyncio.sleep, 1), required=failing)
    scheduler = PureScheduler(failing, fine)
    scheduler.run()
    assert scheduler.shutdown() is False


def test_a_nested_shutdown_that_takes_long_is_not_logged_as_deaf(every_loop, caplog):
    slow = Calls().coshutdown("a", seconds=5)
    nested = Scheduler(Job(asyncio.sleep, 1, coshutdown=slow), shutdown_timeout=None)
    assert (PureScheduler(nested).run(), caplog.messages) == (True, [])


def test_what_a_shutdown_raises_after_its_limit_is_kept_and_logged(every_loop, caplog):
    error = OSError("in the clean-up")

    async def fail_when_cancelled():
        try:
            await asyncio.sleep(9)
        finally:
            raise error

    job = Job(asyncio.sleep, 1, coshutdown=fail_when_cancelled, label="job")
    scheduler = PureScheduler(job)
    assert scheduler.shutdown() is False
    assert (scheduler.shutdown_failures(), caplog.messages) == (
        {job: error},
        [
            cut_off("<Job `job`>", 1, "<PureScheduler of 1 job>"),
            "co_shutdown() of <Job `job`> raised",
        ],
    )


def test_a_shutdown_that_is_cancelled_before_it_begins_is_left_to_the_next_call(in_loop):
    served = []

    async def cancel_the_others():
        served.append("first")
        for task in asyncio.all_tasks() - {asyncio.current_task(), callers[-1]}:
            task.cancel()

    async def serve():
        served.append("second")

    scheduler = PureScheduler(
        Job(asyncio.sleep, 1, coshutdown=cancel_the_others),
        Job(asyncio.sleep, 1, coshutdown=serve),
    )
    callers = []

    async def main():
        callers.append(asyncio.current_task())
        return [await scheduler.co_shutdown() for _ in range(2)]

    assert (in_loop(main()), served) == ([True, True], ["first", "second"])


def test_a_task_factory_does_not_delay_a_shutdown(fake_time):
    calls = Calls()
    scheduler = PureScheduler(Scheduler(Scheduler(calls.job("a"))))

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, work, **rest: asyncio.Task(work, loop=loop, **rest))
        await scheduler.co_shutdown()
        await scheduler.co_run()

    with asyncio.Runner(loop_factory=fake_time) as runner:
        runner.run(main())
    assert calls == [("a", 0), ("a", 1)]


def test_a_shutdown_that_waits_for_its_own_scheduler_reaches_the_limit(in_loop):
    async def main():
        async def wait_for_oneself(*_):
            await scheduler.co_shutdown()

        scheduler = PureScheduler(Job(asyncio.sleep, 1, coshutdown=wait_for_oneself))
        return await scheduler.co_shutdown(), asyncio.get_running_loop().time()

    assert in_loop(main()) == (False, 1)


def test_an_exit_leaves_a_shutdown_even_if_another_call_was_cancelled(fake_time):
    async def leave():
        raise SystemExit(3)

    first = Job(asyncio.sleep, 1, coshutdown=asyncio.sleep)
    second = Job(leave, coshutdown=leave)

    def cancel_first_call(others):
        calls = {int(task.get_name()[5:]): task for task in asyncio.all_tasks() - others}
        calls[min(calls)].cancel()

    def before_the_calls(event):
        if event.job is first:
            loop = asyncio.get_running_loop()
            loop.call_soon(cancel_first_call, asyncio.all_tasks())

    scheduler = PureScheduler(first, second)
    scheduler.observe(before_the_calls)
    with pytest.raises(SystemExit):
        scheduler.shutdown()
    assert [*scheduler.shutdown_failures()] == [second]
