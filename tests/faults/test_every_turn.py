"""A run is interrupted in each turn of its loop, and at each event: it leaves nothing behind.

Each scenario runs once to count its turns. Then it runs again and again. Each time it is
cancelled, or interrupted by Ctrl-C or a signal of `stop_on`, once or twice, a turn later than
the last time. `Stage` checks what must hold. A wait without end raises the clock's
`DeadlockError`, so no test can hang.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import logging
import signal
import sys
import weakref
from collections import Counter

import pytest

from asynciojobs import AbstractJob, BestSet, Limit, Scheduler
from asynciojobs.bestset import InsertionSet
from asynciojobs.job import needs_of
from asynciojobs.limit import desk_of
from asynciojobs_testkit import FakeClock

NOT_SHUT_DOWN_TWICE = (signal.SIGINT, signal.SIGINT)
"""The second Ctrl-C ends the loop, which also cancels each `co_shutdown()`."""


# -- loops that count their turns


class Counting:
    """A loop that calls `at_turn` before each turn, with the number of the turn."""

    turn = -1

    def _run_once(self):
        self.turn += 1
        self.at_turn(self.turn)
        super()._run_once()


KINDS = ["noted", "plain", *(["eager"] if hasattr(asyncio, "eager_task_factory") else [])]


@functools.cache
def counting(kind, loop_class):
    own = {"create_task": asyncio.BaseEventLoop.create_task} if kind == "plain" else {}
    return type("CountingLoop", (Counting, loop_class), own)


def counting_loop(kind, at_turn):
    loop = FakeClock().loop_factory()
    loop.__class__ = counting(kind, type(loop))
    loop.at_turn = at_turn
    loop.set_debug(False)
    if kind == "eager":
        loop.set_task_factory(asyncio.eager_task_factory)
    return loop


# -- jobs and schedulers that report to the stage


class Actor(AbstractJob):
    """A job that works, may clean up, and may raise."""

    def __init__(self, stage, label, takes=1.0, *, shuts=(0.0, None), **options):
        self.stage = stage
        self.takes = takes
        self.clean_up = options.pop("clean_up", 0.0)
        self.raises = options.pop("raises", None)
        self.deaf = options.pop("deaf", False)
        self.adds = options.pop("adds", None)
        self.shuts = shuts
        super().__init__(label=label, **options)

    async def co_run(self):
        self.stage.begins(self)
        try:
            await self.work()
            self.fail(self.raises, self.stage.raised)
        finally:
            self.stage.alive.remove(self)

    async def work(self):
        end = asyncio.get_running_loop().time() + self.takes
        try:
            await pause(self.takes)
        except asyncio.CancelledError:
            while self.deaf and (left := end - asyncio.get_running_loop().time()) > 0:
                try:
                    await pause(left)
                except asyncio.CancelledError:
                    pass
            if not self.deaf:
                await pause(self.clean_up)
                raise
        if self.adds:
            self.adds()

    def fail(self, kind, noted):
        if kind is not None:
            noted[self] = kind(self.label)
            raise noted[self]

    async def co_shutdown(self):
        self.stage.shutdowns[self] += 1
        self.stage.shutting.append(self)
        seconds, kind = self.shuts
        try:
            await pause(seconds)
            self.fail(kind, self.stage.raised_in_shutdown)
        finally:
            self.stage.shutting.remove(self)


async def pause(seconds):
    if seconds:
        await asyncio.sleep(seconds)


class Watched(Scheduler):
    """A scheduler that complains if any job is alive at the end of its run."""

    stage = None

    async def co_run(self):
        try:
            return await super().co_run()
        finally:
            alive = [job for job in self.iterate_jobs() if job in self.stage.alive]
            self.stage.complain_if(alive, f"after {self.label}: {alive}")


class Root(Watched):
    """The outermost scheduler, which complains about tasks as well."""

    async def co_run(self):
        try:
            return await super().co_run()
        finally:
            self.stage.turns = asyncio.get_running_loop().turn
            others = asyncio.all_tasks() - {asyncio.current_task()}
            self.stage.complain_if(others, f"still there: {others}")


class Messages(logging.Handler):
    """Keeps all log records."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        self.records.append(record)


