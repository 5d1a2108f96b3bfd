"""The examples in the README of the package run, and print what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = "pytester"

README = Path(__file__).parents[2] / "packages" / "asynciojobs-testkit" / "README.md"
BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
BLOCKS = [(block[1], block[2]) for block in BLOCK.finditer(README.read_text("utf-8"))]


def block(heading):
    (text,) = [text for found, text in BLOCKS if found == heading]
    return text


# Plugins that these tests do not need. Loading them takes longer than the tests.
OTHERS = [
    "anyio",
    "asyncio",
    "hypothesispytest",
    "platformdirs",
    "pytest_mock",
    "randomly",
    "rerunfailures",
    "xdist",
    "xdist.looponfail",
]


@pytest.fixture
def lab(pytester):
    """Return a project with the program of the README and its test."""
    for name in ("lab.py", "test_lab.py"):
        (pytester.path / name).write_text(block(f"python {name}"), "utf-8")
    return pytester


def output(project):
    """Run the tests of a project; return the result, and the output without its prefixes."""
    others = [f"-pno:{name}" for name in OTHERS]
    result = project.runpytest_subprocess(*others, "-Werror")
    prefix = re.compile(r"^E? *((\w|\.)+\.)?(AssertionError: )?")
    lines = (prefix.sub("", line) for line in result.outlines)
    return result, "\n".join(line.rstrip() for line in lines)


def shown(heading):
    return "\n".join(line.strip() for line in block(heading).splitlines())


def test_the_scenario_passes_its_test(lab):
    result, _ = output(lab)
    result.assert_outcomes(passed=1)


def test_a_failure_prints_what_the_readme_shows(lab):
    with (lab.path / "test_lab.py").open("a", encoding="utf-8") as file:
        file.write('    seen.assert_overlap("n1", "n3")\n')
    assert shown("text overlap") in output(lab)[1]


DEADLOCK = """\
import asyncio
from asynciojobs import Job, Scheduler
arrived = asyncio.Event()

async def fetch():
    await arrived.wait()

job = Job(fetch, label="fetch")
scenario = Scheduler(job, Job(fetch, label="store", required=job))
"""

TEST = """\
import lab

def test_lab(fake_clock):
    lab.scenario.run()
"""


def test_a_deadlock_prints_what_the_readme_shows(lab):
    (lab.path / "lab.py").write_text(DEADLOCK, "utf-8")
    (lab.path / "test_lab.py").write_text(TEST, "utf-8")
    assert shown("text deadlock") in output(lab)[1]


POLLS = """\
import asyncio, time
from datetime import datetime, timedelta
import pytest
from asynciojobs import Job, Scheduler

async def poll():
    start, end = datetime.now(), time.monotonic() + 90
    while time.monotonic() < end:
        await asyncio.sleep(1)
    return datetime.now() - start, time.time()

def test_poll(all_clocks):
    job = Job(poll)
    assert Scheduler(job).run()
    assert all_clocks.time == 90.0
    assert job.result()[0] == timedelta(seconds=90)
"""


def test_the_clocks_of_freezegun_follow_as_the_readme_says(pytester):
    pytest.importorskip("freezegun")
    (pytester.path / "conftest.py").write_text(block("python conftest.py"), "utf-8")
    (pytester.path / "test_poll.py").write_text(POLLS, "utf-8")
    output(pytester)[0].assert_outcomes(passed=1)


def test_the_clocks_of_time_machine_follow_as_the_readme_says(pytester):
    pytest.importorskip("time_machine")
    text = block("python conftest.py")
    for ours, theirs in {
        "from freezegun import freeze_time": "import time_machine",
        "freeze_time(START)": "time_machine.travel(START, tick=False)",
    }.items():
        assert text.count(ours) == 1
        text = text.replace(ours, theirs)
    (pytester.path / "conftest.py").write_text(text, "utf-8")
    poll = POLLS.replace("time.monotonic()", "time.time()")
    (pytester.path / "test_poll.py").write_text(poll, "utf-8")
    output(pytester)[0].assert_outcomes(passed=1)


def test_a_clock_that_is_replaced_follows_as_the_readme_says(pytester):
    (pytester.path / "conftest.py").write_text(
        """
import pytest

@pytest.fixture
def all_clocks(fake_clock, monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: fake_clock.time)
    return fake_clock
""",
        "utf-8",
    )
    poll = POLLS.replace("timedelta(seconds=90)", "job.result()[0]")
    (pytester.path / "test_poll.py").write_text(poll, "utf-8")
    output(pytester)[0].assert_outcomes(passed=1)


def test_the_other_examples_print_what_the_readme_shows(capsys):
    names = {"__name__": "readme"}
    plain = [(heading, text) for heading, text in BLOCKS if heading in ("python", "")]
    outputs = iter([text for heading, text in plain[1:] if not heading])  # [0]: pip install
    for heading, text in plain:
        if heading:
            exec(compile(text, str(README), "exec"), names)
            assert capsys.readouterr().out == next(outputs)
    assert next(outputs, None) is None


@pytest.fixture
def reboot(pytester):
    """Return a project with the test of the README that scripts commands."""
    path = pytester.path / "test_reboot.py"
    path.write_text(block("python test_reboot.py"), "utf-8")
    return pytester


def test_the_scripted_commands_pass_their_test(reboot):
    result, _ = output(reboot)
    result.assert_outcomes(passed=1)


def test_a_command_that_is_not_scripted_prints_what_the_readme_shows(reboot):
    path = reboot.path / "test_reboot.py"
    text = path.read_text("utf-8").replace('"h1", "reboot")\n', '"h1", "rebot")\n')
    path.write_text(text, "utf-8")
    assert shown("text unscripted") in output(reboot)[1]


def test_the_scenario_that_crashes_passes_its_test(pytester):
    (pytester.path / "test_crashes.py").write_text(block("python test_crashes.py"), "utf-8")
    result, _ = output(pytester)
    result.assert_outcomes(passed=1)
