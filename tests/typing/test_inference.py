"""What type checkers infer for users: mypy and pyright check this file, and pytest runs it."""

from __future__ import annotations

import asyncio
from typing import assert_type

from asynciojobs import AbstractJob, BestSet, Job, JobEvent, PrintJob, Scheduler, Sequence


async def fetch(url: str, retries: int) -> bytes:
    await asyncio.sleep(0)
    return url.encode() * retries


class Answer(AbstractJob[int]):
    async def co_run(self) -> int:
        return 42


def test_jobs_know_the_types_of_their_results() -> None:
    by_function = Job(fetch, "a", 2)
    by_coroutine = Job(fetch("b", 1), label="b")
    scheduler = Scheduler(by_function, by_coroutine, answer := Answer())
    assert scheduler.run()
    assert_type(by_function.result(), bytes)
    assert_type(by_coroutine.result(), bytes)
    assert_type(answer.result(), int)
    assert (by_function.result(), by_coroutine.result(), answer.result()) == (b"aa", b"b", 42)


def test_add_returns_what_it_was_given() -> None:
    scheduler = Scheduler()
    assert_type(scheduler.add(Answer()), Answer)
    assert_type(scheduler.add(Sequence(Answer())), Sequence)
    assert_type(scheduler.jobs, BestSet[AbstractJob[object]])
    assert len(scheduler) == 2


def test_a_job_of_a_narrower_result_is_a_job_of_a_wider_one() -> None:
    wide: AbstractJob[object] = PrintJob("covariant")
    assert wide.is_idle()


def test_observers_take_events() -> None:
    def observer(event: JobEvent) -> None:
        assert_type(event.job, AbstractJob[object])
        assert_type(event.time, float)

    with Scheduler(Answer()).observe(observer) as observation:
        observation.close()
