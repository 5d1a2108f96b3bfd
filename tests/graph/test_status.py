"""Pictures of runs: the status of each job, and how long it took."""

from __future__ import annotations

import asyncio
import math
import pickle

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler
from asynciojobs._badge import UNICODE
from asynciojobs._text import duration_text
from asynciojobs_graph._status import Status
from asynciojobs_testkit import FakeJob, dag

pytestmark = pytest.mark.usefixtures("fake_time")


@pytest.fixture
def statuses(drawn):
    """Return a function that draws a scheduler, and returns the status and fill by label."""

    def draw(scheduler, **options):
        svg = drawn(scheduler, status=True, **options)
        shapes = [*svg.boxes.values(), *svg.clusters.values()]
        return {
            shape.texts[0].strip().partition(": ")[2]: (
                shape.texts[-1].strip(),
                shape.look["fill"],
            )
            for shape in shapes
            if shape.texts
        }

    return draw


WHITE, YELLOW, BLUE, GREY, GREEN, PALE, RED, LILAC = (
    status.value.fill
    for status in (
        Status.IDLE,
        Status.SCHEDULED,
        Status.RUNNING,
        Status.STOPPED,
        Status.DONE,
        Status.RAISED,
        Status.CULPRIT,
        Status.SKIPPED,
    )
)


def test_before_the_run_all_are_idle(statuses):
    assert statuses(Scheduler(FakeJob("a"), Scheduler(label="s"))) == {
        "a": ("· idle", WHITE),
        "s": ("· idle", WHITE),
    }


def test_during_the_run_a_job_may_draw(statuses):
    seen = []

    async def look():
        await asyncio.sleep(1.5)
        seen.append(statuses(scheduler))

    done, waiting = FakeJob("done", takes=1), FakeJob("waiting")
    window = Scheduler(
        FakeJob("first", takes=9), FakeJob("second"), jobs_window=1, label="window"
    )
    watching = Job(look, label="looking")
    waiting.requires(watching)
    scheduler = PureScheduler(done, watching, window, waiting)
    assert scheduler.run() is True
    assert seen == [
        {
            "done": ("✓ done, 1.0 s", GREEN),
            "looking": ("▸ running", BLUE),
            "window": ("▸ running", BLUE),
            "first": ("▸ running", BLUE),
            "second": ("○ scheduled", YELLOW),
            "waiting": ("· idle", WHITE),
        }
    ]


def test_after_a_fine_run_all_are_done(statuses):
    inner = Scheduler(FakeJob("b", takes=90), label="s")
    scheduler = Scheduler(FakeJob("a", takes=0.25), FakeJob("f", takes=math.inf, forever=True))
    scheduler.add(inner)
    scheduler.run()
    assert statuses(scheduler) == {
        "a": ("✓ done, 250 ms", GREEN),
        "f": ("■ stopped, 1 min 30 s", GREY),
        "b": ("✓ done, 1 min 30 s", GREEN),
        "s": ("✓ done, 1 min 30 s", GREEN),
    }


def test_after_a_failure_the_other_jobs_are_stopped_or_idle(statuses):
    bad = FakeJob("bad", takes=2, raises=ValueError("no"), critical=True)
    other = FakeJob("other", takes=5)
    scheduler = PureScheduler(bad, other, FakeJob("late", required=bad))
    assert scheduler.run() is False
    assert statuses(scheduler) == {
        "bad": ("✗ ended the run: ValueError, 2.0 s", RED),
        "other": ("■ stopped, 2.0 s", GREY),
        "late": ("· idle", WHITE),
    }


@pytest.mark.parametrize("critical", [False, True])
def test_a_nested_scheduler_shows_how_it_failed(statuses, critical):
    bad = FakeJob("bad", takes=1, raises=KeyError, critical=True)
    inner = Scheduler(bad, label="inner", critical=critical)
    PureScheduler(inner).run()
    said = "✗ raised KeyError, 1.0 s" if critical else "✗ failed, 1.0 s"
    assert statuses(PureScheduler(inner)) == {
        "bad": ("✗ ended the run: KeyError, 1.0 s", RED),
        "inner": (said, PALE),
    }


# -- what failed first


def failing(label, error=OSError, *, takes=2, critical=True):
    return FakeJob(label, takes=takes, raises=error, critical=critical)


async def fail_when_cancelled():
    try:
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        raise OSError from None


