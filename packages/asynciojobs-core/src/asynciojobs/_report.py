"""The text that schedulers print about themselves, as lines; nothing here prints."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from itertools import islice

from ._badge import Signs, badge
from ._jobset import JobSet
from ._lifecycle import Phase
from ._outline import Entry, iterate_jobs, number
from ._queries import AnyJob, counts_by_phase, entry_jobs, exit_jobs, nested_job_sets
from ._text import attempt
from ._verdict import CriticalFailure, Verdict, exception_text
from .job import AbstractJob

__all__ = ["debrief_lines", "list_lines", "safe_lines", "stats"]

END = "--end--"  # stands where the other lines have the badge

LETTERS = {Phase.DONE: "D", Phase.RUNNING: "R", Phase.SCHEDULED: "S", Phase.IDLE: "I"}


def stats(job_set: JobSet) -> str:
    """Return how many jobs are in which phase, as in ``2D + 3R + 4I = 9``; one pass.

    Jobs that are scheduled and wait for a slot are counted as ``S``, where there are any.
    """
    counts = counts_by_phase(job_set)
    parts = [
        f"{counts[phase]}{letter}"
        for phase, letter in LETTERS.items()
        if counts[phase] or phase is not Phase.SCHEDULED
    ]
    return f"{' + '.join(parts)} = {counts.total()}"


def list_lines(
    job_set: JobSet, *, details: bool, silence_done_jobs: bool, signs: Signs
) -> Iterator[str]:
    """Yield a line for each job, in topological order, nested schedulers with their ends.

    Raises:
        CycleError: the jobs have a cycle.
    """
    entries = number(job_set)
    silenced = _through_with(entries) if silence_done_jobs else ()
    for entry in entries:
        if entry.job in silenced:
            continue
        if entry.closing:
            yield _closing_line(entry, signs)
            continue
        yield f"{entry.job.repr_id()} {_line(entry.job, entry.depth, signs)}"
        if details:
            margin = len(f"{entry.job.repr_id()} {_badge(entry.job, signs)} ")
            yield from _details(entry.job, margin + 2 * entry.depth)


def _through_with(entries: Iterable[Entry]) -> set[AnyJob]:
    """Return the jobs that are done; a nested scheduler only if all is that is in there."""
    through = {entry.job for entry in entries if entry.job.is_done()}
    around: list[AnyJob] = []
    for entry in entries:
        if entry.closing:
            around.pop()
        if around and entry.job not in through:
            through.discard(around[-1])
        if isinstance(entry.job, JobSet) and not entry.closing:
            around.append(entry.job)
    return through


def safe_lines(job_set: JobSet, *, silence_done_jobs: bool, signs: Signs) -> Iterator[str]:
    """Yield a line for each job, in order of creation, without requirements and ids."""
    for job in _all_jobs(job_set):
        if not (silence_done_jobs and job.is_done()):
            yield f"{_badge(job, signs)} {job.repr_main()} {job.repr_result()}"


def debrief_lines(
    job_set: JobSet,
    verdict: Verdict,
    *,
    details: bool,
    silence_done_jobs: bool,
    signs: Signs,
) -> Iterator[str]:
    """Yield a report: the verdict, the counts, the list, and what went wrong at all depths.

    That is each exception with its origin, and why nested schedulers answered ``False``.

    Where a cycle forbids the list, the cycle and the safe list stand in its place.
    """
    yield f"===== {job_set.repr_main()}: {verdict}"
    yield f"===== {stats(job_set)}"
    try:
        lines = list(
            list_lines(
                job_set,
                details=details,
                silence_done_jobs=silence_done_jobs,
                signs=signs,
            )
        )
    except ValueError as error:
        yield f"===== {error}"
        lines = list(safe_lines(job_set, silence_done_jobs=silence_done_jobs, signs=signs))
    yield from lines
    for job in _all_jobs(job_set):
        if job.raised_exception() is not None:
            yield f"===== {job.repr_main()} {job.repr_result()}"
            if not _came_from_within(job):
                yield from _traceback(job.raised_exception())
        elif isinstance(job, JobSet) and job.is_done() and job.result() is False:
            yield f"===== {job.repr_main()}: {job._verdict}"
    for inner in nested_job_sets(job_set):
        for job, failure in inner._shutdown_record.failures.items():
            yield f"===== co_shutdown() of {job.repr_main()} failed"
            yield from _traceback(failure)


def _came_from_within(job: AnyJob) -> bool:
    """Tell whether what a nested scheduler raised is what a job of it raised."""
    return (
        isinstance(job, JobSet)
        and isinstance(job._verdict, CriticalFailure)
        and job._verdict.exception is job.raised_exception()
    )


def _all_jobs(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield all jobs at all depths, nested schedulers too, but not the outermost."""
    within = iterate_jobs(job_set, scan_schedulers=True)
    return (job for job in islice(within, 1, None) if isinstance(job, AbstractJob))


def _line(job: AnyJob, depth: int, signs: Signs) -> str:
    parts = [_badge(job, signs), "> " * depth + job.repr_main(), job.repr_result()]
    if requires := job.repr_requires():
        parts.append(requires)
    if isinstance(job, JobSet):
        parts.append(f"-> entries={_ids(entry_jobs(job))}")
    return " ".join(parts)


def _closing_line(entry: Entry, signs: Signs) -> str:
    job = entry.job
    assert isinstance(job, JobSet)
    exits = _ids(exit_jobs(job, discard_forever=False))
    end = END.ljust(len(_badge(entry.job, signs)))
    return f"{job.repr_id()} {end} {'> ' * entry.depth}< {job.repr_main()} exits={exits}"


def _ids(jobs: Iterable[AnyJob]) -> str:
    return f"{{{', '.join(sorted(job.repr_id() for job in jobs))}}}"


def _badge(job: AnyJob, signs: Signs) -> str:
    return badge(
        job._phase,
        critical=job.is_critical(),
        raised=job.raised_exception() is not None,
        forever=bool(job.forever),
        signs=signs,
    )


def _details(job: AnyJob, indent: int) -> Iterator[str]:
    details = attempt(job.details)
    if details is not None:
        for line in str(details).splitlines():
            yield f"{' ' * indent}{line}"


def _traceback(exception: BaseException | None) -> Iterator[str]:
    for text in _formatted(exception) if exception is not None else ():
        yield from text.splitlines()


def _formatted(exception: BaseException) -> list[str]:
    try:
        return traceback.format_exception(exception)
    except Exception:  # noqa: BLE001 - Python asks for its truth, and its bool() may raise
        origin = traceback.format_tb(exception.__traceback__)
        return ["Traceback (most recent call last):", *origin, exception_text(exception)]
