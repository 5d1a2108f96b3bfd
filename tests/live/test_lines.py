"""`live()` in a file or a CI log: a line for each change."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import Job, PureScheduler, Scheduler
from asynciojobs._badge import UNICODE
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
    assert lines[:2] == lines[3:5]
    # When the second run began, it was too late to ask how the first one ended.
    assert (lines[2], lines[5]) == ("ended · 1/1 done · 1.0 s", "FINE · 1/1 done · 1.0 s")


def test_a_view_that_has_failed_keeps_no_events(fake_time, caplog):
    class Full(File):
        def write(self, text):
            raise OSError("no space left")

    scheduler = PureScheduler(*(Job(work, n, label=f"job {n}") for n in range(9)))
    view = View(scheduler, LinesDisplay(Full(), signs=UNICODE, ascii_only=False, colours=False))
    with scheduler.observe(view.hear):
        assert scheduler.run()
        view.close()
    assert view._events == []
    assert [record.getMessage() for record in caplog.records] == [
        "the live view failed; the run goes on without it"
    ]
