"""The keys of jobs, by which a journal recognizes them in the next run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from .._dag.jobset import JobSet
from .._errors import DuplicateKeyError
from .._names import label_of
from ..job import AbstractJob, AnyJob, has_portable_result, identity_of

__all__ = ["Path", "is_journaled", "key_of", "path_text", "root_key", "with_keys"]

Path: TypeAlias = "tuple[str, ...]"
"""The keys from the outermost scheduler down to a job, without the outermost one's own."""


def key_of(job: AnyJob) -> str:
    """Return the key of a job within its scheduler."""
    return identity_of(job).key or label_of(job)


def root_key(job_set: JobSet) -> str:
    """Return the key of an outermost scheduler; its class name if it is not a job."""
    return key_of(job_set) if isinstance(job_set, AbstractJob) else type(job_set).__name__


def path_text(path: Iterable[str]) -> str:
    """Return a path in readable form: ```boots > host3```."""
    return f"`{' > '.join(path)}`"


def is_journaled(job: AnyJob) -> bool:
    """Return whether a journal records a job, going by the job alone."""
    return identity_of(job).journaled and not job.forever and has_portable_result(job)


def with_keys(
    jobs: Iterable[AnyJob], siblings: dict[str, AnyJob]
) -> Iterator[tuple[AnyJob, str]]:
    """Yield the jobs that a journal records, each with its key.

    Args:
        jobs: jobs of one scheduler.
        siblings: the other jobs of the scheduler, by key. The new jobs are added to it.

    Raises:
        DuplicateKeyError: two of them have the same key.
    """
    for job in filter(is_journaled, jobs):
        key = key_of(job)
        if siblings.setdefault(key, job) is not job:
            raise DuplicateKeyError(siblings[key], job, key)
        yield job, key
