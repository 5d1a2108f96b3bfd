"""What type checkers infer for users: mypy and pyright check this file; pytest runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, assert_type

from asynciojobs import (
    AbstractJob,
    BestSet,
    CallJob,
    CommandJob,
    CommandResult,
    Job,
    JobEvent,
    PrintJob,
    Scheduler,
    Sequence,
)
from asynciojobs.engine import Engine


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


def test_the_result_of_a_job_that_is_not_critical_has_the_type_of_its_function() -> None:
    # None comes only where such a job raised: users would have to ask for it everywhere.
    missing = Job(fetch, "a", 2, critical=False)
    assert Scheduler(missing).run()
    assert_type(missing.result(), bytes)
    assert missing.result() == b"aa"


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


def test_commands_give_text_or_bytes() -> None:
    text = CommandJob("echo", "a", label="text", on_line=lambda stream, line: line.upper())
    raw = CommandJob("cat", input=text, text=False, critical=False)
    assert Scheduler(text, raw).run()
    assert_type(text.result(), CommandResult[str])
    assert_type(text.result().stdout, str)
    assert_type(raw.result().stderr, bytes)
    assert_type(text.requires(raw, remove=False), CommandJob[str])
    assert (text.result().stdout, raw.result().stdout) == ("a\n", b"a")


def count(text: bytes) -> int:
    return len(text)


class Here:
    """An engine whose handles are the values."""

    async def start(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
    ) -> object:
        return function(*args, **kwargs)

    async def fetch(self, handle: object) -> object:
        return handle


def test_calls_know_the_types_of_their_results() -> None:
    page = CallJob(fetch, "a", 2)
    size = CallJob(count, page, label="size")
    again = CallJob(count, kwargs={"text": page})
    part = CallJob(partial(count, b"abc"))
    assert Scheduler(page, size, again, part).run()
    assert_type(page.result(), bytes)
    assert_type(size.result(), int)
    assert_type(again.result(), int)
    assert_type(part.result(), int)
    assert (page.result(), size.result(), again.result()) == (b"aa", 2, 2)


def test_calls_by_an_executor_know_the_types_of_their_results() -> None:
    with ThreadPoolExecutor(1) as pool:
        size = CallJob(count, b"abc", executor=pool)
        assert Scheduler(size).run()
    assert_type(size.result(), int)
    assert asyncio.run(size.fetch()) == 3


def test_the_result_of_a_call_by_an_engine_may_be_anything() -> None:
    engine: Engine = Here()
    size = CallJob(count, b"abc", executor=engine)
    assert_type(size, CallJob[Any])
    assert Scheduler(size).run()
    assert_type(size.result(), Any)


def test_a_call_is_a_job_of_its_result() -> None:
    job: AbstractJob[int] = CallJob(count, b"abc")
    wide: CallJob[object] = CallJob(count, b"abc")
    assert job.is_idle()
    assert wide.is_idle()
