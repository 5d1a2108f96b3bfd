"""How jobs look: the DOT attributes of critical, forever and nested jobs."""

from __future__ import annotations

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import AbstractJob, counts_as_critical

from ._quoting import attribute_list

__all__ = ["CLUSTER_PREFIX", "COLOR", "DotStyle", "dot_cluster_name", "dot_style"]

CRITICAL_COLOR = "#2b5c8a"  # calm, since red is for failures
COLOR = "#404040"
CLUSTER_PREFIX = "cluster_"


class DotStyle(dict[str, object]):
    """The DOT attributes of a box or a cluster: names, and values of any type.

    Values are written as their ``str()``.

    Example:
        >>> style = DotStyle(style="rounded", penwidth=2)
        >>> style["color"] = "red"
        >>> print(style)
        style="rounded" penwidth="2" color="red"
    """

    def __str__(self) -> str:
        return attribute_list(self)


def dot_style(job: AbstractJob[object]) -> DotStyle:
    """Return the attributes that show what kind of job it is.

    Schedulers have sharp corners, other jobs have round ones. A critical job has a thick
    coloured border, a forever job a dashed one. A subclass may add or change attributes:

    Example:
        >>> from asynciojobs import Job
        >>> class Loud(Job):
        ...     def dot_style(self):
        ...         return super().dot_style() | {"fontcolor": "red"}
    """
    styles = [] if isinstance(job, JobSet) else ["rounded"]
    if job.forever:
        styles.append("dashed")
    critical = counts_as_critical(job)
    return DotStyle(
        style=",".join(styles) or "solid",
        color=CRITICAL_COLOR if critical else COLOR,
        penwidth=2 if critical else 1,
    )


def dot_cluster_name(scheduler: AbstractJob[object]) -> str:
    """Return the name of the cluster that shows a nested scheduler.

    DOT requires the prefix ``cluster_``. The scheduler's id follows, so the name is known only
    once the jobs are numbered, that is, once the outermost scheduler was listed or drawn.

    Example:
        >>> from asynciojobs import Scheduler
        >>> dot_cluster_name(Scheduler(label="boots"))
        'cluster_??'
    """
    return f"{CLUSTER_PREFIX}{scheduler.repr_id()}"
