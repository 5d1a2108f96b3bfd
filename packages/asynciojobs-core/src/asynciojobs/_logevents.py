"""`log_events()`: the events of a run, as records of the log ``asynciojobs``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ._dag.jobset import JobSet
from ._events import EventKind, JobEvent, Observation
from ._log import logger
from ._names import path_in_run, path_name, path_text
from ._text import duration_text
from .job import counts_as_critical

if TYPE_CHECKING:
    from .purescheduler import PureScheduler

__all__ = ["log_events"]

OUTCOMES = {
    EventKind.DONE: "done",
    EventKind.FAILED: "failed",
    EventKind.SKIPPED: "skipped",
    EventKind.CANCELLED: "stopped",
    EventKind.RESTORED: "restored",
}
"""The events that end a job in a run, with the words for its outcome."""


def log_events(scheduler: PureScheduler, level: int = logging.INFO) -> Observation:
    """Log each event of a scheduler, at all depths, to the log ``asynciojobs``.

    If a critical job raises, that is logged as an error; for other jobs, as a warning. The
    record has the exception, unless the job is a scheduler that re-raises it.

    The records have these additional fields, for handlers that write JSON, for example:
    `path`, the labels of the job and of the schedulers around it, as in ``boots > host3``;
    `event`, its kind; `time`, on the clock of the event loop (seconds); `outcome`, which is
    ``done``, ``failed``, ``stopped``, ``skipped`` or ``restored`` at the end of a job,
    otherwise ``None``; and `duration`, how long the job took (seconds), or ``None``.

    Args:
        scheduler: the scheduler.
        level: the level of all other events, such as ``logging.DEBUG``.

    Returns:
        a handle. Events are logged until you `close()` the handle, or until the end of a
        ``with`` block.

    Raises:
        TypeError: the level is not an int.

    Example:
        >>> import logging
        >>> from asynciojobs import PrintJob, PureScheduler, log_events
        >>> s = PureScheduler(PrintJob("hello"))
        >>> with log_events(s, logging.DEBUG):
        ...     s.run()
        hello
        True
    """
    if not isinstance(level, int):
        raise TypeError(f"level is a level of logging, such as logging.INFO, not {level!r}")
    return scheduler.observe(lambda event: _log(event, level))


def _log(event: JobEvent, level: int) -> None:
    job, kind, _ = event
    if kind is EventKind.FAILED:
        level = logging.ERROR if counts_as_critical(job) else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    path = path_in_run(job)
    duration = job.duration() if kind in OUTCOMES else None
    after = "" if duration is None else f" after {duration_text(duration)}"
    fields = {
        "path": path_text(path),
        "event": str(kind),
        "time": event.time,
        "outcome": OUTCOMES.get(kind),
        "duration": duration,
    }
    logger.log(
        level, "%s %s%s", kind, path_name(path), after, exc_info=_exc_info(event), extra=fields
    )


def _exc_info(event: JobEvent) -> Any:
    """Return the exception of a job that failed, in the form for `logging`."""
    exception = event.job.raised_exception()
    if event.kind is not EventKind.FAILED or exception is None or isinstance(event.job, JobSet):
        return None
    # A tuple: logging tests the truth of anything else, and an exception may be false.
    return type(exception), exception, exception.__traceback__
