"""The labels of nodes: the user's text, as far as a picture can show it."""

from __future__ import annotations

import re

from asynciojobs._dag.jobset import JobSet
from asynciojobs._dag.outline import iterate_jobs
from asynciojobs._text import attempt
from asynciojobs.job import AbstractJob, AnyJob

from ._picture import Box, Node
from ._quoting import without_controls
from ._status import status_text
from ._wrapping import wrapped

__all__ = ["LONGEST", "label_of", "label_of_whole", "presentable"]

LONGEST = 2500
"""How many characters of a label are drawn.

Graphviz 2 refuses strings of more than 16 KiB, and Mermaid texts of more than 50,000
characters.
"""

LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")


def label_of(node: Node, *, status: bool) -> str:
    """Return the text in a box, or the title of a cluster.

    A closed scheduler has a line with the number of its jobs. If the status is shown, it is on
    the last line.
    """
    lines = [_name_of(node.job, node.rank)]
    if isinstance(node, Box) and isinstance(node.job, JobSet):
        lines.append(_number_of_jobs(node.job))
    if status:
        lines.append(wrapped(presentable(status_text(node))))
    return "\n".join(lines)


def label_of_whole(job_set: JobSet, *, status: bool) -> str:
    """Return the label of the single box that represents a whole scheduler."""
    lines = [type(job_set).__name__, _number_of_jobs(job_set)]
    if isinstance(job_set, AbstractJob):
        if job_set.label is not None:
            lines[0] = wrapped(presentable(job_set._shown_text()))
        if status:
            lines.append(wrapped(presentable(status_text(Box(job_set, "")))))
    return "\n".join(lines)


def _name_of(job: AnyJob, rank: str) -> str:
    """Return the job's graph label. If it has none, return its rank and its label."""
    label = attempt(job.graph_label)
    if label is not None:
        return wrapped(presentable(label))
    prefix = f"{rank}: "
    text = presentable(f"{prefix}{job._shown_text()}")
    return f"{prefix}{wrapped(text.removeprefix(prefix))}"


def _number_of_jobs(job_set: JobSet) -> str:
    """Return how many jobs a scheduler has at all depths, such as ``12 jobs``."""
    count = sum(1 for _ in iterate_jobs(job_set, scan_schedulers=False))
    return f"{count} job{'' if count == 1 else 's'}"


def presentable(text: str) -> str:
    r"""Return the text without the characters that pictures can't show.

    Line ends of all kinds become ``\n``, tabs become spaces, and control characters become
    U+FFFD. Text that is too long is cut, and ends with an ellipsis.

    Example:
        >>> presentable("one\r\ntwo\t\x1b[31m")
        'one\ntwo �[31m'
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    if text.isprintable():
        return text
    return without_controls(LINE_ENDS.sub("\n", text)).expandtabs(4)
