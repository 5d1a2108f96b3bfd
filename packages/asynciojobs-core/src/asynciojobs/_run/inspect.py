"""What happens in a loop: its runs, the jobs of its tasks, and what each task awaits.

This is for reports, such as those of the testkit. It costs a run nothing: runs are found in the
frames of the coroutines that wait for them. Only this module knows about frames.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any, NamedTuple

from .._dag.jobset import JobSet, state_of
from .._names import run_of
from .._outcomes import RUNNING
from ..job import AnyJob, needs_of, phase_of
from ..limit import Limit
from .run import Run
from .shutdown import serve, shut_down
from .tasks import JobTasks
from .waiting import coroutines_of
from .waitlist import waits_in_run

__all__ = [
    "Place",
    "awaits_jobs",
    "coroutine_of",
    "holders_of_limits",
    "job_of",
    "jobs_and_tasks",
    "limits_awaited",
    "places",
    "restored_jobs",
    "runs_in",
    "runs_of",
]

Task = asyncio.Task[Any]

JOB_CODES = (JobTasks.drive.__code__, serve.__code__)
"""The coroutines that run in a task of a job: its run, and its shutdown."""

WAITING_CODES = (Run.verdict.__code__, shut_down.__code__)
"""The coroutines that only wait for other tasks, in a run or a shutdown."""


class Place(NamedTuple):
    """A suspended coroutine, and where it is suspended."""

    qualname: str
    function: str
    file: str
    line: int


def runs_in(loop: asyncio.AbstractEventLoop) -> list[Run]:
    """Return the runs in progress in a loop, including nested ones."""
    return runs_of(asyncio.all_tasks(loop))


def runs_of(tasks: Iterable[Task]) -> list[Run]:
    """Return the runs that some tasks wait for, each once."""
    return list(dict.fromkeys(run for task in tasks for run in _runs_awaited(task)))


def jobs_and_tasks(run: Run) -> dict[AnyJob, Task | None]:
    """Return the current jobs of a run's scheduler, each with its task if it is running."""
    return {job: run.tasks.live.get(job) for job in run.job_set.jobs}


def holders_of_limits(runs: Iterable[Run]) -> dict[Limit, list[AnyJob]]:
    """Return the limits in use in some runs, each with the jobs that hold its slots."""
    holders: dict[Limit, list[AnyJob]] = {}
    for run in runs:
        for job in run.roster.jobs:
            if phase_of(job) is RUNNING and waits_in_run(job):
                for limit in needs_of(job):
                    holders.setdefault(limit, []).append(job)
    return holders


def restored_jobs(job_set: JobSet) -> frozenset[AnyJob]:
    """Return the jobs that stayed done in the last run of a job set, at all depths.

    If the run was part of another one, the jobs of the sets around it are included.
    """
    return frozenset(state_of(job_set).record.restored)


def limits_awaited(job: AnyJob) -> list[tuple[Limit, bool]]:
    """Return the limits that a job waits for once its requirements are met.

    Returns:
        each limit, and whether it has too few free slots. If not, the job waits for its turn.
        Empty if the job waits for a slot of its window.
    """
    run: Run | None = run_of(job)
    limits = None if run is None or run.extras is None else run.extras.limits
    return [] if limits is None else limits.awaited(job)


def job_of(task: Task) -> AnyJob | None:
    """Return the job whose run or shutdown is this task; ``None`` for other tasks."""
    coroutine: Any = coroutine_of(task)
    if getattr(coroutine, "cr_code", None) not in JOB_CODES:
        return None
    frame: FrameType | None = coroutine.cr_frame
    return None if frame is None else frame.f_locals.get("job")


def awaits_jobs(task: Task) -> bool:
    """Return whether a task only waits for the jobs of a run, or for their shutdown."""
    return any(frame.f_code in WAITING_CODES for frame in _frames(task))


def places(task: Task) -> list[Place]:
    """Return where a task waits: the coroutines that await each other, outermost first."""
    return [
        Place(
            qualname=frame.f_code.co_qualname,
            function=frame.f_code.co_name,
            file=frame.f_code.co_filename,
            line=frame.f_lineno,
        )
        for frame in _frames(task)
    ]


def coroutine_of(task: Task) -> Any:
    """Return the coroutine of a task; ``None`` if it no longer has one."""
    return next(coroutines_of(task), None)


def _runs_awaited(task: Task) -> Iterator[Run]:
    for frame in _frames(task):
        if frame.f_code is Run.verdict.__code__:
            yield frame.f_locals["self"]


def _frames(task: Task) -> Iterator[FrameType]:
    """Yield the frames of the coroutines that a task awaits, outermost first."""
    for coroutine in coroutines_of(task):
        for kind in ("cr_frame", "gi_frame", "ag_frame"):
            frame = getattr(coroutine, kind, None)
            if frame is not None:
                yield frame
