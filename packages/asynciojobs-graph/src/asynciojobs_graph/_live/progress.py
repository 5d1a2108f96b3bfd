"""`Progress`: how far a run is, counted from its events. Nothing here knows of a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asynciojobs import EventKind, JobEvent
from asynciojobs._dag.jobset import JobSet
from asynciojobs._dag.outline import in_order_of_creation, outline
from asynciojobs._outcomes import exception_text
from asynciojobs.job import AnyJob

from .rest import Rest
from .texts import inert, label_of, name_of

__all__ = ["Failed", "Group", "Progress"]

# Attributes of an enum class are slow, and there is an event in each step of each job.
SCHEDULED, STARTED = EventKind.SCHEDULED, EventKind.STARTED
FAILED, RESTORED = EventKind.FAILED, EventKind.RESTORED
SKIPPED, CANCELLED = EventKind.SKIPPED, EventKind.CANCELLED
SHUTDOWN = EventKind.SHUTDOWN


class Group:
    """A scheduler, and how far its jobs are, at all depths; forever jobs don't count.

    Attributes:
        around: the schedulers around it, the outermost one first and left out.
        total: how many jobs it has (jobs).
        ended: how many of these are done, with a result or an exception (jobs).
    """

    __slots__ = ("around", "ended", "total")

    def __init__(self, around: tuple[JobSet, ...]) -> None:
        self.around = around
        self.total = self.ended = 0


class Failed:
    """A job that raised.

    Attributes:
        job: the job.
        name: its label, after those of the schedulers around it.
        reason: the exception, as one line.
    """

    __slots__ = ("job", "name", "reason")

    def __init__(self, job: AnyJob, name: str, reason: str) -> None:
        self.job = job
        self.name = name
        self.reason = reason


class Progress:
    """How far the run of a scheduler is.

    Args:
        job_set: the scheduler.
        recorded: how long jobs took in an earlier run, by their keys from the top (seconds).

    Attributes:
        groups: the scheduler, and those nested in it, each with its counts.
        started: the jobs that run, nested schedulers among them, each with when it was started
            (seconds, on the clock of the loop); the first one first.
        waiting: the jobs that wait for a slot of a window or of a limit.
        failed: the jobs that raised, without schedulers that only pass an exception on.
        skipped: how many jobs were skipped (jobs).
        stopped: how many jobs the end of the run cancelled, without forever jobs (jobs).
        restored: how many jobs were done before the run began (jobs).
    """

    def __init__(
        self, job_set: JobSet, recorded: Mapping[tuple[str, ...], float] | None = None
    ) -> None:
        self.job_set = job_set
        self._rest = Rest(recorded or {})
        self.groups: dict[JobSet, Group] = {}
        self.started: dict[AnyJob, float] = {}
        self.waiting: set[AnyJob] = set()
        self.failed: list[Failed] = []
        self.skipped: int = 0
        self.stopped: int = 0
        self.restored: int = 0
        self._around: dict[AnyJob, tuple[JobSet, ...]] = {}
        self._ended: set[AnyJob] = set()  # without forever jobs and schedulers
        self._seen: set[AnyJob] = set()  # the jobs that were scheduled in this run
        self._survey()

    def _survey(self) -> None:
        """Look at all jobs; O(V) times the depth. Jobs may have joined since the last time."""
        self._around = {}
        ended = {job_set: group.ended for job_set, group in self.groups.items()}
        self.groups = {self.job_set: Group(())}
        around: tuple[JobSet, ...] = ()
        for job, _, closing in outline(self.job_set, in_order_of_creation):
            if closing:
                around = around[:-1]
                continue
            self._around[job] = around
            if isinstance(job, JobSet):
                self.groups[job] = Group(around)
                around = (*around, job)
            elif not job.forever:
                if job not in self._ended:
                    self._rest.add(job, around)
                for job_set in (self.job_set, *around):
                    self.groups[job_set].total += 1
        for job_set, group in self.groups.items():
            group.ended = ended.get(job_set, 0)

    @property
    def total(self) -> int:
        """How many jobs there are, without forever jobs and schedulers (jobs)."""
        return self.groups[self.job_set].total

    @property
    def ended(self) -> int:
        """How many of these are done, with a result or an exception (jobs)."""
        return self.groups[self.job_set].ended

    def around(self, job: AnyJob) -> tuple[JobSet, ...]:
        """Return the nested schedulers around a job, the outermost one first."""
        return self._around.get(job, ())

    def name(self, job: AnyJob) -> str:
        """Return the label of a job, after those of the schedulers around it."""
        return name_of((*self.around(job), job))

    # -- events

    def take(self, events: Iterable[JobEvent]) -> int:
        """Count events of the run; they come in the order in which they happened.

        Returns:
            how many were counted. It is less than all if the rest is of another run.
        """
        surveyed = False
        count = -1
        for count, (job, kind, time) in enumerate(events):
            if job not in self._around and not surveyed:
                surveyed = True  # at most once, since it looks at all jobs
                self._survey()
            if kind is SCHEDULED:
                if job in self._seen:
                    return count
                self._seen.add(job)
                self.waiting.add(job)
            elif kind is STARTED:
                self.waiting.discard(job)
                self.started[job] = time
            elif kind is not SHUTDOWN:
                self._take_end(job, kind)
        return count + 1

    def _take_end(self, job: AnyJob, kind: EventKind) -> None:
        self.waiting.discard(job)
        self.started.pop(job, None)
        if kind is FAILED:
            self._note_failure(job)
        if isinstance(job, JobSet) or job.forever:
            return
        self._ended.add(job)
        self._rest.drop(job)
        if kind is SKIPPED:
            self.skipped += 1
        elif kind is CANCELLED:
            self.stopped += 1
        else:  # done, failed, or restored
            self.restored += kind is RESTORED
            for job_set in (self.job_set, *self.around(job)):
                self.groups[job_set].ended += 1

    def _note_failure(self, job: AnyJob) -> None:
        exception = job.raised_exception()
        if exception is None:  # pragma: no cover - another run has begun since
            return
        inside = isinstance(job, JobSet) and any(
            job in self.around(other.job) and other.job.raised_exception() is exception
            for other in self.failed
        )
        if not inside:
            self.failed.append(Failed(job, self.name(job), inert(exception_text(exception))))

    def running(self) -> list[AnyJob]:
        """Return the jobs that run, each nested scheduler before the jobs in it.

        Jobs of one scheduler stand in the order in which they started.
        """
        inside: dict[JobSet | None, list[AnyJob]] = {}
        for job in self.started:
            around = self.around(job)
            inside.setdefault(around[-1] if around else None, []).append(job)
        found: list[AnyJob] = []
        pending = inside.get(None, [])[::-1]
        while pending:
            job = pending.pop()
            found.append(job)
            if isinstance(job, JobSet):
                pending.extend(inside.get(job, [])[::-1])
        return found

    def rest(self, now: float) -> float | None:
        """Return about how long the run still takes (seconds); ``None`` if nothing is known.

        Args:
            now: on the clock of the loop (seconds).
        """
        return self._rest.seconds(self.started, now)

    def running_names(self) -> list[str]:
        """Return the labels of the jobs that run, without schedulers."""
        return [label_of(job) for job in self.running() if not isinstance(job, JobSet)]
