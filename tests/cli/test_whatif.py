"""`what-if`: other windows, with the durations of a journal."""

from __future__ import annotations

import pytest

import asynciojobs._bridge as bridge

NIGHT = """
    import asyncio
    from asynciojobs import Job, PureScheduler
    async def work(seconds):
        await asyncio.sleep(seconds)
    jobs = [Job(work, 10, label=label) for label in "abcd"]
    it = PureScheduler(*jobs, Job(work, 5, label="last", required=jobs))
"""


@pytest.fixture
def night(folder, fake_time):
    """A script, and the journal of a run of it."""
    folder.write("night.py", NIGHT)
    words = ["run", "night.py", "--journal", "n.journal", "--quiet"]
    assert folder.call(*words).status == 0
    return folder


def test_each_window_has_a_row(night):
    ended = night.call(
        "what-if", "night.py", "--journal", "n.journal", "--jobs-window", "1-2,4"
    )
    assert (ended.status, ended.err) == (0, "")
    rows = [line.split() for line in ended.out.splitlines() if line.lstrip()[:1].isdecimal()]
    assert [row[0] for row in rows] == ["1", "2", "4"]
    assert [row[1] for row in rows] == ["45", "25", "15"]


def test_by_default_there_are_sixteen_windows(night):
    out = night.call("what-if", "night.py", "--journal", "n.journal").out
    assert [line.split()[0] for line in out.splitlines() if line.lstrip()[:1].isdecimal()] == [
        str(number) for number in range(1, 17)
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("0-3", "must be windows of 1 or more, not '0-3'"),
        ("4-2", "must be windows of 1 or more, not '4-2'"),
        ("all", "must be numbers of jobs, such as 1-16 or 1,2,4, not 'all'"),
        ("1,", "must be numbers of jobs, such as 1-16 or 1,2,4, not '1,'"),
    ],
)
def test_windows_that_will_not_do_are_refused(night, told, text, error):
    assert told("what-if", "night.py", "--jobs-window", text) == (
        f"argument --jobs-window: {error}: see asynciojobs what-if --help"
    )


LIMITED = """
    import asyncio
    from asynciojobs import Job, Limit, PureScheduler
    async def work(seconds):
        await asyncio.sleep(seconds)
    ssh, disk = Limit(1, label="ssh=1"), Limit(4, label="disk")
    jobs = [Job(work, 10, label=label, limits=[ssh, disk]) for label in "abcd"]
    it = PureScheduler(*jobs, jobs_window=3)
"""


@pytest.fixture
def limited(folder, fake_time):
    """A script whose jobs need slots of limits, and the journal of a run of it."""
    folder.write("limited.py", LIMITED)
    words = ["run", "limited.py", "--journal", "n.journal", "--quiet"]
    assert folder.call(*words).status == 0
    return folder


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (["--limit", "ssh=1=1-2,4"], [["3", "1", "40"], ["3", "2", "20"], ["3", "4", "20"]]),
        (
            ["--limit", "ssh=1=4", "--limit", "disk=2", "--jobs-window", "1,4"],
            [["1", "4", "2", "40"], ["4", "4", "2", "20"]],
        ),
    ],
)
def test_each_number_of_slots_has_a_row(limited, options, rows):
    ended = limited.call("what-if", "limited.py", "--journal", "n.journal", *options)
    assert (ended.status, ended.err) == (0, "")
    found = [line.split() for line in ended.out.splitlines() if line.lstrip()[:1].isdecimal()]
    assert [row[: len(rows[0])] for row in found] == rows


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ssh", "must be a limit and its slots, such as ssh=1-8, not 'ssh'"),
        ("=1-8", "must be a limit and its slots, such as ssh=1-8, not '=1-8'"),
        ("ssh=all", "must be numbers of slots, such as 1-16 or 1,2,4, not 'all'"),
        ("ssh=0-3", "must be 1 slot or more, not '0-3'"),
    ],
)
def test_slots_that_will_not_do_are_refused(limited, told, text, error):
    assert told("what-if", "limited.py", "--limit", text) == (
        f"argument --limit: {error}: see asynciojobs what-if --help"
    )


def test_a_limit_that_the_jobs_do_not_have_is_named(limited, told):
    words = ["what-if", "limited.py", "--journal", "n.journal", "--limit", "shh=2"]
    assert told(*words) == (
        "there is no limit with the label 'shh': the limits of the jobs are 'ssh=1', 'disk'"
    )


def test_a_limit_that_is_given_twice_is_refused(limited, told):
    words = ["what-if", "limited.py", "--limit", "disk=2", "--limit", "disk=3"]
    assert told(*words) == "--limit 'disk' is given twice: write it once, such as disk=2,3"


def test_without_a_journal_it_is_not_known_how_long_jobs_take(night, told):
    error = told("what-if", "night.py")
    assert error.startswith(
        "5 jobs of <PureScheduler of 5 jobs> did not run to the end, so how"
    )
    assert error.endswith(
        "; `run --journal FILE` records them: then give --journal FILE here, too"
    )


def test_a_journal_that_is_not_there_is_refused(night, told):
    assert told("what-if", "night.py", "--journal", "no.journal") == (
        "the journal 'no.journal' does not exist: check the path"
    )


def test_a_graph_that_can_not_run_is_refused(night, told):
    night.write("night.py", NIGHT + "    jobs[0].requires(jobs[1]); jobs[1].requires(jobs[0])")
    words = ["what-if", "night.py", "--journal", "n.journal"]
    assert "have a cycle" in told(*words, status=4)


@pytest.mark.parametrize("name", ["asynciojobs_no_testkit", "asynciojobs"])
def test_without_the_testkit_its_command_is_told(night, told, monkeypatch, name):
    monkeypatch.setattr(bridge, "TESTKIT_PACKAGE", name)
    assert told("what-if", "night.py") == (
        "what_if() is in a package that is not installed, or has another version: "
        f"{bridge.install_command('testkit')}"
    )


def test_a_package_that_the_testkit_lacks_is_named(night, monkeypatch):
    night.write("broken_kit.py", "import no_such_thing")
    monkeypatch.syspath_prepend(night.path)
    monkeypatch.setattr(bridge, "TESTKIT_PACKAGE", "broken_kit")
    ended = night.call("what-if", "night.py")
    assert (ended.status, ended.err) == (2, "asynciojobs: No module named 'no_such_thing'\n")
