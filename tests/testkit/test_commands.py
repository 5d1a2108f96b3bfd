"""Fake commands do what was scripted, and real ones hold the clock."""

from __future__ import annotations

import asyncio
import contextvars
import math
import pickle
import re
import signal
import subprocess
import sys
import threading

import pytest

from asynciojobs import (
    CallJob,
    CommandFailed,
    CommandJob,
    Job,
    Limit,
    PureScheduler,
    Scheduler,
)
from asynciojobs._commands import child
from asynciojobs_testkit import (
    FakeClock,
    FakeCommands,
    FakeJob,
    RunawayError,
    UnscriptedCommandError,
)


def test_a_command_takes_the_time_given(fake_commands, fake_clock):
    fake_commands("ssh * reboot", takes=90)
    job = CommandJob("ssh", "h1", "reboot")
    assert Scheduler(job).run() is True
    assert (fake_clock.time, job.duration(), job.result().seconds) == (90.0, 90.0, 90.0)


def test_a_command_prints_and_has_a_status(fake_commands):
    fake_commands("measure", status=3, stdout="42\n", stderr=b"warm\xff\n")
    result = CommandJob("measure", check=False).standalone_run()
    assert (result.status, result.stdout, result.stderr, result.argv) == (
        3,
        "42\n",
        "warm\N{REPLACEMENT CHARACTER}\n",
        ("measure",),
    )


def test_a_status_is_checked(fake_commands):
    fake_commands("measure", status=-9)
    with pytest.raises(CommandFailed, match=r"^<CommandJob `measure`> was ended by SIGKILL;"):
        Scheduler(CommandJob("measure")).run()


def test_calls_have_the_time_the_argv_and_the_input(fake_commands):
    fake_commands("*", stdout="x\n", takes=5)
    first = CommandJob("echo", "a b", b"c", 3, CommandJob.hide("secret"))
    second = CommandJob("cat", input=first)
    assert Scheduler(first, second).run() is True
    assert fake_commands.calls == [
        (0.0, ("echo", "a b", "c", "3", "secret"), None),
        (5.0, ("cat",), "x"),
    ]
    assert fake_commands.signals == []


def test_lines_come_at_the_beginning(fake_commands, fake_clock):
    seen = []
    fake_commands("tail *", stdout="a\nb\n", takes=math.inf)
    job = CommandJob(
        "tail",
        "-f",
        on_line=lambda stream, line: seen.append((fake_clock.time, stream, line)),
        forever=True,
    )
    assert Scheduler(job, FakeJob(takes=10)).run() is True
    assert seen == [(0.0, "stdout", "a"), (0.0, "stdout", "b")]


@pytest.mark.parametrize(
    "pattern", ["ssh h1 'df -h'", "ssh h1 df -h", "ssh * ?f -h", "ssh*", "ssh h[12] *"]
)
def test_a_pattern_is_for_the_line_with_or_without_quotes(fake_commands, pattern):
    fake_commands(pattern, stdout="yes")
    assert CommandJob("ssh", "h1", "df -h").standalone_run().stdout == "yes"


def test_a_pattern_also_matches_itself(fake_commands):
    fake_commands("test [a]")
    assert CommandJob("test", "[a]").standalone_run().status == 0


def test_a_function_may_say_what_matches(fake_commands):
    fake_commands(lambda argv: argv[-1].startswith("h"), stdout="yes")
    assert CommandJob("ping", "h1").standalone_run().stdout == "yes"


def test_the_newest_script_that_matches_counts(fake_commands):
    fake_commands("ssh h1 *", stdout="old")
    fake_commands("ssh *", stdout="all")
    fake_commands("ssh h2 *", stdout="h2")
    lines = [CommandJob("ssh", host, "w").standalone_run().stdout for host in ("h1", "h2")]
    assert lines == ["all", "h2"]


def test_a_command_that_is_not_scripted_is_an_error(fake_commands):
    def is_ping(argv):
        return argv[0] == "ping"

    fake_commands("ssh * reboot")
    fake_commands("rsync *")
    fake_commands(is_ping)
    with pytest.raises(
        UnscriptedCommandError,
        match=re.escape(
            "the command 'ssh h3 rebot ***' is not scripted (the nearest pattern is 'ssh * "
            "reboot'): write fake_commands('ssh h3 rebot ***') first"
        ),
    ) as caught:
        Scheduler(CommandJob("ssh", "h3", "rebot", CommandJob.hide("x"))).run()
    assert caught.value.nearest == "ssh * reboot"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(UnscriptedCommandError, match="nearest pattern is 'is_ping'"):
        Scheduler(CommandJob("is_ping")).run()


def test_an_error_without_any_script_is_short(fake_commands):
    with pytest.raises(
        UnscriptedCommandError, match="^the command 'true' is not scripted: write"
    ):
        Scheduler(CommandJob("true")).run()


