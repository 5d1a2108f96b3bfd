"""What `hide()` hides is passed to the program, but never shown."""

from __future__ import annotations

import asyncio
import copy
import math
import pickle
import traceback

import pytest

from asynciojobs import CommandJob, Job, PureScheduler, Scheduler
from asynciojobs._commands.secrets import masked
from asynciojobs.commandjob import use_commands
from asynciojobs_testkit import DeadlockError, FakeClock, FakeCommands

SECRET = "pass word"
FAILING = 'echo "$1"; echo "$1" >&2; exit 1'


def secret():
    return CommandJob.hide(SECRET)


def failed(job, *others):
    """Run a job that fails, and return it."""
    assert PureScheduler(*others, job).run() is False
    return job


@pytest.mark.parametrize(
    "make",
    [
        lambda: CommandJob("sh", "-c", FAILING, "sh", secret()),
        lambda: CommandJob("sh", "-c", FAILING, "sh", secret(), text=False),
        lambda: CommandJob("sh", "-c", 'echo "$A"; exit 1', env={"A": secret()}),
        lambda: CommandJob("sh", "-c", "cat >&2; exit 1", input=secret()),
        lambda: CommandJob("no such program", secret()),
        lambda: CommandJob("true", secret(), stdout="/no/such/folder"),
        lambda: CommandJob("true", secret(), cwd="/no/such/folder"),
    ],
)
def test_no_report_error_or_traceback_shows_a_secret(make, capsys):
    job = make()
    failed(job)
    scheduler = PureScheduler(job)
    scheduler.list(details=True)
    scheduler.debrief(details=True)
    error = job.raised_exception()
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown = [*told.format(), str(error), repr(error), repr(job), scheduler.dot_format()]
    shown += [repr(getattr(error, "result", None)), *capsys.readouterr()]
    assert [text for text in shown if SECRET in text] == []
    assert error.__context__ is None


@pytest.mark.parametrize("text", [True, False])
def test_a_report_does_not_show_a_secret_that_the_program_prints(text, capsys):
    job = CommandJob("echo", secret(), text=text)
    scheduler = Scheduler(job)
    scheduler.run()
    scheduler.list()
    assert job.result().stdout == (f"{SECRET}\n" if text else f"{SECRET}\n".encode())
    shown = "'***\\n'" if text else "b'***\\n'"
    assert repr(job.result()) == f"CommandResult(status=0, stdout={shown})"
    assert repr(pickle.loads(pickle.dumps(job.result()))) == repr(job.result())
    assert f"stdout={shown}" in capsys.readouterr().out


def test_a_job_may_return_a_secret():
    async def password():
        return secret()

    giver = Job(password)
    job = failed(CommandJob("sh", "-c", FAILING, "sh", giver), giver)
    error = job.raised_exception()
    assert str(error).endswith("exited with status 1; stderr ends: ***")
    assert (error.result.argv[-1], error.result.stdout) == ("***", f"{SECRET}\n")


@pytest.mark.parametrize("value", [SECRET, SECRET.encode()])
def test_the_input_may_be_a_secret(value):
    async def password():
        return CommandJob.hide(value)

    giver = Job(password)
    given = CommandJob("cat", input=giver)
    plain = CommandJob("cat", input=CommandJob.hide(value))
    assert Scheduler(giver, given, plain).run() is True
    assert [job.result().stdout for job in (given, plain)] == [SECRET] * 2
    assert repr(plain.result()) == "CommandResult(status=0, stdout='***')"


def test_a_part_of_an_argument_can_not_be_hidden():
    advice = r"^hide\(\) makes a whole argument, not a part of one: write hide\(f'--password="
    with pytest.raises(TypeError, match=advice):
        f"--password={secret()}"
    assert str(secret()) == "***"


def test_a_report_shows_stars_for_a_secret_that_a_job_returns(capsys):
    async def password():
        return secret()

    scheduler = Scheduler(Job(password))
    scheduler.run()
    scheduler.list()
    scheduler.debrief()
    assert "password()`> [[ -> ***]]" in capsys.readouterr().out


def test_the_report_of_a_deadlock_and_the_names_of_tasks_show_no_secret():
    async def look():
        names.extend(task.get_name() for task in asyncio.all_tasks())

    names = []
    jobs = CommandJob("login", secret()), Job(look), Job(asyncio.Event().wait)
    with FakeClock().installed(), FakeCommands() as commands:
        commands("login *", takes=math.inf)
        with pytest.raises(DeadlockError, match=r"CommandJob `login \*\*\*`") as caught:
            Scheduler(*jobs).run()
    assert SECRET not in f"{caught.value}{names}"
    assert "login ***" in names


def test_a_copy_hides_what_the_job_hid():
    job = copy.deepcopy(CommandJob("echo", secret()))
    Scheduler(job).run()
    assert repr(job.result()) == r"CommandResult(status=0, stdout='***\n')"


def test_a_command_that_is_handed_to_others_shows_no_secret():
    def start(command, feed):
        raise OSError(f"can't start {command!r}")

    job = CommandJob("login", secret(), input=secret(), env={"A": secret()}, critical=False)
    with use_commands(start):
        assert Scheduler(job).run() is True
    assert str(job.raised_exception()) == "can't start Command('login ***')"


@pytest.mark.parametrize(
    ("data", "is_cut", "shown"),
    [
        (b"a pass word b", False, b"a *** b"),
        (b"ss word b", True, b"*** b"),
        (b"ss word b", False, b"ss word b"),
        (b"d, pass word b", True, b"***, *** b"),
        (b"other", True, b"other"),
        (b"", True, b""),
        (b"word", True, b"***"),
    ],
)
def test_the_rest_of_a_secret_that_was_cut_is_hidden(data, is_cut, shown):
    assert masked(data, (b"pass word", b"x"), is_cut=is_cut) == shown


def test_an_error_hides_the_rest_of_a_secret_that_was_cut():
    line = 'head -c 20000 /dev/zero; printf %s "$0"; head -c 16380 /dev/zero; exit 1'
    job = failed(CommandJob("sh", "-c", line, secret(), keep=10))
    assert "stderr" not in str(job.raised_exception())
    assert "; stdout ends: ***\0" in str(job.raised_exception())


def test_a_secret_that_is_no_text_is_hidden_in_the_output():
    job = failed(CommandJob("sh", "-c", FAILING, "sh", CommandJob.hide(b"\xff\xfe")))
    assert str(job.raised_exception()).endswith("stderr ends: ***")


UNENCODABLE = CommandJob.hide("pass\ud800")


@pytest.mark.parametrize(
    "make",
    [
        lambda: CommandJob("echo", UNENCODABLE),
        lambda: CommandJob("echo", env={"A": UNENCODABLE}),
        lambda: CommandJob("cat", input=UNENCODABLE).standalone_run(),
    ],
)
def test_a_secret_that_can_not_be_encoded_is_not_shown(make):
    with pytest.raises(ValueError, match=r"\*\*\*$|input") as caught:
        make()
    told = traceback.TracebackException.from_exception(caught.value).format()
    assert (type(caught.value), "pass\ud800" in "".join(told)) == (ValueError, False)
