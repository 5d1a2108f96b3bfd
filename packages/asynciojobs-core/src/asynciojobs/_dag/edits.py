"""Changes to the graph of a job set as a whole. Each is O(V+E)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._requirements import as_collection, members_of
from ..job import ANY_JOB, AnyJob, Member, requirements_of
from .digraph import closure
from .jobset import JobSet, nested_job_sets
from .queries import followers_within, requirements_within

__all__ = ["bypass_and_remove", "keep_only", "keep_only_between", "sanitize"]


def sanitize(job_set: JobSet) -> Iterator[tuple[JobSet, AnyJob, list[AnyJob]]]:
    """Drop each requirement that is not in the same set, at all depths.

    Yields:
        for each changed job: its set, the job, and the requirements that it lost.
    """
    for inner in nested_job_sets(job_set):
        members = set(inner.jobs)
        for job in inner.jobs:
            lost = [other for other in requirements_of(job) if other not in members]
            if lost:
                job._drop_requirements(lost)  # even the arguments of a CallJob
                yield inner, job, lost


def bypass_and_remove(job_set: JobSet, job: Member) -> None:
    """Remove a job, and pass its requirements on to the jobs that require it.

    Raises:
        ValueError: the job is not in the set itself; nothing was changed.
    """
    followers: dict[AnyJob, list[AnyJob]] = {each: [] for each in members_in(job_set, [job])}
    for other in job_set.jobs:
        for requirement in followers.keys() & requirements_of(other):
            followers[requirement].append(other)
    removed: set[AnyJob] = set()
    for bypassed in followers:
        _bypass(bypassed, followers, removed)
        removed.add(bypassed)
        job_set.remove(bypassed)


def _bypass(
    bypassed: AnyJob, followers: dict[AnyJob, list[AnyJob]], removed: set[AnyJob]
) -> None:
    """Pass a job's requirements on to the jobs that require it; update the followers."""
    inherited = tuple(requirements_of(bypassed))
    for follower in dict.fromkeys(followers[bypassed]):
        if follower in removed:
            continue
        follower._drop_requirements((bypassed,))
        follower.requires(inherited)
        for requirement in inherited:
            if requirement in followers:
                followers[requirement].append(follower)


def keep_only(job_set: JobSet, remains: Member | Iterable[Member]) -> None:
    """Remove all jobs except these, and all requirements of removed jobs."""
    kept = set(members_of(as_collection(remains, ANY_JOB), ANY_JOB))
    dropped = [job for job in job_set.jobs if job not in kept]
    for job in dropped:
        job_set.remove(job)
    unwanted = set(dropped)
    for job in job_set.jobs:
        job._drop_requirements(unwanted.intersection(requirements_of(job)))


def keep_only_between(
    job_set: JobSet,
    *,
    starts: Member | Iterable[Member],
    ends: Member | Iterable[Member],
    keep_starts: bool,
    keep_ends: bool,
) -> None:
    """Keep only the jobs on the paths from the starts to the ends.

    A job stays if it is a start or depends on one, and if it is an end or an end depends on it.
    Without starts, the first condition always holds; without ends, the second.

    Raises:
        ValueError: a start or an end is not in the set; nothing was changed.
    """
    first = set(members_in(job_set, starts))
    last = set(members_in(job_set, ends))
    kept = set(job_set.jobs)
    if first:
        downstream = closure(followers_within(job_set), first)
        kept = first | downstream
    if last:
        upstream = closure(requirements_within(job_set), last)
        kept &= last | upstream
    if not keep_starts:
        kept -= first
    if not keep_ends:
        kept -= last
    keep_only(job_set, kept)


def members_in(job_set: JobSet, things: Member | Iterable[Member]) -> list[AnyJob]:
    """Return the jobs in a job, a sequence, or a collection of these.

    Raises:
        ValueError: one of them is not in the set itself.
    """
    jobs = members_of(as_collection(things, ANY_JOB), ANY_JOB)
    for job in jobs:
        if job not in job_set.jobs:
            raise ValueError(
                f"{job.repr_main()} is not in {job_set.repr_main()} itself: name a job that is"
            )
    return jobs
