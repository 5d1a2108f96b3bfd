"""The inputs of a command, and its results: status, output, errors."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import io
import pickle
import re
import subprocess
import sys
import weakref
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

import asynciojobs
from asynciojobs import (
    AbstractJob,
    ArgumentNotDoneError,
    ArgumentRequirementError,
    CallJob,
    CommandFailed,
    CommandJob,
    CommandResult,
    Job,
    RequirementFailed,
    Scheduler,
    Sequence,
)

SHOW_ARGV = "import sys; print(sys.argv[1:])"


async def give(value):
    return value


def run(*jobs):
    assert Scheduler(*jobs).run() is True
    return jobs[-1].result()


def output(*argv, **options):
    return run(CommandJob(*argv, **options)).stdout


def python(code, *argv, **options):
    return CommandJob(sys.executable, "-c", code, *argv, **options)


def error_of(job, *others):
    job.critical = False
    assert Scheduler(*others, job).run() is True
    return job.raised_exception()


# -- results


def test_a_command_gives_its_status_and_its_output(every_way):
    result = run(CommandJob("sh", "-c", "echo out; echo err >&2"))
    assert (result.argv, result.status, result.stdout, result.stderr, result.cut) == (
        ("sh", "-c", "echo out; echo err >&2"),
        0,
        "out\n",
        "err\n",
        0,
    )
    assert 0 < result.seconds < 60


def test_a_result_is_frozen_and_can_be_pickled():
    result = run(CommandJob("echo", "hello"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.status = 1
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (CommandResult(("true",), 0, "", "", 1.0, 0), "CommandResult(status=0)"),
        (
            CommandResult(("f",), -9, "a\n", "b", 1.0, 0),
            "CommandResult(status=-9, stdout='a\\n', stderr='b')",
        ),
    ],
)
def test_a_result_is_shown_in_short(result, shown):
    assert repr(result) == shown


def test_much_output_is_shown_in_short():
    shown = repr(CommandResult(("f",), 0, "a" * 1000, b"b" * 1000, 1.0, 0))
    assert len(shown) < 300


def test_text_that_is_no_utf_8_is_replaced():
    assert output("printf", r"a\377b\303\251") == "a\N{REPLACEMENT CHARACTER}bé"


def test_output_may_be_bytes():
    assert output("printf", r"a\377b", text=False) == b"a\xffb"


def test_a_status_that_is_not_0_is_an_error():
    job = CommandJob("sh", "-c", "echo bad >&2; exit 3")
    error = error_of(job)
    assert isinstance(error, CommandFailed)
    assert (error.result.status, error.result.stderr) == (3, "bad\n")
    assert str(error) == (
        "<CommandJob `sh -c 'echo bad >&2; exit 3'`> exited with status 3; stderr ends: bad"
    )
    assert isinstance(error, RuntimeError)


def test_an_error_shows_the_last_ten_lines():
    error = error_of(CommandJob("sh", "-c", "seq 12 >&2; exit 1", label="count"))
    assert str(error) == "\n".join(
        [
            "<CommandJob `count`> exited with status 1; stderr ends:",
            *(f"  {number}" for number in range(3, 13)),
        ]
    )


def test_an_error_shows_stdout_if_there_is_nothing_on_stderr():
    error = error_of(CommandJob("sh", "-c", "echo hello; exit 1", label="x"))
    assert str(error) == "<CommandJob `x`> exited with status 1; stdout ends: hello"


def test_an_error_says_where_stderr_is(tmp_path):
    path = tmp_path / "log"
    error = error_of(CommandJob("false", label="x", stderr=path))
    assert str(error) == f"<CommandJob `x`> exited with status 1; its stderr is in {path}"


def test_an_error_of_a_silent_program_says_so():
    error = error_of(CommandJob("false"))
    assert str(error) == "<CommandJob `false`> exited with status 1; it printed nothing"


def test_an_error_says_nothing_of_output_that_was_not_kept():
    error = error_of(CommandJob("false", stdout=subprocess.DEVNULL))
    assert str(error) == "<CommandJob `false`> exited with status 1"


def test_lines_are_shown_as_a_terminal_would(tmp_path):
    code = r"printf '\033[31mred\033[0m\n10%%\r90%%\n' >&2; exit 1"
    error = error_of(CommandJob("sh", "-c", code, label="x"))
    assert str(error).splitlines()[1:] == ["  red", "  90%"]


@pytest.mark.parametrize(
    ("number", "name"), [(9, "SIGKILL"), (15, "SIGTERM"), (40, "signal 40")]
)
def test_a_signal_is_called_by_its_name(number, name):
    error = error_of(CommandJob("sh", "-c", f"kill -{number} $$", label="x"))
    assert (error.result.status, str(error)) == (
        -number,
        f"<CommandJob `x`> was ended by {name}; it printed nothing",
    )


def test_without_check_a_status_is_a_result():
    assert run(CommandJob("sh", "-c", "exit 3", check=False)).status == 3


def test_an_error_can_be_pickled_and_has_its_public_name():
    error = error_of(CommandJob("false"))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.result) == (str(error), error.result)
    assert CommandFailed.__module__ == CommandResult.__module__ == "asynciojobs"
    assert asynciojobs.commandjob.CommandFailed is CommandFailed


# -- programs that can't be started


def test_a_program_that_is_not_there_is_named_with_where_it_was_looked_for(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere:/elsewhere")
    error = error_of(CommandJob("no-such", "x"))
    assert isinstance(error, FileNotFoundError)
    assert error.filename == "no-such"
    assert str(error) == (
        "[Errno 2] <CommandJob `no-such x`> can't start: there is no such program; PATH is "
        "/nowhere:/elsewhere: 'no-such'"
    )


def test_the_path_is_that_of_the_command():
    error = error_of(CommandJob("true", env={"PATH": "/nowhere"}))
    assert "PATH is /nowhere" in str(error)


def test_a_program_is_looked_for_in_the_folder_where_it_would_run(tmp_path):
    error = error_of(CommandJob("./tool", cwd=tmp_path))
    assert f"no such program; it was looked for in {tmp_path}" in str(error)


def test_an_absolute_program_that_is_not_there():
    error = error_of(CommandJob("/no/such"))
    assert str(error).endswith("can't start: there is no such program: '/no/such'")


def test_a_whole_line_as_the_program_gets_advice():
    error = error_of(CommandJob("ls -l all"))
    assert (
        "there is no such program, so give the program and its arguments one by one, as in "
        'CommandJob("ls", "-l", "all"); PATH is'
    ) in str(error)


def test_a_file_that_is_not_executable(tmp_path):
    file = tmp_path / "tool"
    file.write_text("#!/bin/sh\n")
    error = error_of(CommandJob(file))
    assert isinstance(error, PermissionError)
    assert str(error).endswith(
        f"can't start: the file is not executable (chmod +x makes it so): '{file}'"
    )


def test_a_folder_as_the_program(tmp_path):
    error = error_of(CommandJob(tmp_path))
    assert isinstance(error, PermissionError)
    assert "can't start: this is a folder, not a program" in str(error)


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_script_whose_interpreter_is_not_there(tmp_path):
    error = error_of(CommandJob(executable(tmp_path / "tool", "#!/no/python -u\n")))
    assert isinstance(error, FileNotFoundError)
    assert "its first line names /no/python as its interpreter, which does not exist" in str(
        error
    )


@pytest.mark.parametrize("text", ["echo hello\n", "#!\n"])
def test_a_script_without_an_interpreter(tmp_path, text):
    error = error_of(CommandJob(executable(tmp_path / "tool", text)))
    assert (type(error), error.errno) == (OSError, 8)
    assert (
        "the file is neither a program for this machine, nor a script whose first line names "
        "an interpreter, as in #!/bin/sh"
    ) in str(error)


def test_a_folder_to_run_in_that_is_not_there(tmp_path):
    error = error_of(CommandJob("true", cwd=tmp_path / "no"))
    assert isinstance(error, FileNotFoundError)
    assert error.filename == f"{tmp_path}/no"
    assert "<CommandJob `true`> can't start: its cwd does not exist" in str(error)


def test_a_file_as_the_folder_to_run_in(tmp_path):
    file = executable(tmp_path / "file", "")
    error = error_of(CommandJob("true", cwd=file))
    assert isinstance(error, NotADirectoryError)
    assert "<CommandJob `true`> can't start: its cwd is not a folder" in str(error)


def refusing(monkeypatch, error):
    def popen(*args, **options):
        raise error

    monkeypatch.setattr(subprocess, "Popen", popen)


def test_a_folder_that_can_not_be_entered(monkeypatch, tmp_path):
    refusing(monkeypatch, PermissionError(13, "Permission denied", str(tmp_path)))
    error = error_of(CommandJob("true", cwd=tmp_path))
    assert "can't start: its cwd can't be entered" in str(error)


def test_arguments_that_are_too_long():
    error = error_of(CommandJob("echo", "a" * 3_000_000, label="x"))
    assert str(error) == (
        "[Errno 7] <CommandJob `x`> can't start: its arguments are too long for the system: "
        "give data as input: 'echo'"
    )


def test_too_many_open_files(monkeypatch):
    refusing(monkeypatch, OSError(24, "Too many open files"))
    assert str(error_of(CommandJob("true"))) == (
        "[Errno 24] <CommandJob `true`> can't start: too many files are open: a jobs_window "
        "limits how many run at once: 'true'"
    )


def test_any_other_error_of_the_system(monkeypatch):
    refusing(monkeypatch, OSError(12, "Cannot allocate memory"))
    assert str(error_of(CommandJob("true"))) == (
        "[Errno 12] <CommandJob `true`> can't start: Cannot allocate memory: 'true'"
    )


# -- arguments


def test_arguments_are_texts_bytes_paths_and_numbers_and_no_shell_reads_them():
    argv = ["$HOME", b"by\xc3\xa9", Path("/a b"), 3, Fraction(1, 3), Decimal("1.50"), "", "*"]
    assert run(python(SHOW_ARGV, *argv)).stdout == (
        "['$HOME', 'byé', '/a b', '3', '1/3', '1.50', '', '*']\n"
    )


@pytest.mark.parametrize("argument", [None, True, object(), {"a": 1}])
def test_anything_else_is_no_argument(argument):
    with pytest.raises(
        TypeError,
        match="^argument 1 of a command must be a str, bytes, a path, a number or a job, not ",
    ):
        CommandJob("echo", argument)


def test_a_list_as_an_argument_gets_advice():
    advice = r"\['ls'\]: give the items one by one, as in CommandJob\(\*argv\)$"
    with pytest.raises(TypeError, match=advice):
        CommandJob(["ls"])


def test_a_sequence_as_an_argument_gets_advice():
    advice = r"give the job whose result is meant, such as sequence\.jobs\[-1\]$"
    with pytest.raises(TypeError, match=advice):
        CommandJob("echo", Sequence(CommandJob("true")))


@pytest.mark.parametrize("argv", [(), ("",), (b"",), (CommandJob.hide(""),)])
def test_a_command_has_a_program(argv):
    advice = r'^CommandJob\(\) got no program: .* CommandJob\("ls", "-l"\)$'
    with pytest.raises(ValueError, match=advice):
        CommandJob(*argv)


NUL = "argument 1 of a command can't have a NUL character in it"


@pytest.mark.parametrize("argument", ["a\0b", b"a\0b"])
def test_an_argument_has_no_nul(argument):
    with pytest.raises(ValueError, match=f"^{NUL}: b?'a"):
        CommandJob("echo", argument)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"argv": "a\ud800"}, "argument 1 of a command can't be encoded in utf-8: 'a\\ud800'"),
        ({"env": {"A": "\ud800"}}, "the variable A of a command can't be encoded in utf-8: "),
        ({"env": {"\ud800": "a"}}, "env has the name '\\ud800', which no variable can have"),
        ({"cwd": "\ud800"}, "cwd can't be encoded: '\\ud800'"),
        ({"stdout": "\ud800"}, "stdout can't be encoded: '\\ud800'"),
    ],
)
def test_what_the_system_can_not_encode_is_refused(options, error):
    argv = options.pop("argv", "a")
    with pytest.raises(ValueError, match=f"^{re.escape(error)}"):
        CommandJob("echo", argv, **options)


def test_input_that_can_not_be_encoded_is_an_error():
    error = error_of(CommandJob("cat", input="\ud800"))
    assert type(error) is ValueError
    assert str(error) == (
        "<CommandJob `cat`> can't start: its input has characters that UTF-8 can't encode, so "
        "give it as bytes"
    )


def test_input_may_be_what_the_system_could_not_decode():
    assert run(CommandJob("cat", input="\udcff", text=False)).stdout == b"\xff"


TILDE = r" \(a ~ is only for shells: use Path\.expanduser\(\)\)[;:]"


@pytest.mark.parametrize(
    ("argv", "options"),
    [(["~/no/such"], {}), (["true"], {"cwd": "~/no"}), (["true"], {"stdout": "~/no/such"})],
)
def test_a_tilde_gets_advice(argv, options):
    assert re.search(TILDE, str(error_of(CommandJob(*argv, **options))))


def test_an_empty_path_is_called_so():
    error = error_of(CommandJob("nosuch", env={"PATH": ""}))
    assert str(error).endswith("there is no such program; PATH is empty: 'nosuch'")


@pytest.mark.parametrize(
    ("argv", "options"),
    [
        (["true"], {}),
        (["false"], {}),
        (["nosuch"], {}),
        (["true"], {"stdout": "/no/such/folder"}),
        (["echo"], {"on_line": lambda stream, line: None}),
    ],
)
def test_a_job_that_nobody_needs_is_gone_at_once(argv, options):
    job = CommandJob(*argv, **options)
    with contextlib.suppress(CommandFailed, FileNotFoundError):
        asyncio.run(job.co_run())
    gone = weakref.ref(job)
    gc.collect()
    gc.disable()
    try:
        del job
        assert gone() is None
    finally:
        gc.enable()


def test_a_secret_with_a_nul_is_not_shown():
    with pytest.raises(ValueError, match=rf"^{NUL}: \*\*\*$"):
        CommandJob("echo", CommandJob.hide("se\0cret"))


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ("shell", r"no option 'shell'.*CommandJob\(\"sh\", \"-c\", line\)$"),
        ("args", r"no option 'args'.*one by one, CommandJob\(\*argv\)$"),
        ("stdin", r"no option 'stdin'.*reads a file as CommandJob\(\"sh\", \"-c\", "),
        ("capture_output", r"no option 'capture_output'.*: the output is kept, unless "),
        ("encoding", r"no option 'encoding'.*: text is in UTF-8; with text=False, "),
        ("errors", r"no option 'errors'.*: text is in UTF-8; with text=False, "),
        ("capture", r"^CommandJob\(\) has no option 'capture', only input, cwd, env, check, "),
    ],
)
def test_options_of_subprocess_get_advice(option, advice):
    with pytest.raises(TypeError, match=advice):
        CommandJob("ls", **{option: True})


def test_options_of_jobs_are_passed_on():
    scheduler = Scheduler()
    first = CommandJob("true", scheduler=scheduler)
    job = CommandJob(
        "true", label="x", critical=False, forever=True, required=first, scheduler=scheduler
    )
    assert (job.label, job.critical, job.forever, job.required) == ("x", False, True, {first})
    assert job in scheduler.jobs


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"input": 3}, "input must be a str, bytes, a job or None, not int"),
        ({"cwd": 3}, "cwd must be a path or None, not 3"),
        ({"env": "A=1"}, "env must be a mapping of names to values, or None, not 'A=1'"),
        ({"env": {3: "x"}}, "the names in env must be str, not 3"),
        ({"env": {"A": []}}, "the variable A of a command must be a str, bytes"),
        ({"env": {"A": AbstractJob()}}, "the variable A is a job, and only arguments and"),
        ({"keep": 1.5}, "keep must be a number of bytes, not 1.5"),
        ({"keep": None}, "keep must be a number of bytes, not None"),
        ({"grace": "5"}, "grace must be a number of seconds, or None, not '5'"),
        ({"grace": None}, "grace must be a number of seconds, not None: math.inf has no end"),
        ({"on_line": 3}, "on_line must be a function of a stream and a line, or None, not 3"),
        ({"on_line": give}, "on_line must be a plain function, since nobody would await"),
        ({"stdout": 3}, "stdout must be a path, an open file of the system, or None to keep"),
        ({"stdout": io.StringIO()}, "stdout must be a path, an open file of the system"),
        ({"stdout": subprocess.STDOUT}, "stdout must be a path, an open file of the system"),
        ({"stderr": True}, "stderr must be a path, an open file of the system"),
    ],
)
def test_a_parameter_of_the_wrong_type(options, error):
    with pytest.raises(TypeError) as caught:
        CommandJob("true", **options)
    assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"cwd": "a\0b"}, "cwd can't have a NUL character in it: 'a\\x00b'"),
        ({"env": {"A=B": "x"}}, "env has the name 'A=B', which no variable can have"),
        ({"env": {"": "x"}}, "env has the name '', which no variable can have"),
        ({"env": {"A": "x\0"}}, "the variable A of a command can't have a NUL character in it"),
        ({"keep": -1}, "keep must be 0 bytes or more, not -1"),
        ({"grace": -1}, "grace must be 0 seconds or more, not -1"),
    ],
)
def test_a_parameter_of_the_wrong_value(options, error):
    with pytest.raises(ValueError, match=f"^{re.escape(error)}"):
        CommandJob("true", **options)


ADVICE = (
    r"^input must be a str, bytes, a job or None, not .*: a program reads a file as "
    r"""CommandJob\("sh", "-c", 'exec "\$@" < "\$0"', path, program, \*arguments\)$"""
)


def test_a_file_as_input_gets_advice_that_works(tmp_path):
    path = tmp_path / "in put"
    path.write_text("a\n")
    with pytest.raises(TypeError, match=ADVICE), path.open() as file:
        CommandJob("cat", input=file)
    with pytest.raises(TypeError, match=ADVICE):
        CommandJob("cat", input=path)
    assert output("sh", "-c", 'exec "$@" < "$0"', path, "cat", "-n") == "     1\ta\n"


def test_a_sequence_as_input_gets_advice():
    with pytest.raises(TypeError, match=r"such as sequence\.jobs\[-1\]$"):
        CommandJob("cat", input=Sequence())


# -- environment and folder


def test_variables_are_added_and_removed(monkeypatch):
    monkeypatch.setenv("GONE", "x")
    monkeypatch.setenv("STAYS", "s")
    shown = output(
        "sh",
        "-c",
        "echo $ADDED-$NUMBER-$STAYS-${GONE-unset}",
        env={"ADDED": Path("a"), "NUMBER": 3, "GONE": None, "NEVER": None},
    )
    assert shown == "a-3-s-unset\n"


def test_the_environment_is_that_of_the_moment_of_the_run(monkeypatch):
    job = CommandJob("sh", "-c", "echo $LATER $A", env={"A": "1"})
    monkeypatch.setenv("LATER", "yes")
    assert run(job).stdout == "yes 1\n"


def test_a_program_runs_in_its_folder(tmp_path):
    assert output("pwd", cwd=tmp_path) == f"{tmp_path}\n"


# -- input


@pytest.mark.parametrize("data", ["héllo", "héllo".encode()])
def test_input_is_text_or_bytes(every_way, data):
    assert output("cat", input=data) == "héllo"


@pytest.mark.parametrize("data", [None, "", b""])
def test_without_input_there_is_nothing_to_read(data):
    assert output("cat", input=data) == ""


def test_large_input_is_written_as_it_is_read(every_way):
    data = "0123456789" * 100_000
    assert output("cat", input=data) == data


def test_a_program_that_does_not_read_its_input_is_no_failure(every_way):
    assert run(CommandJob("true", input="x" * 10_000_000)).status == 0


def test_a_program_that_closes_its_stdin_early_is_no_failure(every_way):
    code = "import os, sys; os.read(0, 10); os.close(0); print('done')"
    assert run(python(code, input="x" * 10_000_000)).stdout == "done\n"


# -- jobs among the arguments


def test_a_job_among_the_arguments_is_a_requirement_and_its_output_an_argument():
    name = CommandJob("echo", "a b")
    job = python(SHOW_ARGV, "-n", name, name)
    assert job.required == {name}
    assert run(name, job).stdout == "['-n', 'a b', 'a b']\n"


def test_any_job_may_be_an_argument():
    jobs = [Job(give, 3), CallJob(Path, "/x"), CallJob(str.upper, "y")]
    assert run(*jobs, python(SHOW_ARGV, *jobs)).stdout == "['3', '/x', 'Y']\n"


def test_only_the_last_newline_is_dropped():
    first = CommandJob("printf", "a\n\n")
    assert run(first, python(SHOW_ARGV, first)).stdout == "['a\\n']\n"


@pytest.mark.parametrize("text", [True, False])
def test_a_line_end_of_two_characters_is_dropped(text):
    first = CommandJob("printf", r"a\r\n", text=text)
    assert run(first, python(SHOW_ARGV, first)).stdout == "['a']\n"


def test_a_job_may_be_the_input():
    first = CommandJob("printf", r"b\na\n")
    job = CommandJob("sort", input=first)
    assert (job.required, run(first, job).stdout) == ({first}, "a\nb\n")


def test_a_job_may_be_the_program():
    first = CommandJob("echo", "echo")
    assert run(first, CommandJob(first, "hello")).stdout == "hello\n"


def test_a_result_that_is_no_argument_is_an_error():
    first = Job(give, [1], label="first")
    error = error_of(CommandJob("echo", first, label="x"), first)
    assert isinstance(error, TypeError)
    assert str(error) == (
        "<CommandJob `x`> can't start: argument 1, which is the result of <Job `first`>, of a "
        "command must be a str, bytes, a path, a number or a job, not [1]: give the items one "
        "by one, as in CommandJob(*argv)"
    )


def test_a_result_that_is_no_input_is_an_error():
    first = Job(give, 3, label="first")
    error = error_of(CommandJob("cat", input=first, label="x"), first)
    assert isinstance(error, TypeError)
    assert str(error) == (
        "<CommandJob `x`> can't start: its input is the result of <Job `first`>, which must be "
        "a str or bytes, not 3"
    )


def test_output_that_was_not_kept_whole_is_not_handed_on():
    first = CommandJob("printf", "hello", keep=2, label="first")
    error = error_of(CommandJob("cat", input=first, label="x"), first)
    assert str(error) == (
        "<CommandJob `x`> can't start, since it takes the output of <CommandJob `first`>, but "
        "the first 3 bytes of its stdout were not kept: give it a larger keep, or a file as "
        "stdout"
    )


def test_errors_that_were_not_kept_whole_do_not_matter():
    first = CommandJob("sh", "-c", "echo a; echo many >&2", keep=2)
    assert run(first, CommandJob("cat", input=first)).stdout == "a"


def test_output_that_went_to_a_file_is_not_handed_on(tmp_path):
    first = CommandJob("echo", stdout=tmp_path / "out")
    error = error_of(CommandJob("cat", input=first), first)
    assert str(error).endswith(
        "but its stdout went to a file: give the path of that file instead"
    )


def test_a_requirement_on_an_argument_stays():
    first, other = CommandJob("true"), CommandJob("true")
    job = CommandJob("echo", first, required=other)
    assert job.required == {first, other}
    with pytest.raises(ArgumentRequirementError):
        job.requires(first, remove=True)
    assert job.requires(other, remove=True) is job


def test_an_argument_that_failed_fails_the_job():
    first = CommandJob("false", critical=False)
    error = error_of(CommandJob("echo", first), first)
    assert (type(error), error.__cause__) == (RequirementFailed, first.raised_exception())


def test_an_argument_that_is_not_done_is_an_error():
    job = CommandJob("echo", CommandJob("true"))
    with pytest.raises(ArgumentNotDoneError):
        job.standalone_run()


class Shelf:
    """An engine whose handles are places on a shelf."""

    def __init__(self):
        self.values = []

    async def start(self, function, args, kwargs):
        self.values.append(function(*args, **kwargs))
        return len(self.values) - 1

    async def fetch(self, handle):
        await asyncio.sleep(0)
        return self.values[handle]


def test_a_value_that_an_engine_keeps_is_fetched():
    first = CallJob(str.upper, "a", executor=Shelf())
    assert run(first, CommandJob("echo", first)).stdout == "A\n"


# -- labels and secrets


def test_a_label_is_the_command_line_as_one_would_type_it():
    name = CommandJob("hostname")
    other = Job(give, label="address")
    unknown = AbstractJob()
    job = CommandJob("ssh", "-o", "a b", name, other, unknown, 3)
    assert job.repr_main() == "<CommandJob `ssh -o 'a b' $(hostname) $(address) $(NOLABEL) 3`>"


def test_a_long_label_is_shortened():
    assert len(CommandJob("echo", "a" * 1000).text_label()) == 123


def test_a_label_of_its_own_wins():
    assert CommandJob("true", label="x").repr_main() == "<CommandJob `x`>"


def test_the_task_of_a_command_is_named_after_it():
    names = []
    job = CommandJob(
        "echo",
        "a b",
        on_line=lambda *_: names.extend(task.get_name() for task in asyncio.all_tasks()),
    )
    run(job)
    assert "echo 'a b'" in names


def test_a_secret_is_passed_on_and_not_shown(capsys, logged):
    secret = CommandJob.hide("pass word")
    code = 'echo "$1" >&2; echo "$1"; exit 1'
    job = CommandJob("sh", "-c", code, "sh", secret, critical=False)
    scheduler = Scheduler(job)
    scheduler.run()
    scheduler.list(details=True)
    scheduler.debrief(details=True)
    error = job.raised_exception()
    assert error.result.stdout == "pass word\n"
    assert job.text_label().endswith(" sh ***")
    assert error.result.argv[-1] == "***"
    shown = [capsys.readouterr().out, str(error), repr(job), *logged("INFO")]
    assert [text for text in shown if "pass word" in text] == []
    assert "stdout: ***" in shown[0]


def test_secrets_in_bytes_and_in_variables_are_not_shown():
    job = CommandJob(
        "sh",
        "-c",
        'echo "$A $1" >&2; exit 1',
        "sh",
        CommandJob.hide(b"by\xc3\xa9"),
        env={"A": CommandJob.hide("token")},
        label="x",
    )
    assert str(error_of(job)).endswith("stderr ends: *** ***")


def test_only_texts_can_be_hidden():
    with pytest.raises(TypeError, match=r"^hide\(\) takes a str or bytes, not int$"):
        CommandJob.hide(3)


# -- copies


def test_a_copy_can_run(tmp_path):
    first = CommandJob("echo", CommandJob.hide("x"), env={"A": CommandJob.hide("y")})
    scheduler = Scheduler(first, CommandJob("cat", input=first, stdout=tmp_path / "out"))
    again = pickle.loads(pickle.dumps(scheduler))
    scheduler.run()
    assert again.run() is True
    assert (tmp_path / "out").read_text() == "x"
    (copied, _) = again.jobs
    assert (copied.result().stdout, copied.details()) == ("x\n", "stdout: ***")


def test_the_copy_of_a_job_that_is_done_has_its_result():
    job = CommandJob("echo", "a")
    run(job)
    copied = pickle.loads(pickle.dumps(job))
    assert (copied.result(), copied.details(), copied.pid) == (job.result(), None, None)


def test_copies_share_an_open_file_which_can_not_be_pickled(tmp_path):
    import copy

    with (tmp_path / "out").open("w") as file:
        job = CommandJob("echo", "a", stdout=file)
        run(copy.deepcopy(job))
        with pytest.raises(TypeError, match="since its stdout, an open file, can't be pickled"):
            pickle.dumps(job)
    assert (tmp_path / "out").read_text() == "a\n"


def test_a_command_can_run_again():
    job = CommandJob("echo", "a")
    scheduler = Scheduler(job)
    assert [scheduler.run() and job.result().stdout for _ in range(2)] == ["a\n", "a\n"]


def test_a_command_can_run_alone():
    assert CommandJob("echo", "a").standalone_run().stdout == "a\n"
