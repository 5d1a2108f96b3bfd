"""``run``: run the scheduler, and shut it down, however the run ends."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Generator
from typing import Any

from .._dag.jobset import record_of
from .._errors import JournalError
from .._feedback import say
from .._loops import run_synchronously
from .._outcomes import Broken, CriticalFailure, Fine, Refused, Stopped, TimedOut, Verdict
from .._report import names_left
from .._signals import SignalStop
from .._tracebacks import Tracebacks
from ..purescheduler import PureScheduler
from .choosing import add_choices, keep_chosen
from .journals import add_journal, open_journal
from .parser import Commands, Options, add_command, add_target, loaded
from .reports import Reports, add_reports
from .scenario import Scenario
from .status import CommandError, Status
from .views import QUIET, add_views, view

__all__ = ["add_to"]

SIGNALS = ("SIGTERM", "SIGHUP")
"""The signals that end a run like Ctrl-C; Windows has only the first one."""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "run",
        run,
        summary="run the scheduler, and shut it down",
        examples=[
            "asynciojobs run lab.py",
            "asynciojobs run lab.py:night --timeout 36000 --keep-going --report night.html",
            "asynciojobs run lab.py --from measure --quiet -- --hosts 3",
        ],
    )
    add_target(parser)
    add_views(parser)
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", help="how long the run may take (seconds)"
    )
    parser.add_argument(
        "--jobs-window", type=jobs, metavar="N", help="how many jobs may run at once; 0: any"
    )
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="after a failure, skip only what depends on it",
    )
    add_journal(parser, "take up what it has recorded, and record what the run does")
    parser.add_argument("--resume", action="store_true", help="refuse to begin a new journal")
    add_choices(parser)
    add_reports(parser)


def seconds(text: str) -> float:
    """Return a number of seconds.

    Raises:
        ArgumentTypeError: it is not one.
    """
    with contextlib.suppress(ValueError):
        if float(text) >= 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number of seconds, such as 60, not {text!r}")


def jobs(text: str) -> int:
    """Return a number of jobs.

    Raises:
        ArgumentTypeError: it is not one.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a number of jobs, such as 4, not {text!r}")
    return int(text)


def run(options: Options) -> Status:
    """Run a scheduler, and say how it ended."""
    if options.resume and options.journal is None:
        raise CommandError("--resume takes up a journal: say which, with --journal FILE")
    reports = Reports(options)
    with loaded(options) as scenario:
        execution = Execution(scenario, options)
        try:
            with SignalStop(signals_to_hear(), names_left) as stop:
                status = run_synchronously(
                    stop.guard(execution.run),
                    loop_factory=None,
                    instead="main()",
                    before_close=stop.before_close,
                )
        finally:
            are_written = execution.conclude(reports)
    return status if are_written else status or Status.USAGE


def signals_to_hear() -> list[int]:
    """Return the signals that end a run. Under nohup, for example, SIGHUP is ignored."""
    known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    return [it for it in known if signal.getsignal(it) not in (signal.SIG_IGN, None)]


