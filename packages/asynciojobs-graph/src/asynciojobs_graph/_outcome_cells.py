"""What a report says about one job: its result or exception, and what can be unfolded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from asynciojobs._commands.result import CommandResult
from asynciojobs._dag.jobset import record_of
from asynciojobs._outcomes import CriticalFailure, exception_text
from asynciojobs._text import attempt
from asynciojobs._tracebacks import Tracebacks
from asynciojobs.commandjob import CommandJob
from asynciojobs.job import AnyJob

from ._inert import inert_line
from ._markup import Markup, element

__all__ = ["Folded", "folded", "result_of", "tracebacks_of"]


class Folded(NamedTuple):
    """A text of several lines under a title, which the reader can unfold."""

    title: str
    text: str

    def markup(self) -> Markup:
        """Return it as an element."""
        return element("details", element("summary", self.title), element("pre", self.text))


def result_of(job: AnyJob) -> str:
    """Return a job's result or exception, or why it did not start, on one line."""
    exception = job.raised_exception()
    if exception is not None:
        return inert_line(exception_text(exception))
    culprit = job.skipped_by()
    if culprit is not None:
        return inert_line(f"{culprit.repr_main()} failed")
    if not job.is_done():
        return ""
    record = record_of(job)
    if record is not None:
        return inert_line(str(record.verdict))
    value = job.result()
    if isinstance(value, CommandResult):
        # Its output may have secrets. The last lines, which follow, have none.
        return f"status {value.status}"
    return "" if value is None else inert_line(attempt(repr, value) or "")


def tracebacks_of(jobs: Iterable[AnyJob]) -> dict[AnyJob, str]:
    """Return the tracebacks of the jobs that raised, each traceback once.

    Frames of asyncio and of these packages are left out, as in `debrief()`.

    Args:
        jobs: the jobs, in the order in which they failed.
    """
    raised = {
        job: exception for job in jobs if (exception := job.raised_exception()) is not None
    }
    tracebacks = Tracebacks(raised.values(), whole=False)
    return {
        job: "\n".join(tracebacks.lines(exception))
        for job, exception in raised.items()
        if not _comes_from_inside(job, exception)
    }


def _comes_from_inside(job: AnyJob, exception: BaseException) -> bool:
    """Return whether a nested scheduler re-raised the exception of a job inside it."""
    record = record_of(job)
    verdict = None if record is None else record.verdict
    return isinstance(verdict, CriticalFailure) and verdict.exception is exception


def folded(job: AnyJob, tracebacks: Mapping[AnyJob, str]) -> Iterator[Folded]:
    """Yield what can be unfolded for a job: its traceback, and its details.

    The details of a command are the last lines of its output.
    """
    traceback = tracebacks.get(job)
    if traceback:
        yield Folded("traceback", traceback)
    details = attempt(job.details)
    if details:
        is_command = isinstance(job, CommandJob)
        yield Folded("last lines" if is_command else "details", details)
