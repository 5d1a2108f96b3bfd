"""The shapes of the benchmark: how many jobs there are, and what each requires."""

from __future__ import annotations

import pytest

from benchmarks.compare.shapes import SHAPES


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("jobs", [100, 1000])
def test_a_shape_has_as_many_jobs_as_asked_for(name: str, jobs: int):
    assert SHAPES[name](jobs).size == jobs


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_made_under_its_own_name(name: str):
    assert SHAPES[name](100).name == name


def test_a_chain_requires_the_job_before():
    assert SHAPES["chain"](100).requirements == [(), *((rank,) for rank in range(99))]


def test_a_shuffled_chain_is_a_chain_in_its_order():
    shape = SHAPES["shuffled"](100)
    assert sorted(shape.order) == list(range(100))
    assert shape.requirements[shape.order[0]] == ()
    assert [shape.requirements[rank] for rank in shape.order[1:]] == [
        (rank,) for rank in shape.order[:-1]
    ]


def test_a_shuffled_chain_is_not_created_in_its_order():
    assert SHAPES["shuffled"](100).order != list(range(100))


def test_layers_require_ten_jobs_of_the_layer_before():
    shape = SHAPES["layered"](1000)
    assert shape.requirements[:100] == [()] * 100
    for rank in range(100, 1000):
        required = set(shape.requirements[rank])
        assert len(required) == 10
        assert {other // 100 for other in required} == {rank // 100 - 1}


def test_a_fan_goes_out_and_in():
    assert SHAPES["fan"](100).requirements == [(), *[(0,)] * 98, tuple(range(1, 99))]


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("independent", list(range(100))),
        ("chain", [99]),
        ("layered", list(range(90, 100))),
        ("fan", [99]),
    ],
)
def test_the_last_jobs_are_those_that_no_other_requires(name: str, last: object):
    assert SHAPES[name](100).last == last


def test_the_last_job_of_a_shuffled_chain_is_the_last_of_its_order():
    shape = SHAPES["shuffled"](100)
    assert shape.last == [shape.order[-1]]


def test_the_numbers_of_nested_jobs_follow_each_other():
    parts = SHAPES["nested"](1000).parts
    assert len(parts) == 100
    assert [number for part in parts for number in part.numbers] == list(range(1000))
