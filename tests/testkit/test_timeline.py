"""What a `Timeline` records, answers, asserts and shows."""

from __future__ import annotations

import asyncio
import math

import pytest

from asynciojobs import Job, Limit, PureScheduler, Scheduler, Sequence
from asynciojobs._run import limits
from asynciojobs_testkit import FakeJob, Timeline, dag


@pytest.fixture(autouse=True)
def clock(fake_clock):
    return fake_clock


def timeline_of(scheduler):
    with Timeline(scheduler) as timeline:
        scheduler.run()
        scheduler.shutdown()
    return timeline


def recorded(timeline):
    return [(event.time, event.job.label, str(event.kind)) for event in timeline.events]


@pytest.fixture
def diamond():
    return timeline_of(dag("a>b, a>c, b c>d"))


@pytest.fixture
def half_failed():
    scheduler = dag("bad>b>c, fine, other>fine", label="lab", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler.keep_going = True
    return timeline_of(PureScheduler(scheduler))


# -- events


def test_events_are_recorded_in_order():
    assert recorded(timeline_of(dag("a>b"))) == [
        (0.0, "a", "scheduled"),
        (0.0, "a", "started"),
        (1.0, "a", "done"),
        (1.0, "b", "scheduled"),
        (1.0, "b", "started"),
        (2.0, "b", "done"),
        (2.0, "a", "shutdown"),
        (2.0, "b", "shutdown"),
    ]


def test_failures_and_cancellations_are_recorded():
    scheduler = PureScheduler(
        FakeJob("bad", takes=1, raises=ZeroDivisionError), FakeJob("long", takes=5, cleanup=1)
    )
    assert recorded(timeline_of(scheduler))[4:6] == [
        (1.0, "bad", "failed"),
        (2.0, "long", "cancelled"),
    ]


def test_jobs_of_nested_schedulers_are_recorded():
    inner = Scheduler(FakeJob("a", takes=1), label="inner")
    timeline = timeline_of(PureScheduler(inner, FakeJob("b", required=inner)))
    assert {event.job.label for event in timeline.events} == {"inner", "a", "b"}
    timeline.assert_order("inner", "b")


def test_nothing_is_recorded_after_the_block():
    scheduler = dag("a")
    timeline = timeline_of(scheduler)
    count = len(timeline.events)
    scheduler.run()
    assert len(timeline.events) == count


def test_an_event_is_a_tuple_of_time_job_and_kind(diamond):
    time, job, kind = diamond.events[0]
    assert (time, job.label, kind) == (0.0, "a", "scheduled")


def test_its_repr_shows_the_scheduler_and_the_number_of_events(diamond):
    assert repr(diamond) == "<Timeline of <Dag `NOLABEL`>, 16 events>"


def test_skipped_jobs_are_recorded(half_failed):
    assert recorded(half_failed)[6:9] == [
        (1.0, "bad", "failed"),
        (1.0, "b", "skipped"),
        (1.0, "c", "skipped"),
    ]


# -- questions


def test_the_spans_are_those_of_the_scheduler(diamond):
    assert diamond.spans == diamond.scheduler.timeline().spans
    assert [(span.label, span.start) for span in diamond.spans][-1] == ("d", 2.0)


def test_the_spans_of_a_run_that_was_not_recorded_are_not_seen_after_the_block(diamond):
    diamond.scheduler["d"].takes = 9
    diamond.scheduler.run()
    assert [span.seconds for span in diamond.spans] == [1.0] * 4


def test_the_spans_during_a_run():
    async def look():
        return [str(span.outcome) for span in timeline.spans]

    scheduler = PureScheduler(job := Job(look))
    with Timeline(scheduler) as timeline:
        scheduler.run()
    assert job.result() == ["running"]


def test_start_end_and_duration(diamond):
    assert [diamond.start("d"), diamond.end("d"), diamond.duration("d")] == [2.0, 3.0, 1.0]


def test_a_job_can_be_given_instead_of_its_label(diamond):
    assert diamond.start(diamond.scheduler["d"]) == 2.0


def test_a_job_of_a_nested_scheduler_is_found_by_label():
    inner = Scheduler(FakeJob("a", takes=1), label="inner")
    assert timeline_of(PureScheduler(inner)).end("a") == 1.0


def test_a_job_without_a_label_is_found_by_the_text_in_its_place():
    async def fetch():
        pass

    assert timeline_of(PureScheduler(Job(fetch))).end("fetch()") == 0.0


def test_an_unknown_label_is_a_lookup_error(diamond):
    with pytest.raises(
        LookupError,
        match=r"^<Dag `NOLABEL`> has no job labelled 'x': its jobs are 'a', 'b', 'c', 'd'$",
    ):
        diamond.start("x")


def test_a_label_of_two_jobs_is_a_lookup_error():
    timeline = timeline_of(Scheduler(FakeJob("a"), FakeJob("a"), label="twins"))
    message = r"<Scheduler `twins`> has 2 jobs labelled 'a': give the job itself"
    with pytest.raises(LookupError, match=f"^{message}$"):
        timeline.start("a")


def test_a_job_of_another_scheduler_is_a_lookup_error(diamond):
    with pytest.raises(LookupError, match=r"^<FakeJob `x`> is not in <Dag `NOLABEL`>$"):
        diamond.assert_never_started(FakeJob("x"))


def test_a_job_that_was_removed_after_the_run_is_found():
    job = FakeJob("a", takes=1)
    timeline = timeline_of(scheduler := PureScheduler(job))
    scheduler.remove(job)
    assert timeline.end(job) == 1.0


def test_a_run_before_the_timeline_is_an_error_that_says_so():
    scheduler = dag("a")
    scheduler.run()
    message = (
        r"<FakeJob `a`> ran while this timeline was not recording: start the timeline before "
        r"the run"
    )
    with pytest.raises(AssertionError, match=rf"^{message}\n\na  \|"):
        Timeline(scheduler).end("a")


def test_the_start_of_a_job_that_never_started_is_an_error():
    timeline = timeline_of(PureScheduler(FakeJob("a", takes=5), timeout=0))
    with pytest.raises(AssertionError, match=r"^<FakeJob `a`> never started\n\na  \|"):
        timeline.start("a")


def test_running_at(diamond):
    running = [{job.label for job in diamond.running_at(t)} for t in (-1, 0, 0.5, 1, 2.9, 3)]
    assert running == [set(), {"a"}, {"a"}, {"b", "c"}, {"d"}, set()]


def test_peak():
    assert timeline_of(dag("a>b c d, b c d>e")).peak() == 3


def test_peak_of_a_window():
    assert timeline_of(dag("a b c d", jobs_window=2)).peak() == 2


def test_peak_of_one_scheduler_counts_a_nested_one_as_a_job():
    inner = Scheduler(FakeJob("a", takes=1), FakeJob("b", takes=1))
    outer = PureScheduler(inner, FakeJob("c", takes=1))
    timeline = timeline_of(outer)
    assert [timeline.peak(), timeline.peak(outer), timeline.peak(inner)] == [3, 2, 2]


def test_the_last_run_counts():
    scheduler = dag("a")
    with Timeline(scheduler) as timeline:
        scheduler.run()
        scheduler.run()
    assert (timeline.start("a"), timeline.end("a"), len(timeline.events)) == (1.0, 2.0, 6)


def test_earlier_runs_of_a_job_that_the_last_run_did_not_reach_are_forgotten():
    inner = Scheduler(FakeJob("b", takes=1), label="inner")
    scheduler = PureScheduler(FakeJob("a", takes=1), inner)
    a, _ = scheduler.jobs
    inner.requires(a)
    with Timeline(scheduler) as timeline:
        scheduler.run()
        scheduler.shutdown()
        a.raises = ZeroDivisionError
        scheduler.run()
        scheduler.shutdown()
    timeline.assert_never_started("inner", "b")
    timeline.assert_requirements_respected()
    timeline.assert_shutdown_once()
    assert str(timeline) == (
        "a      |##################################################|  2 - 3  failed\n"
        "inner  |                                                  |  never started\n"
        "  b    |                                                  |  never started\n"
        "       2 s                                             3 s"
    )


# -- assertions


def test_assert_order(diamond):
    diamond.assert_order("a", {"b", "c"}, "d")
    diamond.assert_order("a", "d")
    diamond.assert_order("a")


def test_a_failed_assertion_shows_the_run(diamond):
    with pytest.raises(AssertionError) as caught:
        diamond.assert_order("b", "c")
    assert str(caught.value) == (
        "<FakeJob `c`> started at 1 s, before <FakeJob `b`> ended at 2 s\n"
        "\n"
        "a  |################                                  |  0 - 1  done\n"
        "b  |                #################                 |  1 - 2  done\n"
        "c  |                #################                 |  1 - 2  done\n"
        "d  |                                 #################|  2 - 3  done\n"
        "   0 s                                             3 s"
    )


def test_jobs_that_take_no_time_have_an_order():
    timeline = timeline_of(dag("a>b", takes=0))
    timeline.assert_order("a", "b")
    with pytest.raises(AssertionError, match="^<FakeJob `a`> started at 0 s, before "):
        timeline.assert_order("b", "a")


def test_assert_running_at(diamond):
    diamond.assert_running_at(1.5, {"b", "c"})
    diamond.assert_running_at(3, set())
    with pytest.raises(
        AssertionError,
        match=r"^at 1 s \{<FakeJob `b`>, <FakeJob `c`>\} ran, and not \{<FakeJob `b`>\}\n",
    ):
        diamond.assert_running_at(1, {"b"})


def test_assert_running_at_ignores_nested_schedulers_unless_they_are_named():
    timeline = timeline_of(PureScheduler(Scheduler(FakeJob("a", takes=1), label="inner")))
    timeline.assert_running_at(0.5, {"a"})
    timeline.assert_running_at(0.5, {"a", "inner"})


def test_assert_overlap_and_disjoint(diamond):
    diamond.assert_overlap("b", "c")
    diamond.assert_disjoint("a", "b")
    with pytest.raises(
        AssertionError, match=r"^<FakeJob `a`> and <FakeJob `b`> do not overlap\n"
    ):
        diamond.assert_overlap("a", "b")
    with pytest.raises(
        AssertionError, match=r"^<FakeJob `b`> and <FakeJob `c`> overlap, for 1 s\n"
    ):
        diamond.assert_disjoint("b", "c")


def test_a_job_that_takes_no_time_overlaps_the_job_around_it():
    scheduler = dag("first>short, long", takes=5)
    scheduler["short"].takes, scheduler["long"].takes = 0, 10
    timeline = timeline_of(scheduler)
    timeline.assert_disjoint("first", "short")
    message = r"<FakeJob `{}`> and <FakeJob `{}`> overlap, for 0 s\n"
    for pair in [("short", "long"), ("long", "short")]:
        with pytest.raises(AssertionError, match=f"^{message.format(*pair)}"):
            timeline.assert_disjoint(*pair)


def test_a_job_that_starts_when_another_ends_is_disjoint_from_it():
    scheduler = dag("a>b, c>d, e>f", takes=5)
    scheduler["d"].takes = scheduler["e"].takes = 0
    timeline = timeline_of(scheduler)
    timeline.assert_disjoint("a", "b")
    timeline.assert_disjoint("b", "d")  # d takes no time, at the start of b
    timeline.assert_disjoint("a", "e")
    timeline.assert_disjoint("a", "d")  # d takes no time, at the end of a


def test_assert_skipped(half_failed):
    half_failed.assert_skipped("b")
    half_failed.assert_skipped("b", "c")
    half_failed.assert_never_started("b", "c")


@pytest.mark.parametrize(
    ("job", "state"), [("fine", "it started at 1 s"), ("bad", "it started at 0 s")]
)
def test_assert_skipped_of_a_job_that_started(half_failed, job, state):
    with pytest.raises(
        AssertionError, match=rf"^<FakeJob `{job}`> was not skipped: {state}\n\nlab"
    ):
        half_failed.assert_skipped("b", job)


def test_assert_skipped_of_a_job_that_the_run_did_not_reach():
    scheduler = dag("a>b", critical=False)
    scheduler["a"].raises = OSError
    with pytest.raises(
        AssertionError, match=r"^<FakeJob `b`> was not skipped: it never started\n"
    ):
        timeline_of(scheduler).assert_skipped("b")


def test_a_job_that_was_skipped_in_an_earlier_run_only_is_not_skipped():
    scheduler = dag("a>b", critical=False, keep_going=True)
    scheduler["a"].raises = OSError
    with Timeline(scheduler) as timeline:
        scheduler.run()
        timeline.assert_skipped("b")
        scheduler["a"].raises = None
        scheduler.run()
    assert (timeline.start("b"), timeline.end("b")) == (2.0, 3.0)
    with pytest.raises(AssertionError, match="was not skipped"):
        timeline.assert_skipped("b")


def test_a_job_that_was_skipped_in_the_last_run_only_never_started():
    """The first event of the last run is one of a new job."""
    scheduler = dag("a>b, c>d", critical=False, keep_going=True)
    with Timeline(scheduler) as timeline:
        scheduler.run()
        bad = FakeJob("bad", takes=1, raises=OSError)
        scheduler["a"].requires(bad)
        scheduler["c"].requires(FakeJob("first", takes=5, scheduler=scheduler))
        scheduler.add(bad)
        scheduler.run()
    timeline.assert_skipped("a", "b")
    timeline.assert_never_started("a", "b")
    timeline.assert_order("first", "c", "d")


def test_a_job_that_is_cancelled_while_it_waits_has_ended_but_never_started():
    async def end_it():
        return waits.cancel()

    waits = FakeJob("waits", critical=False)
    ends = Job(end_it, label="ends")
    timeline = timeline_of(
        PureScheduler(FakeJob("a", takes=2, required=ends), ends, waits, jobs_window=1)
    )
    timeline.assert_never_started("waits")
    timeline.assert_window_respected()
    assert (timeline.end("waits"), timeline.peak()) == (0.0, 1)
    assert str(timeline).splitlines()[2] == (
        "waits  |                                                  |  failed before it started"
    )


def test_a_job_that_never_started_does_not_hide_that_the_window_was_too_small():
    async def end_them():
        for job in waiting:
            job.cancel()

    first = Job(end_them)
    later = [FakeJob(takes=1, required=first) for _ in range(3)]
    waiting = [FakeJob(required=later, critical=False) for _ in range(2)]
    scheduler = PureScheduler(first, *later, *waiting, jobs_window=3)
    timeline = timeline_of(scheduler)
    scheduler.jobs_window = 2
    assert timeline.peak() == 3
    with pytest.raises(AssertionError, match="ran 3 jobs at once, but its jobs_window is 2"):
        timeline.assert_window_respected()


def test_assert_never_started():
    scheduler = dag("a>b, c")
    scheduler["a"].raises = ZeroDivisionError
    scheduler.critical = False
    timeline = timeline_of(scheduler)
    timeline.assert_never_started("b")
    with pytest.raises(AssertionError, match=r"^<FakeJob `a`> started at 0\.0 s\n"):
        timeline.assert_never_started("b", "a")


@pytest.fixture
def failure():
    scheduler = dag("a>b, long", label="lab", critical=False)
    scheduler["a"].raises = OSError("no disk")
    scheduler["long"].takes = 9
    return timeline_of(PureScheduler(scheduler, FakeJob("fine", takes=5)))


def test_assert_failed(failure):
    failure.assert_failed("a")
    failure.assert_failed("a", OSError)
    failure.assert_failed("a", (ValueError, OSError))


def test_a_nested_scheduler_fails_with_the_exception_of_its_job():
    inner = Scheduler(FakeJob("a", raises=OSError), label="inner")
    timeline_of(PureScheduler(inner)).assert_failed("inner", OSError)


def test_assert_failed_with_another_class(failure):
    start = r"^<FakeJob `a`> raised OSError\('no disk'\), which is not a "
    with pytest.raises(AssertionError, match=rf"{start}ValueError\n\nlab"):
        failure.assert_failed("a", ValueError)
    with pytest.raises(AssertionError, match=rf"{start}ValueError or a KeyError\n\nlab"):
        failure.assert_failed("a", (ValueError, KeyError))


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("fine", r"<FakeJob `fine`> did not fail: it ended at 5 s \(done\)"),
        ("long", r"<FakeJob `long`> did not fail: it ended at 1 s \(cancelled\)"),
        ("b", r"<FakeJob `b`> never ended"),
    ],
)
def test_assert_failed_of_a_job_that_did_not_fail(failure, job, message):
    with pytest.raises(AssertionError, match=rf"^{message}\n\nlab"):
        failure.assert_failed(job)


