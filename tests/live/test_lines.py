"""`live()` in a file or a CI log: a line for each change."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import Job, Journal, PureScheduler, Scheduler
from asynciojobs._badge import UNICODE
from asynciojobs._dag.jobset import state_of
from asynciojobs_graph import live
from asynciojobs_graph._live.lines import LinesDisplay
from asynciojobs_graph.liveview import View

from .conftest import File


async def work(seconds, error=None):
    await asyncio.sleep(seconds)
    if error is not None:
        raise error


def lines_of(scheduler, file, **options):
    with live(scheduler, stream=file, **options):
        scheduler.run()
    return file.getvalue().splitlines()


def test_each_change_is_a_line_with_its_time(fake_time, file):
    boot = Job(work, 3, label="boot")
    lab = Scheduler(boot, Job(work, 90, label="measure", required=boot), label="lab")
    assert lines_of(PureScheduler(lab), file) == [
        "     < 1 ms  ▸ started   lab",
        "     < 1 ms  ▸ started   lab > boot",
        "      3.0 s  ✓ done      lab > boot (3.0 s)",
        "      3.0 s  ▸ started   lab > measure",
        "still running after 1 min 0 s: measure",
        " 1 min 33 s  ✓ done      lab > measure (1 min 30 s)",
        " 1 min 33 s  ✓ done      lab (1 min 33 s)",
        "FINE · 2/2 done · 1 min 33 s",
    ]


def test_failures_skipped_and_stopped_jobs(fake_time, file):
    failed = Job(work, 1, OSError("no route\nto host"), label="boot")
    scheduler = PureScheduler(
        failed,
        Job(work, 1, required=failed, label="measure"),
        Job(work, 9, label="tcpdump", forever=True),
        Job(work, 2, label="archive"),
        keep_going=True,
    )
    assert lines_of(scheduler, file)[3:] == [
        "      1.0 s  ✗ failed    boot (1.0 s)  OSError:no route to host",
        "      1.0 s  ↷ skipped   measure",
        "      2.0 s  ✓ done      archive (2.0 s)",
        "      2.0 s  ■ cancelled tcpdump (2.0 s)",
        (
            "CRITICAL FAILURE: <Job `boot`> raised OSError:no route to host · "
            "2/3 done · 1 failed · 1 skipped · 2.0 s"
        ),
    ]


def test_no_more_than_ten_lines_a_second_are_written_in_the_long_run(fake_time, file):
    scheduler = PureScheduler(
        *(Job(work, 1, label=f"job {n}") for n in range(1000)),
        Job(work, 1.5, OSError("late"), label="culprit", critical=False),
        jobs_window=10,
    )
    lines = lines_of(scheduler, file)
    assert 900 < len(lines) < 30 + 10 * 102
    assert sum("failed    culprit" in line for line in lines) == 1
    assert lines[-1] == "FINE · 1001/1001 done · 1 failed · 1 min 42 s"


def test_a_flood_becomes_one_line(fake_time, file):
    scheduler = PureScheduler(*(Job(work, 0, label=f"job {n}") for n in range(1000)))
    lines = lines_of(scheduler, file)
    assert lines[30:] == [
        "… 1970 more changes: 970 started, 1000 done; 1000/1000 done · < 1 ms",
        "FINE · 1000/1000 done · < 1 ms",
    ]


def test_a_flood_of_failures_is_limited_too(fake_time, file):
    scheduler = PureScheduler(
        *(Job(work, 0, OSError(n), critical=False, label="job") for n in range(1000))
    )
    lines = lines_of(scheduler, file)
    assert sum("failed    job" in line for line in lines) == 200


def test_a_heartbeat_each_minute_names_five_jobs(fake_time, file):
    scheduler = PureScheduler(*(Job(work, 150, label=f"job {n}") for n in range(7)))
    beats = [line for line in lines_of(scheduler, file) if line.startswith("still")]
    assert beats == [
        f"still running after {minutes} min 0 s: job 0, job 1, job 2, job 3, job 4 and 2 more"
        for minutes in (1, 2)
    ]


def test_ascii_where_the_encoding_has_no_more(fake_time):
    file = File("ascii")
    assert lines_of(PureScheduler(Job(work, 1, label="プリント")), file) == [
        r"     < 1 ms  > started   \u30d7\u30ea\u30f3\u30c8",
        r"      1.0 s  + done      \u30d7\u30ea\u30f3\u30c8 (1.0 s)",
        "FINE, 1/1 done, 1.0 s",
    ]


def test_labels_move_no_cursor(fake_time, file):
    label = "a\x1b[2J\rb\x07\x9b1Jc\u202ed"
    lines = lines_of(PureScheduler(Job(work, 0, label=label)), file)
    assert lines[0] == "     < 1 ms  ▸ started   a [2J b  1Jcd"


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_only_if_they_are_forced(fake_time, file, monkeypatch, environment, coloured):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    lines = lines_of(PureScheduler(Job(work, 1, label="job")), file)
    assert ("\x1b[32m✓ done     \x1b[0m job" in lines[1]) == coloured
    assert any("\x1b" in line for line in lines) == coloured


def test_each_of_two_runs_is_shown(fake_time, file):
    scheduler = PureScheduler(Job(work, 1, label="job"))
    with live(scheduler, stream=file):
        scheduler.run()
        scheduler.run()
    lines = file.getvalue().splitlines()
    assert lines[:3] == lines[3:]
    assert lines[2] == "FINE · 1/1 done · 1.0 s"


def test_a_run_that_is_lost_does_not_disturb_the_next_one(fake_time, file):
    """The loop is closed before the run has ended, so the view never hears of an end."""
    scheduler = PureScheduler(Job(work, 9, label="job"))

    async def leave():
        scheduler.task = asyncio.create_task(scheduler.co_run())
        await asyncio.sleep(1)

    with live(scheduler, stream=file):
        loop = fake_time()
        loop.run_until_complete(leave())
        loop.close()
        coroutine = scheduler.task.get_coro()
        scheduler.task = None
        coroutine.close()
        scheduler.run()
    start = "     < 1 ms  ▸ started   job"
    assert file.getvalue().splitlines() == [
        start,
        start,
        "      9.0 s  ✓ done      job (9.0 s)",
        "FINE · 1/1 done · 9.0 s",
    ]


def test_a_run_that_has_begun_before_the_view_is_shown_from_then_on(fake_time, file):
    jobs = [Job(work, n, label=f"job {n}") for n in (1, 2, 3)]
    scheduler = PureScheduler(*jobs)

    async def main():
        task = asyncio.create_task(scheduler.co_run())
        await asyncio.sleep(1.5)
        with live(scheduler, stream=file):
            await task

    with asyncio.Runner(loop_factory=fake_time) as runner:
        runner.run(main())
    assert file.getvalue().splitlines() == [
        "      2.0 s  ✓ done      job 2 (2.0 s)",
        "… 4 more changes: 3 started, 1 done; 2/3 done · 2.1 s",
        "      3.0 s  ✓ done      job 3 (3.0 s)",
        "FINE · 3/3 done · 3.0 s",
    ]


def test_a_view_that_comes_too_late_for_any_event_shows_the_end(fake_time, file):
    scheduler = PureScheduler(Job(work, 2, label="job"), timeout=1)

    async def main():
        task = asyncio.create_task(scheduler.co_run())
        await asyncio.sleep(0.5)
        with live(scheduler, stream=file):
            await task
        with live(scheduler, stream=file):  # no run at all
            pass

    with asyncio.Runner(loop_factory=fake_time) as runner:
        runner.run(main())
    lines = file.getvalue().splitlines()
    assert lines[-1].endswith("running: <Job `job`> · 0/1 done · 1 stopped · 1.0 s")


def test_a_nested_scheduler_alone_can_be_shown(fake_time, file):
    boot = Job(work, 1, label="boot")
    lab = Scheduler(Job(work, 2, label="measure"), label="lab", required=boot)
    with live(lab, stream=file):
        PureScheduler(boot, lab).run()
    assert file.getvalue().splitlines() == [
        "     < 1 ms  ▸ started   measure",
        "      2.0 s  ✓ done      measure (2.0 s)",
        "FINE · 1/1 done · 2.0 s",
    ]


def test_jobs_that_stay_done_are_restored(fake_time, file, tmp_path):
    def scheduler(**options):
        first = Job(work, 1, label="first")
        lab = Scheduler(Job(work, 1, label="one"), Job(work, 1, label="two"), label="lab")
        return PureScheduler(lab, first, Job(work, 1, label="last", required=first, **options))

    with Journal(tmp_path / "journal") as journal:
        scheduler().run(journal=journal)
    with Journal(tmp_path / "journal") as journal:
        second = scheduler(version=2)
        with live(second, stream=file):
            second.run(journal=journal)
    assert file.getvalue().splitlines() == [
        "     < 1 ms  ✓ restored  lab",
        "     < 1 ms  ✓ restored  lab > one",
        "     < 1 ms  ✓ restored  lab > two",
        "     < 1 ms  ✓ restored  first",
        "     < 1 ms  ▸ started   last",
        "      1.0 s  ✓ done      last (1.0 s)",
        "FINE · 4/4 done · 3 restored · 1.0 s",
    ]


def test_a_job_that_is_cancelled_before_it_starts_has_failed(fake_time, file):
    late = Job(work, 1, label="late", critical=False)

    async def cancel():
        late.cancel()

    first = Job(cancel, label="first")
    late.requires(Job(work, 1, label="second", required=first))
    scheduler = PureScheduler(first, *late.required, late)
    lines = lines_of(scheduler, file)
    assert "     < 1 ms  ✗ failed    late  CancelledError:" in lines
    assert lines[-1] == "FINE · 3/3 done · 1 failed · 1.0 s"


@pytest.mark.parametrize("mode", ["lines", "terminal"])
def test_a_run_does_not_pay_for_each_of_many_events(fake_time, mode):
    pytest.importorskip("rich", reason="rich, which draws the rows, is missing")
    heard = []
    scheduler = PureScheduler(jobs_window=10)

    async def look():
        await asyncio.sleep(0.001)
        heard.append(state_of(scheduler).observers.heard)

    scheduler.update([Job(look, label="job") for n in range(2000)])
    with live(scheduler, mode=mode, stream=File()):
        scheduler.run()
    # In 0.2 s there are two frames. After each one, the view hears the first few events.
    assert heard.count(True) <= 3 * 30


def test_a_view_that_has_failed_keeps_no_events(fake_time, caplog):
    class Full(File):
        def write(self, text):
            raise OSError("no space left")

    scheduler = PureScheduler(*(Job(work, n, label=f"job {n}") for n in range(9)))
    view = View(scheduler, LinesDisplay(Full(), signs=UNICODE, ascii_only=False, colours=False))
    with view:
        assert scheduler.run()
        assert scheduler.run()
    assert view._events == []
    assert [record.getMessage() for record in caplog.records] == [
        "the live view failed; the run goes on without it"
    ]
