"""The drawing program: how it is found, and how it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata

from asynciojobs._bridge import install_command

from ._errors import DrawingError, MissingProgramError
from ._svg_ids import with_unique_ids

__all__ = ["VARIABLE", "draw", "drawing_program"]

VARIABLE = "ASYNCIOJOBS_DOT"
PURE = "graphviz-pure"


def drawing_program() -> str:
    """Return the path of the drawing program.

    If the environment variable `ASYNCIOJOBS_DOT` is set, it names the program, by a path or as
    a command. Otherwise it is the system's ``dot``, or if there is none, the program of the
    distribution ``graphviz-pure``.

    Raises:
        MissingProgramError: there is no such program.
    """
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingProgramError(
                f"the environment variable {VARIABLE} names {named!r}, which is no program "
                "that can be run: correct it, or unset it"
            )
        return found
    found = shutil.which("dot") or _program_of_graphviz_pure()
    if found is None:
        raise MissingProgramError(
            "no program that draws was found: install Graphviz (its `dot` has to be on the "
            f"PATH), or `{install_command('dot')}`, or name a program in the environment "
            f"variable {VARIABLE}; dot_format() and mermaid_format() need none"
        )
    return found


def _program_of_graphviz_pure() -> str | None:
    """Return the path of the program in that distribution; its folder may not be on PATH."""
    try:
        files = metadata.files(PURE) or []
    except metadata.PackageNotFoundError:
        return None
    # Files are listed relative to site-packages: ../../../bin/graphviz-pure
    paths = (os.path.realpath(file.locate()) for file in files if file.stem == PURE)
    return next(filter(shutil.which, paths), None)


def draw(text: str, picture_format: str, *, seconds: float | None = None) -> bytes:
    """Return the picture of a DOT text. The ids of an SVG are made unique.

    Args:
        text: the graph in the DOT language.
        picture_format: a format of ``dot -T``: ``svg``, ``png``, …
        seconds: how long the program may take; ``None`` sets no limit.

    Raises:
        MissingProgramError: there is no drawing program.
        DrawingError: the program failed, or took too long.
    """
    program = drawing_program()
    done = _run(program, f"-T{picture_format}", text.encode(), seconds)
    failure = _failure_of(done)
    if failure is not None:
        raise DrawingError(program, failure, done.stderr.decode(errors="replace"))
    return with_unique_ids(done.stdout) if picture_format == "svg" else done.stdout


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
        raise DrawingError(program, f"was not done after {seconds} s", "") from error


def _failure_of(done: subprocess.CompletedProcess[bytes]) -> str | None:
    """Return how the program failed; ``None`` if there is a picture."""
    if done.returncode < 0:
        return f"was killed (signal {-done.returncode})"
    if done.returncode:
        return f"failed (exit status {done.returncode})"
    return None if done.stdout else "drew nothing"
