"""`Recording`: the jobs of a run that have ended, but whose records are not safe yet.

A journal guarantees that nothing a successor has seen is lost. So the successors of a job start
only once its record is on the disk. But its slot of the window and its limits go to others as
soon as it ends. Otherwise a run would be as slow as the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from ..job import AnyJob, failure_of

__all__ = ["Recorder", "Recording"]

if TYPE_CHECKING:

    class Recorder(Protocol):
        """Writes the records of an outermost run and of all runs nested in it."""

        def takes(self, job: AnyJob) -> bool:
            """Return whether a job is recorded."""
            ...

        def started(self, job: AnyJob) -> None:
            """Record that a job has started."""
            ...

        def done(self, job: AnyJob, when_safe: Callable[[], object]) -> None:
            """Record the result of a job; call a function once the record is safe."""
            ...

        def failed(self, job: AnyJob, error: BaseException) -> None:
            """Record that a job has failed."""
            ...

        def join(self, job_set: Any, jobs: Collection[AnyJob]) -> Collection[AnyJob]:
            """Take note of jobs that join; return those that stay done."""
            ...

        def note_adder(self) -> None:
            """Take note of the job that is adding others."""
            ...

    class RecordedRun(Protocol):
        """The part of a `Run` that is used here."""

        @property
        def job_set(self) -> Any: ...
        @property
        def tasks(self) -> Any: ...
        def is_over(self) -> bool: ...
        def release_with_extras(self, job: AnyJob, now: float, *, held: bool) -> None: ...


class Recording:
    """What one run writes into a journal.

    Args:
        run: the run.
        recorder: writes the records.

    Attributes:
        unsafe: the jobs whose records are on their way to the disk.
    """

    __slots__ = ("_recorder", "_run", "_safe", "unsafe")

    def __init__(self, run: RecordedRun, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self.unsafe: set[AnyJob] = set()
        self._safe: AnyJob | None = None  # its record is safe, and it is being released

    def started(self, jobs: Iterable[AnyJob]) -> None:
        """Record that some jobs are starting."""
        for job in filter(self._recorder.takes, jobs):
            self._recorder.started(job)

    def failed(self, job: AnyJob, error: BaseException) -> None:
        """Record that a job has failed."""
        if self._recorder.takes(job):
            self._recorder.failed(job, error)

    def holds_back(self, job: AnyJob) -> bool:
        """Record the end of a job; return whether its successors must wait for the disk."""
        if job is self._safe or failure_of(job) is not None or not self._recorder.takes(job):
            return False
        self.unsafe.add(job)
        self._recorder.done(job, lambda: self._release(job))
        return True

    def _release(self, job: AnyJob) -> None:
        self.unsafe.discard(job)
        run = self._run
        if not run.is_over():
            self._safe = job
            run.release_with_extras(job, run.tasks.time(), held=False)
            self._safe = None

    def note_adder(self) -> None:
        """Take note of the job that is adding others: when resumed, it must add them again."""
        self._recorder.note_adder()

    def restored_among(self, jobs: Collection[AnyJob]) -> Collection[AnyJob]:
        """Return the joining jobs that stay done; they now have their results."""
        return self._recorder.join(self._run.job_set, jobs)

    def let_go(self, jobs: Iterable[AnyJob]) -> None:
        """Remove jobs that stay done from the run."""
        for job in jobs:
            self._safe = job
            self._run.release_with_extras(job, self._run.tasks.time(), held=False)
            self._safe = None
