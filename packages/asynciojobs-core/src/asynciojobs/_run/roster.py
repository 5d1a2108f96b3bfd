"""`Roster`: the jobs of a run, which of them are forever jobs, and how many must still end."""

from __future__ import annotations

from collections.abc import Iterable

from ..job import AnyJob

__all__ = ["Roster"]


class Roster:
    """The jobs that take part in a run.

    Args:
        jobs: the initial jobs. The list is kept, and grows as others join.

    Attributes:
        jobs: all jobs in order of arrival; the job set itself may be edited by users.
        forever: the jobs that were forever jobs when they came; their flags may change later.
        awaited: how many must still end before the run succeeds (jobs). Forever jobs count only
            if there are no others.
        only_forever: whether all jobs are forever jobs.
    """

    __slots__ = ("awaited", "forever", "jobs", "only_forever")

    def __init__(self, jobs: list[AnyJob]) -> None:
        self.jobs = jobs
        self.forever = {job for job in jobs if job.forever}
        self.awaited = len(jobs) - len(self.forever)
        self.only_forever = not self.awaited
        if self.only_forever:
            self.awaited = len(jobs)

    def leave(self, job: AnyJob) -> None:
        """Count a job as ended."""
        self.awaited -= self.only_forever if job in self.forever else 1

    def add(self, jobs: Iterable[AnyJob]) -> None:
        """Add jobs that join the run."""
        new = Roster(list(jobs))
        self.jobs += new.jobs
        self.forever |= new.forever
        if self.only_forever and not new.only_forever:
            self.only_forever = False
            self.awaited = 0
        if self.only_forever or not new.only_forever:
            self.awaited += new.awaited
