"""`keep_going`: after a critical failure, only the jobs that depend on it are skipped."""

from __future__ import annotations

import asyncio
import copy
import gc
import math
import pickle
import sys
import weakref
from itertools import chain

import pytest

from asynciojobs import (
    AbstractJob,
    BestSet,
    CallJob,
    EventKind,
    Job,
    JobEvent,
    PureScheduler,
    Scheduler,
    Sequence,
)
from asynciojobs.bestset import InsertionSet


async def fail(seconds=0, text="x"):
    await asyncio.sleep(seconds)
    raise OSError(text)


def sleeper(seconds=1.0, **options):
    return Job(asyncio.sleep, seconds, **options)


def failing(seconds=0, text="x", **options):
    return Job(fail, seconds, text, **options)


def going(*jobs, **options):
    return PureScheduler(*jobs, keep_going=True, **options)


def at(seconds, act, **options):
    """Return a job that calls a function after some time, and goes on for a second."""

    async def work():
        await asyncio.sleep(seconds)
        act()
        await asyncio.sleep(1)

    return Job(work, **options)


# -- what is skipped, and what goes on


def test_without_it_a_failure_ends_the_run(every_loop):
    other = sleeper(2)
    scheduler = PureScheduler(failing(), other)
    assert (scheduler.keep_going, scheduler.run(), other.is_done()) == (False, False, False)


def test_with_it_other_jobs_go_on(every_loop):
    failed = failing(1, label="a")
    running, independent = sleeper(2), sleeper(2)
    after = sleeper(required=running)
    scheduler = going(failed, running, independent, after)
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "CRITICAL FAILURE: <Job `a`> raised OSError:x",
    )
    assert [job.ended_at for job in (running, independent, after)] == [2, 2, 3]
    assert (scheduler.failed_critical(), scheduler.ended_at) == (True, 3)


def test_all_that_depend_on_a_failed_job_are_skipped(every_loop):
    failed = failing()
    direct = sleeper(required=failed)
    indirect = sleeper(required=[sleeper(), direct])
    further = sleeper(required=indirect)
    other = indirect.required - {direct}
    scheduler = going(failed, direct, indirect, further, *other)
    scheduler.run()
    assert [job.is_skipped() for job in (direct, indirect, further, *other)] == [
        *[True] * 3,
        False,
    ]
    assert [job.skipped_by() for job in (direct, indirect, further)] == [failed] * 3


def test_it_is_an_attribute_that_counts_from_the_next_run_on(every_loop):
    other = sleeper(2)
    scheduler = PureScheduler(failing(), other)
    scheduler.keep_going = True
    assert (scheduler.run(), other.is_done()) == (False, True)
    scheduler.keep_going = False
    assert (scheduler.run(), other.is_done()) == (False, False)


def test_a_change_during_a_run_has_no_effect_on_it(every_loop):
    def change():
        scheduler.keep_going = False

    other = sleeper(3)
    scheduler = going(at(0, change), failing(1), other)
    assert (scheduler.run(), other.is_done()) == (False, True)


def test_jobs_that_are_not_critical_skip_nothing(every_loop):
    failed = failing(critical=False)
    after = sleeper(required=failed)
    scheduler = going(failed, after)
    assert (scheduler.run(), scheduler.why(), after.is_done()) == (True, "FINE", True)


def test_a_job_is_critical_if_it_says_so_when_it_fails(every_loop):
    class Moody(Job):
        mood = False

        def is_critical(self):
            return self.mood

    failed = Moody(fail)
    after = sleeper(required=failed)
    scheduler = going(failed, after)
    assert (scheduler.run(), after.is_skipped()) == (True, False)
    failed.mood = True
    assert (scheduler.run(), after.is_skipped()) == (False, True)


def test_a_run_without_failures_is_fine(every_loop):
    scheduler = going(Sequence(sleeper(), sleeper()))
    assert (scheduler.run(), scheduler.why(), scheduler.failures()) == (True, "FINE", {})
    assert going().run() is True


def test_a_job_with_two_failed_requirements_was_skipped_by_the_first(every_loop):
    late, early = failing(2), failing(1)
    skipped = sleeper(required=[late, early])
    going(late, early, skipped).run()
    assert skipped.skipped_by() is early


