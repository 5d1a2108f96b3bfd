"""`list()`, `list_safe()` and `debrief()`: their exact lines."""

from __future__ import annotations

import asyncio
import re
import traceback
from functools import partial

import pytest

from asynciojobs import AbstractJob, CallJob, CycleError, Job, Limit, PureScheduler, Scheduler


async def give(value):
    return value


async def fail(exception):
    raise exception


class Detailed(AbstractJob):
    """A job with details."""

    def __init__(self, details, **options):
        super().__init__(**options)
        self._details = details

    def details(self):
        if isinstance(self._details, Exception):
            raise self._details
        return self._details


@pytest.fixture
def printed(capsys):
    """Return a function that calls a method, and returns the lines that it prints."""

    def printed(method, *args, **options):
        capsys.readouterr()
        method(*args, **options)
        return capsys.readouterr().out.splitlines()

    return printed


def origin(error):
    """Return the lines of a traceback with nothing but the frames of this file."""
    shown = traceback.TracebackException.from_exception(error)
    frames = [frame for frame in shown.stack if frame.filename == __file__]
    shown.stack = traceback.StackSummary.from_list(frames)
    return "".join(shown.format()).splitlines()


@pytest.fixture
def chain():
    """Return a scheduler of a ← b ← c, where c is not critical."""
    a = Job(give, 1, label="a")
    b = Job(give, 100.0, label="b1", required=a)
    c = Job(asyncio.sleep, 9, label="c", required=b, critical=False)
    return PureScheduler(c, b, a)


def cyclic(**options):
    a, b = (AbstractJob(label=label) for label in "ab")
    a.requires(b.requires(a))
    return Scheduler(a, b, **options)


CYCLE = (
    "the requirements have a cycle of 2 jobs, <AbstractJob `a`> → <AbstractJob `b`> → "
    "<AbstractJob `a`>: break it with requires(…, remove=True)"
)


# -- list()


def test_list_of_idle_jobs_in_topological_order(chain, printed):
    assert printed(chain.list) == [
        "1 !   ·   <Job `a`> [not done]",
        "2 !   ·   <Job `b1`> [not done] requires={1}",
        "3     ·   <Job `c`> [not done] requires={2}",
    ]


def test_list_of_done_jobs_shows_results(fake_time, chain, printed):
    chain.run()
    assert printed(chain.list) == [
        "1 ! ✓ ●   <Job `a`> [[ -> 1]]",
        "2 ! ✓ ●   <Job `b1`> [[ -> 100.0]] requires={1}",
        "3   ✓ ●   <Job `c`> [[ -> None]] requires={2}",
    ]


def test_list_shows_exceptions(fake_time, printed):
    scheduler = PureScheduler(
        Job(fail, OSError("x"), label="a", critical=False),
        Job(fail, KeyError("k"), label="b"),
    )
    scheduler.run()
    assert printed(scheduler.list) == [
        "1   ✗ ●   <Job `a`> !! exception => OSError:x!!",
        "2 ! ✗ ●   <Job `b`> !! CRIT. EXC. => KeyError:'k'!!",
    ]


def test_list_of_a_cancelled_forever_job_says_stopped(fake_time, printed):
    scheduler = PureScheduler(
        Job(asyncio.sleep, 1, label="a"), Job(asyncio.sleep, 9, label="b", forever=True)
    )
    scheduler.run()
    assert printed(scheduler.list) == [
        "1 ! ✓ ●   <Job `a`> [[ -> None]]",
        "2 !   ■ ∞ <Job `b`> [not done]",
    ]


def test_list_during_a_run(fake_time, printed):
    lines = []

    async def look():
        lines.extend(printed(scheduler.list))

    first = Job(look, label="look")
    scheduler = PureScheduler(
        first,
        Job(give, 1, label="waits"),
        Job(give, 1, label="behind", required=first),
        jobs_window=1,
    )
    scheduler.run()
    assert lines == [
        "1 !   ▸   <Job `look`> [not done]",
        "2 !   ○   <Job `waits`> [not done: waits for a slot of the window]",
        "3 !   ·   <Job `behind`> [not done] requires={1}",
    ]


