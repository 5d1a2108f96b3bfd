"""`Skipping`: a run that continues after a critical job raised, without its successors.

At the first failure, the successors of each job are looked up. From then on, each job is
skipped at most once, so all failures of a run together take O(V+E).
"""

from __future__ import annotations

from collections.abc import Iterable

from .._outcomes import FINE, IDLE, CriticalFailure, Verdict
from ..job import AnyJob, phase_of, requirements_of

__all__ = ["Skipping"]

SHOWN = 5
"""How many of the other jobs that failed are named (jobs)."""


class Skipping:
    """The critical jobs of a run that raised, and the jobs that depend on them.

    Attributes:
        culprits: all of these jobs. Each comes with the job whose failure was the first reason
            to skip it; a job that failed comes with itself.
    """

    __slots__ = ("_failures", "_followers", "culprits")

    def __init__(self) -> None:
        self.culprits: dict[AnyJob, AnyJob] = {}
        self._failures: list[CriticalFailure] = []  # in the order in which they happened
        # The jobs that require each job. None before the first failure.
        self._followers: dict[AnyJob, list[AnyJob]] | None = None

    def fail(
        self, job: AnyJob, failure: CriticalFailure, jobs: Iterable[AnyJob]
    ) -> list[AnyJob]:
        """Take note that a critical job raised, and return the jobs to skip because of it.

        Args:
            job: the job.
            failure: the verdict on the run if it ended now.
            jobs: all jobs of the run.
        """
        self._failures.append(failure)
        self.culprits[job] = job
        if self._followers is None:
            self._followers = {}
            for each in jobs:
                self.learn(each, requirements_of(each))
        return self._behind(job, job)

    def learn(self, job: AnyJob, requirements: Iterable[AnyJob]) -> None:
        """Take note of the requirements of a job that joined the run or got new ones."""
        if self._followers is not None:
            for requirement in requirements:
                self._followers.setdefault(requirement, []).append(job)

    def skip_late(self, job: AnyJob) -> list[AnyJob]:
        """Return the jobs to skip because a job requires one that failed or was skipped.

        Args:
            job: a job that joined the run or got new requirements.

        Returns:
            the job, and those that depend on it; empty if it can go on.
        """
        reasons = (self.culprits.get(requirement) for requirement in requirements_of(job))
        culprit = next((reason for reason in reasons if reason is not None), None)
        if culprit is None:
            return []
        self.culprits.setdefault(job, culprit)  # it may be about to be skipped
        return [job, *self._behind(job, culprit)]

    def _behind(self, start: AnyJob, culprit: AnyJob) -> list[AnyJob]:
        """Return the waiting jobs that depend on a job, nearest first."""
        assert self._followers is not None
        found = [start]
        for job in found:  # it grows during the loop
            for follower in self._followers.get(job, ()):
                if follower not in self.culprits and phase_of(follower) is IDLE:
                    self.culprits[follower] = culprit
                    found.append(follower)
        return found[1:]

    def verdict(self) -> Verdict:
        """Return how the run ends, now that all awaited jobs have ended."""
        if not self._failures:
            return FINE
        first, *others = self._failures
        names = [failure.job.repr_main() for failure in others[:SHOWN]]
        more = len(others) - len(names)
        return CriticalFailure(first.job, first.exception, tuple(names), more)