def test_what_failed_first_stands_out_from_what_failed_with_it(statuses):
    """The first job ended the run; others failed at the same time, and one before it."""
    scheduler = PureScheduler(
        failing("first"),
        Job(fail_when_cancelled, label="second"),
        Scheduler(failing("inside"), label="inner"),
        failing("early", takes=1, critical=False),
    )
    assert scheduler.run() is False
    assert "`first`" in scheduler.why()
    assert statuses(scheduler) == {
        "first": ("✗ ended the run: OSError, 2.0 s", RED),
        "second": ("✗ raised OSError, 2.0 s", PALE),
        "inner": ("■ stopped, 2.0 s", GREY),
        "inside": ("✗ raised OSError, 2.0 s", PALE),
        "early": ("✗ raised OSError, 1.0 s", PALE),
    }


def test_schedulers_that_failed_because_of_a_job_inside_do_not_stand_out(statuses):
    inner = Scheduler(Scheduler(failing("bad"), label="inner"), label="outer")
    scheduler = PureScheduler(inner)
    scheduler.run()
    said = "✗ raised OSError, 2.0 s"
    assert statuses(scheduler) == {
        "outer": (said, PALE),
        "inner": (said, PALE),
        "bad": ("✗ ended the run: OSError, 2.0 s", RED),
    }
    ended = ("✗ ended the run: OSError, 2.0 s", RED)
    assert statuses(scheduler, depth=1) == {"outer": (said, PALE), "inner": ended}
    assert statuses(scheduler, depth=0) == {"outer": ended}


def test_a_scheduler_that_timed_out_stands_out(statuses):
    inner = Scheduler(FakeJob("slow", takes=9), label="inner", timeout=1)
    scheduler = PureScheduler(inner)
    scheduler.run()
    assert statuses(scheduler) == {
        "inner": ("✗ ended the run: TimeoutError, 1.0 s", RED),
        "slow": ("■ stopped, 1.0 s", GREY),
    }


def test_a_failure_that_ended_only_a_nested_run_stands_out_if_nothing_else_failed(statuses):
    inner = Scheduler(failing("bad"), label="inner", critical=False)
    scheduler = PureScheduler(inner, FakeJob("late", required=inner))
    assert scheduler.run() is True
    shown = statuses(scheduler)
    assert (shown["bad"][1], shown["inner"][1], shown["late"][1]) == (RED, PALE, GREEN)


def test_a_failure_that_ended_only_a_nested_run_does_not_stand_out_if_the_run_failed(statuses):
    inner = Scheduler(failing("before", takes=1), label="inner", critical=False)
    scheduler = PureScheduler(inner, failing("bad"))
    assert scheduler.run() is False
    shown = statuses(scheduler)
    assert (shown["before"][1], shown["inner"][1], shown["bad"][1]) == (PALE, PALE, RED)


def test_a_job_that_exits_stands_out(statuses):
    scheduler = PureScheduler(
        Scheduler(failing("exits", SystemExit), label="inner"), FakeJob("other", takes=3)
    )
    with pytest.raises(SystemExit):
        scheduler.run()
    assert statuses(scheduler) == {
        "inner": ("✗ raised SystemExit, 2.0 s", PALE),
        "exits": ("✗ ended the run: SystemExit, 2.0 s", RED),
        "other": ("■ stopped, 2.0 s", GREY),
    }


def test_what_failed_first_has_a_border_of_its_own(drawn):
    scheduler = PureScheduler(failing("bad"), Job(fail_when_cancelled))
    scheduler.run()
    looks = [box.look for box in drawn(scheduler, status=True).boxes.values()]
    assert looks == [
        {"fill": RED, "stroke": "#b3161b", "stroke-width": "4"},
        {"fill": PALE, "stroke": "#2b5c8a", "stroke-width": "2"},
    ]


def test_the_next_run_forgets_what_failed_first(statuses):
    scheduler = PureScheduler(failing("bad"))
    scheduler.run()
    scheduler.jobs.clear()
    scheduler.add(FakeJob("good"))
    scheduler.run()
    assert statuses(scheduler) == {"good": ("✓ done, < 1 ms", GREEN)}


def test_a_pickled_run_knows_what_failed_first(statuses):
    scheduler = PureScheduler(Scheduler(failing("bad"), label="inner"))
    scheduler.run()
    assert statuses(pickle.loads(pickle.dumps(scheduler))) == statuses(scheduler)


# -- runs that go on after a failure


def test_skipped_jobs_say_which_job_failed(statuses):
    bad = failing("bad")
    behind = Scheduler(FakeJob("inside"), label="behind", required=bad)
    scheduler = PureScheduler(bad, behind, FakeJob("last", required=behind), keep_going=True)
    assert scheduler.run() is False
    skipped = ("↷ skipped: <FakeJob `bad`> failed", LILAC)
    assert statuses(scheduler) == {
        "bad": ("✗ failed the run: OSError, 2.0 s", RED),
        "behind": skipped,
        "inside": ("· idle", WHITE),
        "last": skipped,
    }
    assert statuses(scheduler, depth=0)["behind"] == skipped


