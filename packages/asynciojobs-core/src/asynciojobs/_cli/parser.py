"""What the commands have in common: how their options are read, and their targets loaded."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from .scenario import Scenario
from .status import CommandError, Status
from .target import Target

__all__ = ["Commands", "OneLineParser", "Options", "add_command", "add_target", "loaded"]

Options: TypeAlias = argparse.Namespace

Commands: TypeAlias = Any
"""What `add_subparsers()` returns. Its class is private to argparse."""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, like those of the commands."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            CommandError: always.
        """
        raise CommandError(f"{message}: see {self.prog} --help")


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[Options], Status],
    *,
    summary: str,
    examples: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Add a command; return its parser.

    Args:
        commands: what the command is added to.
        name: its name.
        run: does its work with the options that were read.
        summary: what it does, in one line.
        examples: lines that show its use.
    """
    shown = "".join(f"  {example}\n" for example in examples)
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the target to a command."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        type=Target.parse,
        help="script.py, script.py:name, module or module:name; the name is a scheduler, or a "
        "function that returns one, and may be left out if there is only one scheduler",
    )


def loaded(options: Options, *, clean_stdout: bool = False) -> Scenario:
    """Load the target of a command.

    Args:
        options: the options of the command.
        clean_stdout: see `Scenario`.
    """
    return Scenario(options.target, options.arguments, clean_stdout=clean_stdout)
