"""How jobs look: the DOT attributes that tell critical, forever and nested ones apart."""

from __future__ import annotations

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import AbstractJob

from ._quoting import attribute_list

__all__ = ["CLUSTER_PREFIX", "COLOR", "DotStyle", "dot_cluster_name", "dot_style"]

CRITICAL_COLOR = "#a4243b"
COLOR = "#404040"
CLUSTER_PREFIX = "cluster_"


class DotStyle(dict[str, object]):
    """The DOT attributes of a box or a cluster: names, and values of which ``str()`` is used.

    Example:
        >>> style = DotStyle(style="rounded", penwidth=2)
        >>> style["color"] = "red"
        >>> print(style)
        style="rounded" penwidth="2" color="red"
    """

    def __str__(self) -> str:
        return attribute_list(self)


def dot_style(job: AbstractJob[object]) -> DotStyle:
    """Return the attributes that say of which kind a job is.

    Schedulers have sharp angles, other jobs rounded ones; a critical job has a thick
    coloured border, a forever job a dashed one. A subclass may add to it, or change it:

    Example:
        >>> from asynciojobs import Job
        >>> class Loud(Job):
        ...     def dot_style(self):
        ...         return super().dot_style() | {"fontcolor": "red"}
    """
    styles = [] if isinstance(job, JobSet) else ["rounded"]
    if job.forever:
        styles.append("dashed")
    critical = job.is_critical()
    return DotStyle(
        style=",".join(styles) or "solid",
        color=CRITICAL_COLOR if critical else COLOR,
        penwidth=2 if critical else 1,
    )


def dot_cluster_name(scheduler: AbstractJob[object]) -> str:
    """Return the name of the cluster that draws a nested scheduler.

    DOT wants it to start with ``cluster_``; the rest is the scheduler's id, so it is known
    once the outermost scheduler has numbered its jobs, as drawing and listing do.
    """
    return f"{CLUSTER_PREFIX}{scheduler.repr_id()}"
