"""However a command ends, nothing is left of it.

The fixture `processes` looks for processes, zombies and open files after each test.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import pytest

from asynciojobs import CommandJob, Job, Limit, PureScheduler, Scheduler
from asynciojobs._commands import child, groups, process, starting

IGNORING = 'trap "" TERM; echo ready; while :; do sleep 60; done'
CLEANING = (
    "exec 2> /dev/null; trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
)


@pytest.fixture(autouse=True)
def short_linger(monkeypatch):
    monkeypatch.setattr(child, "LINGER", 0.05)


def shell(line, *argv, **options):
    return CommandJob("sh", "-c", line, *argv, **options)


class Ready:
    """A job that is cancelled by the end of its run, once its command has printed something."""

    def __init__(self, make, **options):
        self.event = asyncio.Event()
        self.lines = []
        self.job = make(on_line=self.on_line, forever=True, **options)

    def on_line(self, stream, line):
        self.lines.append(line)
        self.event.set()

    def run(self):
        assert Scheduler(self.job, Job(self.wait())).run() is True
        assert (self.job.is_done(), self.job.pid) == (False, None)

    async def wait(self):
        await asyncio.wait_for(self.event.wait(), 60)


def run_until_ready(line, **options):
    ready = Ready(lambda **more: shell(line, **more), **options)
    ready.run()
    return ready


# -- a command that is cancelled


def test_a_command_that_is_cancelled_gets_sigterm(every_way, logged):
    ready = run_until_ready(CLEANING)
    assert ready.lines == ["ready", "bye"]
    assert ready.job.details() == "stdout: ready\nstdout: bye"
    assert logged() == []


def test_a_program_that_ignores_sigterm_gets_sigkill(every_way, logged):
    ready = run_until_ready(IGNORING, grace=0.05, label="deaf")
    assert ready.lines == ["ready"]
    assert logged() == [
        "<CommandJob `deaf`> has not ended 0.05s after SIGTERM: it gets SIGKILL"
    ]


def test_without_grace_a_program_gets_sigkill_at_once(every_loop, logged):
    ready = run_until_ready(CLEANING, grace=0)
    assert (ready.lines, logged()) == (["ready"], [])


def test_an_infinite_grace_has_no_end(every_loop, logged):
    ready = run_until_ready(CLEANING, grace=float("inf"))
    assert (ready.lines, logged()) == (["ready", "bye"], [])


def test_what_a_program_has_started_is_ended_too(every_way, processes):
    run_until_ready("sleep 60 & (sleep 60; true) & echo ready; wait")
    assert processes.alive() == set()


def test_what_a_dead_program_has_started_is_ended_too(every_loop, logged, processes):
    run_until_ready("sh -c 'trap \"\" TERM; echo ready; sleep 60' & wait", grace=0.05)
    assert processes.alive() == set()
    assert len(logged()) == 1


def test_a_timeout_ends_a_command(every_way):
    job = CommandJob("sleep", 60)
    assert PureScheduler(job, timeout=0.05).run() is False
    assert (job.is_done(), job.is_running()) == (False, True)


def test_the_timeout_of_a_job_ends_its_command(every_way, logged):
    job = CommandJob("sleep", 60, timeout=0.05, critical=False)
    assert Scheduler(job).run() is True
    error = job.raised_exception()
    assert isinstance(error, TimeoutError)
    assert str(error).startswith("<CommandJob `sleep 60`> ")
    assert logged() == []


def test_the_timeout_of_a_job_ends_a_program_that_ignores_sigterm(every_way, logged):
    job = shell(IGNORING, grace=0.05, timeout=0.1, label="deaf")
    with pytest.raises(TimeoutError):
        Scheduler(job).run()
    assert (job.pid, job.is_done()) == (None, True)
    assert len(logged()) <= 1  # none if the timeout came before the trap


def test_a_limit_holds_for_commands(every_way, tmp_path):
    log = tmp_path / "log"
    line = 'echo begin >> "$1"; sleep 0.01; echo end >> "$1"'
    one = Limit(1)
    assert Scheduler(*[shell(line, "sh", log, limits=one) for _ in range(3)]).run() is True
    assert log.read_text().split() == ["begin", "end"] * 3


def test_a_command_behind_a_failure_is_not_started(every_loop, tmp_path):
    broken = CommandJob("false")
    behind = CommandJob("touch", tmp_path / "behind", required=broken)
    other = CommandJob("touch", tmp_path / "other")
    assert PureScheduler(broken, behind, other, keep_going=True).run() is False
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_cancel_and_stop_end_commands(every_way):
    async def end():
        await asyncio.sleep(0.02)
        assert job.cancel() is True
        scheduler.stop()

    job = CommandJob("sleep", 60, critical=False)
    scheduler = Scheduler(job, CommandJob("sleep", 60), Job(end))
    assert scheduler.run() is True
    assert scheduler.was_stopped()


def test_a_failure_elsewhere_ends_a_command(every_way):
    scheduler = PureScheduler(CommandJob("sleep", 60), CommandJob("false"))
    assert scheduler.run() is False


def test_the_end_of_a_run_ends_a_background_command(every_way):
    capture = CommandJob("sleep", 60, forever=True)
    assert Scheduler(capture, CommandJob("true")).run() is True


def test_a_nested_command_is_ended(every_loop):
    inner = Scheduler(CommandJob("sleep", 60), label="inner")
    assert PureScheduler(Scheduler(inner), timeout=0.05).run() is False


def test_a_second_cancellation_changes_nothing(every_way):
    lines = []

    def on_line(stream, line):
        lines.append(line)
        ready.set()

    async def main():
        task = asyncio.ensure_future(shell(CLEANING, on_line=on_line).co_run())
        await ready.wait()
        for _ in range(5):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    ready = asyncio.Event()
    with asyncio.Runner(loop_factory=every_way) as runner:
        runner.run(main())
    assert lines == ["ready", "bye"]


async def cancelled_after(turns, job):
    """Cancel a job after some turns of the loop; return how it ended."""
    task = asyncio.ensure_future(job.co_run())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    return "done"


PROGRAMS = {
    "sleep": lambda: CommandJob("sleep", 60),
    "with input": lambda: CommandJob("sleep", 60, input="x" * 1_000_000),
    "with children": lambda: shell("sleep 60 & sleep 60 & wait"),
    "a pipe held": lambda: shell("sleep 60 & exit 0"),
    "ignoring": lambda: shell(IGNORING, grace=0.02),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_cancellation_in_any_turn_leaves_nothing(every_way, program, monkeypatch):
    monkeypatch.setattr(child, "LINGER", 60.0)  # so that no program ends by itself
    with asyncio.Runner(loop_factory=every_way) as runner:
        for turns in range(6):
            ended = runner.run(cancelled_after(turns, PROGRAMS[program]()))
            assert ended == "cancelled"


def has_ended(pid):
    """Return whether a program has ended, even if nobody has waited for it yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("turns", range(7))
