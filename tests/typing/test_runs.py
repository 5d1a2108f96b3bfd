"""What type checkers infer about runs: limits, plans, timelines, views and events.

mypy and pyright check this file, and pytest runs it.
"""

from __future__ import annotations

import contextlib
import io
import logging
from datetime import datetime
from typing import Literal, assert_type

from asynciojobs import (
    AbstractJob,
    Bottleneck,
    Job,
    Limit,
    Link,
    LinkKind,
    Outcome,
    PrintJob,
    PureScheduler,
    Scheduler,
    Span,
    Timeline,
    Wait,
    log_events,
)
from asynciojobs_graph import live, mermaid_format


async def answer() -> int:
    return 42


async def fail() -> None:
    raise OSError("no disk")


def failed() -> tuple[Job[None], Job[int], Scheduler]:
    """Return two jobs, the second of which was skipped, and their scheduler."""
    first = Job(fail)
    second = Job(answer, required=first)
    scheduler = Scheduler(first, second, keep_going=True, critical=False)
    assert not scheduler.run()
    return first, second, scheduler


def test_limits_are_given_alone_or_with_a_number_of_slots() -> None:
    ssh, gpu = Limit(4, "ssh"), Limit(2)
    assert_type(ssh.slots, int)
    assert_type(ssh.free, int)
    one = Job(answer, limits=ssh, timeout=5)
    both = Job(answer, limits=[ssh, (gpu, 2)])
    nested = Scheduler(both, limits=(ssh, 1))
    assert_type(one, Job[int])
    assert Scheduler(one, nested).run()
    assert (one.result(), both.result(), ssh.free) == (42, 42, 4)


def test_what_was_skipped_names_the_job_that_failed() -> None:
    first, second, scheduler = failed()
    assert_type(second.is_skipped(), bool)
    assert_type(second.skipped_by(), AbstractJob[object] | None)
    assert_type(scheduler.failures(), dict[AbstractJob[object], BaseException])
    assert second.skipped_by() is first
    assert list(scheduler.failures()) == [first]


def test_a_plan_says_what_becomes_of_each_job() -> None:
    _, _, scheduler = failed()
    plan = scheduler.plan(resume=True)
    assert_type(plan, list[tuple[AbstractJob[object], Literal["restore", "run"], str]])
    assert [action for _, action, _ in plan] == ["run", "run"]
    assert_type(scheduler.run(resume=True), bool)


def test_the_end_of_a_run_is_asked_for() -> None:
    async def found() -> None:
        scheduler.stop("found")

    job = Job(found)
    scheduler = PureScheduler(job)
    assert scheduler.run(stop_on=None)
    assert_type(scheduler.was_stopped(), bool)
    assert_type(job.cancel(), bool)
    assert (scheduler.was_stopped(), job.cancel()) == (True, False)


def test_a_timeline_consists_of_spans() -> None:
    _, second, scheduler = failed()
    timeline = scheduler.timeline()
    assert_type(timeline, Timeline)
    assert_type(timeline.began_at, datetime)
    assert_type(timeline.duration, float)
    assert_type(timeline.spans, tuple[Span, ...])
    assert_type(timeline.longest(3), list[Span])
    span = timeline.spans[1]
    assert_type(span.job, AbstractJob[object])
    assert_type(span.start, float | None)
    assert_type(span.path, tuple[str, ...])
    assert (span.job, span.outcome) == (second, Outcome.SKIPPED)


def test_a_bottleneck_consists_of_links() -> None:
    scheduler = Scheduler(Job(answer), Job(answer), jobs_window=1)
    assert scheduler.run()
    bottleneck = scheduler.bottleneck()
    assert_type(bottleneck, Bottleneck)
    assert_type(bottleneck[0], Link)
    assert_type(bottleneck[:1], tuple[Link, ...])
    assert_type(bottleneck.waits, tuple[Wait, ...])
    assert_type(bottleneck.sentence, str)
    assert [link.kind for link in bottleneck] == [LinkKind.START, LinkKind.SLOT]


def test_a_view_is_a_block() -> None:
    scheduler = Scheduler(Job(answer))
    with live(scheduler, mode="lines") as shown:
        assert_type(shown, None)
        assert_type(scheduler.run(), bool)


def test_events_are_logged_in_a_block() -> None:
    scheduler = PureScheduler(PrintJob("hello"))
    with contextlib.redirect_stdout(io.StringIO()), log_events(scheduler, logging.DEBUG):
        assert scheduler.run()


def test_exports_return_names_of_files(tmp_path: object) -> None:
    _, _, scheduler = failed()
    assert_type(scheduler.export_as_tracefile(f"{tmp_path}/run"), str)
    assert_type(scheduler.export_as_htmlfile(f"{tmp_path}/run"), str)
    assert_type(scheduler.export_as_timeline(f"{tmp_path}/run"), str)
    assert_type(mermaid_format(scheduler), str)
