"""`Span`: what became of one job in a run."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from .._names import label_of
from ..job import AnyJob

__all__ = ["LinkKind", "Outcome", "Span"]


class Outcome(enum.Enum):
    """What became of a job. The values are the words that people read.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler, Sequence
        >>> s = Scheduler(Sequence(PrintJob("a", label="a"), PrintJob("b", label="b")))
        >>> s.run()
        a
        b
        True
        >>> {span.outcome for span in s.timeline().spans} == {Outcome.DONE}, str(Outcome.DONE)
        (True, 'done')
    """

    DONE = "done"
    """It returned."""
    FAILED = "failed"
    """It raised."""
    STOPPED = "stopped"
    """It was started, and cancelled by the end of its run."""
    SKIPPED = "skipped"
    """It was not started, since a job that it depends on failed."""
    RESTORED = "restored"
    """It was not started, since it was done in an earlier run."""
    IDLE = "idle"
    """It was not started, or has not started yet."""
    RUNNING = "running"
    """It is running now."""

    def __str__(self) -> str:
        return self.value


class LinkKind(enum.Enum):
    """What a job waited for last. The values are the words that people read.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler, Sequence
        >>> s = Scheduler(Sequence(PrintJob("a", label="a"), PrintJob("b", label="b")))
        >>> s.run()
        a
        b
        True
        >>> [link.kind for link in s.bottleneck()]
        [<LinkKind.START: 'start'>, <LinkKind.REQUIREMENT: 'requirement'>]
    """

    START = "start"
    """The start of the run."""
    REQUIREMENT = "requirement"
    """The end of a requirement, which is the job of the previous link."""
    SLOT = "slot"
    """A slot of a window, which the job of the previous link gave back."""
    LIMIT = "limit"
    """Slots of a limit, which the job of the previous link gave back."""
    END = "end"
    """The end of a run: the job was stopped and cleaned up, or its own jobs were shut down."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Span:
    """What became of one job in a run. All times are in seconds since the run began.

    Attributes:
        job: the job.
        around: the span of the nested scheduler that the job is in; ``None`` if it is in the
            scheduler itself.
        depth: how many nested schedulers are around the job.
        start: when it started; ``None`` if it did not.
        end: when it ended; ``None`` if it did not. A job that was cancelled before it started
            has only an end.
        outcome: what became of it.
        ready: when the last of its requirements had ended; ``None`` if that never happened. A
            job that requires nothing is ready when its scheduler starts, or when it joins.
        waited: how long it then waited for a slot of a window or of a limit (seconds). The wait
            ends at `start`. For a job that did not start, the wait begins at `ready`, and ends
            at `end`, or with its scheduler if there is no `end`.
        seconds: how long it ran, up to now if it still runs; ``None`` if it did not start.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler, Sequence
        >>> s = Scheduler(Sequence(PrintJob("a", label="a"), PrintJob("b", label="b")))
        >>> s.run()
        a
        b
        True
        >>> span = s.timeline().spans[1]
        >>> span.label, span.path, str(span.outcome), span.waited
        ('b', ('b',), 'done', 0.0)
    """

    job: AnyJob
    around: Span | None = field(repr=False, compare=False)
    depth: int
    start: float | None
    end: float | None
    outcome: Outcome
    ready: float | None
    waited: float
    seconds: float | None

    @property
    def label(self) -> str:
        """The job's label, as listings show it."""
        return label_of(self.job)

    @property
    def path(self) -> tuple[str, ...]:
        """The labels of the nested schedulers around the job, then its own."""
        labels: list[str] = []
        span: Span | None = self
        while span is not None:
            labels.append(span.label)
            span = span.around
        return tuple(reversed(labels))
