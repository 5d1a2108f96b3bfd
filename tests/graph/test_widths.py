"""How wide text is, and where it is wrapped."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs import AbstractJob, PureScheduler, Scheduler
from asynciojobs._widths import columns_of
from asynciojobs_graph._widths import width_in_ems
from asynciojobs_graph._wrapping import COLUMNS, wrapped

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
HEART = "\u2764\ufe0f"  # a text character that is made an emoji
RUNNER = "\U0001f3c3\U0001f3fd\u200d\u2640\ufe0f"  # with a skin tone and a sign
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
FRANCE = "\U0001f1eb\U0001f1f7"
KEY = "1\ufe0f\u20e3"
SYLLABLE = unicodedata.normalize("NFD", "각")  # three characters
EMOJI = [FAMILY, HEART, RUNNER, ENGLAND, FRANCE, KEY, "\U0001f600", "\U0001f3fd"]

ids = [ascii(sign) for sign in EMOJI]


# -- widths


@pytest.mark.parametrize("sign", EMOJI, ids=ids)
def test_all_emoji_have_the_same_width(sign):
    assert width_in_ems(sign) == 1.3


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("e\u0301a\u0302\u0323", "éâ"),
        (SYLLABLE, "각"),
        ("a\u200bb\u2060", "ab"),
        ("\u05d0\u05b8", "\u05d0"),  # a vowel point of Hebrew
        ("\u0e01\u0e34", "\u0e01"),  # of Thai, whose combining class is 0
    ],
    ids=ascii,
)
def test_combining_marks_and_format_characters_have_no_width(text, same):
    assert width_in_ems(text) == pytest.approx(width_in_ems(same), abs=0.15)


def test_a_vowel_sign_that_takes_room_has_a_width():
    assert width_in_ems("हि") > width_in_ems("ह")


@pytest.mark.parametrize(
    ("label", "same"),
    [(FAMILY * 8, "\U0001f600" * 8), ("e\u0301" * 30, "é" * 30)],
    ids=["emoji", "combining"],
)
def test_a_box_has_no_room_for_characters_that_are_joined(label, same):
    """This is the least width, which both programs get."""
    texts = [PureScheduler(AbstractJob(label=text)).dot_format() for text in (label, same)]
    widths = [float(text.partition(' width="')[2].partition('"')[0]) for text in texts]
    assert widths[0] == pytest.approx(widths[1], rel=0.15)


# -- wrapping


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("x" * 40, ["x" * 40]),
        ("x" * 41, ["x" * 40, "x"]),
        ("word " * 9, ["word word word word word word word word", "word "]),
        ("a" * 20 + "  " + "b" * 20, ["a" * 20, "b" * 20]),
        ("x" * 40 + "  ", ["x" * 40 + "  "]),
        ("x" * 40 + " y", ["x" * 40, "y"]),
        ("two\nlines " + "x" * 38, ["two", "lines", "x" * 38]),
        (
            "/usr/local/share/a_long_path/without-any/spaces/at.all/file.txt",
            ["/usr/local/share/a_long_path/without-", "any/spaces/at.all/file.txt"],
        ),
        ("漢字" * 11, ["漢字" * 10, "漢字"]),
        ("漢" * 20 + "。字", ["漢" * 19, "漢。字"]),  # no line begins with a full stop
        ("漢" * 19 + "「字」", ["漢" * 19, "「字」"]),  # and none ends with a bracket
        ("👍" * 25, ["👍" * 20, "👍" * 5]),
        (FAMILY * 21, [FAMILY * 20, FAMILY]),
        ("e\u0301" * 41, ["e\u0301" * 40, "e\u0301"]),
        ("हि" * 30, ["हि" * 20, "हि" * 10]),
    ],
    ids=ascii,
)
def test_long_lines_are_wrapped_at_40_columns(text, lines):
    assert wrapped(text).split("\n") == lines


@given(st.text(alphabet=st.sampled_from("ab /-漢。「" + FAMILY + "\u0301"), max_size=200))
def test_wrapping_loses_nothing_but_spaces(text):
    lines = wrapped(text).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns_of(line.rstrip(" ")) <= COLUMNS for line in lines)


def test_both_programs_draw_wrapped_labels(drawn):
    label = "copy the results of the third measurement to the archive on the server"
    lines = ["copy the results of the third", "measurement to the archive on the server"]
    svg = drawn(PureScheduler(AbstractJob(label=label), Scheduler(AbstractJob(), label=label)))
    assert svg.boxes["1"].texts == [f"1: {lines[0]}", lines[1]]
    assert svg.clusters["cluster_2"].texts == [f"2: {lines[0]}", lines[1]]


def test_a_graph_label_is_wrapped_too(drawn):
    class Labelled(AbstractJob):
        def graph_label(self):
            return "word " * 9

    svg = drawn(PureScheduler(Labelled()))
    assert svg.boxes["1"].texts == [("word " * 8).strip(), "word "]
