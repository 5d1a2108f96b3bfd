"""The drawing program: how to find it and run it."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from asynciojobs._bridge import install_command
from asynciojobs._log import warn
from asynciojobs._text import listed

from ._errors import STDERR_LIMIT, DrawingError, MissingProgramError
from ._glyphs import missing_signs, probe_of, signs_to_probe, with_similar_signs
from ._svg_ids import with_unique_ids

__all__ = ["VARIABLE", "draw", "drawing_program"]

VARIABLE = "ASYNCIOJOBS_DOT"
PURE = "graphviz-pure"
BITMAPS = frozenset({"png", "jpg", "jpeg", "jpe"})
"""The formats for which graphviz-pure needs its own fonts."""

OTHER_BITMAP = "draw an svg, or install Graphviz, whose `dot` has the fonts of the system"

UNMEASURED = "no value for width of non-ASCII character"
"""What a program without fonts says about labels, which are measured in `_widths`."""


def drawing_program() -> str:
    """Return the path of the drawing program.

    If the environment variable `ASYNCIOJOBS_DOT` is set, it names the program, as a path or a
    command. Otherwise it is the system's ``dot``; if there is none, the program of the
    distribution ``graphviz-pure``.

    Raises:
        MissingProgramError: there is no such program.
    """
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingProgramError(
                f"the environment variable {VARIABLE} names {named!r}, which is not a "
                "program that can be run: correct it, or unset it"
            )
        return found
    found = shutil.which("dot") or _program_of_graphviz_pure()
    if found is None:
        raise MissingProgramError(
            "no drawing program was found: install Graphviz (its `dot` has to be on the "
            f"PATH), or `{install_command('dot')}`, or name a program in the environment "
            f"variable {VARIABLE}; dot_format() and mermaid_format() need none"
        )
    return found


def _program_of_graphviz_pure() -> str | None:
    """Return the path of that distribution's program; its folder may not be on PATH."""
    try:
        files = metadata.files(PURE) or []
    except metadata.PackageNotFoundError:
        return None
    # Files are listed relative to site-packages: ../../../bin/graphviz-pure
    paths = (os.path.realpath(file.locate()) for file in files if file.stem == PURE)
    return next(filter(shutil.which, paths), None)


def draw(text: str, picture_format: str, *, seconds: float | None = None) -> bytes:
    """Return the picture of a DOT text.

    If the program succeeds but prints a message, that is logged as a warning: the picture was
    made smaller, for example. The ids of an SVG are made unique.

    Args:
        text: the graph in the DOT language.
        picture_format: a format of ``dot -T``: ``svg``, ``png``, …
        seconds: how long the program may take; ``None`` sets no limit.

    Raises:
        MissingProgramError: there is no drawing program.
        DrawingError: the program failed, or took too long.
    """
    program = drawing_program()
    if Path(program).stem == PURE and picture_format in BITMAPS:
        text = with_similar_signs(text)
        _warn_of_missing_signs(program, text, picture_format, seconds)
    done = _run(program, f"-T{picture_format}", text.encode(), seconds)
    said = done.stderr.decode(errors="replace")
    failure = _failure_of(done)
    if failure is not None:
        raise DrawingError(program, failure, said)
    _log(program, picture_format, said)
    return with_unique_ids(done.stdout) if picture_format == "svg" else done.stdout


def _warn_of_missing_signs(
    program: str, text: str, picture_format: str, seconds: float | None
) -> None:
    """Log the signs of a text that none of the program's fonts have."""
    signs = signs_to_probe(text)
    if not signs:
        return
    done = _run(program, "-Tpng", probe_of(signs).encode(), seconds)
    missing = missing_signs(signs, done.stdout)
    if missing:
        shown = listed(missing, limit=10)
        warn("%s draws boxes for %s in a %s: %s", PURE, shown, picture_format, OTHER_BITMAP)


def _log(program: str, picture_format: str, said: str) -> None:
    """Log what the program wrote to stderr, unless it is irrelevant here."""
    lines = said[-STDERR_LIMIT:].splitlines()
    shown = "\n".join(line for line in lines if UNMEASURED not in line).strip()
    if shown:
        warn("%s drew the %s, but said: %s", program, picture_format, shown)


def _run(
    program: str, option: str, data: bytes, seconds: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [program, option], input=data, capture_output=True, timeout=seconds, check=False
        )
    except OSError as error:
        raise DrawingError(program, "can't be run", str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise DrawingError(program, f"was not finished after {seconds} s", "") from error


def _failure_of(done: subprocess.CompletedProcess[bytes]) -> str | None:
    """Return how the program failed; ``None`` if there is a picture."""
    if done.returncode < 0:
        return f"was killed (signal {-done.returncode})"
    if done.returncode:
        return f"failed (exit status {done.returncode})"
    return None if done.stdout else "drew nothing"
