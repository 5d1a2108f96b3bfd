"""Who held slots, and when: compared with a slow count."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

from asynciojobs._timeline.occupancy import Occupancy


class Holding(NamedTuple):
    holder: object
    slots: int
    start: float
    end: float


def some_holdings(seed):
    chance = random.Random(seed)
    holdings = []
    for name in range(chance.randint(0, 30)):
        start = chance.randint(0, 10)
        holdings.append(
            Holding(name, chance.randint(1, 3), start, start + chance.randint(0, 5))
        )
    return holdings


@pytest.mark.parametrize("seed", range(30))
def test_how_many_slots_were_taken_just_before_a_moment(seed):
    holdings = some_holdings(seed)
    occupancy = Occupancy(holdings)
    for moment in range(-1, 17):
        taken = sum(it.slots for it in holdings if it.start < moment <= it.end)
        assert occupancy.taken_before(moment) == taken


@pytest.mark.parametrize("seed", range(30))
def test_who_gave_slots_back_last(seed):
    holdings = some_holdings(seed)
    occupancy = Occupancy(holdings)
    for after in range(-1, 16):
        for until in range(after, 17):
            ends = [it.end for it in holdings if after < it.end <= until and it.start < it.end]
            for above in (-1, 2, 5):
                full = [end for end in ends if occupancy.taken_before(end) > above]
                last = occupancy.last_given_back(after, until, above)
                assert (None if last is None else last[1]) == max(full, default=None)


def test_nobody_waits_for_what_took_no_time():
    occupancy = Occupancy([Holding("a", 1, 5, 5)])
    assert (occupancy.taken_before(5), occupancy.last_given_back(0, 9, 0)) == (0, None)