def test_assert_cancelled(failure):
    failure.assert_cancelled("long")


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("fine", r"<FakeJob `fine`> was not cancelled: it ended at 5 s \(done\)"),
        ("a", r"<FakeJob `a`> was not cancelled: it ended at 1 s \(failed\)"),
        ("b", r"<FakeJob `b`> never ended"),
    ],
)
def test_assert_cancelled_of_a_job_that_was_not_cancelled(failure, job, message):
    with pytest.raises(AssertionError, match=rf"^{message}\n\nlab"):
        failure.assert_cancelled(job)


def test_assert_requirements_respected(diamond):
    diamond.assert_requirements_respected()


def test_assert_requirements_respected_fails(diamond):
    diamond.scheduler["b"].requires(diamond.scheduler["c"])
    with pytest.raises(AssertionError, match=r"^<FakeJob `b`> started at 1 s, before "):
        diamond.assert_requirements_respected()


def test_assert_requirements_respected_ignores_jobs_that_never_started():
    scheduler = PureScheduler(*dag("a>b").jobs)
    first, second = scheduler.jobs
    first.raises = ZeroDivisionError
    timeline = timeline_of(scheduler)
    second.requires(FakeJob("never"))
    timeline.assert_requirements_respected()


def test_assert_window_respected():
    inner = dag("a b c", jobs_window=1, label="inner")
    forever = FakeJob("f", takes=math.inf, forever=True)
    timeline = timeline_of(PureScheduler(inner, FakeJob("d"), forever, jobs_window=2))
    timeline.assert_window_respected()


