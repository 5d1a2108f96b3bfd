"""Jobs inside lists, tuples, dicts and sets among the arguments of a `CallJob`."""

from __future__ import annotations

import functools
import re
from collections import OrderedDict
from typing import Any, NamedTuple

import pytest

from asynciojobs import (
    AbstractJob,
    ArgumentNotDoneError,
    ArgumentRequirementError,
    CallJob,
    MissingRequirementError,
    RequirementFailed,
    Scheduler,
    Sequence,
)

DEEP = 20_000
"""How deep lists are nested: far beyond the recursion limit."""


class Pair(NamedTuple):
    """A subclass of a tuple."""

    first: Any
    second: Any


class Numbers(list):
    """A subclass of a container."""


def give(thing):
    return thing


def value(thing, **options):
    return CallJob(give, thing, **options)


def raises(kind, message):
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


@pytest.fixture
def passed(every_loop):
    """Return a function that returns what is passed to a function for an argument."""

    def passed(argument):
        job = CallJob(give, argument)
        assert Scheduler(*job.required, job).run()
        return job.result()

    return passed


# -- what is replaced


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (lambda a, b: [a, 0, b], [1, 0, 2]),
        (lambda a, b: (a, 0, b), (1, 0, 2)),
        (lambda a, b: {a, 0, b}, {0, 1, 2}),
        (lambda a, b: {"x": a, "y": 0, "z": b}, {"x": 1, "y": 0, "z": 2}),
        (lambda a, b: {a: "x", 0: "y", b: "z"}, {1: "x", 0: "y", 2: "z"}),
        (lambda a, b: {a: b}, {1: 2}),
        (lambda a, b: [[a], ({"x": [b]},), []], [[1], ({"x": [2]},), []]),
        (lambda a, b: {(a, (b,))}, {(1, (2,))}),
        (lambda a, b: {(a, 0): b}, {(1, 0): 2}),
    ],
    ids=["list", "tuple", "set", "values", "keys", "item", "nested", "in a set", "in a key"],
)
def test_jobs_in_containers_are_replaced_by_their_results(passed, make, result):
    assert passed(make(value(1), value(2))) == result


def test_the_order_of_a_dict_is_kept(passed):
    assert list(passed({"b": value(1), value("a"): 2, "c": 3})) == ["b", "a", "c"]


def test_equal_results_become_one_item_of_a_set(passed):
    assert passed({value(1), value(1)}) == {1}


def test_a_container_may_be_an_argument_by_name(every_loop):
    one = value(1)
    job = CallJob(sum, [one], kwargs={"start": one})
    named = CallJob(dict, kwargs={"x": [one], "y": 0})
    assert Scheduler(one, job, named).run()
    assert (job.result(), named.result()) == (2, {"x": [1], "y": 0})


def test_a_coroutine_function_gets_results_in_containers(every_loop):
    async def total(numbers):
        return sum(numbers)

    one = value(1)
    job = CallJob(total, [one, 2])
    assert Scheduler(one, job).run()
    assert job.result() == 3


def test_jobs_in_containers_are_required_in_the_order_in_which_they_stand_there():
    a, b, c, d, e = (value(number, label=number) for number in range(5))
    job = CallJob(give, [(a, [b]), {c: d}], a, kwargs={"x": {e}}, required=value(5))
    assert list(job.required)[:5] == [a, b, c, d, e]


def test_a_job_that_stands_in_many_places_is_one_requirement(passed):
    one = value(1)
    assert CallJob(give, [one, (one, one)], one).required == {one}
    assert passed([one, (one, one)]) == [1, (1, 1)]


def test_lists_may_be_nested_to_any_depth(passed):
    nested = [value(1)]
    for _ in range(DEEP):
        nested = [nested]
    result = passed(nested)
    for _ in range(DEEP):
        [result] = result
    assert result == [1]


def test_the_same_container_in_two_places_stays_the_same_one(passed):
    inner = [value(1)]
    first, second = passed([inner, {"x": inner}])
    assert first is second["x"]


def test_containers_that_share_others_are_searched_once(passed):
    shared = [value(1)]
    for _ in range(100):  # 2 ** 100 paths
        shared = [shared, shared]
    result = passed(shared)
    for _ in range(100):
        result = result[1]
    assert result == [1]


def test_each_call_gets_containers_of_its_own(every_loop):
    one = value(1)
    job = CallJob(give, [one])
    scheduler = Scheduler(one, job)
    scheduler.run()
    before = job.result()
    before.append("by the function")
    scheduler.run()
    assert (job.result(), before) == ([1], [1, "by the function"])


def test_what_is_put_into_a_container_later_is_not_passed(passed):
    jobs = [value(1)]
    job = CallJob(give, jobs)
    jobs.append(value(2))
    Scheduler(*job.required, job).run()
    assert job.result() == [1]


# -- what is passed as it is


@pytest.mark.parametrize(
    "argument",
    [[], [1, [2]], (1,), {"x": {}}, {1}, "text", Numbers([1]), range(3)],
    ids=repr,
)
def test_what_has_no_job_in_it_is_passed_as_it_is(passed, argument):
    assert passed(argument) is argument


def test_inner_containers_without_jobs_are_passed_as_they_are(passed):
    plain, pairs = [1, 2], {"x": [3]}
    result = passed([plain, value(1), pairs])
    assert (result[0] is plain, result[2] is pairs) == (True, True)


