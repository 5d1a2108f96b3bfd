"""`main()`: reads the command line, and calls the command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .._feedback import say
from ..version import __version__
from . import check, graph, journals, listing, plan, run, whatif
from .parser import OneLineParser, Options
from .status import CommandError, Status

__all__ = ["main"]

EPILOG = """\
examples:
  asynciojobs check lab.py              can this scheduler run?
  asynciojobs list lab.py:night         its jobs; night() returns the scheduler
  asynciojobs graph lab.py -o lab.svg   a picture
  asynciojobs run lab.py --timeout 600 -- --hosts 3
  asynciojobs run lab.py --journal lab.journal    again, after a crash: it goes on there

Arguments after -- are for the script, which finds them in sys.argv. The script is loaded as a
module, so its code under if __name__ == "__main__": is not run.

exit status:
  0 fine; 1 a critical job raised; 2 wrong usage, or a target that can't be loaded; 3 out of
  time; 4 the graph can't run, such as one with a cycle; 128 + n after signal n, 130 is Ctrl-C

completion in bash:
  complete -f -W "{commands}" asynciojobs
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: the words of the command line; by default those of the program.

    Returns:
        the exit status.

    Raises:
        SystemExit: help was asked for; or a signal, or a job, ended the program.
    """
    try:
        options = parsed(sys.argv[1:] if arguments is None else arguments)
        status: Status = options.run(options)
    except CommandError as error:
        say([f"asynciojobs: {error}"], sys.stderr)
        status = error.status
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    _flush()
    return status


def _flush() -> None:
    """Write what stdout still holds. Perhaps nobody reads it, as in ``… | head``."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes again at its end


def parsed(words: Sequence[str]) -> Options:
    """Return the options of a command; its `arguments` are those for the script.

    Raises:
        CommandError: the command line is wrong.
    """
    words = [*words]
    end = words.index("--") if "--" in words else len(words)
    options = _parser().parse_args(words[:end])
    options.arguments = words[end + 1 :]
    return options


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="asynciojobs",
        description="Check, draw and run the scheduler that a script or a module defines.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"asynciojobs {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for each in (check, listing, graph, plan, run, whatif, journals):
        each.add_to(commands)
    parser.epilog = EPILOG.format(commands=" ".join(commands.choices))
    return parser
