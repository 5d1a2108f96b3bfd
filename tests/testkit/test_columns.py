"""How wide a text is in a terminal, and where it is cut."""

from __future__ import annotations

import pytest

from asynciojobs_testkit._columns import columns_of, cut, padded

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
    "1️⃣": 2,
    "a\u200bb": 2,  # a space of no width
    "\u0301": 0,  # nothing to draw it onto
    "नमस्ते": 4,
}


@pytest.mark.parametrize(("text", "width"), WIDTHS.items())
def test_width(text, width):
    assert columns_of(text) == width


@pytest.mark.parametrize("text", [text for text in WIDTHS if text])
@pytest.mark.parametrize("limit", range(1, 12))
def test_a_cut_text_has_at_most_so_many_columns(text, limit):
    shown = cut(f"{text}{text}", limit)
    assert columns_of(shown) <= limit
    assert shown == f"{text}{text}" or shown.endswith("…")


def test_a_text_is_cut_between_signs():
    family, flag, accent = "👩‍👩‍👧", "🇫🇷", "e\u0301"
    assert [cut(sign * 9, 4) for sign in (family, flag, accent)] == [
        f"{family}…",
        f"{flag}…",
        f"{accent * 3}…",
    ]


def test_a_text_that_fits_is_left_alone():
    assert cut("再起動", 6) == "再起動"


def test_control_characters_are_shown_as_spaces():
    assert cut("a\tb\x1b\n", 6) == "a b  "


def test_a_text_is_padded_to_its_width():
    assert [padded(text, 6) + "|" for text in ("ab", "再起", "cafe\u0301")] == [
        "ab    |",
        "再起  |",
        "cafe\u0301  |",
    ]
