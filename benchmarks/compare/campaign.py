"""Makes the runs of a plan, and gathers the records."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from .contenders import CONTENDERS
from .plan import Options, Step, rounds_of, steps
from .processes import faults_of, held_by, import_time, run_once, ticker
from .records import Failure, Records, Run

__all__ = ["measure_all", "verify_all"]

VERIFIED = 1_000
"""Jobs of the runs in which the order is looked at."""

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
    match run_once(*step, timeout=STOP if is_peer else None):
        case Run() as run:
            records.runs.append(run)
        case Failure() as failure:
            records.failures.append(failure)


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