def test_each_skipped_job_has_a_colour_of_its_own():
    fills = [status.value.fill for status in Status]
    assert fills.count(Status.SKIPPED.value.fill) == 1


def test_a_skipped_job_has_a_dashed_border(drawn):
    class Styled(AbstractJob):
        def dot_style(self):
            return {"style": "dotted", "color": "blue"}

    class Bare(AbstractJob):
        def dot_style(self):
            return {}

    bad = failing("bad")
    jobs = (Styled(), Bare(), FakeJob("job"), FakeJob("forever", forever=True))
    nested = Scheduler(FakeJob("in"), label="s", required=bad)
    for job in jobs:
        job.requires(bad)
    scheduler = PureScheduler(bad, *jobs, nested, keep_going=True)
    scheduler.run()
    svg = drawn(scheduler, status=True)
    shapes = [box for box in svg.boxes.values() if "skipped" in box.texts[-1]]
    dashes = [shape.look["stroke-dasharray"] for shape in (*shapes, *svg.clusters.values())]
    assert dashes == ["1,5", "5,2", "5,2", "5,2", "5,2"]


def test_the_name_of_the_job_that_failed_is_wrapped(drawn):
    bad = failing("upload the results of the third measurement to the archive")
    scheduler = PureScheduler(bad, FakeJob("behind", required=bad), keep_going=True)
    scheduler.run()
    assert drawn(scheduler, status=True).boxes["2"].texts == [
        "2: behind",
        "↷ skipped: <FakeJob `upload the results",
        "of the third measurement to the",
        "archive`> failed",
    ]


def test_all_critical_failures_stand_out_if_the_run_went_on(statuses):
    scheduler = PureScheduler(
        failing("first"),
        failing("second", KeyError, takes=3),
        failing("harmless", takes=1, critical=False),
        Scheduler(failing("inside"), label="inner"),
        Scheduler(FakeJob("slow", takes=9), label="late", timeout=4),
        FakeJob("fine", takes=5),
        keep_going=True,
    )
    scheduler.run()
    assert statuses(scheduler) == {
        "first": ("✗ failed the run: OSError, 2.0 s", RED),
        "second": ("✗ failed the run: KeyError, 3.0 s", RED),
        "harmless": ("✗ raised OSError, 1.0 s", PALE),
        "inner": ("✗ raised OSError, 2.0 s", PALE),
        "inside": ("✗ ended the run: OSError, 2.0 s", RED),
        "late": ("✗ failed the run: TimeoutError, 4.0 s", RED),
        "slow": ("■ stopped, 4.0 s", GREY),
        "fine": ("✓ done, 5.0 s", GREEN),
    }


def test_jobs_in_a_nested_run_that_went_on_stand_out(statuses):
    inner = Scheduler(failing("a"), failing("b"), label="inner", keep_going=True)
    scheduler = PureScheduler(inner)
    scheduler.run()
    assert statuses(scheduler) == {
        "inner": ("✗ raised OSError, 2.0 s", PALE),
        "a": ("✗ failed the run: OSError, 2.0 s", RED),
        "b": ("✗ failed the run: OSError, 2.0 s", RED),
    }
    assert statuses(scheduler, depth=0) == {
        "inner": ("✗ ended the run: OSError, 2.0 s", RED),
    }


def test_failures_are_pale_if_something_else_ended_the_run(statuses):
    scheduler = PureScheduler(
        failing("bad"), FakeJob("slow", takes=9), timeout=5, keep_going=True
    )
    scheduler.run()
    assert statuses(scheduler) == {
        "bad": ("✗ raised OSError, 2.0 s", PALE),
        "slow": ("■ stopped, 5.0 s", GREY),
    }


def is_red(color):
    """Tell whether a colour has far more red than anything else."""
    red, *others = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return red > 1.1 * max(others)


def test_only_failures_are_red():
    failures = {Status.FAILED, Status.RAISED, Status.CULPRIT, Status.FATAL}
    assert {status for status in Status if is_red(status.value.fill)} == failures
    job, nested = FakeJob("x", critical=True), Scheduler(critical=True)
    assert not any(is_red(shown.dot_style()["color"]) for shown in (job, nested))


def test_the_signs_are_those_of_listings():
    signs = {status.name: status.value.sign for status in Status}
    phases = {phase.name: sign for phase, sign in UNICODE.phases.items()}
    failures = dict.fromkeys(["FAILED", "RAISED", "CULPRIT", "FATAL"], "✗")
    assert signs == phases | {"DONE": "✓", "RESTORED": "✓"} | failures


