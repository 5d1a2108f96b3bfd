"""Spans that are made when somebody asks for them."""

from __future__ import annotations

import pytest

from asynciojobs import Scheduler
from asynciojobs._dag.outline import outline
from asynciojobs._timeline.made import Spans
from asynciojobs._timeline.reading import Moments, read
from asynciojobs_testkit import FakeJob

LABELS = ["first", "outer", "inner", "deep", "last"]


@pytest.fixture
def spans(run):
    """Return the spans of a run with two nested schedulers, one in the other."""
    inner = Scheduler(FakeJob("deep"), label="inner")
    outer = Scheduler(inner, label="outer", required=(first := FakeJob("first")))
    scheduler = run(Scheduler(first, outer, FakeJob("last", required=outer)))
    table = read(scheduler, Moments(0.0, 1.0, is_live=False), outline(scheduler))
    return Spans(table, float)


def test_they_are_a_sequence(spans):
    assert [len(spans), *(span.label for span in spans)] == [5, *LABELS]
    assert [spans[place].label for place in (0, -1, -5)] == ["first", "last", "first"]
    assert tuple(span.label for span in spans[1:4]) == ("outer", "inner", "deep")
    with pytest.raises(IndexError):
        spans[5]


def test_the_schedulers_around_are_made_first(spans):
    deep = spans[3]
    assert (deep.path, deep.depth) == (("outer", "inner", "deep"), 2)
    assert (deep.around, deep.around.around) == (spans[2], spans[1])


def test_each_is_made_once(spans):
    inner = spans[2]
    assert [*map(id, spans)] == [*map(id, spans)]
    assert spans[3].around is inner