def test_a_cancellation_after_the_exit_is_no_other_error(every_way, turns):
    """The program has ended when the job is cancelled, but the loop may not know it yet."""

    async def main():
        job = shell("echo out; exit 3", check=False)
        task = asyncio.ensure_future(job.co_run())
        await asyncio.sleep(0)
        while not has_ended(job.pid):
            pass
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            return (await task).status
        except asyncio.CancelledError:
            return "cancelled"

    with asyncio.Runner(loop_factory=every_way) as runner:
        assert runner.run(main()) in (3, "cancelled")


@pytest.mark.parametrize("before", [True, False])
def test_a_cancellation_in_the_very_turn_of_the_end(every_loop, monkeypatch, before):
    finish = process.Process.finish

    def finish_and_cancel(self, status):
        if before:
            task.cancel()
        finish(self, status)
        task.cancel()

    async def main():
        nonlocal task
        task = asyncio.ensure_future(CommandJob("true").co_run())
        with pytest.raises(asyncio.CancelledError):
            await task

    task = None
    monkeypatch.setattr(process.Process, "finish", finish_and_cancel)
    with asyncio.Runner(loop_factory=every_loop) as runner:
        runner.run(main())


def test_a_command_that_can_not_be_signalled_is_awaited(every_loop, monkeypatch, logged):
    def refuse(group, number):
        raise PermissionError

    ready = Ready(lambda **more: shell("echo ready; sleep 0.1", label="sudo", **more))
    monkeypatch.setattr(os, "killpg", refuse)
    monkeypatch.setattr(os, "kill", refuse)
    ready.run()
    assert logged() == [
        "<CommandJob `sudo`> can't be ended, since it runs as another user: it is awaited"
    ]


def test_a_group_of_zombies_on_macos_is_not_that_of_another_user(
    every_loop, monkeypatch, logged
):
    """On macOS, a group in which all have ended can't be signalled, but its leader can."""

    def refuse(group, number):
        raise PermissionError

    ready = Ready(lambda **more: shell("echo ready; sleep 0.1", **more))
    monkeypatch.setattr(os, "killpg", refuse)
    ready.run()
    assert logged() == []


