"""``what-if``: estimates how long a run would take with other windows or limits."""

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
        summary="estimate how long a run would take with other windows or limits; runs no job",
        examples=[
            "asynciojobs what-if lab.py --journal night.journal",
            "asynciojobs what-if lab.py --journal night.journal --jobs-window 2,4,8-10",
            "asynciojobs what-if lab.py --journal night.journal --limit ssh=1-8",
        ],
    )
    add_target(parser)
    add_journal(parser, "has recorded how long the jobs take")
    parser.add_argument(
        "--jobs-window",
        type=windows,
        metavar="N-M",
        help="the windows to try, such as 4, 1-16 or 1,2,4-8; the default is 1-16, or the "
        "scheduler's own window if --limit is given",
    )
    parser.add_argument(
        "--limit",
        type=slots,
        metavar="LABEL=N-M",
        action="append",
        dest="limits",
        default=[],
        help="the slots of a limit to try, such as ssh=1-8; may be given for several limits",
    )


def windows(text: str) -> list[int]:
    """Return the windows to try.

    Raises:
        ArgumentTypeError: the text is not a list of numbers and ranges.
    """
    found = _numbers(text, "numbers of jobs")
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"must be windows of 1 or more, not {text!r}")
    return found


def slots(text: str) -> tuple[str, list[int]]:
    """Return the label of a limit, and the numbers of slots to try.

    Raises:
        ArgumentTypeError: the text is not a label, a ``=``, and a list of numbers and ranges.
    """
    label, _, numbers = text.rpartition("=")  # a label may contain an equals sign
    if not label:
        raise argparse.ArgumentTypeError(
            f"must be a limit and its slots, such as ssh=1-8, not {text!r}"
        )
    found = _numbers(numbers, "numbers of slots")
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 slot or more, not {numbers!r}")
    return label, found


def _numbers(text: str, what: str) -> list[int]:
    """Return the numbers that a text such as ``1,2,4-8`` lists."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise argparse.ArgumentTypeError(
                f"must be {what}, such as 1-16 or 1,2,4, not {text!r}"
            )
        found.extend(range(int(first), int(last or first) + 1))
    return found


def what_if(options: Options) -> Status:
    """Print a table: how long a run would take with each setting."""
    try:
        function = testkit_function("what_if")
    except ImportError as error:
        raise CommandError(str(error)) from None
    limits = _limits(options)
    with loaded(options) as scenario:
        scheduler = scenario.scheduler()
        try:
            found = function(
                scheduler,
                jobs_window=options.jobs_window,
                limits=limits,
                durations=_records(options.journal),
            )
        except RequirementError as error:
            raise CommandError(str(error), Status.CANNOT_RUN) from None
        except ValueError as error:  # the duration of a job is not known
            hint = "; `run --journal FILE` records them: then give --journal FILE here, too"
            raise CommandError(f"{error}{'' if options.journal else hint}") from None
    say([str(found)])
    return Status.FINE


def _limits(options: Options) -> dict[str, list[int]]:
    """Return the slots to try, by the label of the limit."""
    found: dict[str, list[int]] = {}
    for label, numbers in options.limits:
        if label in found:
            raise CommandError(
                f"--limit {label!r} is given twice: write it once, such as {label}=2,3"
            )
        found[label] = numbers
    return found


def _records(path: Path | None) -> list[Any] | None:
    """Return the records of a journal."""
    if path is None:
        return None
    with refusals():
        return [*journals.Journal.read(path)]
