"""Text of users is shown, and does nothing else."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ElementTree

import pytest
from hostile import FORBIDDEN, TEXTS

from asynciojobs_graph._inert import escaped, inert, inert_line
from asynciojobs_graph._markup import Markup, element, join

EVERY_CHARACTER = "".join(map(chr, range(0x110000)))


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:20]))
def test_a_hostile_text_is_shown_as_text(text):
    shown = inert(text)
    assert FORBIDDEN.search(shown) is None
    assert html.unescape(escaped(text)) == shown
    assert ElementTree.fromstring(f"<p>{escaped(text)}</p>").text == (shown or None)
    assert ElementTree.fromstring(f'<p t="{escaped(text)}"/>').get("t") is not None


def test_every_character_can_be_written():
    shown = inert(EVERY_CHARACTER, limit=len(EVERY_CHARACTER))
    assert FORBIDDEN.search(shown) is None
    shown.encode()
    ElementTree.fromstring(f"<p>{html.escape(shown)}</p>")


def test_most_characters_stay_as_they_are():
    text = "é ẞ ω ж א ع 漢字 かな 한글 😀 → ✓ \u200d\u200f\ufeff\xa0\xad"
    assert (inert(text), inert_line(text)) == (text, text)


def test_all_kinds_of_line_ends_become_one():
    assert inert("a\nb\rc\r\nd\u2028e\u2029f\n\r") == "a\nb\nc\nd\ne\nf\n\n"


def test_a_long_text_is_shortened_in_the_middle():
    assert inert("a" * 5 + "b" * 1_000_000 + "c" * 5, limit=10) == "aaaaa … ccccc"


def test_a_text_of_just_the_limit_is_whole():
    assert inert("abcdefghij", limit=10) == "abcdefghij"


def test_a_line_has_no_line_ends_and_no_tabs():
    assert inert_line("one\ntwo\x85three\tfour\x0cfive") == "one two three four five"


# -- elements


def test_what_is_no_markup_is_escaped():
    assert element("p", "<b>", Markup("<i>x</i>"), None, "&") == "<p>&lt;b&gt;<i>x</i>&amp;</p>"


def test_attributes_are_escaped_and_may_be_left_out():
    made = element("p", title='"<&', data_x=0, hidden=True, lang=None, open=False, class_="a b")
    assert made == '<p title="&quot;&lt;&amp;" data-x="0" hidden class="a b"></p>'


def test_elements_without_contents_have_no_end():
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_joined_parts_are_markup_that_is_not_escaped_again():
    assert element("p", join("<", element("b", ">"))) == "<p>&lt;<b>&gt;</b></p>"
