"""`Watch`: its exact output, on clocks that only the test moves."""

from __future__ import annotations

from datetime import datetime

import pytest

from asynciojobs import Watch
from asynciojobs.watch import use_clocks


class Hands:
    """Clocks that a test can set."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.wall = datetime(2018, 3, 9, 20, 48, 27, 782_999)


@pytest.fixture
def hands():
    hands = Hands()
    with use_clocks(lambda: hands.seconds, lambda: hands.wall):
        yield hands


@pytest.mark.parametrize(
    ("args", "flags", "printed"),
    [
        ((), {}, "000.000  \n"),
        (("hello there",), {}, "000.000  hello there\n"),
        (("",), {}, "000.000  \n"),
        (("hello",), {"show_elapsed": False}, "hello\n"),
        ((), {"show_elapsed": False}, ""),
        (("hello",), {"show_wall_clock": True}, "20:48:27.782 000.000  hello\n"),
        ((), {"show_wall_clock": True, "show_elapsed": False}, "20:48:27.782 \n"),
    ],
)
def test_a_new_watch_prints_what_its_options_say(hands, capsys, args, flags, printed):
    Watch(*args, **flags)
    assert capsys.readouterr().out == printed


@pytest.fixture
def watch(hands, capsys):
    watch = Watch()
    capsys.readouterr()
    return watch


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "000.000"),
        (1.0, "001.000"),
        (0.0625, "000.062"),
        (61.5, "061.500"),
        (999.999, "999.999"),
        (1000.0, "1000.000"),
    ],
)
def test_elapsed_is_written_with_milliseconds(watch, hands, seconds, text):
    hands.seconds += seconds
    assert watch.elapsed() == text


def test_seconds_is_the_time_since_the_start(watch, hands):
    hands.seconds += 2.5
    assert watch.seconds() == 2.5


def test_print_elapsed_ends_with_two_blanks(watch, hands, capsys):
    hands.seconds += 1
    watch.print_elapsed()
    assert capsys.readouterr().out == "001.000  "


def test_print_elapsed_ends_with_the_suffix(watch, capsys):
    watch.print_elapsed("|\n")
    assert capsys.readouterr().out == "000.000|\n"


def test_print_wall_clock_ends_with_one_blank(hands, capsys):
    Watch.print_wall_clock()
    assert capsys.readouterr().out == "20:48:27.782 "


def test_print_wall_clock_ends_with_the_suffix(hands, capsys):
    Watch.print_wall_clock(suffix="\n")
    assert capsys.readouterr().out == "20:48:27.782\n"


def test_print_wall_clock_works_on_a_watch_too(watch, capsys):
    watch.print_wall_clock()
    assert capsys.readouterr().out == "20:48:27.782 "


def test_the_wall_clock_has_leading_zeros(hands, capsys):
    hands.wall = datetime(2018, 3, 9, 1, 2, 3, 4_000)
    Watch.print_wall_clock()
    assert capsys.readouterr().out == "01:02:03.004 "


def test_reset_starts_again(watch, hands):
    hands.seconds += 5
    watch.reset()
    hands.seconds += 1
    assert watch.seconds() == 1.0


def test_reset_prints_nothing(watch, capsys):
    watch.reset()
    assert capsys.readouterr().out == ""


def test_a_change_of_the_time_of_day_has_no_effect(watch, hands):
    hands.seconds += 1
    hands.wall = datetime(1970, 1, 1)
    assert watch.seconds() == 1.0


def test_the_repr_shows_the_elapsed_time(watch, hands):
    hands.seconds += 1
    assert repr(watch) == "<Watch 001.000>"


def test_a_watch_keeps_the_clock_that_it_was_made_with(capsys):
    with use_clocks(lambda: 7.0):
        watch = Watch()
    with use_clocks(lambda: 100.0):
        assert watch.seconds() == 0.0


def test_reset_uses_the_clock_of_its_context(capsys):
    with use_clocks(lambda: 7.0):
        watch = Watch()
    with use_clocks(lambda: 100.0):
        watch.reset()
    assert watch.seconds() == 0.0


def test_after_an_inner_context_the_outer_clocks_are_used(hands, capsys):
    with use_clocks(lambda: 5.0):
        pass
    watch = Watch()
    hands.seconds += 3
    assert watch.seconds() == 3.0


def test_without_fake_clocks_time_never_goes_back(capsys):
    watch = Watch()
    first = watch.seconds()
    assert watch.seconds() >= first >= 0


def test_the_message_may_be_positional_and_the_flags_may_not():
    with pytest.raises(
        TypeError,
        match=(
            r"^Watch\.__init__\(\) takes from 1 to 2 positional arguments "
            "but 3 were given$"
        ),
    ):
        Watch("hello", True)
