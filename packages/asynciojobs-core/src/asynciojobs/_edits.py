"""Changes to the graph of a job set as a whole; each is O(V+E)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ._digraph import closure
from ._jobset import JobSet
from ._queries import (
    AnyJob,
    followers_within,
    nested_job_sets,
    requirements_within,
)
from .sequence import Schedulable, members_of, several

__all__ = ["bypass_and_remove", "keep_only", "keep_only_between", "sanitize"]


def sanitize(job_set: JobSet) -> Iterator[tuple[JobSet, AnyJob, list[AnyJob]]]:
    """Drop each requirement that is not in the same set, at all depths.

    Yields:
        for each job that was changed: its set, the job, and the requirements that it lost.
    """
    for inner in nested_job_sets(job_set):
        members = set(inner.jobs)
        for job in inner.jobs:
            lost = [other for other in job._requirements() if other not in members]
            if lost:
                job._drop_requirements(lost)  # those by argument too
                yield inner, job, lost


def bypass_and_remove(job_set: JobSet, job: Schedulable) -> None:
    """Remove a job, and let those that require it require what it requires.

    Raises:
        ValueError: it is not in the set itself; nothing was changed.
    """
    followers: dict[AnyJob, list[AnyJob]] = {each: [] for each in members_in(job_set, [job])}
    for other in job_set.jobs:
        for requirement in followers.keys() & other._requirements():
            followers[requirement].append(other)
    removed: set[AnyJob] = set()
    for bypassed in followers:
        _bypass(bypassed, followers, removed)
        removed.add(bypassed)
        job_set.remove(bypassed)


def _bypass(
    bypassed: AnyJob, followers: dict[AnyJob, list[AnyJob]], removed: set[AnyJob]
) -> None:
    """Let those that require a job require what it requires; keep the followers up to date."""
    inherited = tuple(bypassed._requirements())
    for follower in dict.fromkeys(followers[bypassed]):
        if follower in removed:
            continue
        follower._drop_requirements((bypassed,))
        follower.requires(inherited)
        for requirement in inherited:
            if requirement in followers:
                followers[requirement].append(follower)


def keep_only(job_set: JobSet, remains: Schedulable | Iterable[Schedulable]) -> None:
    """Remove the jobs that are not among the remains, and all requirements of them."""
    kept = set(members_of(several(remains)))
    dropped = [job for job in job_set.jobs if job not in kept]
    for job in dropped:
        job_set.remove(job)
    unwanted = set(dropped)
    for job in job_set.jobs:
        job._drop_requirements(unwanted.intersection(job._requirements()))


def keep_only_between(
    job_set: JobSet,
    *,
    starts: Schedulable | Iterable[Schedulable],
    ends: Schedulable | Iterable[Schedulable],
    keep_starts: bool,
    keep_ends: bool,
) -> None:
    """Keep the jobs on the ways from the starts to the ends.

    That is: what is a start or is reached from one (all jobs if there are no starts), and is
    an end or reaches one (all jobs if there are no ends).

    Raises:
        ValueError: a start or an end is not in the set; nothing was changed.
    """
    first = set(members_in(job_set, starts))
    last = set(members_in(job_set, ends))
    kept = set(job_set.jobs)
    if first:
        reached = closure(followers_within(job_set), first)
        kept = first | reached
    if last:
        reaching = closure(requirements_within(job_set), last)
        kept &= last | reaching
    if not keep_starts:
        kept -= first
    if not keep_ends:
        kept -= last
    keep_only(job_set, kept)


def members_in(job_set: JobSet, things: Schedulable | Iterable[Schedulable]) -> list[AnyJob]:
    """Return the jobs that some jobs and sequences stand for.

    Raises:
        ValueError: one of them is not in the set itself.
    """
    jobs = list(members_of(several(things)))
    for job in jobs:
        if job not in job_set.jobs:
            raise ValueError(
                f"{job.repr_main()} is not in {job_set.repr_main()} itself: name a job that is"
            )
    return jobs
