"""``graph``: the scheduler as a picture, or as the text of one."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from .._bridge import MissingGraphPackageError
from ..purescheduler import PureScheduler
from .parser import Commands, Options, add_command, add_target, loaded
from .status import CommandError, Status

__all__ = ["add_to"]

FORMATS = ("dot", "mermaid", "svg", "png")
EXTENSIONS = {".gv": "dot", ".mmd": "mermaid"} | {f".{each}": each for each in FORMATS}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "graph",
        draw,
        summary="draw the scheduler",
        examples=[
            "asynciojobs graph lab.py -o lab.svg",
            "asynciojobs graph lab.py --format mermaid --depth 1 >> README.md",
        ],
    )
    add_target(parser)
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="instead of stdout")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="by default, the extension of FILE says it, and otherwise it is dot",
    )
    parser.add_argument(
        "--depth",
        type=depth,
        metavar="N",
        help="how many levels of nested schedulers to open; all of them by default",
    )


def depth(text: str) -> int:
    """Return a number of levels.

    Raises:
        ArgumentTypeError: it is not one.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a number of levels, such as 1, not {text!r}")
    return int(text)


def draw(options: Options) -> Status:
    """Draw a scheduler."""
    kind = _format_of(options.format, options.output)
    if options.output is None and kind == "png" and sys.stdout.isatty():
        raise CommandError("a png is not for a terminal: name a file with -o FILE.png")
    with loaded(options, clean_stdout=True) as scenario:
        picture = _picture(scenario.scheduler(), kind, options.depth)
    if options.output is None:
        with contextlib.suppress(BrokenPipeError):  # nobody reads it
            sys.stdout.flush()
            sys.stdout.buffer.write(picture)
    else:
        _write(options.output, picture)
    return Status.FINE


def _format_of(named: str | None, output: Path | None) -> str:
    """Return the format.

    Raises:
        CommandError: it is unknown.
    """
    if named is not None or output is None:
        return named or "dot"
    if output.suffix not in EXTENSIONS:
        raise CommandError(
            f"the extension of {str(output)!r} names no format: end it with "
            f"{', '.join(EXTENSIONS)}, or add --format"
        )
    return EXTENSIONS[output.suffix]


def _picture(scheduler: PureScheduler, kind: str, depth: int | None) -> bytes:
    """Return the contents of a file.

    Raises:
        CommandError: it can't be drawn, or not here.
    """
    try:
        if kind == "dot":
            return scheduler.dot_format(depth=depth).encode()
        if kind == "mermaid":
            return scheduler.mermaid_format(depth=depth).encode()
        with tempfile.TemporaryDirectory() as folder:  # the drawing leaves a .dot file, too
            drawn = scheduler.export_as_graphic(Path(folder, "graph"), kind, depth=depth)
            return Path(drawn).read_bytes()
    except (MissingGraphPackageError, RuntimeError) as error:
        raise CommandError(str(error)) from None
    except ValueError as error:  # it is nested in itself
        raise CommandError(str(error), Status.CANNOT_RUN) from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise CommandError(
            f"{str(path)!r} can't be written ({error.strerror}): name another file"
        ) from None
