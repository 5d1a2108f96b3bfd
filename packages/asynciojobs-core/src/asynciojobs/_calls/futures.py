"""How a call reaches a thread, an executor or an engine, and its outcome the loop.

A call is a `concurrent.futures.Future` that the loop waits for. It is not chained to an asyncio
future (`asyncio.wrap_future`), for three reasons. A cancellation ends only the wait; after that
we ask whether the call can still be withdrawn. A function may raise `StopIteration`; asyncio
futures refuse that, so the call would never end. And our way costs less.

`docs/design/calls.md` has the details.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TypeAlias

from .. import _log, _pyodide
from .._errors import BrokenPoolError, NotPicklableError
from .._names import name_in_run
from .._outcomes import Named
from ..engine import Engine
from .pickling import unpicklable_part, unpickling_failure

__all__ = ["by_engine", "in_thread", "on_executor"]

Function: TypeAlias = Callable[..., object]
Args: TypeAlias = tuple[object, ...]
Kwargs: TypeAlias = Mapping[str, object]

NO_THREAD = "can't start new thread"
"""Python's message if the system or the platform allows no more threads."""


async def in_thread(job: Named, function: Function, args: Args, kwargs: Kwargs) -> object:
    """Call a function in a thread of the loop, in a copy of the context of the caller.

    In Pyodide the loop has no threads: it calls the function itself.

    Raises:
        RuntimeError: the loop's thread pool takes no more calls.
        CancelledError: the caller was cancelled; the function will never run, or has ended.
        BaseException: any exception of the function.
    """
    if _pyodide.IN_PYODIDE:
        _log.warn_once(
            "Pyodide has no threads: %s calls its function in the event loop, and nothing else "
            "runs until the function returns; the same holds for each CallJob without executor",
            name_in_run(job),
        )
    context = contextvars.copy_context()
    future: Future[object] = Future()
    call = ThreadCall(functools.partial(context.run, function, *args, **kwargs), future)
    try:
        flight = asyncio.get_running_loop().run_in_executor(None, call)
    except RuntimeError as error:
        future.cancel()  # the call may be queued, and must not begin later
        raise refused(job, "the executor of its loop", error) from error
    ended = functools.partial(asyncio.wait, (flight,))
    try:
        return await outcome(job, future, ended, waited_for=True)
    finally:
        if future.cancelled():
            flight.cancel()  # the pool need not keep it in its queue
        del future, job  # the job keeps the traceback, which holds this frame


class ThreadCall:
    """A call that can be withdrawn until it begins: the thread first asks its future.

    It has its own future, since the loop does not hand out the future of its pool.

    Args:
        call: the function with its arguments.
        future: receives the outcome of the call.
    """

    __slots__ = ("_call", "_future")

    def __init__(self, call: Callable[[], object], future: Future[object]) -> None:
        self._call = call
        self._future = future

    def __call__(self) -> None:
        """Call the function in the thread, unless the call was withdrawn. This works once."""
        call, future = self._call, self._future
        del self._call, self._future  # the pool's threads keep a reference to this object
        if not future.set_running_or_notify_cancel():
            return
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - it is re-raised in the caller
            future.set_exception(error)
        else:
            future.set_result(value)
        finally:
            del future  # the exception's traceback holds this frame


async def on_executor(
    job: Named, executor: Executor, function: Function, args: Args, kwargs: Kwargs
) -> object:
    """Call a function in an executor.

    Raises:
        RuntimeError: the executor was shut down.
        BrokenPoolError: the pool is broken (a RuntimeError).
        NotPicklableError: the function, an argument or the result can't be sent (a TypeError).
        CancelledError: the caller was cancelled, or the executor cancelled the call.
        BaseException: any exception of the function.
    """
    try:
        future = submit(job, executor, function, args, kwargs)
        in_threads = isinstance(executor, concurrent.futures.ThreadPoolExecutor)
        try:
            return await outcome(
                job, future, functools.partial(end_of, future), waited_for=in_threads
            )
        finally:
            del future  # the job keeps the traceback, which holds this frame
    except Exception as error:
        raise_explained(job, executor, error, (function, args, kwargs))
        raise
    finally:
        del job


def submit(
    job: Named, executor: Executor, function: Function, args: Args, kwargs: Kwargs
) -> Future[object]:
    """Submit a call.

    Raises:
        RuntimeError: the executor was shut down or is broken.
    """
    if kwargs:  # some executors use keyword arguments for their own options
        function = functools.partial(function, **kwargs)
    try:
        return executor.submit(function, *args)
    except BrokenExecutor:
        raise
    except RuntimeError as error:
        raise refused(job, f"its {type(executor).__name__}", error) from error


