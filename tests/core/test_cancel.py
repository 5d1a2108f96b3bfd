"""`job.cancel()`: one job of a run is cancelled, wherever it is and from anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading

import pytest

from asynciojobs import AbstractJob, EventKind, Job, JobEvent, PureScheduler, Scheduler

STATES = ("is_idle", "is_scheduled", "is_running", "is_done")


def sleeper(seconds=9.0, **options):
    return Job(asyncio.sleep, seconds, **options)


def at(seconds, act, **options):
    """Return a job that calls a function after some time, and returns its result."""

    async def work():
        await asyncio.sleep(seconds)
        return act()

    return Job(work, **options)


def at_event(scheduler, wanted, kind, act):
    """Call a function when something happens to a job."""

    def look(event):
        if event.job is wanted and event.kind is kind:
            act()

    return scheduler.observe(look)


def kinds_of(scheduler, job):
    """Run a scheduler, and return its answer and the events of one job."""
    kinds = []
    with scheduler.observe(lambda event: event.job is job and kinds.append(event.kind)):
        fine = scheduler.run()
    return fine, [str(kind) for kind in kinds]


def states(job):
    return [name for name in STATES if getattr(job, name)()]


# -- a job that runs


def test_a_running_job_is_cancelled_and_has_raised(every_loop):
    slow = sleeper(critical=False)
    cancelling = at(1, slow.cancel)
    assert PureScheduler(slow, cancelling).run() is True
    error = slow.raised_exception()
    assert (cancelling.result(), repr(error), slow.ended_at) == (True, "CancelledError()", 1)
    assert states(slow) == ["is_scheduled", "is_running", "is_done"]


def test_the_message_is_in_the_cancelled_error(every_loop):
    slow = sleeper(critical=False)
    PureScheduler(slow, at(1, lambda: slow.cancel("no disk"))).run()
    assert slow.raised_exception().args == ("no disk",)


def test_a_cancelled_job_may_clean_up(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(2)

    job = Job(clean_up, critical=False)
    PureScheduler(job, at(1, job.cancel)).run()
    assert (job.ended_at, type(job.raised_exception())) == (3, asyncio.CancelledError)


def test_a_cancelled_job_may_return_all_the_same(every_loop):
    async def swallow():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(9)
        return "saved"

    job = Job(swallow)
    assert PureScheduler(job, at(1, job.cancel)).run() is True
    assert (job.result(), job.ended_at) == ("saved", 1)


def test_a_cancelled_job_may_raise_something_else(every_loop):
    async def translate():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            raise OSError("cut off") from None

    job = Job(translate, critical=False)
    PureScheduler(job, at(1, job.cancel)).run()
    assert repr(job.raised_exception()) == "OSError('cut off')"


def test_a_critical_job_that_is_cancelled_ends_the_run(every_loop):
    slow, other = sleeper(label="slow"), sleeper()
    scheduler = PureScheduler(slow, other, at(1, lambda: slow.cancel("no disk")))
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "CRITICAL FAILURE: <Job `slow`> raised CancelledError:no disk",
    )
    assert (other.is_done(), other.ended_at) == (False, 1)


def test_jobs_that_require_a_cancelled_one_start_if_it_is_not_critical(every_loop):
    slow = sleeper(critical=False)
    after = sleeper(1, required=slow)
    PureScheduler(slow, after, at(1, slow.cancel)).run()
    assert (after.started_at, after.is_done()) == (1, True)


def test_jobs_that_require_a_cancelled_one_are_skipped_if_the_run_keeps_going(every_loop):
    slow = sleeper(label="slow")
    after = sleeper(1, required=slow)
    scheduler = PureScheduler(slow, after, at(1, slow.cancel), keep_going=True)
    assert (scheduler.run(), after.skipped_by()) == (False, slow)


def test_a_cancelled_job_gives_its_slot_back(every_loop):
    slow = sleeper(critical=False)
    waiting = sleeper(1)
    PureScheduler(slow, at(1, slow.cancel), waiting, jobs_window=2).run()
    assert waiting.started_at == 1


def test_a_forever_job_is_cancelled(every_loop):
    forever = sleeper(forever=True, critical=False)
    scheduler = PureScheduler(forever, sleeper(2), at(1, forever.cancel))
    assert (scheduler.run(), forever.is_done(), forever.ended_at) == (True, True, 1)


def test_the_events_of_a_cancelled_job(every_loop):
    slow = sleeper(critical=False)
    scheduler = PureScheduler(slow, at(1, slow.cancel))
    assert kinds_of(scheduler, slow) == (True, ["scheduled", "started", "failed"])


def test_a_job_that_is_cancelled_before_its_first_step_never_steps(every_loop):
    steps = []

    async def step():
        steps.append("stepped")
        await asyncio.sleep(9)

    job = Job(step, critical=False)
    scheduler = PureScheduler(job)
    with at_event(scheduler, job, EventKind.STARTED, lambda: job.cancel("early")):
        assert scheduler.run() is True
    assert (job.is_done(), job.ended_at, job.raised_exception().args) == (True, 0, ("early",))


def test_a_running_job_may_be_cancelled_more_than_once(every_loop):
    heard = []

    async def count():
        for _ in range(2):
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError as error:
                heard.append(error.args)

    job = Job(count)
    PureScheduler(job, at(1, lambda: job.cancel("one")), at(2, lambda: job.cancel("two"))).run()
    assert (heard, job.ended_at) == ([("one",), ("two",)], 2)


# -- a job that waits


def test_a_job_that_waits_for_a_requirement_never_starts(every_loop):
    first = sleeper(2)
    waiting = Job(asyncio.sleep(1), required=first, critical=False)
    cancelling = at(1, lambda: waiting.cancel("later"))
    assert PureScheduler(first, waiting, cancelling).run() is True
    error = waiting.raised_exception()
    assert (cancelling.result(), error.args) == (True, ("later",))
    assert (waiting.started_at, waiting.ended_at, waiting.duration()) == (None, 1, None)


def test_a_job_that_waits_for_a_slot_never_starts(every_loop):
    waiting = Job(asyncio.sleep(1), critical=False)
    last = sleeper(1)
    scheduler = PureScheduler(at(1, waiting.cancel), waiting, last, jobs_window=1)
    assert (scheduler.run(), waiting.started_at, last.started_at) == (True, None, 1)
    assert repr(waiting.raised_exception()) == "CancelledError()"


def test_the_window_does_not_grow_by_a_job_that_waited(every_loop):
    waiting = [sleeper(1, critical=False) for _ in range(3)]
    rest = [sleeper(1) for _ in range(4)]
    scheduler = PureScheduler(
        at(1, lambda: [job.cancel() for job in waiting]), *waiting, *rest, jobs_window=1
    )
    scheduler.run()
    assert [job.started_at for job in rest] == [1, 2, 3, 4]


def test_jobs_behind_one_that_waited_start(every_loop):
    first = sleeper(3)
    waiting = sleeper(required=first, critical=False)
    after = sleeper(1, required=waiting)
    both = sleeper(1, required=[waiting, first])
    PureScheduler(first, waiting, after, both, at(1, waiting.cancel)).run()
    assert (after.started_at, both.started_at) == (1, 3)


def test_a_critical_job_that_waited_ends_the_run(every_loop):
    first = sleeper(3)
    waiting = sleeper(required=first, label="later")
    scheduler = PureScheduler(first, waiting, at(1, waiting.cancel))
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "CRITICAL FAILURE: <Job `later`> raised CancelledError:",
    )
    assert first.ended_at == 1


def test_the_last_job_of_a_run_may_be_one_that_waited(every_loop):
    first = sleeper(1)
    waiting = sleeper(required=first, critical=False)
    scheduler = PureScheduler(first, waiting)
    with at_event(scheduler, first, EventKind.DONE, waiting.cancel):
        assert scheduler.run() is True
    assert (waiting.started_at, waiting.is_done()) == (None, True)


def test_the_events_of_a_job_that_waited(every_loop):
    first = sleeper(2)
    waiting = sleeper(required=first, critical=False)
    scheduler = PureScheduler(first, waiting, at(1, waiting.cancel))
    assert kinds_of(scheduler, waiting) == (True, ["failed"])


def test_a_forever_job_that_waited_never_starts(every_loop):
    first = sleeper(2)
    waiting = sleeper(required=first, critical=False, forever=True)
    scheduler = PureScheduler(first, sleeper(4), waiting, at(1, waiting.cancel))
    assert (scheduler.run(), waiting.started_at, waiting.ended_at) == (True, None, 1)


def test_a_scheduler_of_forever_jobs_ends_with_the_last_one(every_loop):
    first = sleeper(2, forever=True, critical=False)
    waiting = sleeper(required=first, critical=False, forever=True)
    scheduler = PureScheduler(
        first, waiting, at(1, lambda: [waiting.cancel(), first.cancel()], forever=True)
    )
    assert (scheduler.run(), scheduler.ended_at) == (True, 1)


def test_a_thousand_jobs_that_wait_are_cancelled_in_one_turn(every_loop):
    waiting = [sleeper(critical=False) for _ in range(1000)]
    last = sleeper(1)
    scheduler = PureScheduler(
        at(1, lambda: [job.cancel() for job in waiting]), *waiting, last, jobs_window=1
    )
    assert (scheduler.run(), last.started_at) == (True, 1)


# -- a job that has ended, or is in no run


def test_a_job_in_no_run_is_not_cancelled():
    job = sleeper()
    assert (job.cancel(), job.is_idle(), AbstractJob().cancel()) == (False, True, False)


def test_a_job_is_not_cancelled_before_or_after_its_run(every_loop):
    job = sleeper(1)
    scheduler = PureScheduler(job)
    assert (job.cancel(), scheduler.run(), job.cancel()) == (False, True, False)
    assert job.raised_exception() is None


def test_a_job_that_has_ended_is_not_cancelled(every_loop):
    done = sleeper(1)
    cancelling = at(2, done.cancel)
    assert PureScheduler(done, cancelling).run() is True
    assert (cancelling.result(), done.raised_exception()) == (False, None)


@pytest.mark.parametrize("kind", [EventKind.DONE, EventKind.FAILED])
def test_an_observer_of_its_end_does_not_cancel_a_job(every_loop, kind):
    async def end():
        await asyncio.sleep(1)
        if kind is EventKind.FAILED:
            raise OSError("x")

    job, answers = Job(end, critical=False), []
    scheduler = PureScheduler(job, sleeper(2))
    with at_event(scheduler, job, kind, lambda: answers.append(job.cancel())):
        assert scheduler.run() is True
    assert (answers, repr(job.raised_exception())) == (
        [False],
        "None" if kind is EventKind.DONE else "OSError('x')",
    )


def test_an_observer_of_its_stop_does_not_cancel_a_job(every_loop):
    job, answers = sleeper(), []
    scheduler = PureScheduler(job, timeout=1)
    with at_event(scheduler, job, EventKind.CANCELLED, lambda: answers.append(job.cancel())):
        scheduler.run()
    assert (answers, job.is_done(), job.raised_exception()) == ([False], False, None)


def test_a_skipped_job_is_not_cancelled(every_loop):
    async def fail():
        raise OSError("x")

    failed = Job(fail)
    skipped = sleeper(required=failed)
    cancelling = at(1, skipped.cancel)
    PureScheduler(failed, skipped, cancelling, keep_going=True).run()
    assert (cancelling.result(), skipped.is_skipped()) == (False, True)


def test_a_job_that_was_cancelled_once_is_not_cancelled_again(every_loop):
    waiting = sleeper(critical=False)
    cancelling = at(1, lambda: (waiting.cancel(), waiting.cancel()))
    PureScheduler(cancelling, waiting, jobs_window=1).run()
    assert cancelling.result() == (True, False)


def test_after_the_end_of_the_run_a_job_that_waits_stays_idle(every_loop):
    answers = []

    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            answers.append(waiting.cancel())

    first = Job(clean_up)
    waiting = sleeper(required=first)
    PureScheduler(first, waiting, timeout=1).run()
    assert (answers, states(waiting)) == ([True], ["is_idle"])


def test_a_job_can_run_again_after_it_was_cancelled(every_loop):
    plans = [True, False]

    def plan():
        return plans.pop(0) and (slow.cancel(), waiting.cancel())

    slow = sleeper(2, critical=False)
    waiting = sleeper(1, required=slow, critical=False)
    scheduler = PureScheduler(slow, at(1, plan), waiting)
    scheduler.run()
    assert (scheduler.run(), slow.raised_exception(), waiting.started_at) == (True, None, 2)


def test_cancelled_jobs_are_among_the_failures(every_loop):
    slow = sleeper(critical=False)
    waiting = sleeper(required=slow, critical=False)
    scheduler = PureScheduler(
        slow, waiting, at(1, lambda: (waiting.cancel("a"), slow.cancel("b")))
    )
    scheduler.run()
    failures = [(job, error.args) for job, error in scheduler.failures().items()]
    assert failures == [(waiting, ("a",)), (slow, ("b",))]


def test_a_cancelled_job_is_shut_down(every_loop):
    calls = []

    async def tidy_up():
        calls.append("called")

    slow = sleeper(critical=False)
    waiting = Job(asyncio.sleep(1), required=slow, critical=False, coshutdown=tidy_up())
    scheduler = PureScheduler(slow, waiting, at(1, waiting.cancel), timeout=2)
    scheduler.run()
    assert (scheduler.shutdown(), calls) == (True, ["called"])


# -- where it is called from


@pytest.mark.parametrize("name", ["other", "itself"])
def test_a_job_cancels_a_job_in_its_first_step(every_loop, name):
    async def cancel():
        answers.append(jobs[name].cancel("first"))
        await asyncio.sleep(9)

    answers = []
    jobs = {"itself": Job(cancel, critical=False), "other": sleeper(1, critical=False)}
    scheduler = PureScheduler(*jobs.values())
    scheduler.run()
    assert (answers, jobs[name].raised_exception().args) == ([True], ("first",))
    assert jobs[name].ended_at == 0


def test_a_job_that_cancels_itself_and_returns_is_done(every_loop):
    async def cancel():
        job.cancel()
        return "all the same"

    job = Job(cancel)
    assert (PureScheduler(job).run(), job.result()) == (True, "all the same")


def test_an_observer_cancels_a_job_as_another_one_becomes_scheduled(every_loop):
    first, second = sleeper(1), sleeper(1, critical=False)
    scheduler = PureScheduler(first, second)
    with at_event(scheduler, first, EventKind.SCHEDULED, second.cancel):
        assert scheduler.run() is True
    assert (second.started_at, states(second)) == (
        None,
        ["is_scheduled", "is_running", "is_done"],
    )
    assert repr(second.raised_exception()) == "CancelledError()"


def test_an_observer_cancels_a_job_that_becomes_ready_in_the_same_turn(every_loop):
    first = sleeper(1)
    second = sleeper(1, required=first)
    third = sleeper(1, required=first, critical=False)
    scheduler = PureScheduler(first, second, third)
    with at_event(scheduler, second, EventKind.SCHEDULED, third.cancel):
        assert scheduler.run() is True
    assert (third.started_at, type(third.raised_exception())) == (
        None,
        asyncio.CancelledError,
    )


def test_an_observer_cancels_all_jobs_before_the_first_one_starts(every_loop):
    jobs = [sleeper(1, critical=False) for _ in range(3)]
    scheduler = PureScheduler(*jobs)
    act = at_event(
        scheduler, jobs[0], EventKind.SCHEDULED, lambda: [job.cancel() for job in jobs]
    )
    with act:
        assert (scheduler.run(), scheduler.ended_at) == (True, 0)
    assert [job.started_at for job in jobs] == [None] * 3


def test_an_observer_cancels_a_forever_job_that_was_to_start_next(every_loop):
    first, second = (sleeper(forever=True, critical=False) for _ in range(2))
    scheduler = PureScheduler(first, second, sleeper(1))
    with at_event(scheduler, first, EventKind.STARTED, second.cancel):
        assert scheduler.run() is True
    assert (second.started_at, type(second.raised_exception())) == (
        None,
        asyncio.CancelledError,
    )


def test_an_observer_of_a_newcomer_cancels_a_job(every_loop, caplog):
    async def add():
        scheduler.add(new)
        await asyncio.sleep(1)

    new = sleeper(1)
    waiting = sleeper(critical=False)
    scheduler = PureScheduler(Job(add), sleeper(3), waiting, jobs_window=2)
    with at_event(scheduler, new, EventKind.SCHEDULED, waiting.cancel):
        assert scheduler.run() is True
    assert (waiting.started_at, new.started_at, caplog.messages) == (None, 1, [])


def test_a_signal_handler_of_the_loop_cancels_a_job(every_loop):
    async def raise_signal():
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, slow.cancel)
        try:
            signal.raise_signal(signal.SIGUSR1)
            await asyncio.sleep(1)
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    slow = sleeper(critical=False)
    assert PureScheduler(slow, Job(raise_signal)).run() is True
    assert (slow.ended_at, repr(slow.raised_exception())) == (0, "CancelledError()")


def in_a_thread(function):
    """Return the exception of a function in a separate thread."""
    raised = []

    def call():
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return raised


def test_another_thread_is_refused_with_the_remedy(every_loop):
    slow = sleeper(1, label="slow")
    asking = at(0, lambda: in_a_thread(slow.cancel))
    assert PureScheduler(slow, asking).run() is True
    (error,) = asking.result()
    assert repr(error) == (
        "RuntimeError('<Job `slow`> runs in the event loop of another thread: call "
        "loop.call_soon_threadsafe(job.cancel) instead, with the loop of that run')"
    )


def test_the_remedy_for_another_thread_works(every_loop):
    slow = sleeper(critical=False)

    def ask():
        loop = asyncio.get_running_loop()
        return in_a_thread(lambda: loop.call_soon_threadsafe(slow.cancel))

    asking = at(1, ask)
    assert PureScheduler(slow, asking).run() is True
    assert (asking.result(), slow.ended_at) == ([], 1)


# -- nested schedulers


def test_a_nested_scheduler_that_runs_is_cancelled_with_its_jobs(every_loop):
    calls = []

    async def tidy_up():
        calls.append("called")

    inner = Job(asyncio.sleep, 9, coshutdown=tidy_up)
    nested = Scheduler(inner, critical=False, label="nested")
    scheduler = PureScheduler(nested, at(1, lambda: nested.cancel("enough")))
    assert scheduler.run() is True
    assert (nested.raised_exception().args, nested.why()) == (("enough",), "CANCELLED")
    assert (inner.is_done(), inner.ended_at, calls) == (False, 1, ["called"])


def test_a_nested_scheduler_that_waits_never_starts(every_loop):
    first = sleeper(2)
    inner = Job(asyncio.sleep(1))
    nested = Scheduler(inner, required=first, critical=False)
    scheduler = PureScheduler(first, nested, at(1, nested.cancel))
    assert scheduler.run() is True
    assert (nested.started_at, type(nested.raised_exception()), inner.is_idle()) == (
        None,
        asyncio.CancelledError,
        True,
    )


def test_a_critical_nested_scheduler_that_is_cancelled_ends_the_run(every_loop):
    nested = Scheduler(sleeper(), label="nested")
    scheduler = PureScheduler(nested, at(1, nested.cancel))
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "CRITICAL FAILURE: <Scheduler `nested`> raised CancelledError:",
    )


def test_a_job_deep_inside_is_cancelled(every_loop):
    slow = sleeper(critical=False)
    scheduler = Scheduler(Scheduler(Scheduler(slow)), at(1, slow.cancel))
    assert (scheduler.run(), slow.ended_at) == (True, 1)


def test_a_nested_scheduler_is_cancelled_while_it_is_shut_down(every_loop):
    nested = Scheduler(
        Job(asyncio.sleep, 1, coshutdown=lambda *_: asyncio.sleep(0.5)), critical=False
    )
    cancelling = at(1.25, nested.cancel)
    scheduler = PureScheduler(nested, cancelling)
    assert (scheduler.run(), cancelling.result()) == (True, True)
    assert (nested.why(), type(nested.raised_exception()), nested.ended_at) == (
        "FINE",
        asyncio.CancelledError,
        1.5,
    )


def test_a_scheduler_that_runs_on_its_own_is_refused_with_the_remedy(every_loop):
    def ask():
        with pytest.raises(
            RuntimeError,
            match=r"^<Scheduler `s`> runs on its own, and not as a job of another scheduler: "
            r"call stop\(\), or cancel the task that awaits its co_run\(\)$",
        ):
            scheduler.cancel()

    scheduler = Scheduler(at(1, ask), label="s")
    assert (scheduler.cancel(), scheduler.run(), scheduler.cancel()) == (False, True, False)


def test_a_scheduler_that_ran_on_its_own_is_cancelled_once_it_is_nested(every_loop):
    nested = Scheduler(sleeper(1), critical=False)
    nested.run()
    first = sleeper(3)
    nested.requires(first)
    waiting = [sleeper(1) for _ in range(2)]
    scheduler = PureScheduler(at(0, nested.cancel), first, nested, *waiting, jobs_window=2)
    assert (scheduler.run(), nested.started_at) == (True, None)
    assert [job.started_at for job in waiting] == [0, 1]


# -- jobs of a nested scheduler that has not begun


@pytest.mark.parametrize("depth", [1, 3])
def test_a_job_whose_scheduler_has_not_begun_never_starts(every_loop, depth):
    first, job, other = sleeper(2), sleeper(critical=False), sleeper(1)
    nested = Scheduler(job, other)
    for _ in range(depth - 1):
        nested = Scheduler(nested)
    nested.requires(first)
    cancelling = at(1, lambda: (job.cancel("no disk"), job.is_idle()))
    assert PureScheduler(first, nested, cancelling).run() is True
    assert cancelling.result() == (True, True)
    assert (job.started_at, job.ended_at, job.raised_exception().args) == (
        None,
        2,
        ("no disk",),
    )
    assert other.ended_at == 3


def test_a_job_whose_scheduler_waits_for_a_slot_never_starts(every_loop):
    job, other = sleeper(critical=False), sleeper(1)
    scheduler = PureScheduler(at(1, job.cancel), Scheduler(job, other), jobs_window=1)
    assert scheduler.run() is True
    assert (job.started_at, job.ended_at, other.ended_at) == (None, 1, 2)


def test_the_events_of_a_job_whose_scheduler_had_not_begun(every_loop):
    first = sleeper(2)
    ready, waiting = sleeper(critical=False), sleeper(1)
    waits = sleeper(critical=False, required=waiting)
    nested = Scheduler(ready, waiting, waits, required=first)
    s = PureScheduler(first, nested, at(1, lambda: (ready.cancel(), waits.cancel())))
    events = []
    with s.observe(lambda event: events.append((event.job, event.time, str(event.kind)))):
        assert s.run() is True
    told = [(job, time, kind) for job, time, kind in events if job in (ready, waits)]
    assert told[:3] == [(ready, 2, "scheduled"), (ready, 2, "failed"), (waits, 2, "failed")]
    assert [kind for _, _, kind in told[3:]] == ["shutdown"] * 2


def test_a_critical_job_whose_scheduler_had_not_begun_ends_that_at_once(every_loop):
    first, job, other = sleeper(2), sleeper(label="job"), sleeper(1)
    nested = Scheduler(job, other, required=first, critical=False)
    assert PureScheduler(first, nested, at(1, job.cancel)).run() is True
    assert nested.why() == "CRITICAL FAILURE: <Job `job`> raised CancelledError:"
    assert (nested.ended_at, other.started_at, list(nested.failures())) == (2, None, [job])


def test_jobs_behind_one_whose_scheduler_had_not_begun_are_skipped(every_loop):
    first, job = sleeper(2), sleeper()
    behind, other = sleeper(1, required=job), sleeper(1)
    nested = Scheduler(
        job, behind, other, required=first, critical=False, keep_going=True, jobs_window=1
    )
    assert PureScheduler(first, nested, at(1, job.cancel)).run() is True
    assert (behind.skipped_by(), other.started_at, nested.failed_critical()) == (job, 2, True)


def test_a_nested_scheduler_whose_jobs_were_all_cancelled_is_fine(every_loop):
    first = sleeper(2)
    jobs = [sleeper(critical=False) for _ in range(2)]
    nested = Scheduler(*jobs, required=first)
    cancelling = at(1, lambda: [job.cancel() for job in jobs])
    assert PureScheduler(first, nested, cancelling).run() is True
    assert (nested.result(), nested.ended_at) == (True, 2)


def test_a_nested_scheduler_in_one_that_has_not_begun_never_starts(every_loop):
    first = sleeper(2)
    inner = Scheduler(sleeper(), critical=False)
    nested = Scheduler(inner, required=first)
    assert PureScheduler(first, nested, at(1, inner.cancel)).run() is True
    assert (inner.started_at, type(inner.raised_exception())) == (None, asyncio.CancelledError)


def test_a_job_that_was_added_to_a_scheduler_that_has_not_begun_never_starts(every_loop):
    first, new = sleeper(2), sleeper(critical=False)
    nested = Scheduler(required=first)
    cancelling = at(1, lambda: (nested.add(new), new.cancel())[1])
    assert PureScheduler(first, nested, cancelling).run() is True
    assert (cancelling.result(), new.started_at) == (True, None)
    assert type(new.raised_exception()) is asyncio.CancelledError


def test_a_job_that_runs_stays_in_its_run_if_it_is_put_elsewhere_as_well(every_loop):
    first, job = sleeper(2), sleeper(critical=False)
    nested = Scheduler(required=first)
    cancelling = at(1, lambda: (nested.add(job), job.cancel(), nested.remove(job))[1])
    assert PureScheduler(first, job, nested, cancelling).run() is True
    assert (cancelling.result(), job.started_at, job.ended_at) == (True, 0, 1)


def test_a_job_in_a_newcomer_that_has_not_begun_never_starts(every_loop):
    job, other = sleeper(critical=False), sleeper(1)
    new = Scheduler(job, required=other)
    cancelling = at(1, lambda: scheduler.update([other, new]))
    later = at(1.5, job.cancel)
    scheduler = PureScheduler(cancelling, later)
    assert scheduler.run() is True
    assert (later.result(), job.started_at, job.is_done()) == (True, None, True)


def test_a_job_whose_scheduler_never_begins_stays_idle(every_loop):
    """It is not cancelled in a later run either."""
    first, job = sleeper(2), sleeper(1)
    nested = Scheduler(job, required=first)
    cancelling = at(1, job.cancel)
    assert PureScheduler(first, nested, cancelling, timeout=1.5).run() is False
    assert (cancelling.result(), job.is_idle(), job.cancel()) == (True, True, False)
    nested = Scheduler(job)
    assert nested.run() is True
    assert job.is_done()


def test_a_wish_to_cancel_ends_with_its_run(every_loop):
    job = AbstractSleeper()
    first = sleeper(2)
    nested = Scheduler(job, required=first)
    assert PureScheduler(first, nested, at(1, job.cancel), timeout=1.5).run() is False
    nested.required.clear()
    assert nested.run() is True
    assert (job.is_done(), job.raised_exception()) == (True, None)


def test_a_job_is_not_cancelled_once_its_scheduler_has_ended_without_it(every_loop):
    first, job = sleeper(2), sleeper(1)
    nested = Scheduler(job, required=first, critical=False)
    later = at(1.5, job.cancel)
    scheduler = PureScheduler(first, nested, at(1, nested.cancel), later)
    assert (scheduler.run(), later.result(), job.is_idle()) == (True, False, True)


def test_a_job_whose_scheduler_has_not_begun_stays_cancelled_after_a_shutdown(every_loop):
    """After that, all nested schedulers are looked at again."""
    first, job = sleeper(2), sleeper(critical=False)
    inner = Scheduler(sleeper(1), job)
    nested = Scheduler(inner, required=first)

    async def shut_down():
        await asyncio.sleep(1)
        job.cancel()
        await scheduler.co_shutdown()

    scheduler = PureScheduler(first, nested, Job(shut_down))
    assert scheduler.run() is True
    assert (job.started_at, job.ended_at) == (None, 2)


def test_a_job_that_was_taken_out_meanwhile_is_not_cancelled(every_loop):
    first, job, other = sleeper(2), sleeper(1), sleeper(1)
    nested = Scheduler(job, other, required=first)

    def act():
        assert job.cancel() is True
        nested.remove(job)
        scheduler.add(job)

    scheduler = PureScheduler(first, nested, at(1, act))
    assert scheduler.run() is True
    assert (job.started_at, job.ended_at, other.ended_at) == (1, 2, 3)


def test_another_thread_is_refused_for_a_job_that_has_not_begun(every_loop):
    first, job = sleeper(2), sleeper(1, label="job")
    nested = Scheduler(job, required=first)
    asking = at(1, lambda: in_a_thread(job.cancel))
    assert PureScheduler(first, nested, asking).run() is True
    assert list(map(type, asking.result())) == [RuntimeError]
    assert job.ended_at == 3


def test_schedulers_that_were_put_into_each_other_after_a_run_can_be_asked(every_loop):
    """Such a cycle is refused when they run."""
    first = sleeper(2)
    one, two = Scheduler(required=first), Scheduler(required=first)
    assert PureScheduler(first, one, two, timeout=1).run() is False
    one.add(two)
    two.add(one)
    assert (one.cancel(), two.cancel()) == (False, False)


class AbstractSleeper(AbstractJob):
    """A job that can run again."""

    async def co_run(self):
        await asyncio.sleep(1)


# -- jobs that join


def test_a_newcomer_is_cancelled_before_it_has_joined(every_loop):
    new = Job(asyncio.sleep(1), critical=False)
    cancelling = at(1, lambda: (scheduler.add(new), new.cancel())[1])
    scheduler = PureScheduler(cancelling, sleeper(2))
    assert (scheduler.run(), cancelling.result(), new.started_at) == (True, True, None)
    assert type(new.raised_exception()) is asyncio.CancelledError


@pytest.mark.parametrize("nested", [False, True])
def test_a_newcomer_that_ran_before_is_cancelled_before_it_has_joined(every_loop, nested):
    new = Scheduler(sleeper(1), critical=False) if nested else sleeper(1, critical=False)
    PureScheduler(new).run()
    waiting = [sleeper(1) for _ in range(3)]
    scheduler = PureScheduler(
        at(1, lambda: (scheduler.add(new), new.cancel())), *waiting, jobs_window=1
    )
    assert (scheduler.run(), new.started_at, new.ended_at) == (True, None, 1)
    assert [job.started_at for job in waiting] == [1, 2, 3]  # the window has not grown


def test_a_newcomer_is_cancelled_after_it_has_joined(every_loop):
    new = sleeper(critical=False)
    scheduler = PureScheduler(at(1, lambda: scheduler.add(new)), sleeper(3), at(2, new.cancel))
    assert (scheduler.run(), new.started_at, new.ended_at) == (True, 1, 2)


# -- classes of users


class WithOwnNames(AbstractJob):
    """A job that has attributes with the names of the new options."""

    limits = "of the class"

    def __init__(self, timeout, **options):
        super().__init__(**options)
        self.timeout = timeout
        self.cancelled = []

    async def co_run(self):
        await asyncio.sleep(self.timeout)
        return self.timeout

    def cancel(self, reason, *, hard):
        self.cancelled.append((reason, hard))


def test_a_class_with_a_method_cancel_of_its_own_works(every_loop):
    job = WithOwnNames(3)
    other = WithOwnNames(9, critical=False)
    scheduler = PureScheduler(job, other, at(1, lambda: other.cancel("x", hard=True)))
    assert (scheduler.run(), other.cancelled, other.ended_at) == (True, [("x", True)], 9)
    assert job.result() == 3


def test_the_event_of_a_cancelled_job_is_a_job_event(every_loop):
    events = []
    first = sleeper(2)
    waiting = sleeper(required=first, critical=False)
    scheduler = PureScheduler(first, waiting, at(1, waiting.cancel))
    with scheduler.observe(events.append):
        scheduler.run()
    assert JobEvent(waiting, EventKind.FAILED, 1) in events
