"""`Engine`: what runs the calls of jobs elsewhere, and keeps their results there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

__all__ = ["Engine"]


@runtime_checkable
class Engine(Protocol):
    """What runs functions elsewhere, and keeps what they return until somebody fetches it.

    `CallJob` takes one as its ``executor``. The result of such a job is a *handle*, an object
    of the engine's own that stands for the value. Jobs of one engine (equal objects) hand each
    other handles, so that data stay where they are; anybody else gets the value.

    Whoever writes one has to know:

    - A handle among `args`, or the values of `kwargs`, at top level, must reach the function as
      its value. Handles come from `start()` of the same engine, and from nowhere else.
    - The handle is all that is kept: once the job has run again, or is gone, so is the handle,
      and then the engine may forget the value.
    - `start()` may be called thousands of times at once; how many calls run is the engine's
      business, or that of the window of a scheduler.
    - Both methods are awaited in the event loop of the run, and must not block it.
    - Who needs a name for a call can take that of the task that awaits `start()`: it is the
      label of the job, or else the name of the function.

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
        """Call a function with these arguments, elsewhere, and wait until it has returned.

        Args:
            function: a plain function.
            args: its arguments; those that are handles of this engine stand for their values.
            kwargs: likewise, by name.

        Returns:
            a handle of what the function returned.

        Raises:
            CancelledError: the caller was cancelled: a call that has not begun does not begin,
                one that can't be stopped is left.
            BaseException: what the function raised, with its traceback there, or the text of
                that in ``__cause__``.
        """
        ...

    async def fetch(self, handle: object) -> object:
        """Return the value that a handle of this engine stands for.

        Raises:
            Exception: the engine has lost it.
        """
        ...
