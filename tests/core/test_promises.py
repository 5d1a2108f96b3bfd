"""The first table of `docs/reliability.md`: each row holds at each depth of nesting.

The event of a row happens at second 1, to a job of a `Scene` or to the whole run.
"""

from __future__ import annotations

import asyncio
import functools
import re
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asynciojobs import (
    CycleError,
    Job,
    MissingRequirementError,
    PureScheduler,
    Scheduler,
)

PAGE = Path(__file__).parents[2] / "docs/reliability.md"


class Scene:
    """A scheduler with jobs in each state, nested as deep as `depth` says.

    Args:
        row: the row, with its event.
        depth: how many schedulers are around it.
        critical: whether all these are critical; if not, the outermost is a `PureScheduler`.
    """

    def __init__(self, row, depth, *, critical):
        self.failure = ValueError("no")
        self.served = Counter()  # how often the jobs of each name were shut down
        other = functools.partial(self.job, forever=row.others_forever)
        self.event = self.job(
            "event",
            row.happens,
            self,
            critical=row.event_critical,
            timeout=row.event_timeout,
        )
        self.running = other("running", asyncio.sleep, 9)
        self.behind = other("behind", asyncio.sleep, 1, required=self.event)
        self.waiting = other("waiting", asyncio.sleep, 1, required=self.running)
        self.inside = self.job("inside", asyncio.sleep, 9)
        self.nested = Scheduler(self.inside, forever=row.others_forever)
        self.bystanders = [self.job("bystander", asyncio.sleep, 9) for _ in range(depth)]
        kinds = [functools.partial(Scheduler, critical=critical)] * (depth + 1)
        if not critical:
            kinds[-1] = PureScheduler
        members = [self.event, self.running, self.behind, self.waiting, self.nested]
        self.levels = [kinds[0](*members, timeout=row.timeout)]
        for kind, bystander in zip(kinds[1:], self.bystanders, strict=True):
            self.levels.append(kind(self.levels[-1], bystander))
        self.outermost = self.levels[-1]
        row.spoil(self)

    def job(self, name, function, *args, **options):
        async def serve():
            self.served[name] += 1

        return Job(function, *args, label=name, coshutdown=serve, **options)

    def record(self, outcome):
        """Return the end of each job, and of each scheduler, the outermost one last."""
        return {
            "fates": {name: fate(getattr(self, name)) for name in ALL_END},
            "own": self.kept(self.event),
            "around": [fate(job) for job in self.bystanders],
            "answers": [*map(self.kept, self.levels[:-1]), self.plain(outcome)],
            "served": self.served,
        }

    def kept(self, job):
        """Return the result or the exception of a job; ``None`` if it is not done."""
        exception = job.raised_exception()
        if exception is not None:
            return self.plain(exception)
        return job.result() if job.is_done() else None

    def plain(self, outcome):
        """Return an outcome for comparison: FAILURE itself, or the type of an exception."""
        if outcome is self.failure:
            return FAILURE
        return type(outcome) if isinstance(outcome, BaseException) else outcome


def fate(job):
    if job.started_at is None:
        return "never started"
    return f"{'done' if job.is_done() else 'ended'} at {job.ended_at:g}"


# -- the events


FAILURE = "the very exception that the job raised"


async def succeed(scene):
    await asyncio.sleep(1)
    return "result"


async def fail(scene):
    await asyncio.sleep(1)
    raise scene.failure


async def cancel_itself(scene):
    await asyncio.sleep(1)
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def be_cancelled_by_another(scene):
    asyncio.get_running_loop().call_later(1, asyncio.current_task().cancel)
    await asyncio.sleep(9)


async def be_cancelled_by_its_method(scene):
    asyncio.get_running_loop().call_later(1, scene.event.cancel)
    await asyncio.sleep(9)


async def cancel_one_that_waits(scene):
    asyncio.get_running_loop().call_later(1, scene.waiting.cancel)
    await asyncio.sleep(9)


async def stop(scene):
    await asyncio.sleep(1)
    scene.levels[0].stop("found")
    await asyncio.sleep(9)


async def go_on(scene):
    await asyncio.sleep(9)


async def hear_ctrl_c(scene):
    asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGINT)
    await asyncio.sleep(9)


