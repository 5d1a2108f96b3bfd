"""The list of the mutants that no test can tell is about the code as it is."""

from __future__ import annotations

from explained import LIST, explained, is_there


def test_what_the_explained_mutants_change_is_in_the_code_still():
    changes = explained(LIST.read_text(encoding="utf-8"))
    assert [str(change) for change in changes if not is_there(change)] == []


def test_no_mutant_is_explained_twice():
    changes = explained(LIST.read_text(encoding="utf-8"))
    assert sorted(map(str, changes)) == sorted(map(str, set(changes)))
