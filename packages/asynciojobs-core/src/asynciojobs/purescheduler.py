"""`PureScheduler`: the one place to look for all that can be done with a set of jobs."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from . import _edits, _outline, _queries, _report
from ._bridge import drawing_function
from ._engine import Run
from ._errors import MissingGraphPackageError
from ._events import Observation, Observer
from ._feedback import current_signs, feedback, say
from ._jobset import JobSet
from ._loops import LoopFactory, run_synchronously
from ._numbers import checked_seconds, checked_window
from ._room import make_sure_of_room
from ._shutdown import passes_on, shut_down
from ._verdict import CriticalFailure, TimedOut
from .job import AbstractJob, Job
from .sequence import members_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from os import PathLike

    from .sequence import Schedulable
    from .watch import Watch

__all__ = ["PureScheduler"]


class PureScheduler(JobSet):
    """A set of jobs that can be run, each one once those that it requires are done.

    Args:
        jobs_or_sequences: what it holds at first; their order means nothing to a run.
        jobs_window: how many jobs may run at once; ``None`` or 0 is no limit. A nested
            scheduler counts as one job, and a forever job does not count.
        timeout: how long a run may take (seconds); ``None`` is no limit.
        shutdown_timeout: how long a shutdown may take (seconds); ``None`` is no limit.
        watch: tells the time in verbose messages, instead of the time of day.
        verbose: print what happens during a run.

    Attributes:
        jobs: the jobs, in their order of creation.
        watch: as above.
        verbose: as above.

    Raises:
        TypeError: something that is not a job or sequence, or not a number where one is due.
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
        watch: Watch | None = None,
        verbose: bool = False,
    ) -> None:
        JobSet.__init__(self, members_of(jobs_or_sequences))
        self.jobs_window = jobs_window
        self.timeout = timeout
        self.shutdown_timeout = shutdown_timeout
        self.watch = watch
        self.verbose = verbose

    def __repr__(self) -> str:
        return f"{self.repr_main()} {self.stats()}"

    # -- how it runs

    @property
    def jobs_window(self) -> int | None:
        """How many jobs may run at once; ``None`` or 0 is no limit."""
        return self._jobs_window

    @jobs_window.setter
    def jobs_window(self, jobs: int | None) -> None:
        self._jobs_window = None if jobs is None else checked_window(jobs)

    @property
    def timeout(self) -> float | None:
        """How long a run may take, in seconds; ``None`` is no limit."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout = checked_seconds("timeout", seconds)

    @property
    def shutdown_timeout(self) -> float | None:
        """How long a shutdown may take, in seconds; ``None`` is no limit."""
        return self._shutdown_timeout

    @shutdown_timeout.setter
    def shutdown_timeout(self, seconds: float | None) -> None:
        self._shutdown_timeout = checked_seconds("shutdown_timeout", seconds)

    async def co_run(self) -> bool:
        """Run the jobs, and wait until all but the forever ones are done.

        Whatever the end is, all that was started has ended when this returns. The jobs are
        not shut down: that is for `co_shutdown()`, but for nested schedulers, which are shut
        down as soon as they have ended.

        Returns:
            ``False`` if a critical job has raised or the timeout has expired, which ends the
            run at once; else ``True``. `why()` tells.

        Raises:
            ValueError: the jobs have a cycle, or a requirement that can't be met; nothing
                was started.
            RuntimeError: the scheduler is running already.
            asyncio.CancelledError: the caller was cancelled.
        """
        if self._started_by is None:  # a nested run begins where the loop does, not so deep
            make_sure_of_room()
        run = Run(self, window=self._jobs_window, timeout=self._timeout)
        printing = self.observe(feedback(self.watch)) if self.verbose else None
        try:
            verdict = await run.verdict()
        finally:
            if printing is not None:
                printing.close()
            if run.settled is not None:  # pragma: no branch - else it was refused, and raises
                self._verdict = run.settled
        return type(verdict) not in (CriticalFailure, TimedOut)

    def run(self, *args: Any, loop_factory: LoopFactory | None = None, **kwds: Any) -> bool:
        """Run the jobs in an event loop of its own; see `co_run()`.

        Args:
            args: passed to `co_run()`.
            loop_factory: makes the loop; by default asyncio's own, or the one given by
                `asynciojobs.use_loop_factory`.
            kwds: passed to `co_run()`.

        Returns:
            what `co_run()` returns.

        Raises:
            RuntimeError: called inside of a running loop.
            BaseException: what `co_run()` raises.
        """
        return run_synchronously(
            lambda: self.co_run(*args, **kwds),
            loop_factory=loop_factory,
            instead="await scheduler.co_run()",
        )

    def orchestrate(
        self, *args: Any, loop_factory: LoopFactory | None = None, **kwds: Any
    ) -> bool:
        """Do what `run()` does, under its former name."""
        return self.run(*args, loop_factory=loop_factory, **kwds)

    @passes_on
    async def co_shutdown(self) -> bool:
        """Call `co_shutdown()` of all jobs, at all depths, idle ones included.

        Each job gets it once after a run. A nested scheduler has given it to its jobs when
        it ended. Exceptions are logged, and told by `debrief()`; the other jobs are served.

        Returns:
            whether all have ended well, and within `shutdown_timeout`. Those that had not
            were cancelled. A second call does nothing and returns the same.

        Raises:
            asyncio.CancelledError: the caller was cancelled, and so were the calls.
        """
        if not self._looked_through:  # else it is nested
            make_sure_of_room()
        return await shut_down(self, self.shutdown_timeout)

    def shutdown(self, *, loop_factory: LoopFactory | None = None) -> bool:
        """Shut down in an event loop of its own; see `co_shutdown()`, and `run()`."""
        return run_synchronously(
            self.co_shutdown,
            loop_factory=loop_factory,
            instead="await scheduler.co_shutdown()",
        )

    def observe(self, callback: Observer) -> Observation:
        """Have a function called with each event of this scheduler, at all depths.

        Args:
            callback: called with a `JobEvent` (`job`, `kind`, `time`) as it happens. What it
                raises is logged.

        Returns:
            a handle: the function is called until its `close()`, or until the end of a
            ``with`` block.

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
        return Observation(self._observers, callback)

    # -- how the last run ended

    def failed_critical(self) -> bool:
        """Tell whether the last run ended because a critical job raised."""
        return isinstance(self._verdict, CriticalFailure)

    def failed_time_out(self) -> bool:
        """Tell whether the last run ended because its timeout expired."""
        return isinstance(self._verdict, TimedOut)

    def why(self) -> str:
        """Return why the last run failed, or ``FINE``."""
        return str(self._verdict)

    def shutdown_failures(self) -> dict[AbstractJob[object], BaseException]:
        """Return what the `co_shutdown()` of jobs raised since the last run began."""
        return dict(self._shutdown_record.failures)

    # -- questions

    def check_cycles(self) -> bool:
        """Tell whether the jobs can be put in an order, at all depths; O(V+E)."""
        return _queries.find_cycle(self) is None

    def topological_order(self) -> Iterator[AbstractJob[object]]:
        """Yield the jobs, each one behind those that it requires; O(V+E).

        A nested scheduler is one job in it.

        Raises:
            CycleError: there is a cycle (a ValueError); before anything is yielded.
        """
        return _queries.topological_order(self)

    def iterate_jobs(self, scan_schedulers: bool = False) -> Iterator[Any]:
        """Yield the jobs at all depths, in their order of creation.

        Args:
            scan_schedulers: yield schedulers too, this one included.
        """
        return _outline.iterate_jobs(self, scan_schedulers=scan_schedulers)

    def entry_jobs(self) -> Iterator[AbstractJob[object]]:
        """Yield the jobs that require nothing."""
        return _queries.entry_jobs(self)

    def exit_jobs(
        self, *, discard_forever: bool = True, compute_backlinks: bool = True
    ) -> Iterator[AbstractJob[object]]:
        """Yield the jobs that no other one requires.

        Args:
            discard_forever: leave out the forever jobs.
            compute_backlinks: nothing is kept that could be stale, so this changes nothing.
        """
        return _queries.exit_jobs(self, discard_forever=discard_forever)

    def predecessors(self, *starts: Schedulable) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that any of the starts requires."""
        return _queries.predecessors(self, starts)

    def predecessors_upstream(self, *starts: Schedulable) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that any of the starts depends on."""
        return _queries.predecessors_upstream(self, starts)

    def successors(
        self, *starts: Schedulable, compute_backlinks: bool = True
    ) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that require any of the starts.

        Args:
            starts: jobs, or sequences.
            compute_backlinks: nothing is kept that could be stale, so this changes nothing.
        """
        return _queries.successors(self, starts)

    def successors_downstream(
        self, *starts: Schedulable, compute_backlinks: bool = True
    ) -> set[AbstractJob[object]]:
        """Return the jobs of this scheduler that depend on any of the starts.

        Args:
            starts: jobs, or sequences.
            compute_backlinks: nothing is kept that could be stale, so this changes nothing.
        """
        return _queries.successors_downstream(self, starts)

    def stats(self) -> str:
        """Return how many jobs are done, running and idle, as in ``2D + 3R + 4I = 9``.

        Those that wait for a slot of the window are told as ``S``, where there are any.
        """
        return _report.stats(self)

    # -- changes

    def sanitize(self, verbose: bool | None = None) -> bool:
        """Drop each requirement that is not in the same scheduler, at all depths; O(V+E).

        Args:
            verbose: print what is dropped; ``None`` takes the scheduler's `verbose`.

        Returns:
            whether there was nothing to drop.
        """
        changes = builtins.list(_edits.sanitize(self))
        if self.verbose if verbose is None else verbose:
            say(
                f"{holder.repr_main()}: {job.repr_main()} no longer requires "
                f"{', '.join(other.repr_main() for other in lost)}"
                for holder, job, lost in changes
            )
        return not changes

    def bypass_and_remove(self, job: Schedulable) -> None:
        """Remove a job, and let those that require it require what it requires; O(V+E).

        Raises:
            ValueError: it is not in this scheduler itself.
            RuntimeError: the scheduler is running.
        """
        self._check_not_running()
        _edits.bypass_and_remove(self, job)

    def keep_only(self, remains: Schedulable | Iterable[Schedulable]) -> None:
        """Remove all jobs but those mentioned, and the requirements of what is removed.

        Args:
            remains: jobs and sequences; those that are not in the scheduler are ignored.

        Raises:
            RuntimeError: the scheduler is running.
        """
        self._check_not_running()
        _edits.keep_only(self, remains)

    def keep_only_between(
        self,
        *,
        starts: Schedulable | Iterable[Schedulable] | None = None,
        ends: Schedulable | Iterable[Schedulable] | None = None,
        keep_starts: bool = True,
        keep_ends: bool = True,
    ) -> None:
        """Keep only the jobs that are on a way from a start to an end; O(V+E).

        Args:
            starts: keep what is reached from one of these; none is no condition.
            ends: keep what reaches one of these; none is no condition.
            keep_starts: keep the starts themselves, where they reach an end.
            keep_ends: keep the ends themselves, where they are reached.

        Raises:
            ValueError: one of them is not in this scheduler itself.
            RuntimeError: the scheduler is running.
        """
        self._check_not_running()
        _edits.keep_only_between(
            self,
            starts=() if starts is None else starts,
            ends=() if ends is None else ends,
            keep_starts=keep_starts,
            keep_ends=keep_ends,
        )

    def close_idle_jobs(self) -> None:
        """Close the coroutines of all idle jobs, at all depths: they will not run."""
        for job in self.iterate_jobs():
            if isinstance(job, Job) and job.is_idle():
                job.close()

    def close_all_jobs(self) -> None:
        """Close the coroutines of all jobs, at all depths, that were never started.

        That is for a scheduler that is only listed or drawn.
        """
        for job in self.iterate_jobs():
            if isinstance(job, Job):
                job.close()

    def _discard_unstarted(self) -> None:
        seen: dict[JobSet, None] = {self: None}  # no recursion: it may be deep
        pending: builtins.list[JobSet] = [self]
        while pending:
            for job in tuple(pending.pop().jobs):
                if not isinstance(job, JobSet):
                    job._discard_unstarted()
                elif job.ended_at is None and job not in seen:
                    seen[job] = None  # one that has ended has done so for what is in it
                    pending.append(job)

    # -- listing

    def list(self, details: bool = False, *, silence_done_jobs: bool = False) -> None:
        """Print a line for each job, in topological order, at all depths.

        It shows the job's id, its badge (critical ``⚠``; raised ``★`` or fine ``☉``; idle
        ``⚐``, scheduled ``⚑``, running ``↺`` or done ``☓``; forever ``∞``), its class and
        label, its result, and its requirements.

        Args:
            details: print the `details()` of each job, too.
            silence_done_jobs: leave out the jobs that are done; a nested scheduler only if
                all is that is in there.

        Raises:
            CycleError: the jobs have a cycle (a ValueError): see `list_safe()`.
        """
        say(
            _report.list_lines(
                self,
                details=details,
                silence_done_jobs=silence_done_jobs,
                signs=current_signs(),
            )
        )

    def list_safe(self, *, silence_done_jobs: bool = False) -> None:
        """Print a line for each job, without its requirements; works with cycles as well.

        Args:
            silence_done_jobs: leave out the jobs that are done.
        """
        say(
            _report.safe_lines(self, silence_done_jobs=silence_done_jobs, signs=current_signs())
        )

    def debrief(self, details: bool = False, *, silence_done_jobs: bool = False) -> None:
        """Print how the run ended, the list of jobs, and what went wrong at all depths.

        That is all exceptions with their origin, and why nested schedulers answered ``False``.

        Args:
            details: print the `details()` of each job, too.
            silence_done_jobs: leave the same jobs out of the list as `list()`.
        """
        say(
            _report.debrief_lines(
                self,
                self._verdict,
                details=details,
                silence_done_jobs=silence_done_jobs,
                signs=current_signs(),
            )
        )

    # -- drawing, by the optional package asynciojobs-graph: all raise ImportError without it

    def dot_format(self, *, status: bool = False, depth: int | None = None) -> str:
        """Return the graph as text in the DOT language.

        This needs no program and no package but asynciojobs-graph. The jobs are numbered; a
        cycle is drawn as such, and requirements that are not in the scheduler are left out.

        Args:
            status: colour the jobs by how they stand, and say it in a line of their labels.
            depth: how many levels of nested schedulers are opened; ``None`` is all of them.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            TypeError: the depth is not an int.
            ValueError: the depth is negative, or a scheduler is nested in itself.
        """
        return str(drawing_function("dot_format")(self, status=status, depth=depth))

    def mermaid_format(self, *, status: bool = False, depth: int | None = None) -> str:
        """Return the graph in the Mermaid language, which GitHub, GitLab and JupyterLab draw.

        What is beyond the limits of Mermaid (500 arrows, 50,000 characters) or of browsers
        (200 levels) is collapsed, and a comment says so.

        Args:
            status: as for `dot_format()`.
            depth: as for `dot_format()`.
        """
        return str(drawing_function("mermaid_format")(self, status=status, depth=depth))

    def graph(self, *, status: bool = False, depth: int | None = None) -> Any:
        """Return the graph as a ``graphviz.Digraph``, which a notebook shows as a picture.

        Its ``source`` is the text of `dot_format()`, and can be added to.

        Args:
            status: as for `dot_format()`.
            depth: as for `dot_format()`.

        Raises:
            ImportError: asynciojobs-graph, or the package graphviz, is not installed.
        """
        return drawing_function("graph")(self, status=status, depth=depth)

    def export_as_dotfile(
        self,
        filename: str | PathLike[str],
        *,
        status: bool = False,
        depth: int | None = None,
    ) -> str:
        """Write the graph to a file in the DOT language, in UTF-8.

        Args:
            filename: the name of the file, with its extension.
            status: as for `dot_format()`.
            depth: as for `dot_format()`.

        Returns:
            a message that can be printed, such as ``(Over)wrote foo.dot``.
        """
        write = drawing_function("export_as_dotfile")
        return str(write(self, filename, status=status, depth=depth))

    def export_as_graphic(
        self,
        filename: str | PathLike[str],
        suffix: str,
        *,
        status: bool = False,
        depth: int | None = None,
    ) -> str:
        """Draw the graph to a file; beside it, one with ``.dot`` has the text of the graph.

        The program is the one that the environment variable ``ASYNCIOJOBS_DOT`` names, else
        the ``dot`` of the system, else that of ``pip install "asynciojobs[dot]"``.

        Args:
            filename: the name without its extension.
            suffix: the extension, which says the format: ``png``, ``svg``, or another one
                that the program knows.
            status: as for `dot_format()`.
            depth: as for `dot_format()`.

        Returns:
            the name of the file with the picture.

        Raises:
            ImportError: asynciojobs-graph is not installed.
            RuntimeError: there is no program that draws, or it failed; no file was written.
            OSError: a file can't be written.
        """
        draw = drawing_function("export_as_graphic")
        return str(draw(self, filename, suffix, status=status, depth=depth))

    def export_as_pngfile(
        self,
        filename: str | PathLike[str],
        *,
        status: bool = False,
        depth: int | None = None,
    ) -> str:
        """Draw the graph as a png file; see `export_as_graphic()`."""
        return self.export_as_graphic(filename, "png", status=status, depth=depth)

    def export_as_svgfile(
        self,
        filename: str | PathLike[str],
        *,
        status: bool = False,
        depth: int | None = None,
    ) -> str:
        """Draw the graph as an svg file; see `export_as_graphic()`."""
        return self.export_as_graphic(filename, "svg", status=status, depth=depth)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """Return what a notebook shows: a picture where there can be one, and plain text."""
        try:
            mime_bundle = drawing_function("mime_bundle")
        except MissingGraphPackageError:
            return {"text/plain": repr(self)}
        bundle: dict[str, str] = mime_bundle(self, include=include, exclude=exclude)
        return bundle
