"""`Sequence`: jobs that run one behind the other, without writing each requirement."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias, cast

from ._options import JobHolder
from ._requirements import Group, Requirements, flatten
from .job import AbstractJob, Job

__all__ = ["Schedulable", "Sequence"]


class Sequence(Group[AbstractJob[object]]):
    """Jobs each of which requires the one before it.

    It can stand wherever a job can: in a scheduler, as a requirement (its last job counts),
    and in another sequence. It is a help for writing; a scheduler sees the jobs alone.

    Args:
        sequences_or_jobs: jobs and sequences, in their order.
        required: the requirements of the first job.
        scheduler: where all the jobs are added, those appended later included.

    Attributes:
        jobs: the jobs, in their order.
        scheduler: as above.

    Raises:
        TypeError: something else is among them.

    Example:
        >>> from asynciojobs import PrintJob
        >>> a, b, c = PrintJob("a"), PrintJob("b"), PrintJob("c")
        >>> Sequence(a, Sequence(b, c)).jobs == [a, b, c], c.required == {b}
        (True, True)
    """

    def __init__(
        self,
        *sequences_or_jobs: Schedulable,
        required: Requirements = None,
        scheduler: JobHolder | None = None,
    ) -> None:
        self.jobs: list[AbstractJob[object]] = []
        self.scheduler = scheduler
        # What the first job will require, as long as there is no first job.
        self._required: list[AbstractJob[object]] = []
        self.requires(required)
        self.append(*sequences_or_jobs)

    def __repr__(self) -> str:
        return f"<Sequence of {', '.join(job.repr_main() for job in self.jobs)}>"

    def append(self, *sequences_or_jobs: Schedulable) -> Sequence:
        """Add jobs and sequences at the end.

        They are added to the scheduler too if the sequence was made with one.

        Returns:
            the sequence.

        Raises:
            TypeError: something else is among them; nothing was changed.
        """
        for job in list(members_of(sequences_or_jobs)):
            job.requires(self._last_jobs())
            self.jobs.append(job)
            self._required.clear()
            if self.scheduler is not None:
                self.scheduler.add(job)
        return self

    def requires(self, *requirements: Requirements) -> Sequence:
        """Add requirements to the first job.

        Args:
            requirements: as for `AbstractJob.requires`. An empty sequence keeps them for the
                job that becomes its first.

        Returns:
            the sequence.

        Raises:
            TypeError: one of them is something else; nothing was changed.
        """
        if self.jobs:
            self.jobs[0].requires(*requirements)
        else:
            self._required.extend(flatten(requirements, AbstractJob))
        return self

    def _members(self) -> Iterable[AbstractJob[object]]:
        """Return all its jobs: what it stands for when it is put in a scheduler."""
        return tuple(self.jobs)

    def _last_jobs(self) -> Iterable[AbstractJob[object]]:
        """Return what must be done for it to be done: its last job.

        An empty sequence is done when its requirements are.
        """
        return (self.jobs[-1],) if self.jobs else tuple(self._required)

    def close_idle_jobs(self) -> None:
        """Close the coroutines of the jobs that are idle, for a sequence that won't run."""
        for job in self.jobs:
            if isinstance(job, Job) and job.is_idle():
                job.close()


Schedulable: TypeAlias = AbstractJob[object] | Sequence
"""What a scheduler can be made of."""


def several(things: Schedulable | Iterable[Schedulable]) -> Iterable[Schedulable]:
    """Return a collection of jobs and sequences; a single one makes a collection of one."""
    # A nested scheduler can be iterated over, and is one job all the same.
    if isinstance(things, AbstractJob | Group) or not isinstance(things, Iterable):
        return (things,)
    return things


def members_of(things: Iterable[Schedulable]) -> Collection[AbstractJob[object]]:
    """Return the jobs that some jobs and sequences stand for.

    Raises:
        TypeError: something else is among them.
    """
    things = tuple(things)
    for kind in set(map(type, things)):
        if not issubclass(kind, AbstractJob):
            return list(_members_of(things))
    return cast("tuple[AbstractJob[object], ...]", things)  # the usual case


def _members_of(things: Iterable[Schedulable]) -> Iterator[AbstractJob[object]]:
    for thing in things:
        if isinstance(thing, AbstractJob):
            yield thing
        elif isinstance(thing, Group):
            yield from thing._members()
        else:
            raise TypeError(_not_schedulable(thing))


def _not_schedulable(thing: object) -> str:
    rule = f"a scheduler is made of jobs and sequences, not of {thing!r}"
    if inspect.isroutine(thing) or inspect.isawaitable(thing):
        return f"{rule}: make a job of it, Job(function, *args)"
    if isinstance(thing, type):
        remedy = f": it is a class, so make a job of it, {thing.__name__}(…)"
        return rule + remedy * issubclass(thing, AbstractJob)
    if hasattr(thing, "co_run"):
        return f"{rule}: a scheduler that is to be nested must be a Scheduler"
    if isinstance(thing, Iterable) and not isinstance(thing, str | bytes):
        return f"{rule}: give its elements with a star, Scheduler(*jobs), or use update(jobs)"
    return rule
