"""`CallJob`: a function as a job, called in a thread, in an executor or with an engine."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast, overload

from ._calls.arguments import (
    as_executor_or_engine,
    check_function,
    is_coroutine_function,
)
from ._calls.containers import (
    filled,
    find_jobs,
    have_hashed,
    jobs_inside,
    with_results,
)
from ._calls.futures import by_engine, in_thread, on_executor
from ._calls.taking import TakesResults, with_givers
from ._checks import callable_label, callable_name
from ._copies import Shared
from ._errors import NotPicklableError
from ._identity import Work, named, numbered
from ._lazy import OnDemand
from ._text import call_label
from .engine import Engine
from .job import AbstractJob

if TYPE_CHECKING:
    from . import _options
    from ._options import JobOptions
else:
    _options = OnDemand("_options")

__all__ = ["CallJob"]

FOR_THE_FUNCTION = ": to pass it to the function, write kwargs={{{name!r}: …}}"

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class CallJob(TakesResults[T_co]):
    """A job that calls a function. The return value of the function is the result of the job.

    A plain function is called in a thread, so that it does not block the event loop, or in the
    `executor` if there is one. A coroutine function is awaited in the event loop.

    A job among the arguments becomes a requirement, and the function gets its result. This also
    works for jobs inside lists, tuples, dicts (keys and values) and sets, at any depth: the
    function gets a new container, with results in place of the jobs. Everything else is passed
    as it is, including containers without jobs, and subclasses of list, tuple, dict and set.

    Args:
        function: a plain function or a coroutine function, or any other callable.
        args: its positional arguments.
        kwargs: its keyword arguments.
        executor: ``None`` means a thread of the event loop, as with `asyncio.to_thread`: the
            function gets a copy of the context, and there are a few more threads than
            processors. In Pyodide, which has no threads, the function blocks the event loop.
            Or give a `concurrent.futures.Executor` or an `asynciojobs.engine.Engine`; then
            `function` must be a plain function.
        job_options: see `AbstractJob`.

    Raises:
        TypeError: `function` can't be called, or is a generator function; `executor` is of
            another type, or is given for a coroutine function; an argument is or contains a
            sequence.
        ValueError: an argument contains both jobs and itself.

    Example:
        >>> from asynciojobs import CallJob, Scheduler
        >>> words = CallJob(str.split, "to be or not to be")
        >>> count = CallJob(len, words)
        >>> Scheduler(words, count).run(), count.result(), count.required == {words}
        (True, 6, True)
        >>> cubes = [CallJob(pow, number, 3) for number in range(4)]
        >>> total = CallJob(sum, cubes)
        >>> Scheduler(*cubes, total).run(), total.result()
        (True, 36)
    """

    __slots__ = (
        "_call_args",
        "_engine",
        "_executor",
        "_function",
        "_kwargs",
        "_task_name",
        "_templates",
    )

    @overload
    def __init__(
        self: CallJob[T],
        function: Callable[..., Coroutine[Any, Any, T]],
        /,
        *args: object,
        kwargs: Mapping[str, object] | None = None,
        executor: None = None,
        **job_options: Unpack[JobOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: CallJob[T],
        function: Callable[..., T],
        /,
        *args: object,
        kwargs: Mapping[str, object] | None = None,
        executor: Executor | None = None,
        **job_options: Unpack[JobOptions],
    ) -> None: ...

    # With an engine, result() is a handle, not the value that the function returned.
    @overload
    def __init__(
        self: CallJob[Any],
        function: Callable[..., object],
        /,
        *args: object,
        kwargs: Mapping[str, object] | None = None,
        executor: Engine,
        **job_options: Unpack[JobOptions],
    ) -> None: ...

    def __init__(
        self,
        function: Callable[..., Any],
        /,
        *args: object,
        kwargs: Mapping[str, object] | None = None,
        executor: Executor | Engine | None = None,
        **job_options: Unpack[JobOptions],
    ) -> None:
        check_function(function, executor)
        _options.check_options("CallJob", job_options, ("kwargs", "executor"), FOR_THE_FUNCTION)
        self._function = function
        named = {} if kwargs is None else dict(kwargs)
        self._executor, self._engine = as_executor_or_engine(executor)
        self._task_name = callable_name(function)
        # The jobs among the arguments, which must be done before this one starts, and
        # templates of the containers that have jobs.
        self._givers, self._templates, self._call_args, self._kwargs = find_jobs(args, named)
        super().__init__(**with_givers(job_options, self._givers))

    async def co_run(self) -> T_co:
        """Call the function.

        Returns:
            the return value of the function; with an engine, a handle for it.

        Raises:
            RequirementFailed: a job among the arguments raised (a RuntimeError).
            ArgumentNotDoneError: a job among the arguments is not done (a RuntimeError).
            NotPicklableError: something can't be sent to another process (a TypeError).
            BrokenPoolError: the pool is broken (a RuntimeError).
            BaseException: any exception of the function.
        """
        try:
            return cast("T_co", await self._co_call(*await self._arguments()))
        finally:
            del self  # the job keeps the traceback, which holds this frame

    async def _co_call(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        function = self._function
        try:
            if self._engine is not None:
                return await by_engine(self, self._engine, function, args, kwargs)
            if self._executor is not None:
                return await on_executor(self, self._executor, function, args, kwargs)
            if is_coroutine_function(function):
                return await function(*args, **kwargs)
            value = await in_thread(self, function, args, kwargs)
            return self._checked(value)
        finally:
            del self, args, kwargs  # the same for this frame

    def _checked(self, value: object) -> object:
        """Refuse a coroutine: it would never be awaited."""
        if inspect.iscoroutine(value):
            value.close()
            raise TypeError(
                f"{self.repr_main()} called {self._function!r} in a thread, and got a "
                "coroutine: make it an `async def`, or use Job(function, *args)"
            )
        return value

    async def _arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """Return the arguments, with each job replaced by its result."""
        if not self._givers:
            return self._call_args, self._kwargs
        results = await self._results()
        args = tuple(with_results(self._call_args, results))
        named = with_results(self._kwargs.values(), results)
        return args, dict(zip(self._kwargs, named, strict=True))

    async def _results(self) -> dict[object, object]:
        """Return what replaces the jobs and templates: values, handles and containers."""
        self._check_givers()
        results: dict[object, object] = {giver: giver.result() for giver in self._givers}
        elsewhere = handles_among(self._givers, self._engine)
        nested = [] if self._nests_handles() else handles_among(jobs_inside(self._templates))
        values = await fetched(dict.fromkeys((*elsewhere, *nested)))
        containers = filled(self, self._templates, results | values)
        return results | {giver: values[giver] for giver in elsewhere} | containers

    def _nests_handles(self) -> bool:
        """Return whether handles of the engine may stay inside containers."""
        finds_them = getattr(self._engine, "finds_nested_handles", False)
        return bool(finds_them) and not have_hashed(self._templates)

    def _gives_handle(self, engine: Engine | None) -> bool:
        """Return whether the result is a handle that this engine does not know."""
        return self._engine is not None and self._engine != engine

    async def fetch(self) -> T_co:
        """Return the value that the function returned, wherever it is kept.

        For a job with an engine, `result()` is a handle, and this fetches its value. For any
        other job, this is the same as `result()`, except that it raises the exception of a job
        even if the job is not critical.

        Raises:
            ValueError: the job is not done.
            BaseException: any exception of the job, or of the engine.

        Example:
            >>> import asyncio
            >>> from asynciojobs import CallJob, PureScheduler
            >>> async def main():
            ...     total = CallJob(sum, [1, 2])
            ...     await PureScheduler(total).co_run()
            ...     return await total.fetch()
            >>> asyncio.run(main())
            3
        """
        try:
            value = self._value_or_raise()
            if self._engine is None:
                return value
            return cast("T_co", await self._engine.fetch(value))
        finally:
            del self  # the job keeps the traceback, which holds this frame

    def _work(self) -> Work:
        return Work(self._function, {**numbered(self._call_args), **named(self._kwargs)})

    def _has_portable_result(self) -> bool:
        return self._engine is None

    def _prepare_copy(self, fields: dict[str, Any]) -> None:
        if self._executor is not None:
            refusal = NotPicklableError(self, f"its {type(self._executor).__name__}")
            fields["_executor"] = Shared(self._executor, lambda: refusal)
        if self._engine is not None:
            fields["_engine"] = Shared(self._engine, None)

    def text_label(self) -> str | None:
        """Return the name of the function, as in ``count()``, or the class of a callable."""
        return callable_label(self._function) or call_label(self._task_name)


def handles_among(
    jobs: Iterable[AbstractJob[object]], engine: Engine | None = None
) -> list[CallJob[object]]:
    """Return the jobs whose results are handles that an engine does not know."""
    return [job for job in jobs if isinstance(job, CallJob) and job._gives_handle(engine)]


async def fetched(jobs: Collection[CallJob[object]]) -> dict[CallJob[object], object]:
    """Fetch the values of jobs whose results are handles, all concurrently."""
    if len(jobs) < 2:
        return {job: await job.fetch() for job in jobs}
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {job: group.create_task(job.fetch()) for job in jobs}
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return {job: task.result() for job, task in tasks.items()}