class Matcher:
    def __call__(self, argv):
        return False


def test_an_object_that_matches_is_named(fake_commands):
    fake_commands(Matcher())
    with pytest.raises(UnscriptedCommandError, match="<.*Matcher object"):
        Scheduler(CommandJob("true")).run()


@pytest.mark.parametrize("raises", [FileNotFoundError, FileNotFoundError("no ssh")])
def test_a_command_may_not_start(fake_commands, raises):
    fake_commands("ssh *", raises=raises)
    with pytest.raises(FileNotFoundError):
        Scheduler(CommandJob("ssh", "h1")).run()
    assert len(fake_commands.calls) == 1


@pytest.mark.parametrize("options", [{"takes": -1}, {"cleanup": -1}])
def test_a_negative_time_is_refused(fake_commands, options):
    with pytest.raises(ValueError, match="must be 0 seconds or more"):
        fake_commands("x", **options)


@pytest.mark.parametrize(
    ("match", "options", "error"),
    [
        (["ssh", "h1"], {}, r"by a pattern of its line, .* not by \['ssh', 'h1'\]$"),
        ("*", {"status": None}, "^status must be a whole number, not None$"),
        ("*", {"status": 1.5}, "^status must be a whole number, not 1.5$"),
        ("*", {"stdout": 3}, "^stdout must be a str or bytes, not 3$"),
        ("*", {"stderr": ["a"]}, r"^stderr must be a str or bytes, not \['a'\]$"),
    ],
)
def test_a_script_of_the_wrong_type_is_refused(fake_commands, match, options, error):
    with pytest.raises(TypeError, match=error):
        fake_commands(match, **options)


def test_output_may_be_what_the_system_could_not_decode(fake_commands):
    fake_commands("*", stdout="\udcff")
    assert CommandJob("x", text=False).standalone_run().stdout == b"\xff"


def test_what_can_not_be_raised_is_refused(fake_commands):
    with pytest.raises(TypeError, match="raises must be an exception"):
        fake_commands("x", raises=3)


# -- ends


def cancelled_at(fake_commands, seconds, **script):
    """Run a command that never ends, and end the run after some time; return its end."""
    fake_commands("capture", takes=math.inf, **script)
    job = CommandJob("capture", forever=True)
    assert Scheduler(job, FakeJob(takes=seconds)).run() is True
    assert not job.is_done()
    return job.ended_at


def test_a_command_that_is_cancelled_gets_sigterm(fake_commands):
    assert cancelled_at(fake_commands, 5) == 5.0
    assert fake_commands.signals == [(5.0, ("capture",), signal.SIGTERM)]


def test_a_command_may_clean_up(fake_commands):
    assert cancelled_at(fake_commands, 5, cleanup=3) == 8.0
    assert len(fake_commands.signals) == 1


def test_a_command_that_ignores_sigterm_gets_sigkill_after_its_grace(fake_commands):
    assert cancelled_at(fake_commands, 5, cleanup=math.inf) == 10.0
    assert fake_commands.signals == [
        (5.0, ("capture",), signal.SIGTERM),
        (10.0, ("capture",), signal.SIGKILL),
    ]


def test_a_timeout_ends_a_command(fake_commands, fake_clock):
    fake_commands("slow", takes=90)
    assert PureScheduler(CommandJob("slow"), timeout=10).run() is False
    assert fake_clock.time == 10.0


def test_the_timeout_of_a_job_ends_its_command(fake_commands, caplog):
    fake_commands("slow", takes=90, cleanup=3)
    job = CommandJob("slow", timeout=10, critical=False)
    after = FakeJob(takes=1, required=job)
    assert Scheduler(job, after).run() is True
    assert isinstance(job.raised_exception(), TimeoutError)
    assert (job.ended_at, after.ended_at) == (13.0, 14.0)
    assert fake_commands.signals == [(10.0, ("slow",), signal.SIGTERM)]
    assert [record.getMessage() for record in caplog.records] == [
        "<CommandJob `slow`> was cancelled and is still running, so its end is awaited"
    ]


def test_commands_share_the_slots_of_a_limit(fake_commands, fake_clock, timeline):
    fake_commands("ssh *", takes=90)
    ssh = Limit(2, "ssh")
    jobs = [CommandJob("ssh", f"h{i}", "reboot", limits=ssh) for i in range(4)]
    scheduler = Scheduler(*jobs)
    seen = timeline(scheduler)
    assert scheduler.run() is True
    seen.assert_limits_respected()
    assert [call.time for call in fake_commands.calls] == [0.0, 0.0, 90.0, 90.0]


