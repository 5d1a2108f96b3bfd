"""The keys of jobs: how a journal knows a job again, whatever happens to its place in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from .._dag.jobset import JobSet
from .._errors import DuplicateKeyError
from .._names import label_of
from ..job import AbstractJob, AnyJob, has_portable_result, identity_of

__all__ = ["Path", "is_journaled", "key_of", "path_text", "root_key", "with_keys"]

Path: TypeAlias = "tuple[str, ...]"
"""The keys on the way from the outermost scheduler to a job; that scheduler has none."""


def key_of(job: AnyJob) -> str:
    """Return the key of a job among those of its scheduler."""
    return identity_of(job).key or label_of(job)


def root_key(job_set: JobSet) -> str:
    """Return the key of an outermost scheduler; its class if it is not a job."""
    return key_of(job_set) if isinstance(job_set, AbstractJob) else type(job_set).__name__


def path_text(path: Iterable[str]) -> str:
    """Return a path as people read it, as in ```boots > host3```."""
    return f"`{' > '.join(path)}`"


def is_journaled(job: AnyJob) -> bool:
    """Tell whether a journal records a job, as far as the job itself is concerned."""
    return identity_of(job).journaled and not job.forever and has_portable_result(job)


def with_keys(
    jobs: Iterable[AnyJob], siblings: dict[str, AnyJob]
) -> Iterator[tuple[AnyJob, str]]:
    """Yield those of some jobs that a journal records, each with its key.

    Args:
        jobs: jobs of one scheduler.
        siblings: the other jobs of the scheduler, by key. The jobs are added.

    Raises:
        DuplicateKeyError: two of them have the same key.
    """
    for job in filter(is_journaled, jobs):
        key = key_of(job)
        if siblings.setdefault(key, job) is not job:
            raise DuplicateKeyError(siblings[key], job, key)
        yield job, key