class Stage:
    """The scheduler of a scenario, its runs, and the checks after them."""

    def __init__(self, scenario, kind, how=None):
        self.kind = kind
        self.stop_on = [how] if how == signal.SIGTERM else []
        self.main = None  # the task of the run
        self.alive = []  # the jobs in co_run()
        self.shutting = []  # the jobs in co_shutdown()
        self.shutdowns = Counter()
        self.raised = {}
        self.raised_in_shutdown = {}
        self.complaints = []
        self.limits = []
        self.turns = 0  # of the run
        self.root = scenario(self)

    def scheduler(self, label, *jobs, kind=Watched, **options):
        scheduler = kind(*jobs, label=label, **options)
        scheduler.stage = self
        return scheduler

    def limit(self, slots, label):
        self.limits.append(Limit(slots, label))
        return self.limits[-1]

    def schedulers(self):
        every = self.root.iterate_jobs(scan_schedulers=True)
        return [job for job in every if isinstance(job, Scheduler)]

    def actors(self):
        return list(self.root.iterate_jobs())

    def around(self, job):
        return next(s for s in self.schedulers() if job in s.jobs)

    def begins(self, job):
        self.alive.append(job)
        around = self.around(job)
        taken = [other for other in around.jobs if takes_a_slot(other)]
        late = [other for other in job.required if not other.is_done()]
        self.complain_if(len(taken) > (around.jobs_window or 999), f"window: {taken}")
        self.complain_if(late, f"{job} begins before {late}")
        self.complain_if(not job.is_running(), f"{job} begins")
        for limit in needs_of(job):
            self.complain_if(self.in_use(limit) > limit.slots, f"{job} begins: {limit}")

    def in_use(self, limit):
        running = (job for job in self.schedulers() if job.is_running() and not job.ended_at)
        return sum(needs_of(job).get(limit, 0) for job in [*self.alive, *running])

    def complain_if(self, wrong, text):
        if wrong:
            self.complaints.append(text)

    # -- actions

    def run(self, plan=()):
        """Run it, and return the result; `plan` says in which turns it is interrupted."""
        self.raised.clear()
        self.raised_in_shutdown.clear()
        self.main = None

        def at_turn(turn):
            if self.main is None:
                (self.main,) = asyncio.all_tasks(loop)
            if turn in plan:
                self.interrupt(plan[turn])

        loop = counting_loop(self.kind, at_turn)
        try:
            return self.root.run(loop_factory=lambda: loop, stop_on=self.stop_on)
        except BaseException as error:
            return type(error)
        finally:
            loop.at_turn = None

    def interrupt(self, how):
        if self.main.done():
            return  # the loop is being closed
        if isinstance(how, signal.Signals):
            signal.raise_signal(how)
        else:
            self.main.cancel()

    def at_event(self, number, how):
        """Interrupt the next run at one of its events."""
        events = itertools.count()

        def interrupt_once(event):
            if next(events) == number:
                handle.close()
                self.interrupt(how)

        handle = self.root.observe(interrupt_once)

    def shut_down_twice(self):
        async def call():
            return [await self.root.co_shutdown() for _ in range(2)]

        make = functools.partial(counting_loop, self.kind, lambda _: None)
        with asyncio.Runner(loop_factory=make) as runner:
            return runner.run(call())

    def state(self):
        """Return the state of all jobs and schedulers."""
        told = {job.label: (state_of(job), self.shutdowns[job]) for job in self.actors()}
        told.update({s.label: (state_of(s), s.why()) for s in self.schedulers()[1:]})
        return told, self.root.why()

    def let_go(self):
        """Break the reference cycles that this test made."""
        for job in self.actors():
            job.stage = job.adds = None
        for scheduler in self.schedulers():
            scheduler.stage = None
        self.__dict__.clear()

    # -- checks

    def check(self):
        """Check what must hold after any run."""
        assert self.complaints == []
        assert (self.alive, self.shutting) == ([], [])
        for job in [*self.actors(), *self.schedulers()[1:]]:
            check_phase(job)
        for job, error in self.raised.items():
            assert job.raised_exception() is error, job
        for desk in map(desk_of, self.limits):
            assert (desk.free, desk.loop) == (desk.slots, None)
            assert [*desk.users, *desk.lines, *desk.holders] == []

    def check_shutdowns(self, log):
        """Check that the jobs of nested schedulers that were started were shut down."""
        for job in self.actors():
            assert self.shutdowns[job] == self.is_in_a_started_scheduler(job), job
        for job, error in self.raised_in_shutdown.items():
            holder = self.around(job)
            assert holder.shutdown_failures()[job] is error
            assert any(r.exc_info and r.exc_info[1] is error for r in log.records)

    def is_in_a_started_scheduler(self, job):
        holder = self.around(job)
        while holder is not self.root:
            if holder.is_running():
                return True
            holder = self.around(holder)
        return False

    def check_the_end(self):
        """Shut it down twice, as a user would, and check the results."""
        first, second = self.shut_down_twice()
        assert {self.shutdowns[job] for job in self.actors()} == {1}
        assert first is second
        assert self.shutting == []
        self.shutdowns.clear()