def test_a_command_keeps_its_slot_until_nothing_is_left_of_it(fake_commands):
    fake_commands("slow *", takes=90, cleanup=3)
    one = Limit(1)
    jobs = [
        CommandJob("slow", i, limits=one, timeout=10, critical=False, label=i) for i in range(2)
    ]
    assert Scheduler(*jobs).run() is True
    assert [call.time for call in fake_commands.calls] == [0.0, 13.0]


def test_a_command_behind_a_failure_is_not_started(fake_commands):
    fake_commands("*", stdout="x")
    fake_commands("broken", status=1)
    broken = CommandJob("broken")
    behind = CommandJob("cat", input=broken)
    other = CommandJob("other")
    scheduler = PureScheduler(broken, behind, other, keep_going=True)
    assert scheduler.run() is False
    assert (behind.skipped_by(), other.result().stdout) == (broken, "x")
    assert sorted(call.argv for call in fake_commands.calls) == [("broken",), ("other",)]


def test_cancel_ends_the_command_of_a_job(fake_commands, fake_clock):
    async def cancel():
        await asyncio.sleep(5)
        assert job.cancel() is True

    fake_commands("slow", takes=90)
    job = CommandJob("slow", critical=False)
    assert Scheduler(job, Job(cancel)).run() is True
    assert isinstance(job.raised_exception(), asyncio.CancelledError)
    assert fake_commands.signals == [(5.0, ("slow",), signal.SIGTERM)]


def test_the_pid_is_a_number_of_its_own(fake_commands):
    pids = []

    async def look():
        await asyncio.sleep(1)
        pids.extend(job.pid for job in jobs)

    fake_commands("slow", takes=2)
    jobs = [CommandJob("slow"), CommandJob("slow")]
    assert Scheduler(*jobs, Job(look)).run() is True
    assert sorted(pids) == [1, 2]


def test_a_loop_that_is_lost_loses_nothing():
    with FakeCommands() as commands:
        commands("x", takes=1)
        loop = asyncio.SelectorEventLoop()
        coroutine = CommandJob("x").co_run()
        task = loop.create_task(coroutine)
        loop.run_until_complete(asyncio.sleep(0))
        coroutine.close()
        task._log_destroy_pending = False
        loop.close()
    assert commands.signals == []


# -- files


def test_what_goes_to_files_is_written_there(fake_commands, tmp_path):
    fake_commands("make", stdout="out\n", stderr="err\n")
    fake_commands("count", stdout="1\n")
    log = tmp_path / "log"
    CommandJob("make", stdout=tmp_path / "out", stderr=log).standalone_run()
    with log.open("a") as file:
        file.write("more\n")
        CommandJob("count", stdout=file).standalone_run()
    assert (tmp_path / "out").read_text() == "out\n"
    assert log.read_text() == "err\nmore\n1\n"


def test_both_streams_may_go_to_one_file(fake_commands, tmp_path):
    fake_commands("make", stdout="out\n", stderr="err\n")
    both = tmp_path / "both"
    CommandJob("make", stdout=both, stderr=both).standalone_run()
    assert both.read_text() == "out\nerr\n"
    CommandJob("make", stdout=both, stderr=subprocess.STDOUT).standalone_run()
    assert both.read_text() == "out\nerr\n"


def test_a_file_that_can_not_be_written_is_the_error_of_the_real_command(
    fake_commands, tmp_path
):
    fake_commands("make")
    with pytest.raises(FileNotFoundError, match="can't start: its stdout can't be written"):
        CommandJob("make", stdout=tmp_path / "no" / "out").standalone_run()


def test_stderr_may_go_to_stdout_and_stdout_nowhere(fake_commands):
    fake_commands("make", stdout="out\n", stderr="err\n")
    both = CommandJob("make", stderr=subprocess.STDOUT).standalone_run()
    assert (both.stdout, both.stderr) == ("out\nerr\n", "")
    none = CommandJob("make", stdout=subprocess.DEVNULL).standalone_run()
    assert (none.stdout, none.stderr) == ("", "err\n")


# -- the block


def test_after_the_block_commands_are_real(fake_clock):
    with FakeCommands() as commands:
        commands("echo *", stdout="fake\n")
        assert CommandJob("echo", "real").standalone_run().stdout == "fake\n"
    assert CommandJob("echo", "real").standalone_run().stdout == "real\n"


def echo():
    return CommandJob("echo", "real").standalone_run().stdout


def echo_in_a_block():
    with FakeCommands() as commands:
        commands("echo *", stdout="inner\n")
        return echo()


def test_no_thread_starts_a_process(fake_commands):
    fake_commands("echo *", stdout="fake\n")
    outputs = []
    thread = threading.Thread(target=lambda: outputs.append(echo()))
    thread.start()
    thread.join()
    plain, faked = CallJob(echo), CallJob(echo_in_a_block)
    assert Scheduler(plain, faked).run() is True
    assert (plain.result(), faked.result(), echo()) == ("fake\n", "inner\n", "fake\n")
    assert outputs == ["fake\n"]
    assert [call.argv for call in fake_commands.calls] == [("echo", "real")] * 3


