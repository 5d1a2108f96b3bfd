"""The lines that schedulers print about themselves. Nothing here prints."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from ._badge import Signs
from ._dag.jobset import JobSet, record_of, state_of
from ._dag.outline import Entry, in_order_of_creation, iterate_jobs, number, outline
from ._dag.queries import counts_by_phase, entry_jobs, exit_jobs
from ._lazy import OnDemand
from ._names import name_in_run, path_name
from ._outcomes import CriticalFailure, Phase, Refused, Verdict
from ._text import attempt, duration_text
from ._tracebacks import Tracebacks
from .job import AbstractJob, AnyJob, badge_of, failure_of

__all__ = [
    "debrief_lines",
    "failures",
    "list_lines",
    "names_left",
    "safe_lines",
    "shutdown_failures",
    "stats",
    "summary",
]

inspect = OnDemand("_run.inspect")

Path: TypeAlias = "list[AnyJob]"
"""A job after the schedulers around it, outermost first."""

END = "--end--"  # in place of the badge

LETTERS = {
    Phase.DONE: "D",
    Phase.STOPPED: "X",
    Phase.RUNNING: "R",
    Phase.SCHEDULED: "S",
    Phase.SKIPPED: "K",
    Phase.IDLE: "I",
}
ONLY_IF_ANY = (Phase.STOPPED, Phase.SCHEDULED, Phase.SKIPPED)


def stats(job_set: JobSet) -> str:
    """Return how many jobs are in which phase, as in ``2D + 3R + 4I = 9``; one pass.

    Some counts appear only if they aren't zero: ``X`` for stopped jobs, ``S`` for jobs that
    wait for a slot of the window or of a limit, ``K`` for skipped jobs.
    """
    counts = counts_by_phase(job_set)
    parts = [
        f"{counts[phase]}{letter}"
        for phase, letter in LETTERS.items()
        if counts[phase] or phase not in ONLY_IF_ANY
    ]
    return f"{' + '.join(parts)} = {counts.total()}"


def names_left(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Return the names of the jobs that have not ended in a loop, or are being shut down."""
    tasks = [task for task in asyncio.all_tasks(loop) if not inspect.awaits_jobs(task)]
    jobs = [job for task in tasks if (job := inspect.job_of(task)) is not None]
    return sorted({name_in_run(job) for job in jobs})


def summary(job_set: JobSet, duration: float | None) -> str:
    """Return the counts of a scheduler, and how its last run ended, if any.

    Args:
        job_set: the scheduler.
        duration: how long its last run took (seconds); ``None`` if none has ended.

    Example:
        >>> summary(JobSet([]), 1.2)
        '<JobSet of 0 jobs> 0D + 0R + 0I = 0, FINE after 1.2 s'
    """
    text = f"{job_set.repr_main()} {stats(job_set)}"
    state = state_of(job_set)
    verdict = state.record.verdict
    if state.current_run() is not None:
        return f"{text}, running"
    if isinstance(verdict, Refused):
        return f"{text}, {verdict.words}"
    if duration is not None:
        return f"{text}, {verdict.words} after {duration_text(duration)}"
    return text


def list_lines(
    job_set: JobSet, *, details: bool, silence_done_jobs: bool, signs: Signs
) -> Iterator[str]:
    """Yield a line for each job, in topological order; nested schedulers have a second line.

    Raises:
        CycleError: the jobs have a cycle.
    """
    entries = number(job_set)
    silenced = _all_done(entries) if silence_done_jobs else ()
    for entry in entries:
        if entry.job in silenced:
            continue
        if entry.closing:
            yield _closing_line(entry, signs)
            continue
        yield f"{entry.job.repr_id()} {_line(entry.job, entry.depth, signs)}"
        if details:
            margin = len(f"{entry.job.repr_id()} {badge_of(entry.job, signs)} ")
            yield from _details(entry.job, margin + 2 * entry.depth)


def _all_done(entries: Iterable[Entry]) -> set[AnyJob]:
    """Return the jobs that are done. A nested scheduler counts if all its jobs are done."""
    done = {entry.job for entry in entries if entry.job.is_done()}
    around: list[AnyJob] = []
    for entry in entries:
        if entry.closing:
            around.pop()
        if around and entry.job not in done:
            done.discard(around[-1])
        if isinstance(entry.job, JobSet) and not entry.closing:
            around.append(entry.job)
    return done


def safe_lines(job_set: JobSet, *, silence_done_jobs: bool, signs: Signs) -> Iterator[str]:
    """Yield a line for each job, in order of creation, without requirements and ids."""
    for job in _all_jobs(job_set):
        if not (silence_done_jobs and job.is_done()):
            yield f"{badge_of(job, signs)} {job.repr_main()} {job.repr_result()}"


