"""The list of mutants that no test can kill matches the present code."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from explained import FORM, LIST, OPERATORS, Entry, as_items, explained, functions_of

LISTED = explained(LIST.read_text(encoding="utf-8"))


def test_the_functions_of_the_explained_mutants_are_there():
    places = {(entry.module, entry.function) for entry in LISTED}
    assert {place for place in places if place[1] not in functions_of(place[0])} == set()


def test_no_mutant_is_explained_twice():
    assert [entry for entry, times in Counter(LISTED).items() if times > 1] == []


def test_explained_mutants_of_one_kind_are_out_of_one_total():
    totals: dict[tuple[str, str, str], set[int]] = {}
    for entry in LISTED:
        totals.setdefault(entry[:3], set()).add(entry.total)
    assert {kind: total for kind, total in totals.items() if len(total) > 1} == {}


def test_an_item_names_several_mutants_of_a_function():
    item = "- `_dag/edits` `Edit.__init__`: text 1, 3 of 4; condition fixed 2 of 2"
    where = "_dag/edits", "Edit.__init__"
    assert explained(item) == [
        Entry(*where, "text", 1, 4),
        Entry(*where, "text", 3, 4),
        Entry(*where, "condition fixed", 2, 2),
    ]


@pytest.mark.parametrize(
    "item",
    [
        "- _dag/edits sanitize: text 1 of 2",
        "- `_dag/edits` `sanitize`",
        "- `_dag/edits` `sanitize`: text",
        "- `_dag/edits` `sanitize`: text 1",
        "- `_dag/edits` `sanitize`: operator_string 1 of 2",
        "- `_dag/edits` `sanitize`: text 1 of 2, number 1 of 2",
    ],
)
def test_an_item_that_has_another_form_is_refused(item):
    message = re.escape(f"{item!r} is not of the form {FORM!r}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        explained(item)


@pytest.mark.parametrize("number", [0, 3])
def test_the_number_of_a_mutant_is_not_above_the_total(number):
    item = f"- `_dag/edits` `sanitize`: text {number} of 2"
    with pytest.raises(ValueError, match=f"^'{item}': {number} is not among 1 to 2$"):
        explained(item)


def test_each_operator_can_be_named_in_an_item():
    for operator in OPERATORS.values():
        entry = Entry("_dag/edits", "sanitize", operator, 1, 1)
        assert explained("\n".join(as_items([entry]))) == [entry]