def test_a_container_without_jobs_may_stand_in_many_places(passed):
    plain = [[1]]
    assert all(item is plain for item in passed([plain, value(1), plain])[::2])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda job: Numbers([job]),
        lambda job: Pair(job, 1),
        lambda job: frozenset([job]),
        lambda job: OrderedDict(x=job),
        lambda job: iter([job]),
    ],
    ids=["subclass", "namedtuple", "frozenset", "OrderedDict", "iterator"],
)
def test_other_types_are_not_searched(passed, wrap):
    argument = wrap(value(1))
    assert passed(argument) is argument
    assert passed([argument])[0] is argument


def test_a_partial_passes_a_job_itself(every_loop):
    one = value(1)
    job = CallJob(functools.partial(give, [one]))
    Scheduler(job).run()
    assert job.result() == [one]


def test_a_container_that_contains_itself_is_passed_as_it_is(passed):
    ring = [1]
    ring.append({"x": (ring,)})
    assert passed(ring) is ring
    one, result = passed([value(1), ring])
    assert (one, result is ring) == (1, True)


# -- refusals


def ring_with_a_job_behind():
    ring = []
    ring += [(ring,), value(1)]
    return ring


def ring_with_a_job_before():
    ring = [value(1)]
    ring.append({"x": ring})
    return ring


def ring_inside():
    ring = [value(1)]
    ring.append(ring)
    return ({"x": ring}, 3)


@pytest.mark.parametrize("make", [ring_with_a_job_behind, ring_with_a_job_before, ring_inside])
@pytest.mark.parametrize("place", [2, "x"])
def test_a_container_that_contains_itself_and_jobs_is_refused(make, place):
    args, kwargs = ((0, make()), {}) if place == 2 else ((0,), {"x": make()})
    with raises(
        ValueError,
        f"argument {place!r}: a list with jobs in it contains itself, so it can't be made anew "
        "with their results: give these jobs as arguments of their own",
    ):
        CallJob(give, *args, kwargs=kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs", "place"),
    [(lambda it: (0, [it]), {}, "2"), (lambda _: (0,), {"x": None}, "'x'")],
    ids=["in its place", "by name"],
)
def test_a_sequence_in_a_container_is_a_type_error(args, kwargs, place):
    sequence = Sequence(value(1, label="j"))
    kwargs = {name: {"y": (sequence,)} for name in kwargs}
    with raises(
        TypeError,
        f"<Sequence of <CallJob `j`>> is in argument {place}, and has no result: give the job "
        "whose result is meant, such as sequence.jobs[-1]",
    ):
        CallJob(give, *args(sequence), kwargs=kwargs)


# -- requirements


def test_a_job_in_a_container_outside_the_scheduler_is_a_missing_requirement(every_loop):
    with pytest.raises(MissingRequirementError):
        Scheduler(CallJob(give, [value(1)])).run()


def test_a_job_in_a_container_can_not_be_removed_from_the_requirements():
    giver = value(1)
    with pytest.raises(ArgumentRequirementError):
        CallJob(give, {"x": giver}).requires(giver, remove=True)


def test_a_job_in_a_container_that_raised_keeps_the_job_from_starting(every_loop):
    giver = CallJob(int, "x", critical=False)
    taker = CallJob(give, [giver], critical=False)
    Scheduler(giver, taker).run()
    error = taker.raised_exception()
    assert (type(error), error.requirement) == (RequirementFailed, giver)


def test_a_job_in_a_container_that_is_not_done_is_an_error(every_loop):
    giver = value(1)
    taker = CallJob(give, [giver], critical=False)
    scheduler = Scheduler(taker)
    scheduler.sanitize(verbose=False)
    scheduler.run()
    error = taker.raised_exception()
    assert (type(error), error.requirement) == (ArgumentNotDoneError, giver)


def test_part_of_a_graph_runs_again_with_results_in_containers(every_loop):
    giver = value(1)
    taker = CallJob(give, [giver, 10])
    scheduler = Scheduler(giver, taker)
    scheduler.run()
    scheduler.keep_only(taker)
    assert (scheduler.run(), taker.result()) == (True, [1, 10])


# -- results that can't be hashed


@pytest.mark.parametrize(
    ("wrap", "what"),
    [
        (lambda giver: {value(0), giver}, "<CallJob `giver`>"),
        (lambda giver: [{giver: 1}], "<CallJob `giver`>"),
        (lambda giver: {(giver,)}, "a tuple of jobs"),
    ],
    ids=["set", "key", "tuple in a set"],
)
def test_a_result_in_a_set_that_can_not_be_hashed_is_an_error_that_names_it(
    every_loop, wrap, what
):
    giver = value([1], label="giver")
    taker = CallJob(give, wrap(giver), critical=False, label="taker")
    Scheduler(*taker.required, taker).run()
    error = taker.raised_exception()
    assert (type(error), str(error)) == (
        TypeError,
        (
            f"<CallJob `taker`> did not start, since {what} is in a set, or is a key of a "
            "dict, and its result can't be hashed (unhashable type: 'list'): give jobs in a "
            "list, or have that job return something that can be hashed, such as a tuple"
        ),
    )


def test_an_error_of_a_comparison_in_a_set_is_raised_as_it_is(every_loop):
    error = TypeError("no")

    class Incomparable:
        def __hash__(self):
            return 1

        def __eq__(self, other):
            raise error

    givers = [value(Incomparable()) for _ in range(2)]
    taker = CallJob(give, set(givers), critical=False)
    Scheduler(*givers, taker).run()
    assert taker.raised_exception() is error


# -- its cost


class Counted:
    """An object of which only the type may be examined."""

    looked_at = 0

    @property
    def __class__(self):
        Counted.looked_at += 1
        return object


def test_items_that_are_neither_jobs_nor_containers_are_not_looked_at():
    CallJob(give, [Counted()] * 1000, AbstractJob())
    assert Counted.looked_at == 0