def test_list_during_a_run_shows_the_limits_that_jobs_wait_for(fake_time, printed):
    lines = []

    async def look():
        await asyncio.sleep(2)
        lines.extend(printed(scheduler.list))

    def sleeps(label, seconds=9, **options):
        return Job(asyncio.sleep, seconds, label=label, **options)

    ssh, gpu, disk = Limit(1, "ssh"), Limit(2, "gpu"), Limit(1, "disk")
    window = Scheduler(
        sleeps("waits", limits=disk), sleeps("fills"), label="window", jobs_window=1
    )
    scheduler = PureScheduler(
        Job(look, label="look"),
        sleeps("holds", limits=[ssh, gpu]),
        sleeps("short", limits=[ssh, (gpu, 2)]),
        sleeps("next", limits=gpu),
        sleeps("soon", 1, limits=disk),
        window,
    )
    scheduler.run()
    texts = (line.partition("[not done: waits for ") for line in lines)
    assert [(before.split()[-1], after[:-1]) for before, found, after in texts if found] == [
        ("`short`>", "<Limit `ssh` 0 of 1 free> and <Limit `gpu` 1 of 2 free>"),
        ("`next`>", "its turn at <Limit `gpu` 1 of 2 free>"),
        ("`waits`>", "a slot of the window"),
    ]


def test_list_shows_all_requirements_by_id(printed):
    a, b, c = (AbstractJob(label=label) for label in "abc")
    d = AbstractJob(label="d", required=[c, a, b])
    assert printed(PureScheduler(a, b, c, d).list)[3] == (
        "4 !   ·   <AbstractJob `d`> [not done] requires={1, 2, 3}"
    )


def test_list_shows_a_requirement_from_outside_without_id(printed):
    job = AbstractJob(label="a", required=AbstractJob())
    assert printed(PureScheduler(job).list) == [
        "1 !   ·   <AbstractJob `a`> [not done] requires={??}"
    ]


def test_list_of_nothing_prints_nothing(printed):
    assert printed(PureScheduler().list) == []


@pytest.mark.parametrize(
    ("size", "first", "last"), [(9, "1", "9"), (10, "01", "10"), (100, "001", "100")]
)
def test_ids_are_zero_padded_to_one_width(printed, size, first, last):
    jobs = [AbstractJob(label="j") for _ in range(size)]
    lines = printed(PureScheduler(*jobs).list)
    rest = " !   ·   <AbstractJob `j`> [not done]"
    assert (lines[0], lines[-1], len(lines)) == (first + rest, last + rest, size)


def test_requirements_are_zero_padded_and_sorted(printed):
    jobs = [AbstractJob(label="j") for _ in range(10)]
    last = AbstractJob(label="last", required=[jobs[9], jobs[1]])
    assert printed(PureScheduler(*jobs, last).list)[-1] == (
        "11 !   ·   <AbstractJob `last`> [not done] requires={02, 10}"
    )


def test_ids_are_those_of_the_latest_list(printed):
    a, b = AbstractJob(label="a"), AbstractJob(label="b")
    PureScheduler(a, b).list()
    assert printed(PureScheduler(b).list) == ["1 !   ·   <AbstractJob `b`> [not done]"]


# -- nested schedulers


@pytest.fixture
def nest():
    """Return a scheduler of a, (b ← c, (d)), e."""
    a, b, d = (AbstractJob(label=label) for label in "abd")
    c = AbstractJob(label="c", required=b)
    innermost = Scheduler(d, label="innermost", critical=False)
    inner = Scheduler(c, b, innermost, label="inner", required=a)
    e = AbstractJob(label="e", required=inner)
    return Scheduler(e, a, inner, label="outer")


def test_list_numbers_nested_jobs_consecutively(nest, printed):
    assert printed(nest.list) == [
        "1 !   ·   <AbstractJob `a`> [not done]",
        "2 !   ·   <Scheduler `inner`> [not done] requires={1} -> entries={3, 4}",
        "3 !   ·   > <AbstractJob `b`> [not done]",
        "4     ·   > <Scheduler `innermost`> [not done] -> entries={5}",
        "5 !   ·   > > <AbstractJob `d`> [not done]",
        "4 --end-- > < <Scheduler `innermost`> exits={5}",
        "6 !   ·   > <AbstractJob `c`> [not done] requires={3}",
        "2 --end-- < <Scheduler `inner`> exits={4, 6}",
        "7 !   ·   <AbstractJob `e`> [not done] requires={2}",
    ]


