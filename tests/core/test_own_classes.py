"""Users' own classes: what they override is respected, or refused with the remedy."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import ClassVar

import pytest

from asynciojobs import (
    AbstractJob,
    CallJob,
    Job,
    PrintJob,
    PureScheduler,
    Scheduler,
    Sequence,
)


async def fail():
    raise ValueError("no")


# -- is_critical()


def of_kind(kind, answer):
    """Return a job of a class whose `is_critical()` returns an answer, or raises it."""

    def is_critical(self):
        if isinstance(answer, BaseException):
            raise answer
        return answer

    makers = {
        Job: lambda own: own(fail, critical=not answer),
        CallJob: lambda own: own(int, "x", critical=not answer),
        Scheduler: lambda own: own(Job(fail), critical=not answer),
    }
    return makers[kind](type("Own", (kind,), {"is_critical": is_critical}))


kinds = pytest.mark.parametrize("kind", [Job, CallJob, Scheduler])


@kinds
@pytest.mark.parametrize("answer", [True, False])
def test_is_critical_of_a_class_decides(every_loop, kind, answer):
    job = of_kind(kind, answer)
    after = Job(asyncio.sleep, 0, required=job)
    assert PureScheduler(job, after).run() is not answer
    assert after.is_done() is not answer


@kinds
@pytest.mark.parametrize("method", ["run", "list", "list_safe", "debrief"])
def test_a_job_that_can_not_tell_whether_it_is_critical_counts_as_critical(
    every_loop, kind, method, caplog, capsys
):
    job = of_kind(kind, ZeroDivisionError())
    scheduler = PureScheduler(job)
    assert scheduler.run() is False
    assert {record.getMessage() for record in caplog.records} == {
        f"is_critical() of {job.repr_main()} raised, so it counts as critical"
    }
    getattr(scheduler, method)()
    assert "CRIT. EXC." in repr(job)


def test_an_interruption_in_is_critical_leaves_the_run(every_loop):
    job = of_kind(Job, KeyboardInterrupt("now"))
    with pytest.raises(KeyboardInterrupt, match="^now$"):
        PureScheduler(job).run()


# -- equal jobs


@dataclasses.dataclass(unsafe_hash=True)
class Fetch(AbstractJob):
    """Is equal to any other job with the same page."""

    page: str

    def __post_init__(self):
        super().__init__(label=self.page)

    async def co_run(self):
        return self.page


def refused(kind, text):
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


EQUAL = (
    "<Fetch `a`> is equal to another <Fetch `a`>, and a set can hold only one of them: make "
    "jobs of this class equal to themselves only, @dataclass(eq=False)"
)


def in_a_scheduler(first, second):
    PureScheduler(first, second)


def in_two_steps(first, second):
    PureScheduler(first).add(second)


def in_an_update(first, second):
    PureScheduler(Job(fail)).update([first, second])


def as_requirements(first, second):
    Job(fail, required=[first, second])


def as_a_later_requirement(first, second):
    Job(fail, required=first).requires(second)


def as_later_requirements(first, second):
    Job(fail, required=[first, Job(fail)]).requires(second, Job(fail))


def as_a_later_requirement_in_the_set(first, second):
    job = Job(fail, required=first)
    assert len(job.required) == 1
    job.requires(second)


def as_the_requirements(first, second):
    Job(fail).required = [first, second]


def as_arguments(first, second):
    CallJob(print, first, second)


PLACES = [
    in_a_scheduler,
    in_two_steps,
    in_an_update,
    as_requirements,
    as_a_later_requirement,
    as_later_requirements,
    as_a_later_requirement_in_the_set,
    as_the_requirements,
    as_arguments,
]

places = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)


@places
def test_two_equal_jobs_are_refused(place):
    with refused(ValueError, EQUAL):
        place(Fetch("a"), Fetch("a"))


@places
def test_one_job_may_come_twice(place):
    job = Fetch("a")
    place(job, job)


@places
def test_jobs_that_are_not_equal_are_accepted(place):
    place(Fetch("a"), Fetch("b"))


def test_a_job_may_require_an_equal_one():
    first, second = Fetch("a"), Fetch("a")
    second.requires(first).requires(second)
    assert [job is first for job in second.required] == [True]


def test_if_equal_jobs_are_refused_nothing_has_changed():
    first, other = Fetch("a"), Fetch("b")
    scheduler = PureScheduler(first)
    job = Job(fail, required=first)
    with refused(ValueError, EQUAL):
        scheduler.update([other, Fetch("a")])
    with refused(ValueError, EQUAL):
        job.requires(other, Fetch("a"))
    assert (list(scheduler.jobs), list(job.required)) == ([first], [first])


def test_an_equal_job_does_not_join_a_run(every_loop):
    async def add():
        with refused(ValueError, EQUAL):
            scheduler.add(Fetch("a"))

    scheduler = PureScheduler(Fetch("a"), Job(add))
    assert (scheduler.run(), len(scheduler)) == (True, 2)


def test_equal_jobs_of_different_schedulers_run(every_loop):
    jobs = [Fetch("a") for _ in range(3)]
    inner = Scheduler(jobs[0])
    middle = Scheduler(jobs[1], inner)
    assert PureScheduler(jobs[2], middle).run() is True
    assert [job.result() for job in jobs] == ["a"] * 3


class EqualScheduler(Scheduler):
    """All of them are equal."""

    def __eq__(self, other):
        return isinstance(other, EqualScheduler)

    def __hash__(self):
        return 1


def test_equal_schedulers_may_be_nested_in_each_other(every_loop):
    job, never = Job(asyncio.sleep, 0, "ran"), Job(asyncio.sleep(0))
    bad = Job(fail)
    last = EqualScheduler(EqualScheduler(never), required=bad)
    scheduler = EqualScheduler(EqualScheduler(EqualScheduler(job)), critical=False)
    assert (scheduler.run(), job.result()) == (True, "ran")
    assert PureScheduler(bad, last).run() is False


# -- jobs without a hash


@dataclasses.dataclass
class Unhashable(AbstractJob):
    page: str

    def __post_init__(self):
        super().__init__(label=self.page)

    async def co_run(self):
        return self.page


UNHASHABLE = (
    "<Unhashable `a`> can't be put in a set, since its class defines __eq__() and no "
    "__hash__(): make jobs of this class equal to themselves only, @dataclass(eq=False)"
)


@places
def test_a_job_without_a_hash_is_refused(place):
    with refused(TypeError, UNHASHABLE):
        place(Unhashable("a"), Unhashable("b"))


def test_a_job_without_a_hash_does_not_join_a_run(every_loop):
    async def add():
        with refused(TypeError, UNHASHABLE):
            scheduler.add(Unhashable("a"))

    scheduler = PureScheduler(Job(add))
    assert scheduler.run() is True


def test_a_hash_that_raises_for_another_reason_is_left_as_it_is():
    @dataclasses.dataclass(unsafe_hash=True)
    class Listed(AbstractJob):
        pages: list

        def __post_init__(self):
            super().__init__()

    with pytest.raises(TypeError) as raised:
        PureScheduler(Listed([]))
    name = f"{__name__}.{Listed.__qualname__}"
    assert str(raised.value) in (
        "unhashable type: 'list'",
        f"cannot use '{name}' as a dict key (unhashable type: 'list')",  # from Python 3.14 on
    )


@pytest.mark.parametrize("nested", [False, True])
def test_a_hash_that_raises_when_a_cycle_is_looked_for_is_left_as_it_is(nested):
    class Keyed(AbstractJob):
        def __init__(self, key):
            self.key = key
            super().__init__()

        def __hash__(self):
            return self.key

    first, last = Keyed(1), Keyed(2)
    scheduler = Scheduler(first, last)
    if nested:
        scheduler = Scheduler(scheduler)
    first.requires(last)
    last.requires(first)
    del first.key
    with pytest.raises(AttributeError, match="'Keyed' object has no attribute 'key'"):
        scheduler.run()


def test_the_remedy_works(every_loop):
    @dataclasses.dataclass(eq=False)
    class Remedied(AbstractJob):
        page: str

        def __post_init__(self):
            super().__init__(label=self.page)

        async def co_run(self):
            return self.page

    jobs = [Remedied("a"), Remedied("a")]
    assert PureScheduler(Sequence(*jobs)).run() is True
    assert [job.result() for job in jobs] == ["a", "a"]


# -- a `required` defined by the class


REQUIRED = (
    "Own defines `required`, and a run would not read that: call requires() in __init__(), or "
    "give required= to super().__init__()"
)


@pytest.mark.parametrize("kind", [AbstractJob, Job, PrintJob, CallJob, Scheduler])
@pytest.mark.parametrize("value", [property(lambda self: ()), None], ids=["property", "field"])
def test_a_class_with_a_required_of_its_own_is_refused(kind, value):
    with refused(TypeError, REQUIRED):
        type("Own", (kind,), {"required": value})


def test_a_required_of_a_mixin_is_refused():
    class Mixin:
        required = ()

    with refused(TypeError, REQUIRED):
        type("Own", (Mixin, AbstractJob), {})


def test_init_subclass_of_other_bases_is_called():
    class Registered:
        names: ClassVar = []

        def __init_subclass__(cls, name, **options):
            super().__init_subclass__(**options)
            cls.names.append(name)

    class Own(AbstractJob, Registered, name="own"):
        pass

    assert Own.names == ["own"]
