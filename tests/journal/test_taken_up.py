"""Random schedulers, crashed at each record and in the middle of it, and resumed each time."""

from __future__ import annotations

import asyncio
import functools
import random

import pytest

from asynciojobs import Job, Journal, Limit, Scheduler
from asynciojobs_testkit import Crash, FakeClock, crash_at


class World:
    """A random scheduler that can be made again and again, and a record of its jobs."""

    def __init__(self, seed):
        self.seed = seed
        self.ran = []  # the labels of the jobs that have returned, in all runs
        self.seen = set()  # the labels of jobs that a follower has started after
        self.versions = {}  # of changed jobs, by label
        self.jobs = {}  # the jobs made last, by label

    async def work(self, label, seconds, required):
        self.seen.update(required)
        await asyncio.sleep(seconds)
        self.ran.append(label)
        parts = [self.jobs[it].result() for it in required]
        return f"{label}, version {self.versions.get(label)}, of {parts}"

    def make(self):
        chance = random.Random(self.seed)
        limit = Limit(chance.randint(1, 3))
        jobs = []
        scheduler = self.scheduler(chance, "root", limit, jobs, depth=2)
        self.jobs = {job.label: job for job in jobs}
        return scheduler, jobs

    def scheduler(self, chance, label, limit, jobs, depth, **options):
        members = []
        for number in range(chance.randint(1, 5)):
            name = f"{label}.{number}"
            required = [it for it in members if chance.random() < 0.4]
            if depth and chance.random() < 0.3:
                members.append(
                    self.scheduler(chance, name, limit, jobs, depth - 1, required=required)
                )
                continue
            names = [it.label for it in required if isinstance(it, Job)]
            work = functools.partial(self.work, name, chance.choice([0, 0.1, 1, 2]), names)
            job = Job(
                work,
                label=name,
                required=required,
                limits=limit if chance.random() < 0.3 else None,
                version=self.versions.get(name, 1),
            )
            jobs.append(job)
            members.append(job)
        return Scheduler(
            *members,
            label=label,
            jobs_window=chance.choice([None, 1, 2]),
            keep_going=chance.random() < 0.5,
            **options,
        )

    def run(self, path):
        scheduler, jobs = self.make()
        with Journal(path, sync=False) as journal:
            scheduler.run(journal=journal, loop_factory=FakeClock().loop_factory())
        return {job.label: job.result() for job in jobs}


@pytest.mark.parametrize("torn", [False, True], ids=["between", "torn"])
@pytest.mark.parametrize("seed", range(12))
def test_it_can_be_taken_up_wherever_it_crashes(tmp_path, seed, torn):
    whole = World(seed).run(tmp_path / "whole")
    for number in range(1000):
        world = World(seed)
        path = tmp_path / f"{number}"
        with crash_at(number, torn=torn) as crash:
            try:
                world.run(path)
            except Crash:
                pass
        seen = set(world.seen)
        assert world.run(path) == whole
        again = {label for label in world.ran if world.ran.count(label) > 1}
        assert not again & seen
        if not crash.happened:
            break
    assert number > 1


@pytest.mark.parametrize("seed", range(6))
def test_each_crash_may_be_followed_by_the_next(tmp_path, seed):
    whole = World(seed).run(tmp_path / "whole")
    world = World(seed)
    for number in range(1, 200):
        with crash_at(number) as crash:
            try:
                assert world.run(tmp_path / "journal") == whole
            except Crash:
                pass
        if not crash.happened:
            break
    assert not crash.happened
    assert [record.kind for record in Journal.read(tmp_path / "journal")][-1] == "end"


@pytest.mark.parametrize("seed", range(10))
def test_no_result_is_old_if_jobs_change_between_crashes(tmp_path, seed):
    chance = random.Random(seed)
    world = World(seed)
    world.run(tmp_path / "journal")
    for version in range(10):
        world.versions[chance.choice(list(world.jobs))] = f"new {version}"
        with crash_at(chance.randrange(12), torn=chance.random() < 0.3):
            try:
                world.run(tmp_path / "journal")
            except Crash:
                pass
        whole = world.run(tmp_path / f"whole {version}")
        assert world.run(tmp_path / "journal") == whole


def test_a_crash_waits_for_the_disk_like_any_other_run(tmp_path):
    with (
        crash_at(3) as crash,
        Journal(tmp_path / "journal") as journal,
        pytest.raises(Crash),
    ):
        Scheduler(Job(asyncio.sleep, 0)).run(journal=journal)
    assert crash.happened
    assert [record.kind for record in Journal.read(tmp_path / "journal")] == [
        "run",
        "started",
        "done",
    ]


def test_a_crash_can_not_come_before_the_first_record():
    with pytest.raises(ValueError, match=r"^a crash comes after 0 records or more, not -1$"):
        crash_at(-1)