def test_list_of_an_empty_nested_scheduler(printed):
    assert printed(Scheduler(Scheduler(label="empty")).list) == [
        "1 !   ·   <Scheduler `empty`> [not done] -> entries={}",
        "1 --end-- < <Scheduler `empty`> exits={}",
    ]


def test_the_width_of_ids_includes_nested_jobs(printed):
    nested = Scheduler(*(AbstractJob(label="j") for _ in range(9)), label="s")
    lines = printed(Scheduler(nested).list)
    assert (lines[0], lines[-1]) == (
        "01 !   ·   <Scheduler `s`> [not done] -> entries={02, 03, 04, 05, 06, 07, 08, 09, 10}",
        "01 --end-- < <Scheduler `s`> exits={02, 03, 04, 05, 06, 07, 08, 09, 10}",
    )


def test_list_of_a_nested_scheduler_that_has_run(fake_time, printed):
    scheduler = Scheduler(Scheduler(Job(give, 1, label="a"), label="s"))
    scheduler.run()
    assert printed(scheduler.list) == [
        "1 ! ✓ ●   <Scheduler `s`> [[ -> True]] -> entries={2}",
        "2 ! ✓ ●   > <Job `a`> [[ -> 1]]",
        "1 --end-- < <Scheduler `s`> exits={2}",
    ]


# -- details


def test_list_with_details_shows_them_under_the_label(printed):
    job = Detailed("first\nsecond", label="a")
    assert printed(PureScheduler(job).list, details=True) == [
        "1 !   ·   <Detailed `a`> [not done]",
        "          first",
        "          second",
    ]


def test_details_are_indented_like_their_job(printed):
    job = Detailed("text", label="a")
    assert printed(Scheduler(Scheduler(job, label="s")).list, True) == [
        "1 !   ·   <Scheduler `s`> [not done] -> entries={2}",
        "2 !   ·   > <Detailed `a`> [not done]",
        "            text",
        "1 --end-- < <Scheduler `s`> exits={2}",
    ]


def test_list_shows_no_details_by_default(printed):
    assert printed(PureScheduler(Detailed("text", label="a")).list) == [
        "1 !   ·   <Detailed `a`> [not done]"
    ]


@pytest.mark.parametrize(
    ("details", "lines"),
    [
        (None, []),
        ("", []),
        (["a", 1], ["          ['a', 1]"]),
        (OSError("x"), ["          (details raised OSError)"]),
    ],
)
def test_details_may_be_anything(printed, details, lines):
    assert printed(PureScheduler(Detailed(details)).list, True)[1:] == lines


# -- silence_done_jobs


@pytest.fixture
def half_done(fake_time):
    scheduler = PureScheduler(
        Job(give, 1, label="a"),
        Job(asyncio.sleep, 5, label="b"),
        Scheduler(Job(give, 1, label="c"), label="s"),
        timeout=1,
    )
    scheduler.run()
    return scheduler


def test_list_can_leave_out_the_jobs_that_are_done(half_done, printed):
    assert printed(half_done.list, silence_done_jobs=True) == ["2 !   ■   <Job `b`> [not done]"]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("list", (False, True)), ("list_safe", (True,)), ("debrief", (False, True))],
)
def test_silence_done_jobs_may_be_positional(half_done, printed, method, arguments):
    method = getattr(half_done, method)
    assert printed(method, *arguments) == printed(method, silence_done_jobs=True)


def test_list_safe_can_leave_out_the_jobs_that_are_done(half_done, printed):
    assert printed(half_done.list_safe, silence_done_jobs=True) == [
        "!   ■   <Job `b`> [not done]"
    ]


def test_debrief_can_leave_out_the_jobs_that_are_done(half_done, printed):
    assert printed(half_done.debrief, silence_done_jobs=True) == [
        "===== <PureScheduler of 3 jobs>: TIMED OUT after 1s; running: <Job `b`>",
        "===== 2D + 1X + 0R + 0I = 3",
        "2 !   ■   <Job `b`> [not done]",
    ]


def test_a_nested_scheduler_that_is_not_done_keeps_its_end(fake_time, printed):
    scheduler = PureScheduler(
        Scheduler(Job(give, 1, label="a"), Job(asyncio.sleep, 5, label="b"), label="s"),
        timeout=1,
    )
    scheduler.run()
    assert printed(scheduler.list, silence_done_jobs=True) == [
        "1 !   ■   <Scheduler `s`> [not done] -> entries={2, 3}",
        "3 !   ■   > <Job `b`> [not done]",
        "1 --end-- < <Scheduler `s`> exits={2, 3}",
    ]


