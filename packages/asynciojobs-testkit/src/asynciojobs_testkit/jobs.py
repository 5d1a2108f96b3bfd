"""`FakeJob`, which does what a script says."""

from __future__ import annotations

import asyncio
from typing import TypedDict, Unpack

from asynciojobs import AbstractJob
from asynciojobs._checks import JobHolder
from asynciojobs._requirements import Requirements

__all__ = ["FakeJob"]


class FakeJobOptions(TypedDict, total=False):
    """The keyword parameters of a fake job that each kind of job shares."""

    forever: bool
    critical: bool
    required: Requirements
    scheduler: JobHolder | None


class FakeJob(AbstractJob[object]):
    """A job that takes its time, then returns or raises; it can run any number of times.

    Args:
        label: see `AbstractJob`.
        takes: how long it runs (seconds); ``math.inf`` is until it is cancelled.
        result: what it returns.
        raises: what it raises instead, at the end of its time; an exception or its class.
        cleanup: how long it goes on when it is cancelled (seconds).
        deaf: how many cancellations it does not heed.
        shutdown_takes: how long its `co_shutdown()` takes (seconds).
        shutdown_raises: what that raises, at its end.
        job_options: see `AbstractJob`: forever, critical, required, scheduler.

    Attributes:
        runs: how many times it was started.
        cancellations: how many times it was cancelled, those included that it did not heed.
        shutdowns: how many times its `co_shutdown()` was called.

    The arguments are attributes as well, `result` under the name of `returns`, and may be
    changed between runs.

    Raises:
        TypeError: a time is of another type, or what is to be raised no exception.
        ValueError: a time is negative, or not a number; so is `deaf`.

    Example:
        >>> from asynciojobs import Scheduler
        >>> from asynciojobs_testkit import FakeClock
        >>> job = FakeJob("fetch", takes=3600, result=b"data")
        >>> with FakeClock().installed():
        ...     Scheduler(job).run()
        True
        >>> job.result(), job.duration(), job.runs
        (b'data', 3600.0, 1)
    """

    def __init__(
        self,
        label: object = None,
        *,
        takes: float = 0.0,
        result: object = None,
        raises: BaseException | type[BaseException] | None = None,
        cleanup: float = 0.0,
        deaf: int = 0,
        shutdown_takes: float = 0.0,
        shutdown_raises: BaseException | type[BaseException] | None = None,
        **job_options: Unpack[FakeJobOptions],
    ) -> None:
        check_times(takes=takes, cleanup=cleanup, shutdown_takes=shutdown_takes)
        check_exceptions(raises=raises, shutdown_raises=shutdown_raises)
        if deaf < 0:
            raise ValueError(f"deaf must be 0 cancellations or more, not {deaf!r}")
        super().__init__(label=label, **job_options)
        self.takes = takes
        self.returns = result
        self.raises = raises
        self.cleanup = cleanup
        self.deaf = deaf
        self.shutdown_takes = shutdown_takes
        self.shutdown_raises = shutdown_raises
        self.runs = 0
        self.cancellations = 0
        self.shutdowns = 0

    async def co_run(self) -> object:
        """Do what the script says.

        Raises:
            BaseException: `raises`, if it is given.
        """
        self.runs += 1
        await self._take_time()
        if self.raises is not None:
            raise self.raises
        return self.returns

    async def _take_time(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.takes
        unheard = self.deaf
        while True:
            try:
                return await asyncio.sleep(end - loop.time())
            except asyncio.CancelledError:
                self.cancellations += 1
                if not unheard:
                    await asyncio.sleep(self.cleanup)
                    raise
                unheard -= 1

    async def co_shutdown(self) -> None:
        """Do what the script says, for the shutdown.

        Raises:
            BaseException: `shutdown_raises`, if it is given.
        """
        self.shutdowns += 1
        await asyncio.sleep(self.shutdown_takes)
        if self.shutdown_raises is not None:
            raise self.shutdown_raises


def check_times(**times: float) -> None:
    """Raise if one of the times, which have the names of parameters, is none.

    Raises:
        TypeError: one is of another type.
        ValueError: one is negative, or not a number.
    """
    for parameter, seconds in times.items():
        if not isinstance(seconds, int | float):
            raise TypeError(f"{parameter} must be a number of seconds, not {seconds!r}")
        if not seconds >= 0:
            raise ValueError(f"{parameter} must be 0 seconds or more, not {seconds!r}")


def check_exceptions(**exceptions: object) -> None:
    """Raise if one of these, which have the names of parameters, can't be raised.

    Raises:
        TypeError: it can't.
    """
    for parameter, raised in exceptions.items():
        kind = raised if isinstance(raised, type) else type(raised)
        if raised is not None and not issubclass(kind, BaseException):
            raise TypeError(
                f"{parameter} must be an exception or a class of them, not {raised!r}"
            )
