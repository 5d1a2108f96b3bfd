"""The pytest plugin. It changes nothing in tests that don't use its fixtures."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import pytest

from asynciojobs import PureScheduler, Watch

from ._errors import LeftoverError
from ._inforce import Installation, in_force
from ._printjobs import PrintJobs
from .clock import FakeClock, NoClock
from .commands import FakeCommands
from .timeline import Timeline

__all__ = ["fake_clock", "fake_commands", "print_jobs", "timeline", "watch"]

SEED = "_asynciojobs_seed"
"""The fixture that ``--asynciojobs-seeds`` parametrizes tests with."""

installed_for_test: pytest.StashKey[Installation | None] = pytest.StashKey()
clock_of: pytest.StashKey[FakeClock] = pytest.StashKey()
# The options that the clock was made with.
marker_of: pytest.StashKey[pytest.Mark] = pytest.StashKey()
timelines_of: pytest.StashKey[list[Timeline]] = pytest.StashKey()


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
    """Run each test that uses the clock once for each seed, unless it has its own seed."""
    use_clock_if_marked(metafunc.definition, metafunc.fixturenames)
    seeds = metafunc.config.getoption("--asynciojobs-seeds")
    if seeds and "fake_clock" in metafunc.fixturenames and not has_seed(metafunc.definition):
        if SEED not in metafunc.fixturenames:
            metafunc.fixturenames.append(SEED)
        ids = [f"seed{seed}" for seed in range(seeds)]
        metafunc.parametrize(SEED, range(seeds), ids=ids, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Treat the marker like a request for the fixture, and set up the clock first."""
    if isinstance(item, pytest.Function):
        use_clock_if_marked(item, item.fixturenames)
        if "fake_clock" in item.fixturenames:
            put_clock_first(item)
            use_loop_of_its_own(item)


def use_clock_if_marked(node: pytest.Item, fixturenames: list[str]) -> None:
    """Add the fixture `fake_clock` to a test that has the marker."""
    if node.get_closest_marker("fake_clock") and "fake_clock" not in fixturenames:
        fixturenames.append("fake_clock")


def has_seed(node: pytest.Item) -> bool:
    """Return whether the marker of a test sets the seed, which overrides the option."""
    return "seed" in options_of(node).kwargs


def options_of(node: pytest.Item) -> pytest.Mark:
    """Return the marker of a test; if it has none, one without options."""
    return node.get_closest_marker("fake_clock") or pytest.mark.fake_clock.mark


# -- a loop on the clock


def put_clock_first(item: pytest.Function) -> None:
    """Set up the clock before all other fixtures of the test, as one of them may make the loop.

    Fixtures of a wider scope come before it, since they belong to other tests, too.
    """
    names = item.fixturenames
    wide = wide_fixtures(item)
    if "fake_clock" not in wide:
        narrow = [name for name in names if name not in wide and name != "fake_clock"]
        names[:] = [*wide, "fake_clock", *narrow]


def use_loop_of_its_own(item: pytest.Function) -> None:
    """Make pytest-asyncio give this test its own loop, even if it shares one with others.

    If the test has asynchronous fixtures of a wider scope, it needs their loop. That loop keeps
    real time, and will be refused.
    """
    marker = item.get_closest_marker("asyncio")
    wide = wide_fixtures(item)
    if marker is None or "fake_clock" in wide or any(map(is_async, wide.values())):
        return
    options = {name: value for name, value in marker.kwargs.items() if name != "scope"}
    own = pytest.mark.asyncio(**{**options, "loop_scope": "function"})
    item.add_marker(own, append=False)


def wide_fixtures(item: pytest.Function) -> dict[str, object]:
    """Return the functions of the fixtures that outlive a test, by name."""
    found: dict[str, object] = {}
    for name in item.fixturenames:
        # The last one is the closest. Arguments of parametrize() have none.
        for fixture in item._fixtureinfo.name2fixturedefs.get(name, ())[-1:]:
            if fixture.scope != "function":
                found[name] = fixture.func
    return found