async def hear_a_signal(scene):
    asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGTERM)
    await asyncio.sleep(9)


async def interrupt(scene):
    await asyncio.sleep(1)
    raise KeyboardInterrupt


async def leave(scene):
    await asyncio.sleep(1)
    raise SystemExit(3)


async def run_each_again(scene):
    await asyncio.sleep(1)
    for level in scene.levels:
        with pytest.raises(RuntimeError, match=r"takes part in a run that is going on"):
            await level.co_run()
    return "result"


def leave_as_it_is(scene):
    pass


def keep_going(scene):
    scene.levels[0].keep_going = True


def wait_uncritically(scene):
    scene.waiting.critical = False


def require_in_a_cycle(scene):
    scene.running.requires(scene.waiting)


def require_a_job_elsewhere(scene):
    scene.running.requires(Job(asyncio.sleep, 1))


def run(scene, _):
    return scene.outermost.run()


def run_until_a_signal(scene, _):
    return scene.outermost.run(stop_on=[signal.SIGTERM])


def run_and_cancel(scene, every_loop):
    async def main():
        task = asyncio.ensure_future(scene.outermost.co_run())
        asyncio.get_running_loop().call_later(1, task.cancel)
        return await task

    with asyncio.Runner(loop_factory=every_loop) as runner:
        return runner.run(main())


# -- the outcomes


ALL_END = {
    "event": "ended at 1",
    "running": "ended at 1",
    "behind": "never started",
    "waiting": "never started",
    "nested": "ended at 1",
    "inside": "ended at 1",
}
ALL_END_BUT_THE_EVENT = ALL_END | {"event": "done at 1"}
ALL_GO_ON = {
    "event": "done at 1",
    "running": "done at 9",
    "behind": "done at 2",
    "waiting": "done at 10",
    "nested": "done at 9",
    "inside": "done at 9",
}
ALL_BUT_THOSE_BEHIND = ALL_GO_ON | {"behind": "never started"}
ALL_BUT_THE_ONE_THAT_WAITS = ALL_GO_ON | {
    "event": "done at 9",
    "behind": "done at 10",
    "waiting": "never started",
}
NOTHING_STARTS = dict.fromkeys(ALL_END, "never started")


@dataclass(frozen=True)
class Row:
    """A row of the table: the event, and the outcomes of the jobs and of the run."""

    happens: Any
    """The work of the job `event`."""
    fates: dict[str, str]
    own: object
    """The result of that job, its exception or the type of it; ``None`` if it has none."""
    tolerant: object
    """What `co_run()` of a `PureScheduler` returns, or raises."""
    critical: object
    """The same for a critical `Scheduler`."""
    event_critical: bool = True
    event_timeout: float | None = None
    """The timeout of the job `event` (seconds)."""
    others_forever: bool = False
    timeout: float | None = None
    """The timeout of the scheduler of the scene (seconds)."""
    spoil: Any = leave_as_it_is
    """A change to the scene before it runs."""
    run: Any = run
    from_outside: bool = False
    """Whether the event comes from outside, so that nested schedulers are not done."""

    def record(self, depth, *, critical):
        """Return what `Scene.record()` must return."""
        answer = self.critical if critical else self.tolerant
        # With keep_going, the jobs around the scene end before the scene does.
        ends_all = not isinstance(answer, bool) and self.fates is not ALL_BUT_THOSE_BEHIND
        starts = self.fates is not NOTHING_STARTS
        around = "ended at 1" if ends_all else "done at 9"
        # If a scheduler that is not critical fails, the schedulers around it do not.
        answers = [answer, *[True if answer is False else answer] * depth]
        if self.from_outside:
            answers[:-1] = [None] * depth
        return {
            "fates": self.fates,
            "own": self.own,
            "around": [around if starts else "never started"] * depth,
            "answers": answers,
            "served": self.served(depth) if starts else {},
        }

    @staticmethod
    def served(depth):
        """Return how often jobs of each name are shut down: once, if they are nested."""
        in_scene = ["event", "running", "behind", "waiting"] if depth else []
        return Counter(["inside", *in_scene, *["bystander"] * (depth - 1)])


def goes_on(happens, own, **options):
    return Row(happens, ALL_GO_ON, own, tolerant=True, critical=True, **options)


