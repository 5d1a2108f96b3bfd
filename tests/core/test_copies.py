"""Copies, deep copies and pickles are new objects that are in no run, and can run."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import io
import itertools
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import (
    AbstractJob,
    AlreadyRunningError,
    BestSet,
    CallJob,
    ConsumedError,
    CycleError,
    Job,
    NotPicklableError,
    PrintJob,
    PureScheduler,
    RequirementFailed,
    Scheduler,
    Sequence,
)
from asynciojobs_testkit import FakeJob

# -- the objects to copy; all are at the top level of a module, so that they can be pickled


async def nothing():
    await asyncio.sleep(0)


async def give(value):
    await asyncio.sleep(1)
    return value


async def fail(place):
    """Raise an exception of `ERRORS`: as an argument, it would be copied as such."""
    await asyncio.sleep(0)
    error = ERRORS[place]()
    error.add_note("at night")
    raise error


def again(thing):
    return pickle.loads(pickle.dumps(thing))


def again_in_python(thing):
    """Pickle with the Pickler written in Python, as dill does."""
    return pickle.loads(pickle._dumps(thing))


def again_in_an_old_protocol(thing):
    return pickle.loads(pickle.dumps(thing, protocol=0))


DEEP = [copy.deepcopy, again, again_in_python, again_in_an_old_protocol]
EACH = [copy.copy, *DEEP]

deep = pytest.mark.parametrize("how", DEEP, ids=lambda how: how.__name__)
each = pytest.mark.parametrize("how", EACH, ids=lambda how: how.__name__)


class Plain(AbstractJob):
    async def co_run(self):
        await asyncio.sleep(1)
        return "plain"


MAKERS = {
    "Job": lambda: Job(give, "job"),
    "AbstractJob": Plain,
    "PrintJob": lambda: PrintJob("printed", sleep=1),
    "CallJob": lambda: CallJob(give, "called"),
    "Scheduler": lambda: Scheduler(Job(give, "nested")),
    "FakeJob": lambda: FakeJob(takes=1, result="fake"),
}

makers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def phase(job):
    """Return how far a job has come, and all traces of a run."""
    done = job.result() if job.is_done() else None
    return (job.is_scheduled(), job.is_running(), job.is_done(), done, job.duration())


IDLE = (False, False, False, None, None)


# -- single jobs


@each
@makers
def test_a_copy_has_the_options_of_the_job(make, how):
    job = make()
    job.label, job.critical, job.forever = "label", False, True
    copied = how(job)
    assert type(copied) is type(job)
    assert copied is not job
    assert (copied.label, copied.critical, copied.forever) == ("label", False, True)
    assert phase(copied) == IDLE


@each
@makers
def test_a_copy_can_run_beside_the_job(make, how, every_loop):
    job = make()
    copied = how(job)
    if how is copy.copy and isinstance(job, Scheduler):
        copied.jobs = {Job(give, "other")}  # a shallow copy has the same jobs
    assert Scheduler(job, copied, label="both").run() is True
    assert (copied.result(), copied.duration()) == (job.result(), 1)


@each
@makers
def test_a_copy_of_a_job_that_is_done_keeps_what_came_of_it(make, how, every_loop):
    job = make()
    PureScheduler(job).run()
    copied = how(job)
    assert phase(copied) == phase(job) == (True, True, True, job.result(), 1)
    assert (copied.started_at, copied.ended_at) == (0, 1)
    assert PureScheduler(copied).run() is True


@each
def test_a_copy_of_a_stopped_job_is_idle(how, every_loop):
    job = Job(give, "x", forever=True)
    PureScheduler(Job(nothing), job).run()
    assert (job.is_running(), job.is_done()) == (True, False)
    assert phase(how(job)) == IDLE


@each
def test_a_copy_has_requirements_of_its_own(how):
    a, b, c = (Job(nothing, label=label) for label in "abc")
    for job in (
        Job(nothing, required=a),
        Job(nothing, required=[a, b]),
        Job(nothing).requires(a).requires(b),
    ):
        labels = [other.label for other in job.required]
        edited = how(job)
        edited.requires(c)
        edited.required.discard(next(iter(edited.required)))
        assert [other.label for other in job.required] == labels
        copied = how(job)
        job.requires(c)
        assert [other.label for other in copied.required] == labels


def test_a_shallow_copy_requires_the_same_jobs():
    a, b = Job(nothing), Job(nothing)
    assert copy.copy(Job(nothing, required=[a, b])).required == {a, b}
    assert type(copy.copy(Job(nothing)).required) is BestSet


def test_a_deep_copy_requires_copies():
    first = Job(nothing, label="first")
    last = Job(nothing, required=first)
    (copied,) = copy.deepcopy(last).required
    assert (copied.label, copied is first) == ("first", False)


# -- during a run


@each
@pytest.mark.parametrize("state", ["running", "waiting for a job", "waiting for a slot"])
@makers
def test_a_copy_from_the_midst_of_a_run_is_idle_and_can_run(make, state, how, every_loop):
    async def take():
        await asyncio.sleep(0.5)
        taken.append((phase(job)[:3], how(job)))

    taken = []
    job = make()
    jobs = [Job(take), job]
    if state == "waiting for a job":
        before = Job(give, "before")
        job.requires(before)
        jobs.append(before)
    elif state == "waiting for a slot":
        jobs = [Job(take), Job(give, 1), job]
    scheduler = PureScheduler(*jobs, jobs_window=2)
    assert scheduler.run() is True
    reached, copied = taken[0]
    assert (
        reached
        == {
            "running": (True, True, False),
            "waiting for a job": (False, False, False),
            "waiting for a slot": (True, False, False),
        }[state]
    )
    assert phase(copied) == IDLE
    copied.required.clear()
    assert PureScheduler(copied).run() is True
    assert copied.result() == job.result()


@deep
@pytest.mark.parametrize("kind", [PureScheduler, Scheduler])
def test_a_copy_of_a_scheduler_that_runs_can_run(kind, how, every_loop):
    async def outside():
        running = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(1.5)
        with pytest.raises(AlreadyRunningError):
            await scheduler.co_run()
        copied = how(scheduler)
        states = [phase(job)[2] for job in copied.jobs], copied.why()
        return states, await copied.co_run(), await running, copied.stats()

    first = Job(give, 1)
    inner = Scheduler(Job(give, 2), Job(give, 3), jobs_window=1, required=first)
    scheduler = kind(first, inner, Job(give, 4, required=inner), timeout=9)
    assert Job(outside).standalone_run() == (
        ([True, False, False], "FINE"),
        True,
        True,
        "3D + 0R + 0I = 3",
    )


@deep
def test_a_copy_from_the_midst_of_a_shutdown_can_be_shut_down(how, every_loop):
    async def outside():
        shutdown = asyncio.ensure_future(scheduler.co_shutdown())
        await asyncio.sleep(0.5)
        copied = how(scheduler)
        return await copied.co_run(), await copied.co_shutdown(), await shutdown

    scheduler = PureScheduler(Job(nothing, coshutdown=slow_shutdown), shutdown_timeout=5)
    assert Job(outside).standalone_run() == (True, True, True)


async def slow_shutdown():
    await asyncio.sleep(1)


# -- observers


@each
@pytest.mark.parametrize("outer", [True, False])
def test_a_copy_does_not_report_to_the_observers_of_the_original(how, outer, every_loop):
    events = []
    inner = Scheduler(Job(give, 1))
    scheduler = PureScheduler(inner)
    (scheduler if outer else inner).observe(events.append)
    scheduler.run()
    events.clear()
    copied = how(inner)
    copied.run()
    assert events == []
    with copied.observe(events.append):
        copied.run()
    assert len(events) == 3


def test_observers_are_not_copied(every_loop):
    scheduler = PureScheduler(Job(give, 1))
    scheduler.observe(Uncopyable())
    assert copy.deepcopy(scheduler).run() is True


class Uncopyable:
    """Can't be copied or pickled, as a lock can't."""

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, event):
        pass


# -- failures


@dataclasses.dataclass(frozen=True)
class FrozenError(Exception):
    host: str

    def add_note(self, note):
        """Do nothing: it can't be changed."""