def is_async(function: object) -> bool:
    """Return whether a function, or the one that it wraps, needs a loop."""
    inner = inspect.unwrap(function) if callable(function) else function
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Set up fixtures that outlive the test, such as a module's loop, without its clock."""
    installation = request.config.stash.get(installed_for_test, None)
    if installation is None or fixturedef.scope == "function":
        return (yield)
    with NoClock():
        return (yield)


# -- fixtures


def node_of(request: pytest.FixtureRequest) -> pytest.Item:
    """Return the test that requests a fixture; pytest does not declare the type of `node`."""
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
    marker = options_of(node)
    options: dict[str, Any] = dict(marker.kwargs)
    if _asynciojobs_seed is not None:
        options.setdefault("seed", _asynciojobs_seed)  # the marker may come from a fixture
    clock = FakeClock(*marker.args, **options)
    node.stash[clock_of] = clock
    node.stash[marker_of] = marker
    with clock.installed():
        request.config.stash[installed_for_test] = in_force()
        try:
            yield clock
        finally:
            request.config.stash[installed_for_test] = None


@pytest.fixture
def timeline(request: pytest.FixtureRequest) -> Iterator[Callable[[PureScheduler], Timeline]]:
    """``timeline(scheduler)`` starts a `Timeline`; if the test fails, its chart is shown."""
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
    """``print_jobs("a b c", sleep=1)`` returns three PrintJobs to use on the fake clock.

    ``print_jobs.printed`` lists what they printed, as ``(time, text)``.
    """
    return PrintJobs()


@pytest.fixture
def fake_commands(fake_clock: FakeClock) -> Iterator[FakeCommands]:  # noqa: ARG001 - installs it
    """``fake_commands("ssh * reboot", takes=90)`` scripts commands; no process is started.

    ``fake_commands.calls`` lists the commands that were started, as ``(time, argv, input)``;
    ``fake_commands.signals`` lists the signals that they were sent.
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
    """Fail a test that leaves something behind, or does not run on its clock."""
    installation = pyfuncitem.config.stash.get(installed_for_test, None)
    if installation is None:
        return (yield)
    if text := late_marker(pyfuncitem):
        pytest.fail(text, pytrace=False)
    runs = installation.state.runs
    try:
        result = yield
    except Exception as error:
        # RuntimeErrors include ours; they already explain that a loop was refused.
        if not isinstance(error, RuntimeError) and (text := off_clock(pyfuncitem, runs)):
            error.add_note(text)
        raise
    if text := off_clock(pyfuncitem, runs) or leftovers_of(pyfuncitem.stash[clock_of]):
        pytest.fail(text, pytrace=False)  # a traceback would only show the plugin
    return result


def late_marker(item: pytest.Function) -> str:
    """Return an error text if a fixture set options after the clock was made; or empty."""
    marker = options_of(item)
    if marker == item.stash[marker_of]:
        return ""
    return (
        f"{item.name} got {marker!r} from a fixture after its clock was made: put the marker "
        "on the test, or give that fixture a wider scope, such as class"
    )


def off_clock(item: pytest.Function, runs: int) -> str:
    """Return an error text if a test needed a loop, but none ran on its clock; or empty.

    Args:
        item: the test, after its call.
        runs: how many runs the clock had seen before the test.
    """
    installation = item.config.stash[installed_for_test]
    if installation is None or installation.state.runs > runs or not is_async(item.obj):
        return ""
    return (
        f"{item.name} uses {installation.clock!r}, but no loop ran on that clock: run the test "
        "with asyncio, in a loop that asyncio.Runner() or `fake_clock.loop_factory()` makes"
    )


def leftovers_of(clock: FakeClock) -> str:
    """Return a text about what runs under a clock left behind; empty if they left nothing."""
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

    If the test or a fixture failed, its leftovers are not reported, too.
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
    """Add the timelines to a report that its error message does not show already."""
    for seen in timelines:
        chart = str(seen)
        if chart.splitlines()[0] not in report.longreprtext:
            report.sections.append((f"timeline of {seen.scheduler.repr_main()}", chart))
