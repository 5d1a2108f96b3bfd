"""`Link`: a part of a run, and the job that held the run back in that part; its `Cause`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .._dag.jobset import JobSet
from ..job import AnyJob
from ..limit import Limit
from .spans import LinkKind, Span

__all__ = ["Cause", "Link"]


class Cause(NamedTuple):
    """What a job waited for before it started."""

    kind: LinkKind
    at: Limit | JobSet | None = None
    """The limit, or the scheduler with the window."""
    slots: int | None = None
    """How many slots there were."""
    giver: int | None = None
    """The place of the job that gave it the slot by ending; ``None`` if that is not known."""


@dataclass(frozen=True, slots=True)
class Link:
    """A part of a run, and the job that held the run back in that part.

    Attributes:
        span: what became of the job.
        kind: what the job waited for last, before it started.
        start: when the part begins, which is when the previous link ends (seconds since the
            run began).
        end: when the part ends: when the job ended, or when the end of the run stopped the
            others (seconds since the run began).
        at: where it waited for a slot: a scheduler with a window, or a limit. ``None`` if it
            did not wait for one.
        slots: how many slots there were; ``None`` if it did not wait for one.
        waiter: the job that waited: this one, or a nested scheduler around it.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler, Sequence
        >>> s = Scheduler(Sequence(PrintJob("a", label="a"), PrintJob("b", label="b")))
        >>> s.run()
        a
        b
        True
        >>> link = s.bottleneck()[1]
        >>> link.path, str(link.kind), link.waited
        (('b',), 'requirement', 0.0)
    """

    span: Span
    kind: LinkKind
    start: float
    end: float
    at: Limit | JobSet | None
    slots: int | None
    waiter: Span

    @property
    def job(self) -> AnyJob:
        """The job."""
        return self.span.job

    @property
    def path(self) -> tuple[str, ...]:
        """The labels of the nested schedulers around the job, then its own."""
        return self.span.path

    @property
    def seconds(self) -> float:
        """How long the part is. Together, all links are as long as the run."""
        return self.end - self.start

    @property
    def waited(self) -> float:
        """How long the job waited for its slot, even before this part (seconds)."""
        return 0.0 if self.at is None else self.waiter.waited