def test_a_nested_scheduler_that_is_done_is_listed_if_a_job_of_it_is_not(fake_time, printed):
    cancelled = Job(asyncio.sleep, 9, label="b", forever=True)
    inner = Scheduler(Job(give, 1, label="a"), cancelled, label="t")
    middle = Scheduler(inner, Job(give, 1, label="c"), label="s")
    scheduler = PureScheduler(middle, Scheduler(Job(give, 1), label="u"))
    scheduler.run()
    assert printed(scheduler.list, silence_done_jobs=True) == [
        "1 ! ✓ ●   <Scheduler `s`> [[ -> True]] -> entries={2, 5}",
        "2 ! ✓ ●   > <Scheduler `t`> [[ -> True]] -> entries={3, 4}",
        "4 !   ■ ∞ > > <Job `b`> [not done]",
        "2 --end-- > < <Scheduler `t`> exits={3, 4}",
        "1 --end-- < <Scheduler `s`> exits={2, 5}",
    ]


# -- list_safe()


def test_list_safe_shows_no_ids_and_no_requirements(chain, printed):
    assert printed(chain.list_safe) == [
        "    ·   <Job `c`> [not done]",
        "!   ·   <Job `b1`> [not done]",
        "!   ·   <Job `a`> [not done]",
    ]


def test_list_safe_shows_the_jobs_of_nested_schedulers(nest, printed):
    assert printed(nest.list_safe) == [
        "!   ·   <AbstractJob `e`> [not done]",
        "!   ·   <AbstractJob `a`> [not done]",
        "!   ·   <Scheduler `inner`> [not done]",
        "!   ·   <AbstractJob `c`> [not done]",
        "!   ·   <AbstractJob `b`> [not done]",
        "    ·   <Scheduler `innermost`> [not done]",
        "!   ·   <AbstractJob `d`> [not done]",
    ]


def test_list_safe_works_with_a_cycle(printed):
    assert printed(cyclic().list_safe) == [
        "!   ·   <AbstractJob `a`> [not done]",
        "!   ·   <AbstractJob `b`> [not done]",
    ]


# -- cycles


def test_list_of_a_cycle_is_a_cycle_error():
    with pytest.raises(CycleError, match=f"^{re.escape(CYCLE)}$"):
        cyclic().list()


def test_list_of_a_nested_cycle_is_a_cycle_error():
    with pytest.raises(CycleError, match=f"^{re.escape(CYCLE)}$"):
        Scheduler(AbstractJob(), cyclic()).list()


def test_list_of_a_cycle_prints_nothing(capsys):
    with pytest.raises(CycleError):
        Scheduler(AbstractJob(), cyclic()).list()
    assert capsys.readouterr().out == ""


def test_debrief_of_a_cycle_shows_the_cycle_and_the_safe_list(printed):
    assert printed(cyclic(label="s").debrief) == [
        "===== <Scheduler `s`>: FINE",
        "===== 0D + 0R + 2I = 2",
        f"===== {CYCLE}",
        "!   ·   <AbstractJob `a`> [not done]",
        "!   ·   <AbstractJob `b`> [not done]",
    ]


# -- debrief()


def test_debrief_of_a_fine_run(fake_time, chain, printed):
    chain.run()
    assert printed(chain.debrief) == [
        "===== <PureScheduler of 3 jobs>: FINE",
        "===== 3D + 0R + 0I = 3",
        "1 ! ✓ ●   <Job `a`> [[ -> 1]]",
        "2 ! ✓ ●   <Job `b1`> [[ -> 100.0]] requires={1}",
        "3   ✓ ●   <Job `c`> [[ -> None]] requires={2}",
    ]


def test_debrief_with_details(printed):
    assert printed(PureScheduler(Detailed("text", label="a")).debrief, True) == [
        "===== <PureScheduler of 1 job>: FINE",
        "===== 0D + 0R + 1I = 1",
        "1 !   ·   <Detailed `a`> [not done]",
        "          text",
    ]