def takes_a_slot(job):
    return not job.forever and job.is_running() and job.ended_at is None


def state_of(job):
    error = job.raised_exception()
    return (job.is_scheduled(), job.is_running(), job.is_done(), repr(error))


def check_phase(job):
    started, ended = job.started_at is not None, job.ended_at is not None
    assert started == ended == job.is_running(), job
    assert job.is_scheduled() or not started, job
    assert ended or not job.is_done(), job
    assert job.is_done() or job.raised_exception() is None, job


# -- the scenarios


def flat_with_a_window(stage):
    return stage.scheduler(
        "root",
        Actor(stage, "a", clean_up=0.5),
        Actor(stage, "b", 2.0, raises=ValueError, critical=False),
        Actor(stage, "c", 0.0),
        Actor(stage, "d", 0.5, forever=True),
        Actor(stage, "e", clean_up=0.25, forever=True),
        Actor(stage, "f"),
        jobs_window=2,
        kind=Root,
    )


def chain(stage):
    jobs = [Actor(stage, f"j{n}", n % 3, clean_up=0.5 * (n % 2)) for n in range(6)]
    for before, after in itertools.pairwise(jobs):
        after.requires(before)
    return stage.scheduler("root", *jobs, kind=Root)


def nested_three_deep(stage):
    inner = stage.scheduler(
        "inner",
        Actor(stage, "deep", 4.0, clean_up=0.5),
        Actor(stage, "deep forever", 9.0, forever=True, clean_up=0.25),
        Actor(stage, "deep waits", 1.0),
        jobs_window=1,
        timeout=4.5,
        critical=False,
    )
    middle = stage.scheduler("middle", Actor(stage, "m", 0.0), inner, jobs_window=2)
    background = stage.scheduler(
        "background", Actor(stage, "b", 99.0, forever=True, clean_up=0.75), forever=True
    )
    last = Actor(stage, "last", required=middle)
    return stage.scheduler("root", middle, background, last, jobs_window=1, kind=Root)


def failing_in_clean_up(stage):
    nested = stage.scheduler(
        "nested",
        Actor(stage, "fails", raises=ValueError),
        Actor(stage, "tidies", 9.0, clean_up=1.0),
        Actor(stage, "never", required=[]),
        jobs_window=2,
    )
    return stage.scheduler("root", nested, Actor(stage, "other", 9.0, clean_up=0.5), kind=Root)


