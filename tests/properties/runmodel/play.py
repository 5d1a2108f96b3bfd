"""Run a case for real, and record what can be seen."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any

from asynciojobs import AbstractJob, JobEvent, Limit, PureScheduler, Scheduler
from asynciojobs_testkit import FakeClock

from .cases import Act, Add, Cancel, Case, Group, Leaf, Member, Resize, Stop
from .model import CANCELLED, Record

__all__ = ["BEGINS", "OVER", "Stage", "play"]


BEGINS, OVER = "its run begins", "its run is over"
"""Entries by the user in the log of a stage."""

NAME = r"<\w+ `[\w >]+`>"
JOB = r"<LeafJob `(?:\w+ > )*(\w+)`>"
UNFINISHED = rf"(?:; running: {NAME}(?:, {NAME}){{0,4}}(?: and \d+ more)?)?(?:; waiting: \d+)?"
"""What there was to wait for at a timeout."""


class Scripted(Exception):
    """The exception of a scripted job."""


TURNS = 5_000
"""A case never takes more turns of the loop; 200 are many."""

HORIZON = 3600
"""A case never takes longer than this, on the fake clock (seconds)."""


def moment(seconds: float) -> int:
    return round(seconds * 1000)


def seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


class LeafJob(AbstractJob[object]):
    """Follows its script, and tells the stage what it sees."""

    def __init__(self, stage: Stage, spec: Leaf) -> None:
        super().__init__(
            label=spec.name,
            forever=spec.forever,
            critical=spec.critical,
            limits=stage.needs(spec),
            timeout=seconds(spec.timeout),
        )
        self.stage = stage
        self.spec = spec
        self.task: asyncio.Task[Any] | None = None

    async def co_run(self) -> object:
        """See `Leaf`."""
        self.task = asyncio.current_task()
        self.stage.note(self.spec.name, "*begins")
        try:
            return await self._go_through()
        finally:
            self.task = None
            self.stage.note(self.spec.name, "*ends")

    async def _go_through(self) -> object:
        loop = asyncio.get_running_loop()
        start = loop.time()
        acts = [act for act in self.spec.acts if act.after < self.spec.takes]
        steps: list[tuple[int, Act | None]] = [(act.after, act) for act in acts]
        steps = [*sorted(steps, key=lambda step: step[0]), (self.spec.takes, None)]
        for after, act in steps:
            while (left := start + after / 1000 - loop.time()) > 1e-7 or act is None:
                try:
                    await asyncio.sleep(left)
                    break
                except asyncio.CancelledError:
                    if (how := await self._cancelled()) is not None:
                        return self._end(how)
            if act is not None:
                self.stage.act(act)
        if self.spec.ends == "cancels itself":
            asyncio.current_task().cancel()
            await asyncio.sleep(0)
        return self._end(self.spec.ends)

    async def _cancelled(self) -> str | None:
        """Handle a cancellation: raise it, return how to end, or ``None`` to go on."""
        self.stage.note(self.spec.name, "*is cancelled")
        reaction = self.spec.when_cancelled
        if reaction == "is deaf":
            return None
        if self.spec.cleanup or reaction != "heeds":
            try:
                await asyncio.sleep(self.spec.cleanup / 1000)
            except asyncio.CancelledError:
                self.stage.note(self.spec.name, "*is cancelled")
                raise
        if reaction == "heeds":
            raise asyncio.CancelledError
        return reaction

    def _end(self, how: str) -> object:
        return self.stage.end(how, f"{self.spec.name} {how}")

    async def co_shutdown(self) -> None:
        """See `Leaf`."""
        self.stage.note(self.spec.name, "*co_shutdown")
        try:
            await self._shut_down()
        finally:
            self.stage.note(self.spec.name, "*co_shutdown ends")

    async def _shut_down(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.spec.shutdown_takes / 1000
        while self.spec.shutdown_takes and (left := end - loop.time()) > 1e-7:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                if not self.spec.shutdown_deaf:
                    raise
        how = self.spec.shutdown_ends
        self.stage.end(how, f"{self.spec.name} shutdown {how}")


class Stage:
    """The scheduler of a case, with all its jobs, and the record of what happens."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.record = Record()
        self.limits = {name: Limit(slots, name) for name, slots in case.limits}
        self.hooks = list(case.hooks)
        self.things: dict[str, Any] = {}
        self.specs: dict[str, Group | Leaf] = {}
        self.log: list[tuple[int, str, str]] = []  # all events in their order
        self.raised: dict[str, list[BaseException]] = {}  # the exceptions by their texts
        self.root = self.make_root(case)

    # -- making it

    def make_root(self, case: Case) -> PureScheduler:
        root = case.root
        options = self.scheduler_options(root)
        kind = PureScheduler if case.pure else Scheduler
        if not case.pure:
            options |= {"critical": root.critical, "label": root.name}
            options |= {"limits": self.needs(root)}
        made = self.things[root.name] = kind(*self.make_all(root.members), **options)
        self.specs[root.name] = root
        made.observe(self.hear)
        return made

    def scheduler_options(self, group: Group) -> dict[str, Any]:
        return {
            "jobs_window": group.window,
            "timeout": seconds(group.timeout),
            "shutdown_timeout": seconds(group.shutdown_timeout),
            "keep_going": group.keep_going,
        }

    def needs(self, member: Member) -> list[tuple[Limit, int]]:
        return [(self.limits[name], count) for name, count in member.limits]

    def make_all(self, members: tuple[Member, ...]) -> list[AbstractJob[object]]:
        made = [self.make(member) for member in members]
        for member in members:
            self.things[member.name].requires([self.things[name] for name in member.requires])
        return made

    def make(self, member: Member) -> AbstractJob[object]:
        if member.name not in self.things:
            self.specs[member.name] = member
            self.things[member.name] = (
                LeafJob(self, member) if isinstance(member, Leaf) else self.make_group(member)
            )
        return self.things[member.name]

    def make_group(self, group: Group) -> Scheduler:
        return Scheduler(
            *self.make_all(group.members),
            label=group.name,
            forever=group.forever,
            critical=group.critical,
            limits=self.needs(group),
            **self.scheduler_options(group),
        )

    # -- what jobs do

    def act(self, act: Act) -> None:
        thing = self.things.get(act.group if isinstance(act, Add) else act.target)
        if isinstance(act, Resize):
            self.try_to(act, lambda: setattr(self.limits[act.target], "slots", act.slots))
        elif thing is None:
            pass
        elif isinstance(act, Cancel):
            self.note(f"cancel {act.target}", str(thing.cancel()))
        elif isinstance(act, Stop):
            self.try_to(act, thing.stop)
        elif isinstance(act, Add):
            made = self.make_all(act.members)
            for name in act.before:
                self.things[name].requires(made[0])
            thing.update(made)
        elif (task := getattr(thing, "task", None)) is not None:
            task.cancel()

    def try_to(self, act: Stop | Resize, change: Callable[[], None]) -> None:
        name, done = f"stop {act.target}", "stops"
        if isinstance(act, Resize):
            name, done = f"resize {act.target}", f"fits {act.slots}"
        mark = len(self.log)
        try:
            change()
        except (RuntimeError, ValueError):
            done = "is refused"
        self.note(name, done, at=mark)

    def act_later(self, act: Act, turns: int) -> None:
        """Do something in a later turn of the loop, at the same moment."""
        if turns:
            asyncio.get_running_loop().call_soon(self.act_later, act, turns - 1)
        elif self.root.ended_at is None:  # the run goes on
            self.act(act)

    def end(self, how: str, text: str) -> object:
        kind = {"raises": Scripted, "exits": SystemExit}.get(how)
        if kind is None:
            return text
        error = kind(text)
        self.raised.setdefault(text, []).append(error)
        raise error

    # -- the record

    def hear(self, event: JobEvent) -> None:
        label = event.job.label
        self.write_down(moment(event.time), str(label), str(event.kind))
        for hook in [h for h in self.hooks if (h.name, h.event) == (label, str(event.kind))]:
            self.hooks.remove(hook)
            self.act(hook.act)

    def note(self, name: str, what: str, at: int | None = None) -> None:
        self.write_down(moment(asyncio.get_running_loop().time()), name, what, at)

    def write_down(self, time: int, name: str, what: str, at: int | None = None) -> None:
        """Write down what happened, perhaps before what followed from it."""
        self.record.note(time, name, what)
        self.log.insert(len(self.log) if at is None else at, (time, name, what))

    def note_end(self, name: str, outcome: object) -> None:
        now = moment(asyncio.get_running_loop().time())
        self.record.ends.append((name, now, self.end_of(outcome)))

    def end_of(self, outcome: object) -> object:
        if isinstance(outcome, asyncio.CancelledError) and not self.is_of_a_job(outcome):
            return CANCELLED
        if isinstance(outcome, SystemExit):
            return ("exits", self.key(outcome))
        if isinstance(outcome, BaseException):
            return ("raises", self.key(outcome))
        return ("returns", outcome)

    def is_of_a_job(self, error: BaseException) -> bool:
        jobs = (thing for thing in self.things.values() if isinstance(thing, AbstractJob))
        return any(job.raised_exception() is error for job in jobs)

    def key(self, error: BaseException) -> str:
        """Return the text of an exception that one of our jobs raised, else its type."""
        text = str(error)
        ours = any(error is raised for raised in self.raised.get(text, ()))
        return text if ours else type(error).__name__

    def note_states(self) -> None:
        states = {name: self.state(name) for name in self.things}
        slots = {f"limit {n}": (limit.slots, limit.free) for n, limit in self.limits.items()}
        self.record.states.append({**states, **slots})

    def state(self, name: str) -> tuple[object, ...]:
        thing = self.things[name]
        shown: tuple[object, ...] = ("idle", None, *times(thing))
        if isinstance(thing, AbstractJob):
            shown = (phase(thing), self.outcome(thing), *times(thing))
        if isinstance(thing, PureScheduler):
            failures = thing.shutdown_failures().items()
            shown = (
                *shown,
                self.verdict(thing, name),
                {str(job.label): self.key(error) for job, error in failures},
                self.failures(thing),
            )
        return shown

    def failures(self, scheduler: PureScheduler) -> list[tuple[int | None, str, str]]:
        """Return which jobs raised what, and when. At the same moment, any may come first.

        But a scheduler that re-raises an exception comes after the job that raised it.
        """
        failures = scheduler.failures()
        found = [(times(job)[1], str(job.label), self.key(e)) for job, e in failures.items()]
        moments = [time for time, _, _ in found]
        assert moments == sorted(moments, key=lambda time: time or 0)
        errors: list[BaseException] = []
        for job, error in failures.items():
            assert isinstance(job, LeafJob) or error in errors or type(error) is not Scripted
            errors.append(error)
        return sorted(found, key=lambda entry: (entry[0] or 0, entry[1]))

    def outcome(self, job: AbstractJob[object]) -> tuple[str, object] | None:
        error = job.raised_exception()
        assert job.is_skipped() == (job.skipped_by() is not None)
        if (culprit := job.skipped_by()) is not None:
            return ("skipped", str(culprit.label))
        if isinstance(error, TimeoutError) and isinstance(job, LeafJob):
            told = re.fullmatch(rf"{job.repr_main()} took more than ([\d.]+)s", str(error))
            assert told is not None, error
            assert float(told[1]) == seconds(job.spec.timeout)
        if error is not None:
            return ("exits" if isinstance(error, SystemExit) else "raises", self.key(error))
        return ("returns", job.result()) if job.is_done() else None

    def verdict(self, scheduler: PureScheduler, name: str) -> tuple[str, str]:
        why = scheduler.why()
        timeout = self.specs[name].timeout
        flags = (scheduler.failed_critical(), scheduler.failed_time_out())
        if (why, flags) == ("FINE", (False, False)):
            return ("fine", "")
        if (why, flags) == ("CANCELLED", (False, False)):
            return ("cancelled", "")
        if scheduler.was_stopped():
            assert (why, flags) == ("STOPPED: stopped", (False, False))
            return ("stopped", "")
        if timeout is not None and flags == (False, True):
            timed_out = re.fullmatch(rf"TIMED OUT after ([\d.]+)s{UNFINISHED}", why)
            assert timed_out is not None, why
            assert float(timed_out[1]) == timeout / 1000
            return ("timeout", "")
        found = re.match(
            r"(CRITICAL FAILURE|BROKEN OFF): (?:<\w+ `(\w+)(?: > \w+)*`> raised )?\w+:", why
        )
        assert found, why
        if flags == (True, False) and found[1] == "CRITICAL FAILURE":
            return ("critical", found[2])
        assert flags == (False, False), (why, flags)
        return ("broken", "")

    # -- the user

    async def play(self) -> None:
        """Run it, and shut it down, as often as the case says."""
        for number in range(self.case.runs):
            if number:
                await self.run(Case(self.case.root))
            else:
                await self.run(self.case)
            self.check_nothing_is_alive()
            self.note_states()
            self.note_end("shutdown", await outcome_of(self.root.co_shutdown()))
            self.note_end("second shutdown", await outcome_of(self.root.co_shutdown()))
            self.check_nothing_is_alive()
            self.note_states()

    async def run(self, case: Case) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        self.log.append((moment(start), self.case.root.name, BEGINS))
        timers: list[asyncio.TimerHandle] = []
        calls: list[asyncio.Task[object]] = []

        async def run_it() -> object:
            # Here, because a task that is cancelled before its first step never runs.
            me = asyncio.current_task()
            assert me is not None
            timers.extend(loop.call_at(start + at / 1000, me.cancel) for at in case.cancels)
            for act in case.calls:
                when = start + act.after / 1000
                timers.append(loop.call_at(when, self.act_later, act, case.turns))
            return await outcome_of(self.root.co_run())

        run = asyncio.ensure_future(run_it())
        if case.shutdown_at is not None:
            when = start + case.shutdown_at / 1000
            timers.append(loop.call_at(when, self.call_early, calls))
        await asyncio.wait([run])
        self.log.append((moment(loop.time()), self.case.root.name, OVER))
        for timer in timers:
            timer.cancel()
        self.note_end("run", run.result())
        for call in calls:
            self.note_end("early shutdown", await call)

    def call_early(self, calls: list[asyncio.Task[object]]) -> None:
        loop = asyncio.get_running_loop()
        calls.append(loop.create_task(outcome_of(self.root.co_shutdown())))

    def check_nothing_is_alive(self) -> None:
        assert asyncio.all_tasks() == {asyncio.current_task()}, "something is alive"


