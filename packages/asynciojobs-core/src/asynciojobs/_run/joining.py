"""Changes to a run while it goes on: jobs that join it, new requirements, another window.

The requirements of a new job are looked at one turn of the loop after it was added. Once a job
has been added, each job is asked again what it requires, just before it becomes ready. So a job
can add others, and make a last job wait for them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Iterable
from contextvars import Context
from typing import TYPE_CHECKING, Protocol

from .._dag.digraph import closure
from .._dag.jobset import JobSet, Level, nesting
from .._errors import MissingRequirementError
from .._names import Mark
from .._outcomes import Broken, Verdict
from ..job import AnyJob, requirements_of
from .admission import check_all, check_made, check_requirements, check_sound
from .roster import Roster
from .stall import StallWatch, check_cycle
from .waitlist import enroll, take_part_together, unfinished_requirements, wait_for_all

__all__ = ["join", "must_wait_again", "set_window", "slots_of"]

NO_LIMIT = 10**9
"""The slots of a run without a window: more than any run needs (jobs)."""


if TYPE_CHECKING:

    class GrowingRun(Protocol):
        """The part of a `Run` that is used here; see there for what each of these means."""

        mark: Mark
        context: Context
        roster: Roster
        newcomers: list[AnyJob]
        slots: int
        free: int
        starting: bool
        shuffled: bool
        asked: dict[AnyJob, Asked] | None
        stall: StallWatch | None

        def is_over(self) -> bool: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...
        def watch_stall(self) -> StallWatch: ...
        def nest(self, levels: list[Level]) -> None: ...
        def make_ready(self, job: AnyJob) -> None: ...
        def start_ready(self) -> None: ...
        def end(self, verdict: Verdict) -> None: ...


class Asked:
    """The requirements of a job when it was asked for them.

    Attributes:
        required: the requirements, which may change.
        count: how many there were (jobs).
        removals: how often some were taken out or moved until then; ``None`` if nobody counts
            that.
    """

    __slots__ = ("count", "removals", "required")

    def __init__(self, required: Collection[AnyJob]) -> None:
        self.required = required
        self.count = len(required)
        self.removals = removals_from(required)

    def only_grew_to(self, now: Asked) -> bool:
        """Tell whether since then requirements have come at most, each at the end."""
        return (
            self.required is now.required
            and self.removals is not None
            and self.removals == now.removals
        )


def removals_from(required: Collection[AnyJob]) -> int | None:
    """Return how often members were taken out of a set; ``None`` if nobody counts that."""
    if isinstance(required, dict | tuple):
        return 0  # of our own: users never see them
    return getattr(required, "_removals", None)


def join(run: GrowingRun, jobs: Collection[AnyJob]) -> None:
    """Take jobs into a run. From now on it waits for them.

    Their requirements are looked at in the next turn of the loop. So a user may add several
    jobs, and say what they require, in any order.

    Raises:
        AlreadyRunningError: one of the jobs takes part in a run.
        TypeError: one of them was not initialized.
    """
    if not run.newcomers:
        # This comes first: if it raises, near the recursion limit, no job is enrolled yet.
        run.loop.call_soon(_admit_newcomers, run, context=run.context)
    check_made(jobs)
    enroll(jobs, run.mark)
    if run.asked is None:
        run.asked = {}
    run.roster.add(jobs)
    if run.roster.forever:
        run.watch_stall()
    run.newcomers.extend(jobs)


def _admit_newcomers(run: GrowingRun) -> None:
    newcomers, run.newcomers = run.newcomers, []
    if run.is_over():
        return
    try:
        _prepare(run, newcomers)
        for job in [job for job in newcomers if not _look_again(run, job)]:
            run.make_ready(job)
        if run.stall is not None:
            run.stall.look()
        if not run.starting:
            run.start_ready()
    except BaseException as error:  # noqa: BLE001 - the loop would only log it
        run.end(Broken(error))


def _prepare(run: GrowingRun, newcomers: list[AnyJob]) -> None:
    """Check new jobs, and make them ready for the run with all that is nested in them."""
    check_sound(newcomers)
    for rank, job in enumerate(newcomers, len(run.roster.jobs) - len(newcomers)):
        job._forget_run()
        job._rank = rank
        if isinstance(job, JobSet):
            levels = list(nesting(job))
            check_all(levels)
            run.nest(levels)
    among: Iterable[AnyJob] = newcomers
    if (
        run.stall is not None and run.stall.late
    ):  # jobs of the run may have been made to require the new ones
        among = closure(unfinished_requirements, newcomers)
    check_cycle({job: requirements_of(job) for job in among})


def must_wait_again(run: GrowingRun, job: AnyJob) -> bool:
    """Tell whether a job got more requirements since it was enrolled, and waits for one.

    Raises:
        CycleError: now it waits for itself.
        RequirementError: see `_look_again()`.
    """
    unfinished = _look_again(run, job)
    if not unfinished:
        return False
    run.shuffled = True
    run.watch_stall().late = True
    upstream = closure(unfinished_requirements, unfinished).union(unfinished)
    waiting = {other: unfinished_requirements(other) for other in upstream if other is not job}
    check_cycle({job: unfinished, **waiting})
    return True


def _look_again(run: GrowingRun, job: AnyJob) -> list[AnyJob]:
    """Let an enrolled job wait for the requirements that it got since it was asked last.

    The earlier ones were done, or the job has waited for them since.

    Returns:
        the new requirements that are not done.

    Raises:
        MissingRequirementError: a requirement is not done and not in the run.
        TypeError: see `check_sound()`.
    """
    new = _new_requirements(run, job)
    check_requirements(job, new)
    unfinished: list[AnyJob] = []
    for requirement in new:
        if take_part_together(requirement, job):
            unfinished.append(requirement)
        elif not requirement.is_done():
            raise MissingRequirementError(job, requirement)
    wait_for_all(job, unfinished)
    return unfinished


def _new_requirements(run: GrowingRun, job: AnyJob) -> list[AnyJob]:
    """Return what a job requires since it was asked last, in its order.

    As long as nothing was taken out of the set, or moved in it, new ones come last, and each is
    looked at once: O(1) for each. Otherwise all are looked at again.
    """
    assert run.asked is not None
    required = requirements_of(job)
    asked = run.asked.get(job)
    run.asked[job] = now = Asked(required)
    if asked is None or not asked.only_grew_to(now):
        return list(required)
    newest_first = itertools.islice(reversed(required), now.count - asked.count)
    return list(newest_first)[::-1]


def slots_of(window: int | None) -> int:
    """Return the number of slots of a window; ``None`` or 0 means no limit (jobs)."""
    return window or NO_LIMIT


def set_window(run: GrowingRun, window: int | None) -> None:
    """Change the window of a run.

    A larger one starts jobs at once. A smaller one takes effect as jobs end: until then, fewer
    than 0 slots are free.
    """
    run.free += slots_of(window) - run.slots
    run.slots = slots_of(window)
    if not (run.starting or run.is_over()):
        run.start_ready()
