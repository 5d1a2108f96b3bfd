"""How late a ticker of 10 ms is, in the loop that runs many instant jobs.

python -m benchmarks.compare.ticker N
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict

from asynciojobs import Job, Scheduler

from .records import Tick

__all__ = ["Ticker", "measure"]

PERIOD = 0.01


class Ticker:
    """Ticks every 10 ms, and notes when each tick was due and how late it was."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.late: list[tuple[float, float]] = []
        self.wait()

    def wait(self) -> None:
        self.due = self.loop.time() + PERIOD
        self.timer = self.loop.call_at(self.due, self.tick)

    def tick(self) -> None:
        self.late.append((self.due, self.loop.time() - self.due))
        self.wait()

    def verdict(self, called: float, began: float, ended: float) -> Tick:
        """Return the worst lateness before the call of the run, and in each part of it."""
        worst = {"idle": 0.0, "starting": 0.0, "running": 0.0, "ending": 0.0}
        for due, late in self.late:
            if due + late < called:
                part = "idle"
            elif due < began:
                part = "starting"
            else:
                part = "running" if due + late < ended else "ending"
            worst[part] = max(worst[part], late)
        return Tick(**worst)


async def measure(jobs: int) -> Tick:
    """Tick for a while without, then with so many jobs."""
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def note() -> None:
        times.append(loop.time())

    async def nothing() -> None:
        pass

    between = (Job(nothing()) for _ in range(jobs - 2))
    scheduler = Scheduler(Job(note()), *between, Job(note()))
    ticker = Ticker()
    await asyncio.sleep(20 * PERIOD)
    called = loop.time()
    await scheduler.co_run()
    await asyncio.sleep(2 * PERIOD)  # a tick that the end made late is told as well
    ticker.timer.cancel()
    return ticker.verdict(called, *times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", type=int)
    print(json.dumps(asdict(asyncio.run(measure(parser.parse_args().jobs)))))


if __name__ == "__main__":
    main()
