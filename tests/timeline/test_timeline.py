"""What `scheduler.timeline()` knows about a run."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import gc
import pickle
import sys
from datetime import UTC, datetime, timedelta

import pytest

import asynciojobs
from asynciojobs import (
    Job,
    Limit,
    Outcome,
    PureScheduler,
    Scheduler,
    Timeline,
)
from asynciojobs._dag.jobset import record_of
from asynciojobs._dag.record import Record
from asynciojobs_testkit import FakeClock, FakeJob, dag


def job(label, takes=1.0, **options):
    """Return a job that sleeps, and may have limits."""
    return Job(asyncio.sleep, takes, label=label, **options)


def told(scheduler):
    """Return what a timeline says about each job: its label, start, end, and outcome."""
    spans = scheduler.timeline().spans
    return [(span.label, span.start, span.end, str(span.outcome)) for span in spans]


def waits(scheduler):
    return {span.label: (span.ready, span.waited) for span in scheduler.timeline().spans}


# -- times


def test_each_job_has_its_times(run):
    assert told(run(dag("a>b, a>c, b c>d"))) == [
        ("a", 0.0, 1.0, "done"),
        ("b", 1.0, 2.0, "done"),
        ("c", 1.0, 2.0, "done"),
        ("d", 2.0, 3.0, "done"),
    ]


def test_times_begin_with_the_run(clock, run):
    scheduler = dag("a>b")
    clock.run(asyncio.sleep(50))
    assert [told(run(scheduler)), scheduler.started_at] == [
        [("a", 0.0, 1.0, "done"), ("b", 1.0, 2.0, "done")],
        50.0,
    ]


def test_the_last_run_counts(run):
    scheduler = dag("a>b")
    run(scheduler)
    scheduler["a"].takes = 5
    assert told(run(scheduler)) == [("a", 0.0, 5.0, "done"), ("b", 5.0, 6.0, "done")]


def test_the_seconds_are_how_long_a_job_ran(run):
    (span,) = run(dag("a", takes=2.5)).timeline().spans
    assert (span.seconds, span.label, span.path, span.depth) == (2.5, "a", ("a",), 0)


def test_a_span_cannot_be_changed(run):
    (span,) = run(dag("a")).timeline().spans
    with pytest.raises(dataclasses.FrozenInstanceError):
        span.start = 5


def test_a_run_without_jobs_has_no_spans(run):
    timeline = run(PureScheduler()).timeline()
    assert (timeline.spans, timeline.duration, timeline.longest()) == ((), 0.0, [])


def test_a_timeline_stays_as_it_is(run):
    scheduler = run(dag("a"))
    timeline = scheduler.timeline()
    scheduler["a"].takes = 7
    run(scheduler)
    assert (timeline.duration, timeline.spans[0].end) == (1.0, 1.0)


def test_what_is_changed_since_does_not_change_a_timeline(run):
    ssh = Limit(1, "ssh")
    jobs = [*(job(it, limits=ssh) for it in "ab"), *(job(it) for it in "cd")]
    scheduler = run(PureScheduler(*jobs, jobs_window=2))
    first, second = scheduler.timeline(), scheduler.timeline()
    before = first.spans
    ssh.slots, scheduler.jobs_window = 2, 4
    jobs[1].forever = True
    jobs[3].requires(jobs[0])
    run(scheduler)
    assert second.spans == before
    assert {span.label: span.waited for span in before} == {"a": 0, "b": 1, "c": 0, "d": 1}


def test_a_timeline_makes_its_spans_once(run):
    timeline = run(dag("a>b")).timeline()
    assert timeline.spans is timeline.spans
    assert timeline.full().spans[1] is timeline.spans[1]


def test_the_spans_of_a_timeline_can_be_pickled(run):
    inner = Scheduler(FakeJob("a", takes=1), label="inner")
    timeline = run(PureScheduler(inner)).timeline()
    for other in (pickle.loads(pickle.dumps(timeline)), copy.deepcopy(timeline)):
        assert [span.path for span in other.spans] == [("inner",), ("inner", "a")]
        assert other.spans[1].around is other.spans[0]


# -- the time of day


def test_it_knows_the_time_of_day_when_the_run_began():
    wall = datetime(2026, 1, 31, 20, 48, tzinfo=UTC)
    with FakeClock(wall=wall).installed() as clock:
        clock.run(asyncio.sleep(60))
        scheduler = dag("a")
        scheduler.run()
    began = scheduler.timeline().began_at
    assert (began, began.tzinfo is not None) == (wall + timedelta(minutes=1), True)


def test_without_a_fake_time_of_day_it_is_the_real_one(run):
    before = datetime.now(UTC)
    began = run(dag("a")).timeline().began_at
    assert before - timedelta(seconds=1) <= began <= datetime.now(UTC) + timedelta(seconds=1)


# -- nested schedulers


@pytest.fixture
def lab(run):
    boots = Scheduler(
        FakeJob("h1", takes=2), FakeJob("h2", takes=3), jobs_window=1, label="boots"
    )
    prepare = FakeJob("prepare", takes=1)
    boots.requires(prepare)
    return run(Scheduler(prepare, boots, FakeJob("tidy", takes=1, required=boots)))


def test_nested_jobs_come_after_their_scheduler(lab):
    assert told(lab) == [
        ("prepare", 0.0, 1.0, "done"),
        ("boots", 1.0, 6.0, "done"),
        ("h1", 1.0, 3.0, "done"),
        ("h2", 3.0, 6.0, "done"),
        ("tidy", 6.0, 7.0, "done"),
    ]


def test_a_path_goes_from_the_outermost_scheduler_down_to_the_job(lab):
    spans = lab.timeline().spans
    assert [(span.path, span.depth) for span in spans] == [
        (("prepare",), 0),
        (("boots",), 0),
        (("boots", "h1"), 1),
        (("boots", "h2"), 1),
        (("tidy",), 0),
    ]
    assert [span.around for span in spans] == [None, None, spans[1], spans[1], None]


def test_a_nested_job_is_ready_when_its_scheduler_starts(lab):
    assert waits(lab) == {
        "prepare": (0.0, 0.0),
        "boots": (1.0, 0.0),
        "h1": (1.0, 0.0),
        "h2": (1.0, 2.0),
        "tidy": (6.0, 0.0),
    }


def test_a_nested_scheduler_has_a_timeline_of_its_own(lab):
    (boots,) = (it for it in lab.jobs if it.label == "boots")
    assert told(boots) == [("h1", 0.0, 2.0, "done"), ("h2", 2.0, 5.0, "done")]
    assert boots.timeline().duration == 5.0


def test_a_nested_scheduler_that_ran_alone_since_has_left_the_timeline_around(lab, clock, run):
    (boots,) = (it for it in lab.jobs if it.label == "boots")
    clock.run(asyncio.sleep(1))
    run(boots)
    assert told(boots) == [("h1", 0.0, 2.0, "done"), ("h2", 2.0, 5.0, "done")]
    assert told(lab)[1:4] == [
        ("boots", None, None, "idle"),
        ("h1", None, None, "idle"),
        ("h2", None, None, "idle"),
    ]


def test_a_job_that_waited_when_its_scheduler_was_stopped_alone(lab, clock):
    (boots,) = (it for it in lab.jobs if it.label == "boots")
    clock.run(asyncio.sleep(1))
    boots.timeout, boots.critical = 1, False
    assert not boots.run()
    assert [waits(boots)["h2"], waits(lab)["h2"]] == [(0.0, 1.0), (None, 0.0)]


def test_a_thousand_levels(run):
    inner = Scheduler(FakeJob("a", takes=1), label="0")
    for level in range(1, 150):
        inner = Scheduler(inner, label=str(level))
    outer = run(inner)
    for level in range(150, 1000):
        outer = Scheduler(outer, label=str(level))
    spans = run(PureScheduler(FakeJob("b"), outer)).timeline().spans
    assert (len(spans), spans[-1].depth, spans[-1].path[-3:]) == (1002, 1000, ("1", "0", "a"))


# -- outcomes


def test_outcomes_of_a_run_that_failed(run):
    scheduler = dag("bad>never, fine, slow", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler["bad"].takes = 2
    scheduler["slow"].takes, scheduler["slow"].cleanup = 60, 3
    assert told(run(scheduler)) == [
        ("bad", 0.0, 2.0, "failed"),
        ("fine", 0.0, 1.0, "done"),
        ("slow", 0.0, 5.0, "stopped"),
        ("never", None, None, "idle"),
    ]


def test_skipped_jobs(run):
    scheduler = dag("bad>b>c", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler.keep_going = True
    assert told(run(scheduler))[1:] == [
        ("b", None, None, "skipped"),
        ("c", None, None, "skipped"),
    ]
    assert waits(scheduler)["b"] == (None, 0.0)


def test_jobs_of_a_scheduler_that_was_skipped_are_idle(run):
    bad = FakeJob("bad", raises=OSError("no disk"))
    inner = Scheduler(FakeJob("a"), label="inner", required=bad)
    scheduler = run(PureScheduler(bad, inner, keep_going=True))
    assert told(scheduler)[1:] == [
        ("inner", None, None, "skipped"),
        ("a", None, None, "idle"),
    ]
    assert waits(scheduler)["a"] == (None, 0.0)


def test_a_nested_scheduler_that_returned_false_has_failed(run):
    bad = FakeJob("bad", raises=OSError("no disk"))
    inner = Scheduler(bad, label="inner", critical=False)
    assert [outcome for *_, outcome in told(run(PureScheduler(inner)))] == ["failed"] * 2


def test_a_job_that_was_cancelled_before_it_started_has_only_an_end(run):
    waiting = FakeJob("waiting", critical=False)

    async def cancel():
        await asyncio.sleep(1)
        waiting.cancel()

    first = Job(cancel, label="first")
    waiting.requires(first, slow := FakeJob("slow", takes=2))
    assert told(run(PureScheduler(first, slow, waiting))) == [
        ("first", 0.0, 1.0, "done"),
        ("slow", 0.0, 2.0, "done"),
        ("waiting", None, 1.0, "failed"),
    ]


def test_a_job_that_was_cancelled_while_it_waited_for_a_slot_has_waited(run):
    waiting = FakeJob("waiting", critical=False)
    last = FakeJob("last", critical=False, required=(waiting, slow := FakeJob("slow", takes=4)))

    async def cancel():
        await asyncio.sleep(1)
        waiting.cancel()
        last.cancel()

    first = Job(cancel, label="first")
    assert waits(run(PureScheduler(first, slow, waiting, last, jobs_window=2))) == {
        "first": (0.0, 0.0),
        "slow": (0.0, 0.0),
        "waiting": (0.0, 1.0),
        "last": (None, 0.0),  # it still waited for `slow`
    }


def test_a_job_that_was_cancelled_while_it_waited_behind_one_that_was_restored(run):
    async def try_again():
        await asyncio.sleep(1)
        if not waiting.is_scheduled():
            raise OSError("no disk")
        waiting.cancel()

    first = FakeJob("first", takes=2)
    bad = Job(try_again, label="bad", required=first)
    waiting = FakeJob("waiting", critical=False, required=first)
    scheduler = run(PureScheduler(first, bad, jobs_window=1))
    scheduler.add(waiting)
    assert scheduler.run(resume=True)
    assert waits(scheduler)["waiting"] == (0.0, 1.0)


def test_forever_jobs_are_stopped(run):
    scheduler = dag("a, server")
    scheduler["server"].forever, scheduler["server"].takes = True, 60
    assert told(run(scheduler))[1] == ("server", 0.0, 1.0, "stopped")


def test_jobs_of_a_run_that_timed_out(run):
    scheduler = dag("a>b>c", critical=False, takes=2)
    scheduler.timeout = 3
    assert told(run(scheduler)) == [
        ("a", 0.0, 2.0, "done"),
        ("b", 2.0, 3.0, "stopped"),
        ("c", None, None, "idle"),
    ]


def test_restored_jobs(run):
    bad = FakeJob("bad", takes=1, raises=OSError("no disk"))
    inner = Scheduler(a := FakeJob("a", takes=0.5), bad, label="inner")
    scheduler = run(PureScheduler(inner, FakeJob("b", takes=1, required=inner)))
    bad.raises = None
    assert scheduler.run(resume=True)
    assert told(scheduler) == [
        ("inner", 0.0, 1.0, "done"),
        ("a", None, None, "restored"),
        ("bad", 0.0, 1.0, "done"),
        ("b", 1.0, 2.0, "done"),
    ]
    assert (waits(scheduler)["a"], a.started_at is None) == ((None, 0.0), False)
    assert scheduler.bottleneck()[0].job is bad


def test_an_outcome_is_shown_as_its_word():
    assert [str(it) for it in Outcome] == [it.value for it in Outcome]


# -- a run in progress


def live(scheduler, at):
    """Return the timeline of a run at some time after its beginning (seconds)."""

    async def look():
        task = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(at)
        timeline = scheduler.timeline()
        await task
        return timeline

    return FakeClock().run(look())


def test_a_run_that_goes_on():
    timeline = live(dag("a>b, c>d, e", jobs_window=2, takes=2), 3)
    assert (timeline.is_live, timeline.duration) == (True, 3.0)
    running = [span for span in timeline.spans if span.outcome is Outcome.RUNNING]
    waiting = [span for span in timeline.spans if span.outcome is Outcome.IDLE]
    assert [(span.start, span.end, span.seconds) for span in running] == [(2.0, None, 1.0)] * 2
    assert [(span.start, span.ready, span.waited) for span in waiting] == [(None, 2.0, 1.0)]


def test_a_job_that_waits_for_a_requirement_is_not_ready():
    timeline = live(dag("a>b", takes=2), 1)
    assert [(span.ready, span.waited) for span in timeline.spans] == [(0.0, 0.0), (None, 0.0)]


def test_a_nested_scheduler_that_goes_on():
    inner = Scheduler(
        FakeJob("a", takes=4), label="inner", required=(one := FakeJob("one", takes=1))
    )

    async def look():
        task = asyncio.ensure_future(PureScheduler(one, inner).co_run())
        await asyncio.sleep(3)
        timeline = inner.timeline()
        await task
        return timeline

    timeline = FakeClock().run(look())
    assert (timeline.is_live, timeline.duration) == (True, 2.0)
    assert [(span.start, span.end) for span in timeline.spans] == [(0.0, None)]


# -- no run


def test_a_scheduler_that_never_ran_has_no_timeline():
    message = r"<Dag `NOLABEL`> has not run, so there is nothing to show: call run\(\) first"
    for method in (dag("a").timeline, dag("a").bottleneck):
        with pytest.raises(RuntimeError, match=f"^{message}$"):
            method()


def test_a_nested_scheduler_that_never_began_has_no_timeline(run):
    bad = FakeJob("bad", raises=OSError)
    inner = Scheduler(FakeJob("a"), label="inner", required=bad)
    run(PureScheduler(bad, inner))
    with pytest.raises(RuntimeError, match=r"^<Scheduler `inner`> has not run"):
        inner.timeline()


def test_a_run_that_was_refused_leaves_the_last_timeline(run):
    scheduler = run(dag("a>b"))
    scheduler["a"].requires(scheduler["b"])
    run(scheduler)
    assert scheduler.why().startswith("REFUSED")
    scheduler["a"].requires(scheduler["b"], remove=True)
    assert told(scheduler) == [("a", 0.0, 1.0, "done"), ("b", 1.0, 2.0, "done")]


def test_a_run_whose_loop_is_gone():
    slow = FakeJob("slow", takes=60)
    scheduler = PureScheduler(FakeJob("a", takes=1), slow)
    loop = FakeClock().loop_factory()
    task = loop.create_task(scheduler.co_run())
    loop.run_until_complete(asyncio.sleep(2))
    loop.close()
    timeline = scheduler.timeline()
    assert (timeline.is_live, timeline.duration) == (False, 1.0)
    assert told(scheduler) == [("a", 0.0, 1.0, "done"), ("slow", 0.0, None, "stopped")]
    del task, loop
    slow.__init__()
    gc.collect()


# -- waiting


def test_jobs_that_wait_for_the_window(run):
    assert waits(run(dag("a b c>d", jobs_window=1))) == {
        "a": (0.0, 0.0),
        "b": (0.0, 1.0),
        "c": (0.0, 2.0),
        "d": (3.0, 0.0),
    }


def test_jobs_that_wait_for_a_limit(run):
    ssh = Limit(2, "ssh")
    jobs = [job(label, limits=ssh) for label in "abc"] + [job("big", limits=(ssh, 2))]
    assert waits(run(PureScheduler(*jobs))) == {
        "a": (0.0, 0.0),
        "b": (0.0, 0.0),
        "c": (0.0, 1.0),
        "big": (0.0, 2.0),
    }


def test_a_job_that_is_late_without_a_window_has_not_waited(run):
    late = FakeJob("late", required=(first := FakeJob("first", takes=1)))
    scheduler = run(PureScheduler(first, late))
    late._noted_start, late._noted_end = 1.5, 1.5
    scheduler._run_state.record.ended_at = 1.5
    assert waits(scheduler)["late"] == (1.0, 0.0)


def test_a_job_that_is_late_while_slots_are_free_has_not_waited(run):
    # A journal was being written for 3 ms after the end of `first`.
    late = FakeJob("late", required=(first := FakeJob("first", takes=1)))
    scheduler = run(PureScheduler(first, late, jobs_window=2))
    late._noted_start = late._noted_end = 1.003
    scheduler._run_state.record.ended_at = 1.003
    assert waits(scheduler)["late"] == (1.0, 0.0)


def test_slots_that_were_given_back_before_anybody_took_one(run):
    # The loop was busy for 6 ms: `a` and `b` had both ended before `c` and `d` started.
    ssh = Limit(2, "ssh")
    jobs = {label: job(label, limits=ssh) for label in "abcd"}
    scheduler = run(PureScheduler(*jobs.values()))
    jobs["b"]._noted_end = 1.002
    jobs["c"]._noted_start, jobs["d"]._noted_start = 1.004, 1.006
    assert waits(scheduler) == {
        "a": (0.0, 0.0),
        "b": (0.0, 0.0),
        "c": (0.0, 1.004),
        "d": (0.0, 1.006),
    }
    assert [link.job.label for link in scheduler.bottleneck()] == ["a", "d"]


def test_forever_jobs_take_no_slot_and_wait_for_none(run):
    scheduler = dag("a, b, server", jobs_window=1)
    scheduler["server"].forever, scheduler["server"].takes = True, 60
    assert waits(run(scheduler)) == {
        "a": (0.0, 0.0),
        "b": (0.0, 1.0),
        "server": (0.0, 0.0),
    }


def test_a_forever_job_waits_for_its_limits(run):
    ssh = Limit(1, "ssh")
    first, last = job("first", 0.25), job("last", 3)
    server = job("server", 60, limits=ssh, forever=True, required=first)
    scheduler = PureScheduler(first, last, job("a", limits=ssh), server)
    assert waits(run(scheduler))["server"] == (0.25, 0.75)


def test_a_window_that_was_changed_after_the_run(run):
    scheduler = run(dag("a, b", jobs_window=1))
    scheduler.jobs_window = None
    assert waits(scheduler)["b"] == (0.0, 1.0)


def test_a_window_that_was_made_larger_during_the_run(run):
    scheduler = dag("b, c, d", jobs_window=1, takes=10)

    async def widen():
        await asyncio.sleep(2)
        scheduler.jobs_window = 3

    run(PureScheduler(scheduler, Job(widen, label="widen")))
    assert waits(scheduler) == {"b": (0.0, 0.0), "c": (0.0, 2.0), "d": (0.0, 2.0)}


def test_a_window_that_was_made_smaller_during_the_run(run):
    scheduler = dag("a, b, c, d", jobs_window=2, takes=10)

    async def narrow():
        scheduler.jobs_window = 1

    run(PureScheduler(scheduler, Job(narrow)))
    assert waits(scheduler)["d"] == (0.0, 20.0)


def test_the_smallest_window_counts():
    record, windows = Record(), []
    for window in (None, 2, None, 1, 5, 0):
        record.resize(window)
        windows.append(record.window)
    assert windows == [None, 2, 2, 1, 1, 1]


def test_a_limit_that_another_scheduler_holds(run):
    ssh = Limit(1, "ssh")
    mine = PureScheduler(job("a", limits=ssh))
    others = PureScheduler(job("b", 4, limits=ssh))

    async def both():
        await asyncio.gather(others.co_run(), mine.co_run())

    FakeClock().run(both())
    assert waits(mine) == {"a": (0.0, 4.0)}


@pytest.mark.parametrize(("late", "waited"), [(0.09, 0.0), (0.11, 0.11)])
def test_a_job_with_a_limit_that_is_late_for_no_reason_that_is_seen(run, late, waited):
    only = job("only", limits=Limit(1, "ssh"))
    scheduler = run(PureScheduler(only))
    only._noted_start = late
    assert waits(scheduler) == {"only": (0.0, waited)}


# -- jobs that join


def test_a_job_is_ready_when_it_joins(run):
    scheduler = PureScheduler(jobs_window=5)

    async def find():
        await asyncio.sleep(2)
        scheduler.add(FakeJob("found", takes=1))

    scheduler.add(Job(find, label="find"))
    assert told(run(scheduler)) == [("find", 0.0, 2.0, "done"), ("found", 2.0, 3.0, "done")]
    assert waits(scheduler) == {"find": (0.0, 0.0), "found": (2.0, 0.0)}


def test_a_job_that_joins_waits_for_the_window(run):
    scheduler = PureScheduler(jobs_window=1)

    async def find():
        await asyncio.sleep(2)
        scheduler.add(FakeJob("found", takes=1))
        await asyncio.sleep(3)

    scheduler.add(Job(find, label="find"))
    assert waits(run(scheduler)) == {"find": (0.0, 0.0), "found": (2.0, 3.0)}


# -- changes after the run


def test_a_requirement_that_was_removed_since_no_longer_counts(run):
    scheduler = run(dag("a>b"))
    scheduler["b"].requires(scheduler["a"], remove=True)
    assert waits(scheduler)["b"] == (0.0, 0.0)


def test_a_requirement_that_was_added_since_does_not_count(run):
    scheduler = run(dag("a, b"))
    scheduler["a"].takes = 1
    scheduler["b"].requires(scheduler["a"])
    assert waits(scheduler)["b"] == (0.0, 0.0)


def test_jobs_that_were_added_or_removed_since(run):
    scheduler = run(dag("a>b"))
    scheduler.remove(scheduler["b"])
    scheduler.add(FakeJob("new", required=scheduler["a"]))
    assert told(scheduler) == [("a", 0.0, 1.0, "done"), ("new", None, None, "idle")]


def test_a_job_that_ran_in_another_scheduler_before(clock, run):
    other = FakeJob("other", takes=1)
    run(PureScheduler(other))
    clock.run(asyncio.sleep(50))
    scheduler = run(dag("a"))
    scheduler.add(other)
    assert told(scheduler)[1] == ("other", None, None, "idle")


def test_a_copy_has_the_timeline_of_the_original(run):
    scheduler = run(dag("a>b", jobs_window=1))
    for other in (copy.copy(scheduler), copy.deepcopy(scheduler)):
        assert told(other) == told(scheduler)
        assert other.timeline().began_at == scheduler.timeline().began_at


def test_a_pickle_has_the_timeline_of_the_original(run):
    scheduler = run(dag("a b>c", jobs_window=1))
    other = pickle.loads(pickle.dumps(scheduler))
    assert (told(other), waits(other)) == (told(scheduler), waits(scheduler))


# -- the longest jobs, and the text


def test_the_longest_jobs_come_first(lab):
    assert [span.label for span in lab.timeline().longest(2)] == ["h2", "h1"]


def test_five_jobs_by_default(run):
    assert len(run(dag("a b c d e f>g")).timeline().longest()) == 5


def test_the_chart(lab):
    assert str(lab.timeline()).partition("\n")[2] == (
        "prepare  |########                                                |  0 - 1  done\n"
        "boots    |        ########################################        |  1 - 6  done\n"
        "  h1     |        ################                                |  1 - 3  done\n"
        "  h2     |        ................########################        |  3 - 6  done\n"
        "tidy     |                                                ########|  6 - 7  done\n"
        "         0 s                                                   7 s"
    )


def test_the_chart_says_when_the_run_began_and_how_long_it_took():
    wall = datetime(2026, 1, 31, 20, 48, tzinfo=UTC)
    with FakeClock(wall=wall).installed():
        scheduler = dag("a", takes=90, label="lab")
        scheduler.run()
    timeline = scheduler.timeline()
    when = timeline.began_at.isoformat(" ", "seconds")
    assert str(timeline).splitlines()[0] == (f"<Dag `lab`> began {when}, and took 1 min 30 s")


def test_the_chart_of_a_run_that_goes_on():
    lines = str(live(dag("a>b", takes=2), 3)).splitlines()
    assert lines[0].endswith(", and has run for 3.0 s")
    assert lines[2].endswith("##|  2 - …  running")


@pytest.mark.parametrize("columns", [60, 80, 132])
def test_the_chart_is_as_wide_as_the_terminal(lab, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = str(lab.timeline()).splitlines()
    assert {len(line) for line in lines[1:6]} == {columns}


def test_a_narrow_terminal_keeps_some_room_for_the_bars(monkeypatch, run):
    monkeypatch.setenv("COLUMNS", "20")
    (line, _) = str(run(dag("a-long-label")).timeline()).splitlines()[1:]
    assert line == "a-long-la…  |##########|  0 - 1  done"


def test_wide_characters_keep_the_columns(run):
    lines = str(run(Scheduler(*(FakeJob(it, takes=1) for it in ("再起動", "ab")))).timeline())
    assert [line.partition("|")[0] for line in lines.splitlines()[1:3]] == [
        "再起動  ",
        "ab      ",
    ]


def test_the_chart_shows_the_longest_40(run):
    jobs = [FakeJob(str(n), takes=n % 50 + 1) for n in range(200)]
    lines = str(run(PureScheduler(*jobs)).timeline()).splitlines()
    assert (len(lines), lines[-2]) == (43, "… 160 more, see full()")
    assert min(int(line.split("|")[0]) % 50 for line in lines[1:41]) == 40


def test_the_full_chart_shows_all_jobs(run):
    timeline = run(PureScheduler(*(FakeJob(str(n)) for n in range(200)))).timeline()
    assert [len(str(it).splitlines()) for it in (timeline, timeline.full())] == [43, 202]


def test_a_scheduler_is_shown_with_the_longest_of_its_jobs(run):
    inner = Scheduler(*(FakeJob(str(n), takes=5) for n in range(60)), label="inner")
    lines = str(run(PureScheduler(inner)).timeline()).splitlines()
    assert lines[1].startswith("inner ")


def test_the_chart_of_a_run_without_jobs(run):
    assert str(run(PureScheduler()).timeline()).endswith("\n(no jobs)")


def test_a_skipped_job_is_shown_with_the_reason(run):
    scheduler = dag("bad>b", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler.keep_going = True
    assert (
        str(run(scheduler).timeline())
        .splitlines()[2]
        .endswith("|  skipped: <FakeJob `bad`> failed")
    )


def test_a_job_that_waits_is_shown_with_dots():
    lines = str(live(dag("a, b", jobs_window=1, takes=2), 1)).splitlines()
    assert lines[2].split("|")[1:] == ["." * 59, "  idle"]


def test_short_runs_have_short_numbers(run):
    lines = str(run(dag("a>b", takes=0.0123456)).timeline()).splitlines()
    assert [line.rpartition("|  ")[2] for line in lines[1:3]] == [
        "0 - 0.0123  done",
        "0.0123 - 0.0247  done",
    ]


def test_its_repr(run):
    timeline = run(dag("a>b", label="lab")).timeline()
    assert repr(timeline) == "<Timeline of <Dag `lab`>, 2 jobs>"


# -- cost


def calls_of(function):
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "ask", [lambda it: it.timeline().spans, PureScheduler.bottleneck], ids=["spans", "links"]
)
def test_the_cost_is_proportional_to_the_jobs(run, ask):
    def cost(size):
        ssh = Limit(3, "ssh")
        jobs = [job(str(n), limits=ssh if n % 2 else None) for n in range(size)]
        for n in range(5, size):
            jobs[n].requires(jobs[n - 5], jobs[n // 2])
        scheduler = run(PureScheduler(*jobs, jobs_window=4))
        ask(scheduler)
        return calls_of(lambda: ask(scheduler))

    assert cost(400) < 4.6 * cost(100)


def test_the_garbage_collector_has_little_to_look_at(run):
    scheduler = run(PureScheduler(*(FakeJob(str(n)) for n in range(1000)), jobs_window=10))
    scheduler.timeline()
    before = len(gc.get_objects())
    timeline = scheduler.timeline()
    assert len(gc.get_objects()) < before + 100
    assert len(timeline.spans) == 1000


def test_a_record_does_not_keep_jobs_alive(run):
    scheduler = PureScheduler()

    async def find():
        scheduler.add(FakeJob("found"))

    scheduler.add(Job(find))
    run(scheduler)
    record = record_of(scheduler)
    assert len(record.joined) == 1
    referents = gc.get_referents(record, record.joined)
    assert not any(isinstance(it, FakeJob) for it in referents)


def test_the_names_are_public():
    names = ("Bottleneck", "Link", "LinkKind", "Outcome", "Span", "Timeline", "Wait")
    modules = {getattr(asynciojobs, name).__module__ for name in names}
    assert modules == {"asynciojobs", "asynciojobs.timeline"}
    assert Timeline is asynciojobs.timeline.Timeline