def test_a_skipped_job_gives_way_to_others(every_loop):
    failed = failing(1)
    last = sleeper(1)
    skipped = sleeper(required=failed)
    going(failed, skipped, last, jobs_window=1).run()
    assert (last.started_at, skipped.started_at) == (1, None)


def test_if_all_that_is_left_is_skipped_the_run_ends(every_loop):
    failed = failing(1)
    scheduler = going(failed, sleeper(required=failed))
    assert (scheduler.run(), scheduler.ended_at) == (False, 1)


@pytest.mark.parametrize("window", [1, 2, 3, None])
def test_the_same_jobs_are_skipped_with_any_window(every_loop, window):
    rows = [[failing() if row % 3 == 0 else sleeper()] for row in range(9)]
    for row in rows:
        row += [sleeper(required=row[0])]
        row += [sleeper(required=row[1])]
    scheduler = going(*chain(*rows), jobs_window=window)
    assert scheduler.run() is False
    assert scheduler.stats() == "21D + 0R + 6K + 0I = 27"


# -- a job that was skipped


def skipped_job(**options):
    """Return a job that was skipped since the job `a` failed."""
    failed = failing(label="a")
    job = Job(asyncio.sleep(1), label="b", required=failed, **options)
    going(failed, job).run()
    return job


def test_a_skipped_job_was_never_started(every_loop):
    job = skipped_job()
    assert (job.is_idle(), job.is_scheduled(), job.is_running(), job.is_done()) == (
        True,
        False,
        False,
        False,
    )
    assert (job.started_at, job.ended_at, job.duration()) == (None, None, None)
    assert job.raised_exception() is None


def test_other_jobs_were_not_skipped(every_loop):
    done, idle, failed = sleeper(), sleeper(), failing()
    going(done, failed).run()
    assert [job.is_skipped() for job in (done, idle, failed)] == [False] * 3
    assert [job.skipped_by() for job in (done, idle, failed)] == [None] * 3


@pytest.mark.parametrize("critical", [True, False])
def test_the_result_of_a_skipped_job_is_an_error_that_says_so(every_loop, critical):
    with pytest.raises(
        ValueError,
        match=r"^<Job `b`> is skipped, since <Job `a`> failed, and has a result only once it "
        r"is done$",
    ):
        skipped_job(critical=critical).result()


def test_the_coroutine_of_a_skipped_job_is_closed(every_loop, recwarn):
    coroutine = asyncio.sleep(1)
    failed = failing()
    going(failed, Job(coroutine, required=failed)).run()
    assert coroutine.cr_frame is None
    del coroutine
    gc.collect()
    assert list(recwarn) == []


def test_the_coroutines_inside_of_a_skipped_scheduler_are_closed(every_loop, recwarn):
    coroutine = asyncio.sleep(1)
    failed = failing()
    nested = Scheduler(Scheduler(Job(coroutine)), required=failed)
    going(failed, nested).run()
    assert (coroutine.cr_frame, nested.is_skipped()) == (None, True)


def test_skipped_jobs_are_shut_down_as_idle_ones_are(every_loop):
    calls = []

    async def tidy_up():
        calls.append("called")

    failed = failing()
    inner = Job(asyncio.sleep, 1, coshutdown=tidy_up)
    jobs = [
        Job(asyncio.sleep(1), required=failed, coshutdown=tidy_up()),
        Scheduler(inner, required=failed),
    ]
    scheduler = going(failed, *jobs)
    scheduler.run()
    assert calls == []
    assert (scheduler.shutdown(), calls) == (True, ["called"] * 2)


def test_a_scheduler_in_a_skipped_one_is_shut_down_within_the_outer_run(every_loop):
    calls = []

    async def tidy_up():
        calls.append("called")

    failed = failing()
    skipped = Job(asyncio.sleep, 1, required=failed, coshutdown=tidy_up)
    PureScheduler(Scheduler(failed, skipped, keep_going=True, critical=False)).run()
    assert calls == ["called"]


def test_how_a_skipped_job_is_shown(every_loop, capsys):
    failed = failing(label="a")
    scheduler = going(
        failed,
        sleeper(label="b", required=failed),
        Scheduler(sleeper(label="c"), label="n", required=failed),
    )
    scheduler.run()
    scheduler.list()
    assert capsys.readouterr().out == (
        "1 ! ✗ ●   <Job `a`> !! CRIT. EXC. => OSError:x!!\n"
        "2 !   ↷   <Job `b`> [skipped: <Job `a`> failed] requires={1}\n"
        "3 !   ↷   <Scheduler `n`> [skipped: <Job `a`> failed] requires={1} -> entries={4}\n"
        "4 !   ·   > <Job `c`> [not done]\n"
        "3 --end-- < <Scheduler `n`> exits={4}\n"
    )
    assert scheduler.stats() == "1D + 0R + 2K + 0I = 3"
    scheduler.list(silence_done_jobs=True)
    assert "<Job `b`>" in capsys.readouterr().out


