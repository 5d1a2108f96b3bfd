"""Files with the graph of a scheduler: its DOT text, and pictures of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from asynciojobs._dag.jobset import JobSet

from ._files import write_files
from ._programs import draw
from .dot import dot_format

__all__ = ["export_as_dotfile", "export_as_graphic"]

FORMAT = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]*")  # png, xdot1.4, plain-ext, …


def export_as_dotfile(
    job_set: JobSet,
    filename: str | os.PathLike[str],
    *,
    status: bool = False,
    depth: int | None = None,
) -> str:
    """Write the DOT text of a scheduler to a file, in UTF-8.

    Args:
        job_set: the scheduler.
        filename: the name of the file, with its extension.
        status: as for `dot_format()`.
        depth: as for `dot_format()`.

    Returns:
        a message that says so.

    Raises:
        OSError: the file can't be written.
    """
    path = _path_of(filename)
    write_files({path: dot_format(job_set, status=status, depth=depth).encode()})
    return f"(Over)wrote {path}"


def export_as_graphic(
    job_set: JobSet,
    filename: str | os.PathLike[str],
    suffix: str,
    *,
    status: bool = False,
    depth: int | None = None,
) -> str:
    """Draw a scheduler to a file; its DOT text is beside the picture, with ``.dot``.

    Args:
        job_set: the scheduler.
        filename: the name of the file, without its extension.
        suffix: the extension, which says the format: ``png``, ``svg``, or another one that
            the program knows.
        status: as for `dot_format()`.
        depth: as for `dot_format()`.

    Returns:
        the name of the file with the picture.

    Raises:
        MissingProgramError: there is no program that draws.
        DrawingError: the program failed; no file was written.
        OSError: a file can't be written.
    """
    picture_format = _format_of(suffix)
    path = _path_of(filename)
    text = dot_format(job_set, status=status, depth=depth)
    picture = path.with_name(f"{path.name}.{picture_format}")
    write_files(
        {
            path.with_name(f"{path.name}.dot"): text.encode(),
            picture: draw(text, picture_format),
        }
    )
    return str(picture)


def _path_of(filename: str | os.PathLike[str]) -> Path:
    path = Path(os.fsdecode(filename))
    if path.name in ("", ".."):
        raise ValueError(f"a file needs a name, and {str(filename)!r} has none")
    return path


def _format_of(suffix: str) -> str:
    """Return the format, whether or not the dot of an extension stands before it."""
    picture_format = suffix.removeprefix(".")
    if not FORMAT.fullmatch(picture_format):
        raise ValueError(f"the suffix is a format such as 'png' or 'svg', not {suffix!r}")
    return picture_format
