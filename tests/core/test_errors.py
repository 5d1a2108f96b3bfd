"""Each error: its type, its data, and its exact message."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from asynciojobs import (
    AbstractJob,
    AlreadyRunningError,
    ArgumentNotDoneError,
    ArgumentRequirementError,
    BrokenPoolError,
    ConsumedError,
    CycleError,
    MissingGraphPackageError,
    MissingRequirementError,
    NotPicklableError,
    RequirementError,
    RequirementFailed,
)
from asynciojobs._errors import ExplainedError, JournalError


@pytest.fixture
def jobs():
    return [AbstractJob(label=f"j{n}") for n in range(20)]


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (RequirementError, ValueError),
        (CycleError, RequirementError),
        (MissingRequirementError, RequirementError),
        (AlreadyRunningError, RuntimeError),
        (ConsumedError, RuntimeError),
        (MissingGraphPackageError, ImportError),
        (ArgumentRequirementError, RequirementError),
        (RequirementFailed, RuntimeError),
        (ArgumentNotDoneError, RuntimeError),
        (NotPicklableError, TypeError),
        (BrokenPoolError, BrokenExecutor),
        (JournalError, RuntimeError),
    ],
)
def test_each_error_is_of_the_type_that_callers_catch(error, base):
    assert error.__bases__ in ((base,), (ExplainedError, base))


def test_a_cycle_error_carries_the_cycle(jobs):
    a, b = jobs[:2]
    assert CycleError((a, b, a)).cycle == [a, b, a]


def test_a_cycle_error_shows_the_cycle(jobs):
    a, b = jobs[:2]
    assert str(CycleError([a, b, a])) == (
        "the requirements have a cycle of 2 jobs, "
        "<AbstractJob `j0`> → <AbstractJob `j1`> → <AbstractJob `j0`>: "
        "break it with requires(…, remove=True)"
    )


def test_a_cycle_of_seven_jobs_is_shown_in_full(jobs):
    cycle = [*jobs[:7], jobs[0]]
    shown = " → ".join(job.repr_main() for job in cycle)
    assert str(CycleError(cycle)) == (
        f"the requirements have a cycle of 7 jobs, {shown}: "
        "break it with requires(…, remove=True)"
    )


def test_a_long_cycle_is_shown_by_its_ends(jobs):
    assert str(CycleError([*jobs, jobs[0]])) == (
        "the requirements have a cycle of 20 jobs, "
        "<AbstractJob `j0`> → <AbstractJob `j1`> → <AbstractJob `j2`> → "
        "<AbstractJob `j3`> → … → <AbstractJob `j18`> → <AbstractJob `j19`> → "
        "<AbstractJob `j0`>: break it with requires(…, remove=True)"
    )


def test_a_long_cycle_is_carried_in_full(jobs):
    assert CycleError([*jobs, jobs[0]]).cycle == [*jobs, jobs[0]]


def test_a_missing_requirement_error_carries_both_jobs(jobs):
    a, b = jobs[:2]
    error = MissingRequirementError(a, b)
    assert (error.job, error.requirement) == (a, b)


def test_a_missing_requirement_error_names_both_and_sanitize(jobs):
    assert str(MissingRequirementError(*jobs[:2])) == (
        "<AbstractJob `j0`> requires <AbstractJob `j1`>, which is not in the same "
        "scheduler: add it there, require the nested scheduler that it is in, or drop the "
        "requirement with sanitize()"
    )


def test_an_already_running_error_carries_what_is_busy(jobs):
    assert AlreadyRunningError(jobs[0]).busy is jobs[0]


def test_an_already_running_error_names_what_is_busy(jobs):
    assert str(AlreadyRunningError(jobs[0])) == (
        "<AbstractJob `j0`> takes part in a run that is going on: wait until that "
        "one is over, or make another object"
    )


def test_a_consumed_error_carries_the_job(jobs):
    assert ConsumedError(jobs[0]).job is jobs[0]


def test_a_consumed_error_names_the_job_and_the_remedy(jobs):
    assert str(ConsumedError(jobs[0])) == (
        "<AbstractJob `j0`> was made of a coroutine, which can run only once: give it "
        "a coroutine function and its arguments instead, Job(function, *args)"
    )


@pytest.mark.parametrize(
    "kind", [ArgumentRequirementError, RequirementFailed, ArgumentNotDoneError]
)
def test_an_error_about_an_argument_carries_both_jobs(jobs, kind):
    error = kind(*jobs[:2])
    assert (error.job, error.requirement) == (jobs[0], jobs[1])


def test_an_argument_requirement_error_names_both_and_the_remedy(jobs):
    assert str(ArgumentRequirementError(*jobs[:2])) == (
        "<AbstractJob `j0`> has <AbstractJob `j1`> as an argument, so it must keep "
        "requiring it: make another job with other arguments"
    )


def test_a_requirement_that_failed_is_named_with_the_remedy(jobs):
    assert str(RequirementFailed(*jobs[:2])) == (
        "<AbstractJob `j0`> did not start, since its argument <AbstractJob `j1`> raised: "
        "see the cause above, or make that job return a value such as None instead of raising"
    )


def test_an_argument_that_is_not_done_is_named_with_the_remedy(jobs):
    assert str(ArgumentNotDoneError(*jobs[:2])) == (
        "<AbstractJob `j0`> did not start, since its argument <AbstractJob `j1`> is not "
        "done: run both in one scheduler, or run that one first"
    )


def test_a_not_picklable_error_carries_the_job_and_the_part(jobs):
    error = NotPicklableError(jobs[0], "argument 1")
    assert (error.job, error.part) == (jobs[0], "argument 1")


def test_a_not_picklable_error_names_the_part_and_two_remedies(jobs):
    assert str(NotPicklableError(jobs[0], "its function <f>")) == (
        "<AbstractJob `j0`> failed, since its function <f> can't be pickled, and everything "
        "that is sent to or from another process must be: use functions and classes from "
        "the top level of a module, or an executor that can send more, such as "
        "loky.get_reusable_executor()"
    )


def test_a_broken_pool_error_carries_the_job(jobs):
    assert BrokenPoolError(jobs[0], "Pool", OSError("gone")).job is jobs[0]


def test_a_broken_pool_error_names_the_pool_and_two_remedies(jobs):
    assert str(BrokenPoolError(jobs[0], "Pool", OSError("gone"))) == (
        "<AbstractJob `j0`> failed, since its Pool is dead, and all calls in it are lost "
        "(gone): make another one for the next run, or use "
        "loky.get_reusable_executor(), which replaces a dead one"
    )


def test_a_journal_error_carries_the_path_the_problem_and_the_advice():
    error = JournalError(Path("a"), "is {damaged}", "restore it", offset=7)
    assert (error.path, error.problem, error.advice, error.offset) == (
        "a",
        "is {damaged}",
        "restore it",
        7,
    )
    assert str(error) == "the journal 'a' is {damaged}: restore it"


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: CycleError([a, b, a]),
        MissingRequirementError,
        ArgumentRequirementError,
        RequirementFailed,
        ArgumentNotDoneError,
        lambda a, b: NotPicklableError(a, "its result"),
        lambda a, b: BrokenPoolError(a, "ProcessPoolExecutor", OSError("x")),
        lambda a, b: AlreadyRunningError(a),
        lambda a, b: ConsumedError(a),
        lambda a, b: JournalError(Path("a"), "is damaged", "restore it", offset=7),
    ],
    ids=lambda make: make.__name__,
)
@pytest.mark.parametrize("again", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_an_error_is_the_same_after_copying_or_pickling(jobs, make, again):
    error = make(*jobs[:2])
    error.add_note("on the way")
    back = again(error)
    assert (type(back), str(back), repr(back.__dict__)) == (
        type(error),
        str(error),
        repr(error.__dict__),
    )
