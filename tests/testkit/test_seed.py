"""A seed shuffles the order of ready tasks."""

from __future__ import annotations

import asyncio
import sys

import pytest

from asynciojobs import Job, Scheduler
from asynciojobs_testkit import FakeClock


def order_under(**options):
    async def step(name):
        await asyncio.sleep(1)
        log.append(name)

    log = []
    with FakeClock(**options).installed():
        Scheduler(*(Job(step, name) for name in "abcdefgh")).run()
    return "".join(log)


def test_without_a_seed_the_order_is_always_the_same():
    assert order_under() == order_under()


def test_a_seed_gives_the_same_order_each_time():
    assert order_under(seed=7) == order_under(seed=7)


def test_seeds_give_different_orders():
    orders = {order_under(seed=seed) for seed in range(10)}
    assert len(orders) == 10


def test_all_tasks_run_under_a_seed():
    assert sorted(order_under(seed=3)) == list("abcdefgh")


def test_seeds_find_a_race():
    async def increment(counter):
        await asyncio.sleep(1)
        counter["n"] += 1

    async def read(counter):
        await asyncio.sleep(1)
        return counter["n"]

    results = set()
    for seed in range(20):
        counter = {"n": 0}
        reader = Job(read, counter)
        with FakeClock(seed=seed).installed():
            Scheduler(Job(increment, counter), reader).run()
        results.add(reader.result())
    assert results == {0, 1}


@pytest.mark.parametrize("seed", range(5))
def test_plain_callbacks_keep_their_order(seed):
    async def main():
        loop = asyncio.get_running_loop()
        for number in range(10):
            loop.call_soon(log.append, number)
            tasks.append(loop.create_task(asyncio.sleep(0)))
        await asyncio.gather(*tasks)

    log, tasks = [], []
    FakeClock(seed=seed).run(main())
    assert log == list(range(10))


@pytest.mark.parametrize("seed", range(5))
def test_the_output_of_a_subprocess_keeps_its_order(seed):
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "for n in range(20000): print(n)",
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return [int(line) for line in out.split()]

    assert FakeClock(seed=seed).run(main()) == list(range(20000))