def debrief_lines(
    job_set: JobSet,
    verdict: Verdict,
    *,
    details: bool,
    silence_done_jobs: bool,
    signs: Signs,
) -> Iterator[str]:
    """Yield a report: the verdict, the counts, the list, and what went wrong at all depths.

    If there is a cycle, it is shown, followed by the safe list.
    """
    yield f"===== {job_set.repr_main()}: {verdict}"
    yield f"===== {stats(job_set)}"
    listing = list_lines(
        job_set, details=details, silence_done_jobs=silence_done_jobs, signs=signs
    )
    try:
        lines = list(listing)
    except ValueError as error:
        yield f"===== {error}"
        lines = list(safe_lines(job_set, silence_done_jobs=silence_done_jobs, signs=signs))
    yield from lines
    tracebacks = Tracebacks(_exceptions(job_set), whole=details)
    for path in _paths(job_set):
        yield from _failure_lines(path, tracebacks)
    for path, failure in _shutdown_failures(job_set):
        yield f"===== co_shutdown() of {path_name(path)} failed"
        yield from tracebacks.lines(failure)


def _failure_lines(path: Path, tracebacks: Tracebacks) -> Iterator[str]:
    """Yield a job's exception with its traceback, or why a nested scheduler was ``False``."""
    job = path[-1]
    exception = job.raised_exception()
    record = record_of(job)
    verdict = None if record is None else record.verdict
    if exception is not None:
        yield f"===== {path_name(path)} {job.repr_result()}"
        if not (isinstance(verdict, CriticalFailure) and verdict.exception is exception):
            yield from tracebacks.lines(exception)  # otherwise it is shown for an inner job
    elif verdict is not None and job.is_done() and job.result() is False:
        yield f"===== {path_name(path)}: {verdict}"


def _exceptions(job_set: JobSet) -> Iterator[BaseException]:
    """Yield the exceptions that a report on a scheduler shows."""
    for job in _all_jobs(job_set):
        exception = job.raised_exception()
        if exception is not None:
            yield exception


def _paths(job_set: JobSet) -> Iterator[Path]:
    """Yield each job at all depths, after the schedulers around it; O(V) times the depth."""
    around: Path = []
    for job, _, closing in outline(job_set, in_order_of_creation):
        if closing:
            around.pop()
            continue
        yield [*around, job]
        if isinstance(job, JobSet):
            around.append(job)


def failures(job_set: JobSet) -> dict[AnyJob, BaseException]:
    """Return the jobs that raised, at all depths, each with its exception, in order."""
    failed = [(job, failure) for job in _all_jobs(job_set) if (failure := failure_of(job))]
    failed.sort(key=lambda pair: pair[1].number)
    return {job: failure.exception for job, failure in failed}


def shutdown_failures(job_set: JobSet) -> Iterator[tuple[AnyJob, BaseException]]:
    """Yield the failures of `co_shutdown()` at all depths, each with its job."""
    return ((path[-1], failure) for path, failure in _shutdown_failures(job_set))


def _shutdown_failures(job_set: JobSet) -> Iterator[tuple[Path, BaseException]]:
    """Yield the failures of `co_shutdown()` at all depths."""
    for path in ([], *_paths(job_set)):
        record = record_of(path[-1] if path else job_set)
        if record is not None:
            for job, failure in record.shutdown_failures.items():
                yield [*path, job], failure


def _all_jobs(job_set: JobSet) -> Iterator[AnyJob]:
    """Yield all jobs at all depths, nested schedulers included, the outermost excluded."""
    within = iterate_jobs(job_set, scan_schedulers=True)
    return (job for job in islice(within, 1, None) if isinstance(job, AbstractJob))


def _line(job: AnyJob, depth: int, signs: Signs) -> str:
    parts = [badge_of(job, signs), "> " * depth + job.repr_main(), job.repr_result()]
    if requires := job.repr_requires():
        parts.append(requires)
    if isinstance(job, JobSet):
        parts.append(f"-> entries={_ids(entry_jobs(job))}")
    return " ".join(parts)


def _closing_line(entry: Entry, signs: Signs) -> str:
    job = entry.job
    assert isinstance(job, JobSet)
    exits = _ids(exit_jobs(job, discard_forever=False))
    end = END.ljust(len(badge_of(entry.job, signs)))
    return f"{job.repr_id()} {end} {'> ' * entry.depth}< {job.repr_main()} exits={exits}"


def _ids(jobs: Iterable[AnyJob]) -> str:
    return f"{{{', '.join(sorted(job.repr_id() for job in jobs))}}}"


def _details(job: AnyJob, indent: int) -> Iterator[str]:
    details = attempt(job.details)
    if details is not None:
        for line in str(details).splitlines():
            yield f"{' ' * indent}{line}"
