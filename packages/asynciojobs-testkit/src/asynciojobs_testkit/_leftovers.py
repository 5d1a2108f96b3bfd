"""What a run leaves behind by mistake: tasks, exceptions, coroutines."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import warnings
import weakref
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from asynciojobs._blocks import Block
from asynciojobs._text import attempt, one_line
from asynciojobs.job import AbstractJob

from ._errors import LeftoverError
from ._explain import coroutine_of, job_of, name_of, shown_path
from ._known import is_ignored
from ._monkeypatch import PatchedFunction

__all__ = ["Leftovers", "StillAlive"]

Task = asyncio.Task[Any]
Place = tuple[str, int, str]
"""A file, a line in it, and a function."""

ALIVE_BY_DESIGN = {"TestRunner._run_tests_and_fixtures"}
"""Coroutines that may stay alive between runs: anyio's plugin runs its tests in this one."""

CLOSES_GENERATOR = "async_generator_athrow"
"""The type of the objects that close asynchronous generators. For each generator that is left
early, asyncio makes a task of one, and ends that task at the end of the run."""

unawaited_coroutine = PatchedFunction(warnings, "_warn_unawaited_coroutine")


class StillAlive(NamedTuple):
    """What to report about the tasks that are alive at the end of a run."""

    leftovers: Sequence[str] = ()
    """A line for each leftover."""
    shielded: Sequence[str] = ()
    """A warning for each task that `asyncio.shield()` made."""


