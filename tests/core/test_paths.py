"""Nested jobs are named with the schedulers around them."""

from __future__ import annotations

import asyncio
import gc
import re
from functools import partial

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence
from asynciojobs._names import name_in_run


async def fail(error):
    raise error


async def ignore_cancellation():
    try:
        await asyncio.sleep(9)
    finally:
        await asyncio.sleep(3)


def night(job, *beside):
    """Return a job in the scheduler `rack`, in `boots`, in `night`."""
    rack = Scheduler(job, label="rack")
    return Scheduler(Scheduler(rack, *beside, label="boots"), label="night", critical=False)


# -- why()


@pytest.mark.parametrize("observed", [False, True])
def test_why_names_the_job_and_the_schedulers_around_it(every_loop, observed):
    scheduler = night(Job(fail, OSError("no route"), label="host3"))
    if observed:
        scheduler.observe(lambda event: None)
    scheduler.run()
    assert scheduler.why() == (
        "CRITICAL FAILURE: <Job `boots > rack > host3`> raised OSError:no route"
    )


def test_why_of_a_nested_scheduler_names_the_path_from_there(every_loop):
    scheduler = night(Job(fail, OSError("no route"), label="host3"))
    scheduler.run()
    (boots,) = scheduler
    assert boots.why() == "CRITICAL FAILURE: <Job `rack > host3`> raised OSError:no route"


def test_why_names_the_innermost_scheduler_that_raised_another_exception(every_loop):
    class Strange(Scheduler):
        async def co_run(self):
            try:
                await super().co_run()
            except OSError:
                raise KeyError("z") from None

    strange = Strange(Job(fail, OSError("x"), label="a"), label="s")
    scheduler = PureScheduler(Scheduler(strange, label="boots"))
    scheduler.run()
    assert scheduler.why() == "CRITICAL FAILURE: <Strange `boots > s`> raised KeyError:'z'"


def test_why_goes_on_to_name_the_path_if_a_nested_scheduler_runs_again(every_loop):
    errors = [OSError("first")]
    inner = Scheduler(Job(lambda: fail(errors.pop()), label="a"), label="s")
    scheduler = PureScheduler(inner)
    scheduler.run()
    errors.append(OSError("second"))
    with pytest.raises(OSError, match="^second"):
        inner.run()
    assert (scheduler.why(), inner.why()) == (
        "CRITICAL FAILURE: <Job `s > a`> raised OSError:first",
        "CRITICAL FAILURE: <Job `a`> raised OSError:second",
    )


def test_a_path_of_many_schedulers_is_cut_in_the_middle(every_loop):
    scheduler = Job(fail, OSError("x"), label="innermost")
    for level in range(300):
        scheduler = Scheduler(scheduler, label=f"level {level}")
    scheduler.critical = False
    scheduler.run()
    assert re.fullmatch(
        r"CRITICAL FAILURE: <Job `level 298 > level 297 > .{150,180} … .{150,180} > level 0 > "
        r"innermost`> raised OSError:x",
        scheduler.why(),
    )


# -- the log


def messages(caplog):
    return [record.getMessage() for record in caplog.records]


def test_the_log_names_the_path_of_a_job_that_ignores_its_cancellation(every_loop, caplog):
    scheduler = night(Job(ignore_cancellation, label="deaf"))
    scheduler.timeout = 1
    scheduler.run()
    deaf = [text for text in messages(caplog) if "deaf" in text]
    name = "<Job `boots > rack > deaf`>"
    assert deaf == [f"{name} was cancelled and is still running, so its end is awaited"]


def test_the_log_names_the_path_of_a_co_shutdown_that_raised(every_loop, caplog):
    scheduler = night(Job(asyncio.sleep, 1, coshutdown=partial(fail, OSError("x")), label="a"))
    scheduler.run()
    assert messages(caplog) == ["co_shutdown() of <Job `boots > rack > a`> raised"]


def test_the_log_names_the_path_of_a_job_that_the_end_of_the_run_stopped(every_loop, caplog):
    stopped = Job(asyncio.sleep, 9, coshutdown=partial(fail, OSError("x")), label="stopped")
    never = Job(asyncio.sleep, 9, coshutdown=partial(fail, OSError("x")), label="never")
    scheduler = night(Sequence(stopped, never))
    scheduler.timeout = 1
    scheduler.run()
    assert messages(caplog) == [
        "co_shutdown() of <Job `boots > rack > stopped`> raised",
        "co_shutdown() of <Job `boots > rack > never`> raised",
    ]


def test_the_log_names_the_path_of_a_job_whose_observer_raised(every_loop, caplog):
    def refuse(event):
        if event.job.label == "a" and event.kind == "done":
            raise OSError("x")

    scheduler = night(Job(asyncio.sleep, 1, label="a"))
    scheduler.observe(refuse)
    scheduler.run()
    assert messages(caplog) == ["an observer raised at done <Job `boots > rack > a`>"]