# -- a command that leaves processes behind


def test_what_a_program_leaves_in_its_group_is_ended(every_way, logged, processes):
    job = shell("sleep 60 & echo done", label="x")
    assert Scheduler(job).run() is True
    assert (job.result().stdout, processes.alive()) == ("done\n", set())
    assert logged() == [
        "<CommandJob `x`> has ended, but left processes in its group: they are ended too"
    ]


def test_what_it_leaves_without_its_pipes_is_ended_too(every_way, logged):
    job = shell("sleep 60 > /dev/null 2>&1 & exit 3", check=False)
    assert Scheduler(job).run() is True
    assert (job.result().status, len(logged())) == (3, 1)


def test_what_ignores_sigterm_gets_sigkill(every_way, logged):
    job = shell("(trap '' TERM; exec sleep 60) & sleep 0.05", grace=0.05)
    assert Scheduler(job).run() is True
    assert len(logged()) == 2


def test_what_ends_soon_by_itself_is_left_alone(every_way, monkeypatch, logged):
    monkeypatch.setattr(child, "LINGER", 60.0)
    job = shell("(sleep 0.05; echo late) & echo early")
    assert Scheduler(job).run() is True
    assert (job.result().stdout, logged()) == ("early\nlate\n", [])


def daemon(tmp_path, redirect=""):
    """Return a line that starts a daemon in its own session, and waits for it."""
    pid = tmp_path / "pid"
    wait = f"while [ ! -s {pid} ]; do sleep 0.01; done"
    return f"setsid sh -c 'echo $$ > {pid}; exec sleep 60' {redirect} & {wait}; echo done", pid


def end_daemon(pid, processes):
    assert processes.alive() == {int(pid.read_text())}
    os.kill(int(pid.read_text()), signal.SIGKILL)
    while processes.alive():
        pass


def test_a_daemon_is_left_alone(every_way, tmp_path, logged, processes):
    line, pid = daemon(tmp_path, "> /dev/null 2>&1")
    job = shell(line)
    assert Scheduler(job).run() is True
    assert (job.result().stdout, logged("INFO"), logged()) == ("done\n", [], [])
    end_daemon(pid, processes)


def test_a_daemon_that_holds_the_pipes_holds_nothing_up(
    every_loop, tmp_path, logged, processes
):
    line, pid = daemon(tmp_path)
    job = shell(line, label="x")
    assert Scheduler(job).run() is True
    assert (job.result().stdout, logged()) == ("done\n", [])
    (told,) = logged("INFO")
    assert told == (
        "<CommandJob `x`> has ended, and its output is closed, although another process "
        "holds it"
    )
    end_daemon(pid, processes)


def test_a_daemon_holds_nothing_up_with_threads(by_threads, tmp_path, processes):
    line, pid = daemon(tmp_path)
    job = shell(line)
    assert Scheduler(job).run() is True
    assert job.result().stdout == "done\n"
    end_daemon(pid, processes)


def test_a_daemon_does_not_hold_up_a_cancellation(every_loop, tmp_path, processes):
    line, pid = daemon(tmp_path)
    run_until_ready(f"{line}; sleep 60")
    end_daemon(pid, processes)


def test_a_group_that_outlives_sigkill_is_given_up(every_loop, monkeypatch, logged):
    monkeypatch.setattr(child, "KILLED", 0.02)
    monkeypatch.setattr(child, "has_members", lambda group, *, pause: True)
    assert Scheduler(CommandJob("true", grace=0.01, label="x")).run() is True
    assert logged()[-1] == "<CommandJob `x`> has left processes that SIGKILL did not end"


