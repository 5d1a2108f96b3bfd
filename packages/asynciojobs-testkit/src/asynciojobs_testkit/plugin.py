"""The pytest plugin: nothing changes in a test that asks for none of its fixtures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import pytest

from asynciojobs import PureScheduler, Watch

from ._errors import LeftoverError
from ._printjobs import PrintJobs
from .clock import FakeClock
from .timeline import Timeline

__all__ = ["fake_clock", "print_jobs", "timeline", "watch"]

SEED = "_asynciojobs_seed"
"""The name of the fixture that is parametrized with the seeds."""

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
        help="run each test that uses the fake clock under N orders of what is ready",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and check the option.

    Raises:
        UsageError: the number of seeds is negative.
    """
    seeds = config.getoption("--asynciojobs-seeds") or 0
    if seeds < 0:
        raise pytest.UsageError(f"--asynciojobs-seeds must be 0 or more, not {seeds}")
    config.addinivalue_line(
        "markers",
        "fake_clock(**options): run the test under a FakeClock of these options: start, "
        "autojump, horizon, real_limit, seed, wall.",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses the clock under as many orders as was asked for."""
    use_clock_if_marked(metafunc.definition, metafunc.fixturenames)
    seeds = metafunc.config.getoption("--asynciojobs-seeds")
    if seeds and "fake_clock" in metafunc.fixturenames:
        if SEED not in metafunc.fixturenames:
            metafunc.fixturenames.append(SEED)
        ids = [f"seed{seed}" for seed in range(seeds)]
        metafunc.parametrize(SEED, range(seeds), ids=ids, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the marker do what asking for the fixture does."""
    if isinstance(item, pytest.Function):
        use_clock_if_marked(item, item.fixturenames)


def use_clock_if_marked(node: pytest.Item, fixturenames: list[str]) -> None:
    """Add the fixture `fake_clock` to those of a test, if it has the marker."""
    if node.get_closest_marker("fake_clock") and "fake_clock" not in fixturenames:
        fixturenames.append("fake_clock")


# -- fixtures


def node_of(request: pytest.FixtureRequest) -> pytest.Item:
    """Return the test that asks for a fixture, of which pytest does not tell the type."""
    node: pytest.Item = cast("Any", request).node
    return node


@pytest.fixture(name=SEED)
def seed_of_test(request: pytest.FixtureRequest) -> int | None:
    """The seed that the option has chosen for this test."""
    seed: int | None = getattr(request, "param", None)
    return seed


@pytest.fixture
def fake_clock(
    request: pytest.FixtureRequest, _asynciojobs_seed: int | None
) -> Iterator[FakeClock]:
    """A `FakeClock`, installed for the test: ``scheduler.run()`` takes no real time.

    The marker ``@pytest.mark.fake_clock(autojump=False, …)`` gives it options. What the test
    leaves behind fails it: tasks, exceptions and coroutines that nobody has looked at.
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
    """``timeline(scheduler)`` is a `Timeline` from now on; a failed test shows its Gantt."""
    node = node_of(request)
    timelines = node.stash.setdefault(timelines_of, [])
    with contextlib.ExitStack() as stack:

        def observe(scheduler: PureScheduler) -> Timeline:
            seen = stack.enter_context(Timeline(scheduler))
            timelines.append(seen)
            return seen

        yield observe


@pytest.fixture
def print_jobs(fake_clock: FakeClock) -> PrintJobs:  # noqa: ARG001 - it is to be installed
    """``print_jobs("a b c", sleep=1)`` is a list of three PrintJobs, under the fake clock.

    ``print_jobs.printed`` is what they have printed, a list of ``(time, text)``.
    """
    return PrintJobs()


@pytest.fixture
def watch(fake_clock: FakeClock) -> Watch:
    """A silent `Watch` on the fake clock."""
    return fake_clock.watch()


# -- what a test leaves behind, and what a failed one shows


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that has left something behind."""
    result = yield
    clock = pyfuncitem.stash.get(clock_of, None)
    if clock is not None and (leftovers := leftovers_of(clock)):
        pytest.fail(leftovers, pytrace=False)  # a traceback would lead nowhere
    return result


def leftovers_of(clock: FakeClock) -> str:
    """Return what the runs under a clock have left behind, as text."""
    try:
        clock.check_leftovers()
    except LeftoverError as error:
        return str(error)
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the timelines of a failed test, and the seed that its clock had.

    What it has left behind, or a fixture that failed, is not told besides.
    """
    report = yield
    clock = item.stash.get(clock_of, None)
    if clock is not None and not report.passed:
        clock.forget_leftovers()
    if report.when == "call" and report.failed:
        for seen in item.stash.get(timelines_of, list[Timeline]()):
            picture = str(seen)
            if picture.splitlines()[0] not in report.longreprtext:  # a failed assert_… has it
                title = f"timeline of {seen.scheduler.repr_main()}"
                report.sections.append((title, picture))
        if clock is not None and clock.seed is not None:
            advice = f"again: @pytest.mark.fake_clock(seed={clock.seed})"
            report.sections.append((f"order of seed {clock.seed}", advice))
    return report