def test_skipped_jobs_in_a_debrief(every_loop, capsys):
    failed = failing(label="a")
    scheduler = going(failed, sleeper(label="b", required=failed))
    scheduler.run()
    scheduler.debrief()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "===== <PureScheduler of 2 jobs>: CRITICAL FAILURE: <Job `a`> raised OSError:x",
        "===== 1D + 0R + 1K + 0I = 2",
        "1 ! ✗ ●   <Job `a`> !! CRIT. EXC. => OSError:x!!",
        "2 !   ↷   <Job `b`> [skipped: <Job `a`> failed] requires={1}",
        "===== <Job `a`> !! CRIT. EXC. => OSError:x!!",
    ]


def test_the_events_of_a_run_that_keeps_going(every_loop):
    failed = failing(1, label="a")
    skipped = sleeper(required=failed, label="b")
    further = sleeper(required=skipped, label="c")
    other = sleeper(2, label="d")
    scheduler = going(failed, skipped, further, other)
    events = []
    with scheduler.observe(events.append):
        scheduler.run()
    assert [(event.time, str(event.kind), event.job.label) for event in events] == [
        (0, "scheduled", "a"),
        (0, "scheduled", "d"),
        (0, "started", "a"),
        (0, "started", "d"),
        (1, "failed", "a"),
        (1, "skipped", "b"),
        (1, "skipped", "c"),
        (2, "done", "d"),
    ]
    assert JobEvent(skipped, EventKind.SKIPPED, 1) in events


def test_a_verbose_run_prints_what_is_skipped(every_loop, capsys):
    failed = failing(label="a")
    going(failed, sleeper(required=failed, label="b"), verbose=True).run()
    assert capsys.readouterr().out.splitlines()[-1].endswith("  skipped <Job `b`>")


def test_the_next_run_forgets_what_was_skipped(every_loop):
    errors = [OSError("x")]

    async def fail_once():
        if errors:
            raise errors.pop()

    failed = Job(fail_once)
    skipped = sleeper(required=failed)
    scheduler = going(failed, skipped)
    scheduler.run()
    assert skipped.is_skipped()
    assert (scheduler.run(), skipped.is_skipped(), skipped.skipped_by()) == (True, False, None)
    assert (skipped.is_done(), scheduler.failures()) == (True, {})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_a_skipped_job_is_idle_and_can_run(every_loop, copied):
    failed = failing(critical=False)
    scheduler = going(failed, sleeper(required=failed))
    failed.critical = True
    scheduler.run()
    again = copied(scheduler)
    first, last = again.jobs
    assert (again.keep_going, last.is_skipped(), last.is_idle()) == (True, False, True)
    first.critical = False
    assert (again.run(), last.is_done()) == (True, True)


def test_close_idle_jobs_closes_skipped_ones(every_loop):
    failed = failing()
    coshutdown = asyncio.sleep(1)
    scheduler = going(failed, Job(asyncio.sleep, 1, required=failed, coshutdown=coshutdown))
    scheduler.run()
    scheduler.close_idle_jobs()
    assert coshutdown.cr_frame is None


# -- how the run ends


def test_why_counts_and_names_the_others(every_loop):
    jobs = [failing(n, label=f"j{n}") for n in range(9)]
    for count, others in [
        (1, ""),
        (2, "; 1 other critical job raised: <Job `j1`>"),
        (3, "; 2 other critical jobs raised: <Job `j1`>, <Job `j2`>"),
        (
            9,
            "; 8 other critical jobs raised: "
            + "".join(f"<Job `j{n}`>, " for n in range(1, 5))
            + "<Job `j5`> and 3 more",
        ),
    ]:
        scheduler = going(*jobs[:count])
        assert scheduler.run() is False
        assert scheduler.why() == f"CRITICAL FAILURE: <Job `j0`> raised OSError:x{others}"