async def outcome_of(coroutine: Coroutine[Any, Any, object]) -> object:
    try:
        return await coroutine
    except BaseException as error:
        return error


def phase(job: AbstractJob[object]) -> str:
    reached = (job.is_scheduled(), job.is_running(), job.is_done())
    phases = {0: "idle", 1: "scheduled", 2: "running", 3: "done"}
    assert reached == tuple(itertools.islice((n < sum(reached) for n in range(3)), 3))
    assert job.is_idle() == (not reached[0])
    return "skipped" if job.is_skipped() else phases[sum(reached)]


def times(job: AbstractJob[object] | PureScheduler) -> tuple[int | None, int | None]:
    return tuple(None if t is None else moment(t) for t in (job.started_at, job.ended_at))  # type: ignore[return-value]


class Messages(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def play(case: Case) -> Stage:
    """Run a case on a fake clock; it may leave nothing, and the loop may log nothing."""
    ours, theirs = Messages(), Messages()
    loggers = [(logging.getLogger("asynciojobs"), ours), (logging.getLogger("asyncio"), theirs)]
    for logger, handler in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        stage = play_it(case)
    finally:
        for logger, handler in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
    assert not theirs.records, [record.getMessage() for record in theirs.records]
    warned = " ".join(r.getMessage() for r in ours.records if r.levelname == "WARNING")
    stage.record.deaf = set(
        re.findall(rf"{JOB}(?: took more than [\d.]+s,)? was cancelled,? (?:and|but)", warned)
    )
    return stage


def play_it(case: Case) -> Stage:
    clock = FakeClock(seed=case.seed, horizon=HORIZON)

    async def main() -> Stage:
        bound_turns(asyncio.get_running_loop())
        if case.eager and hasattr(asyncio, "eager_task_factory"):
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        stage = Stage(case)
        await stage.play()
        return stage

    return clock.run(main())


def bound_turns(loop: Any) -> None:
    """Make a loop raise an error after many turns, so that no run hangs, on any machine."""
    run_once, turns = loop._run_once, itertools.count(1)

    def turn() -> None:
        if next(turns) > TURNS:
            loop._run_once = run_once  # what is left is cleaned up
            raise AssertionError(f"the run takes more than {TURNS} turns of the loop")
        run_once()

    loop._run_once = turn