class Leftovers:
    """Collects what runs leave behind, and remembers which job created each task."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}  # the lines of the report, as an ordered set
        self._warnings: dict[str, None] = {}  # the same for warnings
        self._tasks: weakref.WeakSet[Task] = weakref.WeakSet()
        # Where `asyncio.shield()` made a task that nothing else refers to.
        self._shielded: weakref.WeakKeyDictionary[Task, Place] = weakref.WeakKeyDictionary()
        # The job that created a task, by the id() of the task: when a task is deleted, it has
        # already left all weak dictionaries.
        self._creators: dict[int, AbstractJob[object]] = {}
        self._collected = False  # garbage was collected, and no block or task began since

    # -- collecting

    def note_task(self, task: Task, shielded_at: Place | None = None) -> None:
        """Remember a new task, the job that created it, and where it was shielded."""
        self._tasks.add(task)
        if shielded_at is not None:
            self._shielded[task] = shielded_at
        self._collected = False
        creator = self._current_job()
        if creator is None or job_of(task) is not None:
            self._creators.pop(id(task), None)  # an earlier task may have had the same id()
        else:
            self._creators[id(task)] = creator

    def still_alive(self, tasks: Iterable[Task]) -> StillAlive:
        """Return what to report about some tasks, which are still alive."""
        leftovers: list[str] = []
        shielded: list[str] = []
        for task in tasks:
            if not is_alive_by_design(task):
                line = f"{name_of(task)} is still alive{origin(self._job_behind(task))}"
                place = self._shielded.get(task)
                if place is None:
                    leftovers.append(line)
                else:
                    shielded.append(f"{line}. {shielded_at(*place)}")
        return StillAlive(sorted(leftovers), sorted(shielded))

    def note_alive(self, found: StillAlive) -> None:
        """Report tasks that were still alive at the end of a run."""
        self.add(found.leftovers)
        self._warnings.update(dict.fromkeys(found.shielded))

    def note_exception(self, future: asyncio.Future[Any], exception: BaseException) -> None:
        """Report an exception that was never retrieved."""
        name = name_of(future) if isinstance(future, asyncio.Task) else "a future"
        made = origin(self._job_behind(future))
        self.add([f"{name} raised {shown(exception)}, which was never retrieved{made}"])

    def note_unretrieved(self, context: dict[str, Any]) -> None:
        """Report the exception in a context for exception handlers if nobody retrieved it."""
        exception = context.get("exception")
        if is_never_retrieved(context) and isinstance(exception, BaseException):
            future: Any = context.get("task", context.get("future"))
            self.note_exception(future, exception)

    def note_logged(self, context: dict[str, Any]) -> None:
        """Report any other exception that asyncio can only log, such as that of a callback."""
        exception = context.get("exception")
        if not is_never_retrieved(context) and isinstance(exception, BaseException):
            self.add([f"{one_line(context['message'])}: it raised {shown(exception)}"])

    def note_coroutine(self, coroutine: Any) -> None:
        """Report a coroutine that was never awaited, unless the test ignores such warnings."""
        warning = f"coroutine '{coroutine.__qualname__}' was never awaited"
        if is_ignored(warning, RuntimeWarning):
            return
        job = self._current_job()
        made = made_at(*coroutine.cr_origin[0]) if job is None else origin(job)
        self.add([f"coroutine {coroutine.__qualname__}() was never awaited{made}"])

    def add(self, lines: Iterable[str]) -> None:
        """Add lines to the report."""
        self._lines.update(dict.fromkeys(lines))

    def _current_job(self) -> AbstractJob[object] | None:
        """Return the job behind the current task, if any."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop is running
            return None
        return None if task is None else self._job_behind(task)

    def _job_behind(self, future: asyncio.Future[Any]) -> AbstractJob[object] | None:
        """Return the job that a task runs, or otherwise the job that created the task."""
        job = job_of(future) if isinstance(future, asyncio.Task) else None
        return self._creators.get(id(future)) if job is None else job

    # -- reporting

    def clear(self) -> None:
        """Forget everything so far, since the test has a more important error to show."""
        self._collect_garbage()
        self._lines.clear()
        self._warnings.clear()
        self._creators.clear()
        self._tasks = weakref.WeakSet()

    def check(self) -> None:
        """Raise if something was left behind, and warn about shielded tasks.

        Raises:
            LeftoverError: it lists what was left, with the jobs that created it.
        """
        __tracebackhide__ = True
        self._collect_garbage()
        self._note_exceptions_of_tasks()
        lines, texts = list(self._lines), list(self._warnings)
        self.clear()
        for text in texts:
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        if lines:
            raise LeftoverError(lines)

    def _collect_garbage(self) -> None:
        """Let coroutines and futures in reference cycles report themselves.

        This is slow on free-threaded builds, where each collection is a full one. A test checks
        at its end, and so does its clock. So it is done only once, unless there are new tasks.
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
        """Report each coroutine that is made in a block, never awaited, and dropped."""
        self._collected = False
        return WatchingBlock(self)


class Watching(threading.local):
    """The blocks of a thread that watch its coroutines.

    During these blocks, Python notes where the thread's coroutines are made. So a coroutine
    with such a note was made in one of the blocks. A coroutine of another thread or of an
    earlier test has none.
    """

    def __init__(self) -> None:
        self._open: list[Leftovers] = []  # one for each open block, the latest is last
        self._depth = 0  # how many frames Python noted before the first of them

    def begin(self, leftovers: Leftovers) -> None:
        """Begin a block."""
        if not self._open:
            self._depth = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(max(1, self._depth))
        self._open.append(leftovers)

    def end(self, leftovers: Leftovers) -> None:
        """End a block. Blocks may end in any order."""
        self._open.remove(leftovers)
        if not self._open:
            sys.set_coroutine_origin_tracking_depth(self._depth)

    def whose(self, coroutine: Any) -> Leftovers | None:
        """Return what reports a dropped coroutine; ``None`` means that Python does."""
        if not self._open or not coroutine.cr_origin or full_collection.is_running:
            return None
        return self._open[-1]


class FullCollection(threading.local):
    """Knows whether this thread is collecting all garbage, even that of earlier tests.

    A test's own garbage is young; `Leftovers.check()` collects it.

    Attributes:
        is_running: whether it is. It is only kept up to date in blocks that watch coroutines.
    """

    def __init__(self) -> None:
        self.is_running = False

    def note(self, phase: str, info: dict[str, int]) -> None:
        """Take note of a collection. This is one of `gc.callbacks`."""
        self.is_running = phase == "start" and info["generation"] == 2


class WatchingBlock(Block[None]):
    """A block whose coroutines are watched.

    Args:
        leftovers: collects the coroutines that are dropped.
    """

    def __init__(self, leftovers: Leftovers) -> None:
        self._leftovers = leftovers
        self._patch = unawaited_coroutine.replaced_by(report_coroutine)

    def __enter__(self) -> None:
        self._patch.__enter__()
        gc.callbacks.append(full_collection.note)
        watching.begin(self._leftovers)

    def __exit__(self, *_: object) -> None:
        watching.end(self._leftovers)
        with contextlib.suppress(ValueError):  # the test may have cleared the list
            gc.callbacks.remove(full_collection.note)
        self._patch.__exit__(None, None, None)


watching = Watching()
full_collection = FullCollection()


def report_coroutine(coroutine: Any) -> None:
    """Report a never-awaited coroutine to its test's clock; without one, as Python does."""
    leftovers = watching.whose(coroutine)
    if leftovers is None:
        unawaited_coroutine.original(coroutine)
    else:
        leftovers.note_coroutine(coroutine)


def is_never_retrieved(context: dict[str, Any]) -> bool:
    """Return whether a context is about a future whose exception nobody has looked at."""
    return "never retrieved" in context["message"]


def is_alive_by_design(task: Task) -> bool:
    """Return whether a task may be alive at the end of a run."""
    if type(task.get_coro()).__name__ == CLOSES_GENERATOR:
        return True
    return getattr(coroutine_of(task), "__qualname__", "") in ALIVE_BY_DESIGN


def shown(exception: BaseException) -> str:
    """Return a text for an exception, on one line."""
    return f"{type(exception).__name__}({one_line(attempt(str, exception) or '')})"


def origin(job: AbstractJob[object] | None) -> str:
    """Return the end of a line that names the job that made something."""
    return "" if job is None else f": it was made in {job.repr_main()}"


def made_at(file: str, line: int, function: str) -> str:
    """Return the end of a line about a coroutine that was made outside all jobs."""
    return (
        f": it was made at {shown_path(file)}:{line}, in {function}; if it is for a job that "
        "will not run, call close_all_jobs() of its scheduler"
    )


def shielded_at(file: str, line: int, function: str) -> str:
    """Return the end of a warning about a task that `asyncio.shield()` made."""
    return (
        f"asyncio.shield() made it at {shown_path(file)}:{line}, in {function}. The end of the "
        "event loop cancels it anyway: if it must finish its work, make the task yourself, and "
        "await it before the end"
    )