def fails(happens, own, critical, fates=ALL_END_BUT_THE_EVENT, **options):
    return Row(happens, fates, own, tolerant=False, critical=critical, **options)


def leaves(happens, error, **options):
    return Row(happens, ALL_END_BUT_THE_EVENT, error, error, error, **options)


def comes_from_outside(happens, error, fates=ALL_END, **options):
    return Row(happens, fates, None, error, error, from_outside=True, **options)


def refused(spoil, error):
    return comes_from_outside(succeed, error, fates=NOTHING_STARTS, spoil=spoil)


CANCELLED = asyncio.CancelledError

TABLE = {
    "all regular jobs are done": [
        Row(succeed, ALL_END_BUT_THE_EVENT, "result", True, True, others_forever=True)
    ],
    "a job returns": [goes_on(succeed, "result")],
    "a job that is not critical raises": [goes_on(fail, FAILURE, event_critical=False)],
    "a critical job raises": [fails(fail, FAILURE, FAILURE)],
    "a critical job raises, with `keep_going`": [
        fails(fail, FAILURE, FAILURE, fates=ALL_BUT_THOSE_BEHIND, spoil=keep_going)
    ],
    "another job, or the job itself, cancels its task": [
        fails(cancel_itself, CANCELLED, CANCELLED),
        fails(be_cancelled_by_another, CANCELLED, CANCELLED),
        goes_on(cancel_itself, CANCELLED, event_critical=False),
        goes_on(be_cancelled_by_another, CANCELLED, event_critical=False),
    ],
    "`cancel()` of a running job": [
        fails(be_cancelled_by_its_method, CANCELLED, CANCELLED),
        goes_on(be_cancelled_by_its_method, CANCELLED, event_critical=False),
    ],
    "`cancel()` of a waiting job": [
        fails(cancel_one_that_waits, None, CANCELLED, fates=ALL_END),
        Row(
            cancel_one_that_waits,
            ALL_BUT_THE_ONE_THAT_WAITS,
            None,
            tolerant=True,
            critical=True,
            spoil=wait_uncritically,
        ),
    ],
    "the timeout of a job expires": [
        fails(go_on, TimeoutError, TimeoutError, event_timeout=1),
        goes_on(go_on, TimeoutError, event_critical=False, event_timeout=1),
    ],
    "`stop()`": [Row(stop, ALL_END, None, tolerant=True, critical=True)],
    "the timeout expires": [fails(go_on, None, TimeoutError, fates=ALL_END, timeout=1)],
    "cancelled from outside": [comes_from_outside(go_on, CANCELLED, run=run_and_cancel)],
    "a job raises `KeyboardInterrupt` or `SystemExit`": [
        leaves(interrupt, KeyboardInterrupt),
        leaves(interrupt, KeyboardInterrupt, event_critical=False),
        leaves(leave, SystemExit),
        leaves(leave, SystemExit, event_critical=False),
    ],
    "Ctrl-C during `run()`": [comes_from_outside(hear_ctrl_c, KeyboardInterrupt)],
    "a signal of `run(stop_on=…)`": [
        comes_from_outside(hear_a_signal, SystemExit, run=run_until_a_signal)
    ],
    "a cycle, a missing requirement": [
        refused(require_in_a_cycle, CycleError),
        refused(require_a_job_elsewhere, MissingRequirementError),
    ],
    "the scheduler is already running": [goes_on(run_each_again, "result")],
}

ROWS = [
    pytest.param(row, id=f"{row.happens.__name__}-{row.spoil.__name__}-{name}")
    for name, rows in TABLE.items()
    for row in rows
]


def test_the_rows_are_the_same_as_in_the_document():
    table = PAGE.read_text().partition("| what happens | running jobs")[2].partition("\n\n")[0]
    assert list(TABLE) == re.findall(r"^\| (.+?) \|", table, re.MULTILINE)


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("critical", [False, True], ids=["tolerant", "critical"])
@pytest.mark.parametrize("row", ROWS)
def test_each_promise_holds_at_each_depth(every_loop, row, critical, depth):
    scene = Scene(row, depth, critical=critical)
    try:
        outcome = row.run(scene, every_loop)
    except BaseException as error:  # KeyboardInterrupt and SystemExit, too
        outcome = error
    assert scene.record(outcome) == row.record(depth, critical=critical)
