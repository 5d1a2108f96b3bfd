"""`TrackingLoop`: asyncio's own loop, which also tracks leftovers and real work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar, cast

from ._inforce import is_cleanup
from ._known import place_of_shield
from ._leftovers import Leftovers, StillAlive
from ._realwork import RealWork
from ._selector import IdleSelector
from ._transports import DatagramTransport, StreamTransport

__all__ = ["TrackingLoop"]

T = TypeVar("T")


class TrackingLoop(asyncio.SelectorEventLoop):
    """A loop that tracks what its runs leave behind, and the real work in progress.

    Args:
        selector: decides how the time moves.
        leftovers: collects what is left behind.

    Attributes:
        work: the threads, subprocesses and executor calls of this loop.
    """

    def __init__(self, selector: IdleSelector, leftovers: Leftovers) -> None:
        self.work = RealWork()
        self._stir = selector.stir
        self._leftovers = leftovers
        self._alive = StillAlive()  # at the end of the last run
        super().__init__(selector)

    # -- leftovers

    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], **options: Any
    ) -> asyncio.Task[T]:
        """Create a task, and note which job created it."""
        task = super().create_task(coro, **options)
        self._leftovers.note_task(task, place_of_shield())
        return task

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until a future is done, and note which tasks are still alive then."""
        if is_cleanup(future):
            return super().run_until_complete(future)
        self._alive = StillAlive()
        result = super().run_until_complete(future)
        self._alive = self._leftovers.still_alive(asyncio.all_tasks(self))
        return result

    def close(self) -> None:
        """Close the loop. Tasks that were alive after its last run are leftovers."""
        alive, self._alive = self._alive, StillAlive()
        self._leftovers.note_alive(alive)
        super().close()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Handle an error as asyncio does, and note an exception that was never retrieved."""
        self._leftovers.note_unretrieved(context)
        super().call_exception_handler(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Log an error as asyncio does, and note it, since nothing else has handled it."""
        self._leftovers.note_logged(context)
        super().default_exception_handler(context)

    # -- real work

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a function in a thread; the time stands still until it is done."""
        thread = super().run_in_executor(executor, func, *args)
        self.work.add_thread(thread)
        return thread

    def note_real_work(self, future: asyncio.Future[Any], kind: str = "executor call") -> None:
        """Hold the time until a future is done. `CallJob` and `CommandJob` call this."""
        self.work.add_call(future, kind)

    async def _make_subprocess_transport(self, *args: Any, **options: Any) -> Any:
        loop = cast("Any", super())  # the type stubs do not have this method
        transport = await loop._make_subprocess_transport(*args, **options)
        self.work.add_process(transport)
        return transport

    # -- sockets

    def note_sent(self) -> None:
        """Note that something was sent: the other side may answer."""
        self._stir()

    def _make_socket_transport(self, *args: Any, **options: Any) -> Any:
        transport = cast("Any", super())._make_socket_transport(*args, **options)
        transport.__class__ = StreamTransport
        return transport

    def _make_datagram_transport(self, *args: Any, **options: Any) -> Any:
        transport = cast("Any", super())._make_datagram_transport(*args, **options)
        transport.__class__ = DatagramTransport
        return transport
