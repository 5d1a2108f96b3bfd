"""`Scheduler`: a scheduler that is a job as well, so that schedulers nest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from ._bridge import drawing_function
from ._options import JobOptions, check_options
from ._verdict import CriticalFailure, TimedOut
from .job import AbstractJob
from .purescheduler import PureScheduler

if TYPE_CHECKING:
    from .sequence import Schedulable
    from .watch import Watch

__all__ = ["Scheduler"]

AS_JOB = cast("type[AbstractJob[bool]]", AbstractJob)
"""The base that is a job: `super()` would find the one that is a set of jobs."""

OPTIONS = ("jobs_window", "timeout", "shutdown_timeout", "watch", "verbose")
"""What a scheduler has besides the options of jobs."""


class Scheduler(PureScheduler, AbstractJob[bool]):
    """A set of jobs that can be run, and be put as one job in another scheduler.

    Args:
        jobs_or_sequences: see `PureScheduler`, as for the next five.
        jobs_window: how many of its jobs may run at once.
        timeout: how long a run may take (seconds).
        shutdown_timeout: how long a shutdown may take (seconds).
        watch: tells the time in verbose messages.
        verbose: print what happens during a run.
        kwds: see `AbstractJob`: forever, critical, label, required, scheduler.

    Raises:
        TypeError: see `PureScheduler`.
        ValueError: likewise.

    Example:
        >>> from asynciojobs import PrintJob, Sequence
        >>> middle = Scheduler(Sequence(PrintJob("two"), PrintJob("three")))
        >>> Scheduler(Sequence(PrintJob("one"), middle, PrintJob("four"))).run()
        one
        two
        three
        four
        True
    """

    def __init__(
        self,
        *jobs_or_sequences: Schedulable,
        jobs_window: int | None = None,
        timeout: float | None = None,
        shutdown_timeout: float | None = 1,
        watch: Watch | None = None,
        verbose: bool = False,
        **kwds: Unpack[JobOptions],
    ) -> None:
        PureScheduler.__init__(
            self,
            *jobs_or_sequences,
            jobs_window=jobs_window,
            timeout=timeout,
            shutdown_timeout=shutdown_timeout,
            watch=watch,
            verbose=verbose,
        )
        try:
            AS_JOB.__init__(self, **kwds)
        except TypeError:
            if type(self) is Scheduler:
                check_options("Scheduler", kwds, OPTIONS)
            raise

    # Where the two bases differ, it is shown as a job.

    def __repr__(self) -> str:
        return AS_JOB.__repr__(self)

    def repr_main(self) -> str:
        """Return the class and the label, as in ``<Scheduler `deployment`>``."""
        return AS_JOB.repr_main(self)

    async def co_run(self) -> bool:
        """Run the jobs as `PureScheduler.co_run` does; a critical scheduler raises.

        Returns:
            whether the run was fine.

        Raises:
            TimeoutError: the scheduler is critical, and its timeout has expired.
            BaseException: it is critical, and a critical job has raised: that exception.
        """
        fine = await super().co_run()
        if not fine and self.is_critical():
            self._raise_failure()
        return fine

    def _raise_failure(self) -> None:
        match self._verdict:
            case TimedOut(timeout):
                raise TimeoutError(f"{self.repr_main()} took more than {timeout}s")
            case CriticalFailure(_, exception):
                try:
                    raise exception
                finally:
                    del self, exception  # they are in its traceback now: no circle
            case _:  # pragma: no cover - a run that is not fine ends in one of these two
                pass

    def dot_cluster_name(self) -> str:
        """Return the name of the cluster that draws this scheduler inside of another one.

        Raises:
            ImportError: asynciojobs-graph is not installed.
        """
        return str(drawing_function("dot_cluster_name")(self))
