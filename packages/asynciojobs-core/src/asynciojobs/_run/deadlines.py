"""`Deadlines`: the time limits of single jobs.

A job whose time is over is cancelled, and awaited. It counts as having raised `TimeoutError`,
unless it handled its cancellation in another way.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

from .. import _log
from .._names import name_in_run
from ..job import AnyJob, terms_of
from .waiting import Patience

__all__ = ["Deadlines", "timeout_of"]

Cancel = Callable[[AnyJob, object], object]
"""Cancels a running job, with a message."""


class Deadlines:
    """The time limits of the jobs of a run.

    Args:
        loop: the event loop, whose clock counts.
        cancel: cancels a running job.
    """

    __slots__ = ("_cancel", "_loop", "_under_way")

    def __init__(self, loop: asyncio.AbstractEventLoop, cancel: Cancel) -> None:
        self._loop = loop
        self._cancel = cancel
        self._under_way: dict[AnyJob, Deadline] = {}

    def arm(self, job: AnyJob, task: asyncio.Task[Any], now: float) -> None:
        """Start the clock of a job, now (seconds)."""
        seconds = timeout_of(job)
        if seconds is not None and seconds != math.inf:
            self._under_way[job] = Deadline(job, task, now, seconds, self._cancel)

    def expired_at_once(self, job: AnyJob) -> TimeoutError | None:
        """Return the error of a job that has no time at all; ``None`` if it may run."""
        return TimeoutError(expiry_text(job, 0)) if timeout_of(job) == 0 else None

    def disarm(self, job: AnyJob, error: BaseException | None) -> BaseException | None:
        """Stop the clock of a job that has ended.

        Args:
            job: the job.
            error: what it raised, if anything.

        Returns:
            the exception that counts as raised by the job.
        """
        deadline = self._under_way.pop(job, None)
        if deadline is None:
            return error
        deadline.close()
        return deadline.outcome(error, self._loop.time())

    def close(self) -> None:
        """Stop the clocks of all jobs: the run is over, and has cancelled them."""
        for deadline in self._under_way.values():
            deadline.close()


class Deadline:
    """The time limit of a running job.

    Args:
        job: the job.
        task: its task.
        now: when it was started, on the clock of the loop (seconds).
        seconds: how long it may run.
        cancel: cancels a running job.

    Attributes:
        timer: when the time is over; after that, when to check whether the job has ended.
    """

    __slots__ = (
        "_cancel",
        "_cancellations",
        "_expired_at",
        "_first",
        "_patience",
        "_seconds",
        "_task",
        "_text",
        "job",
        "timer",
    )

    def __init__(
        self,
        job: AnyJob,
        task: asyncio.Task[Any],
        now: float,
        seconds: float,
        cancel: Cancel,
    ) -> None:
        self.job = job
        self.timer = task.get_loop().call_at(now + seconds, self.expire)
        self._task = task
        self._seconds = seconds
        self._cancel = cancel
        self._text = ""  # what happened, once it has expired
        self._expired_at: float | None = None
        self._first = False  # whether it expired before anyone else cancelled the job
        self._cancellations = 0  # how often the job had been cancelled when it expired
        self._patience: Patience | None = None  # once it has expired

    def expire(self) -> None:
        """Cancel the job, since its time is over."""
        loop = self._task.get_loop()
        self._expired_at = loop.time()
        self._first = not self._task.cancelling()
        self._patience = Patience({self._task: self.job})
        # This very message, not an equal one, distinguishes this cancellation from others.
        self._text = expiry_text(self.job, self._seconds)
        self._cancel(self.job, self._text)
        self._cancellations = self._task.cancelling()
        self._look_later(loop)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._patience is not None
        self.timer = loop.call_later(self._patience.left(), self._look)

    def _look(self) -> None:
        assert self._patience is not None
        self._patience.look_after([self._task])
        self._look_later(self._task.get_loop())

    def close(self) -> None:
        """Stop the timer."""
        self.timer.cancel()

    def outcome(self, error: BaseException | None, now: float) -> BaseException | None:
        """Return what counts as raised by the job, given when it ended (seconds)."""
        if self._expired_at is None:
            return error
        if error is None:
            _log.warn(
                "%s took more than %ss, was cancelled, but still returned after %.3gs",
                name_in_run(self.job),
                self._seconds,
                now - self._expired_at,
            )
        if isinstance(error, asyncio.CancelledError) and self._is_ours(error):
            return timed_out(self._text, error)
        return error

    def _is_ours(self, error: asyncio.CancelledError) -> bool:
        """Return whether the job was cancelled because its time was over.

        If others have cancelled it too, the first cancellation counts. But others may take
        theirs back, as `asyncio.timeout()` does if it expires in the same turn; then ours is
        left.
        """
        was_taken_back = self._task.cancelling() < self._cancellations
        return self._first or was_taken_back or any(arg is self._text for arg in error.args)


def timeout_of(job: AnyJob) -> float | None:
    """Return how long a job may run (seconds); ``None`` means no limit."""
    terms = terms_of(job)
    return None if terms is None else terms.timeout


def expiry_text(job: AnyJob, seconds: float) -> str:
    """Return the message for a job whose time is over."""
    return f"{job.repr_main()} took more than {seconds}s"


def timed_out(text: str, cause: BaseException | None) -> TimeoutError:
    """Return the error for a job whose time is over."""
    error = TimeoutError(text)
    error.__cause__ = cause
    return error
