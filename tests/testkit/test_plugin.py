"""The pytest plugin, in projects that use it."""

from __future__ import annotations

import re

import pytest

pytest_plugins = "pytester"

HEAD = """
import asyncio

import pytest

from asynciojobs import Job, PrintJob, Scheduler, Sequence, Watch
from asynciojobs_testkit import FakeClock, FakeJob, Timeline, dag

"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Return a function that runs the tests in a text, without other plugins."""
    monkeypatch.delenv("CI", raising=False)  # with it, pytest would not shorten its summary
    others = ("asyncio", "anyio", "randomly", "xdist", "hypothesispytest", "cacheprovider")

    def run_tests(text, *options):
        pytester.makepyfile(HEAD + text)
        return pytester.runpytest("-v", *(f"-pno:{name}" for name in others), *options)

    return run_tests


# -- fixtures


def test_the_clock_is_installed_for_the_test(run):
    result = run("""
def test_scheduler(fake_clock):
    assert isinstance(fake_clock, FakeClock)
    assert Scheduler(FakeJob(takes=3600)).run()
    asyncio.run(asyncio.sleep(60))
    assert fake_clock.time == 3660.0
""")
    result.assert_outcomes(passed=1)


def test_each_test_has_a_clock_of_its_own(run):
    result = run("""
@pytest.mark.parametrize("n", range(3))
def test_scheduler(fake_clock, n):
    Scheduler(FakeJob(takes=3600)).run()
    assert fake_clock.time == 3600.0
""")
    result.assert_outcomes(passed=3)


def test_nothing_changes_in_a_test_without_a_fixture(run):
    result = run("""
BEFORE = asyncio.events.new_event_loop

def test_with_a_clock(fake_clock):
    assert asyncio.events.new_event_loop is not BEFORE

def test_without():
    assert asyncio.events.new_event_loop is BEFORE
    asyncio.run(check())

async def check():
    assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")
""")
    result.assert_outcomes(passed=2)


def test_print_jobs(run):
    result = run("""
def test_scenario(print_jobs):
    jobs = print_jobs("a b c", sleep=1)
    assert all(isinstance(job, PrintJob) for job in jobs)
    assert [(job.label, job.messages, job.sleep) for job in jobs] == [
        ("a", ("a",), 1), ("b", ("b",), 1), ("c", ("c",), 1)]
    Scheduler(Sequence(*jobs)).run()
    assert print_jobs.printed == [(0.0, "a"), (1.0, "b"), (2.0, "c")]

def test_other_options(print_jobs, capsys):
    scheduler = Scheduler()
    a, = print_jobs("a", banner="====", scheduler=scheduler)
    assert a.repr_main() == "<PrintJob `a`>"
    scheduler.run()
    assert print_jobs.printed == [(0.0, "===="), (0.0, "a")]
    assert capsys.readouterr().out == "====\\na\\n"
""")
    result.assert_outcomes(passed=2)


def test_watch(run):
    result = run("""
def test_elapsed(watch, capsys):
    FakeJob(takes=1.5).standalone_run()
    assert isinstance(watch, Watch)
    assert (watch.seconds(), capsys.readouterr().out) == (1.5, "")
""")
    result.assert_outcomes(passed=1)


