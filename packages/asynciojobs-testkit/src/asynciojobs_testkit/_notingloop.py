"""`NotingLoop`: asyncio's own loop, which takes notes of what goes on in it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar, cast

from ._leftovers import Leftovers
from ._realwork import RealWork

__all__ = ["NotingLoop"]

T = TypeVar("T")

ENDING = {"shutdown_asyncgens", "shutdown_default_executor"}
"""The coroutines of a loop by which a Runner ends it."""


class NotingLoop(asyncio.SelectorEventLoop):
    """A loop that notes what is left behind, and which real work goes on.

    Args:
        selector: see `asyncio.SelectorEventLoop`.
        leftovers: takes the notes of what is left behind.

    Attributes:
        work: the threads, subprocesses and executor calls of this loop.
    """

    def __init__(self, selector: selectors.BaseSelector, leftovers: Leftovers) -> None:
        self.work = RealWork()
        self._leftovers = leftovers
        self._alive: list[str] = []  # who was alive at the end of the last run
        super().__init__(selector)

    # -- what is left behind

    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], **options: Any
    ) -> asyncio.Task[T]:
        """Make a task, as a loop does, and note in which job that was."""
        task = super().create_task(coro, **options)
        self._leftovers.created(task)
        return task

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until a future is done, as a loop does, and note who is alive then."""
        ending = is_of_the_end(future)
        if not ending:
            self._alive = []
        result = super().run_until_complete(future)
        if not ending:
            self._alive = self._leftovers.told_alive(asyncio.all_tasks(self))
        return result

    def close(self) -> None:
        """Close the loop; the tasks that were alive after its last run are leftovers."""
        alive, self._alive = self._alive, []
        self._leftovers.note(alive)
        super().close()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Handle an error that nobody took, as a loop does, and take note of it."""
        future: Any = context.get("task", context.get("future"))
        exception = context.get("exception")
        if "never retrieved" in context["message"] and isinstance(exception, BaseException):
            self._leftovers.never_retrieved(future, exception)
        super().call_exception_handler(context)

    # -- real work

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a function in a thread, as a loop does; the time waits for it."""
        thread = super().run_in_executor(executor, func, *args)
        self.work.add_thread(thread)
        return thread

    def note_real_work(self, future: asyncio.Future[Any]) -> None:
        """Let the time wait until a future is done: `CallJob` calls this for its executors."""
        self.work.add_call(future)

    async def _make_subprocess_transport(self, *args: Any, **options: Any) -> Any:
        loop = cast("Any", super())  # this method is not in the type stubs
        transport = await loop._make_subprocess_transport(*args, **options)
        self.work.add_process(transport)
        return transport


def is_of_the_end(future: object) -> bool:
    """Tell whether a Runner runs this to end a loop: the tasks it gathers, or see `ENDING`."""
    if asyncio.isfuture(future):
        return not isinstance(future, asyncio.Task)
    return getattr(future, "__name__", "") in ENDING
