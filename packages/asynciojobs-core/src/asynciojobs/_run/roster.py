"""`Roster`: the jobs of a run, which of them are forever jobs, and how many are waited for."""

from __future__ import annotations

from collections.abc import Collection

from ..job import AnyJob

__all__ = ["Roster"]


class Roster:
    """The jobs that take part in a run.

    Attributes:
        jobs: all of them, in the order in which they came; users may edit the job set.
        forever: the jobs that were forever jobs when they came; flags may change.
        awaited: how many still have to end before the run is fine (jobs). Forever jobs count
            only if there are no others.
        only_forever: there are no others.
    """

    __slots__ = ("awaited", "forever", "jobs", "only_forever")

    def __init__(self) -> None:
        self.jobs: list[AnyJob] = []
        self.forever: set[AnyJob] = set()
        self.awaited = 0
        self.only_forever = True

    def add(self, jobs: Collection[AnyJob], forever: set[AnyJob]) -> None:
        """Add jobs.

        Args:
            jobs: the jobs.
            forever: those of them that are forever jobs.
        """
        self.jobs += jobs
        self.forever |= forever
        regular = len(jobs) - len(forever)
        if regular and self.only_forever:
            self.only_forever = False
            self.awaited = 0
        self.awaited += len(forever) if self.only_forever else regular
