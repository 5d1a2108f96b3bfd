"""`FakeJob`: a job that does what its arguments say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypedDict, Unpack

from asynciojobs import AbstractJob
from asynciojobs._checks import as_number
from asynciojobs._requirements import Requirements

if TYPE_CHECKING:
    from asynciojobs._options import JobHolder

__all__ = ["FakeJob"]


class FakeJobOptions(TypedDict, total=False):
    """The keyword parameters that all kinds of jobs share."""

    forever: bool
    critical: bool
    required: Requirements
    scheduler: JobHolder | None


class FakeJob(AbstractJob[object]):
    """A job that sleeps, then returns or raises. It can run any number of times.

    Args:
        label: see `AbstractJob`.
        takes: how long it runs (seconds). With ``math.inf``, it runs until it is cancelled.
        result: what it returns.
        raises: what it raises instead of returning: an exception or an exception class.
        cleanup: how long it takes to end once it is cancelled (seconds).
        deaf: how many cancellations it ignores before it obeys one.
        shutdown_takes: how long its `co_shutdown()` takes (seconds).
        shutdown_raises: what its `co_shutdown()` raises at its end.
        job_options: see `AbstractJob`: forever, critical, required, scheduler.

    Attributes:
        runs: how many times it was started.
        cancellations: how many times it was cancelled, including those that it ignored.
        shutdowns: how many times its `co_shutdown()` was called.

    All arguments are attributes too, and may be changed between runs. The attribute for
    `result` is `returns`.

    Raises:
        TypeError: a time is not a number, or `raises` or `shutdown_raises` is not an exception.
        ValueError: a time is negative or NaN, or `deaf` is negative.

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
        self.runs: int = 0
        self.cancellations: int = 0
        self.shutdowns: int = 0

    async def co_run(self) -> object:
        """Sleep, then return or raise.

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
        to_ignore = self.deaf
        while True:
            try:
                return await asyncio.sleep(end - loop.time())
            except asyncio.CancelledError:
                self.cancellations += 1
                if not to_ignore:
                    await asyncio.sleep(self.cleanup)
                    raise
                to_ignore -= 1

    async def co_shutdown(self) -> None:
        """Sleep, then raise if `shutdown_raises` is given.

        Raises:
            BaseException: `shutdown_raises`, if it is given.
        """
        self.shutdowns += 1
        await asyncio.sleep(self.shutdown_takes)
        if self.shutdown_raises is not None:
            raise self.shutdown_raises


def check_times(**times: float) -> None:
    """Check times, given by the names of their parameters.

    Raises:
        TypeError: one is not a number.
        ValueError: one is negative or NaN.
    """
    for parameter, seconds in times.items():
        if as_number(seconds) is None:
            raise TypeError(f"{parameter} must be a number of seconds, not {seconds!r}")
        if not seconds >= 0:
            raise ValueError(f"{parameter} must be 0 seconds or more, not {seconds!r}")


def check_exceptions(**exceptions: object) -> None:
    """Check exceptions, given by the names of their parameters.

    Raises:
        TypeError: one is neither an exception nor an exception class.
    """
    for parameter, raised in exceptions.items():
        kind = raised if isinstance(raised, type) else type(raised)
        if raised is not None and not issubclass(kind, BaseException):
            raise TypeError(
                f"{parameter} must be an exception or an exception class, not {raised!r}"
            )
