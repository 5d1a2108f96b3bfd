"""`scheduler.stop()`: a run ends as successful, since the answer is found."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import pickle
import signal
import threading

import pytest

from asynciojobs import EventKind, Job, PureScheduler, Scheduler


def sleeper(seconds=9.0, **options):
    return Job(asyncio.sleep, seconds, **options)


def at(seconds, act, **options):
    """Return a job that calls a function after some time, and returns its result."""

    async def work():
        await asyncio.sleep(seconds)
        return act()

    return Job(work, **options)


async def fail(text="x"):
    raise OSError(text)


def at_event(scheduler, wanted, kind, act):
    """Call a function when something happens to a job."""

    def look(event):
        if event.job is wanted and event.kind is kind:
            act()

    return scheduler.observe(look)


def test_a_stopped_run_is_fine(every_loop):
    running = sleeper()
    waiting = Job(asyncio.sleep(1), required=running)
    stopping = at(1, lambda: scheduler.stop("found in `b`"))
    scheduler = PureScheduler(running, waiting, stopping)
    assert scheduler.run() is True
    assert (scheduler.why(), scheduler.was_stopped()) == ("STOPPED: found in `b`", True)
    assert (scheduler.failed_critical(), scheduler.failed_time_out()) == (False, False)
    assert (running.is_running(), running.is_done(), running.ended_at) == (True, False, 1)
    assert (waiting.is_idle(), scheduler.stats()) == (True, "1D + 1X + 0R + 1I = 3")


def test_the_reason_may_be_left_out(every_loop):
    scheduler = PureScheduler(sleeper())
    with scheduler.observe(lambda _: scheduler.stop()):
        assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: stopped")


def test_the_reason_may_be_any_object(every_loop):
    scheduler = PureScheduler(at(0, lambda: scheduler.stop(42)))
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: 42")


def test_a_critical_scheduler_that_was_stopped_raises_nothing(every_loop):
    scheduler = Scheduler(sleeper(), at(1, lambda: scheduler.stop("found")))
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: found")


def test_a_stopped_run_shows_that(every_loop, capsys):
    scheduler = PureScheduler(sleeper(label="a"), at(1, lambda: scheduler.stop("x"), label="b"))
    scheduler.run()
    assert (
        repr(scheduler)
        == "<PureScheduler of 2 jobs> 1D + 1X + 0R + 0I = 2, STOPPED after 1.0 s"
    )
    scheduler.debrief()
    assert capsys.readouterr().out == (
        "===== <PureScheduler of 2 jobs>: STOPPED: x\n"
        "===== 1D + 1X + 0R + 0I = 2\n"
        "1 !   ■   <Job `a`> [not done]\n"
        "2 ! ✓ ●   <Job `b`> [[ -> None]]\n"
    )


def test_the_next_run_forgets_that_the_last_one_was_stopped(every_loop):
    reasons = ["found"]
    job = sleeper(2)
    scheduler = PureScheduler(job, at(1, lambda: reasons and scheduler.stop(reasons.pop())))
    scheduler.run()
    assert (scheduler.run(), scheduler.why(), scheduler.was_stopped()) == (True, "FINE", False)
    assert job.is_done()


def test_jobs_that_run_are_awaited(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    scheduler = PureScheduler(Job(clean_up), at(1, lambda: scheduler.stop("enough")))
    assert (scheduler.run(), scheduler.ended_at) == (True, 4)


def test_jobs_that_wait_for_a_slot_never_start(every_loop):
    waiting = Job(asyncio.sleep(1))
    scheduler = PureScheduler(at(1, lambda: scheduler.stop("enough")), waiting, jobs_window=1)
    assert (scheduler.run(), waiting.started_at, waiting.is_scheduled()) == (True, None, True)


def test_forever_jobs_are_ended(every_loop):
    forever = sleeper(forever=True)
    scheduler = PureScheduler(forever, sleeper(), at(1, lambda: scheduler.stop("enough")))
    assert (scheduler.run(), forever.is_done(), forever.ended_at) == (True, False, 1)


def test_a_run_of_forever_jobs_is_stopped(every_loop):
    server = sleeper(forever=True)
    scheduler = PureScheduler(server, at(1, lambda: scheduler.stop("enough"), forever=True))
    assert (scheduler.run(), scheduler.ended_at) == (True, 1)


def test_the_job_that_stops_the_run_is_cancelled_too(every_loop):
    async def stop_and_go_on():
        scheduler.stop()
        await asyncio.sleep(9)

    job = Job(stop_and_go_on)
    scheduler = PureScheduler(job)
    assert (scheduler.run(), job.is_done(), job.ended_at) == (True, False, 0)


def test_the_job_that_stops_the_run_may_return(every_loop, caplog):
    job = at(0, lambda: (scheduler.stop("enough"), "found")[1])
    scheduler = PureScheduler(job, sleeper())
    assert (scheduler.run(), job.result(), caplog.messages) == (True, "found", [])


def test_the_events_of_a_stopped_run(every_loop):
    running, events = sleeper(label="a"), []
    waiting = sleeper(required=running)
    scheduler = PureScheduler(
        running, waiting, at(1, lambda: scheduler.stop("enough"), label="b")
    )
    with scheduler.observe(lambda event: events.append((str(event.kind), event.job.label))):
        scheduler.run()
    assert events == [
        ("scheduled", "a"),
        ("scheduled", "b"),
        ("started", "a"),
        ("started", "b"),
        ("done", "b"),
        ("cancelled", "a"),
    ]


def test_jobs_of_a_stopped_run_are_shut_down(every_loop):
    calls = []

    async def tidy_up():
        calls.append("called")

    running = Job(asyncio.sleep, 9, coshutdown=tidy_up())
    waiting = Job(asyncio.sleep, 9, required=running, coshutdown=tidy_up())
    scheduler = PureScheduler(running, waiting, at(1, lambda: scheduler.stop("enough")))
    assert (scheduler.run(), scheduler.shutdown(), calls) == (True, True, ["called"] * 2)


# -- nested schedulers


def test_a_nested_scheduler_is_stopped_alone(every_loop):
    inner = sleeper()
    nested = Scheduler(inner, at(1, lambda: nested.stop("found")))
    after = sleeper(1, required=nested)
    scheduler = PureScheduler(nested, after)
    assert (scheduler.run(), scheduler.why(), scheduler.was_stopped()) == (True, "FINE", False)
    assert (nested.result(), nested.why(), inner.ended_at) == (True, "STOPPED: found", 1)
    assert (after.started_at, after.is_done()) == (1, True)


def test_a_job_deep_inside_stops_the_outermost_scheduler(every_loop):
    inner = sleeper()
    nested = Scheduler(Scheduler(inner, at(1, lambda: scheduler.stop("found"))))
    scheduler = Scheduler(nested, sleeper())
    assert (scheduler.run(), scheduler.why(), inner.ended_at) == (True, "STOPPED: found", 1)
    assert (nested.why(), nested.was_stopped(), nested.is_done()) == ("CANCELLED", False, False)


def test_a_job_outside_stops_a_nested_scheduler(every_loop):
    nested = Scheduler(sleeper())
    scheduler = PureScheduler(nested, at(1, lambda: nested.stop("found")), sleeper(2))
    assert (scheduler.run(), nested.result(), nested.ended_at) == (True, True, 1)


def test_a_nested_scheduler_that_waits_can_not_be_stopped(every_loop):
    def stop():
        with pytest.raises(RuntimeError, match=r"^<Scheduler `later`> is not running, "):
            nested.stop()

    first = sleeper(2)
    nested = Scheduler(sleeper(1), required=first, label="later")
    assert PureScheduler(first, nested, at(1, stop)).run() is True
    assert nested.started_at == 2


# -- where and when it may be called


def test_without_a_run_there_is_nothing_to_stop(every_loop):
    scheduler = Scheduler(sleeper(1), label="s")
    refusal = pytest.raises(
        RuntimeError,
        match=r"^<Scheduler `s`> is not running, so there is nothing to stop: call stop\(\) "
        r"from one of its jobs, or from an observer$",
    )
    with refusal:
        scheduler.stop()
    scheduler.run()
    with refusal:
        scheduler.stop()
    assert (scheduler.why(), scheduler.was_stopped()) == ("FINE", False)


def test_in_the_first_step_of_a_job(every_loop):
    async def stop():
        scheduler.stop("at once")
        await asyncio.sleep(9)

    waiting = sleeper()
    scheduler = PureScheduler(Job(stop), waiting)
    assert (scheduler.run(), scheduler.why(), scheduler.ended_at) == (
        True,
        "STOPPED: at once",
        0,
    )
    assert waiting.is_done() is False


@pytest.mark.parametrize(
    "kind", [EventKind.SCHEDULED, EventKind.STARTED, EventKind.DONE], ids=str
)
def test_in_an_observer(every_loop, kind):
    jobs = sleeper(1), sleeper(9), sleeper(9)
    jobs[2].requires(jobs[0])
    scheduler = PureScheduler(*jobs)
    with at_event(scheduler, jobs[0], kind, lambda: scheduler.stop("seen")):
        assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: seen")
    assert scheduler.ended_at == (1 if kind is EventKind.DONE else 0)
    assert [job.is_done() for job in jobs] == [kind is EventKind.DONE, False, False]


def test_in_an_observer_of_the_last_job(every_loop):
    job = sleeper(1)
    scheduler = PureScheduler(job)
    with at_event(scheduler, job, EventKind.DONE, lambda: scheduler.stop("seen")):
        assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: seen")


def test_in_an_observer_of_a_failure_which_then_does_not_end_the_run(every_loop):
    job = Job(fail)
    scheduler = PureScheduler(job, sleeper())
    with at_event(scheduler, job, EventKind.FAILED, lambda: scheduler.stop("seen")):
        assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: seen")
    assert [repr(error) for error in scheduler.failures().values()] == ["OSError('x')"]


def test_in_an_observer_of_a_skipped_job(every_loop):
    failed = Job(fail)
    skipped = [sleeper(required=failed) for _ in range(3)]
    scheduler = PureScheduler(failed, *skipped, sleeper(), keep_going=True)
    with at_event(scheduler, skipped[0], EventKind.SKIPPED, lambda: scheduler.stop("seen")):
        assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: seen")
    assert [job.is_skipped() for job in skipped] == [True] * 3


def test_in_a_timer_of_the_loop(every_loop):
    async def set_timer():
        asyncio.get_running_loop().call_later(2, scheduler.stop, "time for tea")

    scheduler = PureScheduler(Job(set_timer), sleeper())
    assert (scheduler.run(), scheduler.why(), scheduler.ended_at) == (
        True,
        "STOPPED: time for tea",
        2,
    )


def test_in_a_signal_handler_of_the_loop(every_loop):
    async def raise_signal():
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, scheduler.stop, "SIGUSR1")
        try:
            signal.raise_signal(signal.SIGUSR1)
            await asyncio.sleep(1)
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    scheduler = PureScheduler(sleeper(), Job(raise_signal))
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: SIGUSR1")


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


def test_in_another_thread_it_is_refused_with_the_remedy(every_loop):
    asking = at(0, lambda: in_a_thread(scheduler.stop))
    scheduler = Scheduler(asking, sleeper(1), label="s")
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")
    (error,) = asking.result()
    assert repr(error) == (
        "RuntimeError('<Scheduler `s`> runs in the event loop of another thread: call "
        "loop.call_soon_threadsafe(scheduler.stop) instead, with the loop of that run')"
    )


def test_the_remedy_for_another_thread_works(every_loop):
    def ask():
        loop = asyncio.get_running_loop()
        return in_a_thread(lambda: loop.call_soon_threadsafe(scheduler.stop, "asked"))

    scheduler = PureScheduler(at(1, ask), sleeper())
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: asked")


# -- together with other ends


def test_the_first_stop_counts(every_loop):
    scheduler = PureScheduler(at(1, lambda: (scheduler.stop("a"), scheduler.stop("b"))))
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: a")


def clean_up(act):
    """Return a job that calls a function in its clean-up."""

    async def work():
        try:
            await asyncio.sleep(9)
        finally:
            act()

    return Job(work)


def raise_(error):
    raise error


def test_after_a_failure_it_changes_nothing(every_loop):
    scheduler = PureScheduler(
        clean_up(lambda: scheduler.stop("enough")),
        at(1, lambda: raise_(OSError("x")), label="a"),
    )
    assert (scheduler.run(), scheduler.was_stopped(), scheduler.why()) == (
        False,
        False,
        "CRITICAL FAILURE: <Job `a`> raised OSError:x",
    )


def test_after_the_end_of_all_regular_jobs_it_changes_nothing(every_loop):
    forever = clean_up(lambda: scheduler.stop("enough"))
    forever.forever = True
    scheduler = PureScheduler(forever, sleeper(1))
    assert (scheduler.run(), scheduler.why(), scheduler.was_stopped()) == (True, "FINE", False)


def test_after_a_timeout_it_changes_nothing(every_loop):
    scheduler = PureScheduler(clean_up(lambda: scheduler.stop("enough")), timeout=1)
    assert (scheduler.run(), scheduler.was_stopped()) == (False, False)


def test_a_clean_up_that_fails_does_not_change_a_stopped_run(every_loop):
    job = clean_up(lambda: raise_(OSError("x")))
    scheduler = Scheduler(job, at(1, lambda: scheduler.stop("found")))
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: found")
    assert {job: repr(error) for job, error in scheduler.failures().items()} == {
        job: "OSError('x')"
    }


def test_failures_before_it_do_not_change_a_stopped_run(every_loop):
    failed = Job(fail)
    scheduler = Scheduler(failed, at(1, lambda: scheduler.stop("found")), keep_going=True)
    assert (scheduler.run(), scheduler.why()) == (True, "STOPPED: found")
    assert list(scheduler.failures()) == [failed]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_in_the_clean_up_leaves_a_stopped_run(every_loop, error):
    scheduler = PureScheduler(
        clean_up(lambda: raise_(error(3))), at(1, lambda: scheduler.stop("enough"))
    )
    with pytest.raises(error):
        scheduler.run()
    assert scheduler.was_stopped() is False


def test_a_cancellation_in_the_clean_up_of_a_stopped_run_is_raised(in_loop):
    async def clean_up_slowly():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    async def main():
        scheduler = PureScheduler(Job(clean_up_slowly), at(1, lambda: scheduler.stop("found")))
        run = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(2)
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
        return run.cancelled(), scheduler.why(), asyncio.get_running_loop().time()

    assert in_loop(main()) == (True, "STOPPED: found", 4)


def test_a_timeout_in_the_clean_up_of_a_stopped_run_changes_nothing(every_loop):
    async def clean_up_slowly():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    scheduler = Scheduler(
        Job(clean_up_slowly), at(1, lambda: scheduler.stop("enough")), timeout=2
    )
    assert (scheduler.run(), scheduler.failed_time_out(), scheduler.ended_at) == (
        True,
        False,
        4,
    )


def test_newcomers_of_the_same_turn_never_start(every_loop):
    new = Job(asyncio.sleep(1))
    scheduler = PureScheduler(
        at(1, lambda: (scheduler.add(new), scheduler.stop("enough"))), sleeper()
    )
    assert (scheduler.run(), new.started_at) == (True, None)


# -- copies, and users' classes


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_tells_that_the_run_was_stopped(every_loop, copied):
    scheduler = PureScheduler(Job(asyncio.sleep, 9))
    with scheduler.observe(lambda _: scheduler.stop("seen")):
        scheduler.run()
    other = copied(scheduler)
    assert (other.was_stopped(), other.why()) == (True, "STOPPED: seen")


def test_a_class_with_a_method_stop_of_its_own_works(every_loop):
    class Service(Scheduler):
        def stop(self, state):
            """Stop the service."""
            self.state = state

    service = Service(at(1, lambda: service.stop("x")))
    assert (PureScheduler(service).run(), service.state, service.why()) == (
        True,
        "x",
        "FINE",
    )
