"""The rows of the live view, and what it does with what the program prints."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sys

import pytest

from asynciojobs import CommandJob, Job, Journal, PureScheduler, Scheduler
from asynciojobs._badge import ASCII, UNICODE
from asynciojobs_graph import live
from asynciojobs_graph._live.printing import Printing
from asynciojobs_graph._live.progress import Progress
from asynciojobs_graph._live.view import Look, rows


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True

    def fileno(self):
        raise OSError


def watched(scheduler):
    """Return the progress of a scheduler, kept up to date at each event."""
    progress = Progress(scheduler)
    scheduler.observe(lambda _: progress.look())
    return progress


def texts(progress, now, height=24, *, ascii_only=False):
    look = Look(ASCII if ascii_only else UNICODE, height, ascii_only)
    found = rows(progress, now, now, None, look)
    return ["".join(part.text for part in row) for row in found]


def test_a_command_shows_its_last_line(fake_time, fake_commands):
    fake_commands("ping *", stdout="one\ntwo \x1b[2J\n", takes=9)
    scheduler = PureScheduler(CommandJob("ping", "-c", "5", "a host with a very long name"))
    progress = watched(scheduler)
    found = []

    async def look():
        await asyncio.sleep(1)
        found.extend(texts(progress, 1))

    scheduler.add(Job(look, forever=True))
    scheduler.run()
    assert found[2] == "▸       1.0 s  ping -c 5 'a host with a very l…  │ two"


def test_a_journal_tells_about_how_long_the_run_still_takes(fake_time, tmp_path):
    pytest.importorskip("rich", reason="rich, which draws the rows, is missing")
    screen = Tty()

    def scheduler():
        jobs = [Job(asyncio.sleep, 10, label=f"job {n}") for n in range(4)]
        return PureScheduler(*jobs, Job(asyncio.sleep, 3, label="new", journaled=False))

    with Journal(tmp_path / "journal") as journal:
        scheduler().run(journal=journal)
    second = scheduler()
    second.jobs_window = 2
    with (
        Journal(tmp_path / "journal", resume=False) as journal,
        live(second, mode="terminal", stream=screen, journal=journal),
    ):
        second.run(journal=journal)
    rests = re.findall(r"about (\S+ \S+) left", screen.getvalue())
    assert rests[0] == "24.9 s"
    assert rests[-1].endswith((" ms", " s"))
    assert "left" not in screen.getvalue().splitlines()[-1]


def test_schedulers_and_forever_jobs_do_not_count_for_the_rest(fake_time):
    nested = Scheduler(Job(asyncio.sleep, 4, label="a"), label="nested")
    later = Job(asyncio.sleep, 6, label="b", required=nested)
    scheduler = PureScheduler(nested, later, Job(asyncio.sleep, 60, label="f", forever=True))
    progress = Progress(scheduler, {("nested", "a"): 4, ("b",): 6, ("f",): 60, ("nested",): 4})
    found = []

    def note(event):
        progress.look()
        found.append((str(event.kind), event.job.label, progress.rest(event.time)))

    with scheduler.observe(note):
        scheduler.run()
    assert [it for it in found if it[0] in ("started", "done")] == [
        ("started", "f", None),  # nothing that counts is running
        ("started", "nested", None),
        ("started", "a", 10),
        ("done", "a", None),
        ("done", "nested", None),
        ("started", "b", 6),
        ("done", "b", None),
    ]


def test_a_scheduler_that_passes_an_exception_on_is_not_named(fake_time):
    async def fail():
        raise OSError("inner")

    lab = Scheduler(Job(fail, label="inner"), label="lab")
    scheduler = PureScheduler(Scheduler(lab, label="site"), keep_going=True)
    progress = watched(scheduler)
    scheduler.run()
    assert texts(progress, 1)[1:] == ["✗ site > lab > inner  OSError:inner"]


def test_a_scheduler_that_fails_for_another_reason_than_its_job_is_named(fake_time):
    async def fail(error):
        raise error

    class Lab(Scheduler):
        async def co_run(self):
            await super().co_run()
            raise OSError("lab")

    inner = Job(fail, OSError("inner"), label="inner", critical=False)
    scheduler = PureScheduler(Lab(inner, label="lab"), keep_going=True)
    progress = watched(scheduler)
    scheduler.run()
    assert texts(progress, 1)[1:] == ["✗ lab > inner  OSError:inner", "✗ lab  OSError:lab"]


def test_nothing_is_said_of_the_rest_without_a_journal(fake_time):
    progress = Progress(PureScheduler(Job(asyncio.sleep, 1)), {})
    assert progress.rest(0) is None


def test_jobs_that_join_are_counted(fake_time):
    scheduler = PureScheduler()
    progress = watched(scheduler)

    async def add():
        scheduler.add(Job(asyncio.sleep, 1))

    scheduler.add(Job(add))
    scheduler.run()
    assert texts(progress, 1) == ["━━━━━━━━━━━━━━━━━━━━ 2/2 done · 1.0 s"]


@pytest.mark.parametrize("height", [1, 2])
def test_a_terminal_that_is_hardly_high_enough(fake_time, height):
    scheduler = PureScheduler(*(Job(asyncio.sleep, 9, label=f"job {n}") for n in range(3)))
    progress = watched(scheduler)
    found = []

    async def look():
        found.extend(texts(progress, 0, height, ascii_only=True))

    scheduler.add(Job(look, label="look"))
    scheduler.run()
    assert found == ["-------------------- 0/4 done, < 1 ms", "... 4 more"][:height]


def test_in_a_terminal_without_unicode(fake_time):
    screen = Tty()
    screen.encoding = "ascii"
    pytest.importorskip("rich", reason="rich, which draws the rows, is missing")
    scheduler = PureScheduler(Job(asyncio.sleep, 1, label="job"))
    with live(scheduler, mode="terminal", stream=screen):
        scheduler.run()
    assert "#" * 20 in screen.getvalue()
    assert screen.getvalue().isascii()


def test_a_view_that_is_closed_in_mid_run_leaves_its_last_frame(fake_time):
    pytest.importorskip("rich", reason="rich, which draws the rows, is missing")
    screen = Tty()
    scheduler = PureScheduler(Job(asyncio.sleep, 9, label="job"))

    async def main():
        with live(scheduler, mode="terminal", stream=screen):
            task = asyncio.create_task(scheduler.co_run())
            await asyncio.sleep(5)
        seen = screen.getvalue()
        await task
        return seen

    with asyncio.Runner(loop_factory=fake_time) as runner:
        seen = runner.run(main())
    assert screen.getvalue() == seen
    assert "job" in seen.splitlines()[-1]


def test_what_is_printed_without_a_line_end_comes_before_the_last_frame(fake_time, monkeypatch):
    pytest.importorskip("rich", reason="rich, which draws the rows, is missing")
    screen = Tty()
    monkeypatch.setattr(sys, "stderr", screen)

    async def main():
        with live(scheduler, mode="terminal"):
            task = asyncio.create_task(scheduler.co_run())
            await asyncio.sleep(5)
            sys.stderr.write("no line end")
        await task

    scheduler = PureScheduler(Job(asyncio.sleep, 9, label="job"))
    with asyncio.Runner(loop_factory=fake_time) as runner:
        runner.run(main())
    *_, printed, _, row = screen.getvalue().splitlines()
    assert printed.endswith("no line end")
    assert "job" in row


def test_shutdown_calls_after_a_run_are_no_run(fake_time, file):
    scheduler = PureScheduler(Job(asyncio.sleep, 1, label="job"))

    async def main():
        with live(scheduler, stream=file):
            await scheduler.co_run()
            await asyncio.sleep(5)
            assert file.getvalue().endswith("FINE · 1/1 done · 1.0 s\n")
            await scheduler.co_shutdown()
            await asyncio.sleep(5)

    with asyncio.Runner(loop_factory=fake_time) as runner:
        runner.run(main())
    assert len(file.getvalue().splitlines()) == 3


def test_only_terminals_are_taken(monkeypatch):
    printed = []
    out, err = Tty(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    printing = Printing(lambda: printed.append(printing.take()))
    sys.stdout.write("one\ntwo")
    sys.stdout.writelines(["\n", "three"])
    sys.stdout.flush()
    sys.stderr.write("error\n")
    with pytest.raises(TypeError, match=r"^write\(\) argument must be str, not bytes$"):
        sys.stdout.write(b"bytes")
    assert sys.stdout.isatty()
    printing.close()
    assert printed == ["one\n", "two\n"]
    assert printing.take(rest=True) == "three"
    assert (sys.stdout, sys.stderr) == (out, err)
    assert (out.getvalue(), err.getvalue()) == ("", "error\n")


def test_streams_that_the_program_has_set_meanwhile_stay(monkeypatch):
    out, other = Tty(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", None)
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("tests.live")
    logger.addHandler(handler)
    try:
        printing = Printing(lambda: None)
        assert handler.stream is sys.stdout is not out
        sys.stdout = other
        handler.setStream(other)
        printing.close()
        assert sys.stdout is handler.stream is other
    finally:
        logger.removeHandler(handler)