def test_assert_window_respected_fails(diamond):
    diamond.scheduler.jobs_window = 1
    with pytest.raises(
        AssertionError, match=r"^<Dag `NOLABEL`> ran 2 jobs at once, but its jobs_window is 1\n"
    ):
        diamond.assert_window_respected()


def test_assert_limits_respected():
    ssh, gpu = Limit(2, "ssh"), Limit(3, "gpu")
    inner = Scheduler(*(FakeJob(takes=1, limits=ssh) for _ in range(4)), label="inner")
    jobs = [FakeJob(takes=2, limits=[ssh, (gpu, 2)]) for _ in range(3)]
    timeline = timeline_of(PureScheduler(inner, *jobs, FakeJob("free")))
    timeline.assert_limits_respected()


@pytest.fixture
def limits_ignored(monkeypatch):
    """Let jobs start although their limits have too few free slots."""
    monkeypatch.setattr(limits.LimitedJobs, "ask", lambda *_, **__: False)


@pytest.mark.usefixtures("limits_ignored")
def test_assert_limits_respected_fails():
    ssh, gpu = Limit(9, "ssh"), Limit(3, "gpu")
    first = FakeJob("first", takes=1)
    inner = Scheduler(FakeJob("b", takes=1, limits=[ssh, (gpu, 2)]), required=first)
    timeline = timeline_of(
        PureScheduler(first, inner, FakeJob("a", takes=2, limits=(gpu, 2)), FakeJob("c"))
    )
    message = (
        r"<FakeJob `b`> started at 1 s, and then 4 slots of Limit `gpu` were taken, "
        r"but it had only 3"
    )
    with pytest.raises(AssertionError, match=rf"^{message}\n\nfirst"):
        timeline.assert_limits_respected()


