"""`Sequence`: jobs that run one after another, without writing each requirement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from ._copies import Copyable
from ._requirements import Group, Requirements, flatten, members_of
from .job import ANY_JOB, AbstractJob, Job

if TYPE_CHECKING:
    from ._options import JobHolder

__all__ = ["Schedulable", "Sequence"]


class Sequence(Group[AbstractJob[object]], Copyable):
    """Jobs that run one after another: each requires the one before it.

    You can write a sequence wherever you can write a job: in a scheduler, as a requirement
    (its last job counts), and in another sequence. It is shorthand: schedulers hold only the
    jobs.

    Args:
        sequences_or_jobs: jobs and sequences, in order.
        required: the requirements of the first job.
        scheduler: all the jobs are added to this scheduler, including those appended later.

    Attributes:
        jobs: the jobs, in order.
        scheduler: as above.

    Raises:
        TypeError: one of them is something else.

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
        # The requirements for the first job, as long as there is none.
        self._required: list[AbstractJob[object]] = []
        self.requires(required)
        self.append(*sequences_or_jobs)

    def __repr__(self) -> str:
        return f"<Sequence of {', '.join(job.repr_main() for job in self.jobs)}>"

    def _copied_along(self) -> Iterable[Copyable]:
        around: object = self.scheduler
        yield from (*self.jobs, *self._required)
        if isinstance(around, Copyable):
            yield around

    def _prepare_copy(self, fields: dict[str, Any]) -> None:
        fields["jobs"] = [*self.jobs]
        fields["_required"] = [*self._required]

    def append(self, *sequences_or_jobs: Schedulable) -> Sequence:
        """Add jobs and sequences at the end.

        If the sequence was made with a scheduler, they are added to it too.

        Returns:
            the sequence.

        Raises:
            TypeError: one of them is something else; nothing was changed.

        Example:
            >>> from asynciojobs import PrintJob
            >>> a, b = PrintJob("a"), PrintJob("b")
            >>> Sequence(a).append(b).jobs == [a, b], b.required == {a}
            (True, True)
        """
        for job in members_of(sequences_or_jobs, ANY_JOB):
            job.requires(self._last_jobs())
            self.jobs.append(job)
            self._required.clear()
            if self.scheduler is not None:
                self.scheduler.add(job)
        return self

    def requires(self, *requirements: Requirements) -> Sequence:
        """Add requirements to the first job.

        Args:
            requirements: see `AbstractJob.requires`. An empty sequence keeps them for the first
                job that is appended.

        Returns:
            the sequence.

        Raises:
            TypeError: one of them is something else; nothing was changed.

        Example:
            >>> from asynciojobs import PrintJob
            >>> a, b = PrintJob("a"), PrintJob("b")
            >>> _ = Sequence(b).requires(a)
            >>> b.required == {a}
            True
        """
        if self.jobs:
            self.jobs[0].requires(*requirements)
        else:
            self._required.extend(flatten(requirements, ANY_JOB))
        return self

    def _last_jobs(self) -> Iterable[AbstractJob[object]]:
        """Return the jobs that must be done for the sequence to be done: its last one.

        An empty sequence is done when its requirements are.
        """
        return (self.jobs[-1],) if self.jobs else tuple(self._required)

    def close_idle_jobs(self) -> None:
        """Close the coroutines of the idle jobs, if the sequence will not run.

        Example:
            >>> async def fetch():
            ...     return b"data"
            >>> Sequence(Job(fetch())).close_idle_jobs()
        """
        for job in self.jobs:
            if isinstance(job, Job) and job.is_idle():
                job.close()


Schedulable: TypeAlias = AbstractJob[object] | Sequence
"""What can be put into a scheduler: a job, or a sequence of jobs."""
