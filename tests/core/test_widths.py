"""How many columns text takes in a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs._widths import columns_of, signs_of

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
HEART = "\u2764\ufe0f"  # a text character that was made an emoji
RUNNER = "\U0001f3c3\U0001f3fd\u200d\u2640\ufe0f"  # with a skin tone and a sign
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
FRANCE = "\U0001f1eb\U0001f1f7"
KEY = "1\ufe0f\u20e3"
SYLLABLE = unicodedata.normalize("NFD", "각")  # three characters
EMOJI = [FAMILY, HEART, RUNNER, ENGLAND, FRANCE, KEY, "\U0001f600", "\U0001f3fd"]

ids = [ascii(sign) for sign in EMOJI]


# -- signs


@pytest.mark.parametrize("sign", EMOJI, ids=ids)
def test_an_emoji_is_one_sign_however_many_characters_it_has(sign):
    assert [*signs_of(f"a{sign}漢{sign}{sign}")] == (
        ["a", sign, "漢", sign, sign] if sign != "\U0001f3fd" else ["a🏽", "漢🏽🏽"]
    )


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("e\u0301e", ["e\u0301", "e"]),
        ("\u0301é", ["\u0301", "é"]),  # there is nothing to draw it on
        (SYLLABLE * 2, [SYLLABLE, SYLLABLE]),
        ("हिन्दी", ["हि", "न्", "दी"]),
        ("a\u200bb", ["a\u200b", "b"]),
        ("م\u200dم", ["م\u200d", "م"]),  # the joiner of letters, not of emoji
        (FRANCE * 2 + FRANCE[0], [FRANCE, FRANCE, FRANCE[0]]),
    ],
    ids=ascii,
)
def test_signs_are_what_readers_see_as_one_character(text, signs):
    assert [*signs_of(text)] == signs


@given(st.text())
def test_the_signs_of_a_text_are_the_text(text):
    assert "".join(signs_of(text)) == text


# -- columns


WIDTHS = {
    "": 0,
    "reboot": 6,
    "再起動": 6,
    "\uff57\uff49\uff44\uff45": 8,  # "wide", in wide letters
    "한국어": 6,
    "café": 4,
    "cafe\u0301": 4,
    "🚀": 2,
    "👍🏽": 2,  # with a skin tone
    "👩‍👩‍👧": 2,  # a family, of three joined emoji
    "❤️": 2,  # shown as an emoji
    "❤": 1,  # shown as a text
    "🇫🇷🇯🇵": 4,
    "🇫": 1,  # half of a flag
    "🇫x": 2,
    "🇫\u0301": 1,
    "1️⃣": 2,
    "a\u200bb": 2,  # a space of no width
    "\u0301": 0,  # nothing to draw it onto
    "नमस्ते": 4,
}


@pytest.mark.parametrize(("text", "width"), WIDTHS.items(), ids=ascii)
def test_how_many_columns_a_text_takes(text, width):
    assert columns_of(text) == width


@pytest.mark.parametrize("sign", EMOJI, ids=ids)
def test_all_emoji_take_two_columns(sign):
    assert columns_of(sign) == 2


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
def test_combining_marks_and_format_characters_take_no_column(text, same):
    assert columns_of(text) == columns_of(same)


def test_a_vowel_sign_that_takes_room_takes_a_column():
    assert columns_of("हि") == 2
