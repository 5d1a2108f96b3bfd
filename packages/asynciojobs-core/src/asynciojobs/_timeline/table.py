"""`Table`: what is known about each job of a run, in columns."""

from __future__ import annotations

from collections.abc import Iterator

from .._dag.jobset import JobSet, state_of
from .._dag.record import Record
from ..job import AnyJob
from ..limit import Needs
from .spans import Outcome

__all__ = ["Level", "Table"]


class Level:
    """The jobs of one scheduler in the run.

    Attributes:
        job_set: the scheduler.
        owner: its place in the table; ``None`` for the outermost one.
        places: the places of its jobs.
        record: what is kept of its run.
        window: how many regular jobs could run at once; ``None`` means no limit (jobs).
    """

    __slots__ = ("job_set", "owner", "places", "record", "window")

    def __init__(self, job_set: JobSet, owner: int | None) -> None:
        self.job_set = job_set
        self.owner = owner
        self.places: list[int] = []
        self.record: Record = state_of(job_set).record
        self.window = self.record.window


class Table:
    """What is known about the jobs of a run. All times are in seconds since the run began.

    Here, a job is a *place*: an index into each column. There may be 100,000 jobs. If each had
    an object of its own, the garbage collector would walk over all of them, again and again.
    Numbers cost it nothing.

    Args:
        job_set: the scheduler.
        duration: how long the run took, up to now if it goes on (seconds).

    Attributes:
        duration: as above.
        top: the jobs of the scheduler itself.
        inner: the jobs of each nested scheduler, by its place.
        jobs: the jobs, each after its requirements, and a scheduler just before its jobs.
        levels: the scheduler that each job is in.
        starts: when each job started; ``None`` if it did not.
        ends: when each job ended; ``None`` if it did not.
        readys: when the requirements of each job had ended; ``None`` if they had not.
        outcomes: what became of each job.
        forever: the places of forever jobs.
        needs: how many slots of which limits a job needs, by its place, if it needs any.
    """

    def __init__(self, job_set: JobSet, duration: float) -> None:
        self.duration = duration
        self.top = Level(job_set, None)
        self.inner: dict[int, Level] = {}
        self.jobs: list[AnyJob] = []
        self.levels: list[Level] = []
        self.starts: list[float | None] = []
        self.ends: list[float | None] = []
        self.readys: list[float | None] = []
        self.outcomes: list[Outcome] = []
        self.forever: frozenset[int] = frozenset()
        self.needs: dict[int, Needs] = {}

    def stop(self, place: int) -> float:
        """Return when a job ended. If it did not, return the end of the run, or now."""
        end = self.ends[place]
        return self.duration if end is None else end

    def around(self, place: int) -> Iterator[int]:
        """Yield a job, then the nested schedulers around it, the innermost first."""
        around: int | None = place
        while around is not None:
            yield around
            around = self.levels[around].owner
