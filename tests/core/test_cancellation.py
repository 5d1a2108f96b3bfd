"""Cancellation of anything, by anyone: nothing outlives its run."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import types

import pytest

from asynciojobs import Job, PureScheduler, Scheduler
from asynciojobs._run.waiting import coroutines_of, is_cleaning_up


class Note:
    """Makes jobs, and notes which of them are alive."""

    def __init__(self):
        self.alive = []

    def job(self, *, clean_up=0.0, **options):
        async def work():
            self.alive.append(job)
            try:
                await asyncio.sleep(9)
            finally:
                await asyncio.sleep(clean_up)
                self.alive.remove(job)

        job = Job(work, **options)
        return job


def now():
    return asyncio.get_running_loop().time()


async def raise_(error, seconds=1.0):
    await asyncio.sleep(seconds)
    raise error


async def deaf(seconds):
    end = now() + seconds
    while now() < end:
        try:
            await asyncio.sleep(end - now())
        except asyncio.CancelledError:
            pass


async def raise_in_clean_up(error):
    try:
        await asyncio.sleep(9)
    finally:
        raise error


def test_cancelling_the_task_of_a_job_that_has_ended_does_nothing(every_loop):
    async def tell():
        tasks.append(asyncio.current_task())

    async def cancel():
        return tasks[0].cancel()

    tasks = []
    first = Job(tell)
    last = Job(cancel, required=first)
    assert PureScheduler(first, last).run() is True
    assert (first.raised_exception(), last.result()) == (None, False)


# -- cancelled from outside


def test_a_cancelled_run_raises_cancelled_error(in_loop):
    async def main():
        run = asyncio.create_task(Scheduler(Job(asyncio.sleep, 9)).co_run())
        await asyncio.sleep(1)
        run.cancel()
        await asyncio.wait([run])
        return run.cancelled()

    assert in_loop(main()) is True


def test_a_cancelled_run_awaits_its_jobs_at_all_depths(in_loop):
    async def main():
        note = Note()
        jobs = [note.job(clean_up=seconds) for seconds in (1, 2, 3)]
        scheduler = Scheduler(jobs[0], Scheduler(jobs[1], Scheduler(jobs[2])))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await scheduler.co_run()
        return note.alive, now()

    assert in_loop(main()) == ([], 4)


def test_a_cancelled_run_did_not_fail(in_loop):
    async def main():
        scheduler = Scheduler(Job(asyncio.sleep, 9))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_run(), 1)
        return scheduler.failed_critical(), scheduler.failed_time_out(), scheduler.why()

    assert in_loop(main()) == (False, False, "CANCELLED")


def test_asyncio_timeout_around_a_run_recognizes_its_cancellation(in_loop):
    async def main():
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(1) as limit:
                await PureScheduler(Job(asyncio.sleep, 9)).co_run()
        cause = type(caught.value.__cause__)
        return limit.expired(), cause, asyncio.current_task().cancelling()

    assert in_loop(main()) == (True, asyncio.CancelledError, 0)


def test_a_second_cancellation_does_not_cut_the_clean_up_short(in_loop):
    async def main():
        note = Note()
        run = asyncio.create_task(PureScheduler(note.job(clean_up=5)).co_run())
        for _ in range(3):
            await asyncio.sleep(1)
            run.cancel()
        await asyncio.wait([run])
        return run.cancelled(), note.alive, now()

    assert in_loop(main()) == (True, [], 6)


@pytest.mark.parametrize("timeout", [None, 1])
def test_a_cancellation_during_the_clean_up_is_raised_after_it(in_loop, timeout):
    async def main():
        note = Note()
        first = Job(asyncio.sleep, 1)
        scheduler = Scheduler(
            first,
            note.job(clean_up=5, forever=timeout is None),
            timeout=timeout,
        )
        run = asyncio.create_task(scheduler.co_run())
        await asyncio.sleep(2)
        run.cancel()
        await asyncio.wait([run])
        return run.cancelled(), note.alive, now()

    assert in_loop(main()) == (True, [], 6)


def test_a_run_cancelled_while_its_forever_jobs_end_is_not_fine(in_loop):
    async def main():
        job = Note().job(clean_up=5, forever=True)
        scheduler = PureScheduler(Job(asyncio.sleep, 1), job)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_run(), 2)
        return scheduler.why()

    assert in_loop(main()) == "CANCELLED"


def test_a_run_cancelled_before_its_clean_up_fails_is_cancelled(in_loop):
    async def fail_slowly():
        try:
            await asyncio.sleep(99)
        finally:
            await asyncio.sleep(3)
            raise ValueError

    async def main():
        job = Job(fail_slowly, forever=True, critical=True)
        scheduler = PureScheduler(Job(asyncio.sleep, 1), job)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.co_run(), 2)
        return scheduler.why(), scheduler.failed_critical(), job.is_done()

    assert in_loop(main()) == ("CANCELLED", False, True)


def test_a_run_cancelled_before_its_first_step_starts_nothing(in_loop):
    async def main():
        job = Job(asyncio.sleep, 1)
        scheduler = PureScheduler(job)
        run = asyncio.ensure_future(scheduler.co_run())
        run.cancel()
        await asyncio.wait([run])
        return job.is_done(), await scheduler.co_run()

    assert in_loop(main()) == (False, True)


def scenarios():
    def flat(note):
        return Scheduler(*(note.job(clean_up=seconds) for seconds in (0, 1)))

    def nested(note):
        return Scheduler(
            note.job(),
            Scheduler(note.job(clean_up=0.5), Scheduler(note.job()), timeout=3),
            Scheduler(note.job(clean_up=0.2, forever=True), Job(asyncio.sleep, 1)),
        )

    def failing(note):
        return Scheduler(
            Scheduler(note.job(clean_up=1), Job(raise_, ValueError(), 0)),
            note.job(clean_up=1),
        )

    def timed_out(note):
        return Scheduler(
            Scheduler(note.job(clean_up=1), timeout=0, critical=False),
            Scheduler(note.job(clean_up=1), timeout=1),
            jobs_window=1,
        )

    def ending(note):
        return Scheduler(
            note.job(forever=True, clean_up=1),
            Scheduler(Job(asyncio.sleep, 0, coshutdown=lambda *_: asyncio.sleep(0.5))),
        )

    return [flat, nested, failing, timed_out, ending]


@pytest.mark.parametrize("scenario", scenarios())
def test_a_run_can_be_cancelled_in_every_turn_of_its_loop(in_loop, scenario):
    async def cancelled_in(turn):
        note = Note()
        scheduler = scenario(note)
        run = asyncio.ensure_future(scheduler.co_run())
        for _ in range(turn):
            await asyncio.sleep(0)
        early = run.done()
        run.cancel()
        await asyncio.wait([run])
        assert note.alive == []
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert early or run.cancelled()
        run.cancelled() or run.exception()
        assert scheduler._run_state.live_run is None
        return early

    async def main():
        for turn in range(60):
            await cancelled_in(turn)

    in_loop(main())


@pytest.mark.parametrize("scenario", scenarios())
def test_a_run_can_be_cancelled_twice_in_any_turns(in_loop, scenario):
    async def cancelled_in(first, second):
        note = Note()
        run = asyncio.ensure_future(scenario(note).co_run())
        for pause in (first, second):
            for _ in range(pause):
                await asyncio.sleep(0)
            run.cancel()
        await asyncio.wait([run])
        assert note.alive == []
        assert asyncio.all_tasks() == {asyncio.current_task()}
        run.cancelled() or run.exception()

    async def main():
        for first in range(0, 24, 3):
            for second in range(8):
                await cancelled_in(first, second)

    in_loop(main())


# -- cancelled from inside


def test_a_job_that_raises_cancelled_error_has_failed(every_loop):
    error = asyncio.CancelledError("mine")
    job = Job(raise_, error)
    scheduler = PureScheduler(job, Job(asyncio.sleep, 9))
    assert (scheduler.run(), scheduler.failed_critical()) == (False, True)
    assert (job.is_done(), job.raised_exception()) == (True, error)


def test_a_job_that_raises_cancelled_error_and_is_not_critical_lets_others_go_on(
    every_loop,
):
    job = Job(raise_, asyncio.CancelledError(), critical=False)
    after = Job(asyncio.sleep, 1, required=job)
    assert PureScheduler(job, after).run() is True
    assert after.is_done() is True


def test_a_job_that_cancels_its_own_task_has_failed(every_loop):
    async def self_cancel():
        asyncio.current_task().cancel()
        await asyncio.sleep(1)

    job = Job(self_cancel)
    assert PureScheduler(job).run() is False
    assert isinstance(job.raised_exception(), asyncio.CancelledError)


def test_a_job_that_cancels_its_own_task_and_returns_is_done(every_loop):
    async def self_cancel():
        asyncio.current_task().cancel()
        return "done"

    job = Job(self_cancel)
    assert PureScheduler(job).run() is True
    assert job.result() == "done"


@pytest.mark.parametrize("critical", [True, False])
def test_a_job_cancelled_by_another_one_has_failed(every_loop, critical):
    async def victim():
        tasks.append(asyncio.current_task())
        await asyncio.sleep(9)

    async def killer():
        await asyncio.sleep(1)
        tasks.pop().cancel()

    tasks = []
    job = Job(victim, critical=critical)
    scheduler = PureScheduler(job, Job(killer))
    assert scheduler.run() is not critical
    assert isinstance(job.raised_exception(), asyncio.CancelledError)


def test_a_job_that_is_cancelled_with_a_message_gets_it(every_loop):
    async def victim():
        tasks.append(asyncio.current_task())
        await asyncio.sleep(9)

    async def killer():
        tasks.pop().cancel("enough")

    tasks = []
    job = Job(victim)
    PureScheduler(job, Job(killer)).run()
    assert job.raised_exception().args == ("enough",)


@pytest.mark.parametrize("every_loop", ["noted", "plain"], indirect=True)
@pytest.mark.parametrize("critical", [True, False])
def test_a_job_cancelled_before_its_first_step_has_failed(every_loop, critical):
    async def killer():
        for task in asyncio.all_tasks():
            if task.get_name() == "victim":
                task.cancel()

    victim = Job(asyncio.sleep(9), label="victim", critical=critical)
    after = Job(asyncio.sleep, 1, required=victim)
    scheduler = PureScheduler(Job(killer), victim, after)
    assert scheduler.run() is not critical
    assert isinstance(victim.raised_exception(), asyncio.CancelledError)
    assert after.is_done() is not critical


def test_a_scheduler_raises_the_cancelled_error_of_its_critical_job(in_loop):
    async def main():
        error = asyncio.CancelledError()
        try:
            await Scheduler(Job(raise_, error)).co_run()
        except asyncio.CancelledError as raised:
            return raised is error, asyncio.current_task().cancelling()

    assert in_loop(main()) == (True, 0)


def test_a_job_can_cancel_its_own_run(in_loop):
    async def main():
        async def cancel_all():
            await asyncio.sleep(0)
            run.cancel()
            await asyncio.sleep(9)

        note = Note()
        scheduler = PureScheduler(Job(cancel_all), note.job(clean_up=1))
        run = asyncio.create_task(scheduler.co_run())
        await asyncio.wait([run])
        return run.cancelled(), note.alive

    assert in_loop(main()) == (True, [])


def test_a_job_that_awaits_its_own_scheduler_s_run_fails(every_loop):
    async def again():
        await scheduler.co_run()

    job = Job(again)
    other = Job(asyncio.sleep, 1)
    scheduler = PureScheduler(job, other)
    assert scheduler.run() is False
    assert str(job.raised_exception()) == (
        "<PureScheduler of 2 jobs> takes part in a run that is going on: wait until that "
        "one is over, or make another object"
    )
    assert other.is_done() is False


# -- exits (KeyboardInterrupt and SystemExit), which leave the run


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_keyboard_interrupt_and_system_exit_leave_the_run(every_loop, error, depth):
    note = Note()
    scheduler = Scheduler(Job(raise_, error(), critical=False), note.job(clean_up=1))
    for _ in range(depth):
        scheduler = Scheduler(scheduler, note.job(clean_up=1), critical=False)
    with pytest.raises(error):
        scheduler.run()
    assert note.alive == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_in_the_clean_up_after_a_timeout_leaves_the_run(every_loop, error):
    scheduler = Scheduler(Scheduler(Job(raise_in_clean_up, error())), timeout=1, critical=False)
    with pytest.raises(error):
        scheduler.run()


def test_an_exit_at_the_same_time_as_a_failure_around_it_leaves_the_run(every_loop):
    scheduler = Scheduler(
        Scheduler(Job(raise_, KeyboardInterrupt())), Job(raise_, ValueError())
    )
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()


def test_an_exit_in_the_clean_up_of_a_cancelled_run_leaves_it(in_loop):
    async def main():
        scheduler = PureScheduler(Job(raise_in_clean_up, SystemExit(3)))
        run = asyncio.ensure_future(_outcome(scheduler.co_run()))
        await asyncio.sleep(1)
        run.cancel()
        return await run

    assert repr(in_loop(main())) == "SystemExit(3)"


async def _outcome(coroutine):
    try:
        return await coroutine
    except BaseException as error:
        return error


def test_an_exit_in_a_nested_shutdown_leaves_the_run(every_loop):
    async def leave(*_):
        raise SystemExit(3)

    note = Note()
    nested = Scheduler(Job(asyncio.sleep, 1, coshutdown=leave), critical=False)
    with pytest.raises(SystemExit, match="^3$"):
        Scheduler(nested, note.job(clean_up=1)).run()
    assert note.alive == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_leaves_although_its_scheduler_is_cancelled_while_it_is_shut_down(
    every_loop, error
):
    nested = Scheduler(
        Job(raise_, error(3)),
        Job(asyncio.sleep, 9, coshutdown=lambda *_: asyncio.sleep(0.5)),
    )
    scheduler = Scheduler(nested, timeout=1.25, critical=False)
    with pytest.raises(error, match="^3$"):
        scheduler.run()


def test_an_exit_in_a_nested_shutdown_leaves_although_that_is_cancelled(every_loop):
    async def leave(*_):
        await asyncio.sleep(0.5)
        raise SystemExit(3)

    nested = Scheduler(Job(asyncio.sleep, 1, coshutdown=leave))
    scheduler = Scheduler(nested, timeout=1.25, critical=False)
    with pytest.raises(SystemExit, match="^3$"):
        scheduler.run()


def test_after_an_exit_the_scheduler_can_run_again(every_loop):
    errors = [KeyboardInterrupt()]

    async def leaves_once():
        if errors:
            raise errors.pop()

    scheduler = PureScheduler(Scheduler(Job(leaves_once)))
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")


@pytest.mark.parametrize("depth", [0, 2])
def test_ctrl_c_ends_a_run_and_all_its_jobs(every_loop, depth):
    async def ctrl_c():
        await asyncio.sleep(1)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(5)

    note = Note()
    scheduler = Scheduler(Job(ctrl_c), note.job(clean_up=1))
    for _ in range(depth):
        scheduler = Scheduler(scheduler, note.job(clean_up=1))
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()
    assert note.alive == []


def test_a_second_ctrl_c_ends_the_loop(fake_time):
    async def ctrl_c():
        for _ in range(2):
            await asyncio.sleep(1)
            try:
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                pass

    scheduler = Scheduler(Job(ctrl_c), Job(asyncio.sleep, 9))
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()


# -- deaf jobs, which ignore their cancellation

STUBBORN = "<Job `stubborn`>"


def test_a_deaf_job_is_waited_for(in_loop):
    async def main():
        job = Job(deaf, 5)
        fine = await PureScheduler(job, timeout=1).co_run()
        return fine, job.is_done(), now()

    assert in_loop(main()) == (False, True, 5)


def test_a_deaf_job_is_named_in_the_log_while_it_is_waited_for(every_loop, caplog):
    PureScheduler(Job(deaf, 5, label="stubborn"), timeout=1).run()
    assert caplog.record_tuples[0] == (
        "asynciojobs",
        logging.WARNING,
        f"{STUBBORN} was cancelled and is still running, so it is cancelled again each second",
    )


def test_a_deaf_job_is_named_in_the_log_a_second_after_its_cancellation(in_loop, caplog):
    async def main():
        run = asyncio.ensure_future(PureScheduler(Job(deaf, 5), timeout=1).co_run())
        await asyncio.sleep(1.99)
        before = len(caplog.messages)
        await asyncio.sleep(0.02)
        named = len(caplog.messages) - before
        await run
        return before, named

    assert in_loop(main()) == (0, 1)


@pytest.fixture
def heard():
    """When a job of `counting()` was cancelled."""
    return []


def counting(heard, *, ignores, then=0):
    """Return a job that swallows some cancellations, and then takes time to clean up."""

    async def run():
        for _ in range(ignores):
            try:
                await asyncio.sleep(99)
            except asyncio.CancelledError:
                heard.append(now())
        try:
            await asyncio.sleep(99)
        except asyncio.CancelledError:
            heard.append(now())
            await asyncio.sleep(then)
            raise

    return Job(run, label="counting")


def test_a_job_that_swallows_cancellations_is_cancelled_again_each_second(in_loop, heard):
    async def main():
        await PureScheduler(counting(heard, ignores=3), timeout=1).co_run()
        return heard, now()

    assert in_loop(main()) == ([1, 2, 3, 4], 4)


def test_a_job_that_cleans_up_is_not_cancelled_again(in_loop, heard, caplog):
    async def main():
        await PureScheduler(counting(heard, ignores=0, then=5), timeout=1).co_run()
        return heard, now()

    assert in_loop(main()) == ([1], 6)
    assert caplog.messages[0] == (
        "<Job `counting`> was cancelled and is still running, so its end is awaited"
    )


async def clean_up_in_finally():
    try:
        await asyncio.sleep(99)
    finally:
        await asyncio.sleep(5)


async def clean_up_by_a_context_manager():
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.sleep, 5)
        await asyncio.sleep(99)


async def clean_up_in_a_task_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(clean_up_in_finally())
        await asyncio.sleep(99)


async def clean_up_in_a_task():
    await asyncio.create_task(clean_up_in_finally())


async def clean_up_in_gathered_tasks():
    await asyncio.gather(clean_up_in_finally())


@types.coroutine
def clean_up_in_a_generator():
    yield from clean_up_in_finally()


async def clean_up_in_an_async_generator():
    async def steps():
        yield 1
        await clean_up_in_finally()

    async for _ in steps():
        pass


async def clean_up_in_an_awaitable():
    class Awaitable:
        def __await__(self):
            return clean_up_in_finally().__await__()

    await Awaitable()


async def clean_up_after_a_translation():
    try:
        try:
            await asyncio.sleep(99)
        except asyncio.CancelledError:
            raise ConnectionError from None
    finally:
        await asyncio.sleep(5)


@pytest.mark.parametrize(
    "clean_up",
    [
        clean_up_in_finally,
        clean_up_by_a_context_manager,
        clean_up_in_a_task_group,
        clean_up_in_a_task,
        clean_up_in_gathered_tasks,
        clean_up_in_a_generator,
        clean_up_in_an_async_generator,
        clean_up_in_an_awaitable,
        clean_up_after_a_translation,
    ],
)
def test_all_ways_to_clean_up_are_left_alone(in_loop, clean_up):
    async def main():
        await PureScheduler(Job(clean_up, critical=False), timeout=1).co_run()
        return now()

    assert in_loop(main()) == 6


def test_a_job_that_only_keeps_its_cancellation_is_deaf(in_loop, heard):
    async def keep():
        kept = None
        while len(heard) < 3:
            try:
                await asyncio.sleep(99)
            except BaseException as error:
                kept = error
                heard.append(now())
        return kept

    async def main():
        await PureScheduler(Job(keep), timeout=1).co_run()
        return heard

    assert in_loop(main()) == [1, 2, 3]


def test_a_job_that_handles_another_exception_is_deaf(in_loop, heard):
    async def handle():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(99)
        try:
            raise ValueError
        except ValueError:
            while len(heard) < 2:
                try:
                    await asyncio.sleep(99)
                except asyncio.CancelledError:
                    heard.append(now())

    async def main():
        await PureScheduler(Job(handle), timeout=1).co_run()
        return heard

    assert in_loop(main()) == [2, 3]


def test_a_task_that_is_awaited_in_two_ways_is_looked_at_once(in_loop):
    async def main():
        task = asyncio.ensure_future(asyncio.sleep(99))
        inner = asyncio.gather(task, return_exceptions=True)
        outer = asyncio.gather(task, inner, return_exceptions=True)
        await asyncio.sleep(0)
        found = is_cleaning_up(outer)
        task.cancel()
        await outer
        return found

    assert in_loop(main()) is False


def test_a_job_that_cleans_up_and_then_goes_on_is_cancelled_again(in_loop, heard):
    async def go_on():
        while True:
            try:
                await asyncio.sleep(99)
            except asyncio.CancelledError:
                heard.append(now())
                await asyncio.sleep(1.5)
                if len(heard) == 2:
                    raise

    async def main():
        await PureScheduler(Job(go_on), timeout=1).co_run()
        return heard

    assert in_loop(main()) == [1, 4]  # after looks at 2, when it cleans up, and at 4


def test_a_task_of_another_kind_has_no_coroutines_to_look_at():
    assert list(coroutines_of(object())) == []


def test_a_nested_scheduler_that_waits_for_a_deaf_job_is_left_alone(in_loop, heard):
    async def main():
        inner = Scheduler(counting(heard, ignores=2))
        await PureScheduler(Scheduler(inner), timeout=1).co_run()
        return heard, now()

    assert in_loop(main()) == ([1, 2, 3], 3)


def test_a_consumer_whose_wait_for_swallows_its_cancellation_ends(in_loop):
    # On Python 3.11, wait_for() does so if the last item comes in the turn of the cancellation.
    async def consume(queue):
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(queue.get(), 0.5)

    async def produce(queue):
        await asyncio.sleep(0.25)
        queue.put_nowait("the last item")

    async def main():
        queue = asyncio.Queue()
        consumer = Job(consume, queue, forever=True)
        fine = await PureScheduler(consumer, Job(produce, queue)).co_run()
        return fine, consumer.is_done(), now() <= 1.25

    assert in_loop(main()) == (True, False, True)


def test_further_cancellations_do_not_delay_the_warning_about_a_deaf_job(in_loop, caplog):
    async def main():
        scheduler = PureScheduler(Job(deaf, 5, label="stubborn"))
        run = asyncio.ensure_future(scheduler.co_run())
        for _ in range(4):
            await asyncio.sleep(0.75)
            run.cancel()
        named = list(caplog.messages)
        await asyncio.wait([run])
        return named

    assert in_loop(main()) == [
        f"{STUBBORN} was cancelled and is still running, so it is cancelled again each second"
    ]


def test_a_deaf_job_is_named_in_the_log_at_its_end(every_loop, caplog):
    PureScheduler(Job(deaf, 5, label="stubborn"), timeout=1).run()
    assert caplog.record_tuples[1:] == [
        (
            "asynciojobs",
            logging.WARNING,
            "<Job `stubborn`> was cancelled and went on for 4s, to its end",
        )
    ]


@pytest.mark.parametrize(
    ("seconds", "named"),
    [(0.005, []), (0.02, ["<Job `stubborn`> was cancelled and went on for 0.02s, to its end"])],
)
def test_a_job_that_is_deaf_for_a_while_is_named_in_the_log_at_its_end(
    every_loop, caplog, seconds, named
):
    PureScheduler(Job(deaf, 1 + seconds, label="stubborn"), timeout=1).run()
    assert caplog.messages == named


def test_a_nested_deaf_job_is_waited_for_and_named(in_loop, caplog):
    async def main():
        scheduler = Scheduler(Scheduler(Job(deaf, 5, label="stubborn")), timeout=1)
        with pytest.raises(TimeoutError):
            await scheduler.co_run()
        return now(), any("`stubborn`" in text for text in caplog.messages)

    assert in_loop(main()) == (5, True)


def test_a_job_that_obeys_its_cancellation_is_not_logged(every_loop, caplog):
    PureScheduler(Note().job(clean_up=0.5), timeout=1).run()
    assert caplog.record_tuples == []


def test_a_job_that_catches_its_cancellation_and_returns_at_once_is_not_logged(
    every_loop, caplog
):
    async def graceful():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            return

    PureScheduler(Job(graceful), timeout=1).run()
    assert caplog.record_tuples == []


def test_a_deaf_forever_job_does_not_change_the_answer(in_loop):
    async def main():
        scheduler = PureScheduler(Job(deaf, 5, forever=True), Job(asyncio.sleep, 1))
        return await scheduler.co_run(), now()

    assert in_loop(main()) == (True, 5)


# -- a loop that is lost


def test_after_its_loop_was_stopped_a_scheduler_runs_in_another(every_loop):
    loops = []

    async def stop_once():
        if not loops:
            loops.append(asyncio.get_running_loop())
            loops[0].stop()
        await asyncio.sleep(1)

    scheduler = PureScheduler(Job(stop_once), Scheduler(Job(asyncio.sleep, 1)))
    with pytest.raises(RuntimeError, match="^Event loop stopped before Future complete"):
        scheduler.run()
    assert scheduler.run() is True


def test_jobs_of_a_closed_loop_have_not_failed():
    jobs = [Job(asyncio.sleep, 9), Job(asyncio.sleep, 9, coshutdown=asyncio.sleep)]
    loop = asyncio.new_event_loop()
    run = loop.create_task(PureScheduler(jobs[0], Scheduler(jobs[1])).co_run())
    for _ in range(5):  # enough turns for all jobs to start
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del run, loop
    gc.collect()
    states = [(job.is_running(), job.is_done(), job.raised_exception()) for job in jobs]
    assert states == [(True, False, None)] * 2


def test_jobs_of_a_run_that_is_closed_while_its_loop_runs_are_cancelled(in_loop):
    jobs = [Job(asyncio.sleep, 9), Job(asyncio.sleep, 9)]

    async def main():
        run = PureScheduler(jobs[0], Scheduler(jobs[1])).co_run()
        run.send(None)
        await asyncio.sleep(1)
        run.close()
        await asyncio.sleep(1)
        return [(job.is_running(), job.is_done(), job.ended_at) for job in jobs]

    assert in_loop(main()) == [(True, False, 1)] * 2
