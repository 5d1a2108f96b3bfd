"""The plugin together with other pytest plugins."""

from __future__ import annotations

import pytest

pytest_plugins = "pytester"

# Plugins that are not tested here, so they are not loaded. rerunfailures would leave a thread
# for each worker of pytest-xdist that has ended; such a thread keeps a processor busy until the
# process of our own tests ends.
NOT_TESTED = ("rerunfailures", "hypothesispytest", "platformdirs", "pytest_mock")
OTHERS = tuple(f"-pno:{name}" for name in NOT_TESTED)

SYNCHRONOUS = """
import asyncio
import pytest
from asynciojobs import Scheduler
from asynciojobs_testkit import FakeClock, FakeJob

@pytest.mark.parametrize("n", range(4))
def test_synchronous(fake_clock, n):
    assert Scheduler(FakeJob(takes=3600)).run()
    assert fake_clock.time == 3600.0
"""


def test_pytest_asyncio(pytester):
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile(
        SYNCHRONOUS
        + """
@pytest.mark.asyncio
async def test_the_loop_is_on_the_clock(fake_clock):
    assert await Scheduler(FakeJob(takes=3600)).co_run()
    assert fake_clock.time == asyncio.get_running_loop().time() == 3600.0

@pytest.mark.asyncio
@pytest.mark.fake_clock(autojump=False)
async def test_by_hand(fake_clock):
    job = FakeJob(takes=10)
    run = asyncio.create_task(Scheduler(job).co_run())
    await fake_clock.advance(9)
    assert not job.is_done()
    await fake_clock.advance(1)
    assert await run

@pytest.mark.asyncio
async def test_real_time():
    begin = asyncio.get_running_loop().time()
    await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().time() - begin >= 0.009
"""
    )
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    result = pytester.runpytest("-Werror", *OTHERS)
    result.assert_outcomes(passed=7)


def test_a_loop_factory_of_pytest_asyncio(pytester):
    pytest.importorskip("pytest_asyncio", "1.4")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest("""
from asynciojobs_testkit import FakeClock

clock = FakeClock()

def pytest_asyncio_loop_factories(config, item):
    return {"fake": clock.loop_factory}
""")
    pytester.makepyfile("""
import asyncio
import pytest

@pytest.mark.asyncio
async def test_time():
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == 3600.0
""")
    pytester.runpytest("-Werror", *OTHERS).assert_outcomes(passed=1)


def test_anyio(pytester):
    pytest.importorskip("anyio")
    pytester.makepyfile(
        SYNCHRONOUS
        + """
import anyio

clock = FakeClock()

@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": clock.loop_factory}

@pytest.mark.anyio
async def test_time():
    with anyio.fail_after(10):
        await anyio.sleep(1)
    assert await Scheduler(FakeJob(takes=3600)).co_run()
    assert clock.time == 3601.0
"""
    )
    pytester.runpytest("-Werror", *OTHERS, "-pno:asyncio").assert_outcomes(passed=5)


def test_xdist(pytester):
    pytest.importorskip("xdist")
    pytester.makepyfile(SYNCHRONOUS)
    options = ("-n2", "--asynciojobs-seeds=3", "-pno:asyncio", *OTHERS)
    pytester.runpytest(*options).assert_outcomes(passed=12)


def test_randomly(pytester):
    pytest.importorskip("pytest_randomly")
    pytester.makepyfile(SYNCHRONOUS)
    options = ("-prandomly", "--asynciojobs-seeds=3", "-pno:asyncio", *OTHERS)
    pytester.runpytest(*options).assert_outcomes(passed=12)


def test_all_together(pytester):
    for plugin in ("pytest_asyncio", "anyio", "xdist", "pytest_randomly"):
        pytest.importorskip(plugin)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(
        SYNCHRONOUS
        + """
@pytest.mark.asyncio
async def test_the_loop_is_on_the_clock(fake_clock):
    await asyncio.sleep(3600)
    assert fake_clock.time == 3600.0

@pytest.mark.anyio
async def test_anyio(fake_clock, anyio_backend):
    pass

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
    )
    pytester.runpytest("-n2", *OTHERS, "--asynciojobs-seeds=2").assert_outcomes(passed=12)
