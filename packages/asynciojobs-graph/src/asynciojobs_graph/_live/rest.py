"""`Rest`: estimates how long a run will still take, from the times of an earlier run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from asynciojobs._journal.keys import key_of
from asynciojobs.job import AnyJob

__all__ = ["Rest"]


class Rest:
    """How much work is left in a run. It is false if no durations are known.

    A job that was never recorded is taken to be of average length.

    Args:
        recorded: how long jobs took, by their keys from the top (seconds).
    """

    def __init__(self, recorded: Mapping[tuple[str, ...], float]) -> None:
        self._recorded = recorded
        self._usual = fmean(recorded.values()) if recorded else 0.0
        self._left: dict[AnyJob, float] = {}  # how long each job that has not ended takes
        self._work = 0.0  # == sum(self._left.values()), up to rounding

    def __bool__(self) -> bool:
        return bool(self._recorded)

    def add(self, job: AnyJob, around: Iterable[Any]) -> None:
        """Take note of a job that has not ended."""
        path = tuple(map(key_of, (*around, job)))
        self._left[job] = seconds = self._recorded.get(path, self._usual)
        self._work += seconds

    def drop(self, job: AnyJob) -> None:
        """Take note that a job has ended."""
        self._work -= self._left.pop(job, 0.0)

    def seconds(self, running: Mapping[AnyJob, float], now: float) -> float | None:
        """Return about how long the run still takes (seconds); ``None`` if nothing is known.

        This assumes that the run will go on with as many jobs at once as now. The answer is at
        least the rest of each running job.

        Args:
            running: the jobs that run, each with when it was started (seconds).
            now: the present time, on the same clock (seconds).
        """
        ages = {job: now - start for job, start in running.items() if job in self._left}
        if not ages:
            return None
        rests = [max(self._left[job] - age, 0.0) for job, age in ages.items()]
        done = sum(min(self._left[job], age) for job, age in ages.items())
        return max((self._work - done) / len(ages), *rests)