def timed_out(stage):
    return stage.scheduler(
        "root",
        stage.scheduler("at once", Actor(stage, "a"), timeout=0, critical=False),
        stage.scheduler("soon", Actor(stage, "b", 9.0, clean_up=1.0), timeout=1.0),
        Actor(stage, "c", 9.0, clean_up=0.5),
        timeout=1.5,
        kind=Root,
    )


def shut_down_slowly(stage):
    nested = stage.scheduler(
        "nested",
        Actor(stage, "slow", 0.0, shuts=(0.5, None)),
        Actor(stage, "fails", 1.0, shuts=(0.25, ValueError)),
        Actor(stage, "hangs", 0.0, shuts=(9.0, None)),
        stage.scheduler("inner", Actor(stage, "deep", 0.5, shuts=(0.5, None))),
        Actor(stage, "idle", required=[Actor(stage, "long", 2.0, shuts=(0.0, ValueError))]),
    )
    nested.add(next(iter(list(nested.jobs)[-1].required)))
    return stage.scheduler("root", nested, Actor(stage, "after", required=nested), kind=Root)


def deaf(stage):
    return stage.scheduler(
        "root",
        stage.scheduler("nested", Actor(stage, "a", 3.0, deaf=True, shuts=(0.25, None))),
        Actor(stage, "b", 1.0, forever=True),
        Actor(stage, "c", 2.5, deaf=True),
        Actor(stage, "d", 2.0),
        kind=Root,
    )


def joined(stage):
    def add():
        if late not in root.jobs:
            root.add(late)
            root.add(nested)

    def add_below():
        if deepest not in nested.jobs:
            nested.add(deepest)

    first = Actor(stage, "first", adds=add)
    late = Actor(stage, "late", required=first, clean_up=0.5)
    middle = Actor(stage, "middle", 0.5, adds=add_below)
    deepest = Actor(stage, "deepest", 0.0, required=middle)
    nested = stage.scheduler("nested", middle, required=first)
    root = stage.scheduler("root", first, Actor(stage, "other", 0.0), jobs_window=2, kind=Root)
    return root


def limited(stage):
    """Jobs wait for limits, for the window, and for both; some stand in two lines."""
    a, b = stage.limit(1, "a"), stage.limit(2, "b")
    return stage.scheduler(
        "root",
        Actor(stage, "one", clean_up=0.5, limits=a),
        Actor(stage, "two", 0.5, limits=(b, 2), clean_up=0.25),
        Actor(stage, "both", limits=[a, b], deaf=True),
        Actor(stage, "free"),
        Actor(stage, "late", 9.0, limits=b, timeout=0.5, critical=False, clean_up=0.5),
        Actor(stage, "never", 9.0, limits=b, timeout=0, critical=False),
        Actor(stage, "forever", 0.5, forever=True, limits=a, clean_up=0.25),
        jobs_window=2,
        kind=Root,
    )


def holding_limits(stage):
    """Schedulers hold limits that others wait for, and `one` and `other` exclude each other."""
    a, b, c = stage.limit(1, "a"), stage.limit(1, "b"), stage.limit(2, "c")
    one = stage.scheduler(
        "one",
        Actor(stage, "waits for b", 0.5, limits=b, clean_up=0.25),
        stage.scheduler("inner", Actor(stage, "deep", 0.5, limits=c), limits=c),
        Actor(stage, "background", 9.0, forever=True, limits=c, clean_up=0.5),
        limits=a,
        jobs_window=1,
    )
    other = stage.scheduler("other", Actor(stage, "waits for a", limits=a), limits=b)
    short = stage.scheduler(
        "short", Actor(stage, "s", 9.0, limits=c, clean_up=1.0), timeout=0.5, critical=False
    )
    return stage.scheduler("root", one, short, other, Actor(stage, "x", limits=c), kind=Root)


