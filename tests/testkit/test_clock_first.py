"""The clock's fixture, together with plugins that make loops for tests."""

from __future__ import annotations

import pytest

pytest_plugins = "pytester"

NOT_TESTED = (
    "rerunfailures",
    "hypothesispytest",
    "platformdirs",
    "pytest_mock",
    "randomly",
    "xdist",
)
OTHERS = tuple(f"-pno:{name}" for name in NOT_TESTED)

HEAD = """
import asyncio
import pytest

from asynciojobs import Job, Scheduler
from asynciojobs_testkit import FakeClock

async def is_real():
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop()).__module__.startswith("asyncio.")
"""

FOR_ASYNCIO = (
    HEAD
    + """
import pytest_asyncio

pytestmark = pytest.mark.asyncio
"""
)


@pytest.fixture
def run(pytester):
    """Return a function that runs the tests in a text."""

    def run_tests(text, *options, ini=""):
        pytester.makepyfile(text)
        if "pytest_asyncio" in text:
            ini += "asyncio_default_fixture_loop_scope = function\n"
        pytester.makeini(f"[pytest]\n{ini}")
        return pytester.runpytest("-Werror", "-rA", *OTHERS, *options)

    return run_tests


def reasons(result):
    """Return the outcome of each test and, if it failed, the error, by its name."""
    found = {}
    for line in result.outlines:
        outcome, _, rest = line.partition(" ")
        if outcome in ("PASSED", "FAILED", "ERROR") and "::" in rest:
            name, _, reason = rest.partition(" - ")
            found[name.partition("::")[2]] = reason or outcome
    return found


def refused(result, *names):
    """Check that these tests, and no others, were refused, with a text that names a remedy."""
    outcomes = reasons(result)
    assert {name for name, reason in outcomes.items() if reason != "PASSED"} == set(names)
    for name in names:
        assert outcomes[name].startswith("RuntimeError: <"), outcomes[name]
    text = str(result.stdout)
    assert text.count(" keeps real time, while <FakeClock at 0 s> is installed. Install the ")


