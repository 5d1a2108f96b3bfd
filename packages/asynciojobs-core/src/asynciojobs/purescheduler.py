"""`PureScheduler`: everything that you can do with a set of jobs."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from ._checks import check_journal, checked_seconds, checked_window, is_method_of
from ._dag.jobset import JobSet, check_not_running
from ._lazy import OnDemand
from ._log import is_debugging
from ._loops import LoopFactory, run_synchronously
from ._outcomes import CriticalFailure, Stopped, TimedOut
from ._requirements import members_of
from ._run.run import Run
from ._run.shutdown import shut_down
from ._stack import check_stack_room
from .job import ANY_JOB, AbstractJob, Job

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Collection
    from os import PathLike

    from . import _badge, _bridge, _events, _feedback, _report, _signals
    from . import timeline as _timeline
    from ._dag import edits, outline, queries
    from ._run import resuming as _resuming
    from ._run.opening import Memory, RunJournal
    from .sequence import Schedulable
    from .watch import Watch

    PlannedJob = tuple[AbstractJob[object], Literal["restore", "run"], str]
else:
    _badge = OnDemand("_badge")
    _bridge = OnDemand("_bridge")
    _events = OnDemand("_events")
    _feedback = OnDemand("_feedback")
    _report = OnDemand("_report")
    _resuming = OnDemand("_run.resuming")
    _signals = OnDemand("_signals")
    _timeline = OnDemand("timeline")
    edits = OnDemand("_dag.edits")
    outline = OnDemand("_dag.outline")
    queries = OnDemand("_dag.queries")

__all__ = ["PureScheduler"]


class PureScheduler(JobSet):
    """A set of jobs that can be run. Each job starts once the jobs it requires are done.

    Args:
        jobs_or_sequences: the initial members. Their order does not matter to a run.
        jobs_window: how many jobs may run at once; ``None`` or 0 means no limit (jobs). A
            nested scheduler counts as one job; forever jobs do not count.
        timeout: how long a run may take; ``None`` means no limit (seconds).
        shutdown_timeout: how long a shutdown may take; ``None`` means no limit (seconds).
        keep_going: after a critical job raised, skip only the jobs that depend on it, and run
            all others. The run still counts as failed.
        watch: gives the time in verbose messages; by default, they show the time of day.
        verbose: print the events of a run. `asynciojobs.set_debug()` does so for all
            schedulers.

    Attributes:
        jobs: the jobs, in their order of creation.
        keep_going: as above; a new value applies from the next run on.
        watch: as above.
        verbose: as above.

    Raises:
        TypeError: a member is not a job or a sequence, or an option has the wrong type.
        ValueError: a number is negative.

    Example:
        >>> from asynciojobs import PrintJob, Sequence
        >>> s = PureScheduler(Sequence(PrintJob("one"), PrintJob("two")))
        >>> s.run()
        one
        two
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
    ) -> None:
        JobSet.__init__(self, members_of(jobs_or_sequences, ANY_JOB))
        self._jobs_window = checked_window(jobs_window)
        self._timeout = checked_seconds("timeout", timeout)
        self.shutdown_timeout = shutdown_timeout
        self.keep_going = keep_going
        self.watch = watch
        self.verbose = verbose

    def __repr__(self) -> str:
        return _report.summary(self, self.duration())

    # -- options

    @property
    def jobs_window(self) -> int | None:
        """How many jobs may run at once; ``None`` or 0 means no limit.

        A new value takes effect at once, even during a run. A larger one starts jobs; a smaller
        one takes effect as jobs end.
        """
        return self._jobs_window

    @jobs_window.setter
    def jobs_window(self, jobs: int | None) -> None:
        self._jobs_window = checked_window(jobs)
        self._call_in_run(self._pass_window_on, "set jobs_window")

    def _pass_window_on(self) -> None:
        run = self._run_state.current_run()
        if run is not None:
            run.set_window(self._jobs_window)
            self._run_state.record.resize(self._jobs_window)

    @property
    def timeout(self) -> float | None:
        """How long a run may take, in seconds; ``None`` means no limit.

        It can't be changed during a run: that raises `AlreadyRunningError`.
        """
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        check_not_running(self)
        self._timeout = checked_seconds("timeout", seconds)

    @property
    def shutdown_timeout(self) -> float | None:
        """How long a shutdown may take, in seconds; ``None`` means no limit."""
        return self._shutdown_timeout

    @shutdown_timeout.setter
    def shutdown_timeout(self, seconds: float | None) -> None:
        self._shutdown_timeout = checked_seconds("shutdown_timeout", seconds)

    # -- how it runs

    async def co_run(
        self,
        *,
        resume: bool = False,
        journal: RunJournal | None = None,
        live: bool = False,
    ) -> bool:
        """Run the jobs, and wait until all but the forever ones are done.

        However the run ends, everything that it started has ended when this returns.

        Jobs are not shut down here; call `co_shutdown()`. Nested schedulers are the exception:
        each is shut down as soon as it ends.

        Args:
            resume: continue the last run. A job stays done, with its result and its times, if
                it returned in that run and all jobs that it requires stay done. All others run.
                By default, all jobs run. `plan()` tells you in advance what would happen.
            journal: records what the run does, and restores what an earlier run has recorded,
                even in another process. Then `resume` has no effect.
            live: show the run while it is in progress, as `asynciojobs_graph.live()` does.

        Returns:
            ``False`` if a critical job raised or the timeout expired. Either ends the run at
            once, unless `keep_going` lets it continue after a failure. `why()` says which it
            was. Otherwise ``True``, even if `stop()` ended the run.

        Raises:
            ValueError: the jobs have a cycle, or a requirement that can't be met; nothing was
                started.
            RuntimeError: the scheduler is already running.
            TypeError: `journal` is not a `Journal`.
            JournalError: the journal belongs to another scheduler or is in use; or it could not
                be written, which ended the run (a RuntimeError).
            ImportError: `live` is true, and asynciojobs-graph is not installed.
            asyncio.CancelledError: the caller was cancelled.

        Example:
            >>> import asyncio
            >>> from asynciojobs import PrintJob
            >>> asyncio.run(PureScheduler(PrintJob("hello")).co_run())
            hello
            True
        """
        if live:
            with _bridge.drawing_function("live")(self, journal=journal):
                return await PureScheduler.co_run(self, resume=resume, journal=journal)
        is_outermost = self._run_state.called_by is None
        if is_outermost:  # a nested run has the stack of its own task
            check_stack_room()
        memory = _memory(journal) if resume or journal is not None else None
        run = Run(self, window=self._jobs_window, keep_going=self.keep_going, memory=memory)
        is_printed = is_outermost if is_debugging() else self.verbose
        printing = self.observe(_feedback.feedback(self.watch)) if is_printed else None
        try:
            verdict = await run.verdict(self._timeout)
        finally:
            if printing is not None:
                printing.close()
            if memory is not None:
                memory.close()
        return type(verdict) not in (CriticalFailure, TimedOut)

    def run(
        self,
        *args: Any,
        loop_factory: LoopFactory | None = None,
        stop_on: _signals.StopOn = None,
        **kwds: Any,
    ) -> bool:
        """Run the jobs in a new event loop; see `co_run()`.

        Args:
            args: passed to `co_run()`.
            loop_factory: makes the loop. By default, the factory of
                `asynciojobs.use_loop_factory()` makes it, or asyncio if there is none.
            stop_on: signals that end the run like Ctrl-C, such as
                ``[signal.SIGTERM, signal.SIGHUP]``. The first signal cancels the jobs, which
                clean up and are awaited. The second has no effect. The third gives up: the log
                names the remaining jobs. This only works in the main thread.
            kwds: passed to `co_run()`.

        Returns:
            the result of `co_run()`.

        Raises:
            RuntimeError: it was called inside a running event loop. Pyodide always has a
                running loop, so always await `co_run()` there.
            ValueError: `stop_on` has signals, but this is not the main thread; or one of them
                can't be handled.
            TypeError: `stop_on` has something that is not a signal.
            SystemExit: a signal of `stop_on` came. The code is 128 plus its number.
            BaseException: any exception of `co_run()`.

        Example:
            >>> import asyncio, signal
            >>> from asynciojobs import Job
            >>> async def terminate():
            ...     signal.raise_signal(signal.SIGTERM)
            ...     await asyncio.sleep(60)
            >>> PureScheduler(Job(terminate)).run(stop_on=[signal.SIGTERM])
            Traceback (most recent call last):
            SystemExit: 143
        """
        with _signals.SignalStop(stop_on, _names_left) as stop:
            return run_synchronously(
                stop.guard(lambda: self.co_run(*args, **kwds)),
                loop_factory=loop_factory,
                instead="await scheduler.co_run()",
                before_close=stop.before_close,
            )

    def orchestrate(
        self,
        *args: Any,
        loop_factory: LoopFactory | None = None,
        stop_on: _signals.StopOn = None,
        **kwds: Any,
    ) -> bool:
        """Do the same as `run()`, under its former name.

        Example:
            >>> from asynciojobs import PrintJob
            >>> PureScheduler(PrintJob("hello")).orchestrate()
            hello
            True
        """
        return self.run(*args, loop_factory=loop_factory, stop_on=stop_on, **kwds)

    def plan(self, *, resume: bool = False) -> builtins.list[PlannedJob]:
        """Return which jobs a run would restore, which ones it would run, and why.

        Args:
            resume: as for `co_run()`. Without it, all jobs would run.

        Returns:
            for each job at all depths, a tuple: the job, ``"restore"`` or ``"run"``, and the
            reason in words. Each job comes after those that it requires. A nested scheduler
            comes before the jobs in it.

        Raises:
            ValueError: the jobs can't run.
            RuntimeError: the scheduler is running.

        Example:
            >>> async def fail():
            ...     raise OSError("no disk")
            >>> s = PureScheduler(Job(fail, label="load"))
            >>> s.run()
            False
            >>> [(action, reason) for job, action, reason in s.plan(resume=True)]
            [('run', 'raised OSError:no disk')]
        """
        plan: builtins.list[PlannedJob] = _resuming.plan(self, resume=resume)
        return plan

    async def co_shutdown(self) -> bool:
        """Call `co_shutdown()` of all jobs, at all depths, including idle ones.

        Each job gets it once after a run. The jobs of a nested scheduler get it when that
        scheduler ends. If a job raises, the exception is logged and `debrief()` shows it; the
        other jobs are still shut down.

        If you cancel `co_shutdown()`, `shutdown_timeout` no longer applies. Jobs that ignore
        the cancellation are still awaited.

        Returns:
            whether all jobs ended well, and within `shutdown_timeout`. Jobs that took longer
            were cancelled. A second call does nothing, and returns the same value.

        Raises:
            asyncio.CancelledError: the caller was cancelled, and so were the calls.

        Example:
            >>> import asyncio
            >>> from asynciojobs import PrintJob
            >>> async def main():
            ...     s = PureScheduler(PrintJob("hello"))
            ...     return await s.co_run(), await s.co_shutdown()
            >>> asyncio.run(main())
            hello
            (True, True)
        """
        if self._run_state.called_by is None:  # otherwise it is nested
            check_stack_room()
        return await shut_down(self, self.shutdown_timeout)

    def shutdown(
        self, *, loop_factory: LoopFactory | None = None, stop_on: _signals.StopOn = None
    ) -> bool:
        """Shut down the jobs in a new event loop; see `co_shutdown()` and `run()`.

        Example:
            >>> async def work(place):
            ...     print("work at", place)
            >>> async def tidy(place):
            ...     print("tidy", place)
            >>> s = PureScheduler(Job(work, "home", coshutdown=tidy))
            >>> s.run(), s.shutdown()
            work at home
            tidy home
            (True, True)
        """
        with _signals.SignalStop(stop_on, _names_left) as stop:
            return run_synchronously(
                stop.guard(self.co_shutdown),
                loop_factory=loop_factory,
                instead="await scheduler.co_shutdown()",
                before_close=stop.before_close,
            )

    def stop(self, reason: str = "stopped") -> None:
        """End the current run as successful: `co_run()` returns ``True``.

        Use it when the answer is found. Running jobs are cancelled and awaited, even the one
        that calls this. Waiting jobs never start. If the run is already ending, nothing
        happens. Call it from a job, from an observer, or from any other function in the event
        loop's thread.

        Args:
            reason: the text that `why()` shows.

        Raises:
            RuntimeError: the scheduler is not running, or this was called from another thread.

        Example:
            >>> import asyncio
            >>> async def search(seconds):
            ...     await asyncio.sleep(seconds)
            ...     s.stop(f"found after {seconds} s")
            >>> s = PureScheduler(Job(search, 0), Job(search, 60))
            >>> s.run(), s.why()
            (True, 'STOPPED: found after 0 s')
        """
        run = self._run_state.current_run()
        if run is None:
            raise RuntimeError(
                f"{self.repr_main()} is not running, so there is nothing to stop: call stop() "
                "from one of its jobs, or from an observer"
            )
        run.stop(str(reason))

    def observe(self, callback: _events.Observer) -> _events.Observation:
        """Call a function with each event of this scheduler, at all depths.

        Args:
            callback: called with a `JobEvent` (`job`, `kind`, `time`) as it happens. If it
                raises, the exception is logged.

        Returns:
            a handle. The function is called until you `close()` the handle, or until the end of
            a ``with`` block.

        Example:
            >>> from asynciojobs import PrintJob
            >>> s = PureScheduler(PrintJob("hello"))
            >>> with s.observe(lambda event: print(event.kind)):
            ...     s.run()
            scheduled
            started
            hello
            done
            True
        """
        return _events.Observation(self._run_state.observers, callback)

    # -- how the last run ended

    @property
    def started_at(self) -> float | None:
        """When the last run began, on the clock of its event loop (seconds); else ``None``."""
        return self._times()[0]

    @property
    def ended_at(self) -> float | None:
        """When the last run ended, on the clock of its event loop (seconds).

        ``None`` if it has not ended.
        """
        return self._times()[1]

    def duration(self) -> float | None:
        """Return how long the last run took, in seconds; ``None`` if it has not ended.

        Example:
            >>> import asyncio
            >>> s = PureScheduler(Job(asyncio.sleep, 0.1), Job(asyncio.sleep, 0.2))
            >>> s.run(), f"{s.duration():.1f} s"
            (True, '0.2 s')
        """
        start, end = self._times()
        return None if start is None or end is None else end - start

    def _times(self) -> tuple[float | None, float | None]:
        record = self._run_state.record
        return record.started_at, record.ended_at

    def was_stopped(self) -> bool:
        """Return whether the last run ended because `stop()` was called.

        Example:
            >>> async def search():
            ...     s.stop("found")
            >>> s = PureScheduler(Job(search))
            >>> s.run(), s.was_stopped()
            (True, True)
        """
        return isinstance(self._run_state.record.verdict, Stopped)

    def failed_critical(self) -> bool:
        """Return whether the last run ended because a critical job raised.

        Example:
            >>> async def fail():
            ...     raise OSError("no disk")
            >>> s = PureScheduler(Job(fail))
            >>> s.run(), s.failed_critical(), s.failed_time_out()
            (False, True, False)
        """
        return isinstance(self._run_state.record.verdict, CriticalFailure)

    def failed_time_out(self) -> bool:
        """Return whether the last run ended because its timeout expired.

        Example:
            >>> import asyncio
            >>> s = PureScheduler(Job(asyncio.sleep, 60), timeout=0.01)
            >>> s.run(), s.failed_time_out()
            (False, True)
        """
        return isinstance(self._run_state.record.verdict, TimedOut)

    def why(self) -> str:
        """Return why the last run failed or was refused, or ``FINE``.

        Example:
            >>> async def fail():
            ...     raise OSError("no disk")
            >>> s = PureScheduler(Job(fail, label="load"))
            >>> s.run(), s.why()
            (False, 'CRITICAL FAILURE: <Job `load`> raised OSError:no disk')
        """
        return str(self._run_state.record.verdict)

    def failures(self) -> dict[AbstractJob[object], BaseException]:
        """Return the exceptions of the jobs that raised in the last run, by job.

        It includes jobs at all depths, critical or not. The first failure comes first. A nested
        scheduler that re-raises an exception comes after the job that raised it.

        Example:
            >>> async def fail(text):
            ...     raise OSError(text)
            >>> s = PureScheduler(Job(fail, "no disk"), Job(fail, "no route"), keep_going=True)
            >>> s.run(), list(s.failures().values())
            (False, [OSError('no disk'), OSError('no route')])
        """
        return _report.failures(self)

    def shutdown_failures(self) -> dict[AbstractJob[object], BaseException]:
        """Return the exceptions of `co_shutdown()` calls since the last run began, by job.

        The jobs of nested schedulers are included. If `shutdown_timeout` cut a call off, its
        exception is a ``TimeoutError``.

        Example:
            >>> async def work():
            ...     pass
            >>> async def tidy():
            ...     raise OSError("no disk")
            >>> s = PureScheduler(Job(work, coshutdown=tidy))
            >>> s.run(), s.shutdown(), list(s.shutdown_failures().values())
            (True, False, [OSError('no disk')])
        """
        return dict(_report.shutdown_failures(self))

    # -- where the time of the last run went

    def timeline(self) -> _timeline.Timeline:
        """Return what happened to each job in the last run, or in the current one.

        The times are read now, at all depths. Later changes don't affect the timeline.

        Returns:
            the timeline; ``print()`` draws it as a chart.

        Raises:
            RuntimeError: the scheduler has not run.
            CycleError: the jobs have a cycle now (a ValueError).

        Example:
            >>> from asynciojobs import PrintJob
            >>> s = PureScheduler(PrintJob("hello", label="greet"))
            >>> s.run()
            hello
            True
            >>> [(span.label, str(span.outcome)) for span in s.timeline().spans]
            [('greet', 'done')]
        """
        return _timeline.timeline_of(self, self._times())

    def bottleneck(self) -> _timeline.Bottleneck:
        """Return the chain of jobs that held up the last run, or the current one.

        It goes back from the job that ended last: through the requirement that ended last, or
        through the job that gave up the slot that a job waited for.

        Returns:
            the links of the chain in chronological order. Their `seconds` add up to the
            duration of the run. ``print()`` shows it as a table and a sentence.

        Raises:
            RuntimeError: the scheduler has not run.
            CycleError: the jobs have a cycle now (a ValueError).

        Example:
            >>> from asynciojobs import PrintJob, Sequence
            >>> s = PureScheduler(Sequence(PrintJob("a", label="a"), PrintJob("b", label="b")))
            >>> s.run()
            a
            b
            True
            >>> [(link.job.label, str(link.kind)) for link in s.bottleneck()]
            [('a', 'start'), ('b', 'requirement')]
        """
        return _timeline.bottleneck_of(self, self._times())

    # -- questions

    def check_cycles(self) -> bool:
        """Return whether the jobs can be ordered, at all depths; O(V+E).

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b")
            >>> s = PureScheduler(a, b.requires(a))
            >>> s.check_cycles()
            True
            >>> _ = a.requires(b)
            >>> s.check_cycles()
            False
        """
        return queries.find_cycle(self) is None

    def topological_order(self) -> Iterator[AbstractJob[object]]:
        """Yield the jobs, each after those that it requires; O(V+E).

        A nested scheduler is yielded as one job.

        Raises:
            CycleError: there is a cycle (a ValueError). Nothing was yielded.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> [job.label for job in s.topological_order()]
            ['a', 'b', 'c']
        """
        return queries.topological_order(self)

    def iterate_jobs(self, scan_schedulers: bool = False) -> Iterator[Any]:
        """Yield the jobs at all depths, in their order of creation.

        Args:
            scan_schedulers: whether to yield the schedulers too, including this one.

        Example:
            >>> from asynciojobs import Scheduler
            >>> inner = Scheduler(AbstractJob(label="a"), label="inner")
            >>> s = PureScheduler(inner, AbstractJob(label="b"))
            >>> [job.label for job in s.iterate_jobs()]
            ['a', 'b']
        """
        return outline.iterate_jobs(self, scan_schedulers=scan_schedulers)

    def entry_jobs(self) -> Iterator[AbstractJob[object]]:
        """Yield the jobs that require nothing.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> [job.label for job in s.entry_jobs()]
            ['a']
        """
        return queries.entry_jobs(self)

    def exit_jobs(
        self, *, discard_forever: bool = True, compute_backlinks: bool = True
    ) -> Iterator[AbstractJob[object]]:
        """Yield the jobs that no other job requires.

        Args:
            discard_forever: whether to leave out the forever jobs.
            compute_backlinks: has no effect; nothing is stored that could be out of date.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> [job.label for job in s.exit_jobs()]
            ['c']
        """
        return queries.exit_jobs(self, discard_forever=discard_forever)

    def predecessors(self, *starts: Schedulable) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that any of the starts requires.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.predecessors(c) == {b}
            True
        """
        return queries.predecessors(self, starts)

    def predecessors_upstream(self, *starts: Schedulable) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that any of the starts depends on.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.predecessors_upstream(c) == {a, b}
            True
        """
        return queries.predecessors_upstream(self, starts)

    def successors(
        self, *starts: Schedulable, compute_backlinks: bool = True
    ) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that require any of the starts.

        Args:
            starts: jobs and sequences.
            compute_backlinks: has no effect; nothing is stored that could be out of date.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.successors(a) == {b}
            True
        """
        return queries.successors(self, starts)

    def successors_downstream(
        self, *starts: Schedulable, compute_backlinks: bool = True
    ) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that depend on any of the starts.

        Args:
            starts: jobs and sequences.
            compute_backlinks: has no effect; nothing is stored that could be out of date.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.successors_downstream(a) == {b, c}
            True
        """
        return queries.successors_downstream(self, starts)

    def stats(self) -> str:
        """Return how many jobs are done, running and idle, as in ``2D + 3R + 4I = 9``.

        Some counts appear only if they aren't zero: ``X`` for jobs that the end of the run
        stopped, ``S`` for jobs that wait for a slot of the window or of a limit, ``K`` for
        skipped jobs.

        Example:
            >>> from asynciojobs import PrintJob
            >>> s = PureScheduler(PrintJob("hello"))
            >>> s.stats(), s.run(), s.stats()
            hello
            ('0D + 0R + 1I = 1', True, '1D + 0R + 0I = 1')
        """
        return _report.stats(self)

    # -- changes

    def sanitize(self, verbose: bool | None = None) -> bool:
        """Drop each requirement that is not in the same scheduler, at all depths; O(V+E).

        Args:
            verbose: whether to print the dropped requirements; by default, the scheduler's
                `verbose` decides.

        Returns:
            ``True`` if there was nothing to drop.

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b")
            >>> s = PureScheduler(b.requires(a))
            >>> s.sanitize(verbose=True)
            <PureScheduler of 1 job>: <AbstractJob `b`> no longer requires <AbstractJob `a`>
            False
        """
        changes = builtins.list(edits.sanitize(self))
        is_printed = self.verbose or is_debugging() if verbose is None else verbose
        if is_printed:
            _feedback.say(
                f"{holder.repr_main()}: {job.repr_main()} no longer requires "
                f"{', '.join(other.repr_main() for other in lost)}"
                for holder, job, lost in changes
            )
        return not changes

    def bypass_and_remove(self, job: Schedulable) -> None:
        """Remove a job, and pass its requirements on to the jobs that require it; O(V+E).

        Raises:
            ValueError: the job is not in this scheduler itself.
            RuntimeError: the scheduler is running.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.bypass_and_remove(b)
            >>> c.required == {a}, b in s
            (True, False)
        """
        check_not_running(self)
        edits.bypass_and_remove(self, job)

    def keep_only(self, remains: Schedulable | Iterable[Schedulable]) -> None:
        """Remove all other jobs, and all requirements of removed jobs.

        Args:
            remains: the jobs and sequences to keep. If some are not in the scheduler, they are
                ignored.

        Raises:
            RuntimeError: the scheduler is running.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.keep_only([a, c])
            >>> s.jobs == {a, c}, c.required == set()
            (True, True)
        """
        check_not_running(self)
        edits.keep_only(self, remains)

    def keep_only_between(
        self,
        *,
        starts: Schedulable | Iterable[Schedulable] | None = None,
        ends: Schedulable | Iterable[Schedulable] | None = None,
        keep_starts: bool = True,
        keep_ends: bool = True,
    ) -> None:
        """Keep only the jobs on a path from a start to an end; O(V+E).

        Args:
            starts: keep only these and the jobs downstream of them. If omitted, there is no
                such restriction.
            ends: keep only these and the jobs upstream of them. If omitted, there is no such
                restriction.
            keep_starts: whether to keep the starts themselves, if they are upstream of an end.
            keep_ends: whether to keep the ends themselves, if they are downstream of a start.

        Raises:
            ValueError: one of them is not in this scheduler itself.
            RuntimeError: the scheduler is running.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> s = PureScheduler(a, b.requires(a), c.requires(b))
            >>> s.keep_only_between(starts=b)
            >>> s.jobs == {b, c}, b.required == set()
            (True, True)
        """
        check_not_running(self)
        edits.keep_only_between(
            self,
            starts=() if starts is None else starts,
            ends=() if ends is None else ends,
            keep_starts=keep_starts,
            keep_ends=keep_ends,
        )

    def close_idle_jobs(self) -> None:
        """Close the coroutines of all idle jobs, at all depths, since they will not run.

        Example:
            >>> async def fetch():
            ...     return b"data"
            >>> PureScheduler(Job(fetch())).close_idle_jobs()
        """
        for job in self.iterate_jobs():
            if isinstance(job, Job) and job.is_idle():
                job.close()

    def close_all_jobs(self) -> None:
        """Close all coroutines that never started, at all depths.

        Call it for a scheduler that you only list or draw, but never run.

        Example:
            >>> async def fetch():
            ...     return b"data"
            >>> s = PureScheduler(Job(fetch(), label="fetch"))
            >>> s.list_safe()
            !   ·   <Job `fetch`> [not done]
            >>> s.close_all_jobs()
        """
        for job in self.iterate_jobs():
            if isinstance(job, Job):
                job.close()

    def _discard_unstarted(self) -> None:
        seen = {id(self)}  # no recursion: nesting may be deep
        pending: builtins.list[JobSet] = [self]
        while pending:
            for job in tuple(pending.pop().jobs):
                if not isinstance(job, JobSet):
                    job._discard_unstarted()
                elif job.ended_at is None and id(job) not in seen:
                    seen.add(id(job))  # a nested scheduler that has ended did this itself
                    pending.append(job)

    # -- listing

    def list(self, details: bool = False, silence_done_jobs: bool = False) -> None:
        """Print a line for each job at all depths, in topological order.

        It shows the job's id, its badge (critical ``!``; once it is done, fine ``✓`` or raised
        ``✗``; idle ``·``, scheduled ``○``, running ``▸``, stopped ``■``, done ``●`` or skipped
        ``↷``; forever ``∞``), its class and label, its result, and its requirements.

        Args:
            details: whether to print the `details()` of each job, too.
            silence_done_jobs: whether to leave out jobs that are done. A nested scheduler is
                left out only if all its jobs are done.

        Raises:
            CycleError: the jobs have a cycle (a ValueError); see `list_safe()`.

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b", critical=False)
            >>> PureScheduler(a, b.requires(a)).list()
            1 !   ·   <AbstractJob `a`> [not done]
            2     ·   <AbstractJob `b`> [not done] requires={1}
        """
        _feedback.say(
            _report.list_lines(
                self,
                details=details,
                silence_done_jobs=silence_done_jobs,
                signs=_badge.current_signs(),
            )
        )

    def list_safe(self, silence_done_jobs: bool = False) -> None:
        """Print a line for each job, without its requirements. This also works with cycles.

        Args:
            silence_done_jobs: whether to leave out jobs that are done.

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b")
            >>> PureScheduler(a.requires(b), b.requires(a)).list_safe()
            !   ·   <AbstractJob `a`> [not done]
            !   ·   <AbstractJob `b`> [not done]
        """
        _feedback.say(
            _report.safe_lines(
                self, silence_done_jobs=silence_done_jobs, signs=_badge.current_signs()
            )
        )

    def debrief(self, details: bool = False, silence_done_jobs: bool = False) -> None:
        """Print how the run ended, the list of jobs, and what went wrong at all depths.

        It shows each exception once with its traceback, and why nested schedulers returned
        ``False``. Tracebacks leave out the frames of asyncio and of this package.

        Args:
            details: whether to print the `details()` of each job, and whole tracebacks, too.
            silence_done_jobs: whether to leave out jobs that are done, as in `list()`.

        Example:
            >>> async def fail():
            ...     raise OSError("no disk")
            >>> s = PureScheduler(Job(fail, label="a"))
            >>> s.run()
            False
            >>> s.debrief(silence_done_jobs=True)
            ===== <PureScheduler of 1 job>: CRITICAL FAILURE: <Job `a`> raised OSError:no disk
            ===== 1D + 0R + 0I = 1
            ===== <Job `a`> !! CRIT. EXC. => OSError:no disk!!
            OSError: no disk
        """
        _feedback.say(
            _report.debrief_lines(
                self,
                self._run_state.record.verdict,
                details=details,
                silence_done_jobs=silence_done_jobs,
                signs=_badge.current_signs(),
            )
        )

    # -- drawing: these methods raise ImportError without the optional package asynciojobs-graph

    def dot_format(
        self, *, status: bool = False, depth: int | None = None, rankdir: str = "LR"
    ) -> str:
        """Return the graph in the DOT language.

        This needs no drawing program, and no package besides asynciojobs-graph. It numbers the
        jobs. A cycle is drawn as a cycle; requirements that are not in the scheduler are left
        out.

        Args:
            status: whether to colour the jobs by their state, and add it to their labels.
            depth: how many levels of nested schedulers to open; ``None`` means all of them.
            rankdir: which way the arrows point, as in DOT: ``LR`` is from left to right; ``TB``
                is from top to bottom, which suits long chains; ``RL`` and ``BT`` are their
                opposites.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            TypeError: the depth is not an int.
            ValueError: the depth is negative, `rankdir` is not one of these four, or a
                scheduler is nested in itself.

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b")
            >>> print(PureScheduler(a, b.requires(a)).dot_format())  # doctest: +ELLIPSIS
            digraph asynciojobs {
            ...
        """
        return str(
            _bridge.drawing_function("dot_format")(
                self, status=status, depth=depth, rankdir=rankdir
            )
        )

    def mermaid_format(
        self, *, status: bool = False, depth: int | None = None, rankdir: str = "LR"
    ) -> str:
        """Return the graph in the Mermaid language, which GitHub, GitLab and JupyterLab draw.

        Mermaid has limits (500 arrows, 50,000 characters), and so do browsers (200 levels).
        Nested schedulers beyond these limits are collapsed, and a comment says so.

        Args:
            status: as for `dot_format()`.
            depth: as for `dot_format()`.
            rankdir: as for `dot_format()`.

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b")
            >>> print(PureScheduler(a, b.requires(a)).mermaid_format())  # doctest: +ELLIPSIS
            flowchart LR
              j1("1: a")
              j2("2: b")
              j1 --> j2
              ...
        """
        return str(
            _bridge.drawing_function("mermaid_format")(
                self, status=status, depth=depth, rankdir=rankdir
            )
        )

    def graph(
        self, *, status: bool = False, depth: int | None = None, rankdir: str = "LR"
    ) -> Any:
        """Return the graph as a ``graphviz.Digraph``, which a notebook shows as a picture.

        Its ``source`` is the text from `dot_format()`, and you can add to it.

        Args:
            status: as for `dot_format()`.
            depth: as for `dot_format()`.
            rankdir: as for `dot_format()`.

        Raises:
            ImportError: asynciojobs-graph, or the package graphviz, is not installed.

        Example:
            >>> a, b = AbstractJob(label="a"), AbstractJob(label="b")
            >>> s = PureScheduler(a, b.requires(a))
            >>> s.graph().source == s.dot_format()
            True
        """
        return _bridge.drawing_function("graph")(
            self, status=status, depth=depth, rankdir=rankdir
        )

    def export_as_dotfile(
        self,
        filename: str | PathLike[str],
        *,
        status: bool = False,
        depth: int | None = None,
        rankdir: str = "LR",
    ) -> str:
        """Write the graph to a file in the DOT language, in UTF-8.

        Args:
            filename: the name of the file, with its extension.
            status: as for `dot_format()`.
            depth: as for `dot_format()`.
            rankdir: as for `dot_format()`.

        Returns:
            a message that can be printed, such as ``(Over)wrote foo.dot``.

        Example:
            >>> PureScheduler(AbstractJob(label="a")).export_as_dotfile("one.dot")
            '(Over)wrote one.dot'
        """
        write = _bridge.drawing_function("export_as_dotfile")
        return str(write(self, filename, status=status, depth=depth, rankdir=rankdir))

    def export_as_graphic(
        self,
        filename: str | PathLike[str],
        suffix: str,
        *,
        status: bool = False,
        depth: int | None = None,
        rankdir: str = "LR",
    ) -> str:
        """Draw the graph to a file, and write its DOT text to a ``.dot`` file beside it.

        The environment variable ``ASYNCIOJOBS_DOT`` may name the drawing program. Otherwise it
        is the system's ``dot``, or the one from ``pip install "asynciojobs[dot]"``.

        Args:
            filename: the name of the file, without its extension.
            suffix: the extension, which is also the format: ``png``, ``svg``, or another
                format of the drawing program.
            status: as for `dot_format()`.
            depth: as for `dot_format()`.
            rankdir: as for `dot_format()`.

        Returns:
            the name of the picture file.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            RuntimeError: there is no drawing program, or it failed; no file was written.
            OSError: a file can't be written.

        Example:
            >>> PureScheduler(AbstractJob(label="a")).export_as_graphic("one", "svg")
            'one.svg'
        """
        draw = _bridge.drawing_function("export_as_graphic")
        return str(draw(self, filename, suffix, status=status, depth=depth, rankdir=rankdir))

    def export_as_pngfile(
        self,
        filename: str | PathLike[str],
        *,
        status: bool = False,
        depth: int | None = None,
        rankdir: str = "LR",
    ) -> str:
        """Draw the graph as a png file; see `export_as_graphic()`.

        Example:
            >>> PureScheduler(AbstractJob(label="a")).export_as_pngfile("one")
            'one.png'
        """
        return self.export_as_graphic(
            filename, "png", status=status, depth=depth, rankdir=rankdir
        )

    def export_as_svgfile(
        self,
        filename: str | PathLike[str],
        *,
        status: bool = False,
        depth: int | None = None,
        rankdir: str = "LR",
    ) -> str:
        """Draw the graph as an svg file; see `export_as_graphic()`.

        Example:
            >>> PureScheduler(AbstractJob(label="a")).export_as_svgfile("one")
            'one.svg'
        """
        return self.export_as_graphic(
            filename, "svg", status=status, depth=depth, rankdir=rankdir
        )

    # -- pictures and files about the last run, made by the same package

    def export_as_timeline(
        self, filename: str | PathLike[str], *, depth: int | None = None
    ) -> str:
        """Draw the last run as a timeline, to an SVG file: when each job waited and ran.

        It highlights the bottleneck: the chain of jobs that held up the run. The colours follow
        the reader's preference for light or dark pages.

        Args:
            filename: the name of the file; ``.svg`` is added unless it is there.
            depth: how many levels of nested schedulers to open; ``None`` means all of them.

        Returns:
            the name of the file.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            RuntimeError: the scheduler never ran.
            TypeError: the depth is not an int.
            ValueError: the depth is negative.
            OSError: the file can't be written.

        Example:
            >>> from asynciojobs import PrintJob
            >>> s = PureScheduler(PrintJob("hello"))
            >>> s.run(), s.export_as_timeline("hello")
            hello
            (True, 'hello.svg')
        """
        return str(_bridge.drawing_function("export_as_timeline")(self, filename, depth=depth))

    def export_as_htmlfile(self, filename: str | PathLike[str]) -> str:
        """Write a report on the last run: a single HTML page that you can mail to someone.

        It shows why the run ended, its timeline, its bottleneck, the graph, and a table of the
        jobs with results and tracebacks. The page loads nothing from elsewhere. Labels, results
        and tracebacks are always shown as text.

        Args:
            filename: the name of the file; ``.html`` is added unless it is there.

        Returns:
            the name of the file.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            RuntimeError: the scheduler never ran.
            OSError: the file can't be written.

        Example:
            >>> from asynciojobs import PrintJob
            >>> s = PureScheduler(PrintJob("hello"))
            >>> s.run(), s.export_as_htmlfile("hello")
            hello
            (True, 'hello.html')
        """
        return str(_bridge.drawing_function("export_as_htmlfile")(self, filename))

    def export_as_tracefile(self, filename: str | PathLike[str]) -> str:
        """Write the last run as a trace for https://ui.perfetto.dev or Chrome.

        Args:
            filename: the name of the file; ``.json`` is added unless it is there.

        Returns:
            the name of the file.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            RuntimeError: the scheduler never ran.
            OSError: the file can't be written.

        Example:
            >>> from asynciojobs import PrintJob
            >>> s = PureScheduler(PrintJob("hello"))
            >>> s.run(), s.export_as_tracefile("hello")
            hello
            (True, 'hello.json')
        """
        return str(_bridge.drawing_function("export_as_tracefile")(self, filename))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """Return the picture that a notebook shows, if it can be drawn, and plain text."""
        try:
            mime_bundle = _bridge.drawing_function("mime_bundle")
        except _bridge.MissingGraphPackageError:
            return {"text/plain": repr(self)}
        bundle: dict[str, str] = mime_bundle(self, include=include, exclude=exclude)
        return bundle

    def _only_delegates_shutdown(self) -> bool:
        return is_method_of(self.co_shutdown, CO_SHUTDOWN)


def _names_left(loop: AbstractEventLoop) -> builtins.list[str]:
    return _report.names_left(loop)


def _memory(journal: RunJournal | None) -> Memory:
    """Return what says which jobs stay done: the journal, if there is one, or the last run."""
    if journal is not None:
        check_journal(journal)
        return journal.begin_session()
    return _resuming.LastRun()


CO_SHUTDOWN: object = PureScheduler.co_shutdown
"""As defined here, since a program may replace it."""
