"""`BestSet` keeps the order, and behaves like `set`, whichever class it is."""

from __future__ import annotations

import copy
import operator
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs.bestset import BestSet, InsertionSet

MEMBERS = st.lists(st.integers(0, 8), max_size=8)

OPERATORS = [operator.and_, operator.or_, operator.sub, operator.xor]
IN_PLACE = [operator.iand, operator.ior, operator.isub, operator.ixor]
COMPARISONS = [operator.eq, operator.ne, operator.le, operator.lt]
# orderedset 2.0.3 gets these wrong if the right operand is a plain set:
COMPARISONS_BACKWARDS = [operator.ge, operator.gt]
MANY_TO_NEW = ["union", "intersection", "difference"]
MANY_IN_PLACE = ["update", "intersection_update", "difference_update"]
QUESTIONS = ["isdisjoint", "issubset", "issuperset"]


def in_first_order(*lists):
    return list(dict.fromkeys(member for members in lists for member in members))


# -- BestSet, whether it is InsertionSet or orderedset.OrderedSet


@given(MEMBERS)
def test_iterates_in_the_order_of_insertion(members):
    assert list(BestSet(members)) == in_first_order(members)


def test_an_added_member_goes_to_the_end():
    best = BestSet("ba")
    best.add("c")
    assert list(best) == ["b", "a", "c"]


def test_a_member_added_again_keeps_its_place():
    best = BestSet("bac")
    best.add("b")
    assert list(best) == ["b", "a", "c"]


def test_a_member_removed_and_added_goes_to_the_end():
    best = BestSet("bac")
    best.remove("b")
    best.add("b")
    assert list(best) == ["a", "c", "b"]


def test_is_empty_by_default():
    assert list(BestSet()) == []


@given(MEMBERS)
def test_has_the_length_of_a_set(members):
    assert len(BestSet(members)) == len(set(members))


@given(MEMBERS)
def test_iterates_backwards(members):
    assert list(reversed(BestSet(members))) == in_first_order(members)[::-1]


@given(MEMBERS, st.integers(0, 8))
def test_contains_the_members_of_a_set(members, member):
    assert (member in BestSet(members)) is (member in set(members))


@given(MEMBERS)
def test_equals_a_set_of_the_same_members(members):
    assert BestSet(members) == set(members)


@given(MEMBERS)
def test_a_set_of_the_same_members_equals_it(members):
    assert set(members) == BestSet(members)


def test_differs_from_a_set_of_other_members():
    assert BestSet([1, 2]) != {1, 3}


@pytest.mark.parametrize("symbol", [operator.and_, operator.or_, operator.sub])
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_operator_with_a_set_gives_the_members_that_sets_give(symbol, mine, theirs):
    assert set(symbol(BestSet(mine), set(theirs))) == symbol(set(mine), set(theirs))


