"""Random schedulers whose jobs share limits: nobody waits forever, and no slot is lost.

Schedulers are nested and have windows. Some hold slots themselves. Jobs fail, join, cancel each
other, stop schedulers, and change windows and the numbers of slots. Everything depends on a
seed, so a failure can be repeated. A wait without end raises the clock's `DeadlockError`.

To try more seeds than the tests do:

    python tests/properties/test_limits_at_random.py FIRST_SEED HOW_MANY
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter, defaultdict

import pytest

from asynciojobs import (
    AbstractJob,
    EventKind,
    Limit,
    PureScheduler,
    Scheduler,
    use_loop_factory,
)
from asynciojobs.limit import desk_of
from asynciojobs_testkit import FakeClock

SEEDS = 20
CHUNKS = 25


class Story:
    """What happens in the run of one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.eager = hasattr(asyncio, "eager_task_factory") and self.random.random() < 0.3
        sizes = [self.random.randint(1, 3) for _ in range(self.random.randint(1, 4))]
        self.limits = [Limit(size, "abcd"[n]) for n, size in enumerate(sizes)]
        self.needs = {}  # of each job
        self.in_use = Counter()
        self.has_shrunk = set()
        self.has_joined = False
        self.complaints = []
        self.schedulers = []
        self.jobs = []
        self.acts = self.random.random() < 0.6
        self.root = self.scheduler(0, PureScheduler)

    # -- how it is made

    def draw_needs(self, chance):
        pick = self.random
        if pick.random() > chance:
            return {}
        chosen = pick.sample(self.limits, pick.randint(1, min(2, len(self.limits))))
        return {limit: pick.randint(1, min(2, limit.slots)) for limit in chosen}

    def flags(self, chance):
        pick = self.random
        return {
            "limits": self.draw_needs(chance),
            "critical": pick.random() < 0.2,
            "forever": pick.random() < 0.15,
            "timeout": pick.choice([None] * 7 + [0, 1, 2]),
        }

    def scheduler(self, depth, kind, **flags):
        pick = self.random
        members = [self.member(depth) for _ in range(pick.randint(1, 5 if depth else 7))]
        for n, job in enumerate(members):
            if n and pick.random() < 0.4:
                job.requires(*pick.sample(members[:n], pick.randint(1, min(2, n))))
        window = pick.choice([None, None, 1, 2, 3])
        scheduler = kind(*members, jobs_window=window, keep_going=pick.random() < 0.3, **flags)
        self.schedulers.append(scheduler)
        return scheduler

    def member(self, depth):
        if depth < 3 and self.random.random() < 0.3:
            flags = self.flags(0.5)
            flags["label"] = f"s{len(self.jobs)}"
            job = self.scheduler(depth + 1, self.nested_class(), **flags)
        else:
            flags = self.flags(0.7)
            job = Worker(self, label=f"j{len(self.jobs)}", **flags)
        self.needs[job] = flags["limits"]
        self.jobs.append(job)
        return job

    def nested_class(self):
        story = self

        class Nested(Scheduler):
            async def co_run(self):
                story.begins(self)
                try:
                    return await super().co_run()
                finally:
                    story.ends(self)

        return Nested

    # -- what happens

    def begins(self, job):
        for limit, count in self.needs[job].items():
            self.in_use[limit] += count
            if limit not in self.has_shrunk and self.in_use[limit] > limit.slots:
                self.complaints.append(f"{job!r} begins with {self.in_use[limit]} of {limit!r}")

    def ends(self, job):
        for limit, count in self.needs[job].items():
            self.in_use[limit] -= count

    def act(self):
        """Do something at random to the run."""
        pick = self.random
        match pick.randint(0, 11 if self.acts else 3):
            case 4 | 5:
                pick.choice(self.jobs).cancel()
            case 6:
                self.stop(pick.choice(self.schedulers))
            case 7:
                pick.choice(self.schedulers).jobs_window = pick.randint(0, 3)
            case 8 | 9:
                self.resize(pick.choice(self.limits), pick.randint(1, 4))
            case 10:
                self.join(pick.choice(self.schedulers))
            case 11:
                raise ValueError("at random")

    def stop(self, scheduler):
        if scheduler is not self.root or self.random.random() < 0.2:
            try:
                scheduler.stop()
            except RuntimeError:
                pass  # it does not run

    def resize(self, limit, slots):
        try:
            if slots < limit.slots:
                self.has_shrunk.add(limit)
            limit.slots = slots
        except ValueError:
            pass  # some job needs more, or might wait forever

    def join(self, scheduler):
        if len(self.jobs) < 40:
            self.has_joined = True
            scheduler.add(self.member(2))

    # -- how it is checked

    def can_t_run(self):
        """Return whether a job could never start, by checking all of them."""
        return any(
            held + count > limit.slots
            for limit in self.limits
            for held, count in self.stacks(self.root, limit, 0)
        )

    def stacks(self, scheduler, limit, held):
        for job in scheduler.jobs:
            count = self.needs[job].get(limit, 0)
            yield (held, count) if count else (0, 0)
            if isinstance(job, Scheduler):
                yield from self.stacks(job, limit, held + count)

    def play(self):
        refused = self.can_t_run()
        events = []

        def make():
            loop = FakeClock().loop_factory()
            if self.eager:
                loop.set_task_factory(asyncio.eager_task_factory)
            loop.set_exception_handler(lambda _, context: self.complaints.append(context))
            return loop

        with use_loop_factory(make), self.root.observe(events.append):
            try:
                self.root.run()
            except ValueError:
                if not (refused or self.has_joined):
                    raise
            else:
                assert not refused
        self.check(refused, events)

    def check(self, refused, events):
        assert self.complaints == []
        assert +self.in_use == Counter()
        for limit in self.limits:
            desk = desk_of(limit)
            left = [desk.loop, *desk.users, *desk.lines, *desk.holders]
            assert (limit.free, desk.free, left) == (limit.slots, limit.slots, [None])
        if refused:
            assert events == []
        for job in self.jobs:
            assert job.started_at is None or job.ended_at is not None, job
        self.check_order(events)

    def check_order(self, events):
        """Check that jobs of one scheduler that need the same start as they became ready."""
        ready, started = defaultdict(list), defaultdict(list)
        around = {job: scheduler for scheduler in self.schedulers for job in scheduler.jobs}
        for event in events:
            needs = frozenset(self.needs[event.job].items())
            if needs:
                group = around[event.job], event.job.forever, needs
                if event.kind is EventKind.SCHEDULED:
                    ready[group].append(event.job)
                elif event.kind is EventKind.STARTED:
                    started[group].append(event.job)
        for group, jobs in started.items():
            expected = [job for job in ready[group] if job in set(jobs)]
            assert jobs == expected, group


class Worker(AbstractJob):
    """A job that takes some time, and may do something to the run."""

    def __init__(self, story, **flags):
        self.story = story
        self.takes = story.random.choice([0, 0, 0.5, 1, 1, 2, 3])
        self.clean_up = story.random.choice([0, 0, 0, 0.5])
        super().__init__(**flags)

    async def co_run(self):
        self.story.begins(self)
        try:
            await asyncio.sleep(self.takes)
            self.story.act()
            await asyncio.sleep(self.takes)
        finally:
            try:
                await asyncio.sleep(self.clean_up)
            finally:
                self.story.ends(self)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_limits_at_random(chunk):
    for seed in range(chunk * SEEDS, (chunk + 1) * SEEDS):
        play(seed)


def play(seed):
    try:
        Story(seed).play()
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise


if __name__ == "__main__":
    first, many = map(int, sys.argv[1:])
    for seed in range(first, first + many):
        play(seed)
