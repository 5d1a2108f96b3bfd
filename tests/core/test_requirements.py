"""`requires` and `required`: every form that users may write."""

from __future__ import annotations

import re

import pytest

from asynciojobs import AbstractJob, BestSet, Scheduler, Sequence


@pytest.fixture
def j1():
    return AbstractJob(label="j1")


@pytest.fixture
def j2():
    return AbstractJob(label="j2")


@pytest.fixture
def j3():
    return AbstractJob(label="j3")


@pytest.fixture
def j4():
    return AbstractJob(label="j4")


FORMS = {
    "requires(None)": lambda j2, j3, j4: (None,),
    "requires([None])": lambda j2, j3, j4: ([None],),
    "requires((None,))": lambda j2, j3, j4: ((None,),),
    "requires(j2)": lambda j2, j3, j4: (j2,),
    "requires(j2, j3)": lambda j2, j3, j4: (j2, j3),
    "requires([j2, j3])": lambda j2, j3, j4: ([j2, j3],),
    "requires(j2, [j3, j4])": lambda j2, j3, j4: (j2, [j3, j4]),
    "requires((j2, j3))": lambda j2, j3, j4: ((j2, j3),),
    "requires(([j2], [[[j3]]]))": lambda j2, j3, j4: (([j2], [[[j3]]]),),
    "requires()": lambda j2, j3, j4: (),
    "requires(j2, None, [None, j3])": lambda j2, j3, j4: (j2, None, [None, j3]),
    "requires(generator)": lambda j2, j3, j4: ((job for job in [j2, j3]),),
    "requires(dict)": lambda j2, j3, j4: ({j2: "", j3: ""},),
}

