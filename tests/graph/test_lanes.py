"""Intervals in lanes: no overlaps, and no more lanes than needed."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from asynciojobs_graph._lanes import Interval, lanes

INTERVALS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda it: Interval(it[0], sum(it)))
)


def test_nothing_needs_no_lane():
    assert lanes([]) == []


def test_an_interval_may_begin_where_another_one_ends():
    assert lanes([Interval(0, 5), Interval(5, 9), Interval(4, 6)]) == [0, 0, 1]


def test_the_first_free_lane_is_taken():
    assert lanes([Interval(0, 9), Interval(0, 5), Interval(0, 4), Interval(6, 7)]) == [
        2,
        1,
        0,
        0,
    ]


def test_intervals_of_no_length_share_a_lane():
    assert lanes([Interval(3, 3)] * 4 + [Interval(3, 5)]) == [0] * 5


@given(INTERVALS)
def test_intervals_of_a_lane_do_not_overlap_and_lanes_are_few(intervals):
    found = lanes(intervals)
    for lane in set(found):
        inside = sorted(it for it, place in zip(intervals, found, strict=True) if place == lane)
        for one, other in itertools.pairwise(inside):
            assert one.end <= other.begin
    at_once = (
        sum(it is at or it.begin <= at.begin < it.end for it in intervals) for at in intervals
    )
    assert len(set(found)) <= max(at_once, default=0)
