"""What a run leaves behind that it should not: tasks, exceptions, coroutines."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
import weakref
from collections.abc import Iterable
from typing import Any

from asynciojobs._text import attempt, one_line
from asynciojobs.job import AbstractJob

from ._errors import LeftoverError
from ._explain import coroutine_of, job_of, name_of
from ._standin import StandIn

__all__ = ["Leftovers"]

Task = asyncio.Task[Any]

NOT_THEIRS = {"TestRunner._run_tests_and_fixtures"}
"""Coroutines that are alive between runs by design: anyio's plugin runs its tests in it."""

unawaited_coroutine = StandIn(warnings, "_warn_unawaited_coroutine")


class Leftovers:
    """Takes notes of what is left behind, and in which job it was made."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}  # in order, none twice
        self._tasks: weakref.WeakSet[Task] = weakref.WeakSet()
        # By id(), since a task that is being deleted is in no weak dictionary any more.
        self._makers: dict[int, AbstractJob[object]] = {}

    # -- notes

    def created(self, task: Task) -> None:
        """Take note of a new task, and of the job that made it."""
        self._tasks.add(task)
        maker = current_job(self._makers)
        if maker is None or job_of(task) is not None:
            self._makers.pop(id(task), None)
        else:
            self._makers[id(task)] = maker

    def told_alive(self, tasks: Iterable[Task]) -> list[str]:
        """Return a line for each task that is alive."""
        lines = [
            f"{name_of(task)} is still alive{self._made_in(task)}"
            for task in tasks
            if getattr(coroutine_of(task), "__qualname__", "") not in NOT_THEIRS
        ]
        return sorted(lines)

    def never_retrieved(self, future: asyncio.Future[Any], exception: BaseException) -> None:
        """Take note of an exception that nobody has looked at."""
        name = name_of(future) if isinstance(future, asyncio.Task) else "a future"
        text = f"{type(exception).__name__}({one_line(attempt(str, exception) or '')})"
        self.note([f"{name} raised {text}, which was never retrieved{self._made_in(future)}"])

    def never_awaited(self, coroutine: Any) -> None:
        """Take note of a coroutine that nobody has awaited."""
        job = current_job(self._makers)
        made = "" if job is None else f": it was made in {job.repr_main()}"
        self.note([f"coroutine {coroutine.__qualname__}() was never awaited{made}"])

    def note(self, lines: Iterable[str]) -> None:
        """Keep lines for the end."""
        self._lines.update(dict.fromkeys(lines))

    def _made_in(self, future: asyncio.Future[Any]) -> str:
        job = job_of(future) if isinstance(future, asyncio.Task) else None
        job = job or self._makers.get(id(future))
        return "" if job is None else f": it was made in {job.repr_main()}"

    # -- the end

    def clear(self) -> None:
        """Forget what was left: there is a better reason for the test to fail."""
        gc.collect(1)
        self._lines.clear()
        self._makers.clear()
        self._tasks = weakref.WeakSet()

    def check(self) -> None:
        """Raise if something was left behind.

        Raises:
            LeftoverError: says what, and in which job it was made.
        """
        __tracebackhide__ = True
        gc.collect(1)
        for task in list(self._tasks):
            if task.done() and not task.cancelled() and getattr(task, "_log_traceback", False):
                exception = task.exception()  # so that it is not told of twice
                assert exception is not None
                self.never_retrieved(task, exception)
        lines = list(self._lines)
        self.clear()
        if lines:
            raise LeftoverError(lines)

    def watching_coroutines(self) -> contextlib.AbstractContextManager[None]:
        """Take note of each coroutine that is dropped before it was awaited, in a block."""
        return unawaited_coroutine.by(self.never_awaited)


def current_job(makers: dict[int, AbstractJob[object]]) -> AbstractJob[object] | None:
    """Return the job that the running task belongs to."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else job_of(task) or makers.get(id(task))
