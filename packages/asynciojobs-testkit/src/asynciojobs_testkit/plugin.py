"""The pytest plugin. It changes nothing in tests that use none of its fixtures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import pytest

from asynciojobs import PureScheduler, Watch

from ._errors import LeftoverError
from ._printjobs import PrintJobs
from .clock import FakeClock
from .commands import FakeCommands
from .timeline import Timeline

__all__ = ["fake_clock", "fake_commands", "print_jobs", "timeline", "watch"]

SEED = "_asynciojobs_seed"
"""The fixture that ``--asynciojobs-seeds`` parametrizes tests with."""

clock_of = pytest.StashKey[FakeClock]()
timelines_of = pytest.StashKey[list[Timeline]]()


# -- settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--asynciojobs-seeds``."""
    parser.getgroup("asynciojobs").addoption(
        "--asynciojobs-seeds",
        type=int,
        default=0,
        metavar="N",
        help="run each test that uses the fake clock N times, each time with the tasks that "
        "are ready in another order",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the option.

    Raises:
        UsageError: the number of seeds is negative.
    """
    seeds = config.getoption("--asynciojobs-seeds") or 0
    if seeds < 0:
        raise pytest.UsageError(f"--asynciojobs-seeds must be 0 or more, not {seeds}")
    config.addinivalue_line(
        "markers",
        "fake_clock(**options): run the test under a FakeClock with these options: start, "
        "autojump, horizon, real_limit, seed, wall.",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses the clock once for each seed."""
    use_clock_if_marked(metafunc.definition, metafunc.fixturenames)
    seeds = metafunc.config.getoption("--asynciojobs-seeds")
    if seeds and "fake_clock" in metafunc.fixturenames:
        if SEED not in metafunc.fixturenames:
            metafunc.fixturenames.append(SEED)
        ids = [f"seed{seed}" for seed in range(seeds)]
        metafunc.parametrize(SEED, range(seeds), ids=ids, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Treat the marker like a request for the fixture."""
    if isinstance(item, pytest.Function):
        use_clock_if_marked(item, item.fixturenames)


def use_clock_if_marked(node: pytest.Item, fixturenames: list[str]) -> None:
    """Add the fixture `fake_clock` to a test that has the marker."""
    if node.get_closest_marker("fake_clock") and "fake_clock" not in fixturenames:
        fixturenames.append("fake_clock")


# -- fixtures


def node_of(request: pytest.FixtureRequest) -> pytest.Item:
    """Return the test that requests a fixture; pytest leaves the type of `node` open."""
    node: pytest.Item = cast("Any", request).node
    return node


@pytest.fixture(name=SEED)
def seed_of_test(request: pytest.FixtureRequest) -> int | None:
    """The seed of this test if ``--asynciojobs-seeds`` is used, otherwise ``None``."""
    seed: int | None = getattr(request, "param", None)
    return seed


@pytest.fixture
def fake_clock(
    request: pytest.FixtureRequest, _asynciojobs_seed: int | None
) -> Iterator[FakeClock]:
    """A `FakeClock`, installed for the test: ``scheduler.run()`` takes no real time.

    The marker ``@pytest.mark.fake_clock(autojump=False, …)`` sets its options. The test fails
    if it leaves tasks alive, exceptions that were never retrieved, or coroutines that were
    never awaited.
    """
    node = node_of(request)
    marker = node.get_closest_marker("fake_clock") or pytest.mark.fake_clock.mark
    options: dict[str, Any] = dict(marker.kwargs)
    if _asynciojobs_seed is not None:
        options["seed"] = _asynciojobs_seed
    clock = FakeClock(*marker.args, **options)
    node.stash[clock_of] = clock
    with clock.installed():
        yield clock


@pytest.fixture
def timeline(request: pytest.FixtureRequest) -> Iterator[Callable[[PureScheduler], Timeline]]:
    """``timeline(scheduler)`` starts a `Timeline`; a test that fails shows it as a chart."""
    node = node_of(request)
    timelines = node.stash.setdefault(timelines_of, [])
    with contextlib.ExitStack() as stack:

        def observe(scheduler: PureScheduler) -> Timeline:
            seen = stack.enter_context(Timeline(scheduler))
            timelines.append(seen)
            return seen

        yield observe


@pytest.fixture
def print_jobs(fake_clock: FakeClock) -> PrintJobs:  # noqa: ARG001 - installs it
    """``print_jobs("a b c", sleep=1)`` returns three PrintJobs, for use on the fake clock.

    ``print_jobs.printed`` lists what they printed, as ``(time, text)``.
    """
    return PrintJobs()


@pytest.fixture
def fake_commands(fake_clock: FakeClock) -> Iterator[FakeCommands]:  # noqa: ARG001 - installs it
    """``fake_commands("ssh * reboot", takes=90)`` scripts commands; no process is started.

    ``fake_commands.calls`` lists the commands that were started, as ``(time, argv, input)``,
    and ``fake_commands.signals`` the signals that they were sent.
    """
    with FakeCommands() as commands:
        yield commands


@pytest.fixture
def watch(fake_clock: FakeClock) -> Watch:
    """A `Watch` on the fake clock that prints nothing."""
    return fake_clock.watch()


# -- reports


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that leaves something behind."""
    result = yield
    clock = pyfuncitem.stash.get(clock_of, None)
    if clock is not None and (leftovers := leftovers_of(clock)):
        pytest.fail(leftovers, pytrace=False)  # a traceback would only show the plugin
    return result


def leftovers_of(clock: FakeClock) -> str:
    """Return a text on what the runs under a clock left behind; empty if there is nothing."""
    try:
        clock.check_leftovers()
    except LeftoverError as error:
        return str(error)
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the timelines and the seed of a failed test to its report.

    If the test or a fixture failed, its leftovers are not reported as well.
    """
    report = yield
    clock = item.stash.get(clock_of, None)
    if clock is not None and not report.passed:
        clock.forget_leftovers()
    if report.when == "call" and report.failed:
        add_timelines(report, item.stash.get(timelines_of, list[Timeline]()))
        if clock is not None and clock.seed is not None:
            advice = f"to reproduce: @pytest.mark.fake_clock(seed={clock.seed})"
            report.sections.append((f"task order of seed {clock.seed}", advice))
    return report


def add_timelines(report: pytest.TestReport, timelines: list[Timeline]) -> None:
    """Add to a report the timelines that its error message doesn't show already."""
    for seen in timelines:
        chart = str(seen)
        if chart.splitlines()[0] not in report.longreprtext:
            report.sections.append((f"timeline of {seen.scheduler.repr_main()}", chart))
