"""``what-if``: how long a run would take with other windows, by the durations of a journal."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .._bridge import testkit_function
from .._errors import RequirementError
from .._feedback import say
from .._lazy import OnDemand
from .journals import add_journal, refusals
from .parser import Commands, Options, add_command, add_target, loaded
from .status import CommandError, Status

__all__ = ["add_to"]

journals = OnDemand("journal")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "what-if",
        what_if,
        summary="tell how long a run would take with another window, without running anything",
        examples=[
            "asynciojobs what-if lab.py --journal night.journal",
            "asynciojobs what-if lab.py --journal night.journal --jobs-window 2,4,8-10",
        ],
    )
    add_target(parser)
    add_journal(parser, "has recorded how long the jobs take")
    parser.add_argument(
        "--jobs-window",
        type=windows,
        metavar="N-M",
        default=windows("1-16"),
        help="the windows to try, such as 4, 1-16 or 1,2,4-8; by default 1-16",
    )


def windows(text: str) -> list[int]:
    """Return the windows to try.

    Raises:
        ArgumentTypeError: the text is not a list of numbers and ranges.
    """
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise argparse.ArgumentTypeError(
                f"must be numbers of jobs, such as 1-16 or 1,2,4, not {text!r}"
            )
        found.extend(range(int(first), int(last or first) + 1))
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"must be windows of 1 or more, not {text!r}")
    return found


def what_if(options: Options) -> Status:
    """Print a table: how long a run would take with each window."""
    try:
        function = testkit_function("what_if")
    except ImportError as error:
        raise CommandError(str(error)) from None
    with loaded(options) as scenario:
        scheduler = scenario.scheduler()
        try:
            found = function(
                scheduler,
                jobs_window=options.jobs_window,
                durations=_records(options.journal),
            )
        except RequirementError as error:
            raise CommandError(str(error), Status.CANNOT_RUN) from None
        except ValueError as error:  # it is not known how long a job takes
            hint = "; here, --journal FILE has them after a run with that option"
            raise CommandError(f"{error}{'' if options.journal else hint}") from None
    say([str(found)])
    return Status.FINE


def _records(path: Path | None) -> list[Any] | None:
    """Return the records of a journal."""
    if path is None:
        return None
    with refusals():
        return [*journals.Journal.read(path)]
