"""`Sequence`: jobs that run one after the other, and can be used like a single job."""

from __future__ import annotations

import gc
import re

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence


@pytest.fixture
def jobs():
    return [AbstractJob(label=label) for label in "abcdef"]


def chain_of(jobs):
    """Return the requirements of each job."""
    return [list(job.required) for job in jobs]


def test_each_job_requires_the_one_before_it(jobs):
    a, b, c = jobs[:3]
    Sequence(a, b, c)
    assert chain_of([a, b, c]) == [[], [a], [b]]


def test_it_has_its_jobs_in_order(jobs):
    a, b, c = jobs[:3]
    assert Sequence(c, a, b).jobs == [c, a, b]


def test_a_sequence_in_a_sequence_is_flat(jobs):
    a, b, c, d = jobs[:4]
    outer = Sequence(a, Sequence(b, c), d)
    assert (outer.jobs, chain_of(outer.jobs)) == ([a, b, c, d], [[], [a], [b], [c]])


def test_an_empty_sequence_inside_is_ignored(jobs):
    a, b = jobs[:2]
    outer = Sequence(a, Sequence(), b)
    assert (outer.jobs, chain_of(outer.jobs)) == ([a, b], [[], [a]])


def test_a_nested_scheduler_is_one_job(jobs):
    a, b, c = jobs[:3]
    nested = Scheduler(b)
    Sequence(a, nested, c)
    assert chain_of([a, nested, b, c]) == [[], [a], [], [nested]]


def test_the_jobs_keep_their_requirements(jobs):
    a, b, c = jobs[:3]
    b.requires(c)
    Sequence(a, b)
    assert list(b.required) == [c, a]


# -- required


def test_required_is_added_to_the_first_job(jobs):
    a, b, c = jobs[:3]
    Sequence(a, b, required=c)
    assert chain_of([a, b]) == [[c], [a]]


def test_required_may_be_a_collection_with_sequences(jobs):
    a, b, c, d = jobs[:4]
    Sequence(a, required=[b, None, Sequence(c, d)])
    assert list(a.required) == [b, d]


def test_required_of_an_empty_sequence_is_added_to_its_first_job_later(jobs):
    a, b, c = jobs[:3]
    sequence = Sequence(required=c)
    sequence.append(a, b)
    assert chain_of([a, b]) == [[c], [a]]


def test_required_that_is_something_else_is_a_type_error():
    rule = "a requirement must be a job or a sequence, not 3"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Sequence(required=3)


# -- requires


def test_requires_applies_to_the_first_job(jobs):
    a, b, c, d = jobs[:4]
    Sequence(a, b).requires(c, [d])
    assert chain_of([a, b]) == [[c, d], [a]]


def test_requires_of_another_sequence_uses_its_last_job(jobs):
    a, b, c, d = jobs[:4]
    Sequence(a, b).requires(Sequence(c, d))
    assert list(a.required) == [d]


def test_requires_of_an_empty_sequence_applies_to_its_first_job_later(jobs):
    a, b = jobs[:2]
    sequence = Sequence()
    sequence.requires(b)
    sequence.append(a)
    assert list(a.required) == [b]


def test_requires_returns_the_sequence(jobs):
    sequence = Sequence()
    assert sequence.requires(jobs[0]) is sequence


@pytest.mark.parametrize("size", [0, 1])
def test_requires_something_else_is_a_type_error_that_names_it(jobs, size):
    rule = "a requirement must be a job or a sequence, not 'x'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Sequence(*jobs[:size]).requires("x")


@pytest.mark.parametrize("size", [0, 1])
def test_requires_that_fails_changes_nothing(jobs, size):
    sequence = Sequence(*jobs[:size])
    with pytest.raises(TypeError):
        sequence.requires(jobs[5], 3)
    sequence.append(jobs[4])
    assert list(sequence.jobs[0].required) == []


# -- append


def test_append_adds_at_the_end(jobs):
    a, b, c, d = jobs[:4]
    sequence = Sequence(a)
    sequence.append(b, Sequence(c, d))
    assert (sequence.jobs, chain_of(jobs[:4])) == ([a, b, c, d], [[], [a], [b], [c]])


def test_append_returns_the_sequence():
    sequence = Sequence()
    assert sequence.append() is sequence


def test_append_of_something_else_is_a_type_error_that_names_it():
    rule = "a scheduler is made of jobs and sequences, not of 3"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Sequence().append(3)


def test_the_error_for_append_of_a_list_names_the_remedy():
    rule = (
        "a scheduler is made of jobs and sequences, not of []: give its elements with "
        "a star, Scheduler(*jobs), or use update(jobs)"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        Sequence([])


def test_append_that_fails_changes_nothing(jobs):
    a, b = jobs[:2]
    sequence = Sequence(a)
    with pytest.raises(TypeError):
        sequence.append(b, None)
    assert (sequence.jobs, chain_of([b])) == ([a], [[]])


# -- scheduler


def test_the_option_scheduler_adds_all_jobs(jobs):
    scheduler = PureScheduler()
    Sequence(*jobs[:3], scheduler=scheduler)
    assert list(scheduler.jobs) == jobs[:3]


def test_jobs_appended_later_are_added_to_the_scheduler(jobs):
    a, b = jobs[:2]
    scheduler = PureScheduler()
    Sequence(a, scheduler=scheduler).append(b)
    assert list(scheduler.jobs) == [a, b]


def test_the_requirements_are_not_added_to_the_scheduler(jobs):
    a, b = jobs[:2]
    scheduler = PureScheduler()
    Sequence(a, required=b, scheduler=scheduler)
    assert list(scheduler.jobs) == [a]


def test_a_sequence_can_be_put_in_a_scheduler(jobs):
    assert list(Scheduler(Sequence(*jobs)).jobs) == jobs


# -- the rest


def test_shows_its_jobs(jobs):
    shown = "<Sequence of <AbstractJob `a`>, <AbstractJob `b`>>"
    assert repr(Sequence(*jobs[:2])) == shown


def test_a_sequence_is_not_a_job():
    assert not isinstance(Sequence(), AbstractJob)


def test_a_sequence_runs_in_its_order(fake_time):
    order = []

    async def note(name):
        order.append(name)

    Scheduler(Sequence(*(Job(note, name) for name in "xyz"))).run()
    assert order == ["x", "y", "z"]


def test_close_idle_jobs_closes_the_coroutines(jobs):
    async def nothing():
        pass

    coroutine = nothing()
    Sequence(jobs[0], Job(coroutine)).close_idle_jobs()
    assert coroutine.cr_frame is None
    gc.collect()  # and there is no warning
