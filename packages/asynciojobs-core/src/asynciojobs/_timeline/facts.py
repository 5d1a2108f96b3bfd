"""`Facts`: what is known about a run once it is over, or while it goes on.

A run keeps the start and the end of each job, and notes little else. Everything here is worked
out from that, when somebody asks:

- A job was ready when the last of its requirements had ended.
- If it started later, and all slots were taken in between, it waited for slots. Otherwise the
  event loop was late, or a journal was being written: that is not waiting.
- The slot came from the job that gave one back last while all were taken. `host1` and `host2`
  may both have ended before `host3` starts: its slot is then that of `host1`.

Requirements are read as they are now. If they were changed since the run, so is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from .._dag.jobset import JobSet, record_of
from .._outcomes import DONE, RUNNING, SCHEDULED, SKIPPED
from ..job import AnyJob, needs_of, phase_of, requirements_of
from ..limit import Limit
from .occupancy import Holding, Occupancy
from .spans import LinkKind, Outcome, Span

__all__ = ["Cause", "Facts", "Level", "Member", "Moments", "with_schedulers_around"]

LIMIT = LinkKind.LIMIT

UNSEEN = 0.1
"""A job that started so long after it was ready has waited for its limit, even if nothing here
had the slots: jobs of another scheduler may have had them (seconds)."""


class Moments(NamedTuple):
    """When a run began and ended, on the clock of its loop (seconds)."""

    zero: float
    last: float
    """The end; the present moment if the run goes on."""
    is_live: bool
    """The run goes on."""


class Level:
    """The jobs of one scheduler in the run.

    Attributes:
        job_set: the scheduler.
        owner: the scheduler as a job; ``None`` for the outermost one.
        members: its jobs.
        notes: what its run noted when it began; ``None`` if it has not begun.
        window: how many regular jobs could run at once; ``None`` means no limit (jobs).
    """

    __slots__ = ("_taken", "job_set", "members", "notes", "owner", "window")

    def __init__(self, job_set: JobSet, owner: Member | None) -> None:
        self.job_set = job_set
        self.owner = owner
        self.members: list[Member] = []
        record = record_of(job_set)
        self.notes = None if record is None else record.notes
        self.window = None if self.notes is None else self.notes.window
        self._taken: Occupancy[Member] | None = None

    def taken(self) -> Occupancy[Member]:
        """Return who held the slots of the window."""
        if self._taken is None:
            regular = (member for member in self.members if not member.job.forever)
            self._taken = Occupancy(it.holding(1) for it in regular if it.start is not None)
        return self._taken


class Member:
    """A job of the run. All times are in seconds since the run began.

    Attributes:
        job: the job.
        level: the scheduler that it is in.
        inner: its own jobs, if it is a scheduler.
        start: when it started; ``None`` if it did not.
        end: when it ended; ``None`` if it did not.
        stop: when it ended; the end of the run, or now, if it did not.
        ready: when its requirements had ended; ``None`` if they had not.
        outcome: what became of it.
        span: what others see of all this, once somebody has asked.
    """

    __slots__ = (
        "end",
        "inner",
        "job",
        "level",
        "outcome",
        "ready",
        "span",
        "start",
        "stop",
    )

    def __init__(
        self,
        job: AnyJob,
        level: Level,
        times: tuple[float | None, float | None],
        outcome: Outcome,
        last: float,
    ) -> None:
        self.job = job
        self.level = level
        self.start, self.end = times
        self.stop = last if self.end is None else self.end
        self.outcome = outcome
        self.ready: float | None = None
        self.inner: Level | None = None
        self.span: Span | None = None

    def holding(self, slots: int) -> Holding[Member]:
        """Return slots that the job held while it ran."""
        return Holding(self, slots, self.start or 0.0, self.stop)


class Cause(NamedTuple):
    """What a job waited for before it started."""

    kind: LinkKind
    at: Limit | JobSet | None = None
    """The limit, or the scheduler with the window."""
    slots: int | None = None
    """How many slots there were."""
    giver: Member | None = None
    """The job whose end gave it the slot; ``None`` if it is not known."""


class Facts:
    """What is known about a run.

    Args:
        job_set: the scheduler.
        moments: when the run began and ended.
        outline: all jobs at all depths; see `_dag.outline`.

    Attributes:
        duration: how long the run took so far (seconds).
        top: the jobs of the scheduler itself.
        members: the jobs, in the order of the outline.
    """

    def __init__(
        self, job_set: JobSet, moments: Moments, outline: Iterable[tuple[AnyJob, int, bool]]
    ) -> None:
        self._moments = moments
        self.duration = moments.last - moments.zero
        record = record_of(job_set)
        self._restored: Container[AnyJob] = () if record is None else record.restored
        self.top = Level(job_set, None)
        self.members: list[Member] = []
        self._by_job: dict[AnyJob, Member] = {}
        self._enter(outline)
        self._limits = self._occupancies()

    def spans(self) -> tuple[Span, ...]:
        """Return what became of each job, in the order of the outline."""
        return tuple(map(self.span, self.members))

    def span(self, member: Member) -> Span:
        """Return what became of a job; the same object each time."""
        if member.span is None:
            around = member.level.owner
            if around is not None and around.span is None:
                for outer in reversed([*with_schedulers_around(around)]):  # from outside in
                    outer.span = outer.span or self._new_span(outer)
            member.span = self._new_span(member)
        return member.span

    def requirements(self, member: Member) -> Iterator[Member]:
        """Yield the requirements of a job that had ended before it started, or ended."""
        begun = member.stop if member.start is None else member.start
        for job in requirements_of(member.job):
            other = self._by_job.get(job)
            if other is not None and other.end is not None and other.end <= begun:
                yield other

    # -- the jobs, with their times

    def _enter(self, outline: Iterable[tuple[AnyJob, int, bool]]) -> None:
        levels = [self.top]
        for job, _, closing in outline:
            if closing:
                levels.pop()
                continue
            member = self._by_job[job] = self._member(job, levels[-1])
            member.ready = self._ready(member)
            self.members.append(member)
            levels[-1].members.append(member)
            if isinstance(job, JobSet):
                member.inner = Level(job, member)
                levels.append(member.inner)

    def _member(self, job: AnyJob, level: Level) -> Member:
        times = self._time(job.started_at), self._time(job.ended_at)
        if job in self._restored:  # its times are those of an earlier run
            times = None, None
        return Member(job, level, times, self._outcome(job, times), self.duration)

    def _time(self, moment: float | None) -> float | None:
        """Return a moment since the beginning of the run; ``None`` if it is of another run."""
        zero, last, _ = self._moments
        return None if moment is None or not zero <= moment <= last else moment - zero

    def _outcome(self, job: AnyJob, times: tuple[float | None, float | None]) -> Outcome:
        phase = phase_of(job)
        if job in self._restored:
            return Outcome.RESTORED
        if phase is SKIPPED:
            return Outcome.SKIPPED
        if times == (None, None):
            return Outcome.IDLE
        if phase is DONE:
            return Outcome.FAILED if has_failed(job) else Outcome.DONE
        goes_on = phase is RUNNING and self._moments.is_live
        return Outcome.RUNNING if goes_on else Outcome.STOPPED

    def _ready(self, member: Member) -> float | None:
        begun, around = member.start, member.level.owner
        since = 0.0 if around is None else around.start
        if begun is None:
            if member.outcome is not Outcome.IDLE or phase_of(member.job) is not SCHEDULED:
                return None
            begun = self.duration
        if since is None:
            return None
        latest = max(since, self._joined(member))
        for job in requirements_of(member.job):  # as in requirements(), but three times as fast
            other = self._by_job.get(job)
            if other is not None and other.end is not None and latest < other.end <= begun:
                latest = other.end
        return min(begun, latest)

    def _joined(self, member: Member) -> float:
        notes = member.level.notes
        moment = notes.joined_at(member.job) if notes is not None and notes.joined else None
        return self._time(moment) or 0.0

    # -- what they waited for

    def _occupancies(self) -> dict[Limit, Occupancy[Member]]:
        """Return who held the slots of each limit."""
        holdings: dict[Limit, list[Holding[Member]]] = {}
        for member in self.members:
            if member.start is not None:
                for limit, slots in needs_of(member.job).items():
                    holdings.setdefault(limit, []).append(member.holding(slots))
        return {limit: Occupancy(held) for limit, held in holdings.items()}

    def cause(self, member: Member) -> Cause | None:
        """Return what a job waited for between the moment when it was ready and its start."""
        ready, start = member.ready, member.start
        if start is None or ready is None or start <= ready:
            return None
        last, until = None, -math.inf
        for place, needed, taken in self._places(member):
            above = (place.slots or 0) - needed
            giver, moment = taken.last_given_back(ready, start, above) or (None, start)
            is_full = giver is not None or taken.taken_before(start) > above
            if is_full and moment > until:
                last, until = place._replace(giver=giver), moment
        if last is None and start - ready > UNSEEN:
            return next((it for it, _, _ in self._places(member) if it.kind is LIMIT), None)
        return last

    def _places(self, member: Member) -> Iterator[tuple[Cause, int, Occupancy[Member]]]:
        """Yield where a job needs slots, how many, and who had them. The limits come first."""
        for limit, needed in needs_of(member.job).items():
            yield Cause(LIMIT, limit, limit.slots), needed, self._limits[limit]
        level = member.level
        if level.window is not None and not member.job.forever:
            yield Cause(LinkKind.SLOT, level.job_set, level.window), 1, level.taken()

    def _new_span(self, member: Member) -> Span:
        around = member.level.owner
        outer = None if around is None else around.span
        start, ready = member.start, member.ready
        waited = 0.0
        if ready is not None and start is None:
            waited = (self.duration if around is None else around.stop) - ready
        elif ready is not None and start is not None and self.cause(member) is not None:
            waited = start - ready
        return Span(
            job=member.job,
            around=outer,
            depth=0 if outer is None else outer.depth + 1,
            start=start,
            end=member.end,
            outcome=member.outcome,
            ready=ready,
            waited=waited,
            seconds=None if start is None else member.stop - start,
        )


def with_schedulers_around(member: Member) -> Iterator[Member]:
    """Yield a job, then the nested schedulers around it, the innermost first."""
    around: Member | None = member
    while around is not None:
        yield around
        around = around.level.owner


def has_failed(job: AnyJob) -> bool:
    """Tell whether a job that is done raised, or is a scheduler whose run failed."""
    if job.raised_exception() is not None:
        return True
    return isinstance(job, JobSet) and job.result() is False