@pytest.mark.usefixtures("limits_ignored")
def test_a_nested_scheduler_holds_its_limits_until_it_has_ended():
    ssh = Limit(2, "ssh")
    inner = Scheduler(FakeJob("a", takes=2), label="inner", limits=ssh)
    later = Sequence(FakeJob("wait", takes=1), FakeJob("b", limits=(ssh, 2)))
    with pytest.raises(
        AssertionError, match="`b`> started at 1 s, and then 3 slots of Limit `s"
    ):
        timeline_of(PureScheduler(inner, later)).assert_limits_respected()


@pytest.mark.parametrize("slots", [1, 3])
def test_the_slots_that_a_limit_had_at_the_start_of_a_job_count(slots):
    async def change():
        await asyncio.sleep(1)
        ssh.slots = slots

    ssh = Limit(2, "ssh")
    jobs = [FakeJob(takes=2, limits=ssh) for _ in range(6)]
    timeline = timeline_of(PureScheduler(Job(change), *jobs))
    timeline.assert_limits_respected()
    ssh.slots = 1
    timeline.assert_limits_respected()


def test_a_limit_may_get_smaller_between_the_grant_and_the_start():
    """The slot is taken when `a` ends; the other run starts `b` in the next turn."""

    async def change():
        await asyncio.sleep(2)
        ssh.slots = 1

    ssh = Limit(2, "ssh")
    hold = FakeJob("hold", takes=9, limits=ssh)
    a = FakeJob("a", takes=2, limits=ssh)
    inner = Scheduler(FakeJob("b", takes=1, limits=ssh), label="inner")
    timeline = timeline_of(PureScheduler(hold, a, inner, Job(change, label="change")))
    assert (timeline.start("b"), timeline.end("change")) == (2.0, 2.0)
    timeline.assert_limits_respected()