def test_a_failed_test_shows_its_timeline(run):
    result = run("""
def test_order(fake_clock, timeline):
    scheduler = dag("a>b", label="pair")
    seen = timeline(scheduler)
    assert isinstance(seen, Timeline)
    scheduler.run()
    assert seen.start("b") == 5
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- timeline of <Dag `pair`> -*",
            "a  |#########################                         |  0 - 1  done",
            "b  |                         #########################|  1 - 2  done",
        ]
    )


def test_a_timeline_is_not_shown_twice(run):
    result = run("""
def test_order(fake_clock, timeline):
    scheduler = dag("a>b", label="pair")
    seen = timeline(scheduler)
    scheduler.run()
    seen.assert_order("b", "a")
""")
    assert str(result.stdout).count("1 - 2  done") == 1


def test_a_passed_test_shows_no_timeline(run):
    result = run(
        """
def test_order(fake_clock, timeline):
    timeline(dag("a>b"))
""",
        "-rA",
    )
    result.assert_outcomes(passed=1)
    assert "timeline of" not in str(result.stdout)


def test_a_deadlock_names_the_waiting_job(run):
    result = run("""
async def wait():
    await asyncio.Event().wait()

def test_scheduler(fake_clock):
    Scheduler(Job(wait, label="fetch")).run()
""")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"E +.*DeadlockError: at 0 s, nothing is left to wait for; still waiting:",
            r"E  .*`fetch`",
        ]
    )


# -- marker


def test_the_marker_sets_options(run):
    result = run("""
@pytest.mark.fake_clock(start=5, autojump=False)
def test_advance(fake_clock):
    fake_clock.run(fake_clock.advance(1))
    assert fake_clock.time == 6.0
""")
    result.assert_outcomes(passed=1)


def test_the_marker_alone_is_enough(run):
    result = run(
        """
@pytest.mark.fake_clock
@pytest.mark.parametrize("n", [1, 2])
def test_scheduler(n):
    assert FakeJob(takes=3600, result=n).standalone_run() == n

@pytest.mark.fake_clock(start=7)
class TestMany:
    def test_time(self):
        async def now():
            return asyncio.get_running_loop().time()
        assert asyncio.run(now()) == 7.0
""",
        "--strict-markers",
    )
    result.assert_outcomes(passed=3)


def test_doctests_are_left_alone(pytester, run):
    pytester.makefile(".txt", test_prose=">>> 1 + 1\n2")
    result = run("def test_function(fake_clock): pass", "--doctest-glob=*.txt")
    result.assert_outcomes(passed=2)


def test_the_marker_is_documented(run):
    result = run("", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.fake_clock(*options): run the test under a *"])


def test_an_unknown_option_of_the_marker_is_an_error(run):
    result = run("""
@pytest.mark.fake_clock(speed=2)
def test_scheduler():
    pass
""")
    result.assert_outcomes(errors=1)


# -- seeds

RACE = """
@pytest.mark.fake_clock
def test_race():
    async def step(name):
        await asyncio.sleep(1)
        log.append(name)

    log = []
    Scheduler(Job(step, "a"), Job(step, "b")).run()
    assert log == ["a", "b"]

def test_no_clock():
    pass

def test_clock(fake_clock):
    pass
"""


def test_without_the_option_each_test_runs_once(run):
    result = run(RACE)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*::test_clock PASSED*"])


def test_each_test_with_a_clock_runs_once_for_each_seed(run):
    result = run(RACE, "--asynciojobs-seeds=6", "--collect-only")
    names = re.findall(r"<Function (\S+)>", str(result.stdout))
    assert names == [
        *(f"test_race[seed{seed}]" for seed in range(6)),
        "test_no_clock",
        *(f"test_clock[seed{seed}]" for seed in range(6)),
    ]


def test_a_failed_test_shows_its_seed(run):
    result = run(RACE, "--asynciojobs-seeds=6")
    failed = re.findall(r"FAILED \S+::test_race\[seed(\d)\]", str(result.stdout))
    assert 0 < len(failed) < 6
    for seed in failed:
        result.stdout.fnmatch_lines(
            [
                f"*- task order of seed {seed} -*",
                f"to reproduce: @pytest.mark.fake_clock(seed={seed})",
            ]
        )


def test_a_failure_can_be_reproduced_by_its_seed_alone(run):
    result = run(RACE, "--asynciojobs-seeds=6")
    name = re.findall(r"FAILED \S+::(test_race\[seed\d\])", str(result.stdout))[0]
    again = run(RACE, "--asynciojobs-seeds=6", "-k", name)
    again.assert_outcomes(failed=1, deselected=12)


def test_a_seed_of_the_marker_wins_over_the_option(run):
    result = run(
        """
@pytest.mark.fake_clock(seed=7)
def test_seed(fake_clock):
    assert fake_clock.seed == 7

@pytest.mark.fake_clock(seed=None)
def test_no_seed(fake_clock):
    assert fake_clock.seed is None

class TestAll:
    @pytest.fixture(scope="class")
    def seven(self, request):
        request.applymarker(pytest.mark.fake_clock(seed=7))

    def test_seed_of_a_fixture(self, seven, fake_clock):
        assert fake_clock.seed == 7
""",
        "--asynciojobs-seeds=3",
    )
    result.assert_outcomes(passed=5)


def test_a_marker_that_a_fixture_adds_after_the_clock_is_an_error(run):
    # The clock is set up before the fixtures of its test.
    result = run("""
@pytest.fixture
def seven(request):
    request.applymarker(pytest.mark.fake_clock(seed=7))

@pytest.fixture
def plain(request):
    request.applymarker(pytest.mark.fake_clock)

def test_options(seven, fake_clock):
    assert False

def test_no_options(plain, fake_clock):
    assert fake_clock.seed is None
""")
    result.assert_outcomes(passed=1, failed=1)
    message = (
        "test_options got Mark(name='fake_clock', args=(), kwargs={'seed': 7}) from a fixture "
        "after its clock was made: put the marker on the test, or give that fixture a wider "
        "scope, such as class"
    )
    result.stdout.fnmatch_lines([message])


def test_a_negative_number_of_seeds_is_refused(run):
    # Without this check, pytest would skip all tests that use the clock, and succeed.
    result = run(RACE, "--asynciojobs-seeds=-1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --asynciojobs-seeds must be 0 or more, not -1"])


# -- leftovers


def test_leftovers_fail_the_test_and_name_the_job(run):
    result = run("""
async def task():
    asyncio.create_task(asyncio.sleep(100), name="stray")
    await asyncio.sleep(1)

async def fail():
    raise ZeroDivisionError("by zero")

async def exception():
    asyncio.create_task(fail(), name="stray")
    await asyncio.sleep(1)

async def coroutine():
    asyncio.sleep(1)

@pytest.mark.parametrize("function", [task, exception, coroutine])
def test_leaves(fake_clock, function):
    Scheduler(Job(function, label="fetch")).run()
""")
    result.assert_outcomes(failed=3)
    named = re.findall("it was made in <Job `fetch`>$", str(result.stdout), re.MULTILINE)
    assert len(named) == 3


def test_a_failed_test_does_not_report_leftovers(run):
    result = run("""
async def task():
    asyncio.create_task(asyncio.sleep(100), name="stray")
    await asyncio.sleep(1)

def test_leaves(fake_clock):
    Scheduler(Job(task, label="fetch")).run()
    assert False
""")
    result.assert_outcomes(failed=1)
    assert "still alive" not in str(result.stdout)


def test_a_failed_fixture_does_not_report_leftovers(run):
    result = run("""
async def task():
    asyncio.create_task(asyncio.sleep(100), name="stray")

@pytest.fixture
def lab(fake_clock):
    asyncio.run(task())
    assert False

def test_leaves(lab):
    pass
""")
    result.assert_outcomes(errors=1)
    assert "still alive" not in str(result.stdout)


def test_a_failed_unittest_does_not_report_leftovers(run):
    result = run("""
import unittest

async def task():
    asyncio.create_task(asyncio.sleep(100), name="stray")

class TestLab(unittest.TestCase):
    @pytest.mark.fake_clock
    def test_leaves(self):
        asyncio.run(task())
        assert False
""")
    result.assert_outcomes(failed=1)
    assert "still alive" not in str(result.stdout)


def test_leftovers_do_not_affect_the_next_test(run):
    result = run(
        """
async def coroutine():
    asyncio.sleep(1)

@pytest.mark.xfail(strict=True)
def test_leaves(fake_clock):
    Scheduler(Job(coroutine, label="fetch")).run()

def test_next(fake_clock):
    pass
""",
        "-Werror",
    )
    result.assert_outcomes(xfailed=1, passed=1)


def test_a_test_is_not_blamed_for_what_a_test_without_a_clock_has_dropped(run):
    result = run(
        """
class Cycle:
    pass

async def lost():
    pass

def test_no_clock():
    cycle = Cycle()
    cycle.me, cycle.coroutine = cycle, lost()

def test_next(fake_clock):
    assert Scheduler(Job(asyncio.sleep, 3)).run()
""",
        "-Wdefault",
    )
    result.assert_outcomes(passed=2, warnings=1)