@pytest.mark.parametrize("symbol", OPERATORS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_operator_with_another_one_gives_the_members_that_sets_give(symbol, mine, theirs):
    found = symbol(BestSet(mine), BestSet(theirs))
    assert set(found) == symbol(set(mine), set(theirs))


@pytest.mark.parametrize("symbol", IN_PLACE)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_operator_in_place_changes_the_object_like_a_set(symbol, mine, theirs):
    best, plain = BestSet(mine), set(mine)
    result = symbol(best, set(theirs))
    symbol(plain, set(theirs))
    assert (result is best, set(best)) == (True, plain)


@pytest.mark.parametrize("symbol", COMPARISONS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_compares_with_a_set_like_a_set(symbol, mine, theirs):
    expected = symbol(set(mine), set(theirs))
    assert symbol(BestSet(mine), set(theirs)) is expected


@pytest.mark.parametrize("name", MANY_TO_NEW)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_a_method_that_returns_a_set_gives_the_members_that_sets_give(name, mine, theirs):
    found = getattr(BestSet(mine), name)(theirs)
    assert set(found) == getattr(set(mine), name)(theirs)


@given(mine=MEMBERS, theirs=MEMBERS)
def test_symmetric_difference_gives_the_members_that_sets_give(mine, theirs):
    found = BestSet(mine).symmetric_difference(BestSet(theirs))
    assert set(found) == set(mine).symmetric_difference(theirs)


@pytest.mark.parametrize("name", [*MANY_IN_PLACE, "symmetric_difference_update"])
@given(mine=MEMBERS, theirs=MEMBERS)
def test_a_method_in_place_leaves_the_same_members_as_in_a_set(name, mine, theirs):
    best, plain = BestSet(mine), set(mine)
    getattr(best, name)(BestSet(theirs))
    getattr(plain, name)(theirs)
    assert set(best) == plain


@pytest.mark.parametrize("name", QUESTIONS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_a_question_has_the_same_answer_as_for_sets(name, mine, theirs):
    expected = getattr(set(mine), name)(set(theirs))
    assert getattr(BestSet(mine), name)(BestSet(theirs)) is expected


def test_update_keeps_the_order_of_new_members():
    best = BestSet([3])
    best.update([9, 3, 1])
    assert list(best) == [3, 9, 1]


def test_union_keeps_the_order_of_new_members():
    assert list(BestSet([3, 1]) | BestSet([9, 3, 2])) == [3, 1, 9, 2]


def test_difference_keeps_the_order():
    assert list(BestSet([5, 3, 1, 4]) - {3}) == [5, 1, 4]


def test_copy_is_another_object_of_the_same_members():
    best = BestSet([2, 1])
    other = best.copy()
    other.add(3)
    assert (list(best), list(other)) == ([2, 1], [2, 1, 3])


def test_remove_removes_a_member():
    best = BestSet([2, 1, 3])
    best.remove(1)
    assert list(best) == [2, 3]


def test_remove_of_a_missing_member_is_a_key_error():
    with pytest.raises(KeyError, match=r"^7$"):
        BestSet([1]).remove(7)


def test_discard_removes_a_member():
    best = BestSet([2, 1, 3])
    best.discard(1)
    assert list(best) == [2, 3]


def test_discard_of_a_missing_member_does_nothing():
    best = BestSet([1])
    best.discard(7)
    assert list(best) == [1]


def test_pop_removes_the_last_member():
    best = BestSet([2, 3, 1])
    assert (best.pop(), list(best)) == (1, [2, 3])


def test_pop_of_an_empty_set_is_a_key_error():
    with pytest.raises(KeyError):
        BestSet().pop()


def test_clear_removes_all_members():
    best = BestSet([1, 2])
    best.clear()
    assert list(best) == []


def test_is_true_iff_it_has_members():
    assert (bool(BestSet()), bool(BestSet([0]))) == (False, True)


def test_can_not_be_hashed():
    with pytest.raises(TypeError, match=r"^unhashable type: '\w+'$"):
        hash(BestSet())


def test_refuses_a_member_that_can_not_be_hashed():
    with pytest.raises(TypeError) as refusal:
        BestSet([[]])
    assert str(refusal.value) in (
        "unhashable type: 'list'",
        "cannot use 'list' as a dict key (unhashable type: 'list')",  # from Python 3.14 on
    )


# -- the built-in class, InsertionSet


@given(MEMBERS, MEMBERS)
def test_insertion_sets_are_equal_whatever_their_orders(mine, theirs):
    equal = InsertionSet(mine) == InsertionSet(theirs)
    assert equal is (set(mine) == set(theirs))


@pytest.mark.parametrize("symbol", COMPARISONS_BACKWARDS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_insertion_set_compares_as_a_superset_like_a_set(symbol, mine, theirs):
    expected = symbol(set(mine), set(theirs))
    assert symbol(InsertionSet(mine), set(theirs)) is expected


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize("other_class", [set, InsertionSet])
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_operator_gives_an_insertion_set(symbol, other_class, mine, theirs):
    found = symbol(InsertionSet(mine), other_class(theirs))
    expected = (InsertionSet, symbol(set(mine), set(theirs)))
    assert (type(found), set(found)) == expected


@pytest.mark.parametrize("symbol", OPERATORS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_operator_gives_its_members_in_order(symbol, mine, theirs):
    found = symbol(InsertionSet(mine), InsertionSet(theirs))
    wanted = symbol(set(mine), set(theirs))
    order = [member for member in in_first_order(mine, theirs) if member in wanted]
    assert list(found) == order


@pytest.mark.parametrize("symbol", OPERATORS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_an_operator_after_a_set_gives_an_insertion_set(symbol, mine, theirs):
    found = symbol(set(theirs), InsertionSet(mine))
    expected = (InsertionSet, symbol(set(theirs), set(mine)))
    assert (type(found), set(found)) == expected


def test_an_intersection_has_the_order_of_the_insertion_set_on_either_side():
    mine = InsertionSet([5, 3, 1])
    assert (list(mine & {1, 3, 5}), list({1, 3, 5} & mine)) == ([5, 3, 1], [5, 3, 1])


@pytest.mark.parametrize("name", MANY_TO_NEW)
@given(mine=MEMBERS, others=st.lists(MEMBERS, max_size=3))
def test_a_method_of_many_gives_an_insertion_set_in_order(name, mine, others):
    found = getattr(InsertionSet(mine), name)(*others)
    wanted = getattr(set(mine), name)(*others)
    order = [member for member in in_first_order(mine, *others) if member in wanted]
    assert (type(found), list(found)) == (InsertionSet, order)


@pytest.mark.parametrize("name", MANY_IN_PLACE)
@given(mine=MEMBERS, others=st.lists(MEMBERS, max_size=3))
def test_a_method_of_many_changes_an_insertion_set_in_place(name, mine, others):
    changed, plain = InsertionSet(mine), set(mine)
    returned = getattr(changed, name)(*others)
    getattr(plain, name)(*others)
    order = [member for member in in_first_order(mine, *others) if member in plain]
    assert (returned, list(changed)) == (None, order)


@pytest.mark.parametrize("name", ["symmetric_difference", "union"])
@given(mine=MEMBERS, theirs=MEMBERS)
def test_a_method_takes_any_iterable(name, mine, theirs):
    found = getattr(InsertionSet(mine), name)(iter(theirs))
    assert found == getattr(set(mine), name)(theirs)


@pytest.mark.parametrize("name", QUESTIONS)
@given(mine=MEMBERS, theirs=MEMBERS)
def test_a_question_takes_any_iterable(name, mine, theirs):
    found = getattr(InsertionSet(mine), name)(iter(theirs))
    assert found is getattr(set(mine), name)(theirs)


@pytest.mark.parametrize("symbol", [operator.iand, operator.ior])
def test_an_operator_in_place_with_itself_changes_nothing(symbol):
    mine = InsertionSet([2, 1])
    assert list(symbol(mine, mine)) == [2, 1]


@pytest.mark.parametrize("symbol", [operator.isub, operator.ixor])
def test_a_difference_in_place_with_itself_leaves_nothing(symbol):
    mine = InsertionSet([2, 1])
    assert list(symbol(mine, mine)) == []


def test_copy_copy_is_another_object_of_the_same_members():
    mine = InsertionSet([2, 1])
    other = copy.copy(mine)
    other.add(3)
    assert (list(mine), list(other)) == ([2, 1], [2, 1, 3])


def test_pickling_keeps_the_order():
    mine = InsertionSet([2, 1, 3])
    assert list(pickle.loads(pickle.dumps(mine))) == [2, 1, 3]


def test_shows_its_members_in_order():
    assert repr(InsertionSet("ba")) == "BestSet(['b', 'a'])"


def test_an_intersection_with_a_list_is_a_type_error_like_for_sets():
    rule = r"^unsupported operand type\(s\) for &: 'InsertionSet' and 'list'$"
    with pytest.raises(TypeError, match=rule):
        InsertionSet([1]) & [1]


@pytest.mark.parametrize(
    ("symbol", "sign"),
    [(operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")],
)
def test_ordering_against_a_list_is_a_type_error_like_for_sets(symbol, sign):
    rule = f"'{sign}' not supported between instances of 'InsertionSet' and 'list'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        symbol(InsertionSet([1]), [1])


def test_is_not_equal_to_a_list():
    assert InsertionSet([1]) != [1]
