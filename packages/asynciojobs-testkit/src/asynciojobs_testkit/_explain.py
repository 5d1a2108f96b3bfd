"""The report of a deadlock: which jobs and tasks have not ended, and what each waits for."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import asynciojobs
from asynciojobs._run.inspect import (
    Place,
    awaits_jobs,
    coroutine_of,
    holders_of_limits,
    job_of,
    jobs_and_tasks,
    limits_awaited,
    places,
    runs_in,
    runs_of,
)
from asynciojobs.job import AbstractJob
from asynciojobs.limit import Limit

from ._errors import Waiting

__all__ = [
    "coroutine_of",
    "job_of",
    "last_progress",
    "name_of",
    "name_of_waiter",
    "outermost",
    "shown_path",
    "who_waits",
]

Task = asyncio.Task[Any]

Holders: TypeAlias = "dict[Limit, list[AbstractJob[object]]]"
"""The limits in use, each with the jobs that hold its slots."""

MAX_HOLDERS = 5
"""How many of the jobs that hold a limit's slots are named in a line."""

OWN_FILES = (asynciojobs.__file__, asyncio.__file__, __file__)
LIBRARIES = tuple(str(Path(file).parent) + os.sep for file in OWN_FILES)


def who_waits(loop: asyncio.AbstractEventLoop) -> list[Waiting]:
    """Return the jobs and tasks that have not ended; O(V+E).

    Running jobs come first, then other jobs, then tasks that belong to no job.
    """
    tasks = sorted(asyncio.all_tasks(loop), key=_by_rank)
    jobs: dict[AbstractJob[object], Task | None] = {}
    runs = runs_of(tasks)
    for run in runs:
        jobs.update(jobs_and_tasks(run))
    holders = holders_of_limits(runs)
    left = [(job, task) for job, task in jobs.items() if not _is_settled(job)]
    waiting = [_of_job(job, task, holders) for job, task in left]
    waiting.sort(key=lambda it: ("running", "scheduled", "idle").index(it.state))
    for task in tasks:
        job = job_of(task)
        if job not in jobs and not awaits_jobs(task):
            waiting.append(_of_task(task, job))
    return waiting


def last_progress(loop: asyncio.AbstractEventLoop) -> float:
    """Return when a job of a current run last started or ended, in seconds; O(V)."""
    jobs = [job for run in runs_in(loop) for job in jobs_and_tasks(run)]
    times = [time for job in jobs for time in (job.started_at, job.ended_at)]
    return max((time for time in times if time is not None), default=-math.inf)


def outermost(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that wait for jobs, but belong to no job themselves."""
    return [task for task in tasks if awaits_jobs(task) and job_of(task) is None]


def name_of_waiter(task: Task) -> str:
    """Return the name of a task's job, or of the task; "" if it only waits for jobs."""
    if awaits_jobs(task):
        return ""
    job = job_of(task)
    return name_of(task) if job is None else job.repr_main()


def name_of(task: Task) -> str:
    """Return a text for a task: its name, and the function of its coroutine."""
    function = getattr(coroutine_of(task), "__qualname__", "")
    return f"<Task {task.get_name()!r} of {function}()>" if function else repr(task)


def _by_rank(task: Task) -> tuple[bool, int, str]:
    # Tasks that belong to no job come first: the outermost run is among them.
    return job_of(task) is not None, len(task.get_name()), task.get_name()


def _is_settled(job: AbstractJob[object]) -> bool:
    """Return whether a job has ended, or will not start."""
    return job.is_done() or job.ended_at is not None or job.is_skipped()


def _of_job(job: AbstractJob[object], task: Task | None, holders: Holders) -> Waiting:
    unmet = tuple(other.repr_main() for other in job.required if not other.is_done())
    if job.is_running():
        awaits = "" if task is None else _awaits(task)
        return Waiting(job.repr_main(), "running", (), awaits, job)
    if job.is_scheduled():
        return Waiting(job.repr_main(), "scheduled", (), _slots(job, holders), job)
    return Waiting(job.repr_main(), "idle", unmet, "", job)


def _slots(job: AbstractJob[object], holders: Holders) -> str:
    """Return the limits a job waits for, with the jobs that hold their slots; or its window."""
    limits = [
        f"{'' if is_taken else 'its turn at '}{limit!r}{_held_by(holders.get(limit, []))}"
        for limit, is_taken in limits_awaited(job)
    ]
    return " and ".join(limits) or "a slot of the window"


def _held_by(jobs: Sequence[AbstractJob[object]]) -> str:
    names = ", ".join(job.repr_main() for job in jobs[:MAX_HOLDERS])
    more = f" and {len(jobs) - MAX_HOLDERS} more" if len(jobs) > MAX_HOLDERS else ""
    return f" (held by {names}{more})" if jobs else ""


def _of_task(task: Task, job: AbstractJob[object] | None) -> Waiting:
    if job is not None:
        return Waiting(f"the shutdown of {job.repr_main()}", "running", (), _awaits(task), job)
    return Waiting(name_of(task), "running", (), _awaits(task), None)


def _awaits(task: Task) -> str:
    """Return what a task awaits, and the line of the user's program that awaits it."""
    stack = places(task)
    theirs = [place for place in stack if not place.file.startswith(LIBRARIES)]
    last = (theirs or stack)[-1:]
    what = _awaited(getattr(task, "_fut_waiter", None))
    if stack and last != stack[-1:]:
        what = f"{what} of {stack[-1].qualname}()"
    return "".join([what, *map(_at, last)])


def _awaited(waiter: asyncio.Future[Any] | None) -> str:
    if waiter is None:
        return "its turn"
    if isinstance(waiter, asyncio.Task):
        return name_of(waiter)
    return "Future done" if waiter.done() else "Future pending"


def _at(place: Place) -> str:
    return f" at {shown_path(place.file)}:{place.line}, in {place.function}"


def shown_path(file: str) -> Path:
    """Return the path of a file; relative if the file is in the current directory."""
    path = Path(file)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
