"""The program that draws: which one it is, and how it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata

from ._errors import DrawingError, MissingProgramError

__all__ = ["VARIABLE", "draw", "drawing_program"]

VARIABLE = "ASYNCIOJOBS_DOT"
PURE = "graphviz-pure"


def drawing_program() -> str:
    """Return the path of the program that draws.

    It is the one that the environment variable `ASYNCIOJOBS_DOT` names (a path, or a command),
    else the ``dot`` of the system, else the one of the distribution ``graphviz-pure``.

    Raises:
        MissingProgramError: there is none, or not the one that is named.
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
            'PATH), or `pip install "asynciojobs[dot]"`, or name a program in the environment '
            f"variable {VARIABLE}; dot_format() and mermaid_format() need none"
        )
    return found


def _program_of_graphviz_pure() -> str | None:
    """Return the path of the program in that distribution, whose folder may not be on PATH."""
    try:
        files = metadata.files(PURE) or []
    except metadata.PackageNotFoundError:
        return None
    # They are named from site-packages: ../../../bin/graphviz-pure
    paths = (os.path.realpath(file.locate()) for file in files if file.stem == PURE)
    return next(filter(shutil.which, paths), None)


def draw(text: str, picture_format: str, *, seconds: float | None = None) -> bytes:
    """Return the picture of a DOT text.

    Args:
        text: in the DOT language.
        picture_format: what ``dot -T`` takes: ``svg``, ``png``, …
        seconds: how long the program may take; ``None`` is as long as it wants.

    Raises:
        MissingProgramError: there is no program.
        DrawingError: the program failed, or took too long.
    """
    program = drawing_program()
    try:
        done = subprocess.run(
            [program, f"-T{picture_format}"],
            input=text.encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise DrawingError(program, "can't be run", str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise DrawingError(program, f"was not done after {seconds} s", "") from error
    stderr = done.stderr.decode(errors="replace")
    if done.returncode < 0:
        raise DrawingError(program, f"was killed (signal {-done.returncode})", stderr)
    if done.returncode:
        raise DrawingError(program, f"failed (exit status {done.returncode})", stderr)
    if not done.stdout:
        raise DrawingError(program, "drew nothing", stderr)
    return done.stdout
