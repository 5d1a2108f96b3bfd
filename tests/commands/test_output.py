"""The output of a command: as it comes, its last part, in files."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from asynciojobs import CommandJob, Job, PureScheduler, Scheduler
from asynciojobs._commands import starting
from asynciojobs._commands.output import Lines, Output


def run(*jobs):
    assert Scheduler(*jobs).run() is True
    return jobs[-1].result()


def shell(line, **options):
    return CommandJob("sh", "-c", line, **options)


# -- what is kept


def test_the_last_bytes_are_kept(every_way):
    result = run(shell("seq 1 1000; echo error >&2", keep=10))
    assert (result.stdout, result.stderr, result.cut) == ("\n999\n1000\n", "error\n", 3893 - 10)


def test_what_is_dropped_is_counted_for_both_streams():
    result = run(shell("printf 12345; printf 123 >&2", keep=2))
    assert (result.stdout, result.stderr, result.cut) == ("45", "23", 4)


def test_nothing_at_all_may_be_kept():
    job = shell("echo out; echo err >&2; exit 1", keep=0, critical=False, label="x")
    assert Scheduler(job).run()
    error = job.raised_exception()
    assert (error.result.stdout, error.result.cut) == ("", 8)
    assert str(error) == "<CommandJob `x`> exited with status 1; stderr ends: err"


def test_text_that_is_kept_begins_with_a_whole_character():
    result = run(CommandJob("printf", "aéb", keep=2))
    assert (result.stdout, result.cut) == ("b", 3)


def test_bytes_are_kept_as_they_are():
    result = run(CommandJob("printf", "aéb", keep=2, text=False))
    assert (result.stdout, result.cut) == (b"\xa9b", 2)


def test_what_is_no_text_at_all_is_kept_as_it_is():
    result = run(CommandJob("printf", r"\200\200\200\200\200\200", keep=5))
    assert result.stdout == "\N{REPLACEMENT CHARACTER}" * 5


def test_a_gigabyte_of_output_takes_little_memory(every_loop):
    size = 1 << 30
    tracemalloc.start()
    try:
        result = run(CommandJob("head", "-c", size, "/dev/zero", keep=1 << 20, text=False))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(result.stdout), result.cut) == (1 << 20, size - (1 << 20))
    assert peak < 8 << 20


def test_after_the_run_a_job_holds_little_besides_its_result():
    output = Output(Job(asyncio.sleep, 0), keep=1 << 20, on_line=None, text=True, secrets=())
    output.add("stdout", b"x" * (1 << 21))
    output.close()
    assert len(output.kept("stdout")) <= 1 << 14


# -- lines


class Log:
    """Collects lines."""

    def __init__(self):
        self.lines = []

    def __call__(self, stream, line):
        self.lines.append((stream, line))


def test_lines_are_given_as_they_come(every_way):
    came = []

    async def answer():
        await asyncio.wait_for(asked.wait(), 60)
        os.write(writing, b"yes\n")
        os.close(writing)

    def on_line(stream, line):
        came.append((stream, line))
        asked.set()

    reading, writing = os.pipe()
    asked = asyncio.Event()
    with io.FileIO(reading) as pipe:
        job = shell(
            f"echo sure?; read answer < /proc/{os.getpid()}/fd/{reading}; echo $answer >&2",
            on_line=on_line,
        )
        assert Scheduler(job, Job(answer())).run() is True
        assert pipe.readable()
    assert came == [("stdout", "sure?"), ("stderr", "yes")]
    assert job.result().stdout == "sure?\n"


def lines_of(*chunks, text=True):
    """Return the lines that some chunks result in."""
    found = []
    lines = Lines(found.append, text=text)
    for chunk in chunks:
        lines.add(chunk)
    lines.end()
    return found


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([], []),
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a\nb"], ["a", "b"]),
        ([b"a", b"b\n", b"c"], ["ab", "c"]),
        ([b"a\r\n", b"\n", b"\r\n"], ["a", "", ""]),
        ([b"\xc3", b"\xa9\n"], ["é"]),
        ([b"\xff\n"], ["\N{REPLACEMENT CHARACTER}"]),
    ],
)
def test_lines_are_cut_wherever_chunks_end(chunks, lines):
    assert lines_of(*chunks) == lines
    assert (
        lines_of(*chunks, text=False)
        == [line.rstrip(b"\r") for line in b"".join(chunks).split(b"\n") if line or lines][
            : len(lines)
        ]
    )


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 200_000])
@pytest.mark.parametrize("chunk", [1000, 65536, 300_000])
def test_a_long_line_comes_in_pieces(end, size, chunk):
    data = b"x" * size + end
    found = lines_of(*(data[i : i + chunk] for i in range(0, len(data), chunk)))
    assert "".join(found) == "x" * size
    assert max(map(len, found)) <= 65536
    assert len(found) == -(-size // 65536)


def test_pieces_come_before_the_line_has_ended():
    found = []
    lines = Lines(found.append, text=True)
    lines.add(b"x" * 200_000)
    assert [len(piece) for piece in found] == [65536] * 3


def test_a_piece_does_not_cut_a_character():
    found = lines_of("é".encode() * 50_000 + b"a" + "é".encode() * 50_000)
    assert "".join(found) == "é" * 50_000 + "a" + "é" * 50_000


def test_lines_may_be_bytes():
    log = Log()
    run(shell(r"printf 'a\377\nb'", text=False, on_line=log))
    assert log.lines == [("stdout", b"a\xff"), ("stdout", b"b")]


def test_ten_thousand_lines_take_a_small_part_of_a_second(every_loop):
    log = Log()
    job = CommandJob("seq", 10_000, on_line=log)
    before = time.process_time()
    run(job)
    assert log.lines == [("stdout", str(number)) for number in range(1, 10_001)]
    assert time.process_time() - before < 0.5


def test_what_on_line_raises_is_logged_once(every_loop, logged, caplog):
    def on_line(stream, line):
        raise ValueError(line)

    job = CommandJob("seq", 3, on_line=on_line, label="x")
    assert run(job).stdout == "1\n2\n3\n"
    assert logged("ERROR") == [
        "on_line of <CommandJob `x`> raised; if it does so again, that is not logged"
    ]
    assert "ValueError: 1" in caplog.text


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize(
    "line", ["echo a; echo b; exec sleep 60", "echo a; echo b", "printf a"]
)
def test_an_exit_in_on_line_ends_the_command_and_the_run(every_loop, kind, line):
    log = Log()

    def on_line(stream, line):
        log(stream, line)
        raise kind(line)

    job = shell(line, on_line=on_line)
    with pytest.raises(kind, match="^a$"):
        Scheduler(job).run()
    assert log.lines == [("stdout", "a")]


# -- files


def test_a_stream_may_go_to_a_file(tmp_path, every_loop):
    path = tmp_path / "out"
    result = run(shell("echo out; echo err >&2", stdout=path))
    assert (path.read_text(), result.stdout, result.stderr) == ("out\n", "", "err\n")


def test_a_path_in_bytes_or_text_is_relative_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(shell("pwd; pwd >&2", stdout="out", stderr=b"err", cwd="/"))
    assert [(tmp_path / name).read_text() for name in ("out", "err")] == ["/\n", "/\n"]


def test_both_streams_may_go_to_one_file(tmp_path):
    path = tmp_path / "log"
    run(shell("echo out; echo err >&2; echo out", stdout=path, stderr=path))
    assert path.read_text() == "out\nerr\nout\n"


def test_a_stream_may_go_to_an_open_file(tmp_path):
    with (tmp_path / "log").open("w") as file:
        file.write("before\n")
        run(shell("echo out", stdout=file))
        file.write("after\n")
    assert (tmp_path / "log").read_text() == "before\nout\nafter\n"


def test_stderr_may_go_to_stdout():
    result = run(shell("echo out; echo err >&2; echo out", stderr=subprocess.STDOUT))
    assert (result.stdout, result.stderr) == ("out\nerr\nout\n", "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_may_go_nowhere(stream):
    result = run(shell("echo out; echo err >&2", **{stream: subprocess.DEVNULL}))
    assert getattr(result, stream) == ""


def test_a_folder_for_the_output_that_is_not_there_is_an_error(tmp_path):
    job = shell("echo", stdout=tmp_path / "no" / "out", critical=False)
    assert Scheduler(job).run()
    error = job.raised_exception()
    assert (type(error), error.filename) == (FileNotFoundError, f"{tmp_path}/no/out")
    assert str(error).startswith(
        f"[Errno 2] {job.repr_main()} can't start: its stdout can't be written, since its "
        "folder does not exist: "
    )


def failure(**options):
    """Return the error of a job that does not start, without the job's name."""
    job = CommandJob("true", critical=False, **options)
    assert Scheduler(job).run()
    error = job.raised_exception()
    assert error.__context__ is None
    return type(error), str(error).partition(" can't start: ")[2]


