"""Changes to a scheduler as a whole: sanitize, bypass, keep."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs import (
    AbstractJob,
    AlreadyRunningError,
    Job,
    PureScheduler,
    Scheduler,
    Sequence,
)

SIZE = 7
NUMBERS = st.integers(0, SIZE - 1)
SUBSETS = st.lists(NUMBERS, unique=True, max_size=3)
ACYCLIC = st.lists(
    st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] > pair[1]), unique=True
)
"""Pairs of a job and one of its requirements."""


def scheduler_of(edges, order=range(SIZE)):
    """Return a scheduler of SIZE jobs in that order, and the jobs by their numbers."""
    jobs = [AbstractJob(label=str(n)) for n in range(SIZE)]
    for n, required in edges:
        jobs[n].requires(jobs[required])
    return PureScheduler(*(jobs[n] for n in order)), jobs


def labels(jobs):
    return {int(job.label) for job in jobs}


def edges_of(scheduler):
    return {
        (int(job.label), int(required.label))
        for job in scheduler.jobs
        for required in job.required
    }


def dependencies(edges):
    """Return the pairs of a job and one that it depends on, directly or not."""
    reached = set(edges)
    for _ in range(SIZE):
        reached |= {(n, k) for n, m in reached for j, k in reached if m == j}
    return reached


@pytest.fixture
def jobs():
    """Return a chain of four jobs."""
    jobs = [AbstractJob(label=label) for label in "abcd"]
    Sequence(*jobs)
    return jobs


@pytest.fixture
def scheduler(jobs):
    return Scheduler(*jobs, label="s")


# -- sanitize


def test_sanitize_is_true_if_all_requirements_are_in_the_scheduler(scheduler):
    assert scheduler.sanitize() is True


def test_sanitize_is_false_if_a_requirement_was_dropped(jobs):
    assert PureScheduler(*jobs[1:]).sanitize() is False


def test_sanitize_drops_requirements_outside_the_scheduler_and_keeps_the_rest(jobs):
    a, b, c, d = jobs
    d.requires(a, b)
    PureScheduler(b, c, d).sanitize()
    assert [list(job.required) for job in (b, c, d)] == [[], [b], [c, b]]


def test_sanitize_a_second_time_is_true(jobs):
    scheduler = PureScheduler(*jobs[1:])
    scheduler.sanitize()
    assert scheduler.sanitize() is True


@pytest.mark.parametrize("scheduler_class", [PureScheduler, Scheduler])
def test_sanitize_works_at_all_depths(scheduler_class, jobs):
    inner = Scheduler(*jobs[1:])
    outer = scheduler_class(jobs[0], Scheduler(inner))
    assert (outer.sanitize(), list(jobs[1].required)) == (False, [])


def test_sanitize_drops_a_requirement_of_a_nested_scheduler(jobs):
    nested = Scheduler(required=jobs[0])
    assert (PureScheduler(nested).sanitize(), list(nested.required)) == (False, [])


def test_sanitize_drops_a_requirement_from_outside_to_inside(jobs):
    a, b = jobs[:2]
    outer = PureScheduler(b, Scheduler(a))
    assert (outer.sanitize(), list(b.required)) == (False, [])


def test_sanitize_prints_what_it_drops_if_verbose(jobs, capsys):
    a, _, c, d = jobs
    d.requires(a)
    Scheduler(Scheduler(c, d, label="inner"), label="outer").sanitize(verbose=True)
    assert capsys.readouterr().out == (
        "<Scheduler `inner`>: <AbstractJob `c`> no longer requires <AbstractJob `b`>\n"
        "<Scheduler `inner`>: <AbstractJob `d`> no longer requires <AbstractJob `a`>\n"
    )


def test_sanitize_prints_all_requirements_of_a_job_on_one_line(jobs, capsys):
    a, *_, d = jobs
    d.requires(a)
    PureScheduler(d).sanitize(verbose=True)
    assert capsys.readouterr().out == (
        "<PureScheduler of 1 job>: <AbstractJob `d`> no longer requires "
        "<AbstractJob `c`>, <AbstractJob `a`>\n"
    )


@pytest.mark.parametrize(
    ("own", "asked", "tells"),
    [
        (False, None, False),
        (True, None, True),
        (True, False, False),
        (False, True, True),
    ],
)
def test_sanitize_is_as_verbose_as_the_scheduler_by_default(jobs, capsys, own, asked, tells):
    PureScheduler(jobs[1], verbose=own).sanitize(verbose=asked)
    assert bool(capsys.readouterr().out) is tells


# -- bypass_and_remove


def test_bypass_makes_each_successor_require_each_requirement():
    a, b, x, c, d = (AbstractJob(label=label) for label in "abxcd")
    x.requires(a, b)
    c.requires(x)
    d.requires(x, b)
    scheduler = PureScheduler(a, b, x, c, d)
    scheduler.bypass_and_remove(x)
    assert (scheduler.jobs, [list(c.required), list(d.required)]) == (
        {a, b, c, d},
        [[a, b], [b, a]],
    )


@given(ACYCLIC, st.permutations(range(SIZE)), NUMBERS)
def test_bypass_keeps_all_other_dependencies(edges, order, n):
    scheduler, jobs = scheduler_of(edges, order)
    scheduler.bypass_and_remove(jobs[n])
    left = {pair for pair in dependencies(edges) if n not in pair}
    assert dependencies(edges_of(scheduler)) == left


@given(ACYCLIC, st.permutations(range(SIZE)), NUMBERS)
def test_bypass_removes_that_job_and_no_other(edges, order, n):
    scheduler, jobs = scheduler_of(edges, order)
    scheduler.bypass_and_remove(jobs[n])
    assert [int(job.label) for job in scheduler] == [m for m in order if m != n]


def test_bypass_of_a_sequence_removes_all_its_jobs(scheduler, jobs):
    a, b, c, d = jobs
    scheduler.bypass_and_remove(Sequence(b, c))
    assert (list(scheduler), list(d.required)) == ([a, d], [a])


def test_after_bypass_of_a_reversed_sequence_no_job_requires_it():
    first, second, of_first, of_second = (AbstractJob(label=label) for label in "abcd")
    sequence = Sequence(first, second)
    second.requires(first, remove=True)
    first.requires(second)
    of_first.requires(first)
    of_second.requires(second)
    PureScheduler(sequence, of_first, of_second).bypass_and_remove(sequence)
    assert [list(job.required) for job in (of_first, of_second)] == [[], []]


def test_bypass_of_a_job_that_was_added_by_a_sequence(scheduler, jobs):
    a, b, c, d = jobs
    scheduler.bypass_and_remove(b)
    assert (list(scheduler), list(c.required)) == ([a, c, d], [a])


def test_bypass_of_an_entry_leaves_its_successors_without_requirements(scheduler, jobs):
    scheduler.bypass_and_remove(jobs[0])
    assert list(jobs[1].required) == []


def test_bypass_returns_none(scheduler, jobs):
    assert scheduler.bypass_and_remove(jobs[0]) is None


def test_bypass_of_a_job_outside_the_scheduler_is_a_value_error(scheduler):
    rule = "<AbstractJob `x`> is not in <Scheduler `s`> itself: name a job that is"
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        scheduler.bypass_and_remove(AbstractJob(label="x"))


def test_bypass_of_a_job_in_a_nested_scheduler_is_a_value_error(scheduler):
    outer = Scheduler(scheduler, label="outer")
    rule = "<AbstractJob `a`> is not in <Scheduler `outer`> itself: name a job that is"
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        outer.bypass_and_remove(next(iter(scheduler)))


def test_a_bypass_that_fails_changes_nothing(scheduler, jobs):
    _, b, c, _ = jobs
    stranger = AbstractJob()
    with pytest.raises(ValueError, match="is not in"):
        scheduler.bypass_and_remove(Sequence(b, stranger))
    assert (list(scheduler), list(c.required)) == (jobs, [b])


# -- keep_only


def test_keep_only_keeps_the_given_jobs(scheduler, jobs):
    a, *_, d = jobs
    scheduler.keep_only([d, a])
    assert list(scheduler) == [a, d]


def test_keep_only_drops_requirements_on_removed_jobs(scheduler, jobs):
    a, _, c, d = jobs
    scheduler.keep_only([a, c, d])
    assert [list(job.required) for job in (a, c, d)] == [[], [], [c]]


def test_keep_only_ignores_jobs_that_are_not_in_the_scheduler(scheduler, jobs):
    scheduler.keep_only([AbstractJob(), jobs[1]])
    assert list(scheduler) == [jobs[1]]


def test_keep_only_takes_sequences(scheduler, jobs):
    _, b, c, d = jobs
    scheduler.keep_only([Sequence(b, c), d])
    assert list(scheduler) == [b, c, d]


def test_keep_only_takes_a_generator(scheduler, jobs):
    scheduler.keep_only(job for job in jobs[:2])
    assert list(scheduler) == jobs[:2]


def test_keep_only_of_nothing_leaves_no_jobs(scheduler):
    scheduler.keep_only([])
    assert list(scheduler) == []


def test_keep_only_returns_none(scheduler, jobs):
    assert scheduler.keep_only(jobs) is None


def test_keep_only_of_something_else_is_a_type_error(scheduler):
    rule = "a scheduler is made of jobs and sequences, not of 3"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        scheduler.keep_only([3])


def test_a_keep_only_that_fails_changes_nothing(scheduler, jobs):
    with pytest.raises(TypeError):
        scheduler.keep_only([jobs[0], 3])
    assert list(scheduler) == jobs


@given(ACYCLIC, SUBSETS)
def test_the_kept_jobs_require_only_each_other(edges, remains):
    scheduler, jobs = scheduler_of(edges)
    scheduler.keep_only(jobs[n] for n in remains)
    expected = {(n, m) for n, m in edges if n in remains and m in remains}
    assert (labels(scheduler), edges_of(scheduler)) == (set(remains), expected)


# -- keep_only_between


def between(edges, starts, ends, keep_starts, keep_ends):
    """Return what is kept, by the definition in `docs/reference.md`."""
    above = dependencies(edges)
    kept = set(range(SIZE))
    if starts:
        kept &= {n for n in kept if n in starts or any((n, s) in above for s in starts)}
    if ends:
        kept &= {n for n in kept if n in ends or any((e, n) in above for e in ends)}
    if not keep_starts:
        kept -= set(starts)
    if not keep_ends:
        kept -= set(ends)
    return kept


@given(ACYCLIC, SUBSETS, SUBSETS, st.booleans(), st.booleans())
def test_keep_only_between_keeps_what_its_definition_says(
    edges, starts, ends, keep_starts, keep_ends
):
    scheduler, jobs = scheduler_of(edges)
    scheduler.keep_only_between(
        starts=[jobs[n] for n in starts],
        ends=[jobs[n] for n in ends],
        keep_starts=keep_starts,
        keep_ends=keep_ends,
    )
    assert labels(scheduler) == between(edges, starts, ends, keep_starts, keep_ends)


@given(ACYCLIC, SUBSETS, SUBSETS)
def test_the_jobs_kept_between_require_only_each_other(edges, starts, ends):
    scheduler, jobs = scheduler_of(edges)
    scheduler.keep_only_between(starts=[jobs[n] for n in starts], ends=[jobs[n] for n in ends])
    kept = labels(scheduler)
    assert edges_of(scheduler) == {(n, m) for n, m in edges if {n, m} <= kept}


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, "abcd"),
        ({"starts": None, "ends": None}, "abcd"),
        ({"starts": "b"}, "bcd"),
        ({"ends": "c"}, "abc"),
        ({"starts": "b", "ends": "c"}, "bc"),
        ({"starts": "b", "keep_starts": False}, "cd"),
        ({"ends": "c", "keep_ends": False}, "ab"),
        ({"starts": "c", "ends": "b"}, ""),
        ({"starts": "b", "ends": "b"}, "b"),
        ({"keep_starts": False, "keep_ends": False}, "abcd"),
    ],
)
def test_keep_only_between_in_a_chain(scheduler, jobs, arguments, kept):
    named = {job.label: job for job in jobs}
    scheduler.keep_only_between(
        **{
            key: [named[label] for label in value] if isinstance(value, str) else value
            for key, value in arguments.items()
        }
    )
    assert "".join(job.label for job in scheduler) == kept


def test_keep_only_between_takes_sequences(scheduler, jobs):
    _, b, c, d = jobs
    scheduler.keep_only_between(starts=[Sequence(b, c)])
    assert list(scheduler) == [b, c, d]


def test_keep_only_between_takes_generators(scheduler, jobs):
    scheduler.keep_only_between(ends=(job for job in jobs[:2]))
    assert list(scheduler) == jobs[:2]


def test_keep_only_between_returns_none(scheduler):
    assert scheduler.keep_only_between() is None


def test_keep_only_between_takes_only_keywords(scheduler, jobs):
    rule = "PureScheduler.keep_only_between() takes 1 positional argument but 2 were given"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler.keep_only_between(jobs)


@pytest.mark.parametrize("parameter", ["starts", "ends"])
def test_keep_only_between_jobs_outside_the_scheduler_is_a_value_error(
    scheduler, jobs, parameter
):
    stranger = AbstractJob(label="x")
    rule = "<AbstractJob `x`> is not in <Scheduler `s`> itself: name a job that is"
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        scheduler.keep_only_between(**{parameter: [jobs[0], stranger]})


@pytest.mark.parametrize("parameter", ["starts", "ends"])
def test_a_keep_only_between_that_fails_changes_nothing(scheduler, jobs, parameter):
    with pytest.raises(ValueError, match="is not in"):
        scheduler.keep_only_between(**{parameter: [jobs[1], AbstractJob()]})
    assert (list(scheduler), list(jobs[1].required)) == (jobs, [jobs[0]])


# -- during a run


@pytest.mark.parametrize(
    "change",
    [
        lambda scheduler, job: scheduler.remove(job),
        lambda scheduler, job: scheduler.bypass_and_remove(job),
        lambda scheduler, job: scheduler.keep_only([job]),
        lambda scheduler, job: scheduler.keep_only_between(starts=[job]),
    ],
    ids=["remove", "bypass_and_remove", "keep_only", "keep_only_between"],
)
def test_a_running_scheduler_refuses_the_change(fake_time, change):
    async def edit():
        change(scheduler, job)

    job = Job(edit, critical=False)
    scheduler = Scheduler(job, label="s")
    scheduler.run()
    error = job.raised_exception()
    assert (type(error), error.busy) == (AlreadyRunningError, scheduler)
