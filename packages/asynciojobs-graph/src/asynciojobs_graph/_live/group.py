"""`Group`: the jobs of one scheduler of a run, by how far they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias, cast

from asynciojobs._dag.jobset import JobSet, record_of
from asynciojobs._outcomes import (
    DONE,
    IDLE,
    RUNNING,
    SCHEDULED,
    SKIPPED,
    STOPPED,
    Phase,
)
from asynciojobs.job import AnyJob, by_phase, phase_of

__all__ = ["Group", "Phases", "start_of"]

Phases: TypeAlias = dict[Phase, list[AnyJob]]

UNSTARTED = (IDLE, SCHEDULED)
GOES_ON = (*UNSTARTED, RUNNING)
ENDS = (DONE, SKIPPED, STOPPED)


class Group:
    """The jobs of one scheduler, by how far they were at the last look.

    Args:
        job_set: the scheduler.
        outer: the group of the scheduler around it; ``None`` for the outermost one.

    Attributes:
        job_set: as above.
        around: the nested schedulers around its jobs, the outermost one first.
        jobs: its jobs.
        uncounted: the schedulers and forever jobs among them.
        unstarted: the jobs that had neither started nor been skipped.
        waiting: how many of these waited for a slot of a window or of a limit (jobs).
        running: the jobs that ran, in the order in which they started.
        inner: the groups of nested schedulers that had not ended.
        total: how many jobs it has, at all depths, without the uncounted ones (jobs).
        ended: how many of these are done, with a result or an exception (jobs).
    """

    __slots__ = (
        "_outer",
        "around",
        "ended",
        "inner",
        "job_set",
        "jobs",
        "running",
        "total",
        "uncounted",
        "unstarted",
        "waiting",
    )

    def __init__(self, job_set: JobSet, outer: Group | None = None) -> None:
        self._outer = outer
        self.job_set = job_set
        self.around: tuple[JobSet, ...] = () if outer is None else (*outer.around, job_set)
        self.jobs: list[AnyJob] = []
        self.uncounted: set[AnyJob] = set()
        self.unstarted: list[AnyJob] = []
        self.running: list[AnyJob] = []
        self.inner: list[Group] = []
        self.waiting = self.total = self.ended = 0

    def outwards(self) -> Iterator[Group]:
        """Yield this group, then those around it."""
        group: Group | None = self
        while group is not None:
            yield group
            group = group._outer

    def take_in(self) -> list[AnyJob]:
        """Take in the jobs that are new since the last call, and return them.

        A job that is removed from the scheduler stays in the run, so it stays here, too.
        """
        jobs = self.job_set.jobs
        if len(jobs) == len(self.jobs):
            return []
        known = set(self.jobs)
        new = [job for job in jobs if job not in known] if known else list(jobs)
        self.jobs += new
        self.unstarted += new
        nested = _job_sets_among(new)
        self.uncounted.update(job for job in new if job.forever)
        self.uncounted.update(as_jobs(nested))
        self.inner += [Group(job_set, self) for job_set in nested]
        return new

    def grow(self, count: int) -> None:
        """Count new jobs, here and in the groups around."""
        for group in self.outwards():
            group.total += count

    def end(self, count: int) -> None:
        """Count jobs that are done, here and in the groups around."""
        for group in self.outwards():
            group.ended += count

    def restored_among(self, jobs: Iterable[AnyJob]) -> list[AnyJob]:
        """Return the jobs among these that were done before the run began."""
        record = record_of(self.job_set)
        restored = () if record is None else record.restored
        return [job for job in jobs if job in restored] if restored else []

    def countable(self, jobs: Collection[AnyJob]) -> int:
        """Return how many of these jobs are not `uncounted`."""
        return len(jobs) - (len(self.uncounted.intersection(jobs)) if self.uncounted else 0)

    def advance(self) -> tuple[int, Phases]:
        """Look how far the jobs are now.

        Returns:
            the number of jobs that have started or been skipped since the last look; and the
            jobs that have ended or been skipped since then, by their phase.
        """
        ran = by_phase(self.running)
        found = by_phase(self.unstarted)
        ready, idle = found.pop(SCHEDULED, []), found.pop(IDLE, [])
        begun = len(self.unstarted) - len(ready) - len(idle)
        if begun:
            self.unstarted = ready + idle  # ready jobs will start first
        self.waiting = len(ready)
        self.running = ran.pop(RUNNING, []) + sorted(found.pop(RUNNING, []), key=start_of)
        return begun, {phase: ran.get(phase, []) + found.get(phase, []) for phase in ENDS}

    def advance_inner(self) -> list[Group]:
        """Return the inner groups whose jobs may have changed; forget those that have ended."""
        phases = [phase_of(job) for job in as_jobs(group.job_set for group in self.inner)]
        found = list(zip(self.inner, phases, strict=True))
        self.inner = [group for group, phase in found if phase in GOES_ON]
        return [group for group, phase in found if phase not in UNSTARTED]


def as_jobs(job_sets: Iterable[JobSet]) -> list[AnyJob]:
    """Return nested schedulers with the type of jobs, since they are both."""
    return cast("list[AnyJob]", list(job_sets))


def start_of(job: AnyJob) -> float:
    """Return when a job started, which it must have done (seconds)."""
    return job.started_at or 0.0


def _job_sets_among(jobs: Iterable[AnyJob]) -> list[JobSet]:
    if not any(issubclass(kind, JobSet) for kind in set(map(type, jobs))):
        return []  # the usual case: there are few types, and there may be many jobs
    return [job for job in jobs if isinstance(job, JobSet)]