def test_a_folder_as_the_output_is_an_error(tmp_path):
    kind, text = failure(stderr=tmp_path)
    assert kind is IsADirectoryError
    assert text == f"its stderr can't be written: Is a directory: '{tmp_path}'"


def test_a_file_that_was_closed_meanwhile_is_an_error(tmp_path):
    with (tmp_path / "out").open("w") as file, (tmp_path / "raw").open("wb", 0) as raw:
        jobs = CommandJob("true", stdout=file), CommandJob("true", stderr=raw)
    for job, stream in zip(jobs, ("stdout", "stderr"), strict=True):
        assert PureScheduler(job).run() is False
        error = job.raised_exception()
        assert type(error) is ValueError
        assert f"can't start: its {stream} is a file that is closed: <_io." in str(error)


def test_a_file_that_can_take_no_more_is_an_error():
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as file:
        file.write("before")
        assert failure(stdout=file) == (
            OSError,
            "its stdout can't be written: No space left on device: '/dev/full'",
        )


def test_a_named_pipe_that_nobody_reads_does_not_hold_up_the_loop(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert failure(stdout=tmp_path / "pipe") == (
        OSError,
        f"its stdout is a named pipe that nobody reads: '{tmp_path}/pipe'",
    )


def test_a_named_pipe_that_somebody_reads_is_a_file_like_others(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with io.FileIO(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)) as reading:
        run(CommandJob("echo", "a", stdout=tmp_path / "pipe"))
        assert reading.read() == b"a\n"


def test_a_socket_takes_output_as_well():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        run(CommandJob("echo", "a", stdout=theirs))
        assert ours.recv(10) == b"a\n"


def test_a_system_without_waiting_for_readers_opens_files_too(tmp_path, monkeypatch):
    """Windows has no such flag."""
    monkeypatch.setattr(starting, "NONBLOCK", 0)
    run(CommandJob("echo", "a", stdout=tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "a\n"


def test_a_device_that_is_not_there_is_no_named_pipe(tmp_path):
    where = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(where))
        kind, text = failure(stdout=where)
    assert (kind, text.split(":")[0]) == (OSError, "its stdout can't be written")


def test_a_pipeline_through_files(tmp_path):
    numbers = CommandJob("seq", 100_000, stdout=tmp_path / "numbers")
    count = CommandJob("wc", "-l", tmp_path / "numbers", required=numbers)
    assert run(numbers, count).stdout.split()[0] == "100000"


# -- details


def test_details_are_the_last_lines(capsys):
    job = shell("seq 20; echo err >&2")
    scheduler = Scheduler(job)
    assert job.details() is None
    scheduler.run()
    assert job.details() == "\n".join(
        [*(f"stdout: {number}" for number in range(11, 21)), "stderr: err"]
    )
    scheduler.list(details=True)
    assert "\n          stdout: 20\n          stderr: err\n" in capsys.readouterr().out


def test_details_are_those_of_the_last_run():
    first = CommandJob("sh", "-c", "exit $STATUS")
    job = CommandJob("echo", "a", required=first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATUS", "0")
        assert PureScheduler(first, job).run() is True
        assert job.details() == "stdout: a"
        patch.setenv("STATUS", "1")
        assert PureScheduler(first, job).run() is False
        assert job.details() is None


def test_details_of_a_silent_command():
    job = CommandJob("true")
    run(job)
    assert job.details() is None


def test_details_and_the_pid_are_there_while_a_command_runs(every_way):
    seen = []

    async def look():
        await asyncio.wait_for(begun.wait(), 60)
        seen.append((job.details(), job.pid == int(job.details().split()[1])))
        os.kill(job.pid, signal.SIGTERM)

    begun = asyncio.Event()
    job = shell("echo $$; exec sleep 60", on_line=lambda *_: begun.set(), check=False)
    assert (job.pid, job.started_at) == (None, None)
    assert Scheduler(job, Job(look())).run() is True
    assert [it[1] for it in seen] == [True]
    assert (job.pid, job.result().status) == (None, -signal.SIGTERM)
    assert job.started_at <= job.ended_at


def test_a_program_that_closes_its_output_goes_on(every_way, tmp_path):
    done = tmp_path / "done"
    result = run(shell(f"exec >&- 2>&-; touch {done}; exit 3", check=False))
    assert (result.status, result.stdout, done.exists()) == (3, "", True)


def test_a_program_in_python_prints_as_it_likes():
    result = run(CommandJob(sys.executable, "-c", "print('é' * 3)", env={"PYTHONUTF8": "1"}))
    assert result.stdout == "ééé\n"
