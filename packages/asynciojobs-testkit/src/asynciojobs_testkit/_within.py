"""The jobs of a scheduler at all depths, and how to find one of them."""

from __future__ import annotations

from collections.abc import Iterator

from asynciojobs import PureScheduler
from asynciojobs._text import listed

from ._recording import AnyJob

__all__ = ["jobs_within", "labelled", "schedulers_within"]


def jobs_within(scheduler: PureScheduler) -> Iterator[tuple[AnyJob, int]]:
    """Yield the jobs of a scheduler and of all nested ones, each with its depth.

    A scheduler that is nested in itself is yielded, but not entered again.
    """
    around = [scheduler]
    levels = [iter(scheduler.jobs)]
    while levels:
        for job in levels[-1]:
            yield job, len(levels) - 1
            if isinstance(job, PureScheduler) and all(job is not outer for outer in around):
                around.append(job)
                levels.append(iter(job.jobs))
                break
        else:
            around.pop()
            levels.pop()


def schedulers_within(scheduler: PureScheduler) -> list[PureScheduler]:
    """Return a scheduler and all nested ones."""
    nested = [job for job, _ in jobs_within(scheduler) if isinstance(job, PureScheduler)]
    return [scheduler, *nested]


def labelled(scheduler: PureScheduler, label: str) -> AnyJob:
    """Return the only job with a label.

    Raises:
        LookupError: there is none, or more than one.
    """
    texts = [(job, job._shown_text()) for job, _ in jobs_within(scheduler)]
    found = [job for job, text in texts if text == label]
    if len(found) == 1:
        return found[0]
    how_many = f"{len(found)} jobs" if found else "no job"
    known = listed(text for _, text in texts)
    remedy = "give the job itself" if found else f"its jobs are {known}"
    raise LookupError(f"{scheduler.repr_main()} has {how_many} labelled {label!r}: {remedy}")