def test_the_log_names_no_path_of_a_scheduler_that_runs_alone(every_loop, caplog):
    job = Job(asyncio.sleep, 1, coshutdown=partial(fail, OSError("x")), label="a")
    inner = Scheduler(job, label="s")
    outer = PureScheduler(inner)
    outer.run()
    inner.run()
    inner.shutdown()
    assert messages(caplog) == [
        "co_shutdown() of <Job `s > a`> raised",
        "co_shutdown() of <Job `a`> raised",
    ]


# -- name_in_run()


def test_a_job_that_was_in_no_run_has_its_own_name():
    job = AbstractJob(label="a")
    assert name_in_run(job) == "<AbstractJob `a`>"


def test_a_pure_scheduler_has_its_own_name():
    assert name_in_run(PureScheduler()) == "<PureScheduler of 0 jobs>"


def test_the_path_ends_where_the_scheduler_is_gone(every_loop):
    job = Job(asyncio.sleep, 1, label="a")
    PureScheduler(Scheduler(job, label="s")).run()
    gc.collect()
    assert name_in_run(job) == "<Job `a`>"


def test_a_job_has_at_most_a_hundred_schedulers_around_it_in_its_name(every_loop):
    job = scheduler = Job(asyncio.sleep, 1, label="a")
    for level in range(150):
        scheduler = Scheduler(scheduler, label=level)
    scheduler.run()
    assert name_in_run(job).startswith("<Job `98 > 97 > ")


def test_schedulers_without_a_label_are_left_out(every_loop):
    job = Job(fail, OSError("x"), label="a")
    scheduler = PureScheduler(Scheduler(Scheduler(job, label="boots")))
    scheduler.run()
    assert (name_in_run(job), scheduler.why()) == (
        "<Job `boots > a`>",
        "CRITICAL FAILURE: <Job `boots > a`> raised OSError:x",
    )


# -- the note on an exception


def run_raising(scheduler):
    """Run a scheduler that raises; return the exception."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any
        scheduler.run()
    return caught.value


def test_an_exception_that_leaves_a_run_has_a_note_with_the_path(every_loop):
    error = OSError("no route")
    scheduler = night(Job(fail, error, label="host3"))
    scheduler.critical = True
    assert run_raising(scheduler) is error
    assert error.__notes__ == ["raised by <Job `boots > rack > host3`> in <Scheduler `night`>"]


def test_an_exception_has_the_note_once_however_often_it_is_raised(every_loop):
    error = OSError("x")
    scheduler = Scheduler(Job(fail, error, label="a"))
    for _ in range(3):
        run_raising(scheduler)
    assert error.__notes__ == ["raised by <Job `a`>"]


def test_a_note_of_the_user_stays(every_loop):
    error = OSError("x")
    error.add_note("mine")
    run_raising(Scheduler(Job(fail, error, label="a"), label="s"))
    assert error.__notes__ == ["mine", "raised by <Job `a`> in <Scheduler `s`>"]


def test_an_exception_that_does_not_leave_a_run_has_no_note(every_loop):
    error = OSError("x")
    Scheduler(Job(fail, error), critical=False).run()
    PureScheduler(Scheduler(Job(fail, error))).run()
    assert not hasattr(error, "__notes__")


def test_the_timeout_of_a_nested_scheduler_has_a_note(every_loop):
    inner = Scheduler(Job(asyncio.sleep, 9, label="a"), timeout=1, label="s")
    error = run_raising(Scheduler(inner, label="night"))
    assert (str(error), error.__notes__) == (
        "<Scheduler `s`> took more than 1s; running: <Job `a`>",
        ["raised by <Scheduler `s`> in <Scheduler `night`>"],
    )


class Sealed(Exception):
    def add_note(self, note):
        raise TypeError("sealed")


class NotIterable(Exception):
    __notes__ = 3


@pytest.mark.parametrize("kind", [Sealed, NotIterable])
def test_an_exception_that_takes_no_notes_is_raised_as_it_is(every_loop, kind):
    error = kind("x")
    assert run_raising(Scheduler(Job(fail, error))) is error


def test_a_redefined_name_is_used_for_a_job_that_is_not_nested(every_loop):
    class Named(Job):
        def repr_main(self):
            return "that one"

    scheduler = PureScheduler(Named(fail, OSError("x")))
    scheduler.run()
    assert scheduler.why() == "CRITICAL FAILURE: that one raised OSError:x"


def test_a_redefined_name_is_used_for_a_job_in_schedulers_without_a_label(every_loop):
    class Named(Job):
        def repr_main(self):
            return "that one"

    job = Named(fail, OSError("x"))
    scheduler = PureScheduler(Scheduler(Scheduler(job)))
    scheduler.run()
    assert (name_in_run(job), scheduler.why()) == (
        "that one",
        "CRITICAL FAILURE: that one raised OSError:x",
    )