class WithCode(Exception):
    """Takes other arguments than its base."""

    def __init__(self, host, code):
        super().__init__(f"{host} answered {code}")
        self.host, self.code = host, code


class Prefixed(Exception):
    """Would extend its message each time that it is made from it."""

    def __init__(self, host):
        super().__init__(f"no route to {host}")


class WithState(Exception):
    def __reduce__(self):
        return WithState, self.args, {"seen": 1}

    def __setstate__(self, state):
        self.state = state


class Truthless:
    def __bool__(self):
        raise ZeroDivisionError


class Evil(Truthless, Exception):
    """Until Python 3.13, traceback tests its truth."""

    def __str__(self):
        return "evil"


def elsewhere():
    """Return an exception whose file name raises from bool(); traceback tests its truth."""
    error = SyntaxError("no")
    error.filename, error.lineno = Truthless(), 1
    return error


ERRORS = [
    lambda: ValueError("no"),
    lambda: KeyError("k"),
    lambda: WithCode("n1", 404),
    lambda: Prefixed("n1"),
    lambda: FileNotFoundError(2, "No such file", "x"),
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    lambda: ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    lambda: WithState("s"),
    lambda: FrozenError("n1"),
    lambda: SystemExit("now"),
    Evil,
    lambda: ValueError(threading.Lock()),
    elsewhere,
]

