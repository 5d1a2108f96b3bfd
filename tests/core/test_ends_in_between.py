"""Cancelling and setting slots at odd moments: in observers, in clean-up, before the start.

The model of a run (`tests/properties`) found each of these.
"""

from __future__ import annotations

import asyncio

import pytest

from asynciojobs import AbstractJob, CallJob, Job, Limit, PureScheduler, Scheduler, Sequence


class Again(AbstractJob[None]):
    """A job that can run twice."""

    async def co_run(self) -> None:
        await asyncio.sleep(1)


def test_a_job_that_has_ended_can_not_be_cancelled_in_the_clean_up(fake_time):
    async def slow_to_end():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(2)
            answers.append(quick.cancel())

    answers: list[bool] = []
    quick = Job(asyncio.sleep, 60)
    s = PureScheduler(quick, Job(slow_to_end), timeout=1)
    assert s.run() is False
    assert answers == [False]
    assert quick.raised_exception() is None


def test_an_observer_can_not_cancel_a_job_that_has_just_failed(fake_time):
    async def fail():
        raise OSError("no")

    def hear(event):
        kinds.append(str(event.kind))
        if event.kind == "failed" and len(kinds) < 5:
            answers.append(event.job.cancel())

    answers: list[bool] = []
    kinds: list[str] = []
    job = Job(fail, critical=False)
    s = PureScheduler(job)
    with s.observe(hear):
        assert s.run() is True
    assert kinds == ["scheduled", "started", "failed"]
    assert answers == [False]
    assert isinstance(job.raised_exception(), OSError)


@pytest.mark.parametrize("critical", [True, False])
def test_an_observer_cancels_a_job_before_it_is_scheduled(fake_time, critical):
    def hear(event):
        kinds.append((event.job.label, str(event.kind)))
        if kinds == [("a", "scheduled")]:
            assert b.cancel() is True

    kinds: list[tuple[str, str]] = []
    a = Job(asyncio.sleep, 1, label="a")
    b = Job(asyncio.sleep, 1, label="b", critical=critical)
    c = Job(asyncio.sleep, 1, label="c")
    s = PureScheduler(a, b, c)
    with s.observe(hear):
        assert s.run() is not critical
    assert [kind for label, kind in kinds if label == "b"] == ["failed"]
    assert isinstance(b.raised_exception(), asyncio.CancelledError)
    assert c.is_done() is not critical


def test_no_job_is_scheduled_after_an_observer_has_stopped_the_run(fake_time):
    def hear(event):
        kinds.append((event.job.label, str(event.kind)))
        if event.kind == "scheduled":
            s.stop()

    kinds: list[tuple[str, str]] = []
    s = PureScheduler(Job(asyncio.sleep, 1, label="a"), Job(asyncio.sleep, 1, label="b"))
    with s.observe(hear):
        assert s.run() is True
    assert kinds == [("a", "scheduled")]


def test_a_job_that_ran_before_joins_and_is_cancelled_at_once(fake_time):
    async def add_and_cancel():
        s.add(again)
        answers.append(again.cancel())

    answers: list[bool] = []
    again = Again(critical=False)
    assert PureScheduler(again).run() is True
    s = PureScheduler(Job(add_and_cancel))
    assert s.run() is True
    assert answers == [True]
    assert isinstance(again.raised_exception(), asyncio.CancelledError)
    assert again.started_at is None


def test_a_limit_can_not_get_too_small_for_a_nested_job_that_has_not_begun(fake_time):
    async def shrink():
        with pytest.raises(ValueError, match=r"can't have 1 slot now, since <Job `inner`>"):
            gpu.slots = 1
        gpu.slots = 2

    gpu = Limit(3, "gpu")
    first = Job(shrink)
    inner = Job(asyncio.sleep, 1, label="inner", limits=[(gpu, 2)])
    s = PureScheduler(first, Scheduler(Scheduler(inner), required=first))
    assert s.run() is True
    assert gpu.free == 2
    gpu.slots = 1


def test_a_limit_can_not_get_too_small_for_a_job_and_the_scheduler_around_it(fake_time):
    async def shrink():
        with pytest.raises(ValueError, match=r"can't have 1 slot now, since .* needs 2"):
            gpu.slots = 1

    gpu = Limit(2, "gpu")
    group = Scheduler(Job(shrink), Job(asyncio.sleep, 1, limits=gpu), limits=gpu)
    assert PureScheduler(group).run() is True


def test_a_limit_of_a_nested_job_is_in_use_before_it_begins(fake_time):
    """Otherwise its run would be refused during the run around it."""

    def use_elsewhere():
        with pytest.raises(RuntimeError, match="is in use in another event loop"):
            PureScheduler(Job(asyncio.sleep, 0, limits=gpu)).run()

    gpu = Limit(1, "gpu")
    first = CallJob(use_elsewhere)
    group = Scheduler(Job(asyncio.sleep, 1, limits=gpu), required=first)
    assert PureScheduler(first, group).run() is True


def test_a_limit_can_not_get_too_small_for_a_job_in_a_scheduler_that_joins(fake_time):
    async def shrink():
        s.add(Scheduler(Sequence(Job(asyncio.sleep, 1), inner)))
        await asyncio.sleep(0.5)
        with pytest.raises(ValueError, match=r"since <Job `inner`> needs 2"):
            gpu.slots = 1

    gpu = Limit(2, "gpu")
    inner = Job(asyncio.sleep, 1, label="inner", limits=[(gpu, 2)])
    s = PureScheduler(Job(shrink))
    assert s.run() is True
    assert inner.is_done()


@pytest.mark.parametrize("forever", [True, False])
def test_an_observer_cancels_a_job_just_before_it_starts(fake_time, forever):
    def hear(event):
        kinds.append((event.job.label, str(event.kind)))
        if kinds[-1] == ("b", "started"):
            assert c.cancel() is True

    kinds: list[tuple[str, str]] = []
    limit = Limit(2)
    options = {"critical": False, "forever": forever, "limits": limit}
    a = Job(asyncio.sleep, 1, label="a", limits=[(limit, 2)])
    b = Job(asyncio.sleep, 1, label="b", **options)
    c = Job(asyncio.sleep, 1, label="c", **options)
    d = Job(asyncio.sleep, 1, label="d", limits=limit, required=a)
    s = PureScheduler(a, b, c, d)
    with s.observe(hear):
        assert s.run() is True
    assert [kind for label, kind in kinds if label == "c"] == ["scheduled", "failed"]
    assert d.started_at == (2 if forever else 1)
    assert limit.free == 2


@pytest.mark.parametrize("end", ["cancelled", "critical", "fine"])
def test_no_nested_job_starts_with_what_the_end_of_the_run_gives_back(in_loop, end):
    """The slots become free at the moment at which the run around it ends."""

    async def hold():
        await asyncio.sleep(2)
        if end == "critical":
            raise OSError("no")
        if end == "cancelled":
            await asyncio.sleep(10)

    async def main():
        run = asyncio.ensure_future(s.co_run())
        await asyncio.sleep(3 if end == "cancelled" else 0)
        if end == "cancelled":
            run.cancel()
        await asyncio.wait([run])

    limit = Limit(1)
    late = Job(asyncio.sleep, 1, label="late", limits=limit)
    deep = Scheduler(Scheduler(Sequence(Job(asyncio.sleep, 1), late)), forever=True)
    s = PureScheduler(deep, Job(hold, limits=limit))
    in_loop(main())
    assert late.started_at is None
    assert limit.free == 1
