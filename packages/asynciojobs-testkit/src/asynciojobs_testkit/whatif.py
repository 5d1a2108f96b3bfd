"""`what_if()`: how long a scheduler would take with other windows or limits."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from asynciojobs import AbstractJob, Limit, PureScheduler
from asynciojobs._text import listed
from asynciojobs.job import needs_of

from ._bounds import lower_bound
from ._durations import Durations, HasDurations, seconds_of_jobs
from ._findings import WhatIf as WhatIf  # noqa: PLC0414 - it is public
from ._findings import WhatIfRow as WhatIfRow  # noqa: PLC0414
from ._replica import Replica
from .clock import FakeClock

__all__ = ["what_if"]

AnyJob: TypeAlias = AbstractJob[object]
Windows: TypeAlias = int | Iterable[int | None] | None
Slots: TypeAlias = int | Iterable[int]

USUAL_WINDOWS = range(1, 17)


def what_if(
    scheduler: PureScheduler | HasDurations,
    *,
    jobs_window: Windows = None,
    limits: Mapping[str | Limit, Slots] | None = None,
    durations: Durations = None,
    spread: float = 0.0,
    runs: int = 1,
    seed: int = 0,
) -> WhatIf:
    """Try how long a scheduler would take with other windows or limits.

    The engine itself runs jobs that take as long as the real ones, on a fake clock. So nested
    schedulers, limits, timeouts and forever jobs have the same effect as in a real run. The
    scheduler itself is not changed.

    Args:
        scheduler: the scheduler, which is only read; or a journal, which means the scheduler
            of its last run or plan, with the durations of the journal.
        jobs_window: the windows to try, or a single one; ``None`` means no limit. By default,
            the scheduler's own window if `limits` are given, otherwise 1 to 16 (jobs).
        limits: the numbers of slots to try, or a single one, by limit or its label.
        durations: how long jobs take: seconds by label, a function of a job (it may return
            ``None``), a journal, or the records of one. By default, and for jobs missing from
            these, the durations of the last run.
        spread: how much the durations vary: with 0.2, each is between 80 % and 120 % of its
            value, with equal chance.
        runs: how many runs to try for each setting, if there is a spread.
        seed: the seed of the spread. Each setting is tried with the same durations.

    Returns:
        the rows, one for each setting; ``print()`` shows them as a table.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: a number is out of range, a limit or a label is unknown, or it is unknown
            how long a job takes.

    Example:
        >>> from asynciojobs_testkit import dag
        >>> found = what_if(dag("a b c d>e"), durations={it: 60 for it in "abcde"})
        >>> [row.makespan for row in found[:5]]
        [300.0, 180.0, 180.0, 120.0, 120.0]
        >>> found.smallest_good.jobs_window
        4
    """
    if isinstance(scheduler, HasDurations):
        durations = scheduler if durations is None else durations
        scheduler = planned_with(scheduler)
    if not isinstance(scheduler, PureScheduler):
        raise TypeError(
            f"what_if() takes a scheduler, or a journal that has planned or run one, not "
            f"{scheduler!r}"
        )
    check_chances(spread, runs)
    seconds = seconds_of_jobs(scheduler, durations)
    replica = Replica(scheduler)
    varied = varied_limits(replica, limits or {})
    windows = windows_to_try(scheduler, jobs_window, has_limits=bool(varied))
    draws = [drawn(seconds, spread, f"{seed} {number}") for number in range(runs)]
    simulation = Simulation(replica, draws)
    return WhatIf(
        simulation.row(window, dict(zip(varied, slots, strict=True)))
        for slots in itertools.product(*varied.values())
        for window in windows
    )


def planned_with(journal: HasDurations) -> PureScheduler:
    """Return the scheduler of the last run or plan with a journal.

    Raises:
        ValueError: there was none.
    """
    scheduler = journal.scheduler
    if not isinstance(scheduler, PureScheduler):
        raise ValueError(
            f"{journal!r} does not know what the jobs require: call journal.plan(scheduler) "
            "first, or what_if(scheduler, durations=journal)"
        )
    return scheduler


class Simulation:
    """The runs of a scheduler's replica.

    Args:
        replica: the replica.
        draws: for each run, how long each job takes, by the jobs of the original.
    """

    def __init__(
        self,
        replica: Replica,
        draws: Sequence[Mapping[AnyJob, float]],
    ) -> None:
        self._replica = replica
        self._draws = draws
        every = replica.scheduler.iterate_jobs(scan_schedulers=True)
        self._jobs: list[AnyJob] = [job for job in every if job is not replica.scheduler]
        self._top = [job for job in replica.scheduler.jobs if not job.forever]

    def row(self, window: int | None, slots: Mapping[Limit, int]) -> WhatIfRow:
        """Return how long the runs take with one setting."""
        scheduler = self._replica.scheduler
        scheduler.jobs_window = window
        for limit, count in slots.items():
            limit.slots = count
        named = {str(limit.label): count for limit, count in slots.items()}
        if self._can_not_start():
            never = math.inf
            return WhatIfRow(window or None, named, never, never, never, 0.0, None, fine=False)
        runs = sorted(self._run(draw) for draw in self._draws)
        makespan, bound, busy, _ = runs[(len(runs) - 1) // 2]
        return WhatIfRow(
            jobs_window=window or None,
            limits=named,
            makespan=makespan,
            least=runs[0][0],
            most=runs[-1][0],
            lower_bound=bound,
            busy=None if busy < 0 else busy,
            fine=all(run[3] for run in runs),
        )

    def _can_not_start(self) -> bool:
        return any(
            count > limit.slots for job in self._jobs for limit, count in needs_of(job).items()
        )

    def _run(self, draw: Mapping[AnyJob, float]) -> tuple[float, float, float, bool]:
        """Return how long a run takes, its bound, how busy it was, and whether it succeeded."""
        scheduler = self._replica.scheduler
        self._replica.set_durations(draw)
        fine = run_on_fake_clock(scheduler)
        makespan = scheduler.duration() or 0.0
        copies = {self._replica.copy_of(job): seconds for job, seconds in draw.items()}
        return makespan, lower_bound(scheduler, copies), self._busy(makespan), fine

    def _busy(self, makespan: float) -> float:
        """Return the share of the slots that was used; -1 if there are none to count."""
        if not makespan:
            return -1.0
        window = self._replica.scheduler.jobs_window
        if window:
            return sum(job.duration() or 0.0 for job in self._top) / (window * makespan)
        used = dict.fromkeys(self._replica.limits.values(), 0.0)
        for job in self._jobs:
            for limit, count in needs_of(job).items():
                used[limit] += count * (job.duration() or 0.0)
        return max((it / (limit.slots * makespan) for limit, it in used.items()), default=-1.0)


def run_on_fake_clock(scheduler: PureScheduler) -> bool:
    """Run a scheduler in no time, even inside a running event loop, as in a notebook."""

    def run() -> bool:
        return FakeClock(horizon=math.inf, real_limit=math.inf).run(scheduler.co_run())

    if asyncio._get_running_loop() is None:
        return run()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def drawn(seconds: Mapping[AnyJob, float], spread: float, seed: str) -> Mapping[AnyJob, float]:
    """Return durations that vary around the given ones, with equal chance."""
    if not spread:
        return seconds
    chance = random.Random(seed)
    return {
        job: length * chance.uniform(1 - spread, 1 + spread) for job, length in seconds.items()
    }


# -- what to try


def check_chances(spread: float, runs: int) -> None:
    """Check how much durations vary, and how many runs to try.

    Raises:
        ValueError: one of them is out of range.
    """
    if not 0 <= spread <= 1:
        raise ValueError(f"spread must be from 0 to 1, as 0.2 for 20 %, not {spread!r}")
    if isinstance(runs, bool) or runs < 1 or runs != int(runs):
        raise ValueError(f"runs must be a number of runs, 1 or more, not {runs!r}")


def windows_to_try(
    scheduler: PureScheduler, given: Windows, *, has_limits: bool
) -> list[int | None]:
    """Return the windows to try; see `what_if()`."""
    if given is None:
        return [scheduler.jobs_window] if has_limits else [*USUAL_WINDOWS]
    windows: list[int | None] = [given] if isinstance(given, int) else [*given]
    if not windows:
        raise ValueError("jobs_window has no windows to try: give some, as in range(1, 17)")
    return windows


def varied_limits(
    replica: Replica, given: Mapping[str | Limit, Slots]
) -> dict[Limit, list[int]]:
    """Return the limits of a replica to vary, with the numbers of slots to try."""
    found: dict[Limit, list[int]] = {}
    for name, slots in given.items():
        limit = limit_named(replica.limits, name)
        found[limit] = [slots] if isinstance(slots, int) else [*slots]
        if not found[limit]:
            raise ValueError(
                f"limits has no slots to try for {name!r}: give some, as range(1, 9)"
            )
    return found


def limit_named(limits: Mapping[Limit, Limit], name: str | Limit) -> Limit:
    """Return the copy of a limit, given the limit or its label.

    Raises:
        ValueError: there is no such limit, or several.
    """
    if isinstance(name, Limit) and name in limits:
        return limits[name]
    found = [copy for limit, copy in limits.items() if str(limit.label) == name]
    if len(found) != 1:
        known = listed(str(limit.label) for limit in limits)
        how_many = f"are {len(found)} limits" if found else "is no limit"
        remedy = "give the limit itself" if found else f"the limits of the jobs are {known}"
        raise ValueError(f"there {how_many} with the label {name!r}: {remedy}")
    return found[0]