class Execution:
    """One run of a scheduler by this command.

    Args:
        scenario: has the scheduler.
        options: the options of the command.
    """

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self._scenario = scenario
        self._options = options
        self._scheduler: PureScheduler | None = None  # once it is made, until it is refused
        self._shut_down_well = True
        self._end_is_shown = False  # by the live view

    async def run(self) -> Status:
        """Make the scheduler, run it, and shut it down, all in one event loop.

        Raises:
            CommandError: it can't run, or not with these options.
            asyncio.CancelledError: a signal came, or Ctrl-C.
        """
        scheduler = await self._scenario.co_scheduler()
        self._set_options(scheduler)
        try:
            keep_chosen(scheduler, self._options)
        except ValueError as error:  # there is a cycle, or it is nested in itself
            raise CommandError(str(error), Status.CANNOT_RUN) from None
        with self._journal() as options, view(scheduler, self._options.view) as shown:
            self._scheduler, self._end_is_shown = scheduler, shown
            return await self._run(scheduler, options)

    @contextlib.contextmanager
    def _journal(self) -> Generator[dict[str, Any], None, None]:
        """Open the journal, if there is to be one, and return the options of `co_run()`."""
        path = self._options.journal
        if path is None:
            yield {}
            return
        if self._options.resume and not path.exists():
            raise CommandError(
                f"there is no journal {str(path)!r} to take up: leave out --resume to begin one"
            )
        with open_journal(path, must_exist=self._options.resume) as journal:
            yield {"journal": journal}

    def _set_options(self, scheduler: PureScheduler) -> None:
        if self._options.timeout is not None:
            scheduler.timeout = self._options.timeout
        if self._options.jobs_window is not None:
            scheduler.jobs_window = self._options.jobs_window
        if self._options.keep_going:
            scheduler.keep_going = True

    async def _run(self, scheduler: PureScheduler, options: dict[str, Any]) -> Status:
        try:
            returned = await self._co_run(scheduler, options)
        except GeneratorExit:  # given up at the third signal: nothing can be awaited any more
            raise
        except BaseException:
            await self._shut_down()
            raise
        await self._shut_down()
        return status_after(verdict_of(scheduler), returned=returned)

    async def _co_run(self, scheduler: PureScheduler, options: dict[str, Any]) -> bool:
        try:
            return await scheduler.co_run(**options)
        except Exception as error:  # noqa: BLE001 - shown, or raised in another form
            self._look_at(error, verdict_of(scheduler))
            return False

    async def _shut_down(self) -> None:
        if self._scheduler is not None:
            self._shut_down_well = await self._scheduler.co_shutdown()

    def _look_at(self, error: Exception, verdict: Verdict) -> None:
        """Handle an exception of `co_run()`.

        Raises:
            CommandError: the scheduler can't run, or its journal can't be used.
        """
        is_journal = isinstance(error, JournalError)
        if isinstance(verdict, Refused) or (is_journal and not isinstance(verdict, Broken)):
            self._scheduler = None  # nothing was started
        if is_journal:
            status = Status.USAGE if self._scheduler is None else Status.FAILED
            raise CommandError(str(error), status) from None
        if isinstance(verdict, Refused | Broken):  # all jobs can't run, or some that joined
            raise CommandError(str(error), Status.CANNOT_RUN) from None
        if not isinstance(verdict, CriticalFailure | TimedOut):  # a co_run() of the user's own
            say(Tracebacks([], whole=False).lines(error), sys.stderr)

    def conclude(self, reports: Reports) -> bool:
        """Say how the run ended, if there was one, and write the reports.

        Returns:
            whether all reports are written.
        """
        if self._scheduler is None:
            return True
        self._say(self._scheduler)
        return reports.write(self._scheduler)

    def _say(self, scheduler: PureScheduler) -> None:
        if self._options.view == QUIET:
            say([] if is_fine(scheduler) else [f"asynciojobs: {scheduler.why()}"], sys.stderr)
        elif not (is_fine(scheduler) and self._shut_down_well):
            with contextlib.redirect_stdout(sys.stderr):
                scheduler.debrief(silence_done_jobs=True)
        elif not self._end_is_shown:
            say([str(scheduler)], sys.stderr)


def verdict_of(scheduler: PureScheduler) -> Verdict:
    """Return how the last run of a scheduler ended."""
    record = record_of(scheduler)
    assert record is not None
    return record.verdict


def is_fine(scheduler: PureScheduler) -> bool:
    """Return whether the last run of a scheduler succeeded; if it was stopped, it did."""
    return isinstance(verdict_of(scheduler), Fine | Stopped)


def status_after(verdict: Verdict, *, returned: bool) -> Status:
    """Return the exit status after a run.

    Args:
        verdict: how it ended.
        returned: what `co_run()` returned.
    """
    if isinstance(verdict, TimedOut):
        return Status.TIMED_OUT
    return Status.FINE if returned else Status.FAILED