VALUE, CODE, STATE, EXIT, EVIL, LOCK, ELSEWHERE = 0, 2, 7, 9, 10, 11, 12

places = pytest.mark.parametrize("place", range(EXIT))


@deep
@places
def test_a_failed_job_can_be_copied(place, how, every_loop, capsys):
    original = Job(fail, place, label="bad")
    scheduler = PureScheduler(original)
    assert scheduler.run() is False
    error = original.raised_exception()
    copied = how(scheduler)
    (bad,) = copied.jobs
    exception = bad.raised_exception()
    assert (type(exception), str(exception)) == (type(error), str(error))
    assert exception is not error
    assert (copied.failed_critical(), copied.why()) == (True, scheduler.why())
    with pytest.raises(type(error)):
        bad.result()
    capsys.readouterr()
    copied.debrief()
    shown = capsys.readouterr().out
    assert shown.count("in fail\n") == 1


@deep
def test_the_attributes_and_notes_of_an_exception_are_copied(how, every_loop):
    job = Job(fail, CODE, critical=False)
    PureScheduler(job).run()
    copied = how(job).raised_exception()
    assert (copied.host, copied.code, copied.__notes__) == ("n1", 404, ["at night"])


@deep
def test_a_state_of_an_exception_is_given_to_its_setstate(how, every_loop):
    job = Job(fail, STATE, critical=False)
    PureScheduler(job).run()
    assert how(job).raised_exception().state == {"seen": 1}


@deep
def test_a_copy_of_a_copy_shows_the_same_traceback(how, every_loop):
    job = Job(fail, VALUE, critical=False)
    PureScheduler(job).run()
    once = how(job)
    once.critical = True
    with pytest.raises(ValueError, match=r"^no\nat night$"):
        once.result()
    twice = how(how(once))
    texts = [str(it.raised_exception().__cause__) for it in (once, twice)]
    assert texts[0] == texts[1]
    assert texts[0].count("in fail\n") == 1


@deep
def test_jobs_that_shared_an_exception_share_its_copy(how, every_loop, capsys):
    inner = Scheduler(Job(fail, VALUE), label="inner")
    scheduler = PureScheduler(inner)
    assert scheduler.run() is False
    copied = how(scheduler)
    (inner,) = copied.jobs
    (bad,) = inner.jobs
    assert inner.raised_exception() is bad.raised_exception()
    copied.debrief()
    assert capsys.readouterr().out.count("in fail\n") == 1


@deep
def test_an_interruption_that_broke_a_run_off_is_copied(how, every_loop):
    scheduler = PureScheduler(Job(fail, EXIT))
    with pytest.raises(SystemExit):
        scheduler.run()
    assert how(scheduler).why() == "BROKEN OFF: SystemExit:now"


@deep
def test_a_timeout_is_copied(how, every_loop):
    scheduler = PureScheduler(Job(give, 1), timeout=0.5)
    scheduler.run()
    copied = how(scheduler)
    assert (copied.failed_time_out(), copied.why()) == (
        True,
        "TIMED OUT after 0.5s; running: <Job `give()`>",
    )


