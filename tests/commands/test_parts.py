"""The parts of a command, one by one, in situations too rare with real programs."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess

import pytest

from asynciojobs import CommandJob, Scheduler
from asynciojobs._commands import arguments, child, groups, pipes, starting


def in_loop(coroutine):
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(coroutine)


def ignore(stream, data):
    pass


async def started(*argv, **options):
    """Start a command without its job."""
    command = await CommandJob(*argv, **options)._command()
    return child.start(command, ignore)


async def end(process):
    process.kill()
    await asyncio.wait_for(process.over, 60)
    return process.over.result()


def test_a_wake_up_that_comes_too_early_changes_nothing():
    async def main():
        process = await started("sleep", 60)
        process._exited()
        assert not process.over.done()
        return await end(process)

    assert in_loop(main()) == -signal.SIGKILL


def test_an_exit_in_on_line_while_the_last_output_is_read(monkeypatch):
    """The end of the program is known before its output was read."""
    monkeypatch.setattr(pipes.LoopReader, "_ready", lambda self: None)

    def on_line(stream, line):
        raise SystemExit(line)

    with pytest.raises(SystemExit, match="^a$"):
        Scheduler(CommandJob("echo", "a", on_line=on_line)).run()


def test_a_writer_that_is_called_too_early_writes_nothing():
    async def main():
        reading, writing = os.pipe()
        with io.FileIO(reading):
            writer = pipes.LoopWriter(io.FileIO(writing, "w"), b"x" * 1_000_000)
            left = len(writer._rest)
            writer._ready()
            assert len(writer._rest) == left
            writer.close()

    in_loop(main())


def test_what_is_gone_is_not_called():
    pipes.call_weakly(lambda: None, "data")


def test_a_thread_does_not_read_on_after_its_reader_was_closed(by_threads):
    async def main():
        reading, writing = os.pipe()
        given = []
        reader = pipes.read_pipe(io.FileIO(reading), given.append, given.clear)
        reader.close()
        os.write(writing, b"x")
        os.close(writing)
        reader._take(b"late")
        return given

    assert in_loop(main()) == []


def test_a_process_without_a_terminal_knows_that(monkeypatch):
    reading, writing = os.pipe()
    monkeypatch.setattr(os, "open", lambda path, flags: reading)
    assert starting.has_terminal() is True
    os.close(writing)

    def refuse(path, flags):
        raise OSError(6, "No such device or address")

    monkeypatch.setattr(os, "open", refuse)
    assert starting.has_terminal() is False


@pytest.mark.parametrize("looks", [1, 3])
def test_what_a_lost_program_has_started_is_awaited(monkeypatch, looks):
    answers = iter([True] * looks + [False])
    monkeypatch.setattr(groups, "has_members", lambda group, *, pause=0: next(answers))
    program = subprocess.Popen(["sleep", "60"], start_new_session=True)
    groups.end_at_once(program, [], os.getpid())
    assert (program.returncode, next(answers, "all asked")) == (-signal.SIGKILL, "all asked")


def test_what_outlives_sigkill_is_not_awaited_for_ever(monkeypatch):
    monkeypatch.setattr(groups, "has_members", lambda group, *, pause=0: True)
    monkeypatch.setattr(groups, "LAST_WAIT", 0.01)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as program:
        groups.end_at_once(program, [], os.getpid())


@pytest.fixture
def windows(by_threads, monkeypatch):
    """There are no process groups, and threads wait for the pipes."""
    monkeypatch.setattr(groups, "HAS_GROUPS", False)


def test_without_groups_the_program_is_ended(windows):
    job = CommandJob("sleep", 60, forever=True)
    assert Scheduler(job, CommandJob("echo", "a", input="b")).run() is True
    assert not job.is_done()


def test_without_groups_a_timeout_ends_a_command(windows):
    job = CommandJob("sleep", 60, timeout=0.05, critical=False)
    assert Scheduler(job).run() is True
    assert type(job.raised_exception()) is TimeoutError


def test_without_groups_output_and_errors_are_the_same(windows, monkeypatch, tmp_path):
    monkeypatch.setattr(starting, "NONBLOCK", 0)
    lines = []
    code = "echo out; echo err >&2; exit 3"
    job = CommandJob(
        *("sh", "-c", code),
        label="x",
        critical=False,
        stdout=tmp_path / "out",
        on_line=lambda *line: lines.append(line),
    )
    assert Scheduler(job).run() is True
    assert (
        str(job.raised_exception()) == "<CommandJob `x`> exited with status 3; stderr ends: err"
    )
    assert ((tmp_path / "out").read_text(), lines) == ("out\n", [("stderr", "err")])


def test_without_groups_a_program_that_is_not_there_is_an_error(windows):
    job = CommandJob("nosuch", critical=False)
    assert Scheduler(job).run() is True
    assert type(job.raised_exception()) is FileNotFoundError


def test_windows_does_not_tell_variables_apart_by_case(windows, monkeypatch):
    monkeypatch.setattr(arguments, "IGNORES_CASE", True)
    monkeypatch.setenv("WORD", "old")
    line = ("sh", "-c", 'echo "${WORD-none}"')
    jobs = [CommandJob(*line, env={"Word": value}) for value in ("new", None)]
    assert Scheduler(*jobs).run() is True
    assert [job.result().stdout for job in jobs] == ["new\n", "none\n"]


@pytest.mark.parametrize(
    ("error", "can"), [(None, True), (ProcessLookupError, True), (PermissionError, False)]
)
def test_what_is_gone_is_none_of_another_user(monkeypatch, error, can):
    def kill(pid, number):
        if error is not None:
            raise error

    monkeypatch.setattr(os, "kill", kill)
    assert groups.can_be_signalled(12345) is can


def test_without_groups_a_pipe_that_is_held_holds_nothing_up(windows, monkeypatch, processes):
    monkeypatch.setattr(child, "LINGER", 0.02)
    job = CommandJob("sh", "-c", "sleep 60 & echo $!")
    assert Scheduler(job).run() is True
    os.kill(int(job.result().stdout), signal.SIGKILL)
    while processes.alive():
        pass
