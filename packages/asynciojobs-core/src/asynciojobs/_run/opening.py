"""The beginning of a run: check and enroll the jobs, and make the extras they need."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Protocol

from .._dag.jobset import JobSet, Level, RunState, state_of
from .._lazy import OnDemand
from .._names import Mark
from ..job import AnyJob, terms_among
from ..limit import Terms
from ..watch import wall_time
from .admission import admit, checked_levels, prepare
from .queue import Queue
from .roster import Roster
from .waitlist import dismiss

__all__ = ["Memory", "RunJournal", "nest", "open_run"]

claims = OnDemand("_run.claims")
resuming = OnDemand("_run.resuming")


if TYPE_CHECKING:
    from .._dag.jobset import LiveRun
    from .._outcomes import Verdict
    from .recording import Recorder

    class Memory(Protocol):
        """What is known about earlier runs."""

        def restored_in(self, job_set: JobSet) -> AbstractSet[AnyJob]:
            """Return the jobs that stay done, at all depths."""
            ...

        def begin(self, run: Any, /) -> Recorder | None:
            """Give results to the jobs that stay done; return the recorder of the run."""
            ...

        async def finish(
            self, verdict: Verdict | None, cancel: Callable[[], object], /
        ) -> None:
            """Wait until all records are safe; if the caller is cancelled, cancel the run."""
            ...

        def close(self) -> None:
            """Write the remaining records, when nobody waits for them any more."""
            ...

    class RunJournal(Protocol):
        """The part of a `Journal` that is used here."""

        def begin_session(self) -> Memory:
            """Return the memory of earlier runs, which also records the next run."""
            ...

    class OpeningRun(LiveRun, Protocol):
        """The part of a `Run` that is used here."""

        job_set: JobSet
        state: RunState
        tasks: Any
        mark: Mark
        roster: Roster
        queue: Queue
        shuffled: bool

        nested_mark: Mark
        memory: Memory | None

        @property
        def extras(self) -> object: ...
        def use_extras(self) -> Any: ...


def open_run(run: OpeningRun) -> list[AnyJob]:
    """Check that all jobs can run, enroll them, and return those that require nothing."""
    levels = checked_levels(run.job_set, run.nested_mark)
    _, jobs, below = levels[0]
    run.tasks.nests = bool(below)
    run.roster, entries, in_order = admit(jobs, run.mark)
    run.shuffled = not in_order
    try:
        if run.memory is not None:
            run.mark.restored = run.memory.restored_in(run.job_set)
        _look_for_extras(run, jobs, levels)
        if run.memory is not None:
            run.mark.recorder = run.memory.begin(run)
        if run.nested_mark.recorder is not None:
            run.use_extras().record(run.nested_mark.recorder)
    except BaseException:
        dismiss(jobs, run.mark)
        raise
    if run.mark.is_nested and run.nested_mark.restored:
        resuming.look_again(run.nested_mark.restored, run.job_set)
    prepare(levels, run.nested_mark)
    run.state.live_run = run
    record = run.state.record
    record.began, record.window = wall_time(), run.queue.window()
    if not run.mark.is_nested:
        record.started_at = run.tasks.time()
    if run.nested_mark.restored:
        entries = resuming.restore(run, entries)
    return entries


def _look_for_extras(run: OpeningRun, jobs: list[AnyJob], levels: list[Level]) -> None:
    """Make the extras that the jobs need, and check that the jobs can get their limits."""
    asking = terms_among(jobs)
    # In a nested run, the outermost run has checked them.
    is_outermost = not run.mark.is_nested
    if Terms.in_use and is_outermost and any(terms_among(it[1]) for it in levels):
        _reserve(run, levels)
    if run.extras is not None or run.roster.forever or asking:
        run.use_extras().prepare_for(asking, levels[0][2])


def _reserve(run: OpeningRun, levels: list[Level]) -> None:
    """Check that all jobs can get their limits, and make sure that this does not change."""
    most = claims.check_limits(levels, run.loop)
    if most:
        run.use_extras().reserve(most)


def nest(run: OpeningRun, levels: list[Level]) -> None:
    """Include a job set that joins the run, and all sets nested in it."""
    if any(terms_among(it[1]) for it in levels):
        _reserve(run, levels)
    run.tasks.nests = True
    extras = run.use_extras()
    extras.plain = extras.plain and extras.recording is None
    prepare(levels, run.nested_mark)
    run.state.observers.enclose(state_of(levels[0][0]).observers)
