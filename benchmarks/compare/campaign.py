"""Makes the runs of a plan, and gathers the records."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from .contenders import CONTENDERS
from .plan import MILLION, Options, Step, rounds_of, steps
from .processes import faults_of, held_by, import_time, run_once, ticker
from .records import Failure, Records, Run, Spread

__all__ = ["measure_all", "verify_all"]

VERIFIED = 1_000
"""Jobs of the runs in which the order is looked at."""

FEW = 10_000
"""Jobs that a million are compared with."""

TICKED = 100_000
"""Jobs beside the ticker."""

STOP = 60.0
"""A peer is stopped after that (seconds)."""


def verify_all(options: Options) -> Iterator[str]:
    """Look at the order of the jobs in runs of their own; yield what was wrong."""
    for step in steps(options, min(VERIFIED, *options.sizes), 0):
        for fault in faults_of(step.contender, step.shape, step.jobs):
            yield f"{step.contender}, {step.shape}, {step.jobs} jobs: {fault}"


def measure_all(options: Options) -> Records:
    """Make all runs, telling on stderr where it is."""
    records = Records()
    start = time.monotonic()
    measure_others(options, records)
    for jobs in options.sizes:
        records.held[jobs] = held_by(jobs)
        rounds = rounds_of(options, jobs)
        for number in range(rounds):
            now = f"{time.monotonic() - start:4.0f} s: N = {jobs:,}"
            print(f"{now}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            for step in steps(options, jobs, number):
                take(step, options, records)
    return records


def measure_others(options: Options, records: Records) -> None:
    import_time()  # the first one compiles
    for _ in range(2 * options.rounds + 1):
        records.imports.append(import_time())
    for _ in range(options.rounds):
        records.ticks.append(ticker(TICKED))


def take(step: Step, options: Options, records: Records) -> None:
    """Make one run, unless it is known to be too long."""
    is_peer = CONTENDERS[step.contender].role == "peer"
    if is_peer and is_too_slow(step, options.patience, records):
        return
    is_ours_of_many = step.contender == "ours" and step.jobs == MILLION
    small = time_of_few(step) if is_ours_of_many else None
    match run_once(*step, timeout=STOP if is_peer else None):
        case Run() as run:
            records.runs.append(run)
            if small is not None:
                records.growth.setdefault(step.shape, []).append(run.total / step.jobs / small)
        case Failure() as failure:
            records.failures.append(failure)


def time_of_few(step: Step) -> float | None:
    """Return the time of a job of few (seconds), measured beside the step for many.

    The machine may have been slower or faster when the runs of that size had their turn.
    """
    runs = (run_once(step.contender, step.shape, FEW, step.round, None) for _ in range(3))
    spread = Spread.of([run.total / run.jobs for run in runs if isinstance(run, Run)])
    return spread and spread.median


def is_too_slow(step: Step, patience: float, records: Records) -> bool:
    """Tell whether a contender failed on a shape, or was slow, with as many jobs or fewer."""
    failed = [
        failure
        for failure in records.failures
        if (failure.contender, failure.shape) == step[:2] and failure.jobs <= step.jobs
    ]
    slow = [
        run
        for run in records.runs
        if (run.contender, run.shape) == step[:2] and run.total > patience
    ]
    return bool(failed or slow)
