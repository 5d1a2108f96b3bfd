"""The ticks of a time axis: round seconds, and the time of day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from asynciojobs_graph._axis import clock_text, ticks

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def texts(duration, most=10):
    return [tick.text for tick in ticks(duration, NOON, most)]


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (0.0000015, ["0.0000000 s", "0.0000005 s", "0.0000010 s", "0.0000015 s"]),
        (0.03, ["0.00 s", "0.01 s", "0.02 s", "0.03 s"]),
        (0.3, ["0.0 s", "0.1 s", "0.2 s", "0.3 s"]),
        (3, ["0 s", "1 s", "2 s", "3 s"]),
        (59, ["0 s", "15 s", "30 s", "45 s"]),
        (240, ["0 s", "60 s", "120 s", "180 s", "240 s"]),
        (7199, ["0 s", "1,800 s", "3,600 s", "5,400 s"]),
        (4 * 86400, ["0 s", "86,400 s", "172,800 s", "259,200 s", "345,600 s"]),
        (4_000_000, ["0 s", "864,000 s", "1,728,000 s", "2,592,000 s", "3,456,000 s"]),
    ],
)
def test_ticks_are_at_round_numbers_of_seconds(duration, expected):
    assert texts(duration, most=5) == expected


@pytest.mark.parametrize("exponent", range(-6, 10))
@pytest.mark.parametrize("factor", [1, 1.5, 2, 3.7, 9.99])
def test_there_are_neither_too_many_ticks_nor_too_few(exponent, factor):
    duration = factor * 10.0**exponent
    places = [tick.seconds for tick in ticks(duration, NOON, 10)]
    assert 2 <= len(places) <= 11
    assert places[0] == 0
    assert places == sorted(places)
    assert places[-1] <= duration * (1 + 1e-9)
    assert len(set(texts(duration))) == len(places)


def test_a_run_that_took_no_time_has_one_tick():
    assert ticks(0, NOON) == [(0, "0 s", "12:00:00")]


def test_ticks_show_the_time_of_day():
    assert [tick.clock for tick in ticks(90, NOON, 3)] == [
        "12:00:00",
        "12:00:30",
        "12:01:00",
        "12:01:30",
    ]


def test_the_time_of_day_is_as_exact_as_the_step():
    assert clock_text(NOON, 1.23456789, 0.01) == "12:00:01.23"
    assert clock_text(NOON, 1.23456789, 1e-9) == "12:00:01.234568"


def test_another_day_is_shown_with_its_date():
    assert clock_text(NOON, 12 * 3600, 60) == "02-01 00:00:00"


def test_the_time_of_day_follows_a_change_to_summer_time():
    began = datetime(2030, 3, 31, 1, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert clock_text(began, 3600, 60) == "03:30:00"


def test_a_zone_with_a_fixed_offset_is_kept():
    began = datetime(2030, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert clock_text(began, 60, 1) == "12:01:00"
