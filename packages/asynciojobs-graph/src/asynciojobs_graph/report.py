"""A report on a run: one HTML page that needs nothing else."""

from __future__ import annotations

import os

from asynciojobs import PureScheduler

from ._files import write_with_suffix
from ._report import report_of

__all__ = ["export_as_htmlfile"]


def export_as_htmlfile(scheduler: PureScheduler, filename: str | os.PathLike[str]) -> str:
    """Write a report on the last run of a scheduler: one HTML page.

    Args:
        scheduler: the scheduler.
        filename: the name of the file; ``.html`` is added unless it is there.

    Returns:
        the name of the file.

    Raises:
        RuntimeError: the scheduler never ran.
        OSError: the file can't be written.

    Example:
        >>> from asynciojobs import Job, Scheduler
        >>> async def measure():
        ...     return 21.5
        >>> lab = Scheduler(Job(measure), label="lab")
        >>> lab.run()
        True
        >>> export_as_htmlfile(lab, "lab")
        'lab.html'
    """
    return write_with_suffix(filename, ".html", report_of(scheduler))