def test_jobs_that_are_cancelled_while_they_wait_take_no_slots():
    async def end_it():
        return waits.cancel()

    ssh = Limit(1, "ssh")
    waits = FakeJob("waits", limits=ssh, critical=False)
    jobs = [FakeJob(takes=1, limits=ssh) for _ in range(3)]
    timeline = timeline_of(PureScheduler(jobs[0], waits, *jobs[1:], Job(end_it)))
    timeline.assert_never_started(waits)
    timeline.assert_limits_respected()


def test_assert_shutdown_once():
    inner = Scheduler(FakeJob("a"), label="inner")
    timeline_of(PureScheduler(inner, FakeJob("b"))).assert_shutdown_once()


def test_assert_shutdown_once_fails():
    scheduler = dag("a")
    with Timeline(scheduler) as timeline:
        scheduler.run()
    with pytest.raises(AssertionError, match=r"^<FakeJob `a`> was shut down 0 times\n"):
        timeline.assert_shutdown_once()


# -- the chart


def test_the_chart_shows_every_outcome():
    bad = FakeJob("bad", takes=3, raises=ZeroDivisionError)
    inner = Scheduler(FakeJob("in", takes=1), label="inner")
    jobs = (inner, bad, FakeJob("waits", takes=9), FakeJob("late", required=bad))
    assert str(timeline_of(PureScheduler(*jobs, jobs_window=2))) == (
        "inner  |################                                  |  0 - 1  done\n"
        "  in   |################                                  |  0 - 1  done\n"
        "bad    |##################################################|  0 - 3  failed\n"
        "waits  |................##################################|  1 - 3  cancelled\n"
        "late   |                                                  |  never started\n"
        "       0 s                                             3 s"
    )


