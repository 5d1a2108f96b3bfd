"""Files that show a scheduler: its DOT text, and pictures."""

from __future__ import annotations

import os
import re

from asynciojobs._dag.jobset import JobSet

from ._files import path_of, write_files
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
    rankdir: str = "LR",
) -> str:
    """Write the DOT text of a scheduler to a file, in UTF-8.

    Args:
        job_set: the scheduler.
        filename: the name of the file, with its extension.
        status: see `dot_format()`.
        depth: see `dot_format()`.
        rankdir: see `dot_format()`.

    Returns:
        a message such as ``(Over)wrote foo.dot``.

    Raises:
        OSError: the file can't be written.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> a, b = PrintJob("a", label="a"), PrintJob("b", label="b")
        >>> s = Scheduler(a, b.requires(a))
        >>> export_as_dotfile(s, "two.dot")
        '(Over)wrote two.dot'
    """
    path = path_of(filename)
    text = dot_format(job_set, status=status, depth=depth, rankdir=rankdir)
    write_files({path: text.encode()})
    return f"(Over)wrote {path}"


def export_as_graphic(
    job_set: JobSet,
    filename: str | os.PathLike[str],
    suffix: str,
    *,
    status: bool = False,
    depth: int | None = None,
    rankdir: str = "LR",
) -> str:
    """Draw a scheduler to a file, and write its DOT text to a ``.dot`` file beside it.

    Args:
        job_set: the scheduler.
        filename: the name of the file, without its extension.
        suffix: the extension, which is also the format: ``png``, ``svg``, or another format
            that the drawing program supports.
        status: see `dot_format()`.
        depth: see `dot_format()`.
        rankdir: see `dot_format()`.

    Returns:
        the name of the picture file.

    Raises:
        MissingProgramError: there is no drawing program.
        DrawingError: the program failed; no file was written.
        OSError: a file can't be written.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> a, b = PrintJob("a", label="a"), PrintJob("b", label="b")
        >>> s = Scheduler(a, b.requires(a))
        >>> export_as_graphic(s, "two", "svg")
        'two.svg'
    """
    picture_format = _format_of(suffix)
    path = path_of(filename)
    text = dot_format(job_set, status=status, depth=depth, rankdir=rankdir)
    picture = path.with_name(f"{path.name}.{picture_format}")
    write_files(
        {
            path.with_name(f"{path.name}.dot"): text.encode(),
            picture: draw(text, picture_format),
        }
    )
    return str(picture)


def _format_of(suffix: str) -> str:
    """Return the format of a suffix, which may start with a dot."""
    picture_format = suffix.removeprefix(".")
    if not FORMAT.fullmatch(picture_format):
        raise ValueError(f"the suffix is a format such as 'png' or 'svg', not {suffix!r}")
    return picture_format
