"""Jobs of a run that do not end by themselves.

Users cancel them, they are skipped because another job failed, or they are left at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from .._dag.observers import Observers
from .._names import Mark, plan_of, run_of
from .._outcomes import DONE, RUNNING, STOPPED, CriticalFailure
from .._threads import runs_elsewhere
from ..job import AnyJob, phase_of
from .queue import Queue
from .roster import Roster
from .waitlist import dismiss, strike, waits_in_run

__all__ = [
    "cancel",
    "cancel_early",
    "check_thread",
    "drop_tasks",
    "goes_on_without",
    "let_go",
    "skip",
]


ENDED = (DONE, STOPPED)
"""The phases of jobs whose end may not have been handled yet."""


if TYPE_CHECKING:

    class StoppableRun(Protocol):
        """The part of a `Run` that is used here."""

        mark: Mark
        state: Any
        queue: Queue
        roster: Roster
        observers: Observers

        @property
        def extras(self) -> Any: ...
        @property
        def tasks(self) -> Any: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...
        def is_over(self) -> bool: ...
        def use_extras(self) -> Any: ...
        def wake(self) -> None: ...
        def fail(
            self, job: AnyJob, error: BaseException, now: float, *, held: bool = True
        ) -> None: ...

    class EndingRun(Protocol):
        """The part of a `Run` that is used here at its end."""

        mark: Mark
        state: Any
        roster: Roster
        extras: Any
        memory: Any

        @property
        def tasks(self) -> Any: ...
        def is_fine(self) -> bool: ...


def goes_on_without(run: StoppableRun, job: AnyJob, failure: CriticalFailure) -> bool:
    """Skip the successors of a critical job that raised; return whether the run goes on."""
    skipping = None if run.extras is None else run.extras.skipping
    if skipping is None or run.is_over():
        return False
    skip(run, skipping.fail(job, failure, run.roster.jobs))
    return True


def skip(run: StoppableRun, jobs: Iterable[AnyJob]) -> None:
    """Skip waiting jobs: they will not start."""
    assert run.extras is not None
    assert run.extras.skipping is not None
    for job in jobs:
        if not waits_in_run(job):  # an observer cancelled it in the meantime
            continue
        job._note_skip(run.extras.skipping.culprits[job])
        strike(job)
        run.roster.leave(job)
        if run.observers.heard:
            run.observers.tell(job, "skipped", run.tasks.time())


def cancel(run: StoppableRun, job: AnyJob, msg: object) -> bool:
    """Cancel a job; return ``False`` if it had ended already.

    Raises:
        RuntimeError: it was called from another thread.
    """
    check_thread(run, job.repr_main(), "job.cancel")
    plan = plan_of(job)
    if not _is_pending(job if plan is None else plan.begun_by()):
        return False
    if plan is not None:
        plan.cancelled[job] = msg
        return True
    if phase_of(job) is RUNNING:
        cancelled: bool = run.tasks.cancel(job, msg)
        return cancelled
    if not run.is_over():
        _cancel_unstarted(run, job, asyncio.CancelledError(*() if msg is None else (msg,)))
    return True


def _is_pending(job: Any) -> bool:
    """Return whether a job is in a run, and has not ended."""
    return waits_in_run(job) and phase_of(job) not in ENDED


def cancel_early(run: StoppableRun) -> None:
    """Cancel the jobs that were cancelled before this nested run began."""
    plan, run.state.plan = run.state.plan, None
    if plan is None or not plan.cancelled or not run.mark.is_nested:
        return
    for job, msg in plan.cancelled.items():
        if run_of(job) is run:  # it may have been removed in the meantime
            cancel(run, job, msg)


def _cancel_unstarted(run: StoppableRun, job: AnyJob, error: asyncio.CancelledError) -> None:
    extras, now = run.use_extras(), run.tasks.time()
    extras.plain = False  # it may be in the queue
    held = job in run.queue.cleared
    run.wake()  # not at once: an observer may have called this in the middle of a step
    job._note_failure(error, now)
    if run.observers.heard:
        run.observers.tell(job, "failed", now)
    run.fail(job, error, now, held=held)


def check_thread(run: StoppableRun, name: str, method: str) -> None:
    """Check that this is the thread of the run.

    Raises:
        RuntimeError: it is another one.
    """
    if runs_elsewhere(run.loop):
        raise RuntimeError(
            f"{name} runs in the event loop of another thread: call "
            f"loop.call_soon_threadsafe({method}) instead, with the loop of that run"
        )


# -- the end of a run


def drop_tasks(run: EndingRun) -> None:
    """Forget jobs that have not ended and never will, since the loop is gone."""
    lost = list(run.tasks.live)
    run.tasks.live.clear()
    if run.extras is not None:
        for job in lost:
            run.extras.give_back(job, held=True)


def let_go(run: EndingRun) -> None:
    """Remove the marks of a run from the jobs, and close coroutines that never started.

    The run does this at its end. If the run is lost, its job set does it.
    """
    if run.state.live_run is run:
        run.state.live_run = None
    memory, run.memory = run.memory, None  # it refers to the run: avoid a cycle
    if memory is not None:
        memory.close()
    run.mark.end()
    extras, run.extras = run.extras, None  # it refers to the run: avoid a cycle
    if extras is not None:
        extras.let_go()
    elif run.is_fine():
        return  # all jobs have ended
    for job in dismiss(run.roster.jobs, run.mark):
        if job.ended_at is None:
            job._discard_unstarted()