async def fail_to_shut_down():
    raise ValueError("no shutdown")


@each
def test_failures_of_a_shutdown_are_copied(how, every_loop):
    scheduler = PureScheduler(Job(nothing, coshutdown=fail_to_shut_down))
    scheduler.run()
    assert scheduler.shutdown() is False
    copied = how(scheduler)
    ((job, error),) = copied.shutdown_failures().items()
    assert (job in copied, str(error)) == (True, "no shutdown")
    assert copied.shutdown() is False
    copied.add(Job(nothing))
    copied.run()
    assert (len(scheduler.shutdown_failures()), copied.shutdown_failures()) == (1, {})


@deep
def test_a_failed_requirement_can_be_copied_alone(how, every_loop):
    bad = Job(fail, VALUE, critical=False, label="bad")
    call = CallJob(len, bad, critical=False, label="call")
    PureScheduler(bad, call).run()
    error = call.raised_exception()
    copied = how(error)
    assert (type(copied), str(copied)) == (RequirementFailed, str(error))
    assert copied.job.required == {copied.requirement}


@deep
def test_a_consumed_coroutine_can_be_copied_with_its_error(how, every_loop):
    job = Job(nothing(), critical=False)
    scheduler = PureScheduler(job)
    scheduler.run()
    scheduler.run()
    copied = how(scheduler)
    (job,) = copied.jobs
    assert type(job.raised_exception()) is ConsumedError


@deep
def test_an_error_about_a_cycle_can_be_copied(how):
    a, b = Job(nothing, label="a"), Job(nothing, label="b")
    a.requires(b)
    b.requires(a)
    with pytest.raises(CycleError) as caught:
        PureScheduler(a, b).run()
    copied = how(caught.value)
    assert [job.label for job in copied.cycle] == [job.label for job in caught.value.cycle]


def test_an_exception_that_can_not_be_copied_is_shared(every_loop):
    job = Job(fail, LOCK, critical=False)
    PureScheduler(job).run()
    assert copy.deepcopy(job).raised_exception() is job.raised_exception()


@deep
@pytest.mark.parametrize("place", [EVIL, ELSEWHERE])
def test_the_origin_of_an_exception_that_python_can_not_format_is_shown(place, how, every_loop):
    job = Job(fail, place, critical=False)
    PureScheduler(job).run()
    assert "in fail\n" in str(how(job).raised_exception().__cause__)


def test_a_cancelled_job_without_traceback_has_no_cause(every_loop):
    job = Job(nothing, critical=False)
    PureScheduler(job).run()
    job._note_failure(ValueError("never raised"), 0)
    assert copy.deepcopy(job).raised_exception().__cause__ is None


# -- coroutines and executors


COROUTINE = (
    "<Job `{}`> can't be copied or pickled, since its {} is a coroutine or a future, which can "
    "be awaited only once: give the function and its arguments instead, Job(function, *args)"
)


@each
def test_a_coroutine_can_not_be_copied(how):
    job = Job(nothing())
    # match= would look at the notes too: from Python 3.14 on, pickle adds some.
    with pytest.raises(TypeError) as refusal:
        how(job)
    assert str(refusal.value) == COROUTINE.format("nothing()", "corun")
    job.close()


@each
def test_a_future_can_not_be_copied(how, in_loop):
    async def main():
        job = Job(asyncio.get_running_loop().create_future(), label="future")
        with pytest.raises(TypeError, match="^<Job `future`> can't be copied or pickled"):
            how(job)

    in_loop(main())


@each
def test_a_coroutine_for_the_shutdown_can_not_be_copied(how):
    job = Job(nothing, coshutdown=nothing())
    with pytest.raises(TypeError) as refusal:
        how(job)
    assert str(refusal.value) == COROUTINE.format("nothing()", "coshutdown")
    job.close()


@each
def test_a_coroutine_that_ran_is_no_hindrance(how, every_loop):
    job = Job(give("x"))
    PureScheduler(job).run()
    copied = how(job)
    assert copied.result() == "x"
    with pytest.raises(ConsumedError):
        Scheduler(copied).run()


