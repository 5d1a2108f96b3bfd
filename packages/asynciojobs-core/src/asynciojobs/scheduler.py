"""`Scheduler`: a scheduler that is also a job, so that schedulers nest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from ._lazy import OnDemand
from ._outcomes import CriticalFailure, TimedOut, add_note_once
from ._text import NOLABEL
from .job import AbstractJob, counts_as_critical
from .purescheduler import PureScheduler

if TYPE_CHECKING:
    from . import _bridge, _options
    from ._options import NestedOptions
    from ._run.opening import RunJournal
    from .sequence import Schedulable
    from .watch import Watch
else:
    _bridge = OnDemand("_bridge")
    _options = OnDemand("_options")

__all__ = ["Scheduler"]

AS_JOB = cast("type[AbstractJob[bool]]", AbstractJob)
"""The base class for jobs. `super()` would find the other base, a set of jobs."""

OPTIONS = ("jobs_window", "timeout", "shutdown_timeout", "keep_going", "watch", "verbose")
"""The options that a scheduler has besides those of jobs."""


class Scheduler(PureScheduler, AbstractJob[bool]):
    """A set of jobs that can be run, or be put into another scheduler as one job.

    Args:
        jobs_or_sequences: the initial members; see `PureScheduler`.
        jobs_window: how many of its jobs may run at once (jobs).
        timeout: how long a run may take (seconds).
        shutdown_timeout: how long a shutdown may take (seconds).
        keep_going: go on after a critical job raised; see `PureScheduler`.
        watch: gives the time in verbose messages.
        verbose: print the events of a run.
        kwds: forever, critical, label, required, scheduler, limits, key, journaled, version;
            see `AbstractJob`. It holds its limits during its whole run.

    Raises:
        TypeError: see `PureScheduler`.
        ValueError: see `PureScheduler`.

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
        keep_going: bool = False,
        watch: Watch | None = None,
        verbose: bool = False,
        **kwds: Unpack[NestedOptions],
    ) -> None:
        PureScheduler.__init__(
            self,
            *jobs_or_sequences,
            jobs_window=jobs_window,
            timeout=timeout,
            shutdown_timeout=shutdown_timeout,
            keep_going=keep_going,
            watch=watch,
            verbose=verbose,
        )
        try:
            AS_JOB.__init__(self, **kwds)
        except TypeError:
            if type(self) is Scheduler:
                _options.check_options("Scheduler", kwds, OPTIONS)
            raise

    # The two bases define these differently. A scheduler is shown as a job.

    def __repr__(self) -> str:
        return str(self) if self._ran_alone() else AS_JOB.__repr__(self)

    def __str__(self) -> str:
        return PureScheduler.__repr__(self)

    def _ran_alone(self) -> bool:
        """Return whether the last run was an outermost one, not part of another run."""
        return self._run_state.record.started_at is not None

    def _times(self) -> tuple[float | None, float | None]:
        if self._ran_alone():
            return super()._times()
        return getattr(self, "_noted_start", None), getattr(self, "_noted_end", None)

    def repr_main(self) -> str:
        """Return the class and the label, as in ``<Scheduler `deployment`>``."""
        return AS_JOB.repr_main(self)

    async def co_run(
        self,
        *,
        resume: bool = False,
        journal: RunJournal | None = None,
        live: bool = False,
    ) -> bool:
        """Run the jobs as `PureScheduler.co_run()` does; raise if the scheduler is critical.

        Args:
            resume: continue the last run; see `PureScheduler.co_run()`.
            journal: records the run; see `PureScheduler.co_run()`.
            live: show the run while it is in progress; see `asynciojobs_graph.live()`.

        Returns:
            whether the run succeeded.

        Raises:
            TimeoutError: the scheduler is critical, and its timeout expired.
            BaseException: the scheduler is critical, and a critical job raised this exception.
                If the scheduler is not nested, the exception has a note that names the job.
        """
        fine = await super().co_run(resume=resume, journal=journal, live=live)
        if not fine and counts_as_critical(self):
            self._raise_failure()
        return fine

    def cancel(self, msg: object = None) -> bool:
        """Cancel this scheduler in the run that it is nested in; see `AbstractJob.cancel()`."""
        if self._ran_alone() and self._run_state.current_run() is not None:
            raise RuntimeError(
                f"{self.repr_main()} runs on its own, and not as a job of another scheduler: "
                "call stop(), or cancel the task that awaits its co_run()"
            )
        return AS_JOB.cancel(self, msg)

    def _raise_failure(self) -> None:
        match self._run_state.record.verdict:
            case TimedOut(timeout=timeout) as verdict:
                raise TimeoutError(
                    f"{self.repr_main()} took more than {timeout}s{verdict.unfinished()}"
                )
            case CriticalFailure(job=job, exception=exception) as verdict:
                where = "" if self._shown_text() == NOLABEL else f" in {self.repr_main()}"
                if self._ran_alone():
                    add_note_once(exception, f"raised by {job.repr_main()}{where}")
                if verdict.others:
                    add_note_once(exception, verdict.also_raised(where))
                try:
                    raise exception
                finally:
                    del self, exception  # its traceback holds this frame
            case _:  # pragma: no cover - a run that failed ends in one of these two ways
                pass

    def dot_cluster_name(self) -> str:
        """Return the name of the DOT cluster that draws this scheduler inside another one.

        Raises:
            ImportError: asynciojobs-graph is not installed.

        Example:
            >>> boots = Scheduler(label="boots")
            >>> Scheduler(boots).list()
            1 !   ·   <Scheduler `boots`> [not done] -> entries={}
            1 --end-- < <Scheduler `boots`> exits={}
            >>> boots.dot_cluster_name()
            'cluster_1'
        """
        return str(_bridge.drawing_function("dot_cluster_name")(self))