def test_the_chart_shows_why_a_job_was_skipped():
    bad = FakeJob("bad", takes=1, raises=OSError)
    behind = Scheduler(FakeJob("in"), label="behind", required=bad)
    jobs = (bad, behind, FakeJob("after", required=behind), FakeJob("fine", takes=2))
    assert str(timeline_of(PureScheduler(*jobs, keep_going=True))) == (
        "bad     |#########################                         |  0 - 1  failed\n"
        "behind  |                                                  |"
        "  skipped: <FakeJob `bad`> failed\n"
        "  in    |                                                  |  never started\n"
        "after   |                                                  |"
        "  skipped: <FakeJob `bad`> failed\n"
        "fine    |##################################################|  0 - 2  done\n"
        "        0 s                                             2 s"
    )


def test_the_chart_says_skipped_even_if_a_later_run_was_not_recorded():
    scheduler = dag("a>b", critical=False, keep_going=True)
    scheduler["a"].raises = OSError
    timeline = timeline_of(scheduler)
    scheduler["a"].raises = None
    scheduler.run()
    assert str(timeline).splitlines()[1].endswith("|  skipped")


def test_the_chart_shows_how_long_a_job_waited_that_was_cancelled_then():
    async def end_it():
        await asyncio.sleep(1)
        waits.cancel()

    waits = FakeJob("waits", critical=False)
    timeline = timeline_of(
        PureScheduler(Job(end_it, label="end"), FakeJob("a", takes=2), waits, jobs_window=2)
    )
    assert str(timeline).splitlines()[2] == (
        "waits  |.........................                         |  failed before it started"
    )


def test_the_chart_during_a_run():
    async def look():
        return str(timeline)

    a, b = FakeJob("a", takes=4), FakeJob("b", takes=2)
    last = Job(look, label="look", required=b)
    scheduler = Scheduler(a, b, last)
    with Timeline(scheduler) as timeline:
        scheduler.run()
    assert last.result() == (
        "a     |##################################################|  0 - …  running\n"
        "b     |##################################################|  0 - 2  done\n"
        "look  |                                                 #|  2 - …  running\n"
        "      0 s                                             2 s"
    )


def test_the_chart_of_jobs_that_take_no_time():
    assert str(timeline_of(dag("a>b", takes=0))) == (
        "a  |#                                                 |  0 - 0  done\n"
        "b  |#                                                 |  0 - 0  done\n"
        "   0 s                                             0 s"
    )


