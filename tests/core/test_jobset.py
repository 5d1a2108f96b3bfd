"""A scheduler as a set: add, update, remove, contains, len, iter."""

from __future__ import annotations

import re

import pytest

from asynciojobs import AbstractJob, BestSet, PrintJob, PureScheduler, Scheduler, Sequence

RULE = "a scheduler is made of jobs and sequences, not of"
REMEDY = ": give its elements with a star, Scheduler(*jobs), or use update(jobs)"


@pytest.fixture
def jobs():
    return [AbstractJob(label=label) for label in "abcd"]


@pytest.fixture(params=[PureScheduler, Scheduler])
def scheduler_class(request):
    return request.param


# -- the constructor


def test_a_scheduler_has_the_jobs_passed_to_it(scheduler_class, jobs):
    assert list(scheduler_class(*jobs)) == jobs


def test_a_scheduler_has_the_jobs_of_sequences(scheduler_class, jobs):
    a, b, c, d = jobs
    assert list(scheduler_class(d, Sequence(b, a), c)) == [d, b, a, c]


def test_a_scheduler_is_empty_by_default(scheduler_class):
    assert list(scheduler_class()) == []


def test_a_job_passed_twice_is_there_once(scheduler_class, jobs):
    a, b = jobs[:2]
    assert list(scheduler_class(a, b, a)) == [a, b]


def test_a_list_is_a_type_error_that_names_the_remedy(scheduler_class, jobs):
    with pytest.raises(TypeError) as caught:
        scheduler_class([jobs[0]])
    assert str(caught.value) == f"{RULE} [{jobs[0]!r}]{REMEDY}"


@pytest.mark.parametrize("thing", ["x", b"x", 3, None, object], ids=repr)
def test_anything_else_is_a_type_error_that_names_it(scheduler_class, thing):
    with pytest.raises(TypeError, match=f"^{re.escape(f'{RULE} {thing!r}')}$"):
        scheduler_class(thing)


def test_a_function_is_a_type_error_that_names_the_remedy(scheduler_class):
    rule = f"{RULE} {sorted!r}: make a job of it, Job(function, *args)"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler_class(sorted)


def test_a_coroutine_is_a_type_error_that_names_the_remedy(scheduler_class):
    async def work():
        pass

    coroutine = work()
    rule = f"{RULE} {coroutine!r}: make a job of it, Job(function, *args)"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler_class(coroutine)
    coroutine.close()


@pytest.mark.parametrize("kind", [PrintJob, Scheduler], ids=lambda kind: kind.__name__)
def test_a_class_of_jobs_is_a_type_error_that_names_the_remedy(scheduler_class, kind):
    rule = f"{RULE} {kind!r}: it is a class, so make a job of it, {kind.__name__}(…)"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler_class(kind)


def test_jobs_is_a_best_set(scheduler_class):
    assert type(scheduler_class().jobs) is BestSet


def test_jobs_equals_the_set_of_the_same_jobs(scheduler_class, jobs):
    assert scheduler_class(*jobs).jobs == set(jobs)


# -- add


def test_add_appends_a_job(scheduler_class, jobs):
    a, b = jobs[:2]
    scheduler = scheduler_class(b)
    scheduler.add(a)
    assert list(scheduler) == [b, a]


def test_add_returns_the_job(scheduler_class, jobs):
    assert scheduler_class().add(jobs[0]) is jobs[0]


def test_add_adds_all_jobs_of_a_sequence(scheduler_class, jobs):
    scheduler = scheduler_class()
    scheduler.add(Sequence(*jobs))
    assert list(scheduler) == jobs


def test_add_returns_the_sequence(scheduler_class, jobs):
    sequence = Sequence(*jobs)
    assert scheduler_class().add(sequence) is sequence


def test_add_of_a_job_that_is_there_changes_nothing(scheduler_class, jobs):
    a, b = jobs[:2]
    scheduler = scheduler_class(a, b)
    scheduler.add(a)
    assert list(scheduler) == [a, b]


@pytest.mark.parametrize("thing", ["x", 3, None], ids=repr)
def test_add_of_anything_else_is_a_type_error(scheduler_class, thing):
    with pytest.raises(TypeError, match=f"^{re.escape(f'{RULE} {thing!r}')}$"):
        scheduler_class().add(thing)


def test_add_of_a_list_is_a_type_error_that_names_the_remedy(scheduler_class):
    with pytest.raises(TypeError, match=f"^{re.escape(f'{RULE} []{REMEDY}')}$"):
        scheduler_class().add([])


def test_a_scheduler_can_not_be_added_to_itself():
    scheduler = Scheduler(label="s")
    with pytest.raises(ValueError, match=r"^<Scheduler `s`> can't be put in itself$"):
        scheduler.add(scheduler)


# -- upstream


@pytest.fixture
def diamond(jobs):
    """The last of four jobs, which requires the two before, and these the first one."""
    a, b, c, d = jobs
    b.requires(a)
    c.requires(a)
    return d.requires(b, c)


