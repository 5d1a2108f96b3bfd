"""`observe()`: an observer gets each event, in order, and can't break the run."""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import EventKind, Job, JobEvent, PureScheduler, Scheduler
from asynciojobs._dag.jobset import state_of


async def fail(seconds=0):
    await asyncio.sleep(seconds)
    raise ValueError("no")


class Record(list):
    """An observer that keeps events as texts."""

    def __call__(self, event):
        self.append((event.job.label, str(event.kind), event.time))


def sleeper(label, seconds=1.0, **options):
    return Job(asyncio.sleep, seconds, label=label, **options)


def test_a_job_that_returns_is_scheduled_started_and_done(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a", 2))
    scheduler.observe(record)
    scheduler.run()
    assert record == [("a", "scheduled", 0), ("a", "started", 0), ("a", "done", 2)]


def test_a_job_that_raises_is_failed(every_loop):
    record = Record()
    scheduler = PureScheduler(Job(fail, 2, label="a"))
    scheduler.observe(record)
    scheduler.run()
    assert record == [("a", "scheduled", 0), ("a", "started", 0), ("a", "failed", 2)]


def test_a_job_that_the_end_of_the_run_cancels_is_cancelled(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a", 9), timeout=2)
    scheduler.observe(record)
    scheduler.run()
    assert record == [
        ("a", "scheduled", 0),
        ("a", "started", 0),
        ("a", "cancelled", 2),
    ]


def test_successors_are_scheduled_after_their_requirement_is_done(every_loop):
    record = Record()
    a = sleeper("a")
    scheduler = PureScheduler(a, sleeper("b", required=a))
    scheduler.observe(record)
    scheduler.run()
    assert record == [
        ("a", "scheduled", 0),
        ("a", "started", 0),
        ("a", "done", 1),
        ("b", "scheduled", 1),
        ("b", "started", 1),
        ("b", "done", 2),
    ]


def test_in_a_full_window_a_job_is_scheduled_before_it_is_started(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a"), sleeper("b"), jobs_window=1)
    scheduler.observe(record)
    scheduler.run()
    assert record == [
        ("a", "scheduled", 0),
        ("b", "scheduled", 0),
        ("a", "started", 0),
        ("a", "done", 1),
        ("b", "started", 1),
        ("b", "done", 2),
    ]


def test_events_of_nested_jobs_are_sent_from_all_depths(every_loop):
    record = Record()
    scheduler = PureScheduler(
        Scheduler(Scheduler(sleeper("deep"), label="inner"), label="outer")
    )
    scheduler.observe(record)
    scheduler.run()
    assert record == [
        ("outer", "scheduled", 0),
        ("outer", "started", 0),
        ("inner", "scheduled", 0),
        ("inner", "started", 0),
        ("deep", "scheduled", 0),
        ("deep", "started", 0),
        ("deep", "done", 1),
        ("inner", "shutdown", 1),
        ("deep", "shutdown", 1),
        ("inner", "done", 1),
        ("outer", "shutdown", 1),
        ("outer", "done", 1),
    ]


def test_an_observer_of_a_nested_scheduler_gets_only_the_events_of_its_jobs(every_loop):
    record = Record()
    nested = Scheduler(sleeper("in"), label="nested")
    nested.observe(record)
    PureScheduler(nested, sleeper("out")).run()
    assert record == [
        ("in", "scheduled", 0),
        ("in", "started", 0),
        ("in", "done", 1),
        ("in", "shutdown", 1),
    ]


def test_the_shutdown_of_a_scheduler_sends_events(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a"), sleeper("b"))
    scheduler.run()
    scheduler.observe(record)
    scheduler.shutdown()
    assert record == [("a", "shutdown", 0), ("b", "shutdown", 0)]


def test_the_shutdown_of_nested_jobs_sends_events_even_without_a_run(every_loop):
    record = Record()
    scheduler = PureScheduler(Scheduler(sleeper("a"), label="nested"))
    scheduler.observe(record)
    scheduler.shutdown()
    assert record == [("nested", "shutdown", 0), ("a", "shutdown", 0)]


def test_newcomers_send_events(every_loop):
    async def add():
        scheduler.add(Scheduler(sleeper("deep"), label="nested"))

    record = Record()
    scheduler = PureScheduler(Job(add, label="adder"))
    scheduler.observe(record)
    scheduler.run()
    assert [label for label, kind, _ in record if kind == "done"] == [
        "adder",
        "deep",
        "nested",
    ]


def test_an_event_has_the_job_the_kind_and_the_time(every_loop):
    events = []
    job = sleeper("a")
    scheduler = PureScheduler(job)
    scheduler.observe(events.append)
    scheduler.run()
    assert events[-1] == JobEvent(job, EventKind.DONE, 1)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("scheduled", (True, False, False)),
        ("started", (True, True, False)),
        ("done", (True, True, True)),
    ],
)
def test_an_event_agrees_with_the_state_of_the_job(every_loop, kind, state):
    seen = []

    def look(event):
        if event.kind == kind:
            job = event.job
            seen.append((job.is_scheduled(), job.is_running(), job.is_done()))

    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(look)
    scheduler.run()
    assert seen == [state]


def test_observers_are_called_in_the_order_in_which_they_were_added(every_loop):
    heard = []
    scheduler = PureScheduler(sleeper("a"))
    for name in "xyz":
        scheduler.observe(lambda event, name=name: heard.append(name))
    scheduler.run()
    assert heard == list("xyz") * 3


def test_one_function_can_observe_twice_and_close_once(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(record)
    scheduler.observe(record).close()
    scheduler.run()
    assert len(record) == 3


def test_a_closed_observer_gets_no_events(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a"))
    handle = scheduler.observe(record)
    handle.close()
    handle.close()
    scheduler.run()
    assert record == []


def test_a_with_block_ends_the_observation(every_loop):
    record = Record()
    scheduler = PureScheduler(sleeper("a"))
    with scheduler.observe(record):
        scheduler.run()
    scheduler.run()
    assert len(record) == 3


def test_an_observer_can_close_itself(every_loop):
    heard = []

    def once(event):
        heard.append(event.kind)
        handle.close()

    scheduler = PureScheduler(sleeper("a"))
    handle = scheduler.observe(once)
    assert (scheduler.run(), heard) == (True, ["scheduled"])


def test_an_observer_that_closes_itself_does_not_hide_the_event_from_the_next(
    every_loop,
):
    record = Record()
    scheduler = PureScheduler(sleeper("a"))
    handle = scheduler.observe(lambda event: handle.close())
    scheduler.observe(record)
    scheduler.run()
    assert len(record) == 3


def test_an_observer_added_during_a_run_gets_the_rest(every_loop):
    async def listen():
        await asyncio.sleep(1)
        scheduler.observe(record)

    record = Record()
    scheduler = PureScheduler(Scheduler(Job(listen, label="a"), label="nested"))
    scheduler.run()
    assert record == [
        ("a", "done", 1),
        ("nested", "shutdown", 1),
        ("a", "shutdown", 1),
        ("nested", "done", 1),
    ]


@pytest.mark.parametrize(
    "error", [ValueError, asyncio.CancelledError, GeneratorExit, BaseException]
)
def test_an_observer_that_raises_is_logged_and_breaks_nothing(every_loop, caplog, error):
    def bad(event):
        raise error

    record = Record()
    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(bad)
    scheduler.observe(record)
    assert scheduler.run() is True
    assert (caplog.messages, len(record)) == (
        [
            "an observer raised at scheduled <Job `a`>",
            "an observer raised at started <Job `a`>",
            "an observer raised at done <Job `a`>",
        ],
        3,
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_in_an_observer_leaves_co_run(in_loop, error):
    def leave(event):
        if event.kind == "done":
            raise error

    async def main():
        scheduler = PureScheduler(sleeper("a"), sleeper("b", 2))
        scheduler.observe(leave)
        with pytest.raises(error):
            await scheduler.co_run()

    in_loop(main())


def test_an_exit_in_an_observer_leaves_co_run_while_many_jobs_start(in_loop):
    def leave(event):
        if (event.kind, event.job) == ("started", last):
            raise KeyboardInterrupt

    async def main():
        scheduler = PureScheduler(*(sleeper("a") for _ in range(999)), last)
        scheduler.observe(leave)
        with pytest.raises(KeyboardInterrupt):
            await scheduler.co_run()

    last = sleeper("last")
    in_loop(main())


@pytest.mark.parametrize("kind", ["scheduled", "started", "done"])
def test_why_names_the_exit_of_an_observer_that_broke_the_run_off(every_loop, kind):
    def leave(event):
        if event.kind == kind:
            raise SystemExit(3)

    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(leave)
    with pytest.raises(SystemExit):
        scheduler.run()
    assert scheduler.why() == "BROKEN OFF: SystemExit:3"


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_after_an_exit_in_an_observer_the_scheduler_can_run_again(every_loop, kind, error):
    def leave(event):
        if event.kind == kind and event.job.label != "first":
            handle.close()
            raise error

    async def maybe():
        await asyncio.sleep(1)
        if len(ran) == 0:
            ran.append(1)
            raise ValueError

    ran = []
    first = sleeper("first")
    fails = Job(maybe, label="fails")
    behind = Job(asyncio.sleep, 1, label="behind", required=fails)
    scheduler = PureScheduler(
        first,
        sleeper("a", 9, forever=True),
        Scheduler(fails, behind, label="goes on", keep_going=True, critical=False),
        Scheduler(sleeper("deep"), label="nested"),
    )
    handle = scheduler.observe(leave)
    if kind is EventKind.RESTORED:
        assert scheduler.run() is True
    with pytest.raises(error):
        scheduler.run(resume=True)
    assert (scheduler.run(), scheduler.why()) == (True, "FINE")


def test_a_nested_scheduler_that_was_removed_is_no_longer_observed(every_loop):
    record = Record()
    nested = Scheduler(sleeper("a"))
    outer = Scheduler(nested)
    outer.run()
    outer.remove(nested)
    outer.observe(record)
    nested.run()
    assert record == []


def test_a_nested_scheduler_that_has_moved_is_observed_where_it_is_now(every_loop):
    before, after = Record(), Record()
    nested = Scheduler(sleeper("a"), label="nested")
    old, new = Scheduler(nested), Scheduler(nested)
    old.observe(before)
    new.observe(after)
    old.run()
    told = list(before)
    new.run()
    assert (before, after) == (told, told)


def test_a_nested_scheduler_that_has_moved_is_observed_with_all_its_jobs(every_loop):
    before, after = Record(), Record()
    nested = Scheduler(Scheduler(sleeper("a"), label="deep"), label="nested")
    old, new = Scheduler(nested), Scheduler(nested)
    old.observe(before)
    new.observe(after)
    old.run()
    told = list(before)
    new.run()
    assert (before, after) == (told, told)


@pytest.mark.parametrize(
    ("between", "started"), [(0, {"a", "outer", "b"}), (1, {"a", "outer", "b", "between"})]
)
def test_schedulers_whose_nesting_was_reversed_are_observed_where_they_are_now(
    every_loop, between, started
):
    record = Record()
    inner = Scheduler(sleeper("a"), label="inner")
    around = inner
    for _ in range(between):
        around = Scheduler(around, label="between")
    outer = Scheduler(sleeper("b"), around, label="outer")
    outer.run()
    for scheduler in (outer, around):
        scheduler.jobs.discard(inner)
    inner.add(outer)
    inner.observe(record)
    inner.run()
    assert {job for job, kind, _ in record if kind == "started"} == started


def test_an_observer_must_be_callable():
    with pytest.raises(
        TypeError, match=r"^an observer must be callable with a JobEvent, not 3$"
    ):
        PureScheduler().observe(3)


def test_an_observer_can_add_jobs(every_loop):
    def grow(event):
        if event.kind == "done" and len(scheduler) < 4:
            scheduler.add(sleeper(len(scheduler)))

    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(grow)
    assert scheduler.run() is True
    assert [job.started_at for job in scheduler.jobs] == [0, 1, 2, 3]


# -- observers that are equal


class Equal:
    """All of them are equal, so they can't be hashed either."""

    __hash__ = None

    def __init__(self, name, calls):
        self.name, self.calls = name, calls

    def __eq__(self, other):
        return True

    def __call__(self, event):
        self.calls.append(self.name)


class Incomparable(Equal):
    """Comparing them raises, as with arrays of numpy."""

    __hash__ = None

    def __eq__(self, other):
        raise ValueError


@pytest.mark.parametrize("kind", [Equal, Incomparable])
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_of_equal_observers_the_one_that_was_closed_is_not_called(kind, closed, every_loop):
    calls = []
    scheduler = PureScheduler(sleeper("a"))
    handles = [scheduler.observe(kind(name, calls)) for name in range(3)]
    handles[closed].close()
    scheduler.run()
    assert calls == [name for name in range(3) if name != closed] * 3


def test_of_one_observer_that_listens_twice_the_closed_place_is_left(every_loop):
    calls = []
    twice = Equal("twice", calls)
    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(twice)
    scheduler.observe(Equal("between", calls))
    scheduler.observe(twice).close()
    scheduler.run()
    assert calls == ["twice", "between"] * 3


def test_methods_of_equal_objects_are_different_observers(every_loop):
    calls = []
    scheduler = PureScheduler(sleeper("a"))
    scheduler.observe(Equal(1, calls).__call__)
    scheduler.observe(Equal(2, calls).__call__).close()
    scheduler.run()
    assert calls == [1] * 3


# -- those who only want to know of runs


class Watcher:
    """Notes the beginning and the end of each run."""

    def __init__(self, scheduler, raises=None):
        self.noted = []
        self.scheduler = scheduler
        self.raises = raises
        state_of(scheduler).observers.watch(self)

    def __repr__(self):
        return "<the watcher>"

    def begin(self, now):
        self.noted.append(("begins", now, {job.is_idle() for job in self.scheduler.jobs}))
        if self.raises is not None:
            raise self.raises

    def end(self, now):
        self.noted.append(("ended", now, self.scheduler.why()))


def test_a_watcher_learns_of_each_run_and_of_nothing_else(every_loop):
    scheduler = PureScheduler(sleeper("a"), sleeper("b", 2), timeout=5)
    watcher = Watcher(scheduler)
    scheduler.run()
    scheduler.jobs.update([sleeper("c", 9)])
    scheduler.run()
    assert watcher.noted == [
        ("begins", 0, {True}),
        ("ended", 2, "FINE"),
        ("begins", 0, {True}),
        ("ended", 5, "TIMED OUT after 5s; running: <Job `c`>"),
    ]


def test_a_watcher_of_a_nested_scheduler_learns_of_its_run(every_loop):
    first = sleeper("first")
    nested = Scheduler(sleeper("a", 2), required=first)
    watcher = Watcher(nested)
    PureScheduler(first, nested).run()
    assert watcher.noted == [("begins", 1, {True}), ("ended", 3, "FINE")]


def test_a_run_that_is_refused_does_not_begin():
    scheduler = PureScheduler(sleeper("a", required=sleeper("elsewhere")))
    watcher = Watcher(scheduler)
    with pytest.raises(ValueError, match="requires"):
        scheduler.run()
    assert watcher.noted == []


def test_a_watcher_that_raises_is_logged_and_breaks_nothing(every_loop, caplog):
    scheduler = PureScheduler(sleeper("a"))
    watcher = Watcher(scheduler, OSError("no"))
    assert scheduler.run()
    assert [kind for kind, *_ in watcher.noted] == ["begins", "ended"]
    assert [it.getMessage() for it in caplog.records] == [
        "<the watcher> raised when a run began"
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_in_a_watcher_leaves_the_run(in_loop, error):
    scheduler = PureScheduler(sleeper("a"))
    Watcher(scheduler, error())
    with pytest.raises(error):
        in_loop(scheduler.co_run())
    assert not any(job.is_running() for job in scheduler.jobs)


def test_an_observer_need_not_hear_that_jobs_are_ready(every_loop):
    brief, record = Record(), Record()
    a = sleeper("a")
    scheduler = PureScheduler(a, Scheduler(sleeper("b"), label="nested", required=a))
    state_of(scheduler).observers.attach(brief, ready=False)
    scheduler.run()
    assert [(label, kind) for label, kind, _ in brief] == [
        ("a", "started"),
        ("a", "done"),
        ("nested", "started"),
        ("b", "started"),
        ("b", "done"),
        ("nested", "shutdown"),
        ("b", "shutdown"),
        ("nested", "done"),
    ]
    count = len(brief)
    with scheduler.observe(record):
        scheduler.run()
    assert [kind for _, kind, _ in record].count("scheduled") == 3
    assert brief[count:] == record