MEANT = {
    "requires(None)": "",
    "requires([None])": "",
    "requires((None,))": "",
    "requires(j2)": "2",
    "requires(j2, j3)": "23",
    "requires([j2, j3])": "23",
    "requires(j2, [j3, j4])": "234",
    "requires((j2, j3))": "23",
    "requires(([j2], [[[j3]]]))": "23",
    "requires()": "",
    "requires(j2, None, [None, j3])": "23",
    "requires(generator)": "23",
    "requires(dict)": "23",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_adds_the_jobs_in_it_in_order(form, j1, j2, j3, j4):
    j1.requires(*FORMS[form](j2, j3, j4))
    assert "".join(job.label[1] for job in j1.required) == MEANT[form]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_with_remove_removes_the_jobs_in_it(form, j1, j2, j3, j4):
    j1.requires(j2, j3, j4)
    j1.requires(*FORMS[form](j2, j3, j4), remove=True)
    left = "".join(job.label[1] for job in j1.required)
    assert left == "".join(n for n in "234" if n not in MEANT[form])


@pytest.mark.parametrize("form", FORMS)
def test_each_form_can_be_passed_to_the_constructor(form, j2, j3, j4):
    forms = FORMS[form](j2, j3, j4)
    job = AbstractJob(required=forms)
    assert "".join(other.label[1] for other in job.required) == MEANT[form]


@pytest.mark.parametrize("remove", [False, True])
def test_returns_the_job_for_chaining(j1, remove):
    assert j1.requires(None, remove=remove) is j1


def test_a_new_job_has_no_requirements(j1):
    assert list(j1.required) == []


def test_requirements_add_up(j1, j2, j3):
    j1.requires(j2)
    j1.requires(j3)
    assert list(j1.required) == [j2, j3]


def test_a_requirement_added_twice_is_there_once(j1, j2, j3):
    j1.requires(j2, j3, j2)
    assert list(j1.required) == [j2, j3]


def test_a_requirement_can_be_nested_deeper_than_python_recurses(j1, j2):
    nest = j2
    for _ in range(20_000):
        nest = [nest]
    j1.requires(nest)
    assert list(j1.required) == [j2]


# -- sequences and schedulers


def test_a_sequence_stands_for_its_last_job(j1, j2, j3):
    j1.requires(Sequence(j2, j3))
    assert list(j1.required) == [j3]


def test_sequences_may_be_nested_in_collections(j1, j2, j3, j4):
    j1.requires([[Sequence(j2, j3)], (j4,)])
    assert list(j1.required) == [j3, j4]


def test_removing_a_sequence_removes_its_last_job(j1, j2, j3, j4):
    j1.requires(j2, j3, j4)
    j1.requires(Sequence(j2, j3), remove=True)
    assert list(j1.required) == [j2, j4]


def test_an_empty_sequence_stands_for_its_own_requirements(j1, j2):
    j1.requires(Sequence(required=j2))
    assert list(j1.required) == [j2]


def test_a_nested_scheduler_is_one_job(j1, j2):
    nested = Scheduler(j2)
    j1.requires(nested)
    assert list(j1.required) == [nested]


# -- remove


def test_removing_a_missing_requirement_is_a_key_error_that_names_both(j1, j2):
    with pytest.raises(KeyError) as caught:
        j1.requires(j2, remove=True)
    assert caught.value.args == (
        (
            "<AbstractJob `j1`> does not require <AbstractJob `j2`>, so this requirement "
            "can't be removed"
        ),
    )


def test_a_removal_that_fails_changes_nothing(j1, j2, j3, j4):
    j1.requires(j2, j4)
    with pytest.raises(KeyError):
        j1.requires(j2, j3, j4, remove=True)
    assert list(j1.required) == [j2, j4]


def test_removing_a_requirement_named_twice_removes_it(j1, j2):
    j1.requires(j2)
    j1.requires(j2, j2, remove=True)
    assert list(j1.required) == []


def test_a_removed_requirement_can_be_added_again(j1, j2, j3):
    j1.requires(j2, j3).requires(j2, remove=True).requires(j2)
    assert list(j1.required) == [j3, j2]


# -- the job itself


def test_the_job_itself_is_ignored(j1, j2):
    j1.requires(j1, [j2, j1])
    assert list(j1.required) == [j2]


def test_removing_the_job_itself_does_nothing(j1, j2):
    j1.requires(j2)
    j1.requires(j1, remove=True)
    assert list(j1.required) == [j2]


def test_a_first_job_can_be_required_by_all_jobs_of_a_scheduler(j1, j2, j3):
    for job in Scheduler(j1, j2, j3).jobs:
        job.requires(j1)
    assert [list(job.required) for job in (j1, j2, j3)] == [[], [j1], [j1]]


# -- anything else


@pytest.mark.parametrize(
    "thing", [3, "j2", b"j2", 1.5, object, True, "", ["j2"], [[0]]], ids=repr
)
@pytest.mark.parametrize("remove", [False, True])
def test_anything_else_is_a_type_error_that_names_it(j1, thing, remove):
    inner = thing
    while isinstance(inner, list):
        inner = inner[0]
    rule = f"a requirement must be a job or a sequence, not {inner!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        j1.requires(thing, remove=remove)


def test_a_type_error_changes_nothing(j1, j2, j3):
    j1.requires(j2)
    with pytest.raises(TypeError):
        j1.requires(j3, 3)
    assert list(j1.required) == [j2]


def test_a_type_error_in_a_removal_changes_nothing(j1, j2):
    j1.requires(j2)
    with pytest.raises(TypeError):
        j1.requires(j2, 3, remove=True)
    assert list(j1.required) == [j2]


def test_an_exception_of_a_generator_passes_through_and_changes_nothing(j1, j2):
    def generate():
        yield j2
        raise OSError("broken")

    with pytest.raises(OSError, match=r"^broken$"):
        j1.requires(generate())
    assert list(j1.required) == []


# -- required, which is public


def test_required_is_a_best_set(j1):
    assert type(j1.required) is BestSet


def test_required_equals_the_set_of_the_same_jobs(j1, j2, j3):
    assert j1.requires(j3, j2).required == {j2, j3}


def test_required_can_be_edited_in_place(j1, j2, j3):
    j1.required.add(j2)
    j1.required |= {j3}
    j1.required.discard(j2)
    assert list(j1.required) == [j3]


def test_required_can_be_replaced(j1, j2, j3):
    j1.requires(j2)
    j1.required = {j3}
    assert (type(j1.required), list(j1.required)) == (BestSet, [j3])


def test_replacing_required_copies_the_set(j1, j2, j3):
    mine = {j2}
    j1.required = mine
    mine.add(j3)
    assert list(j1.required) == [j2]


def test_edits_of_required_count_in_a_run(fake_time, capsys):
    first, second = AbstractJob(label="first"), AbstractJob(label="second")
    scheduler = Scheduler(second, first)
    second.required.add(first)
    assert list(scheduler.topological_order()) == [first, second]
