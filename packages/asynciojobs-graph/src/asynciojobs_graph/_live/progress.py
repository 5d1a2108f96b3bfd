"""`Progress`: how far a run is, by the states of its jobs. Nothing here knows of a screen.

It does not listen to events, which would cost a run of short jobs a tenth of its time. Instead,
it looks at the jobs now and then, which costs about 25 ns for each job that has not ended. It
does not look at jobs that have ended, or into nested schedulers that have not begun.
`docs/design/live.md` has the reasons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from asynciojobs import EventKind, JobEvent
from asynciojobs._dag.jobset import JobSet
from asynciojobs._outcomes import DONE, SKIPPED, STOPPED, exception_text
from asynciojobs.job import AnyJob, raised_among

from .group import Group, Phases, start_of
from .rest import Rest
from .texts import inert, label_of, name_of

__all__ = ["NOT_SHOWN", "News", "Progress"]


NOT_SHOWN = (EventKind.SCHEDULED, EventKind.SHUTDOWN)
"""The kinds of events that are never shown."""


@dataclass
class News:
    """What has happened since the last look.

    Attributes:
        counts: how many jobs each kind of event happened to, with schedulers and forever jobs.
        failed: the jobs that raised, without schedulers that only pass an exception on.
        heard: the events that the view heard, in the order in which they happened.
    """

    counts: Counter[EventKind] = field(default_factory=Counter[EventKind])
    failed: list[AnyJob] = field(default_factory=list[AnyJob])
    heard: list[JobEvent] = field(default_factory=list[JobEvent])

    def count(self, kind: EventKind, number: int) -> None:
        """Add to the number of jobs to which a kind of event has happened."""
        self.counts[kind] += number


class Progress:
    """How far the run of a scheduler is.

    Args:
        job_set: the scheduler.
        recorded: how long jobs took in an earlier run, by their keys from the top (seconds).

    Attributes:
        groups: the scheduler, and those nested in it, each with its jobs.
        failed: the jobs that raised, without schedulers that only pass an exception on.
        waiting: how many wait for a slot of a window or of a limit (jobs).
        skipped: how many were skipped (jobs).
        stopped: how many the end of the run cancelled, without forever jobs (jobs).
        restored: how many were done before the run began (jobs).
    """

    def __init__(
        self, job_set: JobSet, recorded: Mapping[tuple[str, ...], float] | None = None
    ) -> None:
        self._rest = Rest(recorded or {})
        self._top = Group(job_set)
        self.groups: dict[JobSet, Group] = {job_set: self._top}
        self.failed: list[AnyJob] = []
        self.skipped: int = 0
        self.stopped: int = 0
        self.restored: int = 0
        self._places: dict[AnyJob, Group] = {}  # the group of each job; see _group_of()
        self._take_in(self._top)

    @property
    def total(self) -> int:
        """How many jobs there are, without forever jobs and schedulers (jobs)."""
        return self._top.total

    @property
    def ended(self) -> int:
        """How many of these are done, with a result or an exception (jobs)."""
        return self._top.ended

    @property
    def waiting(self) -> int:
        """How many jobs wait for a slot of a window or of a limit (jobs)."""
        return sum(group.waiting for group in self.groups.values())

    def name(self, job: AnyJob) -> str:
        """Return the label of a job, after those of the schedulers around it."""
        return name_of((*self._group_of(job).around, job))

    def reason(self, job: AnyJob) -> str:
        """Return the exception of a job that raised, as one line; "" for other jobs."""
        exception = job.raised_exception()
        return "" if exception is None else inert(exception_text(exception))

    def _group_of(self, job: AnyJob) -> Group:
        if job not in self._places:
            for group in self.groups.values():
                self._places.update(dict.fromkeys(group.jobs, group))
        return self._places.get(job, self._top)

    # -- looking

    def look(self) -> News:
        """Bring everything up to date; return what has happened since the last call."""
        news = News()
        raised: list[list[AnyJob]] = []
        pending = [self._top]
        while pending:
            group = pending.pop()
            self._take_in(group)
            waited = group.waiting
            begun, ended = group.advance()
            news.count(EventKind.SCHEDULED, group.waiting - waited)
            news.count(EventKind.STARTED, begun)
            if any(ended.values()):
                raised.append(self._take_ends(group, ended, news))
            pending += group.advance_inner()
        news.counts = +news.counts  # without zeros
        # If jobs ended at the same moment, those of the inner scheduler ended first.
        for job in sorted(chain(*reversed(raised)), key=_end):
            if not self._only_passes_on(job):
                self.failed.append(job)
                news.failed.append(job)
        return news

    def _take_in(self, group: Group) -> None:
        """Take in new jobs, at all depths; O(1) if there are none."""
        pending = [group]
        while pending:
            group = pending.pop()
            if not (new := group.take_in()):
                continue
            group.grow(group.countable(new))
            if self._rest:
                for job in new:
                    if job not in group.uncounted:
                        self._rest.add(job, group.around)
            inner = [it for it in group.inner if it.job_set not in self.groups]
            self.groups.update((it.job_set, it) for it in inner)
            pending += inner

    def _take_ends(self, group: Group, ended: Phases, news: News) -> list[AnyJob]:
        """Count jobs that have ended or were skipped; return those that raised."""
        done, skipped, stopped = ended[DONE], ended[SKIPPED], ended[STOPPED]
        failed, restored = raised_among(done), group.restored_among(done)
        group.end(group.countable(done))
        self.skipped += group.countable(skipped)
        self.stopped += group.countable(stopped)
        self.restored += group.countable(restored)
        never_started = [job for job in failed if job.started_at is None]
        news.count(EventKind.STARTED, -len([*skipped, *restored, *never_started]))
        news.count(EventKind.DONE, len(done) - len(failed) - len(restored))
        news.count(EventKind.FAILED, len(failed))
        news.count(EventKind.SKIPPED, len(skipped))
        news.count(EventKind.CANCELLED, len(stopped))
        news.count(EventKind.RESTORED, len(restored))
        if self._rest:
            for job in chain(*ended.values()):
                self._rest.drop(job)
        return failed

    def _only_passes_on(self, job: AnyJob) -> bool:
        """Return whether a job is a scheduler that raised what one of its jobs had raised."""
        return isinstance(job, JobSet) and any(
            job in self._group_of(other).around
            and other.raised_exception() is job.raised_exception()
            for other in self.failed
        )

    # -- the jobs that run

    @property
    def running_count(self) -> int:
        """How many jobs run, with schedulers (jobs)."""
        return sum(len(group.running) for group in self.groups.values())

    def running(self) -> Iterator[tuple[AnyJob, int]]:
        """Yield the jobs that run, each with how many nested schedulers are around it.

        Each nested scheduler comes before the jobs in it. Jobs of one scheduler come in the
        order in which they started.
        """
        stack = [iter(self._top.running)]
        while stack:
            for job in stack[-1]:
                yield job, len(stack) - 1
                if isinstance(job, JobSet):
                    stack.append(iter(self.groups[job].running))
                    break
            else:
                stack.pop()

    def running_names(self) -> list[str]:
        """Return the labels of the jobs that run, without schedulers."""
        return [label_of(job) for job, _ in self.running() if not isinstance(job, JobSet)]

    def rest(self, now: float) -> float | None:
        """Return about how long the run still takes (seconds); ``None`` if nothing is known.

        Args:
            now: on the clock of the loop (seconds).
        """
        if not self._rest:
            return None
        return self._rest.seconds({job: start_of(job) for job, _ in self.running()}, now)


def _end(job: AnyJob) -> float:
    return job.ended_at or 0.0