def test_add_upstream_adds_all_that_a_job_depends_on(scheduler_class, jobs, diamond):
    scheduler = scheduler_class()
    assert scheduler.add(diamond, upstream=True) is diamond
    assert list(scheduler) == jobs


def test_add_upstream_of_a_sequence_adds_what_its_jobs_depend_on(scheduler_class, jobs):
    a, b, c, d = jobs
    scheduler = scheduler_class()
    scheduler.add(Sequence(c, d.requires(b), required=a), upstream=True)
    assert list(scheduler) == [a, c, b, d]


def test_update_upstream_adds_all_that_the_jobs_depend_on(scheduler_class, jobs, diamond):
    a, b, c, _ = jobs
    scheduler = scheduler_class()
    assert scheduler.update([c, b], upstream=True) is scheduler
    assert list(scheduler) == [a, c, b]


def test_without_upstream_only_the_job_itself_is_added(scheduler_class, diamond):
    scheduler = scheduler_class()
    scheduler.add(diamond)
    assert list(scheduler.update(diamond)) == [diamond]


def test_add_upstream_leaves_what_is_there(scheduler_class, jobs, diamond):
    a, b, c, d = jobs
    scheduler = scheduler_class(c)
    scheduler.add(d, upstream=True)
    assert list(scheduler) == [c, a, b, d]


def test_add_upstream_of_a_job_that_is_there_adds_what_is_missing(scheduler_class, jobs):
    a, b = jobs[:2]
    scheduler = scheduler_class(b.requires(a))
    scheduler.add(b, upstream=True)
    assert list(scheduler) == [b, a]


def test_add_upstream_takes_a_cycle(scheduler_class, jobs):
    a, b = jobs[:2]
    a.requires(b.requires(a))
    scheduler = scheduler_class()
    scheduler.add(a, upstream=True)
    assert set(scheduler) == {a, b}


def test_add_upstream_over_a_long_chain_needs_no_recursion(scheduler_class):
    chain = [AbstractJob()]
    for _ in range(20_000):
        chain.append(AbstractJob(required=chain[-1]))
    scheduler = scheduler_class()
    scheduler.add(chain[-1], upstream=True)
    assert list(scheduler) == chain


def test_add_upstream_does_not_look_into_nested_schedulers(scheduler_class, jobs):
    a, b, c, _ = jobs
    nested = Scheduler(c.requires(b), required=a)
    scheduler = scheduler_class()
    scheduler.add(nested, upstream=True)
    assert list(scheduler) == [a, nested]


def test_add_upstream_of_something_else_changes_nothing(scheduler_class, jobs):
    a, b = jobs[:2]
    a.required.add("x")
    scheduler = scheduler_class(b)
    rule = f"{RULE} 'x'"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        scheduler.add(a, upstream=True)
    assert list(scheduler) == [b]


def test_a_scheduler_that_a_job_depends_on_can_not_be_put_in_itself(jobs):
    scheduler = Scheduler(label="s")
    with pytest.raises(ValueError, match=r"^<Scheduler `s`> can't be put in itself$"):
        scheduler.add(jobs[0].requires(scheduler), upstream=True)
    assert list(scheduler) == []


# -- update


def test_update_accepts_a_collection_with_sequences(scheduler_class, jobs):
    a, b, c, d = jobs
    scheduler = scheduler_class(a)
    scheduler.update([b, Sequence(c, d)])
    assert list(scheduler) == jobs


def test_update_accepts_a_generator(scheduler_class, jobs):
    scheduler = scheduler_class()
    scheduler.update(job for job in jobs)
    assert list(scheduler) == jobs


def test_update_accepts_one_job(scheduler_class, jobs):
    scheduler = scheduler_class()
    scheduler.update(jobs[0])
    assert list(scheduler) == jobs[:1]


def test_update_accepts_one_sequence(scheduler_class, jobs):
    scheduler = scheduler_class()
    scheduler.update(Sequence(*jobs))
    assert list(scheduler) == jobs


def test_update_adds_a_nested_scheduler_as_one_job(scheduler_class, jobs):
    scheduler, nested = scheduler_class(), Scheduler(*jobs)
    scheduler.update(nested)
    assert list(scheduler) == [nested]


def test_update_returns_the_scheduler(scheduler_class, jobs):
    scheduler = scheduler_class()
    assert scheduler.update(jobs) is scheduler


def test_update_with_something_else_is_a_type_error(scheduler_class, jobs):
    with pytest.raises(TypeError, match=f"^{RULE} 3$"):
        scheduler_class().update([jobs[0], 3])


@pytest.mark.parametrize("thing", [3, None], ids=repr)
def test_update_with_no_collection_is_a_type_error(scheduler_class, thing):
    with pytest.raises(TypeError, match=f"^{RULE} {thing!r}$"):
        scheduler_class().update(thing)