def zombie_in_group():
    """Start a group whose leader was waited for, and in which a zombie is left."""
    code = (
        "import os, time\n"
        "leader = os.getpid()\n"
        "if not os.fork():\n"
        "    os.setpgid(0, 0)\n"  # out of the group, so it stays; its child goes back
        "    if not os.fork():\n"
        "        os.setpgid(0, leader)\n"
        "        os._exit(0)\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=-1, start_new_session=True)


def test_zombies_of_others_are_no_members(processes):
    leader = zombie_in_group()
    holder = int(leader.stdout.readline())
    leader.stdout.close()
    deadline = time.monotonic() + 60
    while "Z" not in groups.states(leader.pid) and time.monotonic() < deadline:
        pass
    leader.kill()
    leader.wait()
    os.killpg(leader.pid, 0)  # the group is there
    assert groups.has_members(leader.pid, pause=0.01) is True  # it did not look closely
    assert groups.has_members(leader.pid, pause=0.1) is False
    os.kill(holder, signal.SIGKILL)
    while processes.alive():
        pass


def test_if_the_system_shows_no_processes_the_signal_decides(monkeypatch, tmp_path):
    monkeypatch.setattr(groups, "PROCESSES", tmp_path / "none")
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as program:
        assert groups.has_members(program.pid, pause=0.1) is True
        program.kill()
    assert groups.has_members(program.pid, pause=0.1) is False


def test_orphans_that_this_process_inherits_are_waited_for(monkeypatch):
    waited = []

    def waitpid(group, options):
        waited.append(group)
        return (len(waited) < 3, 0)

    monkeypatch.setattr(os, "waitpid", waitpid)
    monkeypatch.setattr(os, "killpg", lambda group, number: None)
    groups.has_members(12345)
    assert waited == [-12345] * 3


def test_a_status_that_others_have_taken_is_255(every_loop, monkeypatch, logged):
    waitpid = os.waitpid

    def taken(pid, options):
        waitpid(pid, options)
        raise ChildProcessError

    monkeypatch.setattr(os, "waitpid", taken)
    job = CommandJob("true", check=False)
    assert Scheduler(job).run() is True
    assert job.result().status == 255
    assert logged() == [
        (
            "other code of this process has taken the exit status of <CommandJob `true`>, so "
            "that counts as 255"
        )
    ]


# -- a loop that is lost


@pytest.fixture(params=["watched", "by_threads", "without_pidfd"])
def ways(request):
    if request.param != "watched":
        request.getfixturevalue(request.param)


def test_a_thread_may_wait_for_the_end(without_pidfd):
    capture = CommandJob("sleep", 60, forever=True)
    echo = CommandJob("cat", input="a")
    assert Scheduler(capture, echo).run() is True
    assert echo.result().stdout == "a"


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("is_ending", [False, True])
def test_if_the_loop_is_lost_the_group_is_killed(ways, turns, is_ending, caplog, processes):
    caplog.set_level(logging.CRITICAL, "asyncio")  # it says that a task is pending
    loop = asyncio.SelectorEventLoop()
    job = shell("trap '' TERM; sleep 60 & sleep 60 & wait", input="x" * 1_000_000)
    run = loop.create_task(job.co_run())

    async def some_turns(run):
        for _ in range(turns):
            await asyncio.sleep(0)
        if is_ending:
            run.cancel()
            await asyncio.sleep(0)

    loop.run_until_complete(some_turns(run))
    loop.close()
    del run, loop
    gc.collect()
    assert processes.alive() == set()
    assert job.pid is None


def lost(make_loop, *jobs):
    """Close a loop in which jobs run; return its task."""
    loop = make_loop()
    loop.set_exception_handler(lambda *_: None)  # it says that tasks are pending
    task = loop.create_task(Scheduler(*jobs).co_run())
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    task._log_destroy_pending = False
    return task


def test_if_the_loop_is_closed_the_group_is_killed_at_once(make_loop, processes):
    """Nothing has to be dropped for that: the user holds all of it."""
    job = shell("trap '' TERM; sleep 60 & sleep 60 & wait", grace=0)
    task = lost(make_loop, job, Scheduler(CommandJob("sleep", 60)))
    assert (processes.alive(), job.pid) == (set(), None)
    del task
    gc.collect()
    assert PureScheduler(job, timeout=0.05).run() is False


def test_if_only_the_garbage_collector_comes_the_group_is_killed(processes):
    loop = asyncio.SelectorEventLoop()
    kept = []

    async def begin():
        job = CommandJob("sleep", 60)
        command = await job._command()
        kept.append(weakref.ref(child.start(command, lambda stream, data: None)))

    loop.run_until_complete(begin())
    loop.close()
    gc.collect()
    assert (kept[0](), processes.alive()) == (None, set())


def test_a_fork_of_the_program_kills_nothing():
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as program:
        groups.end_at_once(program, [], owner=os.getpid() + 1)
        assert program.poll() is None
        groups.end_at_once(program, [], owner=os.getpid())
        assert program.returncode == -signal.SIGKILL


def test_if_the_loop_can_not_watch_a_program_it_is_killed(monkeypatch, processes):
    def refuse(*args):
        raise RuntimeError("no more")

    monkeypatch.setattr(child, "watch_exit", refuse)
    job = CommandJob("sleep", 60, input="x" * 1_000_000, critical=False)
    assert Scheduler(job).run() is True
    assert str(job.raised_exception()) == "no more"


SCRIPT = """
import signal, sys
from asynciojobs import CommandJob, Scheduler
print(Scheduler(CommandJob("sh", "-c", "echo ready; sleep 60 & wait", on_line=print)).run())
"""


def script(code):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_ends_a_command(processes):
    with script(SCRIPT) as program:
        assert program.stdout.readline() == "stdout ready\n"
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
    assert (out, err.splitlines()[-1]) == ("", "KeyboardInterrupt")
    assert processes.alive() == set()


def test_sigterm_with_stop_on_ends_a_command(processes):
    code = SCRIPT.replace(".run()", ".run(stop_on=signal.SIGTERM)")
    with script(code) as program:
        assert program.stdout.readline() == "stdout ready\n"
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (128 + signal.SIGTERM, "", "")
    assert processes.alive() == set()


THREE_SIGNALS = """
import asyncio, signal
from asynciojobs import CommandJob, Scheduler
def on_line(stream, line):
    loop = asyncio.get_running_loop()
    for number in range(3):
        loop.call_later(number / 100, signal.raise_signal, signal.{name})
line = 'trap "" TERM; echo ready; while :; do sleep 60; done'
job = CommandJob("sh", "-c", line, on_line=on_line, grace=3600)
Scheduler(job).run({options})
"""


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        ("SIGINT", "", -signal.SIGINT),
        ("SIGTERM", "stop_on=signal.SIGTERM", 128 + signal.SIGTERM),
    ],
)
def test_a_third_signal_kills_a_program_that_ignores_the_first(
    processes, name, options, status
):
    with script(THREE_SIGNALS.format(name=name, options=options)) as program:
        program.communicate(timeout=60)
    assert program.returncode == status
    assert processes.alive() == set()


