"""How a run is shown while it is in progress: ``--live``, ``--lines`` or ``--quiet``."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager

from .._bridge import MissingGraphPackageError, drawing_function
from .._events import EventKind, JobEvent
from .._feedback import say
from .._names import name_in_run
from ..purescheduler import PureScheduler
from ..watch import wall_clock_text
from .status import CommandError

__all__ = ["QUIET", "add_views", "view"]

QUIET = "off"
LEFT_OUT = (EventKind.SCHEDULED, EventKind.SHUTDOWN)


def add_views(parser: argparse.ArgumentParser) -> None:
    """Add the options; each selects a mode of `asynciojobs_graph.live()`."""
    parser.set_defaults(view="auto")
    group = parser.add_mutually_exclusive_group()
    for option, mode, text in (
        ("--live", "terminal", "show the jobs that run, in a few rows of the terminal"),
        ("--lines", "lines", "print a line for each change"),
        ("--quiet", QUIET, "print nothing but what jobs print, and why the run failed"),
    ):
        group.add_argument(option, dest="view", action="store_const", const=mode, help=text)


@contextlib.contextmanager
def view(scheduler: PureScheduler, mode: str) -> Generator[bool, None, None]:
    """Show a run in a block, on stderr.

    Without the package for the live view, plain lines are printed.

    Yields:
        whether it shows the end of the run, too.

    Args:
        scheduler: the scheduler.
        mode: see `add_views()`.

    Raises:
        CommandError: a package that the mode needs is not installed.
    """
    shown, with_end = _view(scheduler, mode)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(shown)
        except ImportError as error:
            raise CommandError(str(error)) from None
        yield with_end


def _view(scheduler: PureScheduler, mode: str) -> tuple[AbstractContextManager[object], bool]:
    """Return the block in which a run is shown, and whether it shows the end.

    Raises:
        CommandError: the package for the live view is not installed.
    """
    if mode == QUIET or (mode == "auto" and scheduler.verbose):
        return contextlib.nullcontext(), False
    try:
        return drawing_function("live")(scheduler, mode=mode), True
    except MissingGraphPackageError as error:
        if mode == "terminal":
            raise CommandError(str(error)) from None
        return scheduler.observe(_print_line), False


def _print_line(event: JobEvent) -> None:
    if event.kind not in LEFT_OUT:
        say([f"{wall_clock_text()} {event.kind:>9} {name_in_run(event.job)}"], sys.stderr)