def test_an_update_that_fails_adds_nothing(scheduler_class, jobs):
    a, b, c = jobs[:3]
    scheduler = scheduler_class(a)
    with pytest.raises(TypeError):
        scheduler.update([b, "x", c])
    assert list(scheduler) == [a]


def test_an_update_with_the_scheduler_itself_adds_nothing(jobs):
    scheduler = Scheduler(label="s")
    with pytest.raises(ValueError, match=r"^<Scheduler `s`> can't be put in itself$"):
        scheduler.update([jobs[0], scheduler])
    assert list(scheduler) == []


# -- remove


def test_remove_removes_a_job(scheduler_class, jobs):
    a, b, c, d = jobs
    scheduler = scheduler_class(*jobs)
    scheduler.remove(b)
    assert list(scheduler) == [a, c, d]


def test_remove_removes_the_jobs_of_a_sequence(scheduler_class, jobs):
    a, b, c, d = jobs
    scheduler = scheduler_class(*jobs)
    scheduler.remove(Sequence(c, a))
    assert list(scheduler) == [b, d]


def test_remove_returns_the_scheduler(scheduler_class, jobs):
    scheduler = scheduler_class(*jobs)
    assert scheduler.remove(jobs[0]) is scheduler


def test_remove_keeps_the_requirements_of_other_jobs(scheduler_class, jobs):
    a, b = jobs[:2]
    b.requires(a)
    scheduler_class(a, b).remove(a)
    assert list(b.required) == [a]


@pytest.mark.parametrize(
    ("scheduler", "name"),
    [
        (PureScheduler(), "<PureScheduler of 0 jobs>"),
        (Scheduler(label="s"), "<Scheduler `s`>"),
    ],
    ids=["pure", "nestable"],
)
def test_remove_of_a_missing_job_is_a_key_error(scheduler, name, jobs):
    with pytest.raises(KeyError) as caught:
        scheduler.remove(jobs[0])
    assert caught.value.args == (f"<AbstractJob `a`> is not in {name}",)


def test_a_removal_that_fails_removes_nothing(scheduler_class, jobs):
    a, b, c = jobs[:3]
    scheduler = scheduler_class(a, b)
    with pytest.raises(KeyError):
        scheduler.remove(Sequence(a, b, c))
    assert list(scheduler) == [a, b]


def test_remove_does_not_look_into_nested_schedulers(scheduler_class, jobs):
    scheduler = scheduler_class(Scheduler(jobs[0]))
    with pytest.raises(KeyError):
        scheduler.remove(jobs[0])


@pytest.mark.parametrize("thing", ["x", 3, None], ids=repr)
def test_remove_of_anything_else_is_a_type_error(scheduler_class, thing):
    with pytest.raises(TypeError, match=f"^{re.escape(f'{RULE} {thing!r}')}$"):
        scheduler_class().remove(thing)


# -- as a collection


def test_a_scheduler_contains_its_jobs_and_no_others(scheduler_class, jobs):
    scheduler = scheduler_class(jobs[0])
    assert (jobs[0] in scheduler, jobs[1] in scheduler) == (True, False)


def test_a_scheduler_does_not_contain_the_jobs_of_nested_schedulers(scheduler_class, jobs):
    assert jobs[0] not in scheduler_class(Scheduler(jobs[0]))


def test_the_length_of_a_scheduler_is_the_number_of_its_own_jobs(scheduler_class, jobs):
    assert len(scheduler_class(*jobs[:2], Scheduler(jobs[2], jobs[3]))) == 3


def test_an_empty_scheduler_is_true(scheduler_class):
    assert bool(scheduler_class()) is True


def test_a_scheduler_equals_only_itself(scheduler_class, jobs):
    one, other = scheduler_class(*jobs), scheduler_class(*jobs)
    assert (one == one, one == other) == (True, False)


def test_the_repr_of_a_pure_scheduler_shows_its_counts(jobs):
    shown = "<PureScheduler of 4 jobs> 0D + 0R + 4I = 4"
    assert repr(PureScheduler(*jobs)) == shown


def test_the_repr_of_a_scheduler_is_that_of_a_job(jobs):
    shown = "!   ·   <Scheduler `s`> [not done]"
    assert repr(Scheduler(*jobs, label="s")) == shown


def test_a_scheduler_can_be_made_inside_another_one(scheduler_class):
    outer = scheduler_class()
    inner = Scheduler(scheduler=outer)
    assert list(outer) == [inner]


def test_a_scheduler_has_the_options_of_a_job(jobs):
    scheduler = Scheduler(critical=False, forever=True, label="s", required=jobs[0])
    found = (
        scheduler.critical,
        scheduler.forever,
        scheduler.label,
        list(scheduler.required),
    )
    assert found == (False, True, "s", [jobs[0]])


def test_a_scheduler_is_critical_by_default():
    assert Scheduler().critical is True