def test_copies_share_the_executor(every_loop):
    with ThreadPoolExecutor(1) as executor:
        scheduler = PureScheduler(CallJob(len, "abc", executor=executor))
        copied = copy.deepcopy(scheduler)
        assert (copied.run(), copy.copy(next(iter(copied))).text_label()) == (True, "len()")
        assert [job.result() for job in copied.jobs] == [3]


def test_pickling_names_the_job_whose_executor_can_not_be_pickled():
    with ThreadPoolExecutor(1) as executor:
        job = CallJob(len, "abc", executor=executor)
        with pytest.raises(
            NotPicklableError, match="^<CallJob `len\\(\\)`> .*its ThreadPoolEx"
        ):
            pickle.dumps(PureScheduler(job))


class Engine:
    """An engine that can be pickled."""

    async def start(self, function, args, kwargs):
        return function(*args, **kwargs)

    async def fetch(self, handle):
        return handle


@each
def test_an_engine_goes_along(how, every_loop):
    job = how(CallJob(len, "abc", executor=Engine()))
    assert (PureScheduler(job).run(), job.result()) == (True, 3)


# -- the user's own classes


class WithDict(AbstractJob):
    def __init__(self, **options):
        super().__init__(**options)
        self.notes = ["a"]

    async def co_run(self):
        return self.notes


class WithSlots(AbstractJob):
    __slots__ = ("__private", "notes")

    def __init__(self, **options):
        super().__init__(**options)
        self.notes = ["a"]
        self.__private = "secret"

    async def co_run(self):
        assert self.__private == "secret"
        return self.notes