def refused(job: Named, executor: str, error: RuntimeError) -> RuntimeError:
    """Return an error that names the job whose call was refused."""
    if NO_THREAD not in str(error):
        return RuntimeError(
            f"{job.repr_main()} can't start, since {executor} takes no more calls ({error}): "
            "shut an executor down after the runs that use it"
        )
    if _pyodide.IN_PYODIDE:
        remedy = "Pyodide has none, so leave out `executor`, or make it an `async def`"
    else:
        remedy = "the system allows no more of them, so give your pools fewer workers"
    return RuntimeError(
        f"{job.repr_main()} can't start, since {executor} has no thread for it ({error}): "
        f"{remedy}"
    )


async def outcome(
    job: Named,
    future: Future[object],
    ended: Callable[[], Awaitable[object]],
    *,
    waited_for: bool,
) -> object:
    """Wait for a call, and return its result.

    Args:
        job: the job that makes the call.
        future: the call.
        ended: waits for the end of the call. Cancelling it does not affect the call.
        waited_for: whether the function runs in this process. If so, and it is already running
            when the caller is cancelled, wait for it.

    Raises:
        CancelledError: the caller or the call was cancelled.
        BaseException: any exception of the function.
    """
    try:
        try:
            await ended()
        except asyncio.CancelledError:
            if not future.cancel():
                await wait_or_leave(job, future, ended, waited_for=waited_for)
            raise
        if future.cancel():  # it was cancelled or left the queue, and will not begin
            raise asyncio.CancelledError(
                f"the call of {job.repr_main()} was cancelled by its executor"
            )
        return future.result()
    finally:
        del job, future, ended  # the job keeps the traceback, which holds this frame


async def wait_or_leave(
    job: Named,
    future: Future[object],
    ended: Callable[[], Awaitable[object]],
    *,
    waited_for: bool,
) -> None:
    """Handle a function that is still running when its job is cancelled: we can't stop it.

    Raises:
        BaseException: the KeyboardInterrupt or SystemExit that the function raised.
    """
    if not future.done():
        what = "is awaited" if waited_for else "goes on there, and is not awaited"
        _log.inform(
            "%s was cancelled, but its function runs already and can't be stopped: it %s",
            name_in_run(job),
            what,
        )
        if not waited_for:
            return
        await wait_whatever_happens(ended)
    try:
        future.result()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - the job was cancelled, so only the log can show it
        _log.error("%s was cancelled, and then its function raised", name_in_run(job))


async def wait_whatever_happens(ended: Callable[[], Awaitable[object]]) -> None:
    """Wait for a call to end, even if cancelled again; the caller raises the cancellation."""
    while True:
        try:
            await ended()
        except asyncio.CancelledError:
            continue
        return


async def end_of(future: Future[object]) -> None:
    """Wait for a call in an executor. Cancelling this does not affect the call."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    # The testkit's clock stands still during real work.
    note_real_work = getattr(loop, "note_real_work", None)
    if note_real_work is not None:
        note_real_work(waiter)
    future.add_done_callback(functools.partial(wake, loop, waiter))
    await waiter


def wake(
    loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None], _: Future[object]
) -> None:
    """Tell a loop from another thread that a call has ended."""
    with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
        loop.call_soon_threadsafe(settle, waiter)


def settle(waiter: asyncio.Future[None]) -> None:
    """End the wait, unless it was cancelled."""
    if not waiter.done():
        waiter.set_result(None)


async def by_engine(
    job: Named, engine: Engine, function: Function, args: Args, kwargs: Kwargs
) -> object:
    """Call a function with an engine, and return the handle of its result.

    Raises:
        CancelledError: the caller was cancelled.
        BaseException: any exception of the engine; see `on_executor()`.
    """
    try:
        if asyncio.get_running_loop().get_task_factory() is not None:
            await asyncio.sleep(0)  # an eager task gets its name after its first wait
        return await engine.start(function, args, kwargs)
    except asyncio.CancelledError:
        _log.inform(
            "%s was cancelled: its call may go on in the %s, and is not awaited",
            name_in_run(job),
            type(engine).__name__,
        )
        raise
    except Exception as error:
        raise_explained(job, engine, error, (function, args, kwargs))
        raise
    finally:
        del job


def raise_explained(
    job: Named,
    executor: Executor | Engine,
    error: Exception,
    call: tuple[Function, Args, Kwargs],
) -> None:
    """Raise an error with advice, if the executor's own error gives none.

    Raises:
        BrokenPoolError: the pool is broken (a RuntimeError).
        NotPicklableError: something can't be sent (a TypeError).
    """
    if isinstance(error, BrokenExecutor):
        why = unpickling_failure(error) or (str(error),)
        raise BrokenPoolError(job, type(executor).__name__, *why) from error
    if isinstance(executor, concurrent.futures.ThreadPoolExecutor):
        return
    part = unpicklable_part(error, executor, *call)
    if part is not None:
        raise NotPicklableError(job, part) from error