def test_a_job_that_is_not_critical_may_fail_alone(statuses):
    scheduler = PureScheduler(FakeJob("bad", raises=OSError, critical=False))
    assert scheduler.run() is True
    assert statuses(scheduler) == {"bad": ("✗ raised OSError, < 1 ms", PALE)}


def test_after_a_timeout_running_jobs_are_stopped(statuses):
    inner = Scheduler(dag("a>b", takes=3), label="inner", timeout=4, critical=False)
    scheduler = PureScheduler(inner, FakeJob("long", takes=100), timeout=10)
    assert scheduler.run() is False
    shown = statuses(scheduler)
    assert {label: shown[label] for label in ("inner", "a", "b", "long")} == {
        "inner": ("✗ failed, 4.0 s", PALE),
        "a": ("✓ done, 3.0 s", GREEN),
        "b": ("■ stopped, 1.0 s", GREY),
        "long": ("■ stopped, 10.0 s", GREY),
    }


def test_a_job_that_cancels_itself_has_raised(statuses):
    scheduler = PureScheduler(FakeJob("x", raises=asyncio.CancelledError, critical=False))
    scheduler.run()
    assert statuses(scheduler) == {"x": ("✗ raised CancelledError, < 1 ms", PALE)}


def test_after_a_cancellation_running_jobs_are_stopped(statuses, fake_time):
    scheduler = PureScheduler(FakeJob("a", takes=9))

    async def cancel():
        async with asyncio.timeout(1):
            await scheduler.co_run()

    with asyncio.Runner(loop_factory=fake_time) as runner, pytest.raises(TimeoutError):
        runner.run(cancel())
    assert statuses(scheduler) == {"a": ("■ stopped, 1.0 s", GREY)}


def test_a_false_result_of_a_job_is_no_failure(statuses):
    scheduler = PureScheduler(FakeJob("no", result=False))
    scheduler.run()
    assert statuses(scheduler) == {"no": ("✓ done, < 1 ms", GREEN)}


def test_a_closed_scheduler_has_its_status(statuses):
    scheduler = PureScheduler(Scheduler(FakeJob("a", takes=1), label="s"))
    scheduler.run()
    assert statuses(scheduler, depth=0) == {"s": ("✓ done, 1.0 s", GREEN)}


def test_the_name_of_an_exception_is_quoted(drawn):
    error = type('Bad "\\N" & <b>\x1b', (Exception,), {})
    scheduler = PureScheduler(FakeJob("x", raises=error, critical=False))
    scheduler.run()
    assert drawn(scheduler, status=True).boxes["1"].texts == [
        "1: x",
        '✗ raised Bad "\\N" & <b>\ufffd, < 1 ms',
    ]


def test_without_status_a_run_changes_nothing():
    scheduler = PureScheduler(
        FakeJob("a"), Scheduler(FakeJob("b", raises=OSError, critical=False))
    )
    before = scheduler.dot_format()
    scheduler.run()
    assert scheduler.dot_format() == before


def test_the_style_of_a_class_is_kept_except_the_fill(drawn):
    class Styled(AbstractJob):
        def dot_style(self):
            return {"style": "dotted", "color": "blue", "fillcolor": "pink"}

    class Bare(AbstractJob):
        def dot_style(self):
            return {}

    svg = drawn(Scheduler(Styled(), Bare()), status=True)
    assert [box.look for box in svg.boxes.values()] == [
        {"fill": WHITE, "stroke": "blue", "stroke-dasharray": "1,5"},
        {"fill": WHITE, "stroke": "black"},
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "< 1 ms"),
        (0.00099, "< 1 ms"),
        (0.001, "1 ms"),
        (0.0204, "20 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (1.04, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (75, "1 min 15 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (7260, "2 h 1 min"),
        (360_000, "100 h 0 min"),
    ],
)
def test_a_duration_is_in_the_units_that_are_easiest_to_read(seconds, text):
    assert duration_text(seconds) == text


def test_restored_jobs_are_shown_with_the_time_of_the_run_that_did_them(statuses):
    inner = Scheduler(FakeJob("a", takes=1), label="inner")
    scheduler = PureScheduler(inner, bad := FakeJob("bad", takes=2, raises=OSError))
    scheduler.run()
    bad.raises = None
    assert scheduler.run(resume=True)
    assert statuses(scheduler) == {
        "inner": ("✓ restored, 1.0 s", GREEN),
        "a": ("✓ restored, 1.0 s", GREEN),
        "bad": ("✓ done, 2.0 s", GREEN),
    }