def test_a_critical_scheduler_raises_the_first_exception_with_a_note(every_loop):
    late, first = failing(2, "late", label="b"), failing(1, "first", label="a")
    scheduler = Scheduler(late, first, sleeper(3), keep_going=True, label="s")
    with pytest.raises(OSError, match=r"^first") as caught:
        scheduler.run()
    assert caught.value is first.raised_exception()
    assert caught.value.__notes__ == [
        "raised by <Job `a`> in <Scheduler `s`>",
        "1 other critical job raised in <Scheduler `s`>: <Job `b`>",
    ]


def test_a_single_failure_has_no_note_about_others(every_loop):
    scheduler = Scheduler(failing(label="a"), keep_going=True)
    with pytest.raises(OSError, match=r"^x") as caught:
        scheduler.run()
    assert caught.value.__notes__ == ["raised by <Job `a`>"]


def test_an_exception_that_takes_no_notes_is_raised_all_the_same(every_loop):
    class Bare(Exception):
        def add_note(self, note):
            raise TypeError(note)

    async def bare():
        raise Bare

    scheduler = Scheduler(Job(bare), failing(1), keep_going=True)
    with pytest.raises(Bare):
        scheduler.run()


def test_jobs_that_are_not_critical_are_not_among_the_others(every_loop):
    scheduler = going(failing(label="a"), failing(1, critical=False))
    scheduler.run()
    assert scheduler.why() == "CRITICAL FAILURE: <Job `a`> raised OSError:x"


def test_a_timeout_ends_the_run_as_before(every_loop):
    failed = failing(label="a")
    skipped = sleeper(required=failed)
    scheduler = going(failed, skipped, sleeper(9, label="b"), timeout=2)
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "TIMED OUT after 2s; running: <Job `b`>",
    )
    assert list(scheduler.failures()) == [failed]


def test_a_timeout_does_not_count_jobs_inside_of_skipped_schedulers(every_loop):
    failed = failing(label="a")
    skipped = Scheduler(sleeper(), Scheduler(sleeper()), required=failed)
    scheduler = going(failed, skipped, sleeper(9, label="b"), timeout=2)
    scheduler.run()
    assert scheduler.why() == "TIMED OUT after 2s; running: <Job `b`>"


def test_a_cancellation_ends_the_run_as_before(in_loop):
    async def main():
        scheduler = going(failing(), sleeper(9))
        run = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(1)
        run.cancel()
        await asyncio.wait([run])
        return run.cancelled(), scheduler.why()

    assert in_loop(main()) == (True, "CANCELLED")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_ends_the_run_as_before(every_loop, error):
    async def leave():
        await asyncio.sleep(1)
        raise error

    other = sleeper(9)
    with pytest.raises(error):
        going(failing(), Job(leave), other).run()
    assert other.ended_at == 1


