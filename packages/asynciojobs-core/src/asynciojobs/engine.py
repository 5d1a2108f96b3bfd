"""`Engine`: runs the calls of jobs elsewhere, and keeps their results there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

__all__ = ["Engine"]


@runtime_checkable
class Engine(Protocol):
    """Runs functions elsewhere, and keeps their return values until they are fetched.

    `CallJob` accepts an engine as its ``executor``. The result of such a job is a *handle*, an
    object of the engine that stands for the value. Jobs of the same engine (equal objects) pass
    handles to each other, so that data stay where they are. All other jobs get the value.

    If you write an engine:

    - A handle may stand in `args`, or as a value in `kwargs`. Pass its value to the function.
      Handles always come from `start()` of the same engine.
    - If a job stands inside a list, tuple, dict or set, its value is fetched first, and the
      engine gets a container with the value. If an engine can find handles inside lists,
      tuples and values of dicts by itself, at any depth, let it have an attribute
      ``finds_nested_handles = True``. Then it gets these handles instead of the values. But
      if a call has jobs in sets, or in keys of dicts, all its nested values are fetched, since
      Python must hash them.
    - Only the job keeps the handle. Once the job has run again, or is gone, the engine may
      forget the value.
    - `start()` may be called thousands of times at once. How many calls run at a time is up to
      the engine, or to the window of a scheduler.
    - Both methods are awaited in the event loop of the run, and must not block it.
    - If you need a name for a call, use the name of the task that awaits `start()`. It is the
      label of the job, or, without a label, the name of the function.

    Example:
        >>> import asyncio
        >>> from asynciojobs import CallJob, Scheduler
        >>> class Shelf:
        ...     "Runs functions in threads; a handle is a number of its shelf."
        ...
        ...     def __init__(self):
        ...         self.values = []
        ...
        ...     async def start(self, function, args, kwargs):
        ...         args = [self.values[it] if type(it) is Number else it for it in args]
        ...         self.values.append(await asyncio.to_thread(function, *args, **kwargs))
        ...         return Number(len(self.values) - 1)
        ...
        ...     async def fetch(self, handle):
        ...         return self.values[handle]
        >>> class Number(int):
        ...     "A place on a shelf."
        >>> shelf = Shelf()
        >>> words = CallJob(str.split, "to be or not to be", executor=shelf)
        >>> distinct = CallJob(set, words, executor=shelf)
        >>> count = CallJob(len, distinct)
        >>> Scheduler(words, distinct, count).run(), distinct.result(), count.result()
        (True, 1, 4)
    """

    async def start(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
    ) -> object:
        """Call a function with these arguments, elsewhere, and wait until it returns.

        Args:
            function: a plain function.
            args: its positional arguments; a handle of this engine stands for its value.
            kwargs: its keyword arguments, with the same rule.

        Returns:
            a handle that stands for the return value.

        Raises:
            CancelledError: the caller was cancelled. A call that has not begun does not begin;
                a call that can't be stopped is left alone.
            BaseException: any exception of the function, with its original traceback, or the
                text of that traceback in ``__cause__``.
        """
        ...

    async def fetch(self, handle: object) -> object:
        """Return the value that a handle of this engine stands for.

        Raises:
            Exception: the engine has lost it.
        """
        ...