@pytest.fixture(autouse=True)
def wide_lines(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")


# -- pytest-asyncio


@pytest.fixture(params=["strict", "auto"])
def mode(request):
    pytest.importorskip("pytest_asyncio")
    return f"--asyncio-mode={request.param}"


def test_the_clock_comes_before_the_fixtures_that_make_the_loop(run, mode):
    result = run(
        FOR_ASYNCIO
        + """
@pytest_asyncio.fixture
async def client():
    await asyncio.sleep(1)
    yield asyncio.get_running_loop()
    await asyncio.sleep(1)

@pytest_asyncio.fixture(autouse=True)
async def always():
    await asyncio.sleep(1)

async def test_arguments(client, fake_clock):
    assert fake_clock.time == 2
    await asyncio.sleep(2)
    assert client is asyncio.get_running_loop()
    assert fake_clock.time == 4

@pytest.mark.fake_clock(start=5)
async def test_marker(client):
    assert asyncio.get_running_loop().time() == 7

class TestClass:
    @pytest.mark.parametrize("n", [1, 2])
    async def test_print_jobs(self, client, n, print_jobs):
        assert asyncio.get_running_loop().time() == 2

async def test_real(client):
    assert await is_real()
""",
        mode,
    )
    result.assert_outcomes(passed=5)


@pytest.mark.parametrize("ini", ["", "asyncio_default_test_loop_scope = session\n"])
def test_a_test_on_the_clock_has_a_loop_of_its_own(run, mode, ini):
    text = (
        FOR_ASYNCIO
        + """
loops = set()

@pytest.mark.asyncio(loop_scope="module")
class TestModule:
    async def test_one(self, fake_clock):
        await asyncio.sleep(2)
        assert fake_clock.time == 2

    async def test_two(self, fake_clock):
        await asyncio.sleep(2)
        assert fake_clock.time == 2

    async def test_real(self):
        loops.add(asyncio.get_running_loop())
        assert await is_real()

    async def test_clock(self, fake_clock):
        await asyncio.sleep(2)
        assert fake_clock.time == 2

    async def test_real_again(self):
        assert asyncio.get_running_loop() in loops
        assert await is_real()

async def test_default_scope(fake_clock):
    await asyncio.sleep(2)
    assert fake_clock.time == 2

async def test_default_scope_real():
    assert await is_real()
"""
    )
    run(text, mode, ini=ini).assert_outcomes(passed=7)


def test_a_fixture_of_a_wider_loop_is_refused(run, mode):
    result = run(
        FOR_ASYNCIO
        + """
@pytest_asyncio.fixture(loop_scope="module")
async def client():
    await asyncio.sleep(0)

async def test_clock(client, fake_clock):
    pass

@pytest.mark.asyncio(loop_scope="module")
async def test_real(client):
    assert await is_real()
""",
        mode,
    )
    refused(result, "test_clock")


def test_a_test_that_needs_a_wider_loop_is_refused(run, mode):
    result = run(
        FOR_ASYNCIO
        + """
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool():
    yield asyncio.get_running_loop()
    await asyncio.sleep(0)

@pytest.mark.asyncio(loop_scope="module")
async def test_clock(pool, fake_clock):
    pass

async def test_loop_of_its_own(pool, fake_clock):
    await asyncio.sleep(2)
    assert fake_clock.time == 2

@pytest.mark.asyncio(loop_scope="module")
async def test_real(pool):
    assert pool is asyncio.get_running_loop()
    assert await is_real()
""",
        mode,
    )
    refused(result, "test_clock")


def test_a_clock_of_a_fixture_of_ones_own_may_come_too_late(run, mode):
    result = run(
        FOR_ASYNCIO
        + """
@pytest_asyncio.fixture
async def client():
    await asyncio.sleep(0)

@pytest.fixture
def clock():
    with FakeClock().installed() as clock:
        yield clock

async def test_late(client, clock):
    pass

async def test_early(clock, client):
    await asyncio.sleep(2)
    assert clock.time == 2
""",
        mode,
    )
    refused(result, "test_late")


def test_a_clock_of_a_module_is_left_alone(run, mode):
    result = run(
        FOR_ASYNCIO
        + """
@pytest.fixture(scope="module")
def fake_clock():
    with FakeClock().installed() as clock:
        yield clock

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(fake_clock):
    yield asyncio.get_running_loop()
    await asyncio.sleep(1)

@pytest.mark.asyncio(loop_scope="module")
async def test_clock(pool, fake_clock):
    await asyncio.sleep(2)
    assert fake_clock.time == 2
    assert pool is asyncio.get_running_loop()
""",
        mode,
    )
    result.assert_outcomes(passed=1)


def test_a_clock_that_is_not_that_of_the_loop(run, pytester):
    pytest.importorskip("pytest_asyncio", "1.4")
    pytester.makeconftest("""
from asynciojobs_testkit import FakeClock

clock = FakeClock()

def pytest_asyncio_loop_factories(config, item):
    return {"fake": clock.loop_factory}
""")
    result = run(
        FOR_ASYNCIO
        + """
async def test_two_clocks(fake_clock):
    await asyncio.sleep(2)

async def test_one_clock():
    await asyncio.sleep(3600)
"""
    )
    result.assert_outcomes(failed=1, passed=1)
    assert "test_two_clocks uses <FakeClock at 0 s>, but no loop " in str(result.stdout)


# -- anyio


def test_anyio(run):
    pytest.importorskip("anyio")
    result = run(
        HEAD
        + """
pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
async def client():
    await asyncio.sleep(1)
    yield
    await asyncio.sleep(1)

async def test_clock(client, fake_clock, anyio_backend):
    await asyncio.sleep(2)
    assert fake_clock.time == 3

async def test_real(client, anyio_backend):
    assert await is_real()
""",
        "-pno:asyncio",
    )
    result.assert_outcomes(passed=2)


def test_a_loop_of_anyio_that_is_wider_is_refused(run):
    pytest.importorskip("anyio")
    result = run(
        HEAD
        + """
pytestmark = pytest.mark.anyio

@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"

@pytest.fixture(scope="module")
async def pool():
    yield
    await asyncio.sleep(0)

async def test_clock(pool, fake_clock, anyio_backend):
    pass

async def test_real(pool, anyio_backend):
    assert await is_real()
""",
        "-pno:asyncio",
    )
    refused(result, "test_clock")


# -- other runners

STEPS = """
    import inspect

    def pytest_pyfunc_call(pyfuncitem):
        # Runs coroutines without asyncio, as pytest-trio does.
        if inspect.iscoroutinefunction(pyfuncitem.obj):
            try:
                pyfuncitem.obj(fake_clock=pyfuncitem.funcargs["fake_clock"]).send(None)
            except StopIteration:
                return True
"""


def test_a_coroutine_that_did_not_run_on_its_clock(run, pytester):
    pytester.makeconftest(STEPS)
    result = run(
        HEAD
        + """
async def test_passes(fake_clock):
    pass

async def test_fails(fake_clock):
    assert fake_clock.time == 1

async def test_is_skipped(fake_clock):
    pytest.skip("not today")

async def test_explains(fake_clock):
    raise RuntimeError("why")
""",
        "-pno:asyncio",
        "-pno:anyio",
    )
    result.assert_outcomes(failed=3, skipped=1)
    # A summary at the end may show the message once more.
    text = str(result.stdout).partition("= short test summary info =")[0]
    for name, count in {"passes": 1, "fails": 1, "is_skipped": 0, "explains": 0}.items():
        assert count == text.count(
            f"test_{name} uses <FakeClock at 0 s>, but no loop ran on that clock: run the test "
            "with asyncio, in a loop that asyncio.Runner() or `fake_clock.loop_factory()` makes"
        )


def test_fixtures_that_outlive_the_test_are_set_up_without_its_clock(run):
    result = run(
        HEAD
        + """
@pytest.fixture(scope="module")
def shared():
    assert asyncio.run(is_real())
    job = Job(is_real)
    assert Scheduler(job).run() and job.result()
    with asyncio.Runner() as runner:
        runner.get_loop()
        yield runner

def test_clock(fake_clock, request):
    runner = request.getfixturevalue("shared")
    with pytest.raises(RuntimeError, match="keeps real time"):
        runner.run(is_real())
    asyncio.run(asyncio.sleep(1))
    assert fake_clock.time == 1

def test_real(shared):
    assert shared.run(is_real())
""",
        "-pno:asyncio",
        "-pno:anyio",
    )
    result.assert_outcomes(passed=2)
