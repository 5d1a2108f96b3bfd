"""Graphs of fake jobs: `dag()`, `chain()`, `layers()` and `random_dag()`."""

from __future__ import annotations

import re

import pytest

from asynciojobs import Scheduler
from asynciojobs_testkit import Dag, chain, dag, layers, random_dag
from asynciojobs_testkit.shapes import pair_of


def edges(scheduler):
    return [
        f"{required.label}>{job.label}" for job in scheduler.jobs for required in job.required
    ]


def test_a_dag_of_text():
    diamond = dag("a>b, a>c, b c>d")
    assert diamond.labels() == ["a", "b", "c", "d"]
    assert edges(diamond) == ["a>b", "a>c", "b>d", "c>d"]


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("a>b>c", "abc", ["a>b", "b>c"]),
        ("a b>c d", "abcd", ["a>c", "b>c", "a>d", "b>d"]),
        ("a, b", "ab", []),
        ("a b", "ab", []),
        ("", "", []),
        ("a > b ,\n a>c,", "abc", ["a>b", "a>c"]),
        ("a>b, a>b", "ab", ["a>b"]),
        ("a>a", "a", []),
    ],
)
def test_other_forms_of_text(text, labels, expected):
    assert dag(text).labels() == list(labels)
    assert edges(dag(text)) == expected


@pytest.mark.parametrize("text", ["a>", ">a", "a>>b", "a>b, >"])
def test_an_arrow_without_a_label_on_a_side_is_refused(text):
    message = f"a side of a `>` has no label in {text!r}: write it as in 'a>b, a>c, b c>d'"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dag(text)


@pytest.mark.parametrize("text", ["a -> b", "a->b", "a>b, b --> c"])
def test_an_arrow_with_a_dash_is_refused(text):
    message = f"an arrow is `>`, not `->`, in {text!r}: write it as in 'a>b, a>c, b c>d'"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dag(text)


def test_jobs_are_found_by_label():
    diamond = dag("a>b")
    assert diamond["b"].required == {diamond["a"]}


def test_an_unknown_label_is_a_key_error():
    with pytest.raises(
        KeyError,
        match="has no fake job with the label 'x': its fake jobs are 'a', 'b'",
    ):
        dag("a>b", label="pair")["x"]


def test_jobs_take_a_second_or_the_time_given():
    assert [dag("a")["a"].takes, dag("a", takes=5)["a"].takes] == [1.0, 5]


def test_options_are_those_of_a_scheduler():
    made = dag("a", jobs_window=2, timeout=5, label="made", critical=False)
    assert isinstance(made, Dag)
    assert isinstance(made, Scheduler)
    assert (made.jobs_window, made.timeout, made.label, made.critical) == (2, 5, "made", False)


def test_a_chain():
    assert edges(chain(4)) == ["1>2", "2>3", "3>4"]
    assert chain(0).labels() == []


def test_layers():
    made = layers([2, 3, 1], degree=2, seed=0)
    assert made.labels() == ["1.1", "1.2", "2.1", "2.2", "2.3", "3.1"]
    assert [len(job.required) for job in made.jobs] == [0, 0, 2, 2, 2, 2]


def test_a_layer_with_fewer_jobs_than_the_degree_is_required_as_a_whole():
    assert edges(layers([1, 2], degree=5, seed=0)) == ["1.1>2.1", "1.1>2.2"]


def test_the_same_seed_gives_the_same_layers():
    same = [edges(layers([5] * 5, degree=2, seed=seed)) for seed in (1, 1, 2)]
    assert same[0] == same[1] != same[2]


def test_a_random_dag_has_its_edges_and_no_cycle():
    made = random_dag(50, 200, seed=3)
    assert len(made.jobs) == 50
    assert len(edges(made)) == 200
    assert made.check_cycles()


@pytest.mark.parametrize("high", [2, 3, 10**6, 10**9, 10**18])
def test_pairs_have_consecutive_indexes(high):
    first = (
        (high - 1) * (high - 2) // 2
    )  # the first index of a pair whose second number is `high`
    pairs = [pair_of(first), pair_of(first + high - 2), pair_of(first + high - 1)]
    assert pairs == [(1, high), (high - 1, high), (1, high + 1)]


def test_a_random_dag_can_have_all_edges():
    assert sorted(edges(random_dag(4, 6, seed=0))) == ["1>2", "1>3", "1>4", "2>3", "2>4", "3>4"]


def test_the_same_seed_gives_the_same_random_dag():
    same = [edges(random_dag(20, 40, seed=seed)) for seed in (1, 1, 2)]
    assert same[0] == same[1] != same[2]


@pytest.mark.parametrize("count", [-1, 4])
def test_a_random_dag_with_an_impossible_number_of_edges_is_refused(count):
    message = f"3 jobs have from 0 to 3 requirements, not {count}"
    with pytest.raises(ValueError, match=f"^{message}$"):
        random_dag(3, count, seed=0)


@pytest.mark.parametrize(
    ("parameter", "shape"),
    [
        ("n", chain),
        ("n", lambda count: random_dag(count, 0, seed=0)),
        ("each of widths", lambda count: layers([2, count], degree=1, seed=0)),
        ("degree", lambda count: layers([2, 2], degree=count, seed=0)),
    ],
)
def test_a_count_below_0_is_refused(parameter, shape):
    with pytest.raises(ValueError, match=f"^{parameter} must be 0 or more, not -1$"):
        shape(-1)
