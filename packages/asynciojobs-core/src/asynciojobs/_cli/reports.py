"""``--report``, ``--trace`` and ``--timeline``: files about a run, written however it ends."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .._bridge import drawing_function
from .._feedback import say
from .._outcomes import exception_text
from ..purescheduler import PureScheduler
from .parser import Options
from .status import CommandError

__all__ = ["Reports", "add_reports"]

METHODS = {
    "report": "export_as_htmlfile",
    "trace": "export_as_tracefile",
    "timeline": "export_as_timeline",
}
"""The options, and the methods of schedulers that write the files."""


def add_reports(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("files", "These are written however the run ends.")
    group.add_argument("--report", metavar="FILE.html", type=Path, help="a page to mail")
    group.add_argument(
        "--trace", metavar="FILE.json", type=Path, help="for Perfetto and chrome://tracing"
    )
    group.add_argument("--timeline", metavar="FILE.svg", type=Path, help="a picture")


class Reports:
    """The files that a user wants about a run.

    Args:
        options: the options of the command.

    Raises:
        CommandError: one of them can't be written. It is better to know that before the run.
    """

    def __init__(self, options: Options) -> None:
        paths = {name: getattr(options, name) for name in METHODS}
        self._paths: dict[str, Path] = {
            name: it for name, it in paths.items() if it is not None
        }
        for name, path in self._paths.items():
            _check(f"--{name}", path)
            try:
                drawing_function(METHODS[name])
            except ImportError as error:
                raise CommandError(str(error)) from None

    def write(self, scheduler: PureScheduler) -> bool:
        """Write the files; return whether that was possible. If not, stderr says why."""
        written = [self._write(scheduler, name, path) for name, path in self._paths.items()]
        return all(written)

    def _write(self, scheduler: PureScheduler, name: str, path: Path) -> bool:
        try:
            getattr(scheduler, METHODS[name])(path)
        except Exception as error:  # noqa: BLE001 - how the run ended matters more
            reason = exception_text(error)
            say([f"asynciojobs: --{name} {str(path)!r} was not written: {reason}"], sys.stderr)
            return False
        return True


def _check(option: str, path: Path) -> None:
    """Check that a file can be written, as far as possible before the run.

    Raises:
        CommandError: it can't.
    """
    folder = path.parent
    if not folder.is_dir():
        raise CommandError(
            f"{option} {str(path)!r}: there is no folder {str(folder)!r}: make it"
        )
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise CommandError(f"{option} {str(path)!r} can't be written: name another file")
