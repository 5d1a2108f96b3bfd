"""Journals on the command line: `run --journal`, `plan`, `journal show`, `journal forget`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NIGHT = """
    import asyncio
    from pathlib import Path
    from asynciojobs import Job, PureScheduler, Scheduler
    async def load(number):
        print("load", number)
        await asyncio.sleep(number)
    async def measure():
        print("measure")
        if Path("bad").exists():
            raise OSError("no disk")
    boots = Scheduler(Job(load, 1, label="host1"), Job(load, 2, label="host2"), label="boots")
    after = Job(measure, label="measure", required=boots)
    it = PureScheduler(boots, after)
"""


@pytest.fixture
def night(folder, fake_time):
    """A run with a journal that has failed once: measure() raised."""
    folder.write("night.py", NIGHT)
    Path("bad").touch()
    ended = folder.call("run", "night.py", "--journal", "n.journal", "--quiet")
    assert (ended.status, ended.out) == (1, "load 1\nload 2\nmeasure\n")
    Path("bad").unlink()
    return folder


def shown(folder, *words):
    """Return what `journal show` says, without the times of day."""
    out = folder.call("journal", "show", "n.journal", *words).out
    return [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +", "", line) for line in out.splitlines()]


# -- run


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_run_takes_up_what_the_journal_has(night, resume):
    words = ["run", "night.py", "--journal", "n.journal", "--quiet", *resume]
    assert night.call(*words) == (0, "measure\n", "")
    assert night.call(*words) == (0, "", "")


def test_without_a_journal_all_jobs_run(night):
    assert night.call("run", "night.py", "--quiet").out == "load 1\nload 2\nmeasure\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--resume"], "--resume takes up a journal: say which, with --journal FILE"),
        (
            ["--resume", "--journal", "no.journal"],
            "there is no journal 'no.journal' to take up: leave out --resume to begin one",
        ),
        (["--journal", "."], "the journal '.' is a folder: give the path of a file"),
        (
            ["--journal", "n.journal"],
            (
                "the journal 'n.journal' belongs to `PureScheduler`, not to `lab`: give that "
                "scheduler the key of the other one, or use another journal"
            ),
        ),
    ],
)
def test_a_journal_that_can_not_be_used_is_refused(night, told, words, error):
    assert told("run", "lab.py", *words) == error
    assert not Path("no.journal").exists()


def test_two_jobs_with_one_key_are_refused(folder, told):
    folder.write(
        "twins.py",
        """
        from asynciojobs import PrintJob, PureScheduler
        it = PureScheduler(PrintJob(1, label="a"), PrintJob(2, label="a"))
        """,
    )
    error = told("run", "twins.py", "--journal", "n.journal", status=4)
    assert error.startswith("<PrintJob `a`> and <PrintJob `a`> have the same key 'a'")
    assert folder.call("check", "twins.py").out == (
        f"note: no journal can be kept of it: {error}\n"
        "fine: <PureScheduler of 2 jobs> can run, with 2 jobs in all\n"
    )


def test_a_journal_that_can_not_be_written_ends_the_run(night, monkeypatch):
    from asynciojobs import JournalError
    from asynciojobs._journal.file import JournalFile

    def full(self, data):
        raise JournalError("n.journal", "can't be written (disk full)", "make room")

    monkeypatch.setattr(JournalFile, "write", full)
    ended = night.call("run", "night.py", "--journal", "n.journal", "--quiet")
    assert ended.status in (1, 2)
    assert ended.err.endswith(
        "asynciojobs: the journal 'n.journal' can't be written (disk full): make room\n"
    )


# -- plan


def test_a_plan_says_what_a_run_would_do_and_why(night):
    assert night.call("plan", "night.py", "--journal", "n.journal") == (
        0,
        (
            "1 restore boots: is done\n"
            "2 restore boots > host1: is done\n"
            "3 restore boots > host2: is done\n"
            "4 run     measure: raised OSError:no disk\n"
            "3 jobs would be restored, 1 would run\n"
        ),
        "",
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "there is no journal"),
        (["--journal", "no.journal"], "'no.journal' is not there yet"),
    ],
)
def test_without_a_journal_a_plan_is_to_run_all(folder, words, reason):
    folder.write("night.py", NIGHT)
    ended = folder.call("plan", "night.py", *words)
    assert ended.status == 0
    assert ended.out.splitlines() == [
        "1 run     boots",
        "2 run     boots > host1",
        "3 run     boots > host2",
        "4 run     measure",
        f"0 jobs would be restored, 4 would run: {reason}",
    ]
    assert not Path("no.journal").exists()


def test_a_plan_names_jobs_that_are_gone(night):
    night.write("night.py", NIGHT.replace('label="host2"', 'label="host3"'))
    out = night.call("plan", "night.py", "--journal", "n.journal").out
    assert "boots > host2 is in the journal, and not in the scheduler\n" in out


@pytest.mark.parametrize("words", [[], ["--journal", "n.journal"]])
def test_there_is_no_plan_for_a_graph_that_can_not_run(night, told, words):
    night.write("night.py", NIGHT + "    boots.requires(after)")
    assert "have a cycle" in told("plan", "night.py", *words, status=4)


# -- journal


def test_the_latest_record_of_each_job_is_shown(night):
    assert shown(night) == [
        "done boots > host1 (1.0 s)",
        "done boots > host2 (2.0 s)",
        "done boots (2.0 s)",
        "failed measure (< 1 ms): OSError:no disk",
    ]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["boots > host2"], ["done boots > host2 (2.0 s)"]),
        (["measure", "--all"], ["started measure", "failed measure (< 1 ms): OSError:no disk"]),
        (
            ["boots", "measure"],
            [
                *["done boots > host1 (1.0 s)", "done boots > host2 (2.0 s)"],
                "done boots (2.0 s)",
                "failed measure (< 1 ms): OSError:no disk",
            ],
        ),
    ],
)
def test_some_jobs_can_be_shown(night, words, lines):
    assert shown(night, *words) == lines


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["show", "n.journal", "boot"], "the journal has no 'boot'; did you mean 'boots'?"),
        (
            ["forget", "n.journal", "xyzzy"],
            "the journal has no 'xyzzy': `asynciojobs journal show` has them",
        ),
        (["show", "no.journal"], "the journal 'no.journal' does not exist: check the path"),
        (["show", "night.py"], "the journal 'night.py' is not an asynciojobs journal"),
        (
            ["forget", "n.journal", "measure", "--target", "lab.py:inner"],
            "the journal 'n.journal' belongs to `PureScheduler`",
        ),
    ],
)
def test_what_is_not_there_is_refused(night, told, words, error):
    assert told("journal", *words).startswith(error)


def test_a_job_that_is_forgotten_runs_again_with_those_behind_it(night):
    assert night.call("run", "night.py", "--journal", "n.journal", "--quiet").status == 0
    assert night.call("journal", "forget", "n.journal", "boots > host1") == (
        0,
        "boots > host1 will run again\n",
        "",
    )
    assert night.call("run", "night.py", "--journal", "n.journal", "--quiet") == (
        0,
        "load 1\nmeasure\n",
        "",
    )


def test_with_the_scheduler_all_that_depends_on_a_job_is_forgotten(night):
    assert night.call("run", "night.py", "--journal", "n.journal", "--quiet").status == 0
    words = ["journal", "forget", "n.journal", "boots", "--target", "night.py"]
    assert night.call(*words).out == (
        "boots will run again\n"
        "boots > host1 will run again\n"
        "boots > host2 will run again\n"
        "measure will run again\n"
    )


def test_a_job_that_is_gone_can_be_forgotten_without_the_scheduler_alone(night, told):
    night.write("night.py", NIGHT.replace('label="host2"', 'label="host3"'))
    words = ["journal", "forget", "n.journal", "boots > host2"]
    assert told(*words, "--target", "night.py") == (
        "night.py has no 'boots > host2' any more: leave out --target"
    )
    assert night.call(*words).out == "boots > host2 will run again\n"


def test_a_scheduler_that_can_not_run_tells_nothing_of_what_depends_on_what(night, told):
    night.write("night.py", NIGHT + "    boots.requires(after)")
    words = ["journal", "forget", "n.journal", "boots", "--target", "night.py"]
    assert "have a cycle" in told(*words, status=4)
