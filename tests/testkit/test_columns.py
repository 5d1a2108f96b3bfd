"""Where text is cut, and how it is padded."""

from __future__ import annotations

import pytest

from asynciojobs._timeline.columns import cut, padded
from asynciojobs._widths import columns_of

TEXTS = [
    "reboot",
    "再起動",
    "\uff57\uff49\uff44\uff45",  # "wide", in wide letters
    "한국어",
    "café",
    "cafe\u0301",
    "🚀",
    "👍🏽",  # with a skin tone
    "👩‍👩‍👧",  # a family, of three joined emoji
    "❤️",  # shown as an emoji
    "❤",  # shown as a text
    "🇫🇷🇯🇵",
    "🇫",  # half of a flag
    "🇫x",
    "1️⃣",
    "a\u200bb",  # a space of no width
    "\u0301",  # there is nothing to draw it on
    "नमस्ते",
]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
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