def going_on(stage):
    """Jobs fail and are skipped, at two depths, and the others go on."""
    a, b = stage.limit(1, "a"), stage.limit(1, "b")
    fails = Actor(stage, "fails", 0.5, raises=ValueError, limits=a)
    skipped = Actor(stage, "skipped", required=fails, limits=a)
    nested = stage.scheduler(
        "nested",
        broken := Actor(stage, "broken", 0.5, raises=KeyError, limits=a),
        Actor(stage, "goes on", limits=a, clean_up=0.5),
        Actor(stage, "skipped too", required=broken),
        keep_going=True,
        limits=b,
    )
    return stage.scheduler(
        "root",
        fails,
        skipped,
        stage.scheduler("skipped scheduler", Actor(stage, "s"), required=skipped, limits=b),
        nested,
        Actor(stage, "after", required=nested, limits=b),
        Actor(stage, "last", limits=b, clean_up=0.25),
        keep_going=True,
        jobs_window=2,
        kind=Root,
    )


def joined_with_limits(stage):
    """Jobs join a scheduler that holds a limit, and one of them fails."""
    a, b = stage.limit(1, "a"), stage.limit(1, "b")

    def add():
        if late not in nested.jobs:
            nested.update([late, behind])

    first = Actor(stage, "first", 0.5, adds=add)
    late = Actor(stage, "late", 0.5, raises=ValueError, limits=b, clean_up=0.5)
    behind = Actor(stage, "behind", limits=b)
    nested = stage.scheduler("nested", first, limits=a, keep_going=True, critical=False)
    return stage.scheduler(
        "root", nested, Actor(stage, "a", limits=a), Actor(stage, "b", limits=b), kind=Root
    )


def more_than_a_slice(stage):
    jobs = [Actor(stage, f"j{n}", 0.0) for n in range(120)]
    last = Actor(stage, "last", 0.0, required=jobs)
    return stage.scheduler("root", *jobs, last, kind=Root)


SCENARIOS = [
    flat_with_a_window,
    chain,
    nested_three_deep,
    failing_in_clean_up,
    timed_out,
    shut_down_slowly,
    deaf,
    joined,
    limited,
    holding_limits,
    going_on,
    joined_with_limits,
    more_than_a_slice,
]


# -- the interruptions


@pytest.fixture
def log():
    """The log records of the project and of asyncio, which are not passed on."""
    kept = Messages()
    loggers = [logging.getLogger(name) for name in ("asynciojobs", "asyncio")]
    for logger in loggers:
        logger.addHandler(kept)
        logger.propagate = False
    yield kept
    for logger in loggers:
        logger.removeHandler(kept)
        logger.propagate = True
    assert [record.getMessage() for record in kept.records if record.name == "asyncio"] == []


class Reference:
    """A scenario without interruption, to compare with."""

    def __init__(self, scenario, kind):
        heard = []
        self.stage = Stage(scenario, kind)
        handle = self.stage.root.observe(heard.append)
        self.answer, self.turns = self.stage.run(), self.stage.turns
        handle.close()
        self.events = len(heard)
        self.stage.check()
        self.state = self.stage.state()

    def too_late(self, turn, how):
        """Return whether the run ends in this turn, before it is interrupted.

        A signal of `stop_on` is handled after everything that was due in its turn.
        """
        return how == signal.SIGTERM and turn == self.turns

    def check_and_run_again(self, stage, log, *, shut_down=True, may_be_fine=False):
        """Check the state after an interrupted run, shut it down, and run it once more."""
        stage.check()
        ends = {"CANCELLED", self.state[1]}
        assert stage.root.why() in (ends if may_be_fine else ends - {"FINE"})
        if shut_down:
            stage.check_shutdowns(log)
        stage.check_the_end()
        assert (stage.run(), stage.state()) == (self.answer, self.state)
        log.records.clear()