def test_a_failure_in_the_clean_up_is_on_its_job(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            raise OSError("in the clean-up")

    job = Job(clean_up, forever=True, label="m")
    scheduler = going(job, sleeper(1))
    assert (scheduler.run(), scheduler.why()) == (
        False,
        "CRITICAL FAILURE: <Job `m`> raised OSError:in the clean-up",
    )


def test_a_failure_in_the_clean_up_of_a_failed_run_changes_nothing(every_loop):
    async def clean_up():
        try:
            await asyncio.sleep(9)
        finally:
            raise OSError("in the clean-up")

    failed = failing(label="a")
    job = Job(clean_up, forever=True)
    scheduler = going(job, failed, sleeper(1))
    scheduler.run()
    assert scheduler.why() == "CRITICAL FAILURE: <Job `a`> raised OSError:x"
    assert list(scheduler.failures()) == [failed, job]


def test_a_job_that_cancels_its_own_task_has_failed(every_loop):
    async def cancel():
        asyncio.current_task().cancel()
        await asyncio.sleep(9)

    cancelled = Job(cancel)
    skipped = sleeper(required=cancelled)
    assert (going(cancelled, skipped, sleeper()).run(), skipped.is_skipped()) == (False, True)


def test_a_refused_run_leaves_nothing(every_loop):
    a, b = sleeper(), sleeper()
    a.requires(b.requires(a))
    with pytest.raises(ValueError, match="cycle"):
        going(a, b).run()


# -- forever jobs


def test_a_critical_forever_job_that_raises_does_not_end_the_run(every_loop):
    monitor = failing(1, forever=True, label="m")
    other = sleeper(3)
    scheduler = going(monitor, other)
    assert (scheduler.run(), scheduler.why(), other.is_done()) == (
        False,
        "CRITICAL FAILURE: <Job `m`> raised OSError:x",
        True,
    )


def test_jobs_that_require_a_forever_job_that_raised_are_skipped(every_loop, caplog):
    monitor = failing(0.5, forever=True)
    skipped = sleeper(required=monitor)
    scheduler = going(monitor, skipped)
    assert (scheduler.run(), skipped.is_skipped(), scheduler.ended_at) == (False, True, 0.5)
    assert caplog.messages == []


def test_forever_jobs_are_skipped_too(every_loop):
    failed = failing(1)
    monitor = sleeper(9, forever=True, required=failed)
    scheduler = going(failed, monitor, sleeper(2))
    assert (scheduler.run(), monitor.is_skipped(), scheduler.ended_at) == (False, True, 2)


def test_a_run_of_forever_jobs_goes_on(every_loop):
    failed = failing(1, forever=True)
    skipped = sleeper(required=failed, forever=True)
    other = sleeper(3, forever=True)
    scheduler = going(failed, skipped, other)
    assert (scheduler.run(), other.is_done(), scheduler.ended_at) == (False, True, 3)
    assert skipped.is_skipped()


# -- nested schedulers


@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("critical", [False, True])
def test_critical_by_keep_going_by_nested(every_loop, inner, outer, critical):
    failed, beside = failing(1), sleeper(2)
    nested = Scheduler(failed, beside, keep_going=inner, critical=critical)
    after, other = sleeper(required=nested), sleeper(4)
    scheduler = PureScheduler(nested, after, other, keep_going=outer)
    assert scheduler.run() is not critical
    assert beside.is_done() is inner
    assert nested.ended_at == (2 if inner else 1)
    goes_on = outer or not critical
    assert (after.is_done(), after.is_skipped(), other.is_done()) == (
        not critical,
        critical and outer,
        goes_on,
    )


def test_a_nested_failure_is_named_with_its_path(every_loop):
    nested = Scheduler(failing(1, label="a"), failing(2, label="b"), keep_going=True, label="n")
    scheduler = Scheduler(nested, failing(3, label="c"), keep_going=True, label="s")
    with pytest.raises(OSError, match=r"^x") as caught:
        scheduler.run()
    assert scheduler.why() == (
        "CRITICAL FAILURE: <Job `n > a`> raised OSError:x; 1 other critical job raised: "
        "<Job `c`>"
    )
    assert nested.why() == (
        "CRITICAL FAILURE: <Job `a`> raised OSError:x; 1 other critical job raised: <Job `b`>"
    )
    assert caught.value.__notes__ == [
        "1 other critical job raised in <Scheduler `n`>: <Job `b`>",
        "raised by <Job `n > a`> in <Scheduler `s`>",
        "1 other critical job raised in <Scheduler `s`>: <Job `c`>",
    ]


def test_a_nested_scheduler_that_failed_is_among_the_others_with_its_path(every_loop):
    nested = Scheduler(failing(2, label="a"), label="n")
    scheduler = going(failing(1, label="b"), nested)
    scheduler.run()
    assert scheduler.why() == (
        "CRITICAL FAILURE: <Job `b`> raised OSError:x; 1 other critical job raised: "
        "<Job `n > a`>"
    )


def test_a_nested_scheduler_that_timed_out_is_a_failure(every_loop):
    nested = Scheduler(sleeper(9), timeout=1)
    after = sleeper(required=nested)
    scheduler = going(nested, after, sleeper(3))
    assert (scheduler.run(), after.skipped_by(), scheduler.ended_at) == (False, nested, 3)


def test_keep_going_of_the_outer_scheduler_is_not_that_of_the_inner_one(every_loop):
    beside = sleeper(2)
    nested = Scheduler(failing(1), beside, critical=False)
    going(nested).run()
    assert (beside.is_done(), nested.why()[:16]) == (False, "CRITICAL FAILURE")


def test_a_skipped_scheduler_forgets_its_last_run(every_loop):
    errors = []

    async def fail_the_second_time():
        errors.append(OSError("x"))
        if len(errors) == 2:
            raise errors[1]

    first = Job(fail_the_second_time)
    inner = failing(critical=False)
    nested = Scheduler(inner, timeout=5, required=first)
    scheduler = going(first, nested)
    scheduler.run()
    assert list(scheduler.failures()) == [inner]
    scheduler.run()
    assert (list(scheduler.failures()), inner.is_idle(), nested.why()) == (
        [first],
        True,
        "FINE",
    )


# -- failures()


def test_failures_are_in_the_order_in_which_they_happened(every_loop):
    c, a, b = failing(3), failing(1, critical=False), failing(2)
    scheduler = going(c, a, b, sleeper())
    assert scheduler.failures() == {}
    scheduler.run()
    assert list(scheduler.failures().items()) == [
        (job, job.raised_exception()) for job in (a, b, c)
    ]


def test_failures_of_the_same_turn_are_in_the_order_in_which_they_happened(every_loop):
    jobs = [failing(1) for _ in range(20)]
    scheduler = going(*jobs)
    ended = []
    with scheduler.observe(
        lambda event: event.kind is EventKind.FAILED and ended.append(event.job)
    ):
        scheduler.run()
    assert list(scheduler.failures()) == ended
    assert set(ended) == set(jobs)


def test_failures_at_all_depths(every_loop):
    inner = failing(1, critical=False)
    deep = failing(2)
    nested = Scheduler(inner, Scheduler(deep, label="d"), label="n")
    first = failing(0, critical=False)
    scheduler = PureScheduler(nested, first)
    scheduler.run()
    middle = next(job for job in nested.jobs if isinstance(job, Scheduler))
    assert list(scheduler.failures()) == [first, inner, deep, middle, nested]
    assert list(nested.failures()) == [inner, deep, middle]


def test_failures_are_those_of_the_last_run(every_loop):
    errors = [OSError("x")]

    async def fail_once():
        if errors:
            raise errors.pop()

    scheduler = PureScheduler(Job(fail_once))
    scheduler.run()
    assert len(scheduler.failures()) == 1
    scheduler.run()
    assert scheduler.failures() == {}


def test_failures_during_a_run(every_loop):
    seen = []
    failed = failing(1, critical=False)
    scheduler = PureScheduler(failed, at(2, lambda: seen.append(list(scheduler.failures()))))
    scheduler.run()
    assert seen == [[failed]]


def test_an_exception_that_is_false_is_a_failure(every_loop):
    class Empty(Exception):
        def __bool__(self):
            return False

    async def empty():
        raise Empty

    job = Job(empty)
    scheduler = going(job)
    scheduler.run()
    assert list(scheduler.failures()) == [job]


def test_failures_keep_their_order_in_a_copy(every_loop):
    scheduler = going(failing(2, "late", label="late"), failing(1, "early", label="early"))
    scheduler.run()
    for other in (copy.deepcopy(scheduler), pickle.loads(pickle.dumps(scheduler))):
        assert [job.label for job in other.failures()] == ["early", "late"]


# -- jobs that join, and requirements that come later


def test_a_newcomer_that_requires_a_failed_job_is_skipped_at_once(every_loop):
    failed = failing(label="a")
    new = Job(asyncio.sleep(1), required=failed)
    after = sleeper(required=new)
    scheduler = going(failed, at(1, lambda: scheduler.update([after, new])))
    events = []
    with scheduler.observe(
        lambda event: event.kind is EventKind.SKIPPED and events.append(event)
    ):
        assert scheduler.run() is False
    assert [(event.job, event.time) for event in events] in (
        [(new, 1), (after, 1)],
        [(after, 1), (new, 1)],
    )
    assert (new.skipped_by(), after.skipped_by()) == (failed, failed)


def test_a_newcomer_that_requires_a_skipped_job_is_skipped_at_once(every_loop):
    failed = failing()
    skipped = sleeper(required=failed)
    new = sleeper(required=skipped)
    scheduler = going(failed, skipped, at(1, lambda: scheduler.add(new)))
    assert (scheduler.run(), new.skipped_by()) == (False, failed)


def test_a_newcomer_that_requires_a_job_that_fails_later_is_skipped(every_loop):
    failed = failing(3)
    new = sleeper(required=failed)
    scheduler = going(failed, failing(0), at(1, lambda: scheduler.add(new)))
    assert (scheduler.run(), new.skipped_by()) == (False, failed)


def test_a_newcomer_that_requires_the_job_that_adds_it_and_fails(every_loop):
    async def add_and_fail():
        scheduler.add(new)
        raise OSError("x")

    job = Job(add_and_fail)
    new = Job(asyncio.sleep(1), required=job)
    scheduler = going(job, sleeper())
    assert (scheduler.run(), new.skipped_by()) == (False, job)


def test_a_newcomer_is_the_last_job_and_is_skipped(every_loop):
    async def add_and_return():
        await asyncio.sleep(1)
        scheduler.add(new)

    failed = failing(0)
    new = sleeper(required=failed)
    scheduler = going(failed, Job(add_and_return))
    assert (scheduler.run(), new.is_skipped(), scheduler.ended_at) == (False, True, 1)


def test_a_newcomer_that_requires_no_failed_job_starts(every_loop):
    done = sleeper(0)
    new = sleeper(required=done)
    scheduler = going(failing(), done, at(1, lambda: scheduler.add(new)))
    assert (scheduler.run(), new.started_at) == (False, 1)


def test_a_newcomer_that_fails_skips_others(every_loop):
    new = failing(1)
    after = sleeper(required=new)
    scheduler = going(at(0, lambda: scheduler.update([new, after])))
    assert (scheduler.run(), after.skipped_by()) == (False, new)


def test_a_nested_newcomer_is_skipped(every_loop):
    failed = failing()
    inner = Job(asyncio.sleep(1))
    new = Scheduler(inner, required=failed)
    scheduler = going(failed, at(1, lambda: scheduler.add(new)))
    assert (scheduler.run(), new.is_skipped(), inner.is_idle()) == (False, True, True)


def test_a_newcomer_that_ran_before_is_skipped(every_loop):
    new = sleeper()
    PureScheduler(new).run()
    failed = failing()
    new.requires(failed)
    scheduler = going(failed, at(1, lambda: scheduler.add(new)))
    assert (scheduler.run(), new.is_skipped(), new.started_at) == (False, True, None)


def test_a_waiting_job_that_comes_to_require_a_failed_one_is_skipped(every_loop):
    failed, other = failing(), sleeper(3)
    waiting = sleeper(required=other)

    def change():
        scheduler.add(sleeper())
        waiting.requires(failed)

    scheduler = going(failed, other, waiting, at(1, change))
    assert (scheduler.run(), waiting.skipped_by(), scheduler.ended_at) == (False, failed, 3)


def test_a_waiting_job_that_comes_to_require_one_that_fails_later_is_skipped(every_loop):
    early, late, other = failing(0), failing(5), sleeper(2)
    waiting = sleeper(required=other)
    after = sleeper(required=waiting)

    def change():
        scheduler.add(sleeper())
        waiting.requires(late)

    scheduler = going(early, late, other, waiting, after, at(1, change))
    assert scheduler.run() is False
    assert (waiting.skipped_by(), after.skipped_by(), scheduler.ended_at) == (late, late, 5)


# -- observers that interfere


def test_an_observer_cancels_a_job_that_was_to_be_skipped_next(every_loop):
    failed = failing()
    first, second = sleeper(required=failed), sleeper(required=failed)
    scheduler = going(failed, first, second, sleeper(2))

    def interfere(event):
        if event.kind is EventKind.SKIPPED and event.job is first:
            second.cancel()

    with scheduler.observe(interfere):
        assert (scheduler.run(), scheduler.ended_at) == (False, 2)
    assert (first.is_skipped(), second.is_skipped(), second.is_done()) == (True, False, True)


# -- other kinds of jobs


def test_a_calljob_whose_argument_failed_is_skipped(every_loop):
    async def now(function, args, kwargs):
        return function(*args, **kwargs)

    failed = failing()
    call = CallJob(math.sqrt, failed)
    scheduler = going(failed, call)
    assert (scheduler.run(), call.skipped_by()) == (False, failed)


def test_classes_with_their_own_names_work(every_loop):
    class Own(AbstractJob):
        def __init__(self, **options):
            super().__init__(**options)
            self.skipped_by_user = []

        async def co_run(self):
            raise OSError("x")

        def is_skipped(self):
            raise AssertionError("a run must not call this")

        skipped_by = is_skipped

    class OwnScheduler(Scheduler):
        def failures(self):
            raise AssertionError("a run must not call this")

        was_stopped = failures

    own = Own()
    scheduler = OwnScheduler(own, sleeper(required=own), keep_going=True, critical=False)
    assert (scheduler.run(), scheduler.stats()) == (False, "1D + 0R + 1K + 0I = 2")


# -- what it costs


def calls_of(function):
    """Return how many functions of the package are called."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "call" and "asynciojobs" in frame.f_code.co_filename

    before = sys.getprofile()
    sys.setprofile(trace)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def ladder(length):
    """Return a scheduler of rows: each job requires two of the row above; 10 % fail."""
    rows = [[Job(at_once, n % 10 == 3) for n in range(10)]]
    for _ in range(length - 1):
        row = [
            Job(at_once, False, required=[rows[-1][n], rows[-1][(n + 1) % 10]])
            for n in range(10)
        ]
        rows.append(row)
    return going(*chain(*rows))


async def at_once(fails):
    if fails:
        raise OSError("x")


def bushes(count):
    """Return a scheduler of chains of three jobs; in 10 % of them, the first one fails."""
    chains = [
        Sequence(*(Job(at_once, n % 10 == 0 and step == 0) for step in range(3)))
        for n in range(count)
    ]
    return going(*chains)


@pytest.mark.parametrize("shape", [ladder, bushes])
def test_the_cost_of_failures_is_linear(fast_loop, shape):
    small, large = (calls_of(shape(size).run) for size in (100, 400))
    assert large < 4.4 * small


def test_one_failure_that_skips_very_many_jobs(fast_loop):
    first = failing()
    jobs = [sleeper(required=first) for _ in range(10_000)]
    last = sleeper(required=jobs)
    scheduler = going(first, *jobs, last)
    assert (scheduler.run(), scheduler.stats()) == (False, "1D + 0R + 10001K + 0I = 10002")


def test_a_very_long_chain_is_skipped(fast_loop):
    scheduler = going(Sequence(failing(), *(sleeper() for _ in range(20_000))))
    assert (scheduler.run(), scheduler.stats()) == (False, "1D + 0R + 20000K + 0I = 20001")


@pytest.mark.skipif(
    BestSet is not InsertionSet,
    reason="an OrderedSet of the package orderedset is a reference cycle",
)
@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="an exception keeps the frames of the loop"
)
def test_a_run_that_kept_going_leaves_no_reference_cycle(every_loop):
    failed = failing()
    scheduler = going(failed, sleeper(required=failed), failing(1))
    scheduler.run()
    gc.collect()
    gc.disable()
    try:
        alive = weakref.ref(failed)
        del failed, scheduler
        assert alive() is None
    finally:
        gc.enable()


# -- jobs that have come to their end, or are about to


def test_what_depends_on_a_cancelled_job_is_not_skipped_when_a_requirement_fails(every_loop):
    failed = failing(1)
    cancelled = sleeper(required=failed, critical=False)
    running = sleeper(2, required=cancelled)
    after = sleeper(required=running)
    canceller = at(0, cancelled.cancel)
    scheduler = going(failed, cancelled, running, after, canceller)
    assert (scheduler.run(), after.is_skipped(), after.ended_at) == (False, False, 3)


def test_a_job_that_is_skipped_next_loses_its_other_requirement_meanwhile(every_loop):
    failed = failing(1)
    skipped = sleeper(required=failed)
    long = sleeper(2)
    cancelled = sleeper(required=long, critical=False)
    last = sleeper(required=[skipped, cancelled])
    scheduler = going(failed, skipped, long, cancelled, last)
    scheduler.add(at(0, lambda: scheduler.add(sleeper(0))))

    def interfere(event):
        if event.kind is EventKind.SKIPPED and event.job is skipped:
            cancelled.cancel()

    with scheduler.observe(interfere):
        assert (scheduler.run(), scheduler.why()) == (
            False,
            f"CRITICAL FAILURE: {failed.repr_main()} raised OSError:x",
        )
    assert (last.skipped_by(), long.ended_at) == (failed, 2)


def test_jobs_after_one_that_an_observer_cancels_are_skipped_all_the_same(every_loop):
    failed = failing()
    first, second, third = (sleeper(required=failed) for _ in range(3))
    scheduler = going(failed, first, second, third)

    def interfere(event):
        if event.kind is EventKind.SKIPPED and event.job is first:
            second.cancel()

    with scheduler.observe(interfere):
        assert scheduler.run() is False
    assert [job.is_skipped() for job in (first, second, third)] == [True, False, True]
