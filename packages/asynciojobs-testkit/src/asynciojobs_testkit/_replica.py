"""`Replica`: a scheduler like another one, whose jobs only take time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeAlias, cast

from asynciojobs import AbstractJob, Limit, MissingRequirementError, PureScheduler, Scheduler
from asynciojobs._dag.jobset import nesting
from asynciojobs.job import needs_of, requirements_of, terms_of

__all__ = ["Replica"]

AnyJob: TypeAlias = AbstractJob[object]


class Stay(AbstractJob[None]):
    """A job that takes some time.

    Attributes:
        seconds: how long it takes.
    """

    __slots__ = ("seconds",)

    seconds: float

    async def co_run(self) -> None:
        """Take the time."""
        await asyncio.sleep(self.seconds)


class Replica:
    """A copy of a scheduler whose jobs take time, and do nothing else.

    It has its own jobs, limits and nested schedulers, with the same windows, timeouts,
    requirements and flags. So the original stays as it is.

    Args:
        original: the scheduler to copy. It is only read.

    Attributes:
        scheduler: the copy.
        limits: the limits of the copy, by the limits of the original.

    Raises:
        MissingRequirementError: a job requires one that is not in the same scheduler.
        ValueError: a scheduler is nested in itself.
    """

    def __init__(self, original: PureScheduler) -> None:
        self.limits: dict[Limit, Limit] = {}
        self._copies: dict[AnyJob, AnyJob] = {}
        levels = list(nesting(original))
        for _, jobs, _ in levels:
            for job in jobs:
                self._copies[job] = self._copy_of(job)
        self.scheduler: PureScheduler = PureScheduler(
            jobs_window=original.jobs_window,
            timeout=original.timeout,
            keep_going=original.keep_going,
        )
        for job_set, jobs, _ in levels:
            holder = self.scheduler
            if job_set is not original:
                holder = cast("PureScheduler", self._copies[cast("AnyJob", job_set)])
            holder.update([self._copies[job] for job in jobs])
            self._connect(jobs)

    def set_durations(self, seconds: Mapping[AnyJob, float]) -> None:
        """Set how long the jobs take (seconds), by the jobs of the original."""
        for job, length in seconds.items():
            stay = self._copies[job]
            assert isinstance(stay, Stay)
            stay.seconds = length

    def copy_of(self, job: AnyJob) -> AnyJob:
        """Return the copy of a job."""
        return self._copies[job]

    def _copy_of(self, job: AnyJob) -> AnyJob:
        terms = terms_of(job)
        limits = [(self._limit(limit), count) for limit, count in needs_of(job).items()]
        if isinstance(job, Scheduler):
            return Scheduler(
                jobs_window=job.jobs_window,
                timeout=job.timeout,
                keep_going=job.keep_going,
                forever=job.forever,
                critical=job.is_critical(),
                label=job.label,
                limits=limits or None,
            )
        return Stay(
            forever=job.forever,
            critical=job.is_critical(),
            label=job.label,
            limits=limits or None,
            timeout=None if terms is None else terms.timeout,
        )

    def _limit(self, limit: Limit) -> Limit:
        return self.limits.setdefault(limit, Limit(limit.slots, limit.label))

    def _connect(self, jobs: list[AnyJob]) -> None:
        """Make the copies require each other as the jobs of one scheduler do."""
        members = set(jobs)
        for job in jobs:
            required = requirements_of(job)
            for other in required:
                if other not in members:
                    raise MissingRequirementError(job, other)
            self._copies[job].requires([self._copies[other] for other in required])