@pytest.mark.fake_clock(start=1_700_000_000)
def test_the_chart_shows_late_times_to_the_millisecond():
    assert str(timeline_of(dag("a", takes=0.25))) == (
        "a  |##################################################|"
        "  1700000000 - 1700000000.25  done\n"
        "   1700000000 s                        1700000000.25 s"
    )


def test_the_chart_shows_restored_jobs():
    scheduler = dag("a>b", critical=False)
    scheduler["b"].raises = OSError
    with Timeline(scheduler) as timeline:
        scheduler.run()
        scheduler["b"].raises = None
        scheduler.run(resume=True)
    assert str(timeline).splitlines()[:2] == [
        "a  |                                                  |  restored",
        "b  |##################################################|  2 - 3  done",
    ]


def test_the_chart_before_the_run():
    assert str(Timeline(dag("a"))) == (
        "a  |                                                  |  never started\n"
        "   0 s                                             0 s"
    )


def test_the_chart_of_no_jobs():
    assert str(Timeline(Scheduler())) == "(no jobs)"


def test_a_label_of_several_lines_is_one_line_of_the_chart():
    timeline = timeline_of(Scheduler(FakeJob("one\ntwo", takes=1)))
    assert timeline.end("one\ntwo") == 1.0
    assert str(timeline) == (
        "one two  |##################################################|  0 - 1  done\n"
        "         0 s                                             1 s"
    )


def test_a_label_whose_str_raises_is_shown_as_in_listings():
    class Mute:
        def __str__(self):
            raise ZeroDivisionError

    timeline = timeline_of(Scheduler(FakeJob(Mute(), takes=1), FakeJob("a", takes=1)))
    assert timeline.end("a") == 1.0
    assert str(timeline) == (
        "(str raised ZeroDivisionError)"
        "  |##################################################|  0 - 1  done\n"
        "a                             "
        "  |##################################################|  0 - 1  done\n"
        "                              "
        "  0 s                                             1 s"
    )


def test_wide_characters_keep_the_columns_of_the_chart():
    labels = ["再起動", "cafe\u0301", "🚀 start", "👩‍👩‍👧"]
    lines = str(timeline_of(Scheduler(*(FakeJob(it, takes=1) for it in labels)))).splitlines()
    assert [line.partition("  |")[0] for line in lines[:4]] == [
        "再起動  ",
        "cafe\u0301    ",
        "🚀 start",
        "👩‍👩‍👧      ",
    ]


def test_a_long_label_is_cut_in_the_chart():
    labels = ["x" * 40, "x" * 41, "再" * 30]
    inner = Scheduler(*(FakeJob(it, takes=1) for it in labels), label="inner")
    lines = str(timeline_of(Scheduler(inner))).splitlines()
    assert [line.partition("  |")[0] for line in lines[1:4]] == [
        "  " + "x" * 40,
        "  " + "x" * 39 + "…",
        "  " + "再" * 19 + "… ",
    ]


def test_the_chart_of_many_levels():
    scheduler = Scheduler(FakeJob("a"))
    for _ in range(1500):
        scheduler = Scheduler(scheduler)
    assert str(Timeline(scheduler)).splitlines()[-2] == "… and 1401 more jobs"


def test_the_chart_of_a_scheduler_that_is_nested_in_itself():
    scheduler = Scheduler(label="ring")
    scheduler.jobs.add(scheduler)
    assert str(Timeline(scheduler)).splitlines()[0].split("  ")[0] == "ring"


def test_the_chart_of_jobs_that_were_given_a_cycle():
    scheduler = dag("a>b")
    with Timeline(scheduler) as timeline:
        scheduler.run()
        scheduler["a"].requires(scheduler["b"])
        chart = str(timeline)
    assert chart.splitlines()[2] == "(the run is not shown, since its jobs have a cycle now)"
    assert timeline.end("b") == 2.0
    timeline = timeline_of(other := dag("a>b"))
    other["a"].requires(other["b"])
    assert str(timeline).splitlines()[1].endswith("|  3 - 4  done")


def test_the_chart_of_many_jobs_is_cut():
    lines = str(timeline_of(dag(" ".join(map(str, range(150)))))).splitlines()
    assert len(lines) == 102
    assert lines[-2] == "… and 50 more jobs"
