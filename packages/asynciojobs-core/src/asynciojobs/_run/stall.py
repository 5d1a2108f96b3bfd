"""`StallWatch`: watches a run whose jobs may wait for something that will never happen.

There are two ways. Jobs that get requirements during a run may wait for each other. And a
regular job may require a forever job, which may never end. Other runs have no `StallWatch`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from .. import _log
from .._dag.digraph import find_cycle
from .._errors import CycleError
from .._names import name_in_run
from .._outcomes import RUNNING, SCHEDULED
from .._text import counted
from ..job import AnyJob, needs_of, phase_of
from .roster import Roster
from .waitlist import waits

__all__ = ["StallWatch", "check_cycle"]

PATIENCE = 1.0
"""If only forever jobs run this long while others wait for them, log a warning (seconds)."""


if TYPE_CHECKING:

    class HasNewcomers(Protocol):
        """The part of the `Extras` of a run that its `StallWatch` uses."""

        newcomers: list[AnyJob]

        def is_writing(self) -> bool: ...

    class StallingRun(Protocol):
        """The part of a `Run` that its `StallWatch` uses."""

        roster: Roster

        @property
        def extras(self) -> HasNewcomers | None: ...
        def is_idle(self) -> bool: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...


class StallWatch:
    """Raises if jobs wait for each other, and warns if they wait for a forever job.

    Args:
        run: the run.

    Attributes:
        late: whether jobs got requirements while they were already waiting.
    """

    __slots__ = ("_run", "_timer", "late")

    def __init__(self, run: StallingRun) -> None:
        self.late = False
        self._run: StallingRun | None = run  # None once it has warned, or the run is over
        self._timer: asyncio.TimerHandle | None = None  # pending while only forever jobs run

    def look(self) -> None:
        """Check that something the run waits for is in progress; O(1), unless `late`.

        Raises:
            CycleError: nothing is in progress, since jobs wait for each other.
        """
        run = self._run
        if run is None:
            return
        if not run.is_idle() or (
            run.extras is not None and (run.extras.newcomers or run.extras.is_writing())
        ):
            self._stop_timer()
            return
        # The sets of requirements may not show such a cycle if one was edited: a job still
        # waits for a job that was removed from its set.
        if self.late:
            check_cycle(waits(run.roster.jobs))
        if run.roster.forever and self._timer is None:
            self._timer = run.loop.call_later(PATIENCE, self._warn)

    def close(self) -> None:
        """Stop watching: the run is over."""
        self._run = None
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _warn(self) -> None:
        assert self._run is not None
        forever = self._run.roster.forever
        pairs = [
            (job, requirement)
            for job, (requirement,) in waits(self._run.roster.jobs).items()
            if requirement in forever and job not in forever
        ]
        jobs = self._run.roster.jobs
        self._run = None
        if not pairs:
            warn_of_limits(jobs, forever)
            return
        job, requirement = pairs[0]
        more = len(pairs) - 1
        others = f", and {counted(more, 'more job')} wait{'s' * (more == 1)}" if more else ""
        _log.warn(
            "%s waits for %s, which is a forever job%s: nothing else has been running for %g s",
            name_in_run(job),
            name_in_run(requirement),
            others,
            PATIENCE,
        )


def warn_of_limits(jobs: Iterable[AnyJob], forever: Collection[AnyJob]) -> None:
    """Log that a regular job waits for a limit whose slots a forever job holds."""
    holding = {
        limit: job for job in forever if phase_of(job) is RUNNING for limit in needs_of(job)
    }
    for job in jobs:
        waits = phase_of(job) is SCHEDULED and job not in forever
        for limit in needs_of(job):
            if waits and limit in holding:
                _log.warn(
                    "%s waits for %s, and %s, which is a forever job, holds slots of it: "
                    "nothing else has been running for %g s",
                    name_in_run(job),
                    repr(limit),
                    name_in_run(holding[limit]),
                    PATIENCE,
                )
                return


def check_cycle(graph: Mapping[AnyJob, Iterable[AnyJob]]) -> None:
    """Check that jobs don't require each other.

    Raises:
        CycleError: they do.
    """
    if cycle := find_cycle(graph):
        raise CycleError(cycle)
