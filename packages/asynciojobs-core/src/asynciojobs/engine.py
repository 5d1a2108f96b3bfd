"""`Engine`: runs the calls of jobs elsewhere, and keeps their results there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

__all__ = ["Engine"]


@runtime_checkable
class Engine(Protocol):
    """Runs functions elsewhere, and keeps their return values until they are fetched.

    `CallJob` accepts an engine as its ``executor``. The result of such a job is a *handle*: an
    object of the engine that represents the value. Jobs of the same engine (equal objects) pass
    handles to each other, so that data stays where it is. All other jobs get the value.

    If you write an engine:

    - A handle may be among `args`, or a value in `kwargs`. Pass its value to the function. All
      handles come from `start()` of the same engine.
    - If a job is inside a list, tuple, dict or set, its value is fetched first, and the engine
      gets a container with the value. If your engine can find handles inside lists, tuples and
      values of dicts, at any depth, give it the attribute ``finds_nested_handles = True``. Then
      it gets these handles instead of the values. But if a call has jobs in sets or in keys of
      dicts, all its nested values are fetched, since Python must hash them.
    - Only the job keeps the handle. Once the job has run again, or is gone, the engine may
      forget the value.
    - `start()` may be called thousands of times at once. The engine, or the window of a
      scheduler, decides how many calls run at a time.
    - Both methods are awaited in the event loop of the run, and must not block it.
    - If you need a name for a call, use the name of the task that awaits `start()`. It is the
      label of the job; without a label, the name of the function.

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
        """Call a function with some arguments elsewhere, and wait until it returns.

        Args:
            function: a plain function.
            args: its positional arguments; replace each handle of this engine by its value.
            kwargs: its keyword arguments, with the same rule.

        Returns:
            a handle for the return value.

        Raises:
            CancelledError: the caller was cancelled. A call that has not begun must not begin;
                a call that can't be stopped is left alone.
            BaseException: any exception of the function, with its original traceback, or with
                the text of that traceback in ``__cause__``.
        """
        ...

    async def fetch(self, handle: object) -> object:
        """Return the value of a handle of this engine.

        Raises:
            Exception: the engine has lost the value.
        """
        ...
