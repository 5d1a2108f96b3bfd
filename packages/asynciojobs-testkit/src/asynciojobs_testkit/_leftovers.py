"""What a run leaves behind by mistake: tasks, exceptions, coroutines."""

from __future__ import annotations

import asyncio
import gc
import warnings
import weakref
from collections.abc import Iterable
from typing import Any

from asynciojobs._blocks import Block
from asynciojobs._text import attempt, one_line
from asynciojobs.job import AbstractJob

from ._errors import LeftoverError
from ._explain import coroutine_of, job_of, name_of
from ._monkeypatch import PatchedFunction

__all__ = ["Leftovers"]

Task = asyncio.Task[Any]

ALIVE_BY_DESIGN = {"TestRunner._run_tests_and_fixtures"}
"""Coroutines that may stay alive between runs: anyio's plugin runs its tests in this one."""

unawaited_coroutine = PatchedFunction(warnings, "_warn_unawaited_coroutine")


class Leftovers:
    """Collects what is left behind, and remembers which job created each task."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}  # an ordered set: the lines of the report
        self._tasks: weakref.WeakSet[Task] = weakref.WeakSet()
        # The job that created a task, by the id() of the task: a task that is being deleted
        # has already left all weak dictionaries.
        self._creators: dict[int, AbstractJob[object]] = {}
        self._collected = False  # garbage was collected; since then, no block and no task began

    # -- collecting

    def note_task(self, task: Task) -> None:
        """Remember a new task, and the job that created it."""
        self._tasks.add(task)
        self._collected = False
        creator = self._current_job()
        if creator is None or job_of(task) is not None:
            self._creators.pop(id(task), None)  # an earlier task may have had the same id()
        else:
            self._creators[id(task)] = creator

    def alive_lines(self, tasks: Iterable[Task]) -> list[str]:
        """Return a line for each of these tasks, which are still alive."""
        lines = [
            f"{name_of(task)} is still alive{origin(self._job_behind(task))}"
            for task in tasks
            if getattr(coroutine_of(task), "__qualname__", "") not in ALIVE_BY_DESIGN
        ]
        return sorted(lines)

    def note_exception(self, future: asyncio.Future[Any], exception: BaseException) -> None:
        """Report an exception that was never retrieved."""
        name = name_of(future) if isinstance(future, asyncio.Task) else "a future"
        text = f"{type(exception).__name__}({one_line(attempt(str, exception) or '')})"
        made = origin(self._job_behind(future))
        self.add([f"{name} raised {text}, which was never retrieved{made}"])

    def note_coroutine(self, coroutine: Any) -> None:
        """Report a coroutine that was never awaited."""
        made = origin(self._current_job())
        self.add([f"coroutine {coroutine.__qualname__}() was never awaited{made}"])

    def add(self, lines: Iterable[str]) -> None:
        """Add lines to the report."""
        self._lines.update(dict.fromkeys(lines))

    def _current_job(self) -> AbstractJob[object] | None:
        """Return the job behind the current task, if there is one."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop is running
            return None
        return None if task is None else self._job_behind(task)

    def _job_behind(self, future: asyncio.Future[Any]) -> AbstractJob[object] | None:
        """Return the job that a task runs, otherwise the job that created the task."""
        job = job_of(future) if isinstance(future, asyncio.Task) else None
        return self._creators.get(id(future)) if job is None else job

    # -- reporting

    def clear(self) -> None:
        """Forget everything so far, because the test has a more important error to show."""
        self._collect_garbage()
        self._lines.clear()
        self._creators.clear()
        self._tasks = weakref.WeakSet()

    def check(self) -> None:
        """Raise if something was left behind.

        Raises:
            LeftoverError: lists what was left, and the job that created it.
        """
        __tracebackhide__ = True
        self._collect_garbage()
        self._note_exceptions_of_tasks()
        lines = list(self._lines)
        self.clear()
        if lines:
            raise LeftoverError(lines)

    def _collect_garbage(self) -> None:
        """Let coroutines and futures in reference cycles report themselves.

        This takes long on free-threaded builds, where each collection is a full one. So it is
        done once, unless there are new tasks: a test checks at its end, and so does its clock.
        """
        if not self._collected:
            gc.collect(1)
            self._collected = True

    def _note_exceptions_of_tasks(self) -> None:
        """Report the tasks that still exist, and whose exception was never retrieved."""
        for task in list(self._tasks):
            if task.done() and not task.cancelled() and getattr(task, "_log_traceback", False):
                exception = task.exception()  # this retrieves it, so asyncio won't report it
                assert exception is not None
                self.note_exception(task, exception)

    def watching_coroutines(self) -> Block[None]:
        """Report each coroutine that is dropped during a block without having been awaited."""
        self._collected = False
        return unawaited_coroutine.replaced_by(self.note_coroutine)


def origin(job: AbstractJob[object] | None) -> str:
    """Return the end of a line, which names the job that made something."""
    return "" if job is None else f": it was made in {job.repr_main()}"
