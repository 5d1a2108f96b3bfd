"""Which jobs of a run have a row, and in which order."""

from __future__ import annotations

import pytest
import runs

from asynciojobs.timeline import Outcome
from asynciojobs_graph._rows import counts_text, rows_of


def rows_for(scheduler, bottleneck=(), **options):
    return rows_of(scheduler.timeline().spans, bottleneck, **options)


def labels(rows):
    return [row.span.label for row in rows.shown]


@pytest.fixture(scope="module")
def lab():
    return runs.lab()


def test_rows_are_in_the_order_of_starts_and_nested_jobs_follow_their_scheduler(lab):
    rows = rows_for(lab)
    assert labels(rows) == [
        *("images", "one", "two"),
        "monitor",
        *("boots", "racks", "h1", "h2", "bad"),
        "end",
    ]
    assert rows.left_out.total() == 0


def test_jobs_that_never_started_come_last():
    assert labels(rows_for(runs.with_skipped())) == ["measure", "plot", "store"]


def test_levels_below_the_depth_are_closed(lab):
    rows = rows_for(lab, depth=1)
    assert labels(rows) == ["images", "one", "two", "monitor", "boots", "racks", "bad", "end"]
    closed = {row.span.label: dict(row.left_out) for row in rows.shown if row.left_out}
    assert closed == {"racks": {Outcome.DONE: 2}}
    assert rows.left_out == {Outcome.DONE: 2}


def test_a_closed_scheduler_counts_the_jobs_of_all_levels_inside(lab):
    rows = rows_for(lab, depth=0)
    boots = next(row for row in rows.shown if row.span.label == "boots")
    assert boots.left_out == {Outcome.DONE: 3, Outcome.FAILED: 1}
    assert boots.is_nested


def test_of_many_jobs_those_that_tell_most_have_rows(lab):
    """First what failed, with what is around it; then the bottleneck, levels, durations."""
    h2 = next(span.job for span in lab.timeline().spans if span.label == "h2")
    assert labels(rows_for(lab, [h2], most=2)) == ["boots", "bad"]
    assert labels(rows_for(lab, [h2], most=4)) == ["boots", "racks", "h2", "bad"]
    assert labels(rows_for(lab, [h2], most=6)) == [
        *("images", "monitor"),
        *("boots", "racks", "h2", "bad"),
    ]


def test_jobs_without_rows_are_counted(lab):
    rows = rows_for(lab, most=2)
    assert rows.left_out == {Outcome.DONE: 7, Outcome.STOPPED: 1}
    assert {row.span.label: dict(row.left_out) for row in rows.shown} == {
        "boots": {Outcome.DONE: 3},
        "bad": {},
    }


def test_the_bottleneck_is_marked(lab):
    bottleneck = {link.job for link in lab.bottleneck()}
    rows = rows_for(lab, bottleneck)
    assert [row.span.label for row in rows.shown if row.holds_back] == [
        *("one", "two", "h1", "end")
    ]


def test_counts_are_in_words(lab):
    rows = rows_for(lab, most=2)
    assert counts_text(rows.left_out) == "8 jobs: 7 done, 1 stopped"
    assert counts_text(rows.left_out - rows.left_out) == "0 jobs"
    rows.left_out[Outcome.IDLE] = 1234
    assert counts_text(rows.left_out) == "1,242 jobs: 7 done, 1 stopped, 1,234 idle"