RIGHT = {
    "cancel": asyncio.CancelledError,
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: SystemExit,
}
LATER = (1, 4)
"""How many turns after the first interruption the second one comes."""


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", RIGHT)
def test_interrupted_in_each_turn(scenario, kind, how, log):
    reference = Reference(scenario, kind)
    for turn in range(1, reference.turns + 1):
        stage = Stage(scenario, kind, how)
        assert stage.run({turn: how}) is RIGHT[how], turn
        reference.check_and_run_again(stage, log, may_be_fine=reference.too_late(turn, how))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", RIGHT)
def test_interrupted_before_the_first_turn(scenario, kind, how, log):
    reference = Reference(scenario, kind)
    stage = Stage(scenario, kind, how)
    assert stage.run({0: how}) is RIGHT[how]
    assert all(job.is_idle() for job in [*stage.actors(), *stage.schedulers()])
    stage.check_the_end()
    assert (stage.run(), stage.state()) == (reference.answer, reference.state)


@pytest.mark.parametrize("scenario", SCENARIOS[:-1])
@pytest.mark.parametrize("kind", KINDS[-1:])
@pytest.mark.parametrize("how", [(how, how) for how in RIGHT])
def test_interrupted_in_each_turn_and_in_a_later_one(scenario, kind, how, log):
    reference = Reference(scenario, kind)
    for turn, later in itertools.product(range(1, reference.turns + 1), LATER):
        plan = {turn: how[0], turn + later: how[1]}
        stage = Stage(scenario, kind, how[0])
        assert stage.run(plan) is RIGHT[how[0]], plan
        reference.check_and_run_again(
            stage,
            log,
            shut_down=how != NOT_SHUT_DOWN_TWICE,
            may_be_fine=reference.too_late(turn, how[0]),
        )


@pytest.mark.parametrize("scenario", SCENARIOS[:-1])
@pytest.mark.parametrize("kind", [KINDS[0], *KINDS[2:]])  # observers rule out plain tasks
@pytest.mark.parametrize("how", RIGHT)
def test_interrupted_at_each_event(scenario, kind, how, log):
    """An event is in the middle of a step of the engine or of a job."""
    reference = Reference(scenario, kind)
    for number in range(reference.events):
        stage = Stage(scenario, kind, how)
        stage.at_event(number, how)
        assert stage.run() is RIGHT[how], number
        reference.check_and_run_again(stage, log)


# -- memory


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.skipif(BestSet is not InsertionSet, reason="an OrderedSet is a reference cycle")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="an exception keeps outer frames")
@pytest.mark.parametrize(
    "scenario", [chain, nested_three_deep, timed_out, deaf, holding_limits]
)
@pytest.mark.parametrize("how", RIGHT)
def test_an_interrupted_run_keeps_nothing_alive(scenario, how, no_collector):
    reference = Reference(scenario, "plain")
    for turn in range(reference.turns + 1):
        if reference.too_late(turn, how):
            continue  # an exception of the run itself and its task refer to each other
        stage = Stage(scenario, "plain", how)
        stage.run({turn: how})
        stage.shut_down_twice()
        references = [weakref.ref(job) for job in [*stage.actors(), *stage.schedulers()]]
        stage.let_go()
        del stage
        assert [r() for r in references if r() is not None] == [], turn


@pytest.mark.parametrize("scenario", SCENARIOS[:-1])
def test_the_collector_frees_everything_of_an_interrupted_run(scenario, monkeypatch):
    monkeypatch.setattr(logging.getLogger("asynciojobs"), "disabled", True)  # it keeps errors
    references = []
    for turn in range(Reference(scenario, "plain").turns):
        stage = Stage(scenario, "plain")
        stage.run({turn: "cancel"})
        stage.shut_down_twice()
        references += [weakref.ref(job) for job in [*stage.actors(), *stage.schedulers()]]
    del stage
    gc.collect()
    assert [r() for r in references if r() is not None] == []
