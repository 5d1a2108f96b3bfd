"""``list``: the jobs, for people or as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from .._feedback import say
from .._names import label_of
from .._text import attempt
from ..job import AnyJob, counts_as_critical, needs_of, requirements_of, terms_of
from ..purescheduler import PureScheduler
from .parser import Commands, Options, add_command, add_target, loaded
from .paths import numbered_paths
from .status import CommandError, Status

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "list",
        list_jobs,
        summary="print a line for each job, in an order in which they can run",
        examples=[
            "asynciojobs list lab.py --details",
            "asynciojobs list lab.py --json | jq '.jobs[].label'",
        ],
    )
    add_target(parser)
    parser.add_argument("--details", action="store_true", help="add the details() of each job")
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")


def list_jobs(options: Options) -> Status:
    """Print the jobs of a scheduler."""
    with loaded(options, clean_stdout=options.json) as scenario:
        scheduler = scenario.scheduler()
        try:
            if options.json:
                listing = as_json(scheduler, details=options.details)
                say([json.dumps(listing, indent=2)])
            else:
                scheduler.list(details=options.details)
        except ValueError as error:  # there is a cycle, or it is nested in itself
            if not options.json:
                with contextlib.suppress(ValueError):
                    scheduler.list_safe()
            raise CommandError(str(error), Status.CANNOT_RUN) from None
    return Status.FINE


def as_json(scheduler: PureScheduler, *, details: bool) -> dict[str, Any]:
    """Return a scheduler in the form for JSON: its options, and its jobs at all depths.

    Raises:
        ValueError: there is a cycle, or it is nested in itself.
    """
    return {
        "scheduler": scheduler.repr_main(),
        **_options_of(scheduler),
        "jobs": list(_jobs_of(scheduler, details=details)),
    }


def _jobs_of(scheduler: PureScheduler, *, details: bool) -> Iterator[dict[str, Any]]:
    for path in numbered_paths(scheduler):
        yield _as_json(path) | ({"details": attempt(path[-1].details)} if details else {})


def _as_json(path: list[AnyJob]) -> dict[str, Any]:
    *around, job = path
    return {
        "id": job.repr_id(),
        "label": label_of(job),
        "class": type(job).__name__,
        "path": [label_of(each) for each in path],
        "scheduler": around[-1].repr_id() if around else None,
        "requires": sorted(each.repr_id() for each in requirements_of(job)),
        "critical": counts_as_critical(job),
        "forever": bool(job.forever),
        "limits": [
            {"limit": None if limit.label is None else str(limit.label), "slots": slots}
            for limit, slots in needs_of(job).items()
        ],
        **_options_of(job),
    }


def _options_of(thing: PureScheduler | AnyJob) -> dict[str, Any]:
    if isinstance(thing, PureScheduler):
        return {
            "timeout": thing.timeout,
            "jobs_window": thing.jobs_window,
            "keep_going": bool(thing.keep_going),
        }
    terms = terms_of(thing)
    return {"timeout": None if terms is None else terms.timeout}
