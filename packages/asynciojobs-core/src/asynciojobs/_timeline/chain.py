"""The chain of jobs that held a run back, followed from its last job to its start."""

from __future__ import annotations

from collections.abc import Iterable

from .._dag.jobset import record_of
from .._names import Placed
from .._outcomes import CriticalFailure
from .facts import Cause, Facts, Level, Member, with_schedulers_around
from .links import Link
from .spans import LinkKind, Outcome

__all__ = ["chain"]

BRIEF = 0.001
"""What a scheduler takes at its end is a link of its own if it takes longer (seconds)."""

STARTED = Cause(LinkKind.START)
REQUIRED = Cause(LinkKind.REQUIREMENT)
ENDED = Cause(LinkKind.END)


def chain(facts: Facts) -> list[Link]:
    """Return the links of a run, the first one first; O(V+E)."""
    return Walk(facts).links()


class Walk:
    """The way back through a run, from its end to its start.

    It comes to an end: each step goes back in time, or to a requirement. The job that gave a
    slot started before the one that got it, since jobs that took no time are no givers.

    Args:
        facts: what is known about the run.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._until = facts.duration  # the links found so far begin here
        self._found: list[Link] = []

    def links(self) -> list[Link]:
        """Return the links, the first one first."""
        step = self._innermost(None, self._facts.top)
        while step is not None:
            before = self._follow(step)
            step = None if before is None else self._innermost(before, before.inner)
        return self._found[::-1]

    def _innermost(self, member: Member | None, level: Level | None) -> Member | None:
        """Return the job that ended last within a scheduler at any depth, or the job itself.

        Args:
            member: the job; ``None`` for the outermost scheduler.
            level: its own jobs, if it is a scheduler.
        """
        while level is not None:
            last, cleaned = last_to_end(level)
            if last is None:
                break
            self._end_of_run(cleaned or member, last)
            member, level = last, last.inner
        return member

    def _end_of_run(self, member: Member | None, last: Member) -> None:
        """Add a link for what a run did after its last job."""
        if member is not None and self._until - last.stop > BRIEF:
            self._add(member, member, ENDED, last.stop)

    def _follow(self, member: Member) -> Member | None:
        """Add the link of a job, and return the one before it; ``None`` at the start.

        A job may have started with its scheduler. Then what held the scheduler back counts.
        """
        reason, waiter, before = STARTED, member, None
        for waiting in with_schedulers_around(member):
            cause = self._facts.cause(waiting)
            giver = None if cause is None else cause.giver
            before = giver or latest(self._facts.requirements(waiting))
            if reason is STARTED and (cause is not None or before is not None):
                reason, waiter = cause or REQUIRED, waiting
            if before is not None:
                break
        since = 0.0 if before is None else min(before.stop, self._until)
        self._add(member, waiter, reason, since)
        return before

    def _add(self, member: Member, waiter: Member, cause: Cause, since: float) -> None:
        kind, at, slots, _ = cause
        span, waited = self._facts.span(member), self._facts.span(waiter)
        self._found.append(Link(span, kind, since, self._until, at, slots, waited))
        self._until = since


def last_to_end(level: Level) -> tuple[Member | None, Member | None]:
    """Return the job whose end ended the run of a scheduler, and the last to clean up then.

    While the run goes on, it is the job that has been running for the longest time.
    """
    ran = [member for member in level.members if member.start is not None]
    regular = [member for member in ran if not member.job.forever] or ran
    running = [member for member in regular if member.outcome is Outcome.RUNNING]
    if running:
        return min(running, key=start_of), None
    last = culprit_of(level, ran) or latest(regular)
    later = [member for member in ran if last is not None and member.stop > last.stop]
    return last, latest(later)


def start_of(member: Member) -> float:
    """Return when a job started that has (seconds since the run began)."""
    assert member.start is not None
    return member.start


def culprit_of(level: Level, ran: Iterable[Member]) -> Member | None:
    """Return the job whose failure ended a run; ``None`` if no failure did."""
    record = record_of(level.job_set)
    verdict = None if record is None else record.verdict
    if not isinstance(verdict, CriticalFailure) or getattr(level.job_set, "keep_going", False):
        return None
    place = verdict.job
    culprit = place.job if isinstance(place, Placed) else None
    return next((member for member in ran if member.job is culprit), None)


def latest(members: Iterable[Member]) -> Member | None:
    """Return the job that ended last; of several, the last one."""
    last: Member | None = None
    for member in members:
        if last is None or member.stop >= last.stop:
            last = member
    return last
