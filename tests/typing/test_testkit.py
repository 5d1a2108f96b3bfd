"""What type checkers infer about the testkit; pytest runs this, too."""

from __future__ import annotations

import asyncio
from typing import assert_type

from asynciojobs import CommandJob, Scheduler, Span
from asynciojobs_testkit import (
    CommandCall,
    Dag,
    FakeClock,
    FakeCommands,
    FakeJob,
    Timeline,
    TimelineEvent,
    WhatIf,
    WhatIfRow,
    dag,
    what_if,
)


def test_a_clock_returns_what_it_runs() -> None:
    clock = FakeClock()
    assert_type(clock.run(asyncio.sleep(60, "late")), str)
    assert_type(clock.time, float)
    with clock.installed() as same:
        assert_type(same, FakeClock)
    assert clock.time == 60.0


def test_a_dag_has_fake_jobs() -> None:
    scheduler = dag("a>b")
    assert_type(scheduler, Dag)
    assert_type(scheduler["a"], FakeJob)
    with FakeClock().installed(), Timeline(scheduler) as timeline:
        assert scheduler.run()
    assert_type(timeline, Timeline)
    assert_type(timeline.events, list[TimelineEvent])
    assert_type(timeline.spans, tuple[Span, ...])
    assert_type(timeline.start("b"), float)
    assert timeline.start("b") == 1.0


def test_what_if_returns_rows() -> None:
    found = what_if(dag("a b"), jobs_window=[1, 2], durations={"a": 60, "b": 60})
    assert_type(found, WhatIf)
    assert_type(found[0], WhatIfRow)
    assert_type(found[:1], tuple[WhatIfRow, ...])
    assert_type(found.smallest_good, WhatIfRow | None)
    assert [row.makespan for row in found] == [120.0, 60.0]


def test_fake_commands_list_their_calls() -> None:
    with FakeClock().installed(), FakeCommands() as commands:
        commands("echo *", stdout="hello", takes=5)
        assert Scheduler(CommandJob("echo", "hello")).run()
    assert_type(commands.calls, list[CommandCall])
    assert_type(commands.calls[0].argv, tuple[str, ...])
    assert commands.calls[0].argv == ("echo", "hello")