def test_a_thread_that_was_started_in_a_block_keeps_to_it(fake_commands):
    """The newest block counts only where there is no other one."""
    fake_commands("echo *", stdout="outer\n")
    context = contextvars.copy_context()
    outputs = []
    with FakeCommands() as commands:
        commands("echo *", stdout="inner\n")
        for run in (lambda: context.run(echo), echo):
            thread = threading.Thread(target=lambda run=run: outputs.append(run()))
            thread.start()
            thread.join()
    assert outputs == ["outer\n", "inner\n"]


def test_a_thread_that_outlives_the_block_starts_real_programs():
    with FakeCommands() as commands:
        commands("echo *", stdout="fake\n")
        context = contextvars.copy_context()
    outputs = []
    thread = threading.Thread(target=lambda: outputs.append(context.run(echo)))
    thread.start()
    thread.join()
    assert outputs == ["real\n"]


def test_tasks_that_were_there_before_the_block_start_no_process():
    async def main():
        task = asyncio.create_task(before())
        await asyncio.sleep(0)
        with FakeCommands() as commands:
            commands("echo *", stdout="fake\n")
            entered.set()
            return await task

    async def before():
        await entered.wait()
        return (await CommandJob("echo", "real").co_run()).stdout

    entered = asyncio.Event()
    assert asyncio.run(main()) == "fake\n"


def test_blocks_in_tasks_may_end_in_any_order():
    async def one(commands, entered, leave):
        with commands:
            commands("echo *", stdout=f"{id(commands)}\n")
            entered.set()
            await leave.wait()
            return await CommandJob("echo", "real").co_run()

    async def main():
        blocks = [(FakeCommands(), asyncio.Event(), asyncio.Event()) for _ in range(2)]
        tasks = [asyncio.create_task(one(*block)) for block in blocks]
        for _, entered, _ in blocks:
            await entered.wait()
        for (commands, _, leave), task in zip(blocks, tasks, strict=True):
            leave.set()
            assert (await task).stdout == f"{id(commands)}\n"

    asyncio.run(main())
    assert echo() == "real\n"


def test_a_block_may_be_entered_again():
    commands = FakeCommands()
    commands("echo *", stdout="fake\n")
    with commands:
        with commands:
            assert echo() == "fake\n"
        assert echo() == "fake\n"
    assert echo() == "real\n"


# -- real commands


def test_the_clock_waits_for_a_real_command(fake_clock):
    job = CommandJob(sys.executable, "-c", "import time; time.sleep(0.1); print('done')")
    assert Scheduler(job, FakeJob(takes=60), timeout=120).run() is True
    assert (job.ended_at, job.result().stdout, fake_clock.time) == (0.0, "done\n", 60.0)


def test_the_grace_of_a_real_command_is_in_real_time(fake_clock, caplog):
    code = 'trap "" TERM; echo ready; while :; do sleep 60; done'
    ready = asyncio.Event()
    job = CommandJob("sh", "-c", code, on_line=lambda *_: ready.set(), forever=True, grace=0.05)
    assert Scheduler(job, Job(ready.wait)).run() is True
    assert (fake_clock.time, job.ended_at) == (0.0, 0.0)
    assert "it gets SIGKILL" in caplog.text


def test_what_a_command_leaves_is_ended_though_time_is_frozen(monkeypatch, caplog):
    freezegun = pytest.importorskip("freezegun")
    monkeypatch.setattr(child, "LINGER", 0.05)
    with freezegun.freeze_time("2026-01-31"), FakeClock(real_limit=20).installed():
        CommandJob("sh", "-c", "exec sleep 60 > /dev/null 2>&1 &").standalone_run()
    assert "left processes in its group: they are ended too" in caplog.text


def test_an_endless_command_is_a_runaway_whose_error_names_it():
    clock = FakeClock(real_limit=0.1)
    with clock.installed(), pytest.raises(RunawayError, match="the time is held by 1 command;"):
        Scheduler(CommandJob("sleep", 60)).run()


def test_a_real_timer_that_is_cancelled_does_not_run(fake_clock):
    async def main():
        loop = asyncio.get_running_loop()
        ran = []
        late = loop.call_later_in_real_time(0.02, lambda: ran.append("late"))
        loop.call_later_in_real_time(0.01, lambda: ran.append("kept"))
        late.cancel()
        ended = asyncio.Event()
        loop.call_later_in_real_time(0.03, ended.set)
        with fake_clock.external():
            await ended.wait()
        return ran

    assert fake_clock.run(main()) == ["kept"]
