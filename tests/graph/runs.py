"""Runs in virtual time, for timelines and reports."""

from __future__ import annotations

import asyncio
import random

from asynciojobs import Job, PureScheduler, Scheduler
from asynciojobs_testkit import FakeClock


async def step(seconds, error=None):
    await asyncio.sleep(seconds)
    if error is not None:
        raise error
    return {"seconds": seconds}


def job(label, seconds, **options):
    return Job(step, seconds, label=label, **options)


def after_run(scheduler):
    """Run a scheduler, and return it."""
    scheduler.run(loop_factory=FakeClock().loop_factory)
    return scheduler


def lab():
    """Return a run of 10 s on three levels, with jobs that end in all ways.

    `images` are fetched one after another (0 to 2, 2 to 5), then `boots` (5 to 9).
    """
    images = Scheduler(job("one", 2), job("two", 3), label="images", jobs_window=1)
    racks = Scheduler(job("h1", 4), job("h2", 1), label="racks")
    failing = Job(step, 1, OSError("no <b>disk</b>"), label="bad", critical=False)
    boots = Scheduler(racks, failing, label="boots", required=images)
    monitor = Job(step, 60, label="monitor", forever=True, critical=False)
    end = job("end", 1, required=boots)
    return after_run(Scheduler(images, boots, monitor, end, label="lab"))


def with_skipped():
    """Return a run that went on after a failure, with jobs that were skipped."""
    failing = Job(step, 2, ValueError("too cold"), label="measure")
    behind = job("store", 1, required=failing)
    beside = job("plot", 3)
    return after_run(PureScheduler(failing, behind, beside, keep_going=True))


def many(number, *, seed=1, **options):
    """Return a run of many jobs, each with up to two requirements."""
    choose = random.Random(seed)
    jobs: list[Job] = []
    for index in range(number):
        required = choose.sample(jobs, min(len(jobs), choose.randrange(3)))
        seconds = round(choose.expovariate(1 / 60), 6)
        error = OSError("no disk") if choose.random() < 0.05 else None
        critical = error is None
        label = f"fetch the image of host-{index:03}" if index % 5 == 0 else f"job {index}"
        options_of_job = {"label": label, "required": required, "critical": critical}
        jobs.append(Job(step, seconds, error, **options_of_job))
    return PureScheduler(*jobs, **options)


def racks(number, size):
    """Return a run of nested schedulers with as many jobs in each."""
    nested = [
        Scheduler(*many(size, seed=index).jobs, label=f"rack {index}", jobs_window=3)
        for index in range(number)
    ]
    return PureScheduler(*nested, jobs_window=20)


def of(number, size=None):
    """Return a run of so many jobs, or of so many nested schedulers of some size."""
    return after_run(many(number, jobs_window=10) if size is None else racks(number, size))
