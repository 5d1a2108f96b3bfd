"""The command line: ``python -m asynciojobs``, or ``asynciojobs`` where it is installed."""

from __future__ import annotations

import sys

from ._cli.main import main

__all__ = ["command"]


def command() -> int:
    """Run the command line as a program; return the exit status.

    The first entry of `sys.path` is the folder of this program, not of the user's script or
    module. It is dropped, so that nothing in it hides a module of theirs.
    """
    if not sys.flags.safe_path:
        del sys.path[0]
    return main()


if __name__ == "__main__":
    sys.exit(command())
