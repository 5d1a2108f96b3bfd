"""Changes to a run in progress: jobs that join it, new requirements, another window.

The requirements of a new job are read one turn of the loop after it was added. Once any job has
been added, each job is asked again for its requirements just before it becomes ready. So a job
can add others, and make a final job wait for them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol, cast

from .._dag.digraph import closure
from .._dag.jobset import JobSet, RunState, nesting
from .._errors import MissingRequirementError
from .._lazy import OnDemand
from .._names import Mark
from .._outcomes import Broken, Verdict
from ..job import AnyJob, requirements_of, terms_among
from ..limit import Terms
from .admission import check_all, check_made, check_requirements, check_sound
from .asked import Asked
from .opening import nest
from .roster import Roster
from .skipping import Skipping
from .stall import StallWatch, check_cycle
from .waitlist import (
    enroll,
    take_part_together,
    unfinished_requirements,
    wait_for_all,
    waits_in_run,
)

__all__ = ["join", "must_wait_again"]

resuming = OnDemand("_run.resuming")


if TYPE_CHECKING:

    class GrowingExtras(Protocol):
        """The part of the `Extras` of a run that is used here."""

        newcomers: list[AnyJob]
        asked: dict[AnyJob, Asked] | None
        must_wait_again: Callable[[Any, AnyJob], bool]
        stall: StallWatch | None
        skipping: Skipping | None

        @property
        def recording(self) -> Any: ...
        def watch_stall(self) -> StallWatch: ...
        def prepare_for(
            self, asking: Mapping[Terms, AnyJob], job_sets: Iterable[JobSet]
        ) -> None: ...

    class GrowingRun(Protocol):
        """The part of a `Run` that is used here; `Run` explains each of these."""

        mark: Mark
        context: Context
        roster: Roster
        shuffled: bool
        state: RunState

        def is_over(self) -> bool: ...
        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...
        def use_extras(self) -> GrowingExtras: ...
        def make_ready(self, job: AnyJob) -> None: ...
        def skip(self, jobs: Iterable[AnyJob]) -> None: ...
        def go_on(self) -> None: ...
        def end(self, verdict: Verdict) -> None: ...


def join(run: GrowingRun, jobs: Collection[AnyJob]) -> None:
    """Add jobs to a run, which then waits for them as well.

    Their requirements are read in the next turn of the loop. So a user may add several jobs and
    set their requirements in any order.

    Raises:
        AlreadyRunningError: one of the jobs takes part in a run.
        TypeError: one of them was not initialized.
    """
    extras = run.use_extras()
    if not extras.newcomers:
        # This comes first: if it raises, close to the recursion limit, no job is enrolled yet.
        run.loop.call_soon(_admit_newcomers, run, context=run.context)
    check_made(jobs)
    enroll(jobs, run.mark)
    for job in jobs:
        job._forget_run()
    if extras.asked is None:
        extras.asked = {}
        extras.must_wait_again = must_wait_again
    if extras.recording is not None:
        extras.recording.note_adder()
    run.roster.add(jobs)
    extras.newcomers.extend(jobs)
    run.state.record.join(jobs, run.loop.time())


def _admit_newcomers(run: GrowingRun) -> None:
    extras = run.use_extras()
    newcomers, extras.newcomers = extras.newcomers, []
    if run.is_over():
        return
    try:
        newcomers = [job for job in newcomers if waits_in_run(job)]  # the others were cancelled
        _prepare(run, newcomers)
        if extras.recording is not None:
            restored = extras.recording.restored_among(newcomers)
            resuming.tell(run, restored)
            extras.recording.let_go(restored)
        for job in newcomers:
            if waits_in_run(job) and not _look_again(run, job):
                run.make_ready(job)
        if extras.stall is not None:
            extras.stall.look()
        run.go_on()
    except BaseException as error:  # noqa: BLE001 - the loop would only log it
        run.end(Broken(error))


def _prepare(run: GrowingRun, newcomers: list[AnyJob]) -> None:
    """Check new jobs, and make them and all jobs nested in them ready for the run."""
    check_sound(newcomers)
    for rank, job in enumerate(newcomers, len(run.roster.jobs) - len(newcomers)):
        job._rank = rank
        if isinstance(job, JobSet):
            levels = list(nesting(job))
            check_all(levels)
            nest(cast("Any", run), levels)
    extras = run.use_extras()
    job_sets = [job for job in newcomers if isinstance(job, JobSet)]
    extras.prepare_for(terms_among(newcomers), job_sets)
    among: Iterable[AnyJob] = newcomers
    if (
        extras.stall is not None and extras.stall.late
    ):  # jobs of the run may now require the new ones
        among = closure(unfinished_requirements, newcomers)
    check_cycle({job: requirements_of(job) for job in among})


def must_wait_again(run: GrowingRun, job: AnyJob) -> bool:
    """Return whether a job has new requirements since it was enrolled, and must wait.

    Raises:
        CycleError: it would wait for itself.
        RequirementError: see `_look_again()`.
    """
    unfinished = _look_again(run, job)
    if not unfinished:
        return not waits_in_run(job)  # it was skipped
    run.shuffled = True
    run.use_extras().watch_stall().late = True
    upstream = closure(unfinished_requirements, unfinished).union(unfinished)
    waiting = {other: unfinished_requirements(other) for other in upstream if other is not job}
    check_cycle({job: unfinished, **waiting})
    return True


def _look_again(run: GrowingRun, job: AnyJob) -> list[AnyJob]:
    """Make an enrolled job wait for the requirements that are new since it was last asked.

    The earlier ones were done, or the job has waited for them since.

    Returns:
        the new requirements that are not done.

    Raises:
        MissingRequirementError: a requirement is not done and not in the run.
        TypeError: see `check_sound()`.
    """
    new = _new_requirements(run, job)
    check_requirements(job, new)
    skipping = run.use_extras().skipping
    if skipping is not None and new:
        skipping.learn(job, new)
        if skipped := skipping.skip_late(job):
            run.skip(skipped)
            return []
    unfinished: list[AnyJob] = []
    for requirement in new:
        if take_part_together(requirement, job):
            unfinished.append(requirement)
        elif not requirement.is_done():
            raise MissingRequirementError(job, requirement)
    wait_for_all(job, unfinished)
    return unfinished


def _new_requirements(run: GrowingRun, job: AnyJob) -> list[AnyJob]:
    """Return the requirements of a job that are new since it was last asked, in order.

    Unless requirements were removed or moved, the new ones are last, and each is checked once:
    O(1) for each. Otherwise all are checked again.
    """
    asked_before = run.use_extras().asked
    assert asked_before is not None
    required = requirements_of(job)
    asked = asked_before.get(job)
    asked_before[job] = now = Asked(required)
    if asked is None or not asked.only_grew_to(now):
        return list(required)
    newest_first = itertools.islice(reversed(required), now.count - asked.count)
    return list(newest_first)[::-1]
