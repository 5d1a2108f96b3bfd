"""Who waits in a loop, and for what: the report of a deadlock.

The runs are found in what the tasks await: the frame of `Run.verdict` knows its run.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import asynciojobs
from asynciojobs._driver import Driver
from asynciojobs._engine import Run
from asynciojobs._shutdown import serve, shut_down
from asynciojobs.job import AbstractJob

from ._errors import Waiting

__all__ = [
    "coroutine_of",
    "job_of",
    "last_progress",
    "name_of",
    "name_of_waiter",
    "outermost",
    "who_waits",
]

Task = asyncio.Task[Any]

OWN_FILES = (asynciojobs.__file__, asyncio.__file__, __file__)
LEADERS = (Run.verdict.__code__, shut_down.__code__)
LIBRARIES = tuple(str(Path(file).parent) + os.sep for file in OWN_FILES)


def who_waits(loop: asyncio.AbstractEventLoop) -> list[Waiting]:
    """Return who has not come to an end: running jobs, others, then tasks of no job; O(V+E)."""
    tasks = sorted(asyncio.all_tasks(loop), key=_by_rank)
    jobs = {job: run._tasks.get(job) for run in _runs(tasks) for job in run._job_set.jobs}
    waiting = [_of_job(job, task) for job, task in jobs.items() if not _is_over(job)]
    waiting.sort(key=lambda it: ("running", "scheduled", "idle").index(it.state))
    for task in tasks:
        job = job_of(task)
        if job not in jobs and not leads(task):
            waiting.append(_of_task(task, job))
    return waiting


def last_progress(loop: asyncio.AbstractEventLoop) -> float:
    """Return when a job of the runs that go on has started or ended last, in seconds; O(V)."""
    jobs = [job for run in _runs(asyncio.all_tasks(loop)) for job in run._job_set.jobs]
    times = [time for job in jobs for time in (job.started_at, job.ended_at)]
    return max((time for time in times if time is not None), default=-math.inf)


def leads(task: Task) -> bool:
    """Tell whether a task only waits for the jobs of a run, or for their shutdown."""
    return any(frame.f_code in LEADERS for frame in _frames(task))


def outermost(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that wait for jobs, and are of no job themselves."""
    return [task for task in tasks if leads(task) and job_of(task) is None]


def name_of_waiter(task: Task) -> str:
    """Return the job of a task, else a text for the task; nothing if it waits for its jobs."""
    if leads(task):
        return ""
    job = job_of(task)
    return name_of(task) if job is None else job.repr_main()


def coroutine_of(task: Task) -> Any:
    """Return the coroutine of a task, if it has one still."""
    # On Python 3.12.1, get_coro() of an eager task that is done is a segmentation fault.
    return getattr(task, "_coro", None)


def job_of(task: Task) -> AbstractJob[object] | None:
    """Return the job whose run, or shutdown, is this very task."""
    coroutine: Any = coroutine_of(task)
    code = getattr(coroutine, "cr_code", None)
    if code is not Driver._drive.__code__ and code is not serve.__code__:
        return None
    frame: FrameType | None = coroutine.cr_frame
    job: AbstractJob[object] | None = frame and frame.f_locals.get("job")
    return job


def name_of(task: Task) -> str:
    """Return a text for a task: its name, and the coroutine that it runs."""
    function = getattr(coroutine_of(task), "__qualname__", "")
    return f"<Task {task.get_name()!r} of {function}()>" if function else repr(task)


def _by_rank(task: Task) -> tuple[bool, int, str]:
    # What is of no job comes first: the outermost run is there.
    return job_of(task) is not None, len(task.get_name()), task.get_name()


def _is_over(job: AbstractJob[object]) -> bool:
    return job.is_done() or job.ended_at is not None


def _of_job(job: AbstractJob[object], task: Task | None) -> Waiting:
    unmet = tuple(other.repr_main() for other in job.required if not other.is_done())
    if job.is_running():
        awaits = "" if task is None else _awaits(task)
        return Waiting(job.repr_main(), "running", (), awaits, job)
    if job.is_scheduled():
        return Waiting(job.repr_main(), "scheduled", (), "a slot of the window", job)
    return Waiting(job.repr_main(), "idle", unmet, "", job)


def _of_task(task: Task, job: AbstractJob[object] | None) -> Waiting:
    if job is not None:
        return Waiting(f"the shutdown of {job.repr_main()}", "running", (), _awaits(task), job)
    return Waiting(name_of(task), "running", (), _awaits(task), None)


def _runs(tasks: Iterable[Task]) -> list[Run]:
    return list(dict.fromkeys(run for task in tasks for run in _runs_in(task)))


def _runs_in(task: Task) -> Iterator[Run]:
    for frame in _frames(task):
        if frame.f_code is Run.verdict.__code__:
            yield frame.f_locals["self"]


def _frames(task: Task) -> Iterator[FrameType]:
    """Yield the frames of what a task awaits, the outermost first."""
    awaited: Any = coroutine_of(task)
    while awaited is not None:
        for frame, deeper in (
            ("cr_frame", "cr_await"),
            ("gi_frame", "gi_yieldfrom"),
            ("ag_frame", "ag_await"),
        ):
            if getattr(awaited, frame, None) is not None:
                yield getattr(awaited, frame)
                awaited = getattr(awaited, deeper)
                break
        else:
            return


def _awaits(task: Task) -> str:
    """Return what a task awaits, and the line of the user's program that awaits it."""
    frames = list(_frames(task))
    theirs = [frame for frame in frames if not _is_library(frame)]
    place = (theirs or frames)[-1:]
    what = _awaited(getattr(task, "_fut_waiter", None))
    if frames and place != frames[-1:]:
        what = f"{what} of {frames[-1].f_code.co_qualname}()"
    return "".join([what, *map(_at, place)])


def _is_library(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(LIBRARIES)


def _awaited(waiter: asyncio.Future[Any] | None) -> str:
    if waiter is None:
        return "its turn"
    if isinstance(waiter, asyncio.Task):
        return name_of(waiter)
    return "Future done" if waiter.done() else "Future pending"


def _at(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f" at {path}:{frame.f_lineno}, in {frame.f_code.co_name}"