def test_debrief_of_a_critical_failure_shows_the_exception_and_its_origin(fake_time, printed):
    error = OSError("x")
    scheduler = PureScheduler(Job(fail, error, label="a"))
    scheduler.run()
    assert printed(scheduler.debrief) == [
        "===== <PureScheduler of 1 job>: CRITICAL FAILURE: <Job `a`> raised OSError:x",
        "===== 1D + 0R + 0I = 1",
        "1 ! ✗ ●   <Job `a`> !! CRIT. EXC. => OSError:x!!",
        "===== <Job `a`> !! CRIT. EXC. => OSError:x!!",
        *origin(error),
    ]


def test_debrief_with_details_shows_the_whole_traceback(fake_time, printed):
    error = OSError("x")
    scheduler = PureScheduler(Job(fail, error, label="a"))
    scheduler.run()
    whole = "".join(traceback.format_exception(error)).splitlines()
    assert printed(scheduler.debrief, True)[4:] == whole
    assert any("tasks.py" in line for line in whole)


@pytest.mark.parametrize("details", [False, True])
def test_debrief_shows_an_exception_of_several_jobs_once_with_its_traceback(
    fake_time, printed, details
):
    error = OSError("x")
    scheduler = PureScheduler(*(Job(fail, error, label=x, critical=False) for x in "ab"))
    scheduler.run()
    lines = printed(scheduler.debrief, details)[4:]
    assert (lines[0], lines[-1]) == (
        "===== <Job `a`> !! exception => OSError:x!!",
        "===== <Job `b`> !! exception => OSError:x!!",
    )


def test_debrief_shows_the_traceback_of_a_cause_at_the_job_that_raised_it(fake_time, printed):
    error = OSError("x")
    giver = Job(fail, error, label="giver", critical=False)
    taker = CallJob(print, giver, label="taker", critical=False)
    scheduler = PureScheduler(taker, giver)
    scheduler.run()
    assert printed(scheduler.debrief)[4:] == [
        f"===== <CallJob `taker`> {taker.repr_result()}",
        "OSError: x",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        f"asynciojobs.RequirementFailed: {taker.raised_exception()}",
        "===== <Job `giver`> !! exception => OSError:x!!",
        *origin(error),
    ]


def test_debrief_shows_causes_that_no_job_raised_with_their_tracebacks(fake_time, printed):
    async def translate():
        try:
            await fail(KeyError("k"))
        except KeyError as error:
            raise OSError("x") from error

    job = Job(translate, label="a")
    scheduler = PureScheduler(job)
    scheduler.run()
    error = job.raised_exception()
    lines = printed(scheduler.debrief)[4:]
    assert lines == [
        *origin(error.__cause__),
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        *own_lines(error),
    ]


def own_lines(error):
    """Return the lines of a traceback, without those of what led to the exception."""
    lines = origin(error)
    return lines[len(lines) - lines[::-1].index("Traceback (most recent call last):") - 1 :]


def test_debrief_shows_the_context_of_an_exception(fake_time, printed):
    async def clumsy():
        try:
            await fail(KeyError("k"))
        finally:
            raise OSError("x")

    job = Job(clumsy, label="a")
    scheduler = PureScheduler(job)
    scheduler.run()
    error = job.raised_exception()
    assert printed(scheduler.debrief)[4:] == [
        *origin(error.__context__),
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        *own_lines(error),
    ]


def test_debrief_shows_a_group_without_frames_of_asyncio(fake_time, printed):
    async def together():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(KeyError("k")))

    scheduler = PureScheduler(Job(together, label="a"))
    scheduler.run()
    lines = printed(scheduler.debrief)[4:]
    files = [line.split('"')[1] for line in lines if "  File " in line]
    assert (set(files), len(files), lines[-2:]) == (
        {__file__},
        2,
        ["    | KeyError: 'k'", "    +------------------------------------"],
    )


def test_debrief_shows_no_traceback_of_an_exception_of_the_package_itself(fake_time, printed):
    async def again():
        pass

    job = Job(again(), label="a")
    scheduler = PureScheduler(job)
    scheduler.run()
    scheduler.run()
    assert printed(scheduler.debrief)[4:] == [
        f"asynciojobs.ConsumedError: {job.raised_exception()}"
    ]


def test_the_origin_of_an_exception_names_the_line_of_the_user(fake_time, printed):
    scheduler = PureScheduler(Job(fail, OSError("x"), critical=False))
    scheduler.run()
    assert "    raise exception" in printed(scheduler.debrief)


