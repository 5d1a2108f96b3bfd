"""`DaskEngine`: calls on a Dask cluster, with results that stay there.

This is the only module with a dependency: ``pip install "asynciojobs[dask]"``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError
from typing import Any, TypeAlias, cast

from ._bridge import install_command
from ._errors import MissingDaskPackageError

try:
    import dask.utils
    from distributed import Client, Future
except (
    ModuleNotFoundError
) as _error:  # pragma: no cover - they are installed where this is measured
    _missing = str(_error.name).partition(".")[0]
    if _missing not in ("dask", "distributed"):
        raise
    raise MissingDaskPackageError(
        f"asynciojobs.dask needs the package distributed, and {_missing} is not installed: "
        f"{install_command('dask')}",
        name=_missing,
    ) from None

__all__ = ["CallLostError", "DaskEngine"]

# Large parts of Dask have no types.
AnyClient: TypeAlias = Any
AnyFuture: TypeAlias = Any
APPLY: Callable[..., object] = cast("Any", dask.utils).apply
"""Calls a function with a list and a dict of arguments. All workers have it."""


class CallLostError(RuntimeError):
    """A Dask cluster gave up a call, or lost its result.

    The client was closed or lost its scheduler, the cluster was restarted, or the future was
    cancelled.

    Attributes:
        key: the name of the call on the cluster.
    """

    def __init__(self, key: str, reason: object) -> None:
        self.key = key
        super().__init__(
            f"the Dask cluster gave up the call {key!r} ({reason}): keep the client and its "
            "cluster open until all is done and fetched, and run it again"
        )


class DaskEngine:
    """Calls functions on a Dask cluster, and keeps their return values there.

    The result of a job is a `distributed.Future`. If another call gets it as an argument, Dask
    makes that call where the value is, or sends the value from worker to worker. Dask frees the
    value once no job has the future. Engines of the same client are equal, even with different
    options, so their jobs pass futures to each other.

    The dashboard shows each call under its key: the label of its job, or the name of its
    function, and a random number.

    If a worker dies, Dask repeats the calls that it was running, and the calls whose values
    only this worker had. If several workers die while running one call, that call raises
    `distributed.KilledWorker`.

    Args:
        client: an asynchronous client, ``await Client(…, asynchronous=True)``, for runs in its
            event loop. With a synchronous client, use
            ``executor=client.get_executor(pure=False)`` instead of an engine; then each value
            travels to this process and back.
        retries: how often Dask calls a function again after it raised.
        resources: the worker resources that a call uses while it runs, as ``{"GPU": 1}``.
        workers: the addresses or names of the workers that may make the calls; ``None`` means
            all workers.

    Raises:
        TypeError: `client` is something else.

    Example:
        >>> import asyncio
        >>> from asynciojobs import CallJob, Scheduler
        >>> from asynciojobs.dask import DaskEngine
        >>> from distributed import Client
        >>> async def main():
        ...     threads = {"processes": False, "dashboard_address": "127.0.0.1:0"}
        ...     async with Client(asynchronous=True, **threads) as client:
        ...         engine = DaskEngine(client)
        ...         words = CallJob(str.split, "to be or not to be", executor=engine)
        ...         count = CallJob(len, words, executor=engine)
        ...         await Scheduler(words, count).co_run()
        ...         return words.result().status, await count.fetch()
        >>> asyncio.run(main())
        ('finished', 6)
    """

    __slots__ = ("_client", "_options")

    finds_nested_handles = True
    """Dask finds futures inside lists, tuples and dictionaries; see `asynciojobs.engine`."""

    def __init__(
        self,
        client: Client,
        *,
        retries: int = 0,
        resources: Mapping[str, float] | None = None,
        workers: str | Iterable[str] | None = None,
    ) -> None:
        check_client(client)
        self._client: AnyClient = client
        self._options: dict[str, object] = {
            "pure": False,
            "retries": retries,
            "resources": None if resources is None else dict(resources),
            "workers": [workers] if isinstance(workers, str) else list(workers or ()),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DaskEngine):
            return NotImplemented
        return self._client is other._client

    def __hash__(self) -> int:
        return hash((DaskEngine, id(self._client)))

    def __repr__(self) -> str:
        return f"DaskEngine({self._client!r})"

    async def start(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
    ) -> Future[object]:
        """Call a function on a worker, and wait until it returns.

        Args:
            function: a plain function that cloudpickle can pickle.
            args: its positional arguments, which cloudpickle must be able to pickle too.
                Futures of this engine are replaced by their values, also inside lists, tuples
                and dicts.
            kwargs: its keyword arguments, with the same rules.

        Returns:
            the future of the value. The value stays where it is.

        Raises:
            RuntimeError: the client is closed, or belongs to another event loop.
            CallLostError: the cluster gave up the call (a RuntimeError).
            CancelledError: the caller was cancelled. If the call is still waiting, Dask
                withdraws it. If it is running, it goes on, and its return value is dropped.
            BaseException: any exception of the function, with its traceback.
        """
        future = self._submit(function, args, kwargs)
        try:
            raised = await future.exception()
        except asyncio.CancelledError:
            await future.cancel()
            raise
        try:
            if raised is not None:
                raise raised.with_traceback(await future.traceback())
            if future.cancelled():
                await value_of(future)
            return cast("Future[object]", future)
        finally:
            del future, raised  # the job keeps the traceback, which holds this frame

    def _submit(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
    ) -> AnyFuture:
        """Send a call to the scheduler of Dask.

        Raises:
            RuntimeError: the client does not accept it.
            TypeError: the call can't be pickled.
        """
        self._check()
        if kwargs:  # Client.submit() uses keyword arguments for its own options
            args = (function, list(args), dict(kwargs))
            function = APPLY
        try:
            return self._client.submit(function, *args, key=new_key(), **self._options)
        except TypeError as error:
            raise error.__cause__ or error from None  # the cause says what can't be pickled

    def _check(self) -> None:
        """Check that the client can be used here.

        Raises:
            RuntimeError: it can't.
        """
        client = self._client
        if client.loop.asyncio_loop is not asyncio.get_running_loop():
            raise RuntimeError(
                f"{self!r} is used in another event loop than that of its client: make the "
                "client in the coroutine that awaits co_run(), rather than call run()"
            )
        if client.status in ("closing", "closed"):
            raise RuntimeError(
                f"{self!r} can't be used, since its client is {client.status}: keep it open, "
                "`async with Client(…, asynchronous=True) as client`, until all is fetched"
            )

    async def fetch(self, handle: object) -> object:
        """Return the value of a future of this engine.

        Args:
            handle: the future.

        Raises:
            RuntimeError: the client is closed, or belongs to another event loop.
            CallLostError: the cluster no longer has the value (a RuntimeError).
            TypeError: the value can't be pickled.
        """
        self._check()
        return await value_of(handle)


def check_client(client: object) -> None:
    """Check that an engine can use this client.

    Raises:
        TypeError: it is not an asynchronous client of this event loop.
    """
    if not isinstance(client, Client) or not client.asynchronous:
        raise TypeError(
            "DaskEngine() takes an asynchronous client of this event loop, made by `await "
            f"Client(…, asynchronous=True)`, not {client!r}: make one, or give "
            "CallJob() the executor of a synchronous one, client.get_executor(pure=False)"
        )


async def value_of(future: AnyFuture) -> object:
    """Return the value of a future.

    Raises:
        CallLostError: the value is gone (a RuntimeError).
    """
    try:
        return await future
    except CancelledError as error:  # of concurrent.futures: this task was not cancelled
        raise CallLostError(str(future.key), error) from None
    finally:
        del future


def new_key() -> str:
    """Return a new name for the call of the current job.

    If Dask has seen a name before, it does not make the call again.
    """
    task = asyncio.current_task()
    # The task that awaits `start()` is named after the job.
    name = "call" if task is None else task.get_name()
    return f"{name}-{uuid.uuid4().hex}"
