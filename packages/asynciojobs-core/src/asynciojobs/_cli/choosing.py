"""``--only``, ``--from`` and ``--to``: run a part of a scheduler."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from .._names import label_of, path_name, path_text
from .._text import listed
from ..job import AnyJob
from ..purescheduler import PureScheduler
from .parser import Options
from .paths import numbered_paths
from .status import CommandError
from .target import close_unstarted, nearest

__all__ = ["add_choices", "keep_chosen"]


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        "run a part", "A JOB is a label or an id, as `asynciojobs list` shows them."
    )
    group.add_argument(
        "--only", metavar="JOB", nargs="+", action="extend", help="run these jobs alone"
    )
    group.add_argument(
        "--from",
        metavar="JOB",
        dest="starts",
        action="append",
        help="run this job and those that depend on it; may be repeated",
    )
    group.add_argument(
        "--to",
        metavar="JOB",
        dest="ends",
        action="append",
        help="run this job and those that it depends on; may be repeated",
    )


def keep_chosen(scheduler: PureScheduler, options: Options) -> None:
    """Keep the jobs that the options choose, and close the others.

    Raises:
        CommandError: a name is unknown, or could mean several jobs.
        CycleError: the jobs have a cycle.
    """
    if not (options.only or options.starts or options.ends):
        return
    if options.only and (options.starts or options.ends):
        raise CommandError("--only goes neither with --from nor with --to: leave one out")
    before = [*scheduler.jobs]
    members = Members(scheduler)
    if options.only:
        scheduler.keep_only(members.named(options.only, "--only"))
    else:
        starts = members.named(options.starts or (), "--from")
        ends = members.named(options.ends or (), "--to")
        scheduler.keep_only_between(starts=starts, ends=ends)
    close_unstarted(job for job in before if job not in scheduler.jobs)
    if not scheduler.jobs:
        raise CommandError("no job lies between --from and --to: `asynciojobs list` shows them")


class Members:
    """The jobs of a scheduler, by the names that users give them.

    Args:
        scheduler: the scheduler. Its jobs are numbered.

    Raises:
        CycleError: the jobs have a cycle.
    """

    def __init__(self, scheduler: PureScheduler) -> None:
        self._scheduler = scheduler
        self._paths = list(numbered_paths(scheduler))

    def named(self, names: Iterable[str], option: str) -> list[AnyJob]:
        """Return the jobs with these names; O(V) for each.

        Args:
            names: labels or ids.
            option: the option that has the names.

        Raises:
            CommandError: a name is unknown, or could mean several jobs.
        """
        return [self._named(name, option) for name in names]

    def _named(self, name: str, option: str) -> AnyJob:
        found = [path for path in self._paths if name in names_of(path)]
        if not found and name.isdecimal():
            found = [path for path in self._paths if int(path[-1].repr_id()) == int(name)]
        direct = [path for path in found if len(path) == 1]
        if len(direct) == 1:
            return direct[0][0]
        raise CommandError(f"{option} {name!r} {self._objection(name, direct, found)}")

    def _objection(
        self, name: str, direct: list[list[AnyJob]], found: list[list[AnyJob]]
    ) -> str:
        """Return what is wrong with a name."""
        if direct:
            ids = ", ".join(path[0].repr_id() for path in direct)
            return f"is the label of {len(direct)} jobs: name one by its id, {ids}"
        if found:
            outermost = found[0][0]
            return (
                f"is {path_name(found[0])}, inside a nested scheduler, which runs as a "
                f"whole: name that one, {label_of(outermost)!r} or {outermost.repr_id()}"
            )
        labels = [label_of(job) for job in self._scheduler.jobs]
        hint = nearest(name, labels) or f": there are {listed(labels)}"
        return f"is neither the label nor the id of a job of this scheduler{hint}"


def names_of(path: list[AnyJob]) -> tuple[str, str]:
    """Return how a user may call a job: by its label, or by its path, as a run shows it."""
    return label_of(path[-1]), path_text(path)