def test_the_end_of_the_interpreter_ends_a_command(processes):
    code = (
        SCRIPT.replace("on_line=print", "on_line=lambda *_: loop.stop()")
        .replace(
            "print(Scheduler(",
            "import asyncio; loop = asyncio.new_event_loop(); loop.create_task(Scheduler(",
        )
        .replace(").run())", ").co_run())\nloop.run_forever(); print('end')")
    )
    with script(code) as program:
        out, _ = program.communicate(timeout=60)
    assert out == "end\n"
    assert processes.alive() == set()


# -- many


def test_two_hundred_commands_run_twenty_at_a_time(every_loop):
    running = 0
    most = 0

    def count(event):
        nonlocal running, most
        running += (event.kind == "started") - (event.kind in ("done", "failed", "cancelled"))
        most = max(most, running)

    jobs = [CommandJob("echo", number) for number in range(200)]
    scheduler = Scheduler(*jobs, jobs_window=20)
    scheduler.observe(count)
    assert scheduler.run() is True
    assert [job.result().stdout for job in jobs] == [f"{number}\n" for number in range(200)]


def test_two_hundred_commands_are_cancelled_at_once(every_loop):
    jobs = [CommandJob("sleep", 60) for _ in range(200)]
    assert PureScheduler(*jobs, timeout=0.5).run() is False


# -- terminals

ON_A_TERMINAL = """
import os, pty, sys
pid, terminal = pty.fork()
if pid:
    shown = b""
    try:
        while data := os.read(terminal, 1000):
            shown += data
    except OSError:  # the end, on Linux
        pass
    os.waitpid(pid, 0)
    os.close(terminal)
    sys.exit(shown.decode())
from asynciojobs import CommandJob, Scheduler
from asynciojobs._commands.starting import has_terminal
job = CommandJob("sh", "-c", "cat < /dev/tty", check=False)
Scheduler(job).run()
print(has_terminal(), "No such device or address" in job.result().stderr)
"""


def test_a_program_has_no_terminal_so_it_does_not_wait_for_a_password():
    with script(ON_A_TERMINAL) as program:
        _, err = program.communicate(timeout=60)
    assert err.split() == ["True", "True"]


def test_a_program_without_input_reads_nothing():
    job = CommandJob("cat")
    assert Scheduler(job).run() is True
    assert job.result().stdout == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_program_leads_a_group_of_its_own(monkeypatch, terminal):
    monkeypatch.setattr(starting, "has_terminal", lambda: terminal)
    code = "import os; print(os.getpid() == os.getpgrp(), os.getpid() == os.getsid(0))"
    job = CommandJob(sys.executable, "-c", code)
    assert Scheduler(job).run() is True
    assert job.result().stdout == f"True {terminal}\n"