def test_debrief_shows_exceptions_of_silenced_jobs(fake_time, printed):
    error = OSError("x")
    scheduler = PureScheduler(Job(fail, error, label="a", critical=False))
    scheduler.run()
    assert printed(scheduler.debrief, silence_done_jobs=True) == [
        "===== <PureScheduler of 1 job>: FINE",
        "===== 1D + 0R + 0I = 1",
        "===== <Job `a`> !! exception => OSError:x!!",
        *origin(error),
    ]


def test_debrief_shows_exceptions_of_nested_jobs(fake_time, printed):
    error = OSError("x")
    inner = Scheduler(Job(fail, error, label="a"), label="s", critical=False)
    scheduler = PureScheduler(inner)
    scheduler.run()
    assert printed(scheduler.debrief) == [
        "===== <PureScheduler of 1 job>: FINE",
        "===== 1D + 0R + 0I = 1",
        "1   ✓ ●   <Scheduler `s`> [[ -> False]] -> entries={2}",
        "2 ! ✗ ●   > <Job `a`> !! CRIT. EXC. => OSError:x!!",
        "1 --end-- < <Scheduler `s`> exits={2}",
        "===== <Scheduler `s`>: CRITICAL FAILURE: <Job `a`> raised OSError:x",
        "===== <Job `s > a`> !! CRIT. EXC. => OSError:x!!",
        *origin(error),
    ]


def test_debrief_shows_a_traceback_once_even_if_it_passed_nested_schedulers(fake_time, printed):
    error = OSError("x")
    inner = Scheduler(Job(fail, error, label="a"), label="t")
    scheduler = PureScheduler(Scheduler(inner, label="s"))
    scheduler.run()
    assert printed(scheduler.debrief)[7:] == [
        "===== <Scheduler `s`> !! CRIT. EXC. => OSError:x!!",
        "===== <Scheduler `s > t`> !! CRIT. EXC. => OSError:x!!",
        "===== <Job `s > t > a`> !! CRIT. EXC. => OSError:x!!",
        *origin(error),
    ]


def test_debrief_shows_the_traceback_of_a_nested_scheduler_that_raised_itself(
    fake_time, printed
):
    class Strange(Scheduler):
        async def co_run(self):
            await super().co_run()
            raise ValueError("z")

    inner = Strange(Job(give, 1), label="s")
    scheduler = PureScheduler(inner)
    scheduler.run()
    assert printed(scheduler.debrief)[5:] == [
        "===== <Strange `s`> !! CRIT. EXC. => ValueError:z!!",
        *origin(inner.raised_exception()),
    ]


def test_debrief_shows_nested_timeouts_in_a_run_that_is_fine(fake_time, printed):
    inner = Scheduler(Job(asyncio.sleep, 9, label="a"), label="s", critical=False, timeout=3)
    scheduler = PureScheduler(inner)
    scheduler.run()
    assert printed(scheduler.debrief) == [
        "===== <PureScheduler of 1 job>: FINE",
        "===== 1D + 0R + 0I = 1",
        "1   ✓ ●   <Scheduler `s`> [[ -> False]] -> entries={2}",
        "2 !   ■   > <Job `a`> [not done]",
        "1 --end-- < <Scheduler `s`> exits={2}",
        "===== <Scheduler `s`>: TIMED OUT after 3s; running: <Job `a`>",
    ]


def test_debrief_shows_exceptions_of_shutdowns_at_all_depths(fake_time, printed):
    errors = OSError("x"), OSError("y")
    outer, inner = (
        Job(give, 1, label=label, coshutdown=partial(fail, error))
        for label, error in zip("ab", errors, strict=True)
    )
    scheduler = PureScheduler(outer, Scheduler(inner, label="s"))
    scheduler.run()
    scheduler.shutdown()
    assert printed(scheduler.debrief)[6:] == [
        "===== co_shutdown() of <Job `a`> failed",
        *origin(errors[0]),
        "===== co_shutdown() of <Job `s > b`> failed",
        *origin(errors[1]),
    ]


def test_nothing_else_prints(capsys, fake_time):
    scheduler = Scheduler(Job(give, 1), Scheduler(Job(give, 2)))
    scheduler.run()
    scheduler.shutdown()
    scheduler.sanitize()
    scheduler.check_cycles()
    scheduler.stats()
    assert capsys.readouterr() == ("", "")