class WithGetstate(WithDict):
    """As most people would write it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.lock = threading.Lock()

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["lock"]
        return state


class WithBoth(WithGetstate):
    def __setstate__(self, state):
        self.__dict__.update(state)
        self.lock = threading.Lock()


class WithSuper(WithGetstate):
    def __getstate__(self):
        state = AbstractJob.__getstate__(self)
        del state["lock"]
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        self.lock = threading.Lock()


class WithObjectsState(WithDict):
    def __getstate__(self):
        return object.__getstate__(self)


class WithAState(WithDict):
    def __getstate__(self):
        return self.notes

    def __setstate__(self, state):
        self.notes = state


class Mine(Scheduler):
    def __init__(self, **options):
        super().__init__(Job(give, 1), **options)
        self.notes = ["a"]
        self.lock = threading.Lock()

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "lock"}


class MineWithBoth(Mine):
    def __setstate__(self, state):
        self.__dict__.update(state)
        self.lock = threading.Lock()


OWN = [
    WithDict,
    WithSlots,
    WithGetstate,
    WithBoth,
    WithSuper,
    WithObjectsState,
    WithAState,
    Mine,
    MineWithBoth,
]


@each
@pytest.mark.parametrize("kind", OWN)
def test_classes_with_attributes_and_states_of_their_own(kind, how, every_loop):
    async def take():
        taken.append(how(job))

    taken = []
    before = Job(nothing, label="before")
    job = kind(label="mine", critical=False, required=before)
    scheduler = PureScheduler(before, job, Job(take))
    scheduler.run()
    for copied in (*taken, how(job)):
        assert (copied.label, copied.critical, copied.notes) == ("mine", False, ["a"])
        assert [other.label for other in copied.required] == ["before"]
        copied.required = ()
        assert PureScheduler(copied).run() is True
        assert copied.result() == job.result()


@deep
def test_a_job_that_refers_to_itself_and_to_its_scheduler(how, every_loop):
    scheduler = PureScheduler()
    jobs = [SelfMade(scheduler) for _ in range(3)]
    jobs[0].requires(jobs[1])
    scheduler.update(jobs)
    copied = how(scheduler)
    assert copied.run() is True
    for job in copied.jobs:
        assert (job.result() is job, job.holder is copied) == (True, True)


class SelfMade(Job):
    def __init__(self, holder):
        super().__init__(self.work)
        self.holder = holder

    async def work(self):
        return self


# -- large ones


def chain(size):
    """Return jobs each of which requires the next one, in order."""
    jobs = Sequence(*(Job(nothing) for _ in range(size))).jobs
    return jobs[::-1]


@deep
@pytest.mark.parametrize("backwards", [True, False])
def test_a_long_chain(how, backwards, fast_loop):
    jobs = chain(2000)
    copied = how(PureScheduler(*jobs[:: 1 if backwards else -1]))
    assert (len(copied), copied.run()) == (2000, True)


@deep
def test_the_last_job_of_a_long_chain(how):
    job, length = how(chain(2000)[0]), 0
    while job.required:
        (job,) = job.required
        length += 1
    assert length == 1999


@deep
def test_a_long_sequence(how, fast_loop):
    copied = how(Sequence(*(Job(nothing) for _ in range(2000))))
    assert PureScheduler(copied).run() is True


@deep
def test_many_levels(how, every_loop):
    scheduler = Scheduler(Job(give, "deep"))
    for _ in range(150):
        scheduler = Scheduler(Job(nothing), scheduler)
    copied = how(scheduler)
    assert copied.run() is True
    assert [job.result() for job in copied.iterate_jobs()].count("deep") == 1


@deep
def test_many_levels_with_a_way_back_to_the_outermost(how, every_loop):
    holder = PureScheduler()
    scheduler = Scheduler(SelfMade(holder))
    for _ in range(150):
        scheduler = Scheduler(scheduler)
    holder.add(scheduler)
    copied = how(holder)
    (job,) = copied.iterate_jobs()
    assert job.holder is copied


@deep
def test_a_list_of_the_jobs_of_a_chain(how):
    jobs = how(chain(100)[::-1])
    assert all(job.required == {before} for before, job in itertools.pairwise(jobs))
    jobs = how(chain(100))
    assert all(job.required == {before} for job, before in itertools.pairwise(jobs))


@deep
def test_a_sequence_with_its_scheduler(how, every_loop):
    scheduler = PureScheduler()
    sequence = Sequence(Job(nothing), Job(nothing), scheduler=scheduler, required=Job(nothing))
    copied = how(sequence)
    copied.append(Job(nothing))
    assert (len(copied.scheduler), len(scheduler), len(sequence.jobs)) == (3, 2, 2)


def test_a_shallow_copy_of_a_sequence_has_a_list_of_its_own():
    sequence = Sequence(Job(nothing))
    copied = copy.copy(sequence)
    copied.append(Job(nothing))
    assert (len(sequence.jobs), len(copied.jobs)) == (1, 2)


def test_a_shallow_copy_of_a_scheduler_has_a_set_of_its_own():
    scheduler = PureScheduler(Job(nothing), timeout=3)
    copied = copy.copy(scheduler)
    assert copied.jobs == scheduler.jobs
    copied.add(Job(nothing))
    assert (len(scheduler), len(copied), copied.timeout) == (1, 2, 3)


def test_after_a_failure_the_same_objects_can_be_pickled():
    class Local(Job):
        pass

    local = Local(nothing)
    good = Job(nothing, label="good")
    scheduler = PureScheduler(local, good)
    for how in (again, again_in_python):
        with pytest.raises((AttributeError, pickle.PicklingError)):
            how(scheduler)
        assert how(good).label == "good"


def test_another_job_can_be_pickled_in_the_midst():
    class Pickler(pickle.Pickler):
        """Pickles another job, separately, when it reaches the class of the first."""

        def reducer_override(self, thing):
            if thing is Plain:
                self.other = again(Job(nothing, label="other", required=Job(nothing)))
            return NotImplemented

    file = io.BytesIO()
    pickler = Pickler(file)
    pickler.dump(PureScheduler(Plain(label="one"), Plain(label="two")))
    copied = pickle.loads(file.getvalue())
    assert [job.label for job in copied.jobs] == ["one", "two"]
    assert (pickler.other.label, len(pickler.other.required)) == ("other", 1)


# -- a template


def test_a_deep_copy_is_a_template(every_loop):
    template = PureScheduler(Sequence(Job(give, 1), Job(give, 2)))
    runs = [copy.deepcopy(template) for _ in range(3)]

    async def main():
        return await asyncio.gather(*(run.co_run() for run in runs))

    assert Job(main).standalone_run() == [True] * 3
    assert [run.stats() for run in runs] == ["2D + 0R + 0I = 2"] * 3
    assert template.stats() == "0D + 0R + 2I = 2"
