"""The reusable executor of loky."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from kinds import EVERYTHING
from remotework import hold_once, wait_for

from asynciojobs import BrokenPoolError, CallJob, Scheduler

if not EVERYTHING:
    pytest.importorskip("loky", reason="loky is not installed: ./hatchw run engines:test")


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_reusable_executor_is_replaced_once_it_is_dead(tmp_path):
    from loky import get_reusable_executor

    def called():
        executor = get_reusable_executor(max_workers=2)
        return CallJob(hold_once, tmp_path, executor=executor, critical=False)

    async def main():
        job = called()
        run = asyncio.ensure_future(Scheduler(job).co_run())
        await asyncio.to_thread(wait_for, tmp_path / "begun")
        os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        await run
        again = called()
        await Scheduler(again).co_run()
        return type(job.raised_exception()), again.result()

    try:
        assert asyncio.run(main()) == (BrokenPoolError, "called again")
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
